// SPDX-License-Identifier: Apache-2.0
#include "simulator/cache_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tenfold::simulator {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPatience = 120s;  // some wait for long, for something to come
constexpr Duration kAnswerMost = 10s;
constexpr std::uint64_t kBatchMost = 12;
constexpr Duration kPauseMost = 200ms;

// The front of it, for people.
std::string shown(std::string_view request) {
  std::string text(request.substr(0, 40));
  std::ranges::replace_if(text, [](char c) { return c < ' ' || c > '~'; }, '.');
  return text;
}

}  // namespace

CacheClient::CacheClient(CacheLedger& ledger, const Address& proxy, int number, cluster::CacheProtocol protocol,
                         MakeWorkload make_workload)
    : ledger_(ledger),
      proxy_(proxy),
      protocol_(protocol),
      make_workload_(std::move(make_workload)),
      io_(ledger.world, Address::ipv4({10, 9, 0, static_cast<std::uint8_t>(number)}, 40'000)),
      scanner_(fresh_scanner()) {}

CacheClient::Scanner CacheClient::fresh_scanner() const {
  if (protocol_ == cluster::CacheProtocol::kRedis) return resp::ReplyScanner();
  if (workload_ && workload_->speaks_binary()) return BinaryReplyScanner();
  return memcached::ReplyScanner();
}

void CacheClient::failed() {
  if (healed_) ++ledger_.after_healing;
  socket_.close();
}

runtime::Task<void> CacheClient::visit(int batches) {
  Prng& prng = ledger_.world.workload;
  for (int i = 0; i < batches; ++i) {
    const bool connected = co_await connect();
    if (connected) {
      std::vector<Step> steps;
      const std::uint64_t count = prng.chance(0.5) ? 1 : 1 + prng.below(kBatchMost);
      for (std::uint64_t k = 0; k < count; ++k) steps.push_back(workload_->next());
      const bool good = co_await talk(std::move(steps));
      if (!good) failed();
      if (prng.chance(0.03)) socket_.close();
    }
    static_cast<void>(co_await io_.sleep_for(Duration(prng.below(40'000'000))));
  }
  socket_.close();
}

runtime::Task<void> CacheClient::look() {
  const bool connected = co_await connect();
  if (!connected) co_return;
  const bool good = co_await talk(workload_->last_look());
  if (!good) failed();
  socket_.close();
}

runtime::Task<bool> CacheClient::connect() {
  if (socket_ && io_.is_quiet(socket_)) co_return true;
  socket_.close();
  Result<runtime::Socket> fresh = co_await io_.connect(proxy_, runtime::Wait(io_.now() + kPatience, nullptr));
  if (!fresh) {
    ++ledger_.broken;
    failed();
    co_return false;
  }
  socket_ = std::move(*fresh);
  workload_ = make_workload_();
  scanner_ = fresh_scanner();
  arrived_.clear();
  const bool greeted = co_await talk(workload_->greeting());
  if (!greeted) failed();
  co_return greeted&& socket_;
}

// False when the connection is of no more use.
runtime::Task<bool> CacheClient::talk(std::vector<Step> steps) {
  if (steps.empty()) co_return true;
  const runtime::Wait wait(io_.now() + kPatience, nullptr);
  ledger_.asked += steps.size();
  const bool healed = healed_;
  const Status sent = co_await send(steps, wait);
  if (!sent) {
    ++ledger_.broken;
    co_return false;
  }
  if (!healed && ledger_.world.workload.chance(0.02)) {  // it has lost patience
    socket_.close();
    co_return true;
  }
  Instant late_at = io_.now() + kAnswerMost;
  for (const Step& step : steps) {
    if (!step.judge) continue;
    std::string reply;
    late_at += step.waits;
    const bool arrived = co_await read_reply(reply, wait);
    if (io_.now() > late_at)
      ledger_.complain(fmt::format("A5: no answer within {}ms: {}", to_milliseconds(kAnswerMost), shown(step.request)));
    if (!arrived) {
      ++ledger_.broken;
      co_return false;
    }
    const bool good = step.judge(reply) == Verdict::kGood;
    ++(good ? ledger_.answered : ledger_.refused);
    if (!good && healed) {
      ++ledger_.after_healing;
      if (ledger_.after_healing == 1)
        ledger_.refusal_after_healing = fmt::format("{} → {:.120}", shown(step.request), reply);
    }
  }
  if (arrived_.empty()) co_return true;
  ledger_.complain(fmt::format("C1: {:.60} came behind the last reply", arrived_));
  co_return false;
}

// Some send the rest a while later, when the first may still wait for their nodes.
runtime::Task<Status> CacheClient::send(const std::vector<Step>& steps, runtime::Wait wait) {
  Prng& prng = ledger_.world.workload;
  const std::size_t first = prng.chance(0.3) ? prng.below(steps.size()) : 0;
  std::string requests;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (i > 0 && i == first) {
      const Status sent = co_await io_.send(socket_, requests, wait);
      if (!sent) co_return sent;
      requests.clear();
      static_cast<void>(co_await io_.sleep_for(Duration(prng.below(kPauseMost.count()))));
    }
    requests += steps[i].request;
  }
  co_return co_await io_.send(socket_, requests, wait);
}

// The next whole reply; false when the connection ends before, or makes no sense.
runtime::Task<bool> CacheClient::read_reply(std::string& reply, runtime::Wait wait) {
  for (;;) {
    if (!arrived_.empty()) {
      const auto [is_whole, is_wrong, used] = std::visit(
          [this](auto& scanner) {
            using State = std::remove_reference_t<decltype(scanner)>::State;
            const auto step = scanner.scan(arrived_);
            return std::tuple(step.state == State::kComplete, step.state == State::kError, step.consumed);
          },
          scanner_);
      if (is_wrong) {
        ledger_.complain(fmt::format("C1: {:.60} is no reply at all", arrived_));
        co_return false;
      }
      reply += arrived_.substr(0, used);
      arrived_.erase(0, used);
      if (is_whole) co_return true;
    }
    const Result<runtime::Buffer> read = co_await io_.recv(socket_, runtime::BufferSize::kLarge, wait);
    if (!read) {
      // Its deadline is far beyond every one of Tenfold's: something was never answered.
      if (read.error().kind == ErrorKind::kTimeout) ledger_.complain("A5: a command never had an end");
      co_return false;
    }
    arrived_ += read->view();
  }
}

}  // namespace tenfold::simulator
