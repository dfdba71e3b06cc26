// SPDX-License-Identifier: Apache-2.0
// The parser of TOML goes down a level of its stack for each part of a key like `a.b.c`, however many there are: a file
// with a key of many thousand must not get that far.
#pragma once

#include <cstddef>
#include <string_view>

namespace tenfold::control {

/// Where in a TOML text a key has more parts than any that means something here; npos where none has. What is no TOML
/// may be anything.
std::size_t find_deep_key(std::string_view text);

}  // namespace tenfold::control
