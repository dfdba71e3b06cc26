// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/links/moving_keys.h"

namespace tenfold::cache {

MovingKeys::Taken MovingKeys::take(const Ring& ring, std::span<const std::string> keys) {
  const std::lock_guard lock(mutex_);
  Service& service = services_[std::string(ring.service)];
  if (service.move_user != ring.move_user) {
    if (ring.version < service.version) return Taken::kBrokenOff;
    service.keys.clear();
    service.move_user = ring.move_user;
  }
  service.version = std::max(service.version, ring.version);
  for (const std::string& key : keys) {
    const auto found = service.keys.find({ring.database, key});
    if (found != service.keys.end()) return found->second == State::kMoves ? Taken::kBusy : Taken::kBrokenOff;
  }
  for (const std::string& key : keys) service.keys[{ring.database, key}] = State::kMoves;
  return Taken::kAll;
}

MovingKeys::Service* MovingKeys::find(const Ring& ring) {
  const auto service = services_.find(ring.service);
  return service == services_.end() || service->second.move_user != ring.move_user ? nullptr : &service->second;
}

void MovingKeys::give_back(const Ring& ring, std::span<const std::string> keys) {
  const std::lock_guard lock(mutex_);
  Service* service = find(ring);
  if (service == nullptr) return;
  for (const std::string& key : keys) service->keys.erase({ring.database, key});
}

void MovingKeys::break_off(const Ring& ring, std::span<const std::string> keys) {
  if (ring.move_user.empty()) return give_back(ring, keys);
  const std::lock_guard lock(mutex_);
  Service* service = find(ring);
  if (service == nullptr) return;
  for (const std::string& key : keys) service->keys[{ring.database, key}] = State::kBrokenOff;
}

}  // namespace tenfold::cache
