// SPDX-License-Identifier: Apache-2.0
// Replays a trace through a model, for the test that compares it with the real server (tests/cache_model_test.py). The
// trace comes on standard input, the replies go to standard output, each in the order of the requests:
//
//   MILLISECONDS SERVER SIZE\n REQUEST        SIZE\n REPLY
//
// MILLISECONDS is the time of the calendar; SERVER one of several of the same kind, which MIGRATE names as the port.
#pragma once

#include <string_view>

namespace tenfold::simulator {

/// `kind` is "memcached" or "redis", which may want a password. The exit code: 0, or 2 for a trace that makes no sense.
int replay_model(std::string_view kind, std::string_view password);

}  // namespace tenfold::simulator
