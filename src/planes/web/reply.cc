// SPDX-License-Identifier: Apache-2.0
#include "planes/web/reply.h"

#include <fmt/format.h>

#include "wire/http/head_writer.h"

namespace tenfold::web {
namespace {

constexpr std::string_view kRetryAfter = "Retry-After: 1\r\n";

// A request whose body was not read to its end, or not understood, leaves nothing to go on with.
bool ends_connection(const Exchange& exchange) {
  switch (exchange.failure) {
    case Failure::kMalformedRequest:
    case Failure::kRequestTooSlow:
    case Failure::kRequestTooLarge:
    case Failure::kShuttingDown:
      return true;
    default:
      return exchange.has_streaming_body();
  }
}

// A quoted string of RFC 8941: printable ASCII, with quotes and backslashes escaped.
std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (char c : text.substr(0, 200)) {
    if (c < 0x20 || c > 0x7e) continue;
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

std::string proxy_status(const Exchange& exchange, const FailureFacts& facts) {
  std::string line = fmt::format("Proxy-Status: tenfold; error={}", facts.proxy_status);
  if (exchange.node) line += fmt::format("; next-hop={}", quoted(exchange.node->text()));
  const std::string details =
      exchange.detail.empty() ? std::string(facts.name) : fmt::format("{}: {}", facts.name, exchange.detail);
  return line + "; details=" + quoted(details) + "\r\n";
}

}  // namespace

std::string_view connection_line(const Exchange& exchange) {
  if (!exchange.connection.keep_open) return "Connection: close\r\n";
  if (exchange.version == http::Version::k10) return "Connection: keep-alive\r\n";
  return {};
}

runtime::Task<Status> send_reply(Exchange& exchange, Reply reply) {
  Worker& worker = exchange.worker;
  exchange.status = reply.status;
  exchange.response_begun = true;
  if (exchange.is_last()) exchange.connection.keep_open = false;
  std::string head = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\nContent-Length: {}\r\n", reply.status,
                                 http::reason_phrase(reply.status), worker.date(), reply.body_bytes);
  if (reply.status == 304) head.resize(head.rfind("Content-Length"));
  head += connection_line(exchange);
  head += reply.fields;
  head += "\r\n";
  const std::string_view body = exchange.method == http::Method::kHead ? std::string_view() : reply.body;
  const Status sent = co_await worker.io.send(exchange.connection.socket, head, body,
                                              runtime::Wait(worker.io.now() + kReplyTimeout, &worker.aborting));
  if (sent) exchange.sent_bytes += body.size();
  if (!sent) exchange.connection.keep_open = false;
  co_return sent;
}

runtime::Task<bool> reply_failure(Exchange& exchange) {
  const FailureFacts& facts = facts_of(exchange.failure);
  if (ends_connection(exchange)) exchange.connection.keep_open = false;
  if (facts.status == 0 || exchange.response_begun) {
    exchange.connection.keep_open = false;
    co_return false;
  }
  const int status =
      exchange.failure == Failure::kMalformedRequest && exchange.status != 0 ? exchange.status : facts.status;
  std::string body = fmt::format("{} {}\n\n{}\n", status, http::reason_phrase(status), facts.text);
  if (!exchange.detail.empty()) body += fmt::format("({})\n", exchange.detail);
  Reply reply;
  reply.status = status;
  reply.fields =
      "Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n" + proxy_status(exchange, facts);
  if (status == 503) reply.fields += kRetryAfter;
  reply.body = body;
  reply.body_bytes = body.size();
  const Status sent = co_await send_reply(exchange, std::move(reply));
  co_return sent.has_value();
}

}  // namespace tenfold::web
