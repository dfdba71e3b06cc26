// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/bytes.h"
#include "simulator/cache_workload.h"
#include "wire/memcached/meta_reply.h"

namespace tenfold::simulator {
namespace {

bool is_refusal(std::string_view reply) {
  return reply.starts_with("SERVER_ERROR");
}

struct Value {
  std::string_view key;
  std::string_view text;
  std::string_view unique;
};

// Takes the values of a retrieval apart; nothing, when that is no reply to one.
std::optional<std::vector<Value>> values_of(std::string_view reply) {
  std::vector<Value> values;
  while (reply.starts_with("VALUE ")) {
    const std::size_t line_end = reply.find("\r\n");
    std::vector<std::string_view> words;
    for (std::string_view line = reply.substr(6, line_end - 6); !line.empty();) {
      const std::size_t end = std::min(line.find(' '), line.size());
      words.push_back(line.substr(0, end));
      line.remove_prefix(std::min(end + 1, line.size()));
    }
    if (words.size() < 3) return std::nullopt;
    const auto size = parse_decimal(words[2]);
    if (!size || reply.size() < line_end + 2 + *size + 2) return std::nullopt;
    values.push_back({words[0], reply.substr(line_end + 2, *size), words.size() > 3 ? words[3] : ""});
    reply.remove_prefix(line_end + 2 + *size + 2);
  }
  return reply == "END\r\n" ? std::optional(values) : std::nullopt;
}

// The numbers of a text that grew: "17,18,25,".
std::vector<std::uint64_t> numbers_of(std::string_view text) {
  std::vector<std::uint64_t> numbers;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    numbers.push_back(parse_decimal(text.substr(0, end)).value_or(0));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return numbers;
}

class MemcachedWorkload final : public Workload {
 public:
  explicit MemcachedWorkload(CacheLedger& ledger) : Workload(ledger), uniques_(std::make_shared<Uniques>()) {}

  Step next() override {
    using Make = Step (MemcachedWorkload::*)();
    static constexpr Make kKinds[] = {
        &MemcachedWorkload::get,         &MemcachedWorkload::get,      &MemcachedWorkload::get_many,
        &MemcachedWorkload::get_uniques, &MemcachedWorkload::set,      &MemcachedWorkload::set,
        &MemcachedWorkload::set_silent,  &MemcachedWorkload::remove,   &MemcachedWorkload::add,
        &MemcachedWorkload::cas,         &MemcachedWorkload::meta_get, &MemcachedWorkload::meta_set,
        &MemcachedWorkload::meta_remove, &MemcachedWorkload::expiring, &MemcachedWorkload::get_expiring,
        &MemcachedWorkload::count,       &MemcachedWorkload::append,   &MemcachedWorkload::get_grown,
        &MemcachedWorkload::touch,       &MemcachedWorkload::noop};
    if (may_flush()) return flush();
    if (ledger_.has_hot_key && prng().chance(0.3)) return get();
    return (this->*kKinds[prng().below(std::size(kKinds))])();
  }

  std::vector<Step> last_look() override {
    std::vector<Step> steps;
    for (std::size_t i = 0; i < ledger_.keys; ++i) steps.push_back(get_keys("get", {fmt::format("k{}", i)}));
    return steps;
  }

 private:
  struct Unique {
    std::string number;
    std::uint64_t value;
  };
  using Uniques = std::map<std::string, Unique>;

  // What is no error must be one of these.
  Judge expecting(std::vector<std::string_view> allowed, std::function<void(std::string_view)> told) {
    return [&ledger = ledger_, allowed = std::move(allowed), told = std::move(told)](std::string_view reply) {
      if (is_refusal(reply)) return Verdict::kRefused;
      const std::string_view line = reply.substr(0, reply.find_first_of(" \r"));
      if (std::ranges::find(allowed, line) == allowed.end())
        return ledger.complain(fmt::format("C1: {:.60} is no answer to the command", reply));
      told(line);
      return Verdict::kGood;
    };
  }

  Step get_keys(std::string_view verb, std::vector<std::string> keys) {
    std::map<std::string, std::function<Verdict(std::string_view)>> readings;
    std::string request(verb);
    const bool may_be_old = verb == "get" && keys.size() == 1;
    for (const std::string& key : keys) {
      readings[key] = reading(key, may_be_old ? ledger_.staleness : Duration::zero());
      (request += ' ') += key;
    }
    auto judge = [&ledger = ledger_, readings, uniques = uniques_](std::string_view reply) {
      if (is_refusal(reply)) return Verdict::kRefused;
      const auto values = values_of(reply);
      if (!values) return ledger.complain(fmt::format("C1: {:.60} is no answer to get", reply));
      auto left = readings;
      Verdict verdict = Verdict::kGood;
      for (const Value& value : *values) {
        const auto found = left.find(std::string(value.key));
        if (found == left.end())
          return ledger.complain(fmt::format("C5: {} came, and was not asked for, or twice", value.key));
        if (found->second(value.text) != Verdict::kGood) verdict = Verdict::kRefused;
        if (!value.unique.empty())
          (*uniques)[found->first] = {std::string(value.unique), value_of_text(found->first, value.text)};
        left.erase(found);
      }
      for (const auto& [key, read] : left) read({});
      return verdict;
    };
    return {request + "\r\n", judge};
  }

  Step get() { return get_keys("get", {key('k')}); }
  Step get_uniques() { return get_keys("gets", {key('k')}); }
  Step get_expiring() { return get_keys("get", {key('t')}); }
  Step get_many() {
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < ledger_.keys; ++i) {
      if (prng().chance(0.6)) keys.push_back(fmt::format("k{}", i));
    }
    if (keys.empty()) keys.push_back("k0");
    return get_keys(prng().chance(0.2) ? "gets" : "get", keys);
  }

  Step set() {
    const std::string name = key('k');
    const Writing write = writing(name);
    return {fmt::format("set {} 0 0 {}\r\n{}\r\n", name, write.text.size(), write.text),
            expecting({"STORED"}, [write](std::string_view) { write.done(); })};
  }

  Step set_silent() {
    const std::string name = key('k');
    const Writing write = writing(name);
    return {fmt::format("set {} 0 0 {} noreply\r\n{}\r\n", name, write.text.size(), write.text), nullptr};
  }

  Step expiring() {
    const std::string name = key('t');
    const Writing write = writing(name);
    const std::uint64_t seconds = 1 + prng().below(3);
    ledger_.history.expires(name, write.value, kNever);
    auto stored = [&ledger = ledger_, write, name, seconds](std::string_view) {
      write.done();
      ledger.history.expires(name, write.value, ledger.world.now() + std::chrono::seconds(seconds));
    };
    return {fmt::format("set {} 0 {} {}\r\n{}\r\n", name, seconds, write.text.size(), write.text),
            expecting({"STORED"}, stored)};
  }

  Step add() {
    const std::string name = key('k');
    const Writing write = writing(name);
    auto told = [write](std::string_view line) { line == "STORED" ? write.done() : write.refused(); };
    return {fmt::format("add {} 0 0 {}\r\n{}\r\n", name, write.text.size(), write.text),
            expecting({"STORED", "NOT_STORED"}, told)};
  }

  // Success says that the value that `gets` saw was there until then (number 9 of the ways to corrupt data).
  Step cas() {
    if (uniques_->empty()) return get_uniques();
    auto chosen = uniques_->begin();
    std::advance(chosen, static_cast<std::ptrdiff_t>(prng().below(uniques_->size())));
    const std::string name = chosen->first;
    const Unique unique = chosen->second;
    uniques_->erase(chosen);
    const History::Moment begin = ledger_.history.now();
    const Instant began_at = ledger_.world.now();
    const Writing write = writing(name);
    auto told = [&ledger = ledger_, write, name, unique, begin, began_at](std::string_view line) {
      if (line != "STORED") return write.refused();
      ledger.history.saw(name, unique.value, begin, began_at);
      write.done();
    };
    return {fmt::format("cas {} 0 0 {} {}\r\n{}\r\n", name, write.text.size(), unique.number, write.text),
            expecting({"STORED", "EXISTS", "NOT_FOUND"}, told)};
  }

  Step remove() {
    const std::string name = key('k');
    const auto done = deleting(name);
    return {fmt::format("delete {}\r\n", name),
            expecting({"DELETED", "NOT_FOUND"}, [done](std::string_view) { done(); })};
  }

  // The opaque flag comes back with the reply: it must be this request's.
  Step meta_get() {
    const std::string name = key('k');
    const std::string opaque = fmt::format("{}", ledger_.fresh());
    const auto read = reading(name);
    auto judge = [&ledger = ledger_, name, opaque, read](std::string_view reply) {
      if (is_refusal(reply)) return Verdict::kRefused;
      const auto parsed = memcached::parse_meta_reply(reply);
      const bool is_known = parsed.code == "VA" || parsed.code == "EN";
      if (!is_known || parsed.token('O') != opaque || parsed.token('k') != name)
        return ledger.complain(fmt::format("C1: {:.60} is no answer to mg {} with O{}", reply, name, opaque));
      return read(parsed.code == "VA" ? std::string_view(parsed.value.data(), parsed.value.size())
                                      : std::string_view());
    };
    return {fmt::format("mg {} v k O{}\r\n", name, opaque), judge};
  }

  Step meta_set() {
    const std::string name = key('k');
    const Writing write = writing(name);
    return {fmt::format("ms {} {} c\r\n{}\r\n", name, write.text.size(), write.text),
            expecting({"HD"}, [write](std::string_view) { write.done(); })};
  }

  Step meta_remove() {
    const std::string name = key('k');
    const auto done = deleting(name);
    return {fmt::format("md {}\r\n", name), expecting({"HD", "NF"}, [done](std::string_view) { done(); })};
  }

  // What is added is this command's own number: the nodes count how often each was carried out.
  Step count() {
    const std::string name = key('n');
    if (prng().chance(0.3))
      return {fmt::format("add {} 0 0 1\r\n0\r\n", name), expecting({"STORED", "NOT_STORED"}, [](std::string_view) {})};
    auto judge = [&ledger = ledger_](std::string_view reply) {
      if (is_refusal(reply)) return Verdict::kRefused;
      if (is_digit(reply.front()) || reply == "NOT_FOUND\r\n") return Verdict::kGood;
      return ledger.complain(fmt::format("C1: {:.60} is no answer to incr", reply));
    };
    return {fmt::format("incr {} {}\r\n", name, adding(name)), judge};
  }

  Step append() {
    const std::string name = key('a');
    const std::string text = fmt::format("{},", adding(name));
    const std::string_view verb = prng().chance(0.3) ? "add" : prng().chance(0.5) ? "append" : "prepend";
    return {fmt::format("{} {} 0 0 {}\r\n{}\r\n", verb, name, text.size(), text),
            expecting({"STORED", "NOT_STORED"}, [](std::string_view) {})};
  }

  Step get_grown() {
    const std::string name = key('a');
    auto judge = [&ledger = ledger_, name](std::string_view reply) {
      if (is_refusal(reply)) return Verdict::kRefused;
      const auto values = values_of(reply);
      if (!values || values->size() > 1)
        return ledger.complain(fmt::format("C1: {:.60} is no answer to get {}", reply, name));
      return values->empty() ? Verdict::kGood : ledger.check_grown(name, numbers_of(values->front().text), false);
    };
    return {fmt::format("get {}\r\n", name), judge};
  }

  Step touch() {
    const std::string name = key('k');
    return {fmt::format("touch {} 0\r\n", name), expecting({"TOUCHED", "NOT_FOUND"}, [](std::string_view) {})};
  }

  Step flush() {
    return {"flush_all\r\n", expecting({"OK"}, [done = deleting_all()](std::string_view) { done(); })};
  }

  Step noop() {
    return {"mn\r\n", expecting({"MN"}, [](std::string_view) {})};
  }

  std::shared_ptr<Uniques> uniques_;
};

}  // namespace

std::unique_ptr<Workload> memcached_workload(CacheLedger& ledger) {
  return std::make_unique<MemcachedWorkload>(ledger);
}

}  // namespace tenfold::simulator
