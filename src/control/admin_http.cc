// SPDX-License-Identifier: Apache-2.0
#include "control/admin_http.h"

#include <fmt/format.h>

#include <memory>

#include "control/file_text.h"
#include "control/keys.h"
#include "wire/http/characters.h"
#include "wire/http/head_writer.h"
#include "wire/http/parse_head.h"
#include "wire/http/target.h"

namespace tenfold::control {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kCallersMost = 64;
constexpr std::size_t kBodyBytesMost = 1 << 20;
constexpr Duration kRequestTimeout = 10s;
constexpr Duration kIdleTimeout = 75s;
constexpr Duration kHandlerTimeout = 60s;

// The same time for every wrong token.
bool equals_secret(std::string_view given, std::string_view secret) {
  unsigned difference = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    difference |= static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(secret[i % secret.size()]);
  }
  return difference == 0;
}

// A page of a foreign site can name any host that resolves to us, but it cannot name our address.
bool is_literal_host(std::string_view host) {
  const std::string_view name = host.substr(0, host.starts_with('[') ? host.find(']') + 1 : host.find(':'));
  if (name == "localhost" || name.empty()) return true;
  return Address::parse(std::string(name) + ":0").has_value();
}

std::string decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && http::is_hex(text[i + 1]) && http::is_hex(text[i + 2])) {
      result += static_cast<char>(http::hex_value(text[i + 1]) * 16 + http::hex_value(text[i + 2]));
      i += 2;
    } else {
      result += text[i] == '+' ? ' ' : text[i];
    }
  }
  return result;
}

// Calls `visit(name, value)` for each pair of a query; values are still encoded.
template <typename Visit>
void for_each_parameter(std::string_view query, Visit visit) {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    const std::size_t equals = pair.find('=');
    visit(pair.substr(0, equals), equals == pair.npos ? std::string_view() : pair.substr(equals + 1));
    if (end == query.npos) return;
    query.remove_prefix(end + 1);
  }
}

}  // namespace

std::string AdminRequest::parameter(std::string_view name) const {
  std::string found;
  for_each_parameter(query, [&](std::string_view key, std::string_view value) {
    if (key == name) found = decoded(value);
  });
  return found;
}

bool AdminRequest::has_parameter(std::string_view name) const {
  bool found = false;
  for_each_parameter(query, [&](std::string_view key, std::string_view) { found |= key == name; });
  return found;
}

AdminResponse admin_error(int status, std::string_view error, std::string_view help) {
  AdminResponse response;
  response.status = status;
  response.body = fmt::format("{{\"error\": {}, \"help\": {}}}\n", quoted(error), quoted(help));
  return response;
}

// One request as it was read.
struct AdminHttp::Received {
  http::RequestHead head;
  AdminRequest request;
  int failure_status = 0;  // not understood: answered with this, and closed
  std::string failure;
  bool keep_alive = false;
};

AdminHttp::AdminHttp(runtime::Io& io, const cluster::AdminSettings& settings, std::string file, Handler handler)
    : io_(io), settings_(settings), file_(std::move(file)), handler_(std::move(handler)) {}

Status AdminHttp::open(std::optional<int> opened) {
  const Result<int> handle = opened ? Result<int>(*opened) : io_.open_listener(settings_.listen);
  if (!handle) return std::unexpected(handle.error());
  const Result<int> copy = io_.duplicate_listener(*handle);
  if (!copy) {
    io_.close_listener(*handle);
    return std::unexpected(copy.error());
  }
  handle_ = *handle;
  listener_ = io_.adopt_listener(*copy);
  scope_.spawn(accept_callers());
  return {};
}

runtime::Task<void> AdminHttp::close() {
  stopped_.request();
  co_await scope_.join();
  listener_.close();
  if (handle_ >= 0) io_.close_listener(std::exchange(handle_, -1));
}

runtime::Task<void> AdminHttp::accept_callers() {
  for (;;) {
    Result<runtime::Socket> caller = co_await io_.accept(listener_, runtime::Wait(kNever, &stopped_));
    if (caller && scope_.running() <= kCallersMost) {
      scope_.spawn(serve_caller(std::move(*caller)));
    } else if (!caller && caller.error().kind == ErrorKind::kCanceled) {
      co_return;
    } else if (!caller) {
      static_cast<void>(co_await io_.sleep_for(100ms, &stopped_));
    }
  }
}

// False when there is no further request; received.failure_status tells whether to say why.
runtime::Task<bool> AdminHttp::read_request(runtime::Socket& socket, std::string& bytes, Received& received) {
  runtime::Wait wait(io_.now() + (bytes.empty() ? kIdleTimeout : kRequestTimeout), &stopped_);
  std::size_t head_bytes = 0;
  for (;;) {
    if (!bytes.empty() && head_bytes == 0) {
      const http::ParseOutcome outcome = http::parse_request_head(bytes, received.head);
      received.failure_status = outcome.status;
      received.failure = outcome.reason;
      if (outcome.state == http::ParseState::kError) co_return false;
      head_bytes = outcome.head_bytes;
      if (head_bytes > 0 &&
          (received.head.body == http::Body::kChunked || received.head.content_length > kBodyBytesMost)) {
        received.failure_status = 413;
        received.failure = "a body has a Content-Length of at most 1 MiB here";
        co_return false;
      }
    }
    if (head_bytes > 0 && bytes.size() - head_bytes >= received.head.content_length) break;
    const Result<runtime::Buffer> read = co_await io_.recv(socket, runtime::BufferSize::kSmall, wait);
    if (!read) co_return false;
    bytes += read->view();
    wait.deadline = io_.now() + kRequestTimeout;
    // The views of a head that was parsed already point into the bytes of before.
    if (head_bytes > 0) http::parse_request_head(bytes, received.head);
  }
  received.keep_alive = received.head.keep_alive;
  received.request.method = received.head.method_text;
  const auto target = http::normalise_target(received.head.target == "*" ? "/" : received.head.target);
  received.request.path = target ? http::path_of(*target) : "";
  if (target && target->size() > received.request.path.size())
    received.request.query = target->substr(received.request.path.size() + 1);
  if (const http::Field* match = received.head.fields.find(http::FieldName::kIfMatch))
    received.request.if_match = match->value;
  received.request.body = bytes.substr(head_bytes, received.head.content_length);
  co_return true;
}

// The command line says which file it was given. Who means another one must neither change what runs here nor take its
// differences for that file's. The real paths are compared now: what a symbolic link stands for may have changed.
std::optional<AdminResponse> AdminHttp::other_program(const Received& received) const {
  const http::Field* file = received.head.fields.find(std::string_view("Tenfold-File"));
  if (file == nullptr || (received.request.method == "GET" && received.request.path != "/v1/diff")) return std::nullopt;
  const std::string meant = decoded(file->value);
  const std::string ours = real_path(file_);
  if (meant == ours) return std::nullopt;
  return admin_error(421, fmt::format("what runs here is {}, and not {}", ours, meant),
                     "name its file with -c, or give [admin] listen of each file an address of its own");
}

// Status 0 when the caller may be served.
AdminResponse AdminHttp::refusal(const Received& received) const {
  if (!settings_.listen.is_unix() && !is_literal_host(received.head.host))
    return admin_error(403, "the Host field names a host", "call the admin API by its address, or localhost");
  if (const http::Field* origin = received.head.fields.find(http::FieldName::kOrigin)) {
    if (origin->value != fmt::format("http://{}", received.head.host))
      return admin_error(403, "the request comes from a page of another site", "");
  }
  AdminResponse none;
  none.status = 0;
  const bool open_path = received.request.path == "/livez" || received.request.path == "/readyz";
  if (settings_.token.empty() || open_path) return none;
  const http::Field* given = received.head.fields.find(http::FieldName::kAuthorization);
  constexpr std::string_view kScheme = "Bearer ";
  const bool good = given != nullptr && given->value.starts_with(kScheme) &&
                    equals_secret(given->value.substr(kScheme.size()), settings_.token);
  return good ? none : admin_error(401, "the token is missing or wrong", "send Authorization: Bearer TOKEN");
}

runtime::Task<void> AdminHttp::serve_caller(runtime::Socket socket) {
  std::string bytes;
  for (bool open = true; open;) {
    const auto received = std::make_unique<Received>();
    const bool whole = co_await read_request(socket, bytes, *received);
    AdminResponse response;
    if (!whole) {
      if (received->failure_status == 0) co_return;
      response = admin_error(received->failure_status, received->failure);
    } else {
      response = refusal(*received);
      bytes.clear();  // no caller pipelines requests that change things
      if (response.status == 0) response = other_program(*received).value_or(std::move(response));
      if (response.status == 0) response = co_await handler_(std::move(received->request));
    }
    open = whole && received->keep_alive;
    std::string head = fmt::format(
        "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n"
        "X-Content-Type-Options: nosniff\r\n",
        response.status, http::reason_phrase(response.status), response.content_type, response.body.size());
    if (!response.etag.empty()) head += fmt::format("ETag: {}\r\n", response.etag);
    if (!response.allow.empty()) head += fmt::format("Allow: {}\r\n", response.allow);
    if (!open) head += "Connection: close\r\n";
    head += "\r\n";
    const runtime::Wait wait(io_.now() + kHandlerTimeout, &stopped_);
    const Status sent = co_await io_.send(socket, head, response.body, wait);
    if (!sent) co_return;
  }
}

}  // namespace tenfold::control
