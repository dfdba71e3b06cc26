// SPDX-License-Identifier: Apache-2.0
// The smallest HTTP origin: answers every request head with the same response. For benchmarks only: it parses nothing.
//   origin PORT BODY_BYTES
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "loopback.h"

namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";

std::string make_response(std::size_t body_bytes) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(body_bytes) + "\r\n\r\n" +
         std::string(body_bytes, 'x');
}

// One read may hold several pipelined heads; a head is never split by the load generators used here.
void answer(int connection, const std::string& response) {
  static std::array<char, 64 * 1024> bytes;
  const ssize_t count = recv(connection, bytes.data(), bytes.size(), 0);
  if (count <= 0) {
    close(connection);
    return;
  }
  std::string_view heads(bytes.data(), static_cast<std::size_t>(count));
  for (std::size_t end = heads.find(kEndOfHead); end != heads.npos; end = heads.find(kEndOfHead)) {
    heads.remove_prefix(end + kEndOfHead.size());
    if (send(connection, response.data(), response.size(), MSG_NOSIGNAL) < 0) return;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: origin PORT BODY_BYTES\n");
    return 2;
  }
  const std::string response = make_response(std::strtoul(argv[2], nullptr, 10));
  const int listener = tenfold::bench::listen_on_loopback(std::strtol(argv[1], nullptr, 10));
  const int epoll = epoll_create1(0);
  tenfold::bench::watch(epoll, listener, EPOLLIN);
  std::array<epoll_event, 256> events;
  for (;;) {
    const int count = epoll_wait(epoll, events.data(), events.size(), -1);
    for (int i = 0; i < count; ++i) {
      const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
      if (descriptor != listener) {
        answer(descriptor, response);
        continue;
      }
      for (int client = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK); client >= 0;
           client = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) {
        tenfold::bench::send_at_once(client);
        tenfold::bench::watch(epoll, client, EPOLLIN);
      }
    }
  }
}
