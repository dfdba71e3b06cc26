// SPDX-License-Identifier: Apache-2.0
#include "simulator/visitor.h"

#include <fmt/format.h>

#include <memory>

#include "simulator/origin.h"
#include "wire/http/chunked.h"
#include "wire/http/parse_head.h"

namespace tenfold::simulator {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPatience = 120s;
constexpr std::uint64_t kImpatience_ns = 500'000'000;  // the most that a visitor waits who then leaves

}  // namespace

Visitor::Visitor(runtime::simulated::World& world, const Address& proxy, int number, Tally& tally)
    : world_(world),
      proxy_(proxy),
      number_(static_cast<std::uint64_t>(number)),
      tally_(tally),
      io_(world, Address::ipv4({10, 9, 0, static_cast<std::uint8_t>(number)}, 40'000)) {}

runtime::Task<void> Visitor::visit(int requests) {
  runtime::Socket socket;
  for (int i = 1; i <= requests; ++i) {
    const std::uint64_t nonce = number_ * 1'000'000 + static_cast<std::uint64_t>(i);
    const bool healed = healed_;
    ++tally_.asked;
    left_ = false;
    const bool good = co_await ask(socket, nonce, world_.workload.chance(0.3));
    if (good) ++tally_.answered;
    if (!good) socket.close();
    if (!good && healed && !left_) ++tally_.after_healing;
    if (world_.workload.chance(0.1)) socket.close();
    static_cast<void>(co_await io_.sleep_for(Duration(world_.workload.below(40'000'000))));
  }
}

runtime::Task<bool> Visitor::ask(runtime::Socket& socket, std::uint64_t nonce, bool post) {
  const runtime::Wait wait(io_.now() + kPatience, nullptr);
  if (!socket || !io_.is_quiet(socket)) {
    socket.close();
    Result<runtime::Socket> fresh = co_await io_.connect(proxy_, wait);
    if (!fresh) {
      ++tally_.broken;
      co_return false;
    }
    socket = std::move(*fresh);
  }
  std::string request = fmt::format("{} /n={} HTTP/1.1\r\nHost: shop\r\n", post ? "POST" : "GET", nonce);
  const std::string body = post ? body_of(nonce + 1) : "";
  if (post && nonce % 2 == 0) {
    request += fmt::format("Content-Length: {}\r\n\r\n{}", body.size(), body);
  } else if (post) {
    request += fmt::format("Transfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n",
                           body.empty() ? "" : fmt::format("{:x}\r\n{}\r\n", body.size(), body));
  } else {
    request += "\r\n";
  }
  const Status sent = co_await io_.send(socket, request, wait);
  if (world_.workload.chance(0.03)) {
    co_await leave(socket);
    co_return false;
  }
  const bool half_closed = half_closes_ && world_.workload.chance(0.1);
  if (half_closed) io_.shutdown_send(socket);
  bool keep = false;
  const int status = co_await read_answer(socket, nonce, keep);
  if (!sent || !keep || half_closed) socket.close();
  if (status == 0) ++tally_.broken;
  if (status != 0 && status != 200) ++tally_.refused;
  co_return status == 200;
}

// Goes away, in an orderly way or by a reset, before or after the answer has come.
runtime::Task<void> Visitor::leave(runtime::Socket& socket) {
  static_cast<void>(co_await io_.sleep_for(Duration(world_.workload.below(kImpatience_ns))));
  if (world_.workload.chance(0.5)) io_.reset_on_close(socket);
  socket.close();
  left_ = true;
  ++tally_.left;
}

// The status of a whole answer; 0 where there was none, or it was seen to be cut.
runtime::Task<int> Visitor::read_answer(runtime::Socket& socket, std::uint64_t nonce, bool& keep) {
  const runtime::Wait wait(io_.now() + kPatience, nullptr);
  const auto head = std::make_unique<http::ResponseHead>();
  std::string bytes;
  for (;;) {
    const http::ParseOutcome outcome =
        bytes.empty() ? http::ParseOutcome() : http::parse_response_head(bytes, http::Method::kGet, *head);
    if (outcome.state == http::ParseState::kError)
      tally_.complaint = fmt::format("a malformed response: {}", outcome.reason);
    if (outcome.state == http::ParseState::kError) co_return 0;
    if (outcome.state == http::ParseState::kComplete) {
      const std::string_view rest = std::string_view(bytes).substr(outcome.head_bytes);
      std::string body;
      bool whole = head->body == http::Body::kLength && rest.size() >= head->content_length;
      if (whole) body = rest.substr(0, head->content_length);
      http::ChunkedDecoder chunks(http::Sender::kNode);
      for (std::size_t at = 0; head->body == http::Body::kChunked && at < rest.size() && !whole;) {
        const auto step = chunks.step(rest.substr(at));
        at += step.consumed;
        body += step.data;
        whole = step.state == http::ChunkedDecoder::State::kEnd;
        if (step.state == http::ChunkedDecoder::State::kError) tally_.complaint = "broken chunks in a response";
        if (step.state == http::ChunkedDecoder::State::kError) co_return 0;
      }
      if (whole) {
        keep = head->keep_alive;
        const http::Field* echoed = head->fields.find(std::string_view("X-Nonce"));
        const bool right = echoed != nullptr && echoed->value == std::to_string(nonce) && body == body_of(nonce);
        if (head->status == 200 && !right) tally_.complaint = fmt::format("the answer to {} is not its own", nonce);
        co_return head->status;
      }
    }
    const Result<runtime::Buffer> read = co_await io_.recv(socket, runtime::BufferSize::kLarge, wait);
    if (!read && read.error().kind == ErrorKind::kTimeout)
      tally_.complaint = fmt::format("no end of {} in {}", nonce, to_text(kPatience));
    if (!read) co_return 0;
    bytes += read->view();
  }
}

}  // namespace tenfold::simulator
