// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/redis/private.h"

namespace tenfold::cache {

RedisPrivate::~RedisPrivate() {
  if (blocking != nullptr) blocking->abandon();
}

void RedisPrivate::leave(bool gone) {
  if (blocking != nullptr && gone) blocking->abandon();
  if (blocking != nullptr && !gone) blocking->end_for_good();
  subscriptions.reset();
}

Link* RedisPrivate::link_to(Node& node, std::string& why) {
  PrivateLink* link = tracking->link_to(node, why);
  return link == nullptr ? nullptr : &link->link();
}

void RedisPrivate::reset() {
  name.clear();
  transaction.reset();
  tracking.reset();
  subscriptions.reset();
}

RedisPrivate* private_of(Client& client) {
  return static_cast<RedisPrivate*>(client.front_state());
}

RedisPrivate& make_private(Client& client) {
  if (client.front_state() == nullptr) client.keep(std::make_unique<RedisPrivate>());
  return *private_of(client);
}

void spoil_transaction(Client& client) {
  const RedisPrivate* own = private_of(client);
  if (own != nullptr && own->transaction && own->transaction->is_open()) own->transaction->spoil();
}

}  // namespace tenfold::cache
