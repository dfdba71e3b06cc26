// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/redis_private.h"

namespace tenfold::cache {

RedisPrivate::~RedisPrivate() {
  if (blocking != nullptr) blocking->abandon();
}

void RedisPrivate::leave(bool gone) {
  if (blocking != nullptr && gone) blocking->abandon();
  if (blocking != nullptr && !gone) blocking->end_for_good();
  subscriptions.reset();
}

void RedisPrivate::reset() {
  name.clear();
  transaction.reset();
  subscriptions.reset();
}

}  // namespace tenfold::cache
