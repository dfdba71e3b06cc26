// SPDX-License-Identifier: Apache-2.0
// A client whose request takes more than one step, done by a coroutine beside it. Until the coroutine ends, no further
// request of the client begins, and no ring changes. The client may go meanwhile.
// Thread rule: one worker's thread.
#pragma once

#include <utility>

#include "base/local_ptr.h"
#include "planes/cache/client/client.h"

namespace tenfold::cache {

class Turn {
 public:
  explicit Turn(Client& client)
      : handle_(client.handle()), endpoint_(&client.endpoint()), service_(client.endpoint().service) {
    client.pause();
    ++endpoint_->moves;
  }
  Turn(Turn&& other) noexcept = default;
  Turn& operator=(Turn&&) = delete;
  ~Turn() {
    if (!handle_) return;  // moved from
    --endpoint_->moves;
    if (handle_->client != nullptr) handle_->client->resume();
  }

  /// Null when it has gone.
  Client* client() const { return handle_->client; }
  Endpoint& endpoint() const { return *endpoint_; }
  /// As it was when the request came.
  CacheService& service() const { return *service_; }

 private:
  LocalPtr<ClientHandle> handle_;
  LocalPtr<Endpoint> endpoint_;
  LocalPtr<CacheService> service_;
};

}  // namespace tenfold::cache
