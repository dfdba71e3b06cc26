// SPDX-License-Identifier: Apache-2.0
#include "base/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>

#include "base/assert.h"
#include "base/bytes.h"

namespace tenfold {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr std::size_t kUnixPathBytesMost = sizeof(sockaddr_un{}.sun_path) - 1;

std::expected<Address, std::string> bad(std::string_view text, std::string_view why) {
  return std::unexpected(
      fmt::format("'{}' is not an address: {}; write IP:PORT, [IPv6]:PORT or unix:/path", text, why));
}

// A URL cannot name such a path: the segment is resolved on the way.
bool has_dot_segment(std::string_view path) {
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view segment = path.substr(begin, end - begin);
    if (segment == "." || segment == "..") return true;
    begin = end + 1;
  }
  return false;
}

}  // namespace

std::expected<Address, std::string> Address::parse(std::string_view text) {
  Address address;
  if (text.starts_with(kUnixPrefix)) {
    const std::string_view path = text.substr(kUnixPrefix.size());
    if (path.empty() || path.front() != '/') return bad(text, "the path of a Unix socket starts with '/'");
    if (path.size() > kUnixPathBytesMost)
      return bad(text, fmt::format("the path is over {} bytes", kUnixPathBytesMost));
    if (path.find('\0') != path.npos) return bad(text, "the path holds a NUL byte");
    if (has_dot_segment(path)) return bad(text, "the path holds '.' or '..'");
    address.family_ = Family::kUnix;
    address.path_ = path;
    return address;
  }
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos) return bad(text, "the port is missing");
  const auto port = parse_decimal(text.substr(colon + 1));
  if (!port || *port > 65535) return bad(text, "a port is a number from 0 to 65535");
  address.port_ = static_cast<std::uint16_t>(*port);
  std::string host(text.substr(0, colon));
  if (host.empty() || host == "*") return address;
  if (host.front() == '[') {
    if (host.back() != ']') return bad(text, "the bracket of the IPv6 address is not closed");
    address.family_ = Family::kIpv6;
    if (inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), address.octets_.data()) != 1)
      return bad(text, "what stands in brackets is not an IPv6 address");
    address.unmap();
    return address;
  }
  if (inet_pton(AF_INET, host.c_str(), address.octets_.data()) == 1) return address;
  if (host.find(':') != host.npos) return bad(text, "an IPv6 address stands in brackets");
  return bad(text, "host names are not looked up");
}

void Address::unmap() {
  in6_addr ipv6;
  std::memcpy(&ipv6, octets_.data(), sizeof ipv6);
  if (!IN6_IS_ADDR_V4MAPPED(&ipv6)) return;
  std::ranges::copy(std::span(octets_).last<4>(), octets_.begin());
  std::ranges::fill(std::span(octets_).subspan<4>(), 0);
  family_ = Family::kIpv4;
}

Address Address::ipv4(std::array<std::uint8_t, 4> octets, std::uint16_t port) {
  Address address;
  std::ranges::copy(octets, address.octets_.begin());
  address.port_ = port;
  return address;
}

Address Address::built_in(std::uint16_t worker) {
  Address address;
  address.family_ = Family::kBuiltIn;
  address.port_ = worker;
  return address;
}

Address Address::from_sockaddr(const sockaddr* raw, socklen_t size_bytes) {
  Address address;
  if (raw->sa_family == AF_INET && size_bytes >= sizeof(sockaddr_in)) {
    sockaddr_in in;
    std::memcpy(&in, raw, sizeof in);
    std::memcpy(address.octets_.data(), &in.sin_addr, 4);
    address.port_ = ntohs(in.sin_port);
  } else if (raw->sa_family == AF_INET6 && size_bytes >= sizeof(sockaddr_in6)) {
    sockaddr_in6 in;
    std::memcpy(&in, raw, sizeof in);
    address.family_ = Family::kIpv6;
    std::memcpy(address.octets_.data(), &in.sin6_addr, 16);
    address.port_ = ntohs(in.sin6_port);
    address.unmap();
  } else {
    address.family_ = Family::kUnix;
    const auto offset = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path));
    if (size_bytes > offset) {
      const char* path = reinterpret_cast<const char*>(raw) + offset;
      address.path_.assign(path, strnlen(path, size_bytes - offset));
    }
  }
  return address;
}

bool Address::is_loopback() const {
  switch (family_) {
    case Family::kIpv4:
      return octets_[0] == 127;
    case Family::kIpv6: {
      std::array<std::uint8_t, 16> one{};
      one[15] = 1;
      return octets_ == one;
    }
    case Family::kUnix:
    case Family::kBuiltIn:
      return true;
  }
  return false;
}

bool Address::is_wildcard() const {
  return (family_ == Family::kIpv4 || family_ == Family::kIpv6) &&
         std::ranges::all_of(octets_, [](std::uint8_t octet) { return octet == 0; });
}

std::string Address::host_text() const {
  char text[INET6_ADDRSTRLEN];
  switch (family_) {
    case Family::kIpv4:
      return inet_ntop(AF_INET, octets_.data(), text, sizeof text);
    case Family::kIpv6:
      return inet_ntop(AF_INET6, octets_.data(), text, sizeof text);
    case Family::kUnix:
      break;
    case Family::kBuiltIn:
      return "built-in";
  }
  return std::string(kUnixPrefix);
}

std::string Address::to_text() const {
  switch (family_) {
    case Family::kIpv4:
      return fmt::format("{}:{}", host_text(), port_);
    case Family::kIpv6:
      return fmt::format("[{}]:{}", host_text(), port_);
    case Family::kUnix:
      break;
    case Family::kBuiltIn:
      return fmt::format("{}/{}", host_text(), port_);
  }
  return std::string(kUnixPrefix) + path_;
}

socklen_t Address::to_sockaddr(sockaddr_storage& raw) const {
  TENFOLD_ASSERT(!is_built_in(), "nobody connects to what is built in");
  std::memset(&raw, 0, sizeof raw);
  switch (family_) {
    case Family::kIpv4: {
      sockaddr_in in{};
      in.sin_family = AF_INET;
      in.sin_port = htons(port_);
      std::memcpy(&in.sin_addr, octets_.data(), 4);
      std::memcpy(&raw, &in, sizeof in);
      return sizeof in;
    }
    case Family::kIpv6: {
      sockaddr_in6 in{};
      in.sin6_family = AF_INET6;
      in.sin6_port = htons(port_);
      std::memcpy(&in.sin6_addr, octets_.data(), 16);
      std::memcpy(&raw, &in, sizeof in);
      return sizeof in;
    }
    case Family::kUnix:
    case Family::kBuiltIn:
      break;
  }
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  std::memcpy(un.sun_path, path_.data(), path_.size());
  std::memcpy(&raw, &un, sizeof un);
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path_.size() + 1);
}

}  // namespace tenfold
