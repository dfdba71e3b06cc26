// SPDX-License-Identifier: Apache-2.0
// A client of memcached that speaks the binary protocol. Quiet requests have a no-op behind them, whose answer ends
// what there is to read of them.
#include <fmt/format.h>

#include <iterator>
#include <map>
#include <memory>
#include <utility>

#include "simulator/binary_packets.h"
#include "simulator/cache_workload.h"

namespace tenfold::simulator {
namespace {

constexpr std::uint16_t kOk = 0x00;
constexpr std::uint16_t kNotFound = 0x01;
constexpr std::uint16_t kExists = 0x02;
constexpr std::uint16_t kNotStored = 0x05;
constexpr std::uint16_t kNoNumber = 0x06;
constexpr std::uint16_t kUnknownCommand = 0x81;

// An error of Tenfold's or of a node's: nobody knows what has become of the request.
bool is_refusal(const Packet& packet) {
  return packet.status > kUnknownCommand;
}

class BinaryWorkload final : public Workload {
 public:
  explicit BinaryWorkload(CacheLedger& ledger) : Workload(ledger), uniques_(std::make_shared<Uniques>()) {}

  bool speaks_binary() const override { return true; }

  Step next() override {
    using Make = Step (BinaryWorkload::*)();
    static constexpr Make kKinds[] = {&BinaryWorkload::get,   &BinaryWorkload::get,    &BinaryWorkload::get_many,
                                      &BinaryWorkload::set,   &BinaryWorkload::set,    &BinaryWorkload::remove,
                                      &BinaryWorkload::add,   &BinaryWorkload::cas,    &BinaryWorkload::set_silent,
                                      &BinaryWorkload::count, &BinaryWorkload::append, &BinaryWorkload::touch};
    if (may_flush()) return flush();
    return (this->*kKinds[prng().below(std::size(kKinds))])();
  }

  std::vector<Step> last_look() override {
    std::vector<Step> steps;
    for (std::size_t i = 0; i < ledger_.keys; ++i) steps.push_back(get_key(fmt::format("k{}", i)));
    return steps;
  }

 private:
  struct Unique {
    std::uint64_t number;
    std::uint64_t value;
  };
  using Uniques = std::map<std::string, Unique>;

  std::uint32_t fresh_opaque() { return static_cast<std::uint32_t>(ledger_.fresh()); }

  // One request and its one answer, which gives the opaque number back.
  Step step(Opcode opcode, BinaryFields fields, std::function<Verdict(const Packet&)> judge) {
    fields.opaque = fresh_opaque();
    auto judge_all = [&ledger = ledger_, opcode, opaque = fields.opaque,
                      judge = std::move(judge)](std::string_view reply) {
      const std::vector<Packet> packets = packets_of(reply);
      if (packets.size() != 1 || packets[0].opcode != opcode || packets[0].opaque != opaque)
        return ledger.complain(fmt::format("C1: {} packets came for the opcode {} with the opaque number {}, and {:x}",
                                           packets.size(), static_cast<int>(opcode), opaque,
                                           packets.empty() ? 0 : packets[0].opaque));
      return is_refusal(packets[0]) ? Verdict::kRefused : judge(packets[0]);
    };
    return {packet_of(opcode, fields), judge_all};
  }

  // What is no error must be one of these.
  std::function<Verdict(const Packet&)> expecting(std::vector<std::uint16_t> allowed,
                                                  std::function<void(std::uint16_t)> told) {
    return [&ledger = ledger_, allowed = std::move(allowed), told = std::move(told)](const Packet& packet) {
      for (std::uint16_t status : allowed) {
        if (packet.status != status) continue;
        told(status);
        return Verdict::kGood;
      }
      return ledger.complain(fmt::format("C1: the status {} is no answer to the opcode {}", packet.status,
                                         static_cast<int>(packet.opcode)));
    };
  }

  Step get_key(const std::string& name) {
    const bool with_key = prng().chance(0.3);
    auto judge = [&ledger = ledger_, name, with_key, read = reading(name), uniques = uniques_](const Packet& packet) {
      if (with_key && packet.key != name)
        return ledger.complain(fmt::format("C1: {} came, and {} was asked for", packet.key, name));
      if (packet.status == kNotFound) return read({});
      if (packet.status != kOk) return ledger.complain(fmt::format("C1: the status {} for a get", packet.status));
      (*uniques)[name] = {packet.unique, value_of_text(name, packet.value)};
      return read(packet.value);
    };
    return step(with_key ? Opcode::kGetWithKey : Opcode::kGet, {.key = name}, judge);
  }
  Step get() { return get_key(key('k')); }

  // Quiet requests, and a no-op behind them: its answer is the last packet.
  Step quietly(std::string requests, std::function<Verdict(const std::vector<Packet>& told)> judge) {
    const std::uint32_t opaque = fresh_opaque();
    requests += packet_of(Opcode::kNoop, {.opaque = opaque});
    auto judge_all = [&ledger = ledger_, opaque, judge = std::move(judge)](std::string_view reply) {
      std::vector<Packet> packets = packets_of(reply);
      if (packets.empty() || packets.back().opcode != Opcode::kNoop || packets.back().opaque != opaque)
        return ledger.complain("C1: the answer to a no-op is another one's");
      packets.pop_back();
      return judge(packets);
    };
    return {std::move(requests), judge_all};
  }

  Step get_many() {
    std::map<std::uint32_t, std::pair<std::string, std::function<Verdict(std::string_view)>>> readings;
    std::string requests;
    for (std::size_t i = 0; i < ledger_.keys; ++i) {
      if (prng().chance(0.5)) continue;
      const std::string name = fmt::format("k{}", i);
      const std::uint32_t opaque = fresh_opaque();
      readings[opaque] = {name, reading(name)};
      requests += packet_of(Opcode::kGetWithKeyQuietly, {.key = name, .opaque = opaque});
    }
    auto judge = [&ledger = ledger_, readings](const std::vector<Packet>& told) {
      auto left = readings;
      Verdict verdict = Verdict::kGood;
      for (const Packet& packet : told) {
        const auto found = left.find(packet.opaque);
        if (found == left.end() || packet.opcode != Opcode::kGetWithKeyQuietly)
          return ledger.complain("C5: a value came that was not asked for, or twice");
        const auto& [name, read] = found->second;
        if (is_refusal(packet)) {
          verdict = Verdict::kRefused;
        } else if (packet.status != kOk || packet.key != name) {
          return ledger.complain(fmt::format("C5: the status {} and {} for {}", packet.status, packet.key, name));
        } else if (read(packet.value) != Verdict::kGood) {
          verdict = Verdict::kRefused;
        }
        left.erase(found);
      }
      for (const auto& [opaque, missing] : left) missing.second({});
      return verdict;
    };
    return quietly(std::move(requests), judge);
  }

  Step set() {
    const std::string name = key('k');
    const Writing write = writing(name);
    const std::string extras = stored_extras(0);
    return step(Opcode::kSet, {.key = name, .extras = extras, .value = write.text},
                expecting({kOk}, [write](std::uint16_t) { write.done(); }));
  }

  Step set_silent() {
    const std::string name = key('k');
    const Writing write = writing(name);
    const std::string extras = stored_extras(0);
    const std::uint32_t opaque = fresh_opaque();
    auto judge = [&ledger = ledger_, write, opaque](const std::vector<Packet>& told) {
      if (told.empty()) {
        write.done();
        return Verdict::kGood;
      }
      const bool is_its_error = told.size() == 1 && told[0].opaque == opaque && is_refusal(told[0]);
      return is_its_error ? Verdict::kRefused : ledger.complain("C1: a quiet set was answered");
    };
    return quietly(
        packet_of(Opcode::kSetQuietly, {.key = name, .extras = extras, .value = write.text, .opaque = opaque}), judge);
  }

  Step add() {
    const std::string name = key('k');
    const Writing write = writing(name);
    const std::string extras = stored_extras(0);
    auto told = [write](std::uint16_t status) { status == kOk ? write.done() : write.refused(); };
    return step(Opcode::kAdd, {.key = name, .extras = extras, .value = write.text}, expecting({kOk, kExists}, told));
  }

  // As with the text protocol: success says that the value that was seen was there until then.
  Step cas() {
    if (uniques_->empty()) return get();
    auto chosen = uniques_->begin();
    std::advance(chosen, static_cast<std::ptrdiff_t>(prng().below(uniques_->size())));
    const std::string name = chosen->first;
    const Unique unique = chosen->second;
    uniques_->erase(chosen);
    if (unique.number == 0) return get_key(name);  // of a copy on its way: it would be a plain set
    const History::Moment begin = ledger_.history.now();
    const Instant began_at = ledger_.world.now();
    const Writing write = writing(name);
    const std::string extras = stored_extras(0);
    auto told = [&ledger = ledger_, write, name, unique, begin, began_at](std::uint16_t status) {
      if (status != kOk) return write.refused();
      ledger.history.saw(name, unique.value, begin, began_at);
      write.done();
    };
    return step(Opcode::kSet, {.key = name, .extras = extras, .value = write.text, .unique = unique.number},
                expecting({kOk, kExists, kNotFound}, told));
  }

  Step remove() {
    const std::string name = key('k');
    const auto done = deleting(name);
    return step(Opcode::kDelete, {.key = name}, expecting({kOk, kNotFound}, [done](std::uint16_t) { done(); }));
  }

  Step count() {
    const std::string name = key('n');
    if (prng().chance(0.3)) {
      const std::string extras = stored_extras(0);
      return step(Opcode::kAdd, {.key = name, .extras = extras, .value = "0"},
                  expecting({kOk, kExists}, [](std::uint16_t) {}));
    }
    const std::string extras = counted_extras(adding(name));
    return step(Opcode::kIncrement, {.key = name, .extras = extras},
                expecting({kOk, kNotFound, kNoNumber}, [](std::uint16_t) {}));
  }

  Step append() {
    const std::string name = key('a');
    const std::string text = fmt::format("{},", adding(name));
    return step(Opcode::kAppend, {.key = name, .value = text}, expecting({kOk, kNotStored}, [](std::uint16_t) {}));
  }

  Step touch() {
    const std::string name = key('k');
    const std::string extras(4, '\0');
    return step(Opcode::kTouch, {.key = name, .extras = extras}, expecting({kOk, kNotFound}, [](std::uint16_t) {}));
  }

  Step flush() {
    return step(Opcode::kFlush, {}, expecting({kOk}, [done = deleting_all()](std::uint16_t) { done(); }));
  }

  std::shared_ptr<Uniques> uniques_;
};

}  // namespace

std::unique_ptr<Workload> binary_workload(CacheLedger& ledger) {
  return std::make_unique<BinaryWorkload>(ledger);
}

}  // namespace tenfold::simulator
