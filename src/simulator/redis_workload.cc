// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "simulator/cache_workload.h"
#include "wire/resp/reply.h"
#include "wire/resp/request.h"

namespace tenfold::simulator {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kOther = "@1";  // behind the names of keys in the other database

// A key as Redis knows it, in its database.
std::string_view sent(std::string_view name) {
  return name.substr(0, name.size() - (name.ends_with(kOther) ? kOther.size() : 0));
}

std::string request_of(const std::vector<std::string>& words) {
  std::vector<std::string_view> views;
  for (const std::string& word : words) views.push_back(sent(word));
  std::string request;
  resp::write_request(views, request);
  return request;
}

// The elements of a list.
std::vector<std::uint64_t> numbers_of(std::string_view reply) {
  std::vector<std::string_view> elements;
  resp::elements_of(reply, elements);
  std::vector<std::uint64_t> numbers;
  for (std::string_view element : elements) numbers.push_back(parse_decimal(resp::text_of(element)).value_or(0));
  return numbers;
}

class RedisWorkload final : public Workload {
 public:
  RedisWorkload(CacheLedger& ledger, RedisManners manners) : Workload(ledger), manners_(std::move(manners)) {}

  std::vector<Step> greeting() override {
    std::vector<Step> steps;
    if (!is_admitted()) return steps;
    if (!manners_.password.empty()) steps.push_back({request_of({"AUTH", manners_.password}), exactly("+OK\r\n")});
    if (manners_.resp3) {
      auto judge = [&ledger = ledger_](std::string_view reply) {
        if (reply.starts_with('%')) return Verdict::kGood;
        return ledger.complain(fmt::format("C1: {:.60} is no answer to HELLO 3", reply));
      };
      steps.push_back({request_of({"HELLO", "3"}), judge});
    }
    return steps;
  }

  Step next() override {
    if (!planned_.empty()) {
      const std::function<Step()> make = std::move(planned_.front());
      planned_.pop_front();
      return make();
    }
    if (!is_admitted()) return {request_of({"GET", key('k')}), exactly("-NOAUTH Authentication required.\r\n")};
    using Make = Step (RedisWorkload::*)();
    static constexpr Make kKinds[] = {
        &RedisWorkload::get,           &RedisWorkload::get,         &RedisWorkload::get_many,
        &RedisWorkload::set,           &RedisWorkload::set,         &RedisWorkload::set_many,
        &RedisWorkload::remove,        &RedisWorkload::remove_many, &RedisWorkload::exists,
        &RedisWorkload::set_new,       &RedisWorkload::expiring,    &RedisWorkload::get_expiring,
        &RedisWorkload::count,         &RedisWorkload::append,      &RedisWorkload::get_grown,
        &RedisWorkload::push,          &RedisWorkload::get_list,    &RedisWorkload::echo,
        &RedisWorkload::private_state, &RedisWorkload::transaction, &RedisWorkload::counting_transaction,
        &RedisWorkload::put,           &RedisWorkload::take,        &RedisWorkload::take_or_wait,
        &RedisWorkload::publish};
    if (may_flush()) return flush();
    if (ledger_.has_hot_key && prng().chance(0.3)) return get();
    return (this->*kKinds[prng().below(std::size(kKinds))])();
  }

  std::vector<Step> last_look() override {
    std::vector<Step> steps;
    if (!is_admitted()) return steps;
    for (int database = 0; database < 2; ++database) {
      steps.push_back(select_other());
      for (std::size_t i = 0; i < ledger_.keys; ++i) {
        steps.push_back(get_key(name_of('k', i), true));
        steps.push_back(list_of(name_of('l', i), true));
        steps.push_back(text_of(name_of('a', i), true));
        steps.push_back(counter_of(name_of('n', i)));
        steps.push_back(queue_of(name_of('q', i)));
        steps.push_back(publish_to(fmt::format("c{}", i)));
      }
    }
    return steps;
  }

 private:
  bool is_admitted() const { return manners_.logs_in || manners_.password.empty(); }

  std::string name_of(char kind, std::size_t number) const {
    return fmt::format("{}{}{}", kind, number, in_other_ ? kOther : "");
  }
  std::string key(char kind) { return name_of(kind, number_of_key()); }

  // What comes behind it, though sent at once, is asked of that database.
  Step select_other() {
    in_other_ = !in_other_;
    auto judge = [&ledger = ledger_](std::string_view reply) {
      if (reply == "+OK\r\n") return Verdict::kGood;
      return ledger.complain(fmt::format("C7: SELECT has no such answer: {:.60}", reply));
    };
    return {request_of({"SELECT", in_other_ ? "1" : "0"}), judge};
  }

  static bool is_refusal(std::string_view reply) {
    return reply.starts_with("-ERR") || reply.starts_with("-UNBLOCKED");
  }

  Judge exactly(std::string text) {
    return [&ledger = ledger_, text = std::move(text)](std::string_view reply) {
      if (reply == text) return Verdict::kGood;
      if (is_refusal(reply)) return Verdict::kRefused;
      return ledger.complain(fmt::format("C1: {:.60} came instead of {}", reply, text));
    };
  }

  // "+OK" or a number, and then `told`.
  Judge expecting(char type, std::function<void(std::string_view)> told) {
    return [&ledger = ledger_, type, told = std::move(told)](std::string_view reply) {
      if (is_refusal(reply)) return Verdict::kRefused;
      if (!reply.starts_with(type)) return ledger.complain(fmt::format("C1: {:.60} came, and no '{}'", reply, type));
      told(reply.substr(1, reply.size() - 3));
      return Verdict::kGood;
    };
  }

  // A text, or none in the words of the client's own protocol (C7).
  static std::optional<std::string_view> text_in(bool resp3, std::string_view reply, bool& is_text) {
    is_text = true;
    if (reply == (resp3 ? "_\r\n" : "$-1\r\n")) return std::string_view();
    if (reply.starts_with('$') && !reply.starts_with("$-")) return resp::text_of(reply);
    is_text = false;
    return std::nullopt;
  }

  Judge text_judge(std::string name, std::function<Verdict(std::string_view)> judge) {
    return [&ledger = ledger_, resp3 = manners_.resp3, name = std::move(name),
            judge = std::move(judge)](std::string_view reply) {
      if (is_refusal(reply)) return Verdict::kRefused;
      bool is_text = false;
      const auto text = text_in(resp3, reply, is_text);
      if (!is_text)
        return ledger.complain(
            fmt::format("C1 or C7: {:.60} is no text for RESP{}, of {}", reply, resp3 ? 3 : 2, name));
      return judge(*text);
    };
  }

  // What is held of a key is dropped when such a command is sent; over another link, a get may still be ahead of it.
  Told of_many() const { return ledger_.one_link_a_node ? Told::kAtOnce : Told::kByNodes; }

  // Only what is in database 0 is ever held near, and not when its node has told of its change.
  Step get_key(const std::string& name, bool is_last = false) {
    const Duration staleness = is_last || name.ends_with(kOther) ? Duration::zero() : ledger_.staleness;
    return {request_of({"GET", name}), text_judge(name, reading(name, staleness))};
  }
  Step get() { return get_key(key('k')); }
  Step get_expiring() { return get_key(key('t')); }

  std::vector<std::string> some_keys() {
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < ledger_.keys; ++i) {
      if (prng().chance(0.5)) keys.push_back(name_of('k', i));
    }
    if (keys.empty()) keys.push_back(name_of('k', 0));
    return keys;
  }

  Step get_many() {
    std::vector<std::string> words = some_keys();
    std::vector<Judge> judges;
    for (const std::string& name : words) judges.push_back(text_judge(name, reading(name)));
    words.insert(words.begin(), "MGET");
    auto judge = [&ledger = ledger_, judges](std::string_view reply) {
      if (is_refusal(reply)) return Verdict::kRefused;
      std::vector<std::string_view> elements;
      resp::elements_of(reply, elements);
      if (elements.size() != judges.size())
        return ledger.complain(fmt::format("C5: {} elements came for {} keys", elements.size(), judges.size()));
      Verdict verdict = Verdict::kGood;
      for (std::size_t i = 0; i < elements.size(); ++i) {
        if (judges[i](elements[i]) != Verdict::kGood) verdict = Verdict::kRefused;
      }
      return verdict;
    };
    return {request_of(words), judge};
  }

  Step set() {
    const std::string name = key('k');
    const Writing write = writing(name);
    return {request_of({"SET", name, write.text}), expecting('+', [write](std::string_view) { write.done(); })};
  }

  Step set_many() {
    std::vector<std::string> words = {"MSET"};
    std::vector<Writing> writes;
    for (const std::string& name : some_keys()) {
      writes.push_back(writing(name, of_many()));
      words.push_back(name);
      words.push_back(writes.back().text);
    }
    auto told = [writes](std::string_view) {
      for (const Writing& write : writes) write.done();
    };
    return {request_of(words), expecting('+', told)};
  }

  Step set_new() {
    const std::string name = key('k');
    const Writing write = writing(name);
    auto told = [write](std::string_view number) { number == "1" ? write.done() : write.refused(); };
    return {request_of({"SETNX", name, write.text}), expecting(':', told)};
  }

  Step expiring() {
    const std::string name = key('t');
    const Writing write = writing(name);
    const std::uint64_t left_ms = 500 + prng().below(2'500);
    auto told = [&ledger = ledger_, write, name, left_ms](std::string_view) {
      write.done();
      ledger.history.expires(name, write.value, ledger.world.now() + std::chrono::milliseconds(left_ms));
    };
    return {request_of({"SET", name, write.text, "PX", fmt::format("{}", left_ms)}), expecting('+', told)};
  }

  Step remove() {
    const std::string name = key('k');
    const auto done = deleting(name);
    return {request_of({"DEL", name}), expecting(':', [done](std::string_view) { done(); })};
  }

  Step remove_many() {
    std::vector<std::string> words = some_keys();
    std::vector<std::function<void()>> dones;
    for (const std::string& name : words) dones.push_back(deleting(name, of_many()));
    words.insert(words.begin(), prng().chance(0.5) ? "DEL" : "UNLINK");
    auto told = [dones](std::string_view) {
      for (const auto& done : dones) done();
    };
    return {request_of(words), expecting(':', told)};
  }

  Step exists() {
    const std::string name = key('k');
    const auto read = reading(name);
    auto told = [read](std::string_view number) {
      if (number == "0") read({});
    };
    return {request_of({"EXISTS", name}), expecting(':', told)};
  }

  // What is added is this command's own number: the nodes count how often each was carried out.
  Step count() {
    const std::string name = key('n');
    const std::uint64_t number = adding(name);
    auto told = [&ledger = ledger_, name, number](std::string_view) { ledger.added[name].push_back(number); };
    return {request_of({"INCRBY", name, fmt::format("{}", number)}), expecting(':', told)};
  }

  // Between what was acknowledged and what was asked.
  Step counter_of(const std::string& name) {
    auto judge = [&ledger = ledger_, name](std::string_view text) {
      if (!ledger.is_store) return Verdict::kGood;
      std::uint64_t least = 0;
      std::uint64_t most = 0;
      for (std::uint64_t number : ledger.added[name]) least += number;
      for (std::uint64_t number : ledger.maybe_added[name]) most += number;
      const std::uint64_t sum = text.data() == nullptr ? 0 : parse_decimal(text).value_or(UINT64_MAX);
      if (least <= sum && sum <= most) return Verdict::kGood;
      return ledger.complain(fmt::format("{} is {}, and should be {} to {}", name, sum, least, most));
    };
    return {request_of({"GET", name}), text_judge(name, judge)};
  }

  Step append() {
    const std::string name = key('a');
    const std::uint64_t number = adding(name);
    auto told = [&ledger = ledger_, name, number](std::string_view) { ledger.added[name].push_back(number); };
    return {request_of({"APPEND", name, fmt::format("{},", number)}), expecting(':', told)};
  }

  Step text_of(const std::string& name, bool is_last) {
    auto judge = [&ledger = ledger_, name, is_last](std::string_view text) {
      std::vector<std::uint64_t> numbers;
      for (std::string_view rest = text; !rest.empty();) {
        const std::size_t end = std::min(rest.find(','), rest.size());
        numbers.push_back(parse_decimal(rest.substr(0, end)).value_or(0));
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
      return ledger.check_grown(name, numbers, is_last);
    };
    return {request_of({"GET", name}), text_judge(name, judge)};
  }
  Step get_grown() { return text_of(key('a'), false); }

  Step push() {
    const std::string name = key('l');
    const std::uint64_t number = adding(name);
    auto told = [&ledger = ledger_, name, number](std::string_view) { ledger.added[name].push_back(number); };
    return {request_of({prng().chance(0.5) ? "LPUSH" : "RPUSH", name, fmt::format("{}", number)}),
            expecting(':', told)};
  }

  Step list_of(const std::string& name, bool is_last) {
    auto judge = [&ledger = ledger_, name, is_last](std::string_view reply) {
      if (is_refusal(reply)) return Verdict::kRefused;
      if (!reply.starts_with('*')) return ledger.complain(fmt::format("C1: {:.60} is no list", reply));
      const std::vector<std::uint64_t> numbers = numbers_of(reply);
      return ledger.check_grown(name, numbers, is_last);
    };
    return {request_of({"LRANGE", name, "0", "-1"}), judge};
  }
  Step get_list() { return list_of(key('l'), false); }

  Step flush() {
    const bool is_one = prng().chance(0.5);
    const std::string_view here = in_other_ ? kOther : "";
    std::vector<std::string_view> ends = {here};
    if (!is_one) ends.push_back(in_other_ ? "" : kOther);
    return {request_of({is_one ? "FLUSHDB" : "FLUSHALL"}),
            expecting('+', [done = deleting_all(ends)](std::string_view) { done(); })};
  }

  Step echo() {
    const std::string text = fmt::format("echo{}", ledger_.fresh());
    std::string reply;
    resp::write_bulk(text, reply);
    return {request_of({"ECHO", text}), exactly(reply)};
  }

  // What would be a state of the connection to a node is kept from others, or refused (C7).
  Step private_state() {
    const std::uint64_t die = prng().below(4);
    if (die < 2) return select_other();
    if (die == 2) return {request_of({"CLIENT", "SETNAME", "simulated"}), exactly("+OK\r\n")};
    auto judge = [&ledger = ledger_](std::string_view reply) {
      if (reply.starts_with("-ERR DB index is out of range")) return Verdict::kGood;
      return ledger.complain(fmt::format("C7: a database was selected that is not there: {:.60}", reply));
    };
    return {request_of({"SELECT", "16"}), judge};
  }

  // -- From client to client -----------------------------------------------------------------------------------------

  Step put() {
    const std::string name = key('q');
    const std::uint64_t number = ledger_.fresh();
    ledger_.queues.pushes(name, number);
    auto told = [&ledger = ledger_, name, number](std::string_view) {
      ledger.queues.pushed(name, number, ledger.world.now());
    };
    return {request_of({"RPUSH", name, fmt::format("{}", number)}), expecting(':', told)};
  }

  // At `since` or after.
  Verdict took(const std::string& name, std::string_view text, Instant since) {
    if (text.data() == nullptr) {
      const std::string problem = ledger_.queues.took_nothing(name, since);
      return problem.empty() || !ledger_.is_store ? Verdict::kGood : ledger_.complain(problem);
    }
    const std::string problem = ledger_.queues.taken(name, parse_decimal(text).value_or(0), ledger_.history.now());
    return problem.empty() ? Verdict::kGood : ledger_.complain(problem);
  }

  Step take() {
    const std::string name = key('q');
    const Instant since = ledger_.world.now();
    ledger_.queues.asks(name);
    return {request_of({"LPOP", name}),
            text_judge(name, [this, name, since](std::string_view text) { return took(name, text, since); })};
  }

  Step take_or_wait() {
    static constexpr Duration kTimes[] = {50ms, 300ms, 1s, 30s};
    const std::string name = key('q');
    const std::string_view verb = prng().chance(0.5) ? "BLPOP" : "BRPOP";
    const Duration time = kTimes[prng().chance(0.05) ? 3 : prng().below(3)];
    const Instant until = ledger_.world.now() + time - 1ms;  // clocks that count milliseconds
    ledger_.queues.asks(name);
    auto judge = [this, name, until](std::string_view reply) {
      if (is_refusal(reply)) return Verdict::kRefused;
      if (reply == (manners_.resp3 ? "_\r\n" : "*-1\r\n")) return took(name, {}, until);
      std::vector<std::string_view> parts;
      resp::elements_of(reply, parts);
      if (!reply.starts_with('*') || parts.size() != 2 || resp::text_of(parts[0]) != sent(name))
        return ledger_.complain(fmt::format("C1: {:.60} is no answer to BLPOP {}", reply, name));
      return took(name, resp::text_of(parts[1]), until);
    };
    const std::string seconds = fmt::format("{}", std::chrono::duration<double>(time).count());
    return {request_of({std::string(verb), name, seconds}), judge, time};
  }

  Step queue_of(const std::string& name) {
    const History::Moment begin = ledger_.history.now();
    auto judge = [&ledger = ledger_, name, begin](std::string_view reply) {
      if (is_refusal(reply)) return Verdict::kRefused;
      if (!reply.starts_with('*')) return ledger.complain(fmt::format("C1: {:.60} is no list", reply));
      const std::vector<std::uint64_t> numbers = numbers_of(reply);
      const std::string problem = ledger.queues.seen(name, numbers, begin, ledger.is_store);
      return problem.empty() ? Verdict::kGood : ledger.complain(problem);
    };
    return {request_of({"LRANGE", name, "0", "-1"}), judge};
  }

  Step publish_to(const std::string& name) {
    const std::uint64_t number = ledger_.fresh();
    ledger_.channels.publishes(name, number, ledger_.history.now());
    auto told = [&ledger = ledger_, name, number](std::string_view) {
      ledger.channels.published(name, number, ledger.history.now());
    };
    return {request_of({"PUBLISH", name, fmt::format("{}", number)}), expecting(':', told)};
  }
  Step publish() { return publish_to(fmt::format("c{}", prng().below(ledger_.keys))); }  // of all databases

  // -- Transactions ------------------------------------------------------------------------------------------------

  struct Transaction {
    std::string name;              // of its key
    bool watches = false;          // it reads the key behind WATCH, and writes only if nobody has meanwhile
    std::uint64_t read_value = 0;  // 0: none
    std::optional<Writing> write;
    std::uint64_t number = 0;  // what it adds
  };
  using TransactionPtr = std::shared_ptr<Transaction>;

  void plan(std::function<Step()> make) { planned_.push_back(std::move(make)); }
  void plan_words(std::vector<std::string> words, std::string reply) {
    plan(
        [this, words = std::move(words), reply = std::move(reply)] { return Step{request_of(words), exactly(reply)}; });
  }

  // What it reads is what it has written, and behind WATCH nobody comes between its read and its write.
  Step transaction() {
    auto now = std::make_shared<Transaction>();
    now->name = key('k');
    if (prng().chance(0.5)) {
      plan([this, now] {
        auto told = [now](std::string_view) { now->watches = true; };
        return Step{request_of({"WATCH", now->name}), expecting('+', told)};
      });
      plan([this, now] {
        auto judge = [now, read = reading(now->name)](std::string_view text) {
          if (text.data() != nullptr) now->read_value = value_of_text(now->name, text);
          return read(text);
        };
        return Step{request_of({"GET", now->name}), text_judge(now->name, judge)};
      });
    }
    plan_words({"MULTI"}, "+OK\r\n");
    const bool is_given_up = prng().chance(0.2);
    plan([this, now, is_given_up] {
      if (is_given_up) return Step{request_of({"SET", now->name, "given up"}), exactly("+QUEUED\r\n")};
      now->write = writing(now->name, Told::kByNodes);
      return Step{request_of({"SET", now->name, now->write->text}), exactly("+QUEUED\r\n")};
    });
    if (is_given_up) {
      plan_words({"DISCARD"}, "+OK\r\n");
      return next();
    }
    plan_words({"GET", now->name}, "+QUEUED\r\n");
    plan([this, now] { return exec(now); });
    return next();
  }

  // Both or neither, and none of them twice.
  Step counting_transaction() {
    auto now = std::make_shared<Transaction>();
    now->name = key('n');
    plan_words({"MULTI"}, "+OK\r\n");
    plan([this, now] {
      now->number = adding(now->name);
      return Step{request_of({"INCRBY", now->name, fmt::format("{}", now->number)}), exactly("+QUEUED\r\n")};
    });
    plan_words({"ECHO", now->name}, "+QUEUED\r\n");
    plan([this, now] { return exec(now); });
    return next();
  }

  Step exec(const TransactionPtr& now) {
    const History::Moment begin = ledger_.history.now();
    const Instant began_at = ledger_.world.now();
    auto judge = [&ledger = ledger_, resp3 = manners_.resp3, now, begin, began_at](std::string_view reply) {
      const bool is_aborted = reply.starts_with("-EXECABORT");
      const bool is_nil = reply == (resp3 ? "_\r\n" : "*-1\r\n");
      if ((is_aborted || is_nil) && now->write) now->write->refused();
      if (is_nil && now->watches) return Verdict::kGood;
      if (is_aborted || is_refusal(reply)) return Verdict::kRefused;
      std::vector<std::string_view> parts;
      resp::elements_of(reply, parts);
      if (!reply.starts_with('*') || parts.size() != 2)
        return ledger.complain(fmt::format("C7: {:.60} is no answer to EXEC, of {}", reply, now->name));
      return now->write ? judge_written(ledger, *now, parts, begin, began_at) : judge_counted(ledger, *now, parts);
    };
    return {request_of({"EXEC"}), judge};
  }

  static Verdict judge_written(CacheLedger& ledger, const Transaction& now, const std::vector<std::string_view>& parts,
                               History::Moment begin, Instant began_at) {
    std::string own;
    resp::write_bulk(now.write->text, own);
    if (parts[0] != "+OK\r\n" || parts[1] != own)
      return ledger.complain(fmt::format("C7: a transaction set {} and read {:.60}", now.name, parts[1]));
    if (now.watches && now.read_value != 0) ledger.history.saw(now.name, now.read_value, begin, began_at);
    now.write->done();
    return Verdict::kGood;
  }

  static Verdict judge_counted(CacheLedger& ledger, const Transaction& now,
                               const std::vector<std::string_view>& parts) {
    std::string name;
    resp::write_bulk(sent(now.name), name);
    if (!parts[0].starts_with(':') || parts[1] != name)
      return ledger.complain(fmt::format("C7: {:.60} and {:.60} are no answers of a transaction", parts[0], parts[1]));
    ledger.added[now.name].push_back(now.number);
    return Verdict::kGood;
  }

  RedisManners manners_;
  bool in_other_ = false;                      // database
  std::deque<std::function<Step()>> planned_;  // the rest of a transaction; each is made when its turn comes
};

}  // namespace

std::unique_ptr<Workload> redis_workload(CacheLedger& ledger, const RedisManners& manners) {
  return std::make_unique<RedisWorkload>(ledger, manners);
}

}  // namespace tenfold::simulator
