// SPDX-License-Identifier: Apache-2.0
// A bare relay: copies bytes from each connection to one of its own to the node, and back. It parses, balances, pools
// and times nothing: the floor that every proxy in user space pays to the kernel.
//   relay PORT NODE_PORT
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "loopback.h"

namespace {

std::array<int, 1 << 17> peer_of;  // by descriptor; 0 where there is none

void accept_pairs(int epoll, int listener, long node_port) {
  for (int client = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK); client >= 0;
       client = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) {
    const int node = tenfold::bench::connect_to_loopback(node_port);
    peer_of[static_cast<std::size_t>(client)] = node;
    peer_of[static_cast<std::size_t>(node)] = client;
    for (int descriptor : {client, node}) {
      tenfold::bench::send_at_once(descriptor);
      tenfold::bench::watch(epoll, descriptor, EPOLLIN | EPOLLET);
    }
  }
}

void copy(int from) {
  static std::array<char, 64 * 1024> bytes;
  int& to = peer_of[static_cast<std::size_t>(from)];
  const ssize_t count = recv(from, bytes.data(), bytes.size(), 0);
  if (count > 0) {
    send(to, bytes.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL);
  } else if (to != 0) {
    peer_of[static_cast<std::size_t>(to)] = 0;
    close(to);
    close(from);
    to = 0;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: relay PORT NODE_PORT\n");
    return 2;
  }
  const int listener = tenfold::bench::listen_on_loopback(std::strtol(argv[1], nullptr, 10));
  const long node_port = std::strtol(argv[2], nullptr, 10);
  const int epoll = epoll_create1(0);
  tenfold::bench::watch(epoll, listener, EPOLLIN);
  std::array<epoll_event, 256> events;
  for (;;) {
    const int count = epoll_wait(epoll, events.data(), events.size(), -1);
    for (int i = 0; i < count; ++i) {
      const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
      if (descriptor == listener) {
        accept_pairs(epoll, listener, node_port);
      } else {
        copy(descriptor);
      }
    }
  }
}
