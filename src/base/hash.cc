// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

// Keys are short: a call into a library costs as much as the hash. So it is compiled here, and inlined where it is
// used.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace tenfold {

std::uint64_t hash_of(std::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace tenfold
