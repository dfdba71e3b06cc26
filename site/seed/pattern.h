// SPDX-License-Identifier: Apache-2.0
// Generated pictures: flat shapes on a soft ground, small as files, told apart at a glance.
#pragma once

#include <string>

#include "base/prng.h"

namespace site {

/// A PNG file of 480 x 360 pixels.
std::string pattern_png(tenfold::Prng& prng);

}  // namespace site
