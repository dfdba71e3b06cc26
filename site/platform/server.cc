// SPDX-License-Identifier: Apache-2.0
#include "site/platform/server.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/socket.h>

#include <atomic>
#include <csignal>

#include "site/platform/http_server.h"
#include "site/platform/log.h"
#include "site/platform/page.h"

namespace site {
namespace {

constexpr std::size_t kFormLimit = 128 * 1024;       // 8000 characters that are nine bytes each in a form
constexpr std::size_t kBodyLimit = 9 * 1024 * 1024;  // a picture of 8 MiB and its multipart frame
constexpr int kBacklog = 1024;
constexpr time_t kKeepAliveSeconds = 5;
constexpr time_t kReadSeconds = 30;
constexpr std::size_t kKeepAliveRequests = 10000;

/// The value of the session cookie, or "".
std::string session_cookie(const httplib::Request& from) {
  constexpr std::string_view kName = "session=";
  const std::string cookies = from.get_header_value("Cookie");
  std::string_view rest = cookies;
  while (!rest.empty()) {
    std::string_view one = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    one.remove_prefix(std::min(one.size(), one.find_first_not_of(' ')));
    if (one.starts_with(kName)) return std::string(one.substr(kName.size()));
  }
  return "";
}

Request request_of(const httplib::Request& from) {
  Request request;
  request.method = from.method;
  request.path = from.path;
  request.json = take_json_suffix(request.path);
  request.session = session_cookie(from);
  request.csrf = from.get_header_value("X-CSRF-Token");
  for (const auto& [name, value] : from.params) request.query.set(name, value);
  return request;
}

void write_response(Response from, httplib::Response& to) {
  to.status = from.status;
  for (const auto& [name, value] : from.headers) to.set_header(name, value);
  to.set_content(from.body, from.type);
}

/// Reads a body to its end, so that the connection can be used again: the sink's refusal only stops the sink. One that
/// breaks off, or has no length and grows too large, is left.
bool read_body(const httplib::Request& from, const httplib::ContentReader& reader, const UploadSink& sink) {
  bool wanted = true;
  std::size_t size_bytes = 0;
  const auto on_bytes = [&](const char* bytes, std::size_t size) {
    wanted = wanted && sink.on_bytes(std::string_view(bytes, size));
    size_bytes += size;
    return size_bytes <= kBodyLimit;
  };
  const auto on_part = [&](const httplib::MultipartFormData& part) {
    wanted = wanted && sink.on_part(part.name);
    return true;
  };
  const bool has_parts = from.is_multipart_form_data();
  if (!has_parts) wanted = sink.on_part("");
  const bool is_read = has_parts ? reader(on_part, on_bytes) : reader(on_bytes);
  if (!is_read) HttpServer::end_connection();
  return is_read && wanted;
}

const UploadSink kNowhere{[](const std::string&) { return false; }, [](std::string_view) { return false; }};

Response refused(App& app, const Request& request, const HttpError& error) {
  const Visitor nobody;
  return error_page(Call{app, request, nobody}, error);
}

Response answer_post(App& app, const Router& router, const httplib::Request& from,
                     const httplib::ContentReader& reader) {
  Request request = request_of(from);
  if (from.get_header_value<std::uint64_t>("Content-Length") > kBodyLimit) {
    read_body(from, reader, kNowhere);
    return refused(app, request, HttpError(413, "What you sent is too large: 9 MiB is the most."));
  }
  if (router.takes_upload(request.path)) {
    bool is_read = false;
    request.upload = [&](const UploadSink& sink) {
      is_read = true;
      return read_body(from, reader, sink);
    };
    Response response = router.answer(app, std::move(request));
    if (!is_read) read_body(from, reader, kNowhere);
    return response;
  }
  std::string body;
  bool does_fit = true;
  const UploadSink form{[](const std::string&) { return true; },
                        [&](std::string_view bytes) {
                          does_fit = does_fit && body.size() + bytes.size() <= kFormLimit;
                          if (does_fit) body += bytes;
                          return does_fit;
                        }};
  const bool is_whole = read_body(from, reader, form);
  if (!does_fit) return refused(app, request, HttpError(413, "The form is too large."));
  if (!is_whole) return refused(app, request, HttpError(400, "The form cannot be read."));
  if (!from.is_multipart_form_data()) request.form = parse_form(body);
  return router.answer(app, std::move(request));
}

void set_up_routes(HttpServer& server, App& app, const Router& router, const std::atomic<bool>& stopping) {
  const bool has_files = !app.options.files.empty() && server.set_mount_point("/static", app.options.files);
  if (!app.options.files.empty() && !has_files) log("static", "no folder " + app.options.files);
  server.set_pre_routing_handler([&, has_files](const httplib::Request& from, httplib::Response& to) {
    using Next = httplib::Server::HandlerResponse;
    if (from.method == "POST") return Next::Unhandled;
    const bool reads = from.method == "GET" || from.method == "HEAD";
    if (reads && HttpServer::ends_connection()) {
      write_response(Response{.status = 400, .type = "text/plain", .body = "A GET has no body.\n", .headers = {}}, to);
      return Next::Handled;
    }
    // A zero byte would end the name of the file, but not that by which the library chooses its type.
    const bool is_clean = from.path.find('\0') == std::string::npos;
    if (has_files && reads && is_clean && from.path.starts_with("/static/")) return Next::Unhandled;
    write_response(router.answer(app, request_of(from)), to);
    return Next::Handled;
  });
  server.Post(R"([\s\S]*)",
              [&](const httplib::Request& from, httplib::Response& to, const httplib::ContentReader& reader) {
                write_response(answer_post(app, router, from, reader), to);
              });
  server.set_post_routing_handler([&](const httplib::Request&, httplib::Response& to) {
    if (!stopping && !HttpServer::ends_connection()) return;
    to.headers.erase("Connection");
    to.headers.erase("Keep-Alive");
    to.set_header("Connection", "close");
  });
  server.set_error_handler([](const httplib::Request&, httplib::Response& to) {
    if (to.body.empty()) to.set_content(fmt::format("{}\n", to.status), "text/plain");
  });
}

/// Binds, and returns the port, or -1 with the reason logged.
int bind(HttpServer& server, const Options& options, int& listening_socket) {
  server.set_socket_options([&](int socket) {
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    listening_socket = socket;
  });
  int port = options.port;
  if (port == 0) {
    port = server.bind_to_any_port(options.host);
  } else if (!server.bind_to_port(options.host, port)) {
    port = -1;
  }
  // The library listens with a backlog of 5; a second listen(2) on the same socket only sets a better one.
  if (port >= 0) ::listen(listening_socket, kBacklog);
  if (port < 0) log("listen", fmt::format("cannot listen on {}:{}", options.host, options.port));
  return port;
}

}  // namespace

int serve(App& app, const Router& router) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // inherited by every thread: only sigwait below takes them

  HttpServer server;
  std::atomic<bool> stopping = false;
  set_up_routes(server, app, router, stopping);
  server.new_task_queue = [&] { return new httplib::ThreadPool(app.options.threads); };
  server.set_tcp_nodelay(true);
  server.set_keep_alive_timeout(kKeepAliveSeconds);
  server.set_keep_alive_max_count(kKeepAliveRequests);
  server.set_read_timeout(kReadSeconds);
  server.set_payload_max_length(kBodyLimit);
  // The library compresses for those who accept it; and a file is what its name says, whatever it looks like.
  server.set_default_headers(
      {{"X-Site-Node", app.options.node}, {"Vary", "Accept-Encoding"}, {"X-Content-Type-Options", "nosniff"}});

  int listening_socket = -1;
  const int port = bind(server, app.options, listening_socket);
  if (port < 0) return 1;
  log("listening", fmt::format("{}:{}", app.options.host, port));
  std::thread accepting([&] { server.listen_after_bind(); });
  int signal = 0;
  sigwait(&signals, &signal);
  stopping = true;
  while (!server.is_running()) std::this_thread::yield();  // a signal that came before the first accept
  server.stop();
  accepting.join();
  log("stopped", "all requests are answered");
  return 0;
}

}  // namespace site
