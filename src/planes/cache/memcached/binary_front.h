// SPDX-License-Identifier: Apache-2.0
// The binary protocol of memcached towards clients. Each of its requests is one request of the text protocol, and goes
// the way of those (front.h); its reply is translated when its turn has come. Nodes never see the binary protocol,
// which memcached itself is about to give up.
// Thread rule: one worker's thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "planes/cache/client/client.h"

namespace tenfold::cache {

/// The client speaks the binary protocol from now on. REQUIRES: it has nothing under way.
void begin_binary(Client& client);

/// Takes the request at the front of `bytes`; returns its size, or 0 when not all of it has come. REQUIRES: the client
/// speaks the binary protocol.
std::size_t take_binary(Client& client, std::string_view bytes);

}  // namespace tenfold::cache
