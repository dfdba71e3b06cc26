// SPDX-License-Identifier: Apache-2.0
// The Redis protocol towards clients: which node a command goes to, in what words, and what is answered here.
// Thread rule: one worker's thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "planes/cache/client/client.h"

namespace tenfold::cache {

/// Takes the request at the front of `bytes`; returns its size, or 0 when not all of it has come.
std::size_t take_redis(Client& client, std::string_view bytes);

}  // namespace tenfold::cache
