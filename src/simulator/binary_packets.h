// SPDX-License-Identifier: Apache-2.0
// Packets of memcached's binary protocol as a client makes and reads them (protocol_binary.h of memcached 1.6.18). It
// shares no code with what it tests. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tenfold::simulator {

enum class Opcode : std::uint8_t {
  kGet = 0x00,
  kSet = 0x01,
  kAdd = 0x02,
  kDelete = 0x04,
  kIncrement = 0x05,
  kFlush = 0x08,
  kGetQuietly = 0x09,
  kNoop = 0x0a,
  kGetWithKey = 0x0c,
  kGetWithKeyQuietly = 0x0d,
  kAppend = 0x0e,
  kSetQuietly = 0x11,
  kDeleteQuietly = 0x14,
  kTouch = 0x1c,
};

struct BinaryFields {
  std::string_view key = {};
  std::string_view extras = {};
  std::string_view value = {};
  std::uint32_t opaque = 0;
  std::uint64_t unique = 0;
};

std::string packet_of(Opcode opcode, const BinaryFields& fields);
/// The extras of what is stored, without flags.
std::string stored_extras(std::uint32_t expiry_seconds);
/// The extras of an increment that makes nothing.
std::string counted_extras(std::uint64_t amount);

/// What a node answers to one request.
struct Packet {
  Opcode opcode = Opcode::kNoop;
  std::uint16_t status = 0;
  std::uint32_t opaque = 0;
  std::uint64_t unique = 0;
  std::string_view key;
  std::string_view value;
};
/// All packets of `bytes`, which hold whole ones; empty when they make no sense.
std::vector<Packet> packets_of(std::string_view bytes);

/// Cuts a stream into replies: each ends with the answer to a request that is not quiet.
class BinaryReplyScanner {
 public:
  enum class State : std::uint8_t { kNeedMore, kComplete, kError };
  struct Step {
    State state;
    std::size_t consumed;
  };
  Step scan(std::string_view bytes);

 private:
  std::string header_;  // of the packet at hand
  std::size_t body_left_ = 0;
};

}  // namespace tenfold::simulator
