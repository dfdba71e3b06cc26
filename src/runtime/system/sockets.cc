// SPDX-License-Identifier: Apache-2.0
#include "runtime/system/sockets.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/limits.h"

namespace tenfold::runtime::system {
namespace {

constexpr int kDeferAcceptSeconds = 5;

void set_option(int descriptor, int level, int option, int value) {
  setsockopt(descriptor, level, option, &value, sizeof value);
}

// Of a listener; what it accepts inherits the first.
void set_tcp_options(int listener) {
  set_option(listener, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, kDeferAcceptSeconds);
}

Result<int> open_socket(const Address& address) {
  int family = AF_UNIX;
  if (address.family() == Address::Family::kIpv4) family = AF_INET;
  if (address.family() == Address::Family::kIpv6) family = AF_INET6;
  const int descriptor = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return fail_errno(errno, "socket");
  return descriptor;
}

// True when the file is a socket that refuses connections: left behind by a process that ended.
bool is_stale_socket(const Address& address) {
  struct stat info;
  if (lstat(address.path().c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return false;
  const Result<int> probe = open_socket(address);
  if (!probe) return false;
  sockaddr_storage raw;
  const socklen_t size = address.to_sockaddr(raw);
  const bool refused = connect(*probe, reinterpret_cast<sockaddr*>(&raw), size) != 0 && errno == ECONNREFUSED;
  ::close(*probe);
  return refused;
}

Status bind_and_listen(int descriptor, const Address& address, SocketMode mode) {
  sockaddr_storage raw;
  const socklen_t size = address.to_sockaddr(raw);
  if (bind(descriptor, reinterpret_cast<sockaddr*>(&raw), size) != 0) {
    if (errno != EADDRINUSE || !address.is_unix() || !is_stale_socket(address)) return fail_errno(errno, "bind");
    unlink(address.path().c_str());
    if (bind(descriptor, reinterpret_cast<sockaddr*>(&raw), size) != 0) return fail_errno(errno, "bind");
  }
  // Who connects before listen() is refused, whatever the umask was. What somebody may have put in the file's place is
  // left as it is where it is a link.
  if (address.is_unix() && mode == SocketMode::kOwnerAndGroup &&
      fchmodat(AT_FDCWD, address.path().c_str(), 0660, AT_SYMLINK_NOFOLLOW) != 0)
    return fail_errno(errno, "chmod");
  if (listen(descriptor, limits::kListenBacklog) != 0) return fail_errno(errno, "listen");
  return {};
}

using NameCall = int (*)(int, sockaddr*, socklen_t*);

Address address_by(NameCall call, int descriptor) {
  sockaddr_storage raw{};
  socklen_t size = sizeof raw;
  if (call(descriptor, reinterpret_cast<sockaddr*>(&raw), &size) != 0) return {};
  return Address::from_sockaddr(reinterpret_cast<sockaddr*>(&raw), size);
}

}  // namespace

Result<int> open_listener(const Address& address, SocketMode mode) {
  const Result<int> descriptor = open_socket(address);
  if (!descriptor) return descriptor;
  if (!address.is_unix()) {
    set_option(*descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
    set_tcp_options(*descriptor);
    if (address.family() == Address::Family::kIpv6) set_option(*descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  }
  const Status listening = bind_and_listen(*descriptor, address, mode);
  if (!listening) {
    ::close(*descriptor);
    return std::unexpected(listening.error());
  }
  return descriptor;
}

Status prepare_listener(int descriptor) {
  const int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0)
    return fail_errno(errno, "inherited listener");
  if (!local_address(descriptor).is_unix()) set_tcp_options(descriptor);
  return {};
}

int accept_waiting(int listener) {
  for (;;) {
    const int descriptor = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) return descriptor;
    // A connection that ended while it waited in the queue is none of the caller's business.
    if (errno != ECONNABORTED && errno != EINTR) return -errno;
  }
}

Result<int> open_stream(const Address& address) {
  const Result<int> descriptor = open_socket(address);
  if (!descriptor || address.is_unix()) return descriptor;
  set_option(*descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(*descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(*descriptor, IPPROTO_TCP, TCP_KEEPIDLE, limits::kKeepAliveAfter_s);
  set_option(*descriptor, IPPROTO_TCP, TCP_KEEPINTVL, limits::kKeepAliveEvery_s);
  set_option(*descriptor, IPPROTO_TCP, TCP_KEEPCNT, limits::kKeepAliveTries);
  return descriptor;
}

Address local_address(int descriptor) {
  return address_by(getsockname, descriptor);
}

Address peer_address(int descriptor) {
  return address_by(getpeername, descriptor);
}

std::uint64_t bytes_under_way(int descriptor) {
  int count = 0;
  return ioctl(descriptor, SIOCOUTQ, &count) == 0 && count > 0 ? static_cast<std::uint64_t>(count) : 0;
}

void reset_on_close(int descriptor) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace tenfold::runtime::system
