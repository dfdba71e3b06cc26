// SPDX-License-Identifier: Apache-2.0
// Tells that a client went away while its request waits for a node, or is with one: nobody would take the answer any
// more. A client that only sends no more may still wait for it, and counts as gone where abort_on_close says so.
// Thread rule: one worker's thread.
#pragma once

#include "planes/web/exchange.h"
#include "runtime/io.h"
#include "runtime/stop.h"

namespace tenfold::web {

class ClientWatch {
 public:
  /// From now on, until it is destroyed. `exchange` and `parent` outlive this.
  ClientWatch(Exchange& exchange, runtime::Stop& parent) : exchange_(exchange), gone_(parent) {
    const runtime::PeerEnd end =
        exchange.settings().abort_on_close ? runtime::PeerEnd::kSending : runtime::PeerEnd::kConnection;
    exchange.io().stop_at_end(exchange.connection.socket, &gone_, end);
  }
  ClientWatch(const ClientWatch&) = delete;
  ClientWatch& operator=(const ClientWatch&) = delete;
  ~ClientWatch() { exchange_.io().stop_at_end(exchange_.connection.socket, nullptr); }

  /// Requested with its parent, and when the client has gone.
  runtime::Stop& gone() { return gone_; }

 private:
  Exchange& exchange_;
  runtime::Stop gone_;
};

}  // namespace tenfold::web
