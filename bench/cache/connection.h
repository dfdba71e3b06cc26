// SPDX-License-Identifier: Apache-2.0
// A client's connection to a cache, for the load programs. Not usable any more once a call has failed.
// Thread rule: the loop's thread.
#pragma once

#include <optional>
#include <string_view>

#include "base/address.h"
#include "cache/wire.h"
#include "runtime/io.h"
#include "runtime/task.h"

namespace tenfold::bench {

class Connection {
 public:
  /// `io` outlives this. Every wait ends after `timeout`.
  Connection(runtime::Io& io, Protocol protocol, Duration timeout) : io_(io), timeout_(timeout), replies_(protocol) {}

  runtime::Task<Status> open(Address target);
  runtime::Task<Status> send(std::string_view bytes);
  /// The next whole reply, good until the next call.
  runtime::Task<Result<std::string_view>> reply();

 private:
  runtime::Wait wait() const { return {io_.now() + timeout_, nullptr}; }

  runtime::Io& io_;
  Duration timeout_;
  runtime::Socket socket_;
  ReplyStream replies_;
};

}  // namespace tenfold::bench
