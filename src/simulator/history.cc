// SPDX-License-Identifier: Apache-2.0
#include "simulator/history.h"

#include <fmt/format.h>

#include <algorithm>

namespace tenfold::simulator {
namespace {

// What keeps a value beyond its time: clocks that tick in whole seconds, at both ends, and a second more for each move.
constexpr Duration kExpirySlack = std::chrono::seconds(4);

}  // namespace

void History::writes(const std::string& key, Value value) {
  Operation& write = keys_[key].values[value];
  write.is_begun = true;
  write.begin = now();
}

void History::written(const std::string& key, Value value) {
  keys_[key].values[value].end = now();
}

void History::not_written(const std::string& key, Value value) {
  keys_[key].values[value].is_dropped = true;
}

void History::deletes(const std::string& key, Value deletion) {
  Operation& operation = keys_[key].deletions[deletion];
  operation.is_begun = true;
  operation.begin = now();
}

void History::deleted(const std::string& key, Value deletion) {
  keys_[key].deletions[deletion].end = now();
}

void History::saw(const std::string& key, Value value, Moment begin, Instant began_at) {
  ++reads_;
  Operation& write = keys_[key].values[value];
  if (!write.is_begun || write.is_dropped)
    complaint_ = fmt::format("C1: {} had the value {}, which nobody wrote there", key, value);
  if (write.gone_at != tenfold::kNever && began_at > write.gone_at + kExpirySlack)
    complaint_ = fmt::format("C4: {} had the value {} after its time to live", key, value);
  write.seen_first = std::min(write.seen_first, now());
  write.seen_last = std::max(write.seen_last, begin);
}

void History::saw_nothing(const std::string& key, Moment begin, Value behind) {
  ++reads_;
  keys_[key].misses.push_back({begin, now(), behind});
}

bool History::is_older(const std::string& key, Value value, Value write) {
  Key& known = keys_[key];
  const auto deletion = known.deletions.find(write);
  const Operation& later = deletion == known.deletions.end() ? known.values[write] : deletion->second;
  return known.values[value].known() < later.begin;
}

std::string History::check() const {
  if (!complaint_.empty()) return complaint_;
  for (const auto& [name, key] : keys_) {
    std::string problem = check_key(name, key);
    if (!problem.empty()) return problem;
  }
  return {};
}

std::string History::check_key(const std::string& name, const Key& key) {
  std::vector<Span> sure;       // the value was there all the time
  std::vector<Span> somewhere;  // it was there for a moment at least
  for (const auto& [value, write] : key.values) {
    if (write.is_dropped || write.known() == kNever) continue;
    if (write.known() < write.last())
      sure.push_back({write.known(), write.last(), value});
    else
      somewhere.push_back({write.last(), write.known(), value});
  }
  for (const auto& [deletion, operation] : key.deletions) {
    if (operation.end != kNever) somewhere.push_back({operation.begin, operation.end, 0});
  }
  std::string problem = check_spans(name, sure, somewhere);
  return problem.empty() ? check_misses(name, key, sure) : problem;
}

std::string History::check_spans(const std::string& name, std::vector<Span>& sure, const std::vector<Span>& somewhere) {
  std::ranges::sort(sure, {}, &Span::from);
  for (std::size_t i = 1; i < sure.size(); ++i) {
    if (sure[i].from < sure[i - 1].to)
      return fmt::format("C4: {} had the value {} again after {} (moments {}-{} and {}-{})", name, sure[i - 1].value,
                         sure[i].value, sure[i - 1].from, sure[i - 1].to, sure[i].from, sure[i].to);
  }
  for (const Span& other : somewhere) {
    for (const Span& span : sure) {
      if (span.from < other.from && other.to < span.to) {
        const std::string what = other.value == 0 ? "it was deleted" : fmt::format("{} was written", other.value);
        return fmt::format("C4: {} had the value {} again after {} (moments {}-{} and {}-{})", name, span.value, what,
                           span.from, span.to, other.from, other.to);
      }
    }
  }
  return {};
}

// A miss after a write that was acknowledged needs a deletion that may have come between.
std::string History::check_misses(const std::string& name, const Key& key, const std::vector<Span>& sure) {
  for (const Miss& miss : key.misses) {
    for (const Span& span : sure) {
      if (span.from < miss.begin && miss.end < span.to)
        return fmt::format("C4: {} was missing (moments {}-{}) though it had the value {}", name, miss.begin, miss.end,
                           span.value);
    }
    for (const auto& [value, write] : key.values) {
      if (write.is_dropped || (write.known() >= miss.begin && value != miss.behind)) continue;
      const bool may_be_deleted = std::ranges::any_of(key.deletions, [&](const auto& entry) {
        return entry.second.begin < miss.end && entry.second.end > write.begin;
      });
      if (!may_be_deleted)
        return fmt::format("C4: {} was missing (moments {}-{}) though the value {} was written, and never deleted",
                           name, miss.begin, miss.end, value);
    }
  }
  return {};
}

}  // namespace tenfold::simulator
