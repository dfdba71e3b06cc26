// SPDX-License-Identifier: Apache-2.0
#include "site/platform/http_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace site {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kLinger{2};

thread_local bool keeps_connection = false;

/// Waits until the socket is ready for `events`, or has failed; false when the time is over.
bool wait_for(int socket, short events, std::chrono::milliseconds patience) {
  const Clock::time_point deadline = Clock::now() + patience;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd one{.fd = socket, .events = events, .revents = 0};
    const int ready = ::poll(&one, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

/// One connection. What was read beyond a request stays here for the next one.
class SocketStream final : public httplib::Stream {
 public:
  SocketStream(int socket, std::chrono::seconds read_patience, std::chrono::seconds write_patience)
      : socket_(socket), read_patience_(read_patience), write_patience_(write_patience) {}

  bool is_readable_within(std::chrono::milliseconds patience) const {
    return next_ < end_ || wait_for(socket_, POLLIN, patience);
  }
  bool is_readable() const override { return is_readable_within(read_patience_); }
  bool is_writable() const override { return wait_for(socket_, POLLOUT, write_patience_); }

  ssize_t read(char* to, size_t size) override {
    if (next_ == end_) {
      if (!is_readable()) return -1;
      const ssize_t received = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
      if (received <= 0) return received;
      next_ = 0;
      end_ = static_cast<std::size_t>(received);
    }
    const std::size_t taken = std::min(size, end_ - next_);
    std::memcpy(to, buffer_.data() + next_, taken);
    next_ += taken;
    return static_cast<ssize_t>(taken);
  }

  ssize_t write(const char* from, size_t size) override {
    return is_writable() ? ::send(socket_, from, size, MSG_NOSIGNAL) : -1;
  }

  // Nobody asks for addresses.
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return socket_; }

 private:
  const int socket_;
  const std::chrono::seconds read_patience_;
  const std::chrono::seconds write_patience_;
  std::array<char, 16 * 1024> buffer_;
  std::size_t next_ = 0;
  std::size_t end_ = 0;
};

/// Says whether all of the request will be read, and takes from it what the library would misunderstand.
bool prepare(httplib::Request& request) {
  const std::size_t lengths = request.get_header_value_count("Content-Length");
  const std::size_t codings = request.get_header_value_count("Transfer-Encoding");
  // The library would cut a page to its ranges, and call the part the whole.
  if (!request.path.starts_with("/static/")) request.ranges.clear();
  const bool is_empty = lengths == 0 || (lengths == 1 && request.get_header_value("Content-Length") == "0");
  if (request.method != "POST") return codings == 0 && is_empty;
  // Without a length there is no body (RFC 9112, section 6.3); the library would read until the client goes.
  if (lengths + codings == 0) request.set_header("Content-Length", "0");
  return lengths + codings <= 1;
}

/// Takes what the client still sends, for a while: if it were reset now, it might lose the answer.
void let_client_read(int socket) {
  ::shutdown(socket, SHUT_WR);
  const Clock::time_point deadline = Clock::now() + kLinger;
  std::array<char, 16 * 1024> dropped;
  for (auto left = deadline - Clock::now(); left.count() > 0; left = deadline - Clock::now()) {
    if (!wait_for(socket, POLLIN, std::chrono::ceil<std::chrono::milliseconds>(left))) return;
    if (::recv(socket, dropped.data(), dropped.size(), 0) <= 0) return;
  }
}

}  // namespace

void HttpServer::end_connection() {
  keeps_connection = false;
}

bool HttpServer::ends_connection() {
  return !keeps_connection;
}

bool HttpServer::process_and_close_socket(socket_t socket) {
  SocketStream stream(socket, std::chrono::seconds(read_timeout_sec_), std::chrono::seconds(write_timeout_sec_));
  const std::chrono::seconds idle(keep_alive_timeout_sec_);
  bool is_good = true;
  for (std::size_t left = keep_alive_max_count_; left > 0 && svr_sock_ != INVALID_SOCKET; --left) {
    if (!stream.is_readable_within(idle)) break;
    keeps_connection = false;  // so it stays for a head that cannot be read
    bool is_asked_to_close = false;
    is_good = process_request(stream, left == 1, is_asked_to_close,
                              [](httplib::Request& request) { keeps_connection = prepare(request); });
    if (is_good && !keeps_connection) let_client_read(socket);
    if (!is_good || !keeps_connection || is_asked_to_close) break;
  }
  ::close(socket);
  return is_good;
}

}  // namespace site
