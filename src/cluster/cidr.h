// SPDX-License-Identifier: Apache-2.0
// A block of addresses, "10.0.0.0/8" or "2001:db8::/32"; a lone address is a block of one. The word "unix:" is the
// block of all that come over Unix sockets: they have no address, and who may connect is for the socket's file to say.
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

  bool contains(const Address& address) const;

 private:
  bool is_of_unix_sockets_ = false;  // then the rest means nothing
  Address base_;
  unsigned prefix_bits_ = 0;
};

}  // namespace tenfold::cluster
