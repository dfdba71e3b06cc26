// SPDX-License-Identifier: Apache-2.0
#include "simulator/binary_packets.h"

#include <algorithm>

namespace tenfold::simulator {
namespace {

constexpr std::size_t kHeaderBytes = 24;
constexpr char kRequest = '\x80';
constexpr char kAnswer = '\x81';

void put(std::string& out, std::uint64_t number, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(number >> (8 * i));
}

std::uint64_t number_at(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < size; ++i) number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  return number;
}

bool is_quiet(Opcode opcode) {
  return opcode == Opcode::kGetQuietly || opcode == Opcode::kGetWithKeyQuietly || opcode == Opcode::kSetQuietly ||
         opcode == Opcode::kDeleteQuietly;
}

}  // namespace

std::string packet_of(Opcode opcode, const BinaryFields& fields) {
  std::string packet(1, kRequest);
  put(packet, static_cast<std::uint8_t>(opcode), 1);
  put(packet, fields.key.size(), 2);
  put(packet, fields.extras.size(), 1);
  put(packet, 0, 3);  // the data type, and the vbucket
  put(packet, fields.extras.size() + fields.key.size() + fields.value.size(), 4);
  put(packet, fields.opaque, 4);
  put(packet, fields.unique, 8);
  return packet.append(fields.extras).append(fields.key).append(fields.value);
}

std::string stored_extras(std::uint32_t expiry_seconds) {
  std::string extras;
  put(extras, 0, 4);
  put(extras, expiry_seconds, 4);
  return extras;
}

std::string counted_extras(std::uint64_t amount) {
  std::string extras;
  put(extras, amount, 8);
  put(extras, 0, 8);
  put(extras, UINT32_MAX, 4);
  return extras;
}

std::vector<Packet> packets_of(std::string_view bytes) {
  std::vector<Packet> packets;
  while (!bytes.empty()) {
    if (bytes.size() < kHeaderBytes || bytes[0] != kAnswer) return {};
    const auto key_bytes = static_cast<std::size_t>(number_at(bytes, 2, 2));
    const auto extras_bytes = static_cast<std::size_t>(number_at(bytes, 4, 1));
    const auto body_bytes = static_cast<std::size_t>(number_at(bytes, 8, 4));
    if (key_bytes + extras_bytes > body_bytes || bytes.size() < kHeaderBytes + body_bytes) return {};
    packets.push_back(
        {.opcode = static_cast<Opcode>(bytes[1]),
         .status = static_cast<std::uint16_t>(number_at(bytes, 6, 2)),
         .opaque = static_cast<std::uint32_t>(number_at(bytes, 12, 4)),
         .unique = number_at(bytes, 16, 8),
         .key = bytes.substr(kHeaderBytes + extras_bytes, key_bytes),
         .value = bytes.substr(kHeaderBytes + extras_bytes + key_bytes, body_bytes - extras_bytes - key_bytes)});
    bytes.remove_prefix(kHeaderBytes + body_bytes);
  }
  return packets;
}

BinaryReplyScanner::Step BinaryReplyScanner::scan(std::string_view bytes) {
  std::size_t consumed = 0;
  while (consumed < bytes.size()) {
    if (header_.size() < kHeaderBytes) {
      const std::size_t part = std::min(kHeaderBytes - header_.size(), bytes.size() - consumed);
      header_ += bytes.substr(consumed, part);
      consumed += part;
      if (header_[0] != kAnswer) return {State::kError, consumed};
      if (header_.size() < kHeaderBytes) break;
      body_left_ = static_cast<std::size_t>(number_at(header_, 8, 4));
    }
    const std::size_t part = std::min(body_left_, bytes.size() - consumed);
    body_left_ -= part;
    consumed += part;
    if (body_left_ > 0) break;
    const bool is_last = !is_quiet(static_cast<Opcode>(header_[1]));
    header_.clear();
    if (is_last) return {State::kComplete, consumed};
  }
  return {State::kNeedMore, consumed};
}

}  // namespace tenfold::simulator
