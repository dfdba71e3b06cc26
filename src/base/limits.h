// SPDX-License-Identifier: Apache-2.0
// Every queue, buffer and loop of the program is bounded by a limit named here. Sizes are in bytes. What a user may
// set is in the topology file (cluster/topology.h holds those defaults); these are the walls that nobody moves.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tenfold::limits {

// Buffers. A small one holds what a client sends at once, a large one a response head with a 16 KiB body and room.
inline constexpr std::size_t kSmallBufferBytes = 4 * 1024;
inline constexpr std::size_t kLargeBufferBytes = 32 * 1024;
inline constexpr std::size_t kSmallBuffersMost = 16 * 1024;  // per worker: 64 MiB
inline constexpr std::size_t kLargeBuffersMost = 4 * 1024;   // per worker: 128 MiB; then small ones take their place
inline constexpr std::size_t kCopiedBuffersBytesMost = 32 << 20;  // per worker: copied out of those (runtime/uring)

// Event loops.
inline constexpr int kEventsPerLoopMost = 512;
inline constexpr int kInlineCompletionsPerTurn = 1024;  // operations that complete at once, before others get a turn
inline constexpr int kEventsToGather = 32;              // that are enough: the loop does not wait for more
inline constexpr int kListenBacklog = 4096;
inline constexpr int kAcceptsInARow = 4;  // by one loop, before clients go to the loops that wait beside it
inline constexpr std::size_t kPostedMost = 64 * 1024;  // messages waiting for a worker

// A connection to a node that is quiet for so long is asked whether it is still there, by the kernel, so often and in
// such steps: one whose other end has gone without a word ends after 25 seconds.
inline constexpr int kKeepAliveAfter_s = 10;
inline constexpr int kKeepAliveEvery_s = 5;
inline constexpr int kKeepAliveTries = 3;

// Web clients whose connections we have ended, and who are waited for to end theirs.
inline constexpr std::size_t kLingeringMost = 1024;  // per worker

// HTTP heads.
inline constexpr std::size_t kHttpHeadBytesMost = 64 * 1024;
inline constexpr std::size_t kHttpFieldsMost = 100;
inline constexpr std::size_t kHttpConnectionOptionsMost = 32;  // each is compared with the name of each field
inline constexpr std::size_t kHttpConnectionOptionBytesMost = 64;
inline constexpr std::size_t kHttpForwardedHopsMost = 64;  // proxies that a request came through, as far as we look
inline constexpr std::size_t kHttpTargetBytesMost = 16 * 1024;
inline constexpr std::size_t kHttpChunkLineBytesMost = 1024;
inline constexpr std::size_t kHttpTrailerBytesMost = 16 * 1024;

// Caches: memcached's own key limit; a get may name many keys; values are bounded by `item_max` of the topology, and
// beyond these no size is believed at all.
inline constexpr std::size_t kMemcachedKeyBytesMost = 250;
inline constexpr std::size_t kMovingKeysBytesMost = 8 << 20;  // of keys that a dump told, and that wait to move
inline constexpr std::size_t kMemcachedLineBytesMost = 2048;
inline constexpr std::size_t kMemcachedKeysLineBytesMost = 1024 * 1024;
inline constexpr std::uint64_t kMemcachedValueBytesMost = 1ULL << 30;
inline constexpr std::uint64_t kRespStrangerBulkBytesMost = 16 * 1024;  // before AUTH, as Redis has it
inline constexpr std::size_t kRespStrangerArgumentsMost = 10;
inline constexpr std::size_t kRespInlineBytesMost = 64 * 1024;
inline constexpr std::size_t kRespArgumentsMost = 1024 * 1024;
inline constexpr std::uint64_t kRespBulkBytesMost = 512ULL * 1024 * 1024;
inline constexpr std::uint64_t kRespRequestExtraBytesMost = 64 << 20;  // of a request, beside its largest argument
inline constexpr std::size_t kRespNestingMost = 8192;                  // of replies; scripts can make deep ones

// Topology.
inline constexpr std::size_t kTopologyFileBytesMost = 4 * 1024 * 1024;
inline constexpr std::size_t kServicesMost = 1'000;
inline constexpr std::size_t kNodesPerServiceMost = 1'000;

static_assert(kHttpTargetBytesMost < kHttpHeadBytesMost);
static_assert(kHttpTrailerBytesMost < kHttpHeadBytesMost);
static_assert(kSmallBufferBytes < kLargeBufferBytes);
static_assert(kLargeBufferBytes >= 16 * 1024 + 8 * 1024, "a 16 KiB body and its head arrive in one read");

}  // namespace tenfold::limits
