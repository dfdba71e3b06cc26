// SPDX-License-Identifier: Apache-2.0
// What happened, for operators: each event is a line on standard error ("TIME LEVEL event key=value …"), and the last
// of them are kept for the admin API. Values are quoted and escaped; no secret is ever given to it.
// Thread rule: the control thread.
#pragma once

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/time.h"
#include "runtime/io.h"

namespace tenfold::control {

class EventLog {
 public:
  enum class Level : std::uint8_t { kInfo, kWarning, kError };

  struct Entry {
    std::string time;
    Level level;
    std::string event;
    std::string details;  // key=value …
  };
  struct Field {
    std::string_view key;
    std::string value;
  };

  /// `write` gets each line with its newline; it must not block for long. The program writes to standard error, tests
  /// to a string.
  using Write = void (*)(std::string_view line);
  EventLog(runtime::Io& io, Write write) : io_(io), write_(write) {}

  void add(Level level, std::string_view event, std::initializer_list<Field> fields);
  const std::deque<Entry>& entries() const { return entries_; }

 private:
  runtime::Io& io_;
  Write write_;
  std::deque<Entry> entries_;
};

std::string_view name_of(EventLog::Level level);

}  // namespace tenfold::control
