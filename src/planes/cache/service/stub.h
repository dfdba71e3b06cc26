// SPDX-License-Identifier: Apache-2.0
// Empty items that were claimed for a key on its way from one node to another (memcached/carry.h), and that nobody will
// fill: the one who claimed it has failed. They go by themselves after some seconds; a client that meets one gets a
// miss, for nobody ever stored that. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "planes/cache/service/lookup.h"

namespace tenfold::cache {

/// A whole reply to a lookup, without what may be such an item (an empty value without flags; of a meta command, one
/// that somebody else has won); empty when there is none in it, and the reply stands.
std::string without_stubs(Lookup lookup, std::string_view reply);

}  // namespace tenfold::cache
