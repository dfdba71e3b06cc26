// SPDX-License-Identifier: Apache-2.0
#include "planes/web/probe.h"

#include <fmt/format.h>

#include <memory>

#include "planes/web/head_bytes.h"
#include "wire/http/head_writer.h"
#include "wire/http/parse_head.h"

namespace tenfold::web {
namespace {

constexpr std::size_t kShownBytesMost = 80;

// The start of a body, for people: control bytes become spaces.
std::string shown(std::string_view bytes) {
  std::string text(bytes.substr(0, kShownBytesMost));
  for (char& c : text) {
    if (c < 0x20 || c > 0x7e) c = ' ';
  }
  return text;
}

// What the node is asked for as: a name that the wildcard "*.example.com" stands for, for many an application refuses
// the wildcard itself; and an IPv6 address in brackets (RFC 3986 section 3.2.2).
std::string host_of(const cluster::Service& service, const Address& node) {
  const std::string& name = service.web().host;
  if (name.starts_with('*')) return "tenfold-health" + name.substr(1);
  if (!name.empty()) return name;
  if (node.is_unix()) return "localhost";
  return node.family() == Address::Family::kIpv6 ? fmt::format("[{}]", node.host_text()) : node.host_text();
}

struct Answer {
  int status = 0;
  std::string body_start;
};

runtime::Task<Result<Answer>> ask(runtime::Io& io, const cluster::Service& service, const cluster::NodeSpec& node,
                                  runtime::Wait wait) {
  Result<runtime::Socket> socket = co_await io.connect(node.address, wait);
  if (!socket) co_return std::unexpected(socket.error());
  const std::string request =
      fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: tenfold-health\r\nConnection: close\r\n\r\n",
                  service.health.path, host_of(service, node.address));
  const Status sent = co_await io.send(*socket, request, wait);
  if (!sent) co_return std::unexpected(sent.error());
  HeadBytes bytes;
  std::size_t interim_bytes = 0;
  const auto head = std::make_unique<http::ResponseHead>();
  for (;;) {
    const http::ParseOutcome outcome = http::parse_response_head(bytes.view(), http::Method::kGet, *head);
    if (outcome.state == http::ParseState::kError) co_return fail(ErrorKind::kProtocol, outcome.reason);
    if (outcome.state == http::ParseState::kNeedMore) {
      Result<runtime::Buffer> read = co_await io.recv(*socket, runtime::BufferSize::kSmall, wait);
      if (!read) co_return std::unexpected(read.error());
      bytes.append(std::move(*read));
      continue;
    }
    if (head->status >= 200) co_return Answer{head->status, shown(bytes.view().substr(outcome.head_bytes))};
    // Early hints, say: the answer is yet to come.
    bytes.drop_head(outcome.head_bytes);
    interim_bytes += outcome.head_bytes;
    if (interim_bytes > limits::kHttpHeadBytesMost)
      co_return fail(ErrorKind::kProtocol, "interim responses go on and on");
  }
}

}  // namespace

runtime::Task<cluster::ProbeReport> probe(runtime::Io& io, const cluster::Service& service,
                                          const cluster::NodeSpec& node) {
  const cluster::HealthSettings& health = service.health;
  const Instant began = io.now();
  const Result<Answer> answer = co_await ask(io, service, node, runtime::Wait(began + health.timeout, nullptr));
  const std::string asked = fmt::format("GET http://{}{}", node.address.to_text(), health.path);
  const std::string took = fmt::format("{}ms of {}", to_milliseconds(io.now() - began), to_text(health.timeout));
  cluster::ProbeReport report;
  if (!answer) {
    report.inconclusive = answer.error().kind == ErrorKind::kExhausted;
    report.detail = fmt::format("{}: {} after {}", asked, to_string(answer.error()), took);
    co_return report;
  }
  const auto status = static_cast<std::uint32_t>(answer->status);
  report.ok = status >= health.status_min && status <= health.status_max;
  report.detail = fmt::format("{}: {} after {}", asked, answer->status, took);
  if (!report.ok) {
    report.detail += fmt::format(", wanted {}..{}; the answer begins '{}'", health.status_min, health.status_max,
                                 answer->body_start);
  }
  co_return report;
}

}  // namespace tenfold::web
