// SPDX-License-Identifier: Apache-2.0
#include "wire/memcached/binary_reply.h"

#include <bit>
#include <concepts>

#include "base/bytes.h"
#include "wire/memcached/meta_reply.h"
#include "wire/memcached/reply.h"

namespace tenfold::memcached {
namespace {

constexpr char kReplyMagic = '\x81';
constexpr std::string_view kLineEnd = "\r\n";

void append_be(std::string& out, std::unsigned_integral auto number) {
  for (int shift = sizeof number * 8 - 8; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 0xff);
}

// What stands behind the header, or the lengths of it.
struct Body {
  std::string extras = {};
  std::string_view key = {};
  std::string_view value = {};
};

void append_head(std::string& out, const BinaryCall& call, BinaryStatus status, std::uint64_t unique,
                 const Body& body) {
  out += kReplyMagic;
  append_be(out, call.opcode);
  append_be(out, static_cast<std::uint16_t>(body.key.size()));
  append_be(out, static_cast<std::uint8_t>(body.extras.size()));
  append_be(out, std::uint8_t{0});
  append_be(out, static_cast<std::uint16_t>(status));
  append_be(out, static_cast<std::uint32_t>(body.extras.size() + body.key.size() + body.value.size()));
  append_be(out, call.opaque);
  append_be(out, unique);
  out.append(body.extras).append(body.key);
}

BinaryReply reply(const BinaryCall& call, BinaryStatus status, std::uint64_t unique, const Body& body) {
  BinaryReply made;
  append_head(made.head, call, status, unique, body);
  made.rest = body.value;
  return made;
}

// In memcached's own words.
std::string_view words_of(BinaryStatus status) {
  switch (status) {
    case BinaryStatus::kOk:
      return "";
    case BinaryStatus::kNotFound:
      return "Not found";
    case BinaryStatus::kExists:
      return "Data exists for key.";
    case BinaryStatus::kTooLarge:
      return "Too large.";
    case BinaryStatus::kInvalid:
      return "Invalid arguments";
    case BinaryStatus::kNotStored:
      return "Not stored.";
    case BinaryStatus::kNoNumber:
      return "Non-numeric server-side value for incr or decr";
    case BinaryStatus::kUnknownCommand:
      return "Unknown command";
    case BinaryStatus::kOutOfMemory:
      return "Out of memory";
    case BinaryStatus::kNotSupported:
      return "Not supported";
    case BinaryStatus::kInternalError:
      break;
  }
  return "Internal error";
}

BinaryReply failure(const BinaryCall& call, BinaryStatus status) {
  return reply(call, status, 0, {.value = words_of(status)});
}

bool asks_for_value(BinaryVerb verb) {
  return verb == BinaryVerb::kGet || verb == BinaryVerb::kGetAndTouch;
}

BinaryReply miss(const BinaryCall& call) {
  if (!asks_for_value(call.verb)) return failure(call, BinaryStatus::kNotFound);
  if (call.quiet) return {};
  if (call.key.empty()) return failure(call, BinaryStatus::kNotFound);
  return reply(call, BinaryStatus::kNotFound, 0, {.key = call.key});
}

BinaryStatus status_of_not_stored(BinaryVerb verb) {
  if (verb == BinaryVerb::kAdd) return BinaryStatus::kExists;
  return verb == BinaryVerb::kReplace ? BinaryStatus::kNotFound : BinaryStatus::kNotStored;
}

// An error in words, of a node or of ours. None of them may look like a miss.
BinaryReply told_error(const BinaryCall& call, std::string_view line) {
  const std::string_view kind = line.substr(0, line.find(' '));
  const std::string_view words = line.substr(std::min(kind.size() + 1, line.size()));
  if (kind == "ERROR") return failure(call, BinaryStatus::kUnknownCommand);
  if (words.starts_with("object too large")) return failure(call, BinaryStatus::kTooLarge);
  if (words.starts_with("out of memory")) return failure(call, BinaryStatus::kOutOfMemory);
  if (words.starts_with("cannot increment")) return failure(call, BinaryStatus::kNoNumber);
  BinaryStatus status = BinaryStatus::kInternalError;
  if (kind == "CLIENT_ERROR") {
    const bool is_admin = call.verb == BinaryVerb::kFlush || call.verb == BinaryVerb::kStat;
    status = is_admin ? BinaryStatus::kNotSupported : BinaryStatus::kInvalid;
  }
  return reply(call, status, 0, {.value = words});
}

// One packet a row, and an empty one behind them.
BinaryReply stats(const BinaryCall& call, std::string_view text) {
  BinaryReply made;
  while (text.starts_with("STAT ")) {
    const std::size_t line_end = std::min(text.find('\n'), text.size() - 1);
    std::string_view row = text.substr(5, line_end - 5);
    text.remove_prefix(line_end + 1);
    if (row.ends_with('\r')) row.remove_suffix(1);
    const std::string_view name = row.substr(0, row.find(' '));
    const std::string_view value = row.substr(std::min(name.size() + 1, row.size()));
    append_head(made.head, call, BinaryStatus::kOk, 0, {.key = name, .value = value});
    made.head += value;
  }
  append_head(made.head, call, BinaryStatus::kOk, 0, {});
  return made;
}

// HD and VA: what was asked for is done.
BinaryReply success(const BinaryCall& call, const MetaReply& item) {
  const auto unique = static_cast<std::uint64_t>(item.number('c', 0));
  if (asks_for_value(call.verb) || call.verb == BinaryVerb::kTouch) {
    std::string flags;
    append_be(flags, static_cast<std::uint32_t>(item.number('f', 0)));
    const Body body{.extras = std::move(flags), .key = call.key, .value = item.value};
    return reply(call, BinaryStatus::kOk, unique, body);
  }
  if (call.quiet) return {};
  if (call.verb != BinaryVerb::kIncrement && call.verb != BinaryVerb::kDecrement)
    return reply(call, BinaryStatus::kOk, unique, {});
  const auto number = parse_decimal(trim(item.value));
  if (!number) return failure(call, BinaryStatus::kInternalError);
  std::string value;
  append_be(value, *number);
  BinaryReply made = reply(call, BinaryStatus::kOk, unique, {.value = value});
  made.head += value;
  made.rest = {};
  return made;
}

}  // namespace

BinaryReply binary_reply(const BinaryCall& call, std::string_view text) {
  const std::string_view line = text.substr(0, text.find(kLineEnd));
  if (is_error_reply(text)) return told_error(call, line);
  if (call.verb == BinaryVerb::kStat) return stats(call, text);
  if (call.verb == BinaryVerb::kVersion) {
    const std::string_view word = "VERSION ";
    return reply(call, BinaryStatus::kOk, 0, {.value = line.substr(line.starts_with(word) ? word.size() : 0)});
  }
  const MetaReply item = parse_meta_reply(text);
  if (item.code == "HD" || item.code == "VA") return success(call, item);
  if (item.code == "EN" || item.code == "NF") return miss(call);
  if (item.code == "EX") return failure(call, BinaryStatus::kExists);
  if (item.code == "NS") return failure(call, status_of_not_stored(call.verb));
  if (item.code != "OK" && item.code != "MN") return failure(call, BinaryStatus::kInternalError);
  return call.quiet ? BinaryReply() : reply(call, BinaryStatus::kOk, 0, {});
}

}  // namespace tenfold::memcached
