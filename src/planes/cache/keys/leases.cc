// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/keys/leases.h"

#include <fmt/format.h>

namespace tenfold::cache {

Leases::Verdict Leases::take(std::uint64_t key, std::uint32_t client, Instant now, Duration length) {
  const auto known = leases_.find(key);
  if (known == leases_.end()) {
    if (leases_.size() >= kLeasesMost) return Verdict::kFree;
    Lease& lease = leases_[key];
    lease.client = client;
    lease.until = now + length;
    return Verdict::kLeased;
  }
  Lease& lease = known->second;
  if (lease.is_ours && lease.client == client && now < lease.until) return Verdict::kFree;
  if (now < lease.until) return Verdict::kWait;
  lease.client = client;
  lease.is_ours = true;
  lease.until = now + length;
  return Verdict::kLeased;
}

void Leases::give_away(std::uint64_t key) {
  const auto known = leases_.find(key);
  if (known != leases_.end()) known->second.is_ours = false;
}

void Leases::wait(std::uint64_t key, SecondTry& waiting) {
  leases_[key].waiting.push_back(waiting);
}

void Leases::end(std::uint64_t key, Instant now) {
  const auto known = leases_.find(key);
  if (known == leases_.end()) return;
  // Whoever tries again may come back here.
  IntrusiveList<SecondTry, WaitingTag> waiting;
  waiting.splice_back(known->second.waiting);
  leases_.erase(known);
  while (SecondTry* next = waiting.pop_front()) next->try_again(now);
}

void Leases::look_again(Instant now) {
  IntrusiveList<SecondTry, WaitingTag> looking;
  for (auto entry = leases_.begin(); entry != leases_.end();) {
    IntrusiveList<SecondTry, WaitingTag>& waiting = entry->second.waiting;
    if (waiting.empty() && now >= entry->second.until) {
      entry = leases_.erase(entry);
      continue;
    }
    ++entry;
    if (waiting.empty()) continue;
    do {
      looking.push_back(*waiting.pop_front());
    } while (!waiting.empty() && waiting.front().waits_until() <= now);
  }
  while (SecondTry* next = looking.pop_front()) next->try_again(now);
}

void Leases::end_all(Instant now) {
  while (!leases_.empty()) end(leases_.begin()->first, now);
}

std::string lease_item(std::uint64_t key) {
  return fmt::format("tenfold:lease:{:016x}", key);
}

}  // namespace tenfold::cache
