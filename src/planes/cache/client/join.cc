// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/client/join.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/limits.h"
#include "planes/cache/client/client.h"
#include "planes/cache/keys/key_hash.h"
#include "planes/cache/service/claim.h"
#include "planes/cache/service/lookup.h"
#include "runtime/heap_buffer.h"
#include "wire/memcached/reply.h"
#include "wire/memcached/request.h"
#include "wire/resp/reply.h"
#include "wire/resp/request.h"

namespace tenfold::cache {
namespace {

constexpr std::size_t kArrayHeadBytesMost = 24;
constexpr std::string_view kEnd = "END\r\n";
constexpr std::string_view kOkLine = "OK\r\n";
constexpr std::string_view kRedisOk = "+OK\r\n";

bool is_error(bool redis, std::string_view reply) {
  return redis ? resp::is_error(reply) : memcached::is_error_reply(reply);
}

bool is_item_of(std::string_view key, std::string_view items) {
  constexpr std::string_view kValue = "VALUE ";
  const std::string_view behind = items.substr(std::min(kValue.size(), items.size()));
  return behind.size() > key.size() && behind[key.size()] == ' ' && behind.starts_with(key);
}

}  // namespace

void Join::begins_change(std::string_view key) {
  changes_.emplace_back(*endpoint_, key, key_hash(key, 0), false);
}

Join::Part& Join::add_part(std::uint32_t keys, AskAgain again) {
  ++missing_;
  return parts_.emplace_back(*this, keys, std::move(again));
}

bool Join::may_change(std::uint64_t /*key*/) const {
  return std::ranges::any_of(parts_, [](const Part& part) { return part.again_.send == nullptr; });
}

void Join::replace_elements(std::uint32_t part, const PartNumbers& by) {
  auto next = by.begin();
  for (std::uint32_t& element : element_parts_) {
    if (element == part) element = *next++;
  }
}

void Join::begin() {
  begun_ = true;
  if (missing_ == 0) finish();
}

// -- Parts ---------------------------------------------------------------------------------------------------------

// A single part is the whole, and need not be kept.
bool Join::is_passed_on(Reply& reply) const {
  return parts_.size() == 1 && begun_ && client != nullptr && rule_ == JoinRule::kMemcachedValues && !quiet_ &&
         !is_error(false, reply.bytes) && !endpoint_->may_have_claims(client->worker().io.now());
}

void Join::Part::on_reply(Reply& whole) {
  if (join_.is_passed_on(whole)) {
    count_lookup(join_.endpoint_->counters, Lookup::kMemcached, keys_, whole.bytes);
    return join_.client->complete(join_, whole);
  }
  if (join_.client == nullptr) return join_.part_ended();
  if (whole.block != nullptr) {
    reply_ = std::move(*whole.block);
  } else {
    runtime::reserve_room(reply_, whole.bytes.size());
    reply_.append(whole.bytes);
  }
  join_.count_kept(reply_.capacity());
  if (is_error(join_.is_redis(), reply_.view())) {
    failed_ = true;
    error_ = reply_.view();
  }
  join_.part_ended();
}

void Join::count_kept(std::size_t bytes) {
  kept_bytes_ += bytes;
  client->hold(bytes);
}

void Join::forsake() {
  for (Part& part : parts_) part.reply_.reset();
}

void Join::Part::on_failure(const LinkFailure& failure) {
  if (!wait_for_owner(failure)) return fail(failure.text);
  // A broken connection may just be made anew; one that could not be made has to wait for another node.
  Endpoint& home = *again_.home;
  if (failure.was_connected) home.second_tries.go_on(home.io.now());
}

void Join::Part::fail(std::string_view text) {
  failed_ = true;
  ++join_.endpoint_->counters.errors;
  error_ = error_reply(join_.is_redis(), text);
  join_.part_ended();
}

bool Join::Part::wait_for_owner(const LinkFailure& failure) {
  if (again_.send == nullptr || failure.would_repeat || join_.client == nullptr) return false;
  // What its client has sent behind it may be done already, and must not be seen by it.
  if (!failure.never_sent && !join_.client->is_last(join_)) return false;
  const cluster::CacheSettings& settings = again_.home->service->settings();
  const Instant now = again_.home->io.now();
  if (join_.give_up_at_ == Instant()) join_.give_up_at_ = now + settings.response_timeout;
  const bool may_come = !settings.is_store() && again_.home->service->has_usable_node();
  if (!may_come || now >= join_.give_up_at_) return false;
  error_ = failure.text;
  if (join_.waiting_++ == 0) join_.client->pause();
  again_.home->second_tries.add(*this);
  return true;
}

void Join::Part::try_again(Instant now) {
  const std::string problem = error_;
  const bool may_come = !again_.home->has_left && again_.home->service->has_usable_node();
  if (join_.client == nullptr || !may_come || now >= join_.give_up_at_) {
    join_.end_wait();
    return fail(problem);
  }
  if (again_.home->held || !send_again()) return again_.home->second_tries.add(*this);
  replaced_ = true;
  join_.end_wait();
  join_.part_ended();
}

bool Join::Part::send_again() {
  const auto at = std::ranges::find_if(join_.parts_, [this](const Part& part) { return &part == this; });
  const auto number = static_cast<std::uint32_t>(at - join_.parts_.begin());
  const Visit visit(*join_.client, *again_.home);
  return again_.send(*join_.client, join_, number, request());
}

void Join::end_wait() {
  if (--waiting_ == 0 && client != nullptr) client->resume();
}

void Join::part_ended() {
  if (--missing_ == 0 && begun_) finish();
}

void Join::finish() {
  if (rule_ == JoinRule::kMemcachedOk) endpoint_->forget_held();  // what was asked for before a node was flushed
  if (client == nullptr) {
    delete this;
    return;
  }
  const bool has_elements =
      rule_ == JoinRule::kRedisElements || (rule_ == JoinRule::kRedisPairs && first_failed() == nullptr);
  runtime::Buffer block = has_elements ? elements() : runtime::Buffer();
  const std::string text = quiet_ || block ? std::string() : result();
  Reply joined{.bytes = block ? block.view() : std::string_view(text), .block = block ? &block : nullptr};
  client->let_go(kept_bytes_);
  client->complete(*this, joined);
}

// -- Joining -------------------------------------------------------------------------------------------------------

const Join::Part* Join::first_failed() const {
  const auto found = std::ranges::find_if(parts_, [](const Part& part) { return part.failed_; });
  return found == parts_.end() ? nullptr : &*found;
}

std::string Join::result() {
  const Part* failed = first_failed();
  const bool was_given = failed != nullptr && rule_ == JoinRule::kRedisTakenStreams && has_entries();
  if (failed != nullptr && !was_given) return failed->error_;
  switch (rule_) {
    case JoinRule::kMemcachedValues:
      return values();
    case JoinRule::kMemcachedStats:
      return stats();
    case JoinRule::kMemcachedOk:
      return all_say(kOkLine) ? std::string(kOkLine) : error_reply(false, "a node did not answer OK");
    case JoinRule::kRedisSum:
      return sum();
    case JoinRule::kRedisOk:
      return all_say(kRedisOk) ? std::string(kRedisOk) : error_reply(true, "a node did not answer OK");
    case JoinRule::kRedisElements:
    case JoinRule::kRedisPairs:
      return error_reply(true, "a node's reply has too few elements");
    case JoinRule::kRedisMost:
      return most();
    case JoinRule::kRedisAll:
      return least_of_each();
    case JoinRule::kRedisSame:
      return same();
    case JoinRule::kRedisStreams:
    case JoinRule::kRedisTakenStreams:
      return streams();
    case JoinRule::kRedisAnyKey:
      return any_key();
    case JoinRule::kRedisConcatenated:
      break;
  }
  return concatenated();
}

bool Join::all_say(std::string_view text) const {
  return std::ranges::all_of(parts_, [text](const Part& part) { return part.reply_.view() == text; });
}

// The items stand in the order of the keys, as memcached has them: there are clients that look for a key behind the one
// before it alone.
std::string Join::values() {
  struct Source {
    std::string without;    // the reply, when claims were taken from it
    std::string_view rest;  // of the reply
  };
  std::vector<Source> sources(parts_.size());
  std::size_t size = kEnd.size();
  std::uint64_t keys = 0;
  const bool may_have_claims = endpoint_->may_have_claims(client->worker().io.now());
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const Part& part = parts_[i];
    if (part.replaced_) continue;
    Source& source = sources[i];
    source.rest = part.reply_.view();
    if (may_have_claims) source.without = without_claims(Lookup::kMemcached, source.rest);
    if (!source.without.empty()) source.rest = source.without;
    if (!source.rest.ends_with(kEnd)) return error_reply(false, "a node's reply to get makes no sense");
    source.rest.remove_suffix(kEnd.size());
    size += source.rest.size();
    keys += part.keys_;
  }
  std::string whole;
  whole.reserve(size);
  std::uint64_t hits = 0;
  std::string_view words = keys_;
  for (std::uint32_t index : element_parts_) {
    const std::string_view key = memcached::next_key(words);
    std::string_view& rest = sources[index].rest;
    if (!is_item_of(key, rest)) continue;  // a miss
    const std::size_t bytes = first_item_bytes(rest);
    whole += rest.substr(0, bytes);
    rest.remove_prefix(bytes);
    ++hits;
  }
  // A node that is no memcached may have another order.
  for (const Source& source : sources) {
    whole += source.rest;
    hits += count_values(source.rest);
  }
  endpoint_->counters.hits += hits;
  endpoint_->counters.misses += keys > hits ? keys - hits : 0;
  whole += kEnd;
  return whole;
}

std::string Join::stats() const {
  struct Row {
    std::string_view name;
    std::string_view text;
    std::uint64_t total = 0;
    bool is_number = true;
  };
  std::vector<Row> rows;
  for (const Part& part : parts_) {
    std::string_view reply = part.reply_.view();
    if (!reply.ends_with(kEnd)) return std::string(reply);  // a word of the first node, like RESET
    while (reply.starts_with("STAT ")) {
      const std::size_t line_end = reply.find('\n');
      std::string_view line = reply.substr(5, line_end - 5);
      reply.remove_prefix(line_end + 1);
      if (line.ends_with('\r')) line.remove_suffix(1);
      const std::size_t space = std::min(line.find(' '), line.size());
      const std::string_view name = line.substr(0, space);
      const std::string_view text = line.substr(std::min(space + 1, line.size()));
      auto row = std::ranges::find(rows, name, &Row::name);
      if (row == rows.end()) row = rows.insert(row, {.name = name, .text = text});
      const auto number = parse_decimal(text);
      row->is_number = row->is_number && number.has_value();
      row->total += number.value_or(0);
    }
  }
  std::string whole;
  for (const Row& row : rows) {
    // These are no amounts.
    const bool adds_up = row.is_number && row.name != "pid" && row.name != "time" && row.name != "uptime" &&
                         row.name != "pointer_size" && !row.name.starts_with("max");
    whole += adds_up ? fmt::format("STAT {} {}\r\n", row.name, row.total)
                     : fmt::format("STAT {} {}\r\n", row.name, row.text);
  }
  return whole + std::string(kEnd);
}

// Many values make a reply that malloc is slow with. A block of the worker's is for what leaves at once.
runtime::Buffer Join::block_of(std::size_t bytes) {
  runtime::Buffer block;
  if (bytes > limits::kSmallBufferBytes && bytes <= limits::kLargeBufferBytes && client->is_next(*this))
    block = client->worker().io.large_buffers().take();
  return block ? std::move(block) : runtime::heap_buffer(static_cast<std::uint32_t>(bytes));
}

// None when a node's reply has too few of them.
runtime::Buffer Join::elements() {
  struct Source {
    const Part* part;
    resp::Elements elements;
  };
  std::vector<Source> sources;
  sources.reserve(parts_.size());
  std::size_t bytes = kArrayHeadBytesMost;
  for (const Part& part : parts_) {
    sources.push_back({&part, resp::Elements(part.failed_ ? std::string_view() : part.reply_.view())});
    bytes += part.reply_.size();
  }
  if (first_failed() != nullptr) {
    for (std::uint32_t index : element_parts_) bytes += parts_[index].error_.size();
  }
  runtime::Buffer whole = block_of(bytes);
  const std::size_t width = rule_ == JoinRule::kRedisPairs ? 2 : 1;
  std::string head;
  resp::write_array_head(element_parts_.size() * width, head);
  bool fits = whole.append(head);
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  for (std::uint32_t index : element_parts_) {
    Source& source = sources[index];
    if (source.part->failed_) {
      fits = whole.append(source.part->error_) && fits;
      continue;
    }
    for (std::size_t i = 0; i < width; ++i) {
      const std::string_view element = source.elements.next();
      if (element.empty()) return {};
      const bool is_miss = resp::is_null(element);
      misses += is_miss ? 1 : 0;
      hits += is_miss ? 0 : 1;
      fits = whole.append(element) && fits;
    }
  }
  TENFOLD_ASSERT(fits, "the elements are no longer than the replies");
  if (rule_ == JoinRule::kRedisPairs) return whole;
  endpoint_->counters.hits += hits;
  endpoint_->counters.misses += misses;
  return whole;
}

std::string Join::sum() const {
  std::int64_t total = 0;
  for (const Part& part : parts_) {
    if (part.replaced_) continue;
    std::int64_t value = 0;
    if (!resp::integer_of(part.reply_.view(), value)) return error_reply(true, "a node's reply is no integer");
    total += value;
  }
  return fmt::format(":{}\r\n", total);
}

std::string Join::most() const {
  std::int64_t most = 0;
  for (const Part& part : parts_) {
    std::int64_t value = 0;
    if (!resp::integer_of(part.reply_.view(), value)) return error_reply(true, "a node's reply is no integer");
    most = std::max(most, value);
  }
  return fmt::format(":{}\r\n", most);
}

std::string Join::least_of_each() const {
  std::vector<std::int64_t> least;
  std::vector<std::string_view> its;
  for (const Part& part : parts_) {
    resp::elements_of(part.reply_.view(), its);
    if (least.empty()) least.assign(its.size(), INT64_MAX);
    if (its.size() != least.size()) return error_reply(true, "the replies of the nodes differ in their length");
    for (std::size_t i = 0; i < its.size(); ++i) {
      std::int64_t value = 0;
      if (!resp::integer_of(its[i], value)) return error_reply(true, "a node's reply is no integer");
      least[i] = std::min(least[i], value);
    }
  }
  std::string whole;
  resp::write_array_head(least.size(), whole);
  for (std::int64_t value : least) whole += fmt::format(":{}\r\n", value);
  return whole;
}

std::string Join::same() const {
  const std::string_view first = parts_.front().reply_.view();
  return all_say(first) ? std::string(first) : error_reply(true, "the nodes answer differently");
}

// RESP2 has an array of [name, entries], RESP3 a map; nil stands for nothing at all.
std::string Join::streams() const {
  std::multimap<std::string_view, std::string_view> found;  // with the bytes of the name
  std::vector<std::string_view> its;
  std::vector<std::string_view> pair;
  for (const Part& part : parts_) {
    if (part.failed_) continue;
    const std::string_view reply = part.reply_.view();
    resp::elements_of(reply, its);
    if (reply.starts_with('%')) {
      for (std::size_t i = 0; i + 1 < its.size(); i += 2)
        found.emplace(resp::text_of(its[i]), std::string_view(its[i].data(), its[i].size() + its[i + 1].size()));
      continue;
    }
    for (std::string_view element : its) {
      resp::elements_of(element, pair);
      if (pair.size() == 2) found.emplace(resp::text_of(pair.front()), element);
    }
  }
  if (found.empty()) return client->resp3 ? "_\r\n" : "*-1\r\n";
  std::string whole = fmt::format("{}{}\r\n", client->resp3 ? '%' : '*', found.size());
  for (const std::string& name : streams_) {
    const auto next = found.find(name);
    if (next == found.end()) continue;
    whole += next->second;
    found.erase(next);
  }
  return whole;
}

// A node without any answers nil, which is an array in RESP2.
bool Join::has_entries() const {
  return std::ranges::any_of(parts_, [](const Part& part) {
    const std::string_view reply = part.reply_.view();
    return !part.failed_ && !resp::is_null(reply) && !reply.starts_with("*-");
  });
}

std::string Join::any_key() const {
  std::vector<std::string_view> keys;
  for (const Part& part : parts_) {
    if (!resp::is_null(part.reply_.view())) keys.push_back(part.reply_.view());
  }
  if (keys.empty()) return std::string(parts_.front().reply_.view());
  return std::string(keys[client->worker().io.prng().below(keys.size())]);
}

std::string Join::concatenated() const {
  std::string body;
  std::vector<std::string_view> its;
  std::size_t count = 0;
  for (const Part& part : parts_) {
    resp::elements_of(part.reply_.view(), its);
    for (std::string_view element : its) body += element;
    count += its.size();
  }
  std::string whole;
  resp::write_array_head(count, whole);
  return whole + body;
}

}  // namespace tenfold::cache
