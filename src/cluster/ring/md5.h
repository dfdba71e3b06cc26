// SPDX-License-Identifier: Apache-2.0
// MD5 (RFC 1321), because ketama places nodes and keys by it. Never for secrets: it has been broken as a cryptographic
// hash since 2004.
// Thread rule: a pure function.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace tenfold::cluster {

/// The digest as its four words, the first byte of the digest being the lowest of the first word: just as ketama wants
/// it.
using Md5Words = std::array<std::uint32_t, 4>;

Md5Words md5(std::string_view bytes);

}  // namespace tenfold::cluster
