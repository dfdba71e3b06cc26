// SPDX-License-Identifier: Apache-2.0
// The bytes of a message's head while it is read: the buffer of one receive, or, for a head that came in pieces, a text
// of its own beside the buffer of the last. Either way, what is behind the head ends up in one buffer.
// Thread rule: one worker's thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "runtime/buffer.h"

namespace tenfold::web {

class HeadBytes {
 public:
  std::string_view view() const { return pieces_.empty() ? last_.view() : std::string_view(pieces_); }

  void append(runtime::Buffer received) {
    if (last_ && !last_.empty()) {
      if (pieces_.empty()) pieces_ = last_.view();
      pieces_ += received.view();
    }
    last_ = std::move(received);
  }

  /// The head is the first `size` bytes, and is not needed any more. REQUIRES: it ends within the last receive.
  void drop_head(std::size_t size) {
    const std::size_t rest = view().size() - size;
    last_.consume(last_.size() - rest);
    pieces_.clear();
  }

  /// What is behind the head; without a block when that is nothing. REQUIRES: drop_head() was called.
  runtime::Buffer take_rest() {
    if (last_ && last_.empty()) last_.reset();
    return std::move(last_);
  }

 private:
  runtime::Buffer last_;
  std::string pieces_;  // all bytes, when they came in more than one receive
};

}  // namespace tenfold::web
