// SPDX-License-Identifier: Apache-2.0
#include "control/event_log.h"

#include <fmt/format.h>

#include "control/keys.h"

namespace tenfold::control {
namespace {

constexpr std::size_t kEntriesMost = 256;

}  // namespace

std::string_view name_of(EventLog::Level level) {
  switch (level) {
    case EventLog::Level::kInfo:
      return "info";
    case EventLog::Level::kWarning:
      return "warning";
    case EventLog::Level::kError:
      return "error";
  }
  return "info";
}

void EventLog::add(Level level, std::string_view event, std::initializer_list<Field> fields) {
  Entry entry;
  entry.time = to_rfc3339(io_.wall_now());
  entry.level = level;
  entry.event = event;
  for (const Field& field : fields) {
    if (!entry.details.empty()) entry.details += ' ';
    entry.details += fmt::format("{}={}", field.key, quoted(field.value));
  }
  write_(fmt::format("{} {} {} {}\n", entry.time, name_of(level), entry.event, entry.details));
  entries_.push_back(std::move(entry));
  if (entries_.size() > kEntriesMost) entries_.pop_front();
}

}  // namespace tenfold::control
