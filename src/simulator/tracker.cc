// SPDX-License-Identifier: Apache-2.0
#include "simulator/tracker.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "wire/resp/request.h"

namespace tenfold::simulator {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPatience = 60s;
constexpr Duration kPauseMost = 200ms;

}  // namespace

Tracker::Tracker(CacheLedger& ledger, const Address& proxy, int number, std::string password)
    : ledger_(ledger),
      proxy_(proxy),
      password_(std::move(password)),
      io_(ledger.world, Address::ipv4({10, 9, 2, static_cast<std::uint8_t>(number)}, 40'000)) {}

runtime::Task<void> Tracker::run() {
  while (!stop_.requested()) {
    const bool begun = co_await begin();
    if (begun) co_await read_keys();
    if (stop_.requested()) check_kept();
    kept_.clear();
    socket_.close();
    static_cast<void>(co_await io_.sleep_for(Duration(ledger_.world.options.below(100'000'000)), &stop_));
  }
}

// Has itself told of changes; false when that does not come to be.
runtime::Task<bool> Tracker::begin() {
  const Instant until = io_.now() + kPatience;
  Result<runtime::Socket> fresh = co_await io_.connect(proxy_, runtime::Wait(until, &stop_));
  if (!fresh) co_return false;
  socket_ = std::move(*fresh);
  scanner_ = resp::ReplyScanner();
  arrived_.clear();
  partial_.clear();
  std::vector<std::vector<std::string_view>> requests = {{"HELLO", "3"}, {"CLIENT", "TRACKING", "ON"}};
  if (!password_.empty()) requests.insert(requests.begin(), {"AUTH", password_});
  if (ledger_.world.options.chance(0.4)) requests.back().emplace_back("BCAST");
  for (const std::vector<std::string_view>& words : requests) {
    std::string request;
    resp::write_request(words, request);
    std::string reply;
    const bool answered = co_await ask(std::move(request), until, reply);
    if (!answered || resp::is_error(reply)) co_return false;
  }
  co_return true;
}

// Each key that it does not keep, in no order: what it keeps is never asked for again.
runtime::Task<void> Tracker::read_keys() {
  Prng& prng = ledger_.world.options;
  for (bool open = true; open && !stop_.requested();) {
    std::string key = next_key();
    if (!key.empty()) open = co_await read_key(std::move(key), io_.now() + kPatience);
    if (open) open = co_await listen(io_.now() + Duration(prng.below(kPauseMost.count())));
  }
}

std::string Tracker::next_key() {
  const std::uint64_t first = ledger_.world.options.below(ledger_.keys);
  for (std::uint64_t i = 0; i < ledger_.keys; ++i) {
    std::string key = fmt::format("k{}", (first + i) % ledger_.keys);
    if (!kept_.contains(key)) return key;
  }
  return {};
}

runtime::Task<bool> Tracker::read_key(std::string key, Instant until) {
  const History::Moment begin = ledger_.history.now();
  const Instant began_at = io_.now();
  std::string request;
  resp::write_request({"GET", key}, request);
  std::string reply;
  const bool answered = co_await ask(std::move(request), until, reply);
  if (!answered) co_return false;
  if (resp::is_error(reply)) co_return true;
  std::uint64_t value = 0;
  if (!resp::is_null(reply)) {
    value = value_of_text(key, resp::text_of(reply));
    if (value == 0) ledger_.complain(fmt::format("C1: {} has a value that is none of its: {:.60}", key, reply));
    ledger_.history.saw(key, value, begin, began_at);
  }
  kept_[std::move(key)] = value;
  co_return true;
}

// Takes what it is told until then; false when its connection ends.
runtime::Task<bool> Tracker::listen(Instant until) {
  for (;;) {
    std::string reply;
    const Arrival arrival = co_await read(until, reply);
    if (arrival == Arrival::kNotInTime) co_return true;
    if (arrival == Arrival::kEnded) co_return false;
    ledger_.complain(fmt::format("C1: {:.60} came, and nothing was asked", reply));
  }
}

runtime::Task<bool> Tracker::ask(std::string request, Instant until, std::string& reply) {
  const Status sent = co_await io_.send(socket_, request, runtime::Wait(until, nullptr));
  if (!sent) co_return false;
  const Arrival arrival = co_await read(until, reply);
  if (arrival == Arrival::kNotInTime) ledger_.complain("A5: a command of who tracks keys never had an end");
  co_return arrival == Arrival::kWhole;
}

// The next whole reply; pushes before it are taken.
runtime::Task<Tracker::Arrival> Tracker::read(Instant until, std::string& reply) {
  for (;;) {
    while (!arrived_.empty()) {
      const auto step = scanner_.scan(arrived_);
      if (step.state == resp::ReplyScanner::State::kError) {
        ledger_.complain(fmt::format("C1: {:.60} is no reply at all", arrived_));
        co_return Arrival::kEnded;
      }
      partial_ += arrived_.substr(0, step.consumed);
      arrived_.erase(0, step.consumed);
      if (step.state != resp::ReplyScanner::State::kComplete) break;
      reply = std::exchange(partial_, {});
      if (!scanner_.is_push()) co_return Arrival::kWhole;
      take(reply);
    }
    const Result<runtime::Buffer> read = co_await io_.recv(socket_, runtime::BufferSize::kLarge, runtime::Wait(until));
    if (read) {
      arrived_ += read->view();
    } else {
      co_return read.error().kind == ErrorKind::kTimeout ? Arrival::kNotInTime : Arrival::kEnded;
    }
  }
}

void Tracker::take(std::string_view push) {
  std::vector<std::string_view> parts;
  resp::elements_of(push, parts);
  if (parts.size() != 2 || resp::text_of(parts[0]) != "invalidate")
    return static_cast<void>(ledger_.complain(fmt::format("C7: {:.60} came to who tracks keys", push)));
  ++ledger_.invalidations;
  if (resp::is_null(parts[1])) return kept_.clear();
  std::vector<std::string_view> keys;
  resp::elements_of(parts[1], keys);
  for (std::string_view key : keys) kept_.erase(std::string(resp::text_of(key)));
}

void Tracker::check_kept() {
  for (std::size_t i = 0; i < ledger_.keys; ++i) {
    const std::string key = fmt::format("k{}", i);
    const auto kept = kept_.find(key);
    if (kept == kept_.end()) {
      ledger_.complain(fmt::format("A4: who tracks keys could not read {} after all was healed", key));
    } else if (kept->second != 0) {
      ledger_.history.saw(key, kept->second, ledger_.history.now(), io_.now());
    } else if (ledger_.is_store) {
      ledger_.history.saw_nothing(key, ledger_.history.now(), 0);
    }
  }
}

}  // namespace tenfold::simulator
