// SPDX-License-Identifier: Apache-2.0
// Finds where a reply of the memcached text protocol ends, over any split of the bytes. A reply is one line; or items
// (VALUE, VA: a line and a value) and lines (STAT, ME …) up to a last line. Which it is, the first word tells, so that
// the scanner need not know what was asked.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace tenfold::memcached {

class ReplyScanner {
 public:
  enum class State : std::uint8_t { kNeedMore, kComplete, kError };

  struct Step {
    State state;
    std::size_t consumed;  // of the bytes given; kNeedMore: all of them
  };

  /// Goes on behind the bytes given before. After kComplete it is ready for the next reply. After kError the stream
  /// means nothing any more.
  Step scan(std::string_view bytes);

  /// Inside a value: its bytes that are still to come, with the line end; for making room at once.
  std::uint64_t value_left() const { return value_left_; }
  /// True between replies.
  bool at_start() const { return line_used_ == 0 && value_left_ == 0 && !in_items_; }

 private:
  enum class Line : std::uint8_t { kLast, kItem, kItemAndLast, kMore, kBad };
  Line judge(std::string_view line);
  std::string_view whole_line(std::string_view bytes, std::size_t line_end);

  static constexpr std::size_t kLineBytesMost = 2048;
  std::uint64_t value_left_ = 0;
  bool in_items_ = false;        // a last line will follow
  bool last_item_ = false;       // the value ends the reply
  std::uint16_t line_used_ = 0;  // of line_
  char line_[kLineBytesMost];    // the start of a line that was split
};

/// Whether a whole reply is an error line: ERROR, CLIENT_ERROR …, SERVER_ERROR ….
bool is_error_reply(std::string_view reply);

}  // namespace tenfold::memcached
