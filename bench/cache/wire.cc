// SPDX-License-Identifier: Apache-2.0
#include "cache/wire.h"

#include <fmt/format.h>

#include <iterator>
#include <vector>

#include "wire/resp/request.h"

namespace tenfold::bench {

std::string key_of(std::uint64_t index) {
  return fmt::format("key:{:012}", index);
}

void write_get(Protocol protocol, std::span<const std::uint64_t> keys, std::string& out) {
  if (protocol == Protocol::kRedis) {
    resp::write_array_head(keys.size() + 1, out);
    resp::write_bulk(keys.size() == 1 ? "GET" : "MGET", out);
    for (std::uint64_t key : keys) resp::write_bulk(key_of(key), out);
    return;
  }
  out += "get";
  for (std::uint64_t key : keys) fmt::format_to(std::back_inserter(out), " {}", key_of(key));
  out += "\r\n";
}

void write_set(Protocol protocol, std::uint64_t key, std::string_view value, std::uint64_t expiry_seconds,
               std::string& out) {
  const std::string name = key_of(key);
  if (protocol == Protocol::kMemcached) {
    fmt::format_to(std::back_inserter(out), "set {} 0 {} {}\r\n{}\r\n", name, expiry_seconds, value.size(), value);
    return;
  }
  const std::string seconds = fmt::format("{}", expiry_seconds);
  std::vector<std::string_view> words = {"SET", name, value};
  if (expiry_seconds > 0) words.insert(words.end(), {"EX", seconds});
  resp::write_request(words, out);
}

void write_delete(Protocol protocol, std::uint64_t key, std::string& out) {
  if (protocol == Protocol::kRedis) return resp::write_request({"DEL", key_of(key)}, out);
  fmt::format_to(std::back_inserter(out), "delete {}\r\n", key_of(key));
}

bool is_error(Protocol protocol, std::string_view reply) {
  return protocol == Protocol::kRedis ? resp::is_error(reply) : memcached::is_error_reply(reply);
}

std::optional<std::string_view> value_in(Protocol protocol, std::string_view reply) {
  if (protocol == Protocol::kRedis) {
    const std::string_view text = resp::text_of(reply);
    if (text.data() == nullptr) return std::nullopt;
    return text;
  }
  constexpr std::string_view kAfterValue = "\r\nEND\r\n";
  const std::size_t line_end = reply.find('\n');
  if (!reply.starts_with("VALUE ") || !reply.ends_with(kAfterValue)) return std::nullopt;
  return reply.substr(line_end + 1, reply.size() - line_end - 1 - kAfterValue.size());
}

// -- ReplyStream ---------------------------------------------------------------------------------------------------

void ReplyStream::add(std::string_view bytes) {
  bytes_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
  bytes_ += bytes;
}

std::optional<std::string_view> ReplyStream::next() {
  if (scanned_ == bytes_.size() || broken_) return std::nullopt;
  const auto scan = [this](auto& scanner) {
    const auto step = scanner.scan(std::string_view(bytes_).substr(scanned_));
    using State = decltype(step.state);
    scanned_ += step.consumed;
    broken_ = step.state == State::kError;
    return step.state == State::kComplete;
  };
  if (!std::visit(scan, scanner_)) return std::nullopt;
  const std::string_view reply = std::string_view(bytes_).substr(begin_, scanned_ - begin_);
  begin_ = scanned_;
  return reply;
}

}  // namespace tenfold::bench
