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
  for (Holder& holder : holders_) holder.look(now);
}

void ClientsMemory::look(Instant now) {
  if (!is_short() || now - looked_at_ < kLookInterval) return;
  look_at_all(now);
  const Instant since = now - kTakesNothing;
  while (bytes_ > most_) {
    Holder* found = worst(since);
    if (found == nullptr || !found->has_taken_nothing(since)) return;
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

// Of those who have taken nothing since then, or where there is none, of all: who holds the most.
Holder* ClientsMemory::worst(Instant since) {
  Holder* found = nullptr;
  const auto badness = [since](const Holder& holder) {
    return std::pair(holder.has_taken_nothing(since), holder.held_bytes());
  };
  for (Holder& holder : holders_) {
    if (found == nullptr || badness(holder) > badness(*found)) found = &holder;
  }
  return found;
}

// -- Holder --------------------------------------------------------------------------------------------------------

Holder::Holder(Flusher& flusher, LocalPtr<ClientsMemory> memory)
    : flusher_(flusher), memory_(std::move(memory)), outbox_(flusher, *this, memory_->bytes_) {
  memory_->holders_.push_back(*this);
}

Holder::~Holder() {
  memory_->bytes_ -= kept_bytes_;
}

void Holder::look(Instant now) {
  const std::uint64_t taken_bytes = outbox_.empty() ? taken_bytes_ : outbox_.taken_bytes();
  const bool is_same = !outbox_.empty() && taken_bytes == taken_bytes_ && taken_at_ != kNever;
  taken_bytes_ = taken_bytes;
  if (!is_same) taken_at_ = now;
}

void Holder::send_away(Instant since) {
  const std::string why =
      fmt::format("{} bytes are held for it, of {} for all clients of its worker, and it takes {}", held_bytes(),
                  memory_->bytes_, has_taken_nothing(since) ? "nothing" : "them too slowly");
  ListNode::unlink();
  outbox_.close();
  memory_->bytes_ -= std::exchange(kept_bytes_, 0);
  drop(why);
}

}  // namespace tenfold::cache
