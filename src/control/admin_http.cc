// SPDX-License-Identifier: Apache-2.0
#include "control/admin_http.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "control/file_text.h"
#include "control/json_text.h"
#include "wire/http/characters.h"
#include "wire/http/head_writer.h"
#include "wire/http/parse_head.h"
#include "wire/http/target.h"

namespace tenfold::control {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kCallersMost = 64;
constexpr std::size_t kSparesMost = 4;
constexpr std::size_t kBodyBytesMost = 1 << 20;
constexpr Duration kRequestTimeout = 10s;
constexpr Duration kIdleTimeout = 75s;
constexpr Duration kSendTimeout = 60s;
constexpr Duration kLingerTimeout = 1s;

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
  if (equals_ignore_case(name, "localhost") || name.empty()) return true;
  return Address::parse(std::string(name) + ":0").has_value();
}

// Whoever is behind a proxy is not on this machine for that, though the proxy is.
bool is_passed_on(const http::RequestHead& head) {
  constexpr std::string_view kFieldsOfProxies[] = {"Forwarded", "X-Forwarded-For", "Via"};
  return std::ranges::any_of(kFieldsOfProxies,
                             [&head](std::string_view name) { return head.fields.find(name) != nullptr; });
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

bool is_open_to_all(std::string_view path) {
  return path == "/livez" || path == "/readyz";
}

bool depends_on_file(std::string_view method, std::string_view path) {
  return method != "GET" || path == "/v1/diff";
}

AdminResponse admin_error(int status, std::string_view error, std::string_view help) {
  AdminResponse response;
  response.status = status;
  response.body = json_text({{"error", error}, {"help", help}}, -1) + "\n";
  return response;
}

// One request as it was read.
struct AdminHttp::Received {
  http::RequestHead head;  // holds views into the bytes that were read, until more are
  std::size_t head_bytes = 0;
  std::size_t body_bytes = 0;
  AdminRequest request;
  bool keep_alive = false;
  bool head_only = false;
  bool expects_continue = false;
  std::optional<AdminResponse> refused;  // what it is answered without its body being read, and then closed
};

AdminHttp::AdminHttp(runtime::Io& io, const cluster::AdminSettings& settings, std::string file, Handler handler)
    : io_(io), settings_(settings), file_(std::move(file)), handler_(std::move(handler)) {}

Status AdminHttp::open(std::optional<int> opened) {
  const Result<int> handle =
      opened ? Result<int>(*opened) : io_.open_listener(settings_.listen, runtime::SocketMode::kOwnerAndGroup);
  if (!handle) return std::unexpected(handle.error());
  const Result<int> copy = io_.duplicate_listener(*handle);
  if (!copy) {
    io_.close_listener(*handle);
    return std::unexpected(copy.error());
  }
  handle_ = *handle;
  listener_ = io_.adopt_listener(*copy);
  keep_spares();
  return {};
}

runtime::Task<void> AdminHttp::close() {
  deaf_.request();
  stopped_.request();
  co_await scope_.join();
  listener_.close();
  while (give_up_spare()) continue;
  if (handle_ >= 0) io_.close_listener(std::exchange(handle_, -1));
}

runtime::Task<void> AdminHttp::accept_callers() {
  for (;;) {
    Result<runtime::Socket> socket = co_await io_.accept(listener_, runtime::Wait(kNever, &deaf_));
    if (socket) {
      if (make_room()) scope_.spawn(serve_caller(std::move(*socket)));
    } else if (socket.error().kind == ErrorKind::kCanceled) {
      break;
    } else if (!give_up_spare()) {
      const Status slept = co_await io_.sleep_for(100ms, &deaf_);
      if (!slept) break;
    }
  }
  listener_.close();  // whoever listens there, too, is woken for the callers to come
}

void AdminHttp::keep_spares() {
  while (spares_.size() < kSparesMost) {
    const Result<int> spare = io_.duplicate_listener(handle_);
    if (!spare) return;
    spares_.push_back(*spare);
  }
}

bool AdminHttp::give_up_spare() {
  if (spares_.empty()) return false;
  io_.close_listener(spares_.back());
  spares_.pop_back();
  return true;
}

// Where all places are taken, who has been waited for the longest leaves: nobody keeps others out who asks for nothing.
bool AdminHttp::make_room() {
  std::size_t staying = 0;
  Caller* oldest = nullptr;
  for (Caller& caller : callers_) {
    if (caller.gone.requested()) continue;
    ++staying;
    if (!caller.is_served && (oldest == nullptr || caller.since < oldest->since)) oldest = &caller;
  }
  if (staying < kCallersMost) return true;
  if (oldest == nullptr) return false;
  oldest->gone.request();
  return true;
}

runtime::Task<Status> AdminHttp::receive(runtime::Socket& socket, Caller& caller, std::string& bytes) {
  const runtime::Wait wait(caller.deadline, &caller.gone);
  const Result<runtime::Buffer> read = co_await io_.recv(socket, runtime::BufferSize::kSmall, wait);
  if (!read) co_return std::unexpected(read.error());
  bytes += read->view();
  co_return Status();
}

// True where it is still worth an answer that no more has come of a request: its caller may wait for one.
bool AdminHttp::refuse_slow(const Error& error, Received& received) {
  if (error.kind != ErrorKind::kTimeout) return false;
  received.refused = admin_error(408, fmt::format("the request did not come whole within {}", to_text(kRequestTimeout)),
                                 "send head and body without a pause");
  return true;
}

// False when there is no further request; one that is not understood, or comes too slowly, is refused. One deadline
// holds for head and body together, however they trickle in.
runtime::Task<bool> AdminHttp::read_head(runtime::Socket& socket, Caller& caller, std::string& bytes,
                                         Received& received) {
  caller.since = io_.now();
  caller.deadline = caller.since + kIdleTimeout;
  if (bytes.empty()) {
    const Status begun = co_await receive(socket, caller, bytes);
    if (!begun) co_return false;
  }
  caller.deadline = io_.now() + kRequestTimeout;
  for (;;) {
    const http::ParseOutcome outcome = http::parse_request_head(bytes, received.head);
    if (outcome.state == http::ParseState::kError) {
      received.refused = admin_error(outcome.status, outcome.reason);
      co_return true;
    }
    received.head_bytes = outcome.head_bytes;
    if (received.head_bytes > 0) break;
    const Status more = co_await receive(socket, caller, bytes);
    if (!more) co_return refuse_slow(more.error(), received);
  }
  understand(received);
  co_return true;
}

// Takes from the head what outlives it, and judges the caller.
void AdminHttp::understand(Received& received) const {
  const http::RequestHead& head = received.head;
  received.keep_alive = head.keep_alive;
  received.expects_continue = head.expects_continue;
  received.head_only = head.method == http::Method::kHead;
  received.request.method = received.head_only ? "GET" : head.method_text;
  const auto target = http::normalise_target(head.target == "*" ? "/" : head.target);
  received.request.path = target ? http::path_of(*target) : "";
  if (target && target->size() > received.request.path.size())
    received.request.query = target->substr(received.request.path.size() + 1);
  for (const http::Field& field : head.fields.all()) {
    if (field.known != http::FieldName::kIfMatch) continue;
    std::optional<std::string>& whole = received.request.if_match;
    whole = (whole ? *whole + ", " : "") + std::string(field.value);
  }
  received.refused = refusal(received);
  if (!received.refused) received.refused = other_program(received);
  if (received.refused) return;
  if (head.body == http::Body::kChunked || head.content_length > kBodyBytesMost)
    received.refused = admin_error(413, "a body has a Content-Length of at most 1 MiB here");
  received.body_bytes = head.content_length;
}

// Takes the request out of `bytes`; what is behind it is the next one. False when its caller has gone.
runtime::Task<bool> AdminHttp::read_body(runtime::Socket& socket, Caller& caller, std::string& bytes,
                                         Received& received) {
  const std::size_t all = received.head_bytes + received.body_bytes;
  if (received.expects_continue && bytes.size() < all) {
    const runtime::Wait wait(caller.deadline, &caller.gone);
    const Status sent = co_await io_.send(socket, "HTTP/1.1 100 Continue\r\n\r\n", wait);
    if (!sent) co_return false;
  }
  while (bytes.size() < all) {
    const Status more = co_await receive(socket, caller, bytes);
    if (!more) co_return refuse_slow(more.error(), received);
  }
  received.request.body = bytes.substr(received.head_bytes, received.body_bytes);
  bytes.erase(0, all);
  co_return true;
}

// The command line says which file it was given. Who means another one must neither change what runs here nor take its
// differences for that file's. The real paths are compared now: what a symbolic link stands for may have changed.
std::optional<AdminResponse> AdminHttp::other_program(const Received& received) const {
  const http::Field* file = received.head.fields.find(std::string_view("Tenfold-File"));
  if (file == nullptr || !depends_on_file(received.request.method, received.request.path)) return std::nullopt;
  const std::string meant = decoded(file->value);
  const std::string ours = real_path(file_);
  if (meant == ours) return std::nullopt;
  return admin_error(421, fmt::format("what runs here is {}, and not {}", ours, meant),
                     "name its file with -c, or give [admin] listen of each file an address of its own");
}

bool AdminHttp::has_token(const http::RequestHead& head) const {
  const http::Field* given = head.fields.find(http::FieldName::kAuthorization);
  constexpr std::string_view kScheme = "Bearer ";  // in any case (RFC 9110 section 11.1)
  return given != nullptr && equals_ignore_case(given->value.substr(0, kScheme.size()), kScheme) &&
         equals_secret(given->value.substr(kScheme.size()), settings_.token);
}

// What one is answered who may not call; nullopt who may.
std::optional<AdminResponse> AdminHttp::refusal(const Received& received) const {
  const bool open_path = is_open_to_all(received.request.path);
  const bool has_right_token = !settings_.token.empty() && has_token(received.head);
  if (!settings_.token.empty() && !open_path && !has_right_token)
    return admin_error(
        401, "the token is missing or wrong",
        "send Authorization: Bearer TOKEN, as it was when this process started: another one needs a restart");
  if (!has_right_token && !settings_.listen.is_unix() && !is_literal_host(received.head.host))
    return admin_error(403, "the Host field names a host", "call the admin API by its address, or localhost");
  if (settings_.token.empty() && is_passed_on(received.head))
    return admin_error(403, "the request was passed on by a proxy",
                       "call the admin API itself, or set token in [admin]: who reaches the proxy may be anybody");
  if (const http::Field* origin = received.head.fields.find(http::FieldName::kOrigin)) {
    if (!equals_ignore_case(origin->value, fmt::format("http://{}", received.head.host)))
      return admin_error(403, "the request comes from a page of another site", "");
  }
  return std::nullopt;
}

runtime::Task<void> AdminHttp::serve_caller(runtime::Socket socket) {
  const auto caller = callers_.emplace(callers_.end(), stopped_);
  co_await serve_requests(socket, *caller);
  callers_.erase(caller);
  socket.close();
  keep_spares();  // at once: others wait for the descriptor, too
}

runtime::Task<void> AdminHttp::serve_requests(runtime::Socket& socket, Caller& caller) {
  std::string bytes;
  for (;;) {
    const auto received = std::make_unique<Received>();
    const bool asked = co_await read_head(socket, caller, bytes, *received);
    if (!asked) co_return;
    if (!received->refused) {
      const bool answerable = co_await read_body(socket, caller, bytes, *received);
      if (!answerable) co_return;
    }
    AdminResponse response;
    if (received->refused) {
      response = std::move(*received->refused);
      received->keep_alive = false;
    } else {
      caller.is_served = true;
      response = co_await handler_(std::move(received->request));
      caller.is_served = false;
      caller.since = io_.now();
      received->keep_alive &= !deaf_.requested();
    }
    const bool sent = co_await answer(socket, caller, response, *received);
    if (!sent) co_return;
    if (!received->keep_alive) break;
  }
  co_await hear_out(socket, caller);
}

runtime::Task<bool> AdminHttp::answer(runtime::Socket& socket, Caller& caller, const AdminResponse& response,
                                      const Received& received) {
  std::string head = fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n"
      "X-Content-Type-Options: nosniff\r\n",
      response.status, http::reason_phrase(response.status), response.content_type, response.body.size());
  if (!response.etag.empty()) head += fmt::format("ETag: {}\r\n", response.etag);
  if (!response.allow.empty()) head += fmt::format("Allow: {}\r\n", response.allow);
  if (!received.keep_alive) head += "Connection: close\r\n";
  head += "\r\n";
  const std::string_view body = received.head_only ? std::string_view() : std::string_view(response.body);
  const runtime::Wait wait(io_.now() + kSendTimeout, &caller.gone);
  const Status sent = co_await io_.send(socket, head, body, wait);
  co_return sent.has_value();
}

// A body that is still on its way would make the kernel reset the connection at its close, and take back the answer
// that says why.
runtime::Task<void> AdminHttp::hear_out(runtime::Socket& socket, Caller& caller) {
  io_.shutdown_send(socket);
  caller.deadline = io_.now() + kLingerTimeout;
  std::string ignored;
  for (Status more; more && ignored.size() <= kBodyBytesMost;) more = co_await receive(socket, caller, ignored);
}

}  // namespace tenfold::control
