// SPDX-License-Identifier: Apache-2.0
#include "simulator/mailbox.h"

#include <fmt/format.h>

#include <algorithm>

namespace tenfold::simulator {

std::string Queues::taken(const std::string& queue, std::uint64_t number, Moment at) {
  Queue& known = queues_[queue];
  --known.without_end;
  if (!known.maybe.contains(number))
    return fmt::format("C1: {} came from {}, and nobody has put it there", number, queue);
  if (!known.taken.emplace(number, at).second) return fmt::format("C8: {} was taken from {} twice", number, queue);
  return {};
}

std::string Queues::took_nothing(const std::string& queue, Instant since) {
  Queue& known = queues_[queue];
  --known.without_end;
  std::vector<std::uint64_t> there;
  for (const auto& [number, at] : known.acknowledged) {
    if (at < since && !known.taken.contains(number)) there.push_back(number);
  }
  if (there.size() <= known.without_end) return {};
  return fmt::format("C8: nothing was in {}, where {} and {} others were; {} may have been on their way", queue,
                     there.front(), there.size() - 1, known.without_end);
}

std::string Queues::seen(const std::string& queue, const std::vector<std::uint64_t>& numbers, Moment begin,
                         bool is_last) {
  Queue& known = queues_[queue];
  std::set<std::uint64_t> there;
  for (std::uint64_t number : numbers) {
    if (!known.maybe.contains(number))
      return fmt::format("C1: {} is in {}, and nobody has put it there", number, queue);
    if (!there.insert(number).second) return fmt::format("double write: {} is in {} twice", number, queue);
    const auto taken = known.taken.find(number);
    if (taken != known.taken.end() && taken->second < begin)
      return fmt::format("C8: {} is in {} again, though it was taken", number, queue);
  }
  if (!is_last) return {};
  std::vector<std::uint64_t> lost;
  for (const auto& [number, at] : known.acknowledged) {
    if (!there.contains(number) && !known.taken.contains(number)) lost.push_back(number);
  }
  if (lost.size() <= known.without_end) return {};
  return fmt::format("C8: {} of {} were lost, among them {}; {} may have been on their way", lost.size(), queue,
                     lost.front(), known.without_end);
}

std::string Channels::got(Reader& reader, const std::string& channel, std::uint64_t number) const {
  if (!reader.channels.contains(channel)) return fmt::format("C8: a message of {} for one who reads others", channel);
  const auto of_channel = channels_.find(channel);
  if (of_channel == channels_.end() || !of_channel->second.contains(number))
    return fmt::format("C1: {} came from {}, and nobody has published it there", number, channel);
  std::vector<std::uint64_t>& got = reader.got[channel];
  if (std::ranges::find(got, number) != got.end()) return fmt::format("C8: {} came from {} twice", number, channel);
  const Message& message = of_channel->second.at(number);
  for (std::uint64_t before : got) {
    if (message.end < of_channel->second.at(before).begin)
      return fmt::format("C8: {} came from {} behind {}, which was published later", number, channel, before);
  }
  std::string missed = gap(reader, channel, message.begin);
  if (!missed.empty()) return missed + fmt::format(", and {} came behind it", number);
  got.push_back(number);
  return {};
}

std::string Channels::missing(const Reader& reader) const {
  for (const std::string& channel : reader.channels) {
    std::string missed = gap(reader, channel, History::kNever);
    if (!missed.empty()) return missed;
  }
  return {};
}

// What was published and acknowledged since, and before that moment.
std::string Channels::gap(const Reader& reader, const std::string& channel, Moment before) const {
  const auto of_channel = channels_.find(channel);
  if (of_channel == channels_.end()) return {};
  const auto known = reader.got.find(channel);
  for (const auto& [number, message] : of_channel->second) {
    if (message.begin < reader.since || message.end >= before) continue;
    if (known == reader.got.end() || std::ranges::find(known->second, number) == known->second.end())
      return fmt::format("C8: {} was published to {}, and a reader of it never got it", number, channel);
  }
  return {};
}

}  // namespace tenfold::simulator
