// SPDX-License-Identifier: Apache-2.0
// A bare relay: copies bytes from each connection to one of its own to the node, and back. It parses, balances, pools
// and times nothing: the floor that every proxy in user space pays to the kernel.
//   relay PORT NODE_PORT
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "loopback.h"

namespace {

std::array<int, 1 << 17> peer_of;  // by descriptor; 0 where there is none

void accept_pairs(int epoll, int listener, long node_port) {
  for (int client = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK); client >= 0;
       client = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) {
    const int node = tenfold::bench::connect_to_loopback(node_port);
    if (node < 0) {
      close(client);
      continue;
    }
    peer_of[static_cast<std::size_t>(client)] = node;
    peer_of[static_cast<std::size_t>(node)] = client;
    for (int descriptor : {client, node}) {
      tenfold::bench::send_at_once(descriptor);
      tenfold::bench::watch(epoll, descriptor, EPOLLIN | EPOLLOUT | EPOLLET);
    }
  }
}

// What a socket has not taken yet, by descriptor; nothing is read for it meanwhile.
std::map<int, std::string> waiting;

// False when the connection has ended, or the other side has to wait.
bool copy_once(int from) {
  static std::array<char, 64 * 1024> bytes;
  int& to = peer_of[static_cast<std::size_t>(from)];
  if (to == 0 || waiting.contains(to)) return false;
  const ssize_t count = recv(from, bytes.data(), bytes.size(), 0);
  if (count < 0 && errno == EAGAIN) return false;
  if (count <= 0) {
    peer_of[static_cast<std::size_t>(to)] = 0;
    waiting.erase(from);
    close(to);
    close(from);
    to = 0;
    return false;
  }
  const ssize_t sent = std::max<ssize_t>(send(to, bytes.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL), 0);
  if (sent < count) waiting[to].assign(bytes.data() + sent, static_cast<std::size_t>(count - sent));
  return static_cast<std::size_t>(count) == bytes.size();
}

void copy(int from) {
  while (copy_once(from)) {
  }
}

void send_waiting(int to) {
  const auto found = waiting.find(to);
  if (found == waiting.end()) return;
  const ssize_t sent = send(to, found->second.data(), found->second.size(), MSG_NOSIGNAL);
  found->second.erase(0, static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
  if (!found->second.empty()) return;
  waiting.erase(found);
  copy(peer_of[static_cast<std::size_t>(to)]);
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
        if ((events[static_cast<std::size_t>(i)].events & EPOLLOUT) != 0) send_waiting(descriptor);
        copy(descriptor);
      }
    }
  }
}
