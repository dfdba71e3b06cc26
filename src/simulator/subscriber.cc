// SPDX-License-Identifier: Apache-2.0
#include "simulator/subscriber.h"

#include <fmt/format.h>

#include <utility>

#include "base/bytes.h"
#include "wire/resp/request.h"

namespace tenfold::simulator {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPatience = 60s;
constexpr std::string_view kPattern = "c*";

}  // namespace

Subscriber::Subscriber(CacheLedger& ledger, const Address& proxy, int number, RedisManners manners)
    : ledger_(ledger),
      proxy_(proxy),
      manners_(std::move(manners)),
      io_(ledger.world, Address::ipv4({10, 9, 1, static_cast<std::uint8_t>(number)}, 40'000)) {}

void Subscriber::complain(std::string problem) {
  if (!problem.empty()) ledger_.complain(std::move(problem));
}

runtime::Task<void> Subscriber::run() {
  while (!stop_.requested()) {
    const bool begun = co_await begin();
    if (begun) co_await read_messages();
    is_subscribed_ = false;
    socket_.close();
    if (healed_ && !stop_.requested() && begun) complain("A4: a subscriber lost its connection after all was healed");
    const Duration pause(ledger_.world.workload.below(100'000'000));
    static_cast<void>(co_await io_.sleep_for(pause, &stop_));
  }
}

// Subscribes; false when that does not come to be.
runtime::Task<bool> Subscriber::begin() {
  const runtime::Wait wait(io_.now() + kPatience, &stop_);
  Result<runtime::Socket> fresh = co_await io_.connect(proxy_, wait);
  if (!fresh) co_return false;
  socket_ = std::move(*fresh);
  scanner_ = resp::ReplyScanner();
  arrived_.clear();
  reader_ = Channels::Reader();
  by_pattern_ = ledger_.world.workload.chance(0.4);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < ledger_.keys; ++i) {
    const std::string name = fmt::format("c{}", i);
    if (!by_pattern_ && !healed_ && ledger_.world.workload.chance(0.5)) continue;
    reader_.channels.insert(name);
    if (!by_pattern_) names.push_back(name);
  }
  if (names.empty()) names.emplace_back(by_pattern_ ? kPattern : "c0");
  if (!by_pattern_) reader_.channels.insert(names.front());
  std::string requests;
  if (!manners_.password.empty()) resp::write_request({"AUTH", manners_.password}, requests);
  if (manners_.resp3) resp::write_request({"HELLO", "3"}, requests);
  std::vector<std::string_view> words = {by_pattern_ ? "PSUBSCRIBE" : "SUBSCRIBE"};
  words.insert(words.end(), names.begin(), names.end());
  resp::write_request(words, requests);
  const Status sent = co_await io_.send(socket_, requests, wait);
  if (!sent) co_return false;
  std::size_t greetings = (manners_.password.empty() ? 0 : 1) + (manners_.resp3 ? 1 : 0);
  for (; greetings > 0; --greetings) {
    std::string reply;
    const bool arrived = co_await read(reply, wait);
    if (!arrived) co_return false;
    if (resp::is_error(reply)) complain(fmt::format("C1: {:.60} came for AUTH or HELLO", reply));
  }
  for (const std::string& name : names) {
    std::string reply;
    const bool arrived = co_await read(reply, wait);
    if (!arrived || resp::is_error(reply)) co_return false;
    if (!is_confirmation(reply, name)) complain(fmt::format("C1: {:.60} confirms no subscription to {}", reply, name));
  }
  reader_.since = ledger_.history.now();
  is_subscribed_ = true;
  co_return true;
}

bool Subscriber::is_confirmation(std::string_view reply, const std::string& name) const {
  std::vector<std::string_view> parts;
  resp::elements_of(reply, parts);
  return reply.starts_with(manners_.resp3 ? '>' : '*') && parts.size() == 3 &&
         resp::text_of(parts[0]) == (by_pattern_ ? "psubscribe" : "subscribe") && resp::text_of(parts[1]) == name;
}

runtime::Task<void> Subscriber::read_messages() {
  // Some leave in the middle.
  const Duration stay = healed_ || ledger_.world.workload.chance(0.6)
                            ? Duration(3600s)
                            : Duration(ledger_.world.workload.below(2'000'000'000));
  const runtime::Wait wait(io_.now() + stay, &stop_);
  for (;;) {
    std::string message;
    const bool arrived = co_await read(message, wait);
    if (!arrived) break;
    if (!take(message)) co_return;
  }
  // Nothing was on its way any more when it was stopped.
  if (stop_.requested()) complain(ledger_.channels.missing(reader_));
}

bool Subscriber::take(std::string_view message) {
  std::vector<std::string_view> parts;
  resp::elements_of(message, parts);
  const std::size_t size = by_pattern_ ? 4 : 3;
  const bool is_message = message.starts_with(manners_.resp3 ? '>' : '*') && parts.size() == size &&
                          resp::text_of(parts[0]) == (by_pattern_ ? "pmessage" : "message");
  if (!is_message) {
    complain(fmt::format("C7: {:.60} is no message for RESP{}", message, manners_.resp3 ? 3 : 2));
    return false;
  }
  ++ledger_.messages;
  const std::string channel(resp::text_of(parts[size - 2]));
  complain(ledger_.channels.got(reader_, channel, parse_decimal(resp::text_of(parts[size - 1])).value_or(0)));
  return true;
}

// The next whole reply or message; false when there is none.
runtime::Task<bool> Subscriber::read(std::string& reply, runtime::Wait wait) {
  for (;;) {
    if (!arrived_.empty()) {
      const auto step = scanner_.scan(arrived_);
      if (step.state == resp::ReplyScanner::State::kError) {
        complain(fmt::format("C1: {:.60} is no message at all", arrived_));
        co_return false;
      }
      reply += arrived_.substr(0, step.consumed);
      arrived_.erase(0, step.consumed);
      if (step.state == resp::ReplyScanner::State::kComplete) co_return true;
    }
    const Result<runtime::Buffer> read = co_await io_.recv(socket_, runtime::BufferSize::kLarge, wait);
    if (!read) co_return false;
    arrived_ += read->view();
  }
}

}  // namespace tenfold::simulator
