// SPDX-License-Identifier: Apache-2.0
#include "wire/memcached/binary_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/limits.h"

namespace tenfold::memcached {
namespace {

constexpr std::uint32_t kMakeNothing = 0xffffffff;

// What a request with an opcode consists of.
struct Shape {
  BinaryVerb verb = BinaryVerb::kUnknown;
  std::uint8_t extras_bytes = 0;
  bool has_key = false;
  bool has_value = false;
  bool quiet = false;
  bool with_key = false;
};

using Shapes = std::array<Shape, 0x25>;

constexpr Shapes make_shapes() {
  using enum BinaryVerb;
  Shapes shapes;
  shapes[0x00] = {.verb = kGet, .has_key = true};
  shapes[0x01] = {.verb = kSet, .extras_bytes = 8, .has_key = true, .has_value = true};
  shapes[0x02] = {.verb = kAdd, .extras_bytes = 8, .has_key = true, .has_value = true};
  shapes[0x03] = {.verb = kReplace, .extras_bytes = 8, .has_key = true, .has_value = true};
  shapes[0x04] = {.verb = kDelete, .has_key = true};
  shapes[0x05] = {.verb = kIncrement, .extras_bytes = 20, .has_key = true};
  shapes[0x06] = {.verb = kDecrement, .extras_bytes = 20, .has_key = true};
  shapes[0x07] = {.verb = kQuit};
  shapes[0x08] = {.verb = kFlush};
  shapes[0x0a] = {.verb = kNoop};
  shapes[0x0b] = {.verb = kVersion};
  shapes[0x0e] = {.verb = kAppend, .has_key = true, .has_value = true};
  shapes[0x0f] = {.verb = kPrepend, .has_key = true, .has_value = true};
  shapes[0x10] = {.verb = kStat};
  shapes[0x1b] = {.verb = kVerbosity, .extras_bytes = 4};
  shapes[0x1c] = {.verb = kTouch, .extras_bytes = 4, .has_key = true};
  shapes[0x1d] = {.verb = kGetAndTouch, .extras_bytes = 4, .has_key = true};
  // Those that differ from another one in how they answer.
  constexpr struct {
    std::size_t opcode, like;
    bool quiet, with_key;
  } kVariants[] = {
      {0x09, 0x00, true, false}, {0x0c, 0x00, false, true}, {0x0d, 0x00, true, true},  {0x11, 0x01, true, false},
      {0x12, 0x02, true, false}, {0x13, 0x03, true, false}, {0x14, 0x04, true, false}, {0x15, 0x05, true, false},
      {0x16, 0x06, true, false}, {0x17, 0x07, true, false}, {0x18, 0x08, true, false}, {0x19, 0x0e, true, false},
      {0x1a, 0x0f, true, false}, {0x1e, 0x1d, true, false}, {0x23, 0x1d, false, true}, {0x24, 0x1d, true, true}};
  for (const auto& variant : kVariants) {
    shapes[variant.opcode] = shapes[variant.like];
    shapes[variant.opcode].quiet = variant.quiet;
    shapes[variant.opcode].with_key = variant.with_key;
  }
  return shapes;
}

constexpr Shapes kShapes = make_shapes();

/// REQUIRES: so many bytes stand at `bytes`.
template <typename Number>
Number load_be(const char* bytes) {
  Number number;
  std::memcpy(&number, bytes, sizeof number);
  return std::endian::native == std::endian::little ? std::byteswap(number) : number;
}

// A key with bytes that no line may hold travels in base64, and memcached bounds what it reads.
bool can_be_said(std::string_view key) {
  return MetaKey(key).word.size() <= limits::kMemcachedKeyBytesMost;
}

bool is_subject(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

void take_extras(std::string_view extras, BinaryRequest& request) {
  const char* at = extras.data();
  switch (request.verb) {
    case BinaryVerb::kSet:
    case BinaryVerb::kAdd:
    case BinaryVerb::kReplace:
      request.client_flags = load_be<std::uint32_t>(at);
      request.expiry_seconds = load_be<std::uint32_t>(at + 4);
      break;
    case BinaryVerb::kIncrement:
    case BinaryVerb::kDecrement:
      request.delta = load_be<std::uint64_t>(at);
      request.initial = load_be<std::uint64_t>(at + 8);
      request.expiry_seconds = load_be<std::uint32_t>(at + 16);
      break;
    default:
      if (!extras.empty()) request.expiry_seconds = load_be<std::uint32_t>(at);
  }
  request.has_expiry = !extras.empty();
}

// memcached reads 32 bits with a sign in the text protocol, and a date beyond them is as good as never.
std::uint32_t expiry_of(const BinaryRequest& request) {
  return std::min<std::uint32_t>(request.expiry_seconds, INT32_MAX);
}

std::string unique_flag(const BinaryRequest& request) {
  return request.unique == 0 ? std::string() : fmt::format(" C{}", request.unique);
}

std::string storage_text(const BinaryRequest& request, const MetaKey& key) {
  const std::uint64_t bytes = std::min(request.value_bytes, limits::kMemcachedValueBytesMost);
  std::string text = fmt::format("ms {} {}{} c{}", key.word, bytes, key.flag, unique_flag(request));
  if (request.verb == BinaryVerb::kAppend || request.verb == BinaryVerb::kPrepend)
    text += request.verb == BinaryVerb::kAppend ? " MA" : " MP";
  else
    text += fmt::format(" F{} T{}", request.client_flags, expiry_of(request));
  // With a number to compare, memcached compares, and does nothing else.
  if (request.verb == BinaryVerb::kAdd && request.unique == 0) text += " ME";
  if (request.verb == BinaryVerb::kReplace && request.unique == 0) text += " MR";
  text += "\r\n";
  if (request.is_whole()) text.append(request.value).append("\r\n");
  return text;
}

std::string arithmetic_text(const BinaryRequest& request, const MetaKey& key) {
  std::string text = fmt::format("ma {}{} v c D{}{}", key.word, key.flag, request.delta, unique_flag(request));
  if (request.verb == BinaryVerb::kDecrement) text += " MD";
  if (request.expiry_seconds != kMakeNothing) text += fmt::format(" N{} J{}", expiry_of(request), request.initial);
  return text + "\r\n";
}

BinaryOutcome refuse(BinaryStatus status, bool close = false) {
  return {.state = ParseState::kError, .status = status, .close = close};
}

}  // namespace

BinaryOutcome parse_binary_request(std::string_view bytes, BinaryRequest& request) {
  request = BinaryRequest();
  if (!bytes.empty() && bytes.front() != kBinaryMagic) return refuse(BinaryStatus::kInvalid, true);
  if (bytes.size() < kBinaryHeaderBytes) return {};
  request.opcode = static_cast<std::uint8_t>(bytes[1]);
  const std::size_t key_bytes = load_be<std::uint16_t>(&bytes[2]);
  const std::size_t extras_bytes = static_cast<std::uint8_t>(bytes[4]);
  const std::size_t body_bytes = load_be<std::uint32_t>(&bytes[8]);
  request.opaque = load_be<std::uint32_t>(&bytes[12]);
  request.unique = load_be<std::uint64_t>(&bytes[16]);
  request.request_bytes = kBinaryHeaderBytes + body_bytes;
  if (key_bytes + extras_bytes > body_bytes) return refuse(BinaryStatus::kInvalid, true);
  request.value_bytes = body_bytes - key_bytes - extras_bytes;

  const Shape shape = request.opcode < kShapes.size() ? kShapes[request.opcode] : Shape();
  request.verb = shape.verb;
  request.quiet = shape.quiet;
  request.with_key = shape.with_key;
  if (shape.verb == BinaryVerb::kUnknown) return refuse(BinaryStatus::kUnknownCommand);
  const bool are_extras_right =
      extras_bytes == shape.extras_bytes || (shape.verb == BinaryVerb::kFlush && extras_bytes == 4);
  const bool is_key_right = shape.verb == BinaryVerb::kStat || shape.has_key == (key_bytes > 0);
  const bool is_right = are_extras_right && is_key_right && (shape.has_value || request.value_bytes == 0);
  if (!is_right || key_bytes > limits::kMemcachedKeyBytesMost) return refuse(BinaryStatus::kInvalid);

  const std::size_t wanted = kBinaryHeaderBytes + extras_bytes + key_bytes;
  if (bytes.size() < wanted) return {.wanted_bytes = wanted};
  take_extras(bytes.substr(kBinaryHeaderBytes, extras_bytes), request);
  request.key = bytes.substr(kBinaryHeaderBytes + extras_bytes, key_bytes);
  request.value = bytes.substr(wanted, request.value_bytes);
  const bool can_say = shape.verb == BinaryVerb::kStat ? is_subject(request.key) : can_be_said(request.key);
  if (!can_say) return refuse(BinaryStatus::kInvalid);
  return {.state = ParseState::kComplete};
}

std::string text_of(const BinaryRequest& request) {
  const MetaKey key(request.verb == BinaryVerb::kStat ? std::string_view() : request.key);
  switch (request.verb) {
    case BinaryVerb::kGet:
      return fmt::format("mg {}{} v f c\r\n", key.word, key.flag);
    case BinaryVerb::kGetAndTouch:
      return fmt::format("mg {}{} v f c T{}\r\n", key.word, key.flag, expiry_of(request));
    case BinaryVerb::kTouch:
      return fmt::format("mg {}{} f c T{}\r\n", key.word, key.flag, expiry_of(request));
    case BinaryVerb::kSet:
    case BinaryVerb::kAdd:
    case BinaryVerb::kReplace:
    case BinaryVerb::kAppend:
    case BinaryVerb::kPrepend:
      return storage_text(request, key);
    case BinaryVerb::kDelete:
      return fmt::format("md {}{}{}\r\n", key.word, key.flag, unique_flag(request));
    case BinaryVerb::kIncrement:
    case BinaryVerb::kDecrement:
      return arithmetic_text(request, key);
    case BinaryVerb::kFlush:
      return request.has_expiry ? fmt::format("flush_all {}\r\n", expiry_of(request)) : "flush_all\r\n";
    case BinaryVerb::kStat:
      return fmt::format("stats {}\r\n", request.key);
    case BinaryVerb::kVersion:
      return "version\r\n";
    case BinaryVerb::kVerbosity:
      return "verbosity 1\r\n";
    case BinaryVerb::kNoop:
    case BinaryVerb::kQuit:
    case BinaryVerb::kUnknown:
      break;
  }
  return "mn\r\n";
}

}  // namespace tenfold::memcached
