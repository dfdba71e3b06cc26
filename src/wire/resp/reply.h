// SPDX-License-Identifier: Apache-2.0
// Finds where a reply of the Redis protocol ends, over any split of the bytes, for RESP2 and RESP3: every type, nested
// up to a limit, pushes and attributes included.
// Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "wire/resp/bulk.h"

namespace tenfold::resp {

class ReplyScanner {
 public:
  enum class State : std::uint8_t { kNeedMore, kComplete, kError };

  struct Step {
    State state;
    std::size_t consumed;  // of the bytes given; kNeedMore: all of them
  };

  /// Goes on behind the bytes given before. After kComplete it is ready for the next reply; is_push() tells of the one
  /// that has just ended. After kError the stream means nothing any more.
  Step scan(std::string_view bytes);

  /// Whether the reply that ended came out of band: a push of RESP3 (`>`).
  bool is_push() const { return push_; }
  /// Inside a bulk string: its bytes that are still to come, with the line end; for making room at once.
  std::uint64_t bulk_left() const { return bulk_left_; }
  bool at_start() const { return left_.empty() && line_used_ == 0 && bulk_left_ == 0 && !skipping_line_; }

 private:
  std::size_t skip_bulks(std::string_view bytes);
  bool value_ended();
  bool take_line(std::string_view line);
  bool take_count(std::int64_t count);

  std::vector<std::int64_t> left_;  // values still to come, by depth
  bool push_ = false;
  bool ended_ = false;
  bool skipping_line_ = false;  // in a simple text of any length
  std::uint64_t bulk_left_ = 0;
  std::uint8_t line_used_ = 0;
  std::array<char, 40> line_{};  // type and number of a line that was split
};

/// Goes through the elements of an array, set, push or map (keys and values in turn), as whole replies each. Other
/// types have none. REQUIRES: a whole reply, as ReplyScanner finds it, which outlives this.
class Elements {
 public:
  explicit Elements(std::string_view reply);
  /// Empty when none is left.
  std::string_view next() {
    std::size_t bytes = scanned_bulk_bytes(rest_);
    if (bytes == 0) [[unlikely]]
      bytes = other_bytes();
    const std::string_view element(rest_.data(), bytes);
    rest_.remove_prefix(bytes);
    return element;
  }

 private:
  std::size_t other_bytes() const;

  std::string_view rest_;
};

/// All of them; what was in `elements` is replaced.
void elements_of(std::string_view reply, std::vector<std::string_view>& elements);

/// The reply that there is no text: a null bulk string, or the null of RESP3.
constexpr std::string_view null_text(bool resp3) {
  return resp3 ? "_\r\n" : "$-1\r\n";
}
/// Whether a whole reply is one of these.
constexpr bool is_null(std::string_view reply) {
  return reply.starts_with("$-") || reply.starts_with('_');
}
/// The value of an integer reply; false when it is none.
bool integer_of(std::string_view reply, std::int64_t& value);
/// The text of a bulk or simple string reply; a null has a data() of nullptr.
std::string_view text_of(std::string_view reply);
inline bool is_error(std::string_view reply) {
  return reply.starts_with('-') || reply.starts_with('!');
}

}  // namespace tenfold::resp
