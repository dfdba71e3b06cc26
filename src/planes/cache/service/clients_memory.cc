// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/service/clients_memory.h"

#include <fmt/format.h>

#include <string>

namespace tenfold::cache {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLookInterval = 100ms;
constexpr Duration kTakesNothing = 1s;

}  // namespace

// -- ClientsMemory -------------------------------------------------------------------------------------------------

void ClientsMemory::look_at_all(Instant now) {
  looked_at_ = now;
  for (const Holder& holder : holders_) {
    if (holder.outbox_.empty()) {
      looks_.erase(&holder);
      continue;
    }
    const std::uint64_t taken_bytes = holder.outbox_.taken_bytes();
    const auto [look, is_first] = looks_.try_emplace(&holder, taken_bytes, now);
    if (!is_first && look->second.taken_bytes != taken_bytes) look->second = {.taken_bytes = taken_bytes, .since = now};
  }
}

void ClientsMemory::look(Instant now) {
  if (!is_short()) return looks_.clear();
  if (now - looked_at_ < kLookInterval) return;
  look_at_all(now);
  const Instant since = now - kTakesNothing;
  while (bytes_ > most_) {
    Holder* found = worst(since);
    if (found == nullptr || !has_taken_nothing(*found, since)) return;
    found->send_away(since);
  }
}

void ClientsMemory::relieve(Instant now) {
  if (now - looked_at_ >= kLookInterval) look_at_all(now);
  const Instant since = looked_at_ - Duration(1);
  while (is_over()) {
    Holder* found = worst(since);
    if (found == nullptr) return;
    found->send_away(since);
  }
}

bool ClientsMemory::has_taken_nothing(const Holder& holder, Instant since) const {
  const auto look = looks_.find(&holder);
  return look != looks_.end() && look->second.since <= since && !holder.outbox_.empty();
}

// Of those who have taken nothing since then, or where there is none, of all: who holds the most.
Holder* ClientsMemory::worst(Instant since) {
  Holder* found = nullptr;
  const auto badness = [this, since](const Holder& holder) {
    return std::pair(has_taken_nothing(holder, since), holder.held_bytes());
  };
  for (Holder& holder : holders_) {
    if (found == nullptr || badness(holder) > badness(*found)) found = &holder;
  }
  return found;
}

// -- Holder --------------------------------------------------------------------------------------------------------

Holder::Holder(Flusher& flusher, LocalPtr<ClientsMemory> memory)
    : memory_(std::move(memory)), outbox_(flusher, *this, memory_->bytes_) {
  memory_->holders_.push_back(*this);
}

Holder::~Holder() {
  memory_->looks_.erase(this);
  memory_->bytes_ -= kept_bytes_;
}

void Holder::send_away(Instant since) {
  const std::string why =
      fmt::format("{} bytes are held for it, of {} for all clients of its worker, and it takes {}", held_bytes(),
                  memory_->bytes_, memory_->has_taken_nothing(*this, since) ? "nothing" : "them too slowly");
  ListNode::unlink();
  memory_->looks_.erase(this);
  outbox_.close();
  memory_->bytes_ -= std::exchange(kept_bytes_, 0);
  drop(why);
}

}  // namespace tenfold::cache
