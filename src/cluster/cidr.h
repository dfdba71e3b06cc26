// SPDX-License-Identifier: Apache-2.0
// A block of addresses, "10.0.0.0/8" or "2001:db8::/32"; a lone address is a block of one.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/address.h"

namespace tenfold::cluster {

class Cidr {
 public:
  /// The error is a sentence for people.
  static std::expected<Cidr, std::string> parse(std::string_view text);

  /// Never true for a Unix socket.
  bool contains(const Address& address) const;

 private:
  Address base_;
  unsigned prefix_bits_ = 0;
};

}  // namespace tenfold::cluster
