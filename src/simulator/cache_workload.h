// SPDX-License-Identifier: Apache-2.0
// What cache clients ask, and whether the answers can be right. Every value names its key and a number of its own
// ("k3=1042;…"), so that an answer to another's question is seen at once; History judges what order can not explain.
// Keys of one kind each: k registers, t registers that expire, n counters, a texts that grow, l lists. Those of
// database 1 of Redis have the same names there, and "@1" behind them here: no client ever sees what another database
// holds. Thread rule: the world's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/simulated/world.h"
#include "simulator/history.h"
#include "simulator/mailbox.h"

namespace tenfold::simulator {

enum class Verdict : std::uint8_t { kGood, kRefused };

/// One command of a client.
struct Step {
  std::string request;
  /// Judges the whole reply; null: there is none.
  std::function<Verdict(std::string_view reply)> judge;
  Duration waits{};  // it may, for something to come
};

/// What all clients of a run share.
struct CacheLedger {
  explicit CacheLedger(runtime::simulated::World& of) : world(of) {}

  runtime::simulated::World& world;
  bool is_store = false;
  bool may_flush = false;    // clients may, and some do
  std::size_t keys = 8;      // of each kind
  bool has_hot_key = false;  // the first of each is asked for by everybody
  Duration staleness{};      // of what a get of one key may be told
  bool one_link_a_node = true;
  History history;
  std::uint64_t next_value = 1;
  std::string complaint;  // an answer that must not be: the run has failed
  // What was added to counters, texts and lists, and acknowledged; by key.
  std::map<std::string, std::vector<std::uint64_t>> added;
  std::map<std::string, std::vector<std::uint64_t>> maybe_added;  // whether acknowledged or not

  Queues queues;                    // lists that clients take elements from
  Channels channels;                // of messages
  std::uint64_t messages = 0;       // that came
  std::uint64_t invalidations = 0;  // that those came who track keys

  std::uint64_t asked = 0;
  std::uint64_t answered = 0;
  std::uint64_t refused = 0;
  std::uint64_t broken = 0;  // connections, with what they were owed
  std::uint64_t hits = 0;
  std::uint64_t after_healing = 0;    // refused or broken although all was well again
  std::string refusal_after_healing;  // the first

  std::uint64_t fresh() { return next_value++; }
  /// Now, and a moment that was no later than the time that lies so far back.
  History::Moment moment_ago(Duration past);
  /// What stands in a text or list: every number once at most; at the end, in a store, every one that was acknowledged.
  Verdict check_grown(const std::string& key, std::vector<std::uint64_t> numbers, bool is_last);
  Verdict complain(std::string text) {
    if (complaint.empty()) complaint = std::move(text);
    return Verdict::kRefused;
  }

 private:
  std::map<Instant, History::Moment> moments_;  // the first of each time
};

/// The bytes that a value stands for.
std::string text_of_value(std::string_view key, std::uint64_t value);
/// The value of such bytes; 0 when they are none of that key.
std::uint64_t value_of_text(std::string_view key, std::string_view text);

/// What one connection has done to its keys, in the order of its requests. Its commands are carried out in that order
/// (C3), also those that it sends without waiting for replies, of which History knows only that all are under way.
class OwnOrder {
 public:
  struct Write {
    std::uint64_t number;  // of the value, or of the deletion
    bool is_deletion;
    bool is_acknowledged = false;
    Instant seen_from{};  // then: by reads that are sent then or later
  };
  std::size_t add(const std::string& key, std::uint64_t number, bool is_deletion) {
    writes_[key].push_back({number, is_deletion});
    return writes_[key].size() - 1;
  }
  void acknowledge(const std::string& key, std::size_t index, Instant seen_from) {
    writes_[key][index].is_acknowledged = true;
    writes_[key][index].seen_from = seen_from;
  }
  std::size_t count(const std::string& key) { return writes_[key].size(); }
  /// Why a read behind the first `before` writes, sent at that time, cannot have seen the value; empty when it can.
  std::string why_not(const std::string& key, std::uint64_t value, std::size_t before, Instant sent_at,
                      History& history);
  /// The value that was there when a read behind the first `before` writes was carried out, unless somebody else has
  /// changed that; 0 when it is not known, or was none.
  std::uint64_t last_value(const std::string& key, std::size_t before);

 private:
  // The last of the first `before` that is acknowledged, and seen by a read that was sent then; null when there is
  // none.
  const Write* last_seen(const std::string& key, std::size_t before, Instant sent_at);

  std::map<std::string, std::vector<Write>> writes_;
};

/// The steps of one connection. A new one for each connection.
class Workload {
 public:
  explicit Workload(CacheLedger& ledger) : ledger_(ledger), own_(std::make_shared<OwnOrder>()) {}
  virtual ~Workload() = default;
  virtual Step next() = 0;
  /// What a connection has to say first; nothing for most.
  virtual std::vector<Step> greeting() { return {}; }
  /// Whether its bytes are those of memcached's binary protocol.
  virtual bool speaks_binary() const { return false; }
  /// Asks for every key once; for the end.
  virtual std::vector<Step> last_look() = 0;

 protected:
  using Judge = std::function<Verdict(std::string_view reply)>;
  Prng& prng() { return ledger_.world.workload; }
  std::string key(char kind) { return kind + std::to_string(number_of_key()); }
  std::size_t number_of_key() {
    return ledger_.has_hot_key && prng().chance(0.5) ? 0 : static_cast<std::size_t>(prng().below(ledger_.keys));
  }

  // A read of one key: call at the time of the request, and give the outcome to what it returns: a text, or nullptr
  // data for none. The value may be that of so long ago.
  std::function<Verdict(std::string_view text)> reading(const std::string& key, Duration staleness = {});
  // When the near cache of Redis knows of a change: at once, or when its node has told it.
  enum class Told : std::uint8_t { kAtOnce, kByNodes };
  // A write: the value that is written, and what to call with its outcome.
  struct Writing {
    std::uint64_t value;
    std::string text;
    std::function<void()> done;
    std::function<void()> refused;  // surely not done
  };
  Writing writing(const std::string& key, Told told = Told::kAtOnce);
  std::function<void()> deleting(const std::string& key, Told told = Told::kAtOnce);
  // Whether the next step empties the cache; and what to call when it has.
  bool may_flush() { return ledger_.may_flush && prng().chance(0.01); }
  std::function<void()> deleting_all(const std::vector<std::string_view>& ends_of_names = {""});
  // A change that must not happen twice: its number.
  std::uint64_t adding(const std::string& key);

  CacheLedger& ledger_;
  std::shared_ptr<OwnOrder> own_;
};

std::unique_ptr<Workload> memcached_workload(CacheLedger& ledger);
std::unique_ptr<Workload> binary_workload(CacheLedger& ledger);

/// What a Redis client is: it logs in first or does not, and speaks RESP3 or does not.
struct RedisManners {
  std::string password;  // of the service; empty: none
  bool logs_in = true;
  bool resp3 = false;
};
std::unique_ptr<Workload> redis_workload(CacheLedger& ledger, const RedisManners& manners);

}  // namespace tenfold::simulator
