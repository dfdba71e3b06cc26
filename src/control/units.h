// SPDX-License-Identifier: Apache-2.0
// Times and sizes as people write them: "250ms", "1h", "64MiB".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace tenfold::control {

/// A whole number and one of us, ms, s, m, h; nullopt for anything else, or when it overflows.
std::optional<Duration> parse_duration(std::string_view text);

/// A whole number and one of B, KiB, MiB, GiB; nullopt for anything else, or when it overflows.
std::optional<std::uint64_t> parse_size(std::string_view text);
std::string size_text(std::uint64_t size_bytes);

}  // namespace tenfold::control
