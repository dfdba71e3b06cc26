// SPDX-License-Identifier: Apache-2.0
// What a fuzz target finds is an abort.
#pragma once

#include <cstdlib>

inline void require(bool condition) {
  if (!condition) std::abort();
}
