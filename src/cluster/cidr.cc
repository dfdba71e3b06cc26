// SPDX-License-Identifier: Apache-2.0
#include "cluster/cidr.h"

#include <fmt/format.h>

#include "base/bytes.h"

namespace tenfold::cluster {
namespace {

constexpr std::string_view kOfUnixSockets = "unix:";
constexpr unsigned kMappedBits = 96;  // of ::ffff:0:0/96, in front of an IPv4 address (RFC 4291 section 2.5.5.2)

}  // namespace

std::expected<Cidr, std::string> Cidr::parse(std::string_view text) {
  Cidr block;
  if (text == kOfUnixSockets) {
    block.is_of_unix_sockets_ = true;
    return block;
  }
  const std::size_t slash = text.find('/');
  const std::string_view host = text.substr(0, slash);
  const bool is_ipv6 = host.find(':') != host.npos;
  const auto base = Address::parse(is_ipv6 ? fmt::format("[{}]:0", host) : fmt::format("{}:0", host));
  if (!base || host.empty() || host == "*")
    return std::unexpected(fmt::format("'{}' is not a block of addresses like 10.0.0.0/8, nor \"{}\" for Unix sockets",
                                       text, kOfUnixSockets));
  const unsigned most = is_ipv6 ? 128 : 32;
  std::uint64_t prefix_bits = most;
  if (slash != text.npos) {
    const auto bits = parse_decimal(text.substr(slash + 1));
    if (!bits || *bits > most)
      return std::unexpected(fmt::format("'{}': the part behind '/' is a number from 0 to {}", text, most));
    prefix_bits = *bits;
  }
  block.base_ = *base;
  if (is_ipv6 && base->family() == Address::Family::kIpv4) {
    if (prefix_bits < kMappedBits)
      return std::unexpected(fmt::format("'{}': IPv4 in IPv6 has a prefix of at least {} bits", text, kMappedBits));
    prefix_bits -= kMappedBits;
  }
  block.prefix_bits_ = static_cast<unsigned>(prefix_bits);
  return block;
}

bool Cidr::contains(const Address& address) const {
  if (is_of_unix_sockets_ || address.is_unix()) return is_of_unix_sockets_ && address.is_unix();
  if (address.family() != base_.family()) return false;
  const auto& ours = base_.octets();
  const auto& theirs = address.octets();
  const unsigned whole = prefix_bits_ / 8;
  for (unsigned i = 0; i < whole; ++i) {
    if (ours[i] != theirs[i]) return false;
  }
  const unsigned rest = prefix_bits_ % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff << (8 - rest));
  return (ours[whole] & mask) == (theirs[whole] & mask);
}

}  // namespace tenfold::cluster
