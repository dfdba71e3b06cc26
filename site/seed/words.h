// SPDX-License-Identifier: Apache-2.0
// Names and sentences that read like a shop's, from a generator of random numbers: the same seed, the same shop.
#pragma once

#include <string>

#include "base/prng.h"

namespace site {

struct ProductText {
  std::string category;
  std::string name;
  std::string description;
  std::int64_t price_cents;
};

ProductText product_text(tenfold::Prng& prng);

std::string thread_title(tenfold::Prng& prng);
std::string post_text(tenfold::Prng& prng);

}  // namespace site
