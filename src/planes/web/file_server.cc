// SPDX-License-Identifier: Apache-2.0
#include "planes/web/file_server.h"

#include <fmt/format.h>

#include <optional>

#include "planes/web/reply.h"
#include "wire/http/byte_range.h"
#include "wire/http/conditional.h"
#include "wire/http/head_writer.h"
#include "wire/http/media_type.h"
#include "wire/http/parse_head.h"
#include "wire/http/target.h"

namespace tenfold::web {
namespace {

// A name that begins with a dot is not for everybody; what stands below ".well-known" is (RFC 8615).
bool is_hidden(std::string_view path) {
  constexpr std::string_view kWellKnown = ".well-known/";
  if (path.starts_with(kWellKnown)) path.remove_prefix(kWellKnown.size());
  return path.starts_with('.') || path.contains("/.");
}

// The path below the root, without a slash in front; nullopt for what is never served.
std::optional<std::string> file_path(const Exchange& exchange) {
  const cluster::WebSettings& settings = exchange.settings();
  std::string_view encoded = http::path_of(exchange.target);
  encoded.remove_prefix(std::min(settings.path.size(), encoded.size()));
  const auto decoded = http::decode_path(encoded);
  if (!decoded) return std::nullopt;
  std::string_view path = *decoded;
  while (path.starts_with('/')) path.remove_prefix(1);
  std::string result(path);
  if (result.empty() || result.ends_with('/')) result += settings.index;
  if (is_hidden(result)) return std::nullopt;
  return result;
}

std::string etag_of(const runtime::File& file) {
  return fmt::format("\"{:x}-{:x}\"", file.modified().time_since_epoch().count(), file.size_bytes());
}

runtime::Task<void> reply_plain(Exchange& exchange, int status, std::string fields) {
  const std::string body = fmt::format("{} {}\n", status, http::reason_phrase(status));
  Reply reply;
  reply.status = status;
  reply.fields = std::move(fields) + "Content-Type: text/plain; charset=utf-8\r\n";
  reply.body = body;
  reply.body_bytes = body.size();
  const Status sent = co_await send_reply(exchange, std::move(reply));
  if (!sent) exchange.fail(Failure::kClientClosed, to_string(sent.error()));
}

// The root itself, by a name without the slash at its end.
bool is_bare_root(const Exchange& exchange) {
  const std::string_view path = http::path_of(exchange.target);
  return path.size() <= exchange.settings().path.size() && !path.ends_with('/');
}

// The folder of a target, by its name with a slash. Two slashes in front would name another host.
std::string location_of_folder(std::string_view target) {
  const std::string_view path = http::path_of(target);
  return fmt::format("/{}/{}", path.substr(std::min(path.find_first_not_of('/'), path.size())),
                     target.substr(path.size()));
}

// What the request's conditions and its range make of a file.
struct Answer {
  int status = 200;
  std::uint64_t first = 0;
  std::uint64_t length = 0;
  std::string fields;
};

Answer answer_of(const Exchange& exchange, const runtime::File& file, const http::FieldList& fields,
                 std::string_view path) {
  const std::string etag = etag_of(file);
  const WallTime now = exchange.io().wall_now();
  Answer answer;
  answer.fields = fmt::format("ETag: {}\r\nLast-Modified: {}\r\n", etag, to_http_date(file.modified()));
  switch (http::evaluate_conditions(fields, etag, file.modified(), now)) {
    case http::Condition::kNotModified:
      answer.status = 304;
      return answer;
    case http::Condition::kPreconditionFailed:
      answer.status = 412;
      return answer;
    case http::Condition::kServe:
      break;
  }
  answer.length = file.size_bytes();
  answer.fields += "Accept-Ranges: bytes\r\n";
  const http::Field* range = exchange.method == http::Method::kGet ? fields.find(http::FieldName::kRange) : nullptr;
  const bool applies = range != nullptr && http::range_applies(fields, etag, file.modified(), now);
  const http::ByteRange part = http::parse_byte_range(applies ? range->value : std::string_view(), file.size_bytes());
  if (part.kind == http::ByteRange::Kind::kUnsatisfiable) {
    answer.status = 416;
    answer.fields += fmt::format("Content-Range: bytes */{}\r\n", file.size_bytes());
    return answer;
  }
  answer.fields += fmt::format("Content-Type: {}\r\nX-Content-Type-Options: nosniff\r\n", http::media_type_of(path));
  if (part.kind == http::ByteRange::Kind::kPart) {
    answer.status = 206;
    answer.first = part.first;
    answer.length = part.length;
    answer.fields +=
        fmt::format("Content-Range: bytes {}-{}/{}\r\n", part.first, part.first + part.length - 1, file.size_bytes());
  }
  return answer;
}

runtime::Task<void> send_contents(Exchange& exchange, const runtime::File& file, const Answer& answer) {
  runtime::Io& io = exchange.io();
  // A part at a time, so that others get a turn beside a client that takes all at once.
  constexpr std::uint64_t kPartBytes = 1 << 20;
  for (std::uint64_t at = 0; at < answer.length; at += kPartBytes) {
    const std::uint64_t part = std::min(answer.length - at, kPartBytes);
    const runtime::Wait wait = exchange.wait_for_bytes(exchange.worker.aborting);
    runtime::SendFileOperation sending = io.send_file(exchange.connection.socket, file, answer.first + at, part, wait);
    const Status sent = co_await sending;
    exchange.sent_bytes += sending.sent_bytes();
    if (sent) continue;
    exchange.fail(failure_of_client(sent.error(), Failure::kClientTooSlow), to_string(sent.error()));
    io.reset_on_close(exchange.connection.socket);
    exchange.connection.keep_open = false;
    co_return;
  }
}

runtime::Task<void> serve_opened(Exchange& exchange, const runtime::File& file, const Answer& answer) {
  if (answer.status >= 400) co_return co_await reply_plain(exchange, answer.status, answer.fields);
  Reply reply;
  reply.status = answer.status;
  reply.fields = answer.fields;
  reply.body_bytes = answer.length;
  const Status sent = co_await send_reply(exchange, std::move(reply));
  if (!sent) {
    exchange.fail(failure_of_client(sent.error(), Failure::kClientTooSlow), to_string(sent.error()));
  } else if (exchange.method == http::Method::kGet && answer.status != 304) {
    co_await send_contents(exchange, file, answer);
  }
}

// 503 where it is not the file that lacks.
runtime::Task<void> reply_unopened(Exchange& exchange, const Error& error, std::string_view what) {
  exchange.detail.append(what).append(to_string(error));
  const bool is_exhausted = error.kind == ErrorKind::kExhausted || error.kind == ErrorKind::kLimit;
  return reply_plain(exchange, is_exhausted ? 503 : 404, "");
}

}  // namespace

runtime::Task<void> serve_file(Exchange& exchange) {
  if (exchange.has_streaming_body()) exchange.connection.keep_open = false;
  if (exchange.method != http::Method::kGet && exchange.method != http::Method::kHead)
    co_return co_await reply_plain(exchange, 405, "Allow: GET, HEAD\r\n");
  const std::optional<std::string> path = file_path(exchange);
  if (!path) co_return co_await reply_plain(exchange, 404, "");
  const Result<const runtime::Folder*> root = exchange.service->root(exchange.io());
  if (!root) co_return co_await reply_unopened(exchange, root.error(), "the root: ");
  const Result<runtime::File> file = exchange.io().open_beneath(**root, *path);
  const bool bare_root = is_bare_root(exchange);
  if (file && !bare_root) {
    // The client's bytes are gone; the head that a node would get says the same.
    http::RequestHead& head = exchange.worker.request_head;
    http::parse_request_head(exchange.head_bytes(), head);
    const Answer answer = answer_of(exchange, *file, head.fields, *path);
    co_return co_await serve_opened(exchange, *file, answer);
  }
  // A folder without a slash at its end is sent to the name with one, so that relative links in its index work.
  const bool inner_folder = !file && file.error().kind == ErrorKind::kUnavailable &&
                            exchange.io().open_beneath(**root, *path + "/" + exchange.settings().index);
  if (file || inner_folder)
    co_return co_await reply_plain(exchange, 301, fmt::format("Location: {}\r\n", location_of_folder(exchange.target)));
  co_await reply_unopened(exchange, file.error(), "");
}

}  // namespace tenfold::web
