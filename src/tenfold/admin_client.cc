// SPDX-License-Identifier: Apache-2.0
#include "tenfold/admin_client.h"

#include <fmt/format.h>

#include <memory>

#include "runtime/native/open_io.h"
#include "runtime/task.h"
#include "wire/http/characters.h"
#include "wire/http/parse_head.h"

namespace tenfold::cli {
namespace {

using namespace std::chrono_literals;

constexpr Duration kConnectTimeout = 2s;
constexpr Duration kReadTimeout = 5s;     // for what is answered at once
constexpr Duration kChangeTimeout = 60s;  // for what waits for the change before it, and for all workers

struct Received {
  Result<std::string> bytes = fail(ErrorKind::kUnavailable, "admin API");
};

runtime::Task<Result<std::string>> exchange(runtime::Io& io, Address address, std::string request, Duration limit) {
  const runtime::Wait connecting(io.now() + kConnectTimeout, nullptr);
  Result<runtime::Socket> socket = co_await io.connect(std::move(address), connecting);
  if (!socket) co_return std::unexpected(socket.error());
  const runtime::Wait wait(io.now() + limit, nullptr);
  const Status sent = co_await io.send(*socket, request, wait);
  if (!sent) co_return std::unexpected(sent.error());
  std::string bytes;
  for (;;) {
    const Result<runtime::Buffer> read = co_await io.recv(*socket, runtime::BufferSize::kLarge, wait);
    if (!read && read.error().kind == ErrorKind::kClosed) co_return bytes;
    if (!read) co_return std::unexpected(read.error());
    bytes += read->view();
  }
}

runtime::Task<void> run(runtime::Io* io, Address address, std::string request, Duration limit, Received* received) {
  received->bytes = co_await exchange(*io, std::move(address), std::move(request), limit);
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string result;
  for (char c : text) {
    if (http::is_unreserved(c)) {
      result += c;
    } else {
      result += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  return result;
}

std::expected<Answer, std::string> AdminClient::call(std::string_view method, std::string_view target,
                                                     std::string_view body) const {
  const std::string where = settings_.listen.to_text();
  auto opened = runtime::native::open_io(runtime::native::BackEnd::kEpoll);
  if (!opened) return std::unexpected(to_string(opened.error()));
  const std::string token = settings_.token.empty() ? "" : fmt::format("Authorization: Bearer {}\r\n", settings_.token);
  const std::string file = file_.empty() ? "" : fmt::format("Tenfold-File: {}\r\n", escaped(file_));
  const std::string request =
      fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{}{}Content-Length: {}\r\n\r\n{}", method,
                  target, token, file, body.size(), body);
  Received received;
  const Duration limit = method == "GET" ? kReadTimeout : kChangeTimeout;
  const Instant began = opened->io->now();
  opened->io->run(run(opened->io.get(), settings_.listen, request, limit, &received));
  if (!received.bytes)
    return std::unexpected(fmt::format("no tenfold answers at {} ({} after {} ms)", where,
                                       to_string(received.bytes.error()), to_milliseconds(opened->io->now() - began)));
  const auto head = std::make_unique<http::ResponseHead>();
  const http::ParseOutcome outcome = http::parse_response_head(*received.bytes, http::Method::kGet, *head);
  if (outcome.state != http::ParseState::kComplete)
    return std::unexpected(fmt::format("what answers at {} is not tenfold", where));
  Answer answer;
  answer.status = head->status;
  if (const http::Field* etag = head->fields.find(std::string_view("ETag"))) answer.etag = etag->value;
  answer.body = nlohmann::ordered_json::parse(received.bytes->substr(outcome.head_bytes), nullptr, false);
  if (answer.body.is_discarded())
    return std::unexpected(fmt::format("what answers at {} is not tenfold's admin API", where));
  return answer;
}

}  // namespace tenfold::cli
