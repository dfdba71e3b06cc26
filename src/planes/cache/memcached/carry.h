// SPDX-License-Identifier: Apache-2.0
// Takes one key of memcached over from the node that had it (the source) to the node that has it now (the owner), so
// that no write is lost and no old value comes back, whatever other workers, proxies and clients do meanwhile.
//
//   owner   mg KEY … N5          a hit: it is here already. A miss leaves an empty item, and the right to fill it (W)
//   source  mg KEY v f t c       the value, its flags, and the time that it still has
//   owner   ms KEY … C<claim>    fills the empty item, if that is still the same: a delete or a write in between wins
//   source  md KEY C<item>       the copy goes, if it is still the same
//
// What the owner refuses to hold (too large, or no memory for it) is in the cache no longer.
//
// Whoever deletes or writes a key does so at the source first and at the owner then; so a value that is read at the
// source after that is none, and one that was read before does not find its empty item any more. Facts of memcached
// 1.6.18 (doc/protocol.txt, "Meta Get", and tests/cache_move_test.py, which asks it).
// Thread rule: one worker's thread.
#pragma once

#include <cstdint>
#include <string>

#include "planes/cache/links/link.h"
#include "runtime/io.h"
#include "runtime/task.h"
#include "wire/memcached/request.h"

namespace tenfold::cache {

enum class CarryFor : std::uint8_t {
  kReading,   // a value is enough, wherever it is
  kChanging,  // what follows changes the item: it must be at the owner alone, if it is anywhere
};

struct Carried {
  enum class State : std::uint8_t { kPresent, kAbsent, kFailed };
  State state = State::kAbsent;
  bool moved = false;  // by this call
  std::string value;
  std::string flags;   // of the client, as a number
  std::string unique;  // for `cas`; empty when it is not at the owner
  std::string problem;
};

struct Carrier {
  runtime::Io& io;
  Link& owner;
  Link* source;  // null when it is not asked any more: then only what the owner has counts
  Duration
      patience;  // with another one that takes the same key over; zero: nobody does, and an empty item is left over
};

/// `lease` is the unique number by which a client knows an item, or 0: an empty one of that number is its own lease
/// (`mg … N`), which it is about to fill, and nobody's claim.
runtime::Task<Carried> carry(Carrier carrier, memcached::MetaKey key, CarryFor purpose, std::uint64_t lease = 0);

}  // namespace tenfold::cache
