// SPDX-License-Identifier: Apache-2.0
// The memcached text protocol towards clients (the binary one: binary_front.h): which node a request goes to, in what
// words, and what is answered here. Thread rule: one worker's thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "planes/cache/client/client.h"
#include "planes/cache/client/command.h"
#include "wire/memcached/request.h"

namespace tenfold::cache {

/// Takes the request at the front of `bytes`, in whichever protocol the client speaks; returns its size, or 0 when not
/// all of it has come.
std::size_t take_memcached(Client& client, std::string_view bytes);

/// The same in the text protocol.
std::size_t take_text(Client& client, std::string_view bytes);

/// Sends a whole request for keys to their owners, whatever may move.
void forward_memcached(Client& client, std::string_view whole);

/// A request's line without `noreply` or the flag q: every command is answered, so that replies can be told apart.
std::string answered_line(const memcached::Request& request);
/// What becomes of that reply.
ReplyRule rule_of(const memcached::Request& request);

}  // namespace tenfold::cache
