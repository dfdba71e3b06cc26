// SPDX-License-Identifier: Apache-2.0
// A node as a ring sees it: what names it, and how much of the keys it is to own.
// Thread rule: a value.
#pragma once

#include <cstdint>
#include <string>

namespace tenfold::cluster {

struct RingNode {
  std::string host{};  // as clients spell it: rings hash the text
  std::uint16_t port = 0;
  std::string name{};        // instead of host and port, for the rings that know names; may be empty
  std::uint32_t weight = 1;  // 0 owns nothing
};

}  // namespace tenfold::cluster
