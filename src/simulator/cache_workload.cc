// SPDX-License-Identifier: Apache-2.0
#include "simulator/cache_workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <span>

#include "base/bytes.h"

namespace tenfold::simulator {

std::string text_of_value(std::string_view key, std::uint64_t value) {
  Prng prng(value);
  std::string text = fmt::format("{}={};", key, value);
  const std::size_t filler = prng.chance(0.05) ? prng.below(40'000) : prng.below(60);
  text.append(filler, static_cast<char>('a' + prng.below(26)));
  return text;
}

std::uint64_t value_of_text(std::string_view key, std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::size_t end = text.find(';');
  if (equals == text.npos || end == text.npos || end < equals) return 0;
  const auto value = parse_decimal(text.substr(equals + 1, end - equals - 1));
  return value && text_of_value(key, *value) == text ? *value : 0;
}

const OwnOrder::Write* OwnOrder::last_seen(const std::string& key, std::size_t before, Instant sent_at) {
  const auto first = std::span(writes_[key]).first(before);
  const auto is_seen = [sent_at](const Write& write) { return write.is_acknowledged && write.seen_from <= sent_at; };
  const auto found = std::ranges::find_if(first | std::views::reverse, is_seen);
  return found == first.rend() ? nullptr : &*found;
}

std::string OwnOrder::why_not(const std::string& key, std::uint64_t value, std::size_t before, Instant sent_at,
                              History& history) {
  const std::vector<Write>& writes = writes_[key];
  const auto own = std::ranges::find(writes, value, &Write::number);
  if (own != writes.end() && own - writes.begin() >= static_cast<std::ptrdiff_t>(before))
    return fmt::format("C3: {} had the value {} before its connection had written it", key, value);
  const Write* last = last_seen(key, before, sent_at);
  if (last == nullptr || last->number == value) return {};
  const bool is_replaced = own != writes.end() && own->is_acknowledged && &*own < last;
  if (!is_replaced && !history.is_older(key, value, last->number)) return {};
  return fmt::format("C3: {} had the value {}, which its connection had replaced", key, value);
}

std::uint64_t OwnOrder::last_value(const std::string& key, std::size_t before) {
  const Write* last = last_seen(key, before, kNever);
  return last == nullptr || last->is_deletion ? 0 : last->number;
}

History::Moment CacheLedger::moment_ago(Duration past) {
  const History::Moment now = history.now();
  moments_.emplace(world.now(), now);
  if (past == Duration::zero()) return now;
  const auto later = moments_.upper_bound(world.now() - past);
  return later == moments_.begin() ? 0 : std::prev(later)->second;
}

std::function<Verdict(std::string_view)> Workload::reading(const std::string& key, Duration staleness) {
  CacheLedger& ledger = ledger_;
  const History::Moment begin = ledger.moment_ago(staleness);
  const Instant began_at = ledger.world.now() - staleness;
  const std::size_t before = own_->count(key);
  // What a node is asked for always is there at once.
  const Instant sent_at = staleness == Duration::zero() ? kNever : ledger.world.now();
  return [&ledger, own = own_, key, begin, began_at, before, sent_at](std::string_view text) {
    if (text.data() == nullptr) {
      if (ledger.is_store && key.front() != 't') ledger.history.saw_nothing(key, begin, own->last_value(key, before));
      return Verdict::kGood;
    }
    const std::uint64_t value = value_of_text(key, text);
    if (value == 0)
      return ledger.complain(
          fmt::format("C1: {} has a value that is none of its: {:.60} ({} bytes)", key, text, text.size()));
    ++ledger.hits;
    ledger.history.saw(key, value, begin, began_at);
    const std::string why_not = own->why_not(key, value, before, sent_at, ledger.history);
    return why_not.empty() ? Verdict::kGood : ledger.complain(why_not);
  };
}

Workload::Writing Workload::writing(const std::string& key, Told told) {
  CacheLedger& ledger = ledger_;
  const Duration unseen = told == Told::kByNodes ? ledger.staleness : Duration::zero();
  const std::uint64_t value = ledger.fresh();
  const std::size_t number = own_->add(key, value, false);
  ledger.history.writes(key, value);
  return {.value = value,
          .text = text_of_value(key, value),
          .done =
              [&ledger, own = own_, key, value, number, unseen] {
                own->acknowledge(key, number, ledger.world.now() + unseen);
                ledger.history.written(key, value);
              },
          .refused = [&ledger, key, value] { ledger.history.not_written(key, value); }};
}

std::function<void()> Workload::deleting(const std::string& key, Told told) {
  CacheLedger& ledger = ledger_;
  const Duration unseen = told == Told::kByNodes ? ledger.staleness : Duration::zero();
  const std::uint64_t deletion = ledger.fresh();
  const std::size_t number = own_->add(key, deletion, true);
  ledger.history.deletes(key, deletion);
  return [&ledger, own = own_, key, deletion, number, unseen] {
    own->acknowledge(key, number, ledger.world.now() + unseen);
    ledger.history.deleted(key, deletion);
  };
}

std::function<void()> Workload::deleting_all(const std::vector<std::string_view>& ends_of_names) {
  std::vector<std::function<void()>> dones;
  for (std::string_view end : ends_of_names) {
    for (std::size_t i = 0; i < ledger_.keys; ++i) {
      dones.push_back(deleting(fmt::format("k{}{}", i, end)));
      dones.push_back(deleting(fmt::format("t{}{}", i, end)));
    }
  }
  return [dones = std::move(dones)] {
    for (const auto& done : dones) done();
  };
}

std::uint64_t Workload::adding(const std::string& key) {
  const std::uint64_t number = ledger_.fresh();
  ledger_.maybe_added[key].push_back(number);
  return number;
}

Verdict CacheLedger::check_grown(const std::string& key, std::vector<std::uint64_t> numbers, bool is_last) {
  std::ranges::sort(numbers);
  if (std::ranges::adjacent_find(numbers) != numbers.end())
    return complain(fmt::format("double write: something stands in {} twice", key));
  const std::vector<std::uint64_t>& maybe = maybe_added[key];
  for (std::uint64_t number : numbers) {
    if (std::ranges::find(maybe, number) == maybe.end())
      return complain(fmt::format("C1: {} holds {}, which nobody added to it", key, number));
  }
  if (!is_last || !is_store) return Verdict::kGood;
  for (std::uint64_t number : added[key]) {
    if (!std::ranges::binary_search(numbers, number))
      return complain(fmt::format("{} was added to {} and acknowledged, and is lost", number, key));
  }
  return Verdict::kGood;
}

}  // namespace tenfold::simulator
