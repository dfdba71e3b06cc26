// SPDX-License-Identifier: Apache-2.0
#include "simulator/origin.h"

#include <fmt/format.h>

#include <memory>

#include "base/hash.h"
#include "wire/http/chunked.h"
#include "wire/http/parse_head.h"

namespace tenfold::simulator {
namespace {

using namespace std::chrono_literals;

constexpr Duration kIdle = 30s;

std::uint64_t nonce_of(std::string_view target) {
  const std::size_t at = target.find("n=");
  return at == target.npos ? 0 : parse_decimal(target.substr(at + 2)).value_or(0);
}

}  // namespace

std::string body_of(std::uint64_t nonce) {
  Prng prng(nonce);
  const std::size_t size = prng.chance(0.2) ? prng.below(100'000) : prng.below(600);
  std::string body(size, ' ');
  for (char& c : body) c = static_cast<char>('a' + prng.below(26));
  return body;
}

Origin::Origin(runtime::simulated::World& world, const Address& address)
    : world_(world), address_(address), io_(world, address) {}

void Origin::start() {
  io_.spawn(accept_callers());
}

runtime::Task<void> Origin::accept_callers() {
  const Result<int> handle = io_.open_listener(address_);
  TENFOLD_ASSERT(handle.has_value(), "an origin has its address for itself");
  runtime::Socket listener = io_.adopt_listener(*handle);
  for (;;) {
    Result<runtime::Socket> caller = co_await io_.accept(listener, runtime::Wait(kNever, &stop_));
    if (caller) {
      io_.spawn(serve(std::move(*caller)));
    } else if (caller.error().kind == ErrorKind::kCanceled) {
      co_return;
    } else {
      static_cast<void>(co_await io_.sleep_for(10ms, &stop_));
    }
  }
}

// The answer to a nonce, in a framing that follows from it too.
std::string Origin::answer_to(std::uint64_t nonce) {
  const std::string body = body_of(nonce);
  const std::string common = fmt::format("HTTP/1.1 200 OK\r\nX-Nonce: {}\r\n", nonce);
  if (nonce % 3 != 0) return fmt::format("{}Content-Length: {}\r\n\r\n{}", common, body.size(), body);
  std::string text = common + "Transfer-Encoding: chunked\r\n\r\n";
  for (std::size_t at = 0; at < body.size(); at += 7'000) {
    const std::string part = body.substr(at, 7'000);
    text += fmt::format("{:x}\r\n{}\r\n", part.size(), part);
  }
  return text + "0\r\n\r\n";
}

// Reads one request and answers it; false when the connection is over.
runtime::Task<bool> Origin::serve_one(runtime::Socket& socket, std::string& bytes) {
  const auto head = std::make_unique<http::RequestHead>();
  http::ChunkedDecoder chunks(http::Sender::kClient);
  std::size_t head_bytes = 0;
  std::size_t body_end = 0;
  while (body_end == 0) {
    const http::ParseOutcome outcome = http::parse_request_head(bytes, *head);
    if (outcome.state == http::ParseState::kError) {
      complaint_ = fmt::format("a malformed request reached a node: {}", outcome.reason);
      co_return false;
    }
    if (outcome.state == http::ParseState::kComplete) {
      head_bytes = outcome.head_bytes;
      if (head->body == http::Body::kChunked) {
        // Decoded anew with each arrival: this is a model, and bodies are small.
        chunks = http::ChunkedDecoder(http::Sender::kClient);
        std::size_t at = head_bytes;
        while (at < bytes.size() && body_end == 0) {
          const auto step = chunks.step(std::string_view(bytes).substr(at));
          at += step.consumed;
          if (step.state == http::ChunkedDecoder::State::kEnd) body_end = at;
          if (step.state == http::ChunkedDecoder::State::kError) complaint_ = "broken chunks reached a node";
          if (step.state == http::ChunkedDecoder::State::kError) co_return false;
        }
      } else if (bytes.size() >= head_bytes + head->content_length) {
        body_end = head_bytes + head->content_length;
      }
    }
    if (body_end != 0) break;
    const Result<runtime::Buffer> read =
        co_await io_.recv(socket, runtime::BufferSize::kSmall, runtime::Wait(io_.now() + kIdle, &stop_));
    if (!read) co_return false;
    bytes += read->view();
  }
  const std::uint64_t nonce = nonce_of(head->target);
  if (nonce != 0) ++requests_;
  if (head->method == http::Method::kPost) ++posts_[nonce];
  bytes.erase(0, body_end);
  if (world_.workload.chance(0.2))
    static_cast<void>(co_await io_.sleep_for(Duration(world_.workload.below(50'000'000)), &stop_));
  if (world_.workload.chance(0.03))
    static_cast<void>(co_await io_.sleep_for(Duration(world_.workload.below(1'000'000'000)), &stop_));
  const std::string answer = nonce == 0 ? "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" : answer_to(nonce);
  const Status sent = co_await io_.send(socket, answer, runtime::Wait(io_.now() + kIdle, &stop_));
  // Some servers close when they feel like it, and say nothing.
  const bool closes = world_.workload.chance(0.05) && closes_at_will_;
  co_return sent && !closes;
}

runtime::Task<void> Origin::serve(runtime::Socket socket) {
  std::string bytes;
  bool open = true;
  while (open) open = co_await serve_one(socket, bytes);
}

}  // namespace tenfold::simulator
