// SPDX-License-Identifier: Apache-2.0
// Where a server listens: an IPv4 or IPv6 address with a port, or the path of a Unix socket; or a part of Tenfold
// itself that stands among servers, which nobody connects to. A plain value; no name is ever looked up here.
#pragma once

#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace tenfold {

class Address {
 public:
  enum class Family : std::uint8_t { kIpv4, kIpv6, kUnix, kBuiltIn };

  /// "10.0.0.1:80", "[::1]:80", "unix:/run/app.sock", ":80" (all addresses of this machine), "*:80".
  /// "[::ffff:10.0.0.1]:80" is "10.0.0.1:80" (RFC 4291 section 2.5.5.2), here and from the kernel.
  /// The error is a sentence that says what is wrong and what would be right.
  static std::expected<Address, std::string> parse(std::string_view text);

  static Address ipv4(std::array<std::uint8_t, 4> octets, std::uint16_t port);
  /// What a worker holds of a cache that is built in ("built-in/2"); parse() does not read it.
  static Address built_in(std::uint16_t worker);
  static Address from_sockaddr(const sockaddr* raw, socklen_t size_bytes);

  Family family() const { return family_; }
  bool is_unix() const { return family_ == Family::kUnix; }
  bool is_built_in() const { return family_ == Family::kBuiltIn; }
  std::uint16_t port() const { return port_; }       // 0 for a Unix socket; of what is built in, the worker
  const std::string& path() const { return path_; }  // empty unless a Unix socket
  /// In network order; IPv4 uses the first four.
  const std::array<std::uint8_t, 16>& octets() const { return octets_; }

  bool is_loopback() const;
  /// True for 0.0.0.0 and ::, "all addresses of this machine".
  bool is_wildcard() const;

  /// The text that parse() reads back; "0.0.0.0:80" for ":80".
  std::string to_text() const;
  /// Without the port: "10.0.0.1", "::1", "unix:".
  std::string host_text() const;

  /// Fills `raw`; returns the size that bind() and connect() take. REQUIRES: not built in.
  socklen_t to_sockaddr(sockaddr_storage& raw) const;

  auto operator<=>(const Address&) const = default;

 private:
  void unmap();

  Family family_ = Family::kIpv4;
  std::uint16_t port_ = 0;
  std::array<std::uint8_t, 16> octets_{};
  std::string path_;
};

}  // namespace tenfold
