// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/client/join.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/bytes.h"
#include "planes/cache/client/client.h"
#include "planes/cache/service/claim.h"
#include "planes/cache/service/lookup.h"
#include "runtime/heap_buffer.h"
#include "wire/memcached/reply.h"
#include "wire/resp/reply.h"
#include "wire/resp/request.h"

namespace tenfold::cache {
namespace {

constexpr std::string_view kEnd = "END\r\n";
constexpr std::string_view kOkLine = "OK\r\n";
constexpr std::string_view kRedisOk = "+OK\r\n";

bool is_error(bool redis, std::string_view reply) {
  return redis ? resp::is_error(reply) : memcached::is_error_reply(reply);
}

}  // namespace

Pending& Join::add_part(std::uint32_t keys) {
  ++missing_;
  return parts_.emplace_back(*this, keys);
}

void Join::begin() {
  begun_ = true;
  if (missing_ == 0) finish();
}

// -- Parts ---------------------------------------------------------------------------------------------------------

void Join::Part::on_reply(Reply& whole) {
  if (whole.block != nullptr) {
    reply = std::move(*whole.block);
  } else {
    runtime::reserve_room(reply, whole.bytes.size());
    reply.append(whole.bytes);
  }
  if (is_error(join.is_redis(), reply.view())) {
    failed = true;
    error = reply.view();
  }
  join.part_ended();
}

void Join::Part::on_failure(const LinkFailure& failure) {
  failed = true;
  ++join.endpoint_->counters.errors;
  error = error_reply(join.is_redis(), failure.text);
  join.part_ended();
}

void Join::part_ended() {
  if (--missing_ == 0 && begun_) finish();
}

void Join::finish() {
  if (client == nullptr) {
    delete this;
    return;
  }
  const std::string whole = quiet_ ? std::string() : result();
  Reply joined{.bytes = whole};
  client->complete(*this, joined);
}

// -- Joining -------------------------------------------------------------------------------------------------------

const Join::Part* Join::first_failed() const {
  const auto found = std::ranges::find_if(parts_, [](const Part& part) { return part.failed; });
  return found == parts_.end() ? nullptr : &*found;
}

std::string Join::result() {
  if (rule_ == JoinRule::kRedisElements) return elements();
  if (const Part* failed = first_failed()) return failed->error;
  switch (rule_) {
    case JoinRule::kMemcachedValues:
      return values();
    case JoinRule::kMemcachedStats:
      return stats();
    case JoinRule::kMemcachedOk:
      return all_say(kOkLine) ? std::string(kOkLine) : error_reply(false, "a node did not answer OK");
    case JoinRule::kRedisSum:
      return sum();
    case JoinRule::kRedisOk:
      return all_say(kRedisOk) ? std::string(kRedisOk) : error_reply(true, "a node did not answer OK");
    case JoinRule::kRedisElements:
    case JoinRule::kRedisPairs:
      return elements();
    case JoinRule::kRedisMost:
      return most();
    case JoinRule::kRedisAll:
      return least_of_each();
    case JoinRule::kRedisSame:
      return same();
    case JoinRule::kRedisStreams:
      return streams();
    case JoinRule::kRedisConcatenated:
      break;
  }
  return concatenated();
}

bool Join::all_say(std::string_view text) const {
  return std::ranges::all_of(parts_, [text](const Part& part) { return part.reply.view() == text; });
}

std::string Join::values() {
  std::string whole;
  std::size_t size = kEnd.size();
  for (const Part& part : parts_) size += part.reply.size();
  whole.reserve(size);
  std::uint64_t hits = 0;
  std::uint64_t keys = 0;
  const bool may_have_claims = endpoint_->may_have_claims(client->worker().io.now());
  for (const Part& part : parts_) {
    std::string_view reply = part.reply.view();
    std::string without;
    if (may_have_claims) without = without_claims(Lookup::kMemcached, reply);
    if (!without.empty()) reply = without;
    if (!reply.ends_with(kEnd)) return error_reply(false, "a node's reply to get makes no sense");
    reply.remove_suffix(kEnd.size());
    whole += reply;
    keys += part.keys;
    hits += count_values(reply);
  }
  endpoint_->counters.hits += hits;
  endpoint_->counters.misses += keys > hits ? keys - hits : 0;
  whole += kEnd;
  return whole;
}

std::string Join::stats() const {
  struct Row {
    std::string_view name;
    std::string_view text;
    std::uint64_t total = 0;
    bool is_number = true;
  };
  std::vector<Row> rows;
  for (const Part& part : parts_) {
    std::string_view reply = part.reply.view();
    if (!reply.ends_with(kEnd)) return std::string(reply);  // a word of the first node, like RESET
    while (reply.starts_with("STAT ")) {
      const std::size_t line_end = reply.find('\n');
      std::string_view line = reply.substr(5, line_end - 5);
      reply.remove_prefix(line_end + 1);
      if (line.ends_with('\r')) line.remove_suffix(1);
      const std::size_t space = std::min(line.find(' '), line.size());
      const std::string_view name = line.substr(0, space);
      const std::string_view text = line.substr(std::min(space + 1, line.size()));
      auto row = std::ranges::find(rows, name, &Row::name);
      if (row == rows.end()) row = rows.insert(row, {.name = name, .text = text});
      const auto number = parse_decimal(text);
      row->is_number = row->is_number && number.has_value();
      row->total += number.value_or(0);
    }
  }
  std::string whole;
  for (const Row& row : rows) {
    // These are no amounts.
    const bool adds_up = row.is_number && row.name != "pid" && row.name != "time" && row.name != "uptime" &&
                         row.name != "pointer_size" && !row.name.starts_with("max");
    whole += adds_up ? fmt::format("STAT {} {}\r\n", row.name, row.total)
                     : fmt::format("STAT {} {}\r\n", row.name, row.text);
  }
  return whole + std::string(kEnd);
}

std::string Join::elements() {
  std::vector<std::vector<std::string_view>> of_part(parts_.size());
  std::size_t size = 16;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (!parts_[i].failed) resp::elements_of(parts_[i].reply.view(), of_part[i]);
    size += parts_[i].reply.size();
  }
  std::string whole;
  whole.reserve(size);
  const bool in_pairs = rule_ == JoinRule::kRedisPairs;
  const std::size_t width = in_pairs ? 2 : 1;
  resp::write_array_head(element_parts_.size() * width, whole);
  std::vector<std::size_t> next(parts_.size(), 0);
  for (std::uint32_t index : element_parts_) {
    const Part& part = parts_[index];
    const std::size_t at = std::exchange(next[index], next[index] + width);
    if (part.failed) {
      whole += part.error;
      continue;
    }
    if (at + width > of_part[index].size()) return error_reply(true, "a node's reply has too few elements");
    const std::string_view element = of_part[index][at];
    if (in_pairs) {
      (whole += element) += of_part[index][at + 1];
      continue;
    }
    ++(is_nil(element) ? endpoint_->counters.misses : endpoint_->counters.hits);
    whole += element;
  }
  return whole;
}

std::string Join::sum() const {
  std::int64_t total = 0;
  for (const Part& part : parts_) {
    std::int64_t value = 0;
    if (!resp::integer_of(part.reply.view(), value)) return error_reply(true, "a node's reply is no integer");
    total += value;
  }
  return fmt::format(":{}\r\n", total);
}

std::string Join::most() const {
  std::int64_t most = 0;
  for (const Part& part : parts_) {
    std::int64_t value = 0;
    if (!resp::integer_of(part.reply.view(), value)) return error_reply(true, "a node's reply is no integer");
    most = std::max(most, value);
  }
  return fmt::format(":{}\r\n", most);
}

std::string Join::least_of_each() const {
  std::vector<std::int64_t> least;
  std::vector<std::string_view> its;
  for (const Part& part : parts_) {
    resp::elements_of(part.reply.view(), its);
    if (least.empty()) least.assign(its.size(), INT64_MAX);
    if (its.size() != least.size()) return error_reply(true, "the replies of the nodes differ in their length");
    for (std::size_t i = 0; i < its.size(); ++i) {
      std::int64_t value = 0;
      if (!resp::integer_of(its[i], value)) return error_reply(true, "a node's reply is no integer");
      least[i] = std::min(least[i], value);
    }
  }
  std::string whole;
  resp::write_array_head(least.size(), whole);
  for (std::int64_t value : least) whole += fmt::format(":{}\r\n", value);
  return whole;
}

std::string Join::same() const {
  const std::string_view first = parts_.front().reply.view();
  return all_say(first) ? std::string(first) : error_reply(true, "the nodes answer differently");
}

// RESP2 has an array of [name, entries], RESP3 a map; nil stands for nothing at all.
std::string Join::streams() const {
  std::multimap<std::string_view, std::string_view> found;  // with the bytes of the name
  std::vector<std::string_view> its;
  std::vector<std::string_view> pair;
  for (const Part& part : parts_) {
    const std::string_view reply = part.reply.view();
    resp::elements_of(reply, its);
    if (reply.starts_with('%')) {
      for (std::size_t i = 0; i + 1 < its.size(); i += 2)
        found.emplace(resp::text_of(its[i]), std::string_view(its[i].data(), its[i].size() + its[i + 1].size()));
      continue;
    }
    for (std::string_view element : its) {
      resp::elements_of(element, pair);
      if (pair.size() == 2) found.emplace(resp::text_of(pair.front()), element);
    }
  }
  if (found.empty()) return client->resp3 ? "_\r\n" : "*-1\r\n";
  std::string whole = fmt::format("{}{}\r\n", client->resp3 ? '%' : '*', found.size());
  for (const std::string& name : streams_) {
    const auto next = found.find(name);
    if (next == found.end()) continue;
    whole += next->second;
    found.erase(next);
  }
  return whole;
}

std::string Join::concatenated() const {
  std::string body;
  std::vector<std::string_view> its;
  std::size_t count = 0;
  for (const Part& part : parts_) {
    resp::elements_of(part.reply.view(), its);
    for (std::string_view element : its) body += element;
    count += its.size();
  }
  std::string whole;
  resp::write_array_head(count, whole);
  return whole + body;
}

}  // namespace tenfold::cache
