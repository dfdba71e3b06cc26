// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/memcached/carry.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "planes/cache/links/ask.h"
#include "planes/cache/service/claim.h"
#include "wire/memcached/meta_reply.h"

namespace tenfold::cache {
namespace {

using namespace std::chrono_literals;
using memcached::MetaKey;
using memcached::MetaReply;
using memcached::parse_meta_reply;

constexpr Duration kAnotherCopies = 1ms;
constexpr std::string_view kNoUniques =
    "the new node of the key counts no cas numbers (memcached -C), and takes none over";

std::string first_line(std::string_view reply) {
  return std::string(reply.substr(0, reply.find('\r')));
}

class Carrying {
 public:
  Carrying(const Carrier& carrier, MetaKey key, CarryFor purpose, std::uint64_t lease)
      : carrier_(carrier), key_(std::move(key)), purpose_(purpose), lease_(lease) {}

  runtime::Task<Carried> run() {
    const Instant until = carrier_.io.now() + carrier_.patience;
    if (carrier_.source == nullptr) co_return co_await look_at_owner(until);
    bool looked_at_source = false;
    for (;;) {
      const Answer answer = co_await ask(carrier_.io, carrier_.owner,
                                         fmt::format("mg {}{} s v f t c N{}\r\n", key_.word, key_.flag, kClaimSeconds));
      if (!answer) co_return failed(answer.text);
      const MetaReply at_owner = parse_meta_reply(answer.text);
      if (at_owner.code != "VA") co_return failed(first_line(answer.text));
      const bool is_ours = at_owner.has('W') && !at_owner.has('X');
      const bool can_fill = at_owner.number('c', 0) != 0;
      if (is_ours && can_fill) {
        std::optional<Carried> filled = co_await fill(at_owner.number('c', 0));
        if (filled) co_return std::move(*filled);
        continue;
      }
      bool is_others_claim = is_claim(at_owner);
      if (is_others_claim && has_leased_number(at_owner)) is_others_claim = co_await may_be_at_source();
      if (!is_ours && !is_others_claim) {
        co_await pass_on(at_owner);
        co_return co_await is_at_owner(at_owner);
      }
      if (!can_fill && purpose_ == CarryFor::kChanging) co_return failed(std::string(kNoUniques));
      if (carrier_.io.now() >= until) co_return given_up();
      if (purpose_ == CarryFor::kReading) {
        const Answer copy = co_await ask(carrier_.io, *carrier_.source, read_source());
        const MetaReply at_source = parse_meta_reply(copy.text);
        if (copy && is_whole_item(at_source)) co_return present(at_source, false);
        if (std::exchange(looked_at_source, true)) co_return Carried();
        continue;
      }
      static_cast<void>(co_await carrier_.io.sleep_for(kAnotherCopies, nullptr));
    }
  }

 private:
  static Carried failed(std::string problem) {
    return {.state = Carried::State::kFailed,
            .moved = false,
            .value = {},
            .flags = {},
            .unique = {},
            .problem = std::move(problem)};
  }

  bool has_leased_number(const MetaReply& item) const {
    return lease_ != 0 && static_cast<std::uint64_t>(item.number('c', 0)) == lease_;
  }

  // Only a key that was nowhere is leased. Else a number of the old node is that of somebody's claim, by chance.
  runtime::Task<bool> may_be_at_source() {
    const Answer found = co_await ask(carrier_.io, *carrier_.source, read_source());
    co_return !found || parse_meta_reply(found.text).code != "EN";
  }

  // Somebody has claimed the key, and neither fills it nor lets go of it.
  Carried given_up() const {
    return purpose_ == CarryFor::kReading ? Carried() : failed("another one takes the key over, and does not end");
  }

  // Without the node that had the key before. Nothing is claimed, but somebody's claim may still be there.
  runtime::Task<Carried> look_at_owner(Instant until) {
    for (;;) {
      const Answer answer =
          co_await ask(carrier_.io, carrier_.owner, fmt::format("mg {}{} s v f t c\r\n", key_.word, key_.flag));
      if (!answer) co_return failed(answer.text);
      const MetaReply item = parse_meta_reply(answer.text);
      if (item.code == "EN") co_return Carried();
      if (item.code != "VA") co_return failed(first_line(answer.text));
      if (!is_claim(item) || has_leased_number(item)) {
        co_await pass_on(item);
        co_return present(item);
      }
      if (carrier_.patience == Duration::zero()) co_return Carried();
      if (purpose_ == CarryFor::kReading || carrier_.io.now() >= until) co_return given_up();
      static_cast<void>(co_await carrier_.io.sleep_for(kAnotherCopies, nullptr));
    }
  }

  // Of an item that is marked as old, memcached tells who looks at it first to fill it anew, and all others to wait: it
  // has told us, and so it must tell the next one. Unless it has been filled meanwhile.
  runtime::Task<void> pass_on(const MetaReply& item) {
    if (!item.has('W') || !item.has('X')) co_return;
    static_cast<void>(co_await ask(carrier_.io, carrier_.owner,
                                   fmt::format("md {}{} I C{}\r\n", key_.word, key_.flag, item.number('c', 0))));
  }

  static Carried present(const MetaReply& item, bool at_owner = true) {
    return {.state = Carried::State::kPresent,
            .moved = false,
            .value = std::string(item.value),
            .flags = std::string(item.token('f').value_or("0")),
            .unique = at_owner ? std::string(item.token('c').value_or("")) : std::string(),
            .problem = {}};
  }

  // Not an item that is about to go, or that somebody has marked as old, or has only claimed.
  static bool is_whole_item(const MetaReply& item) {
    return item.code == "VA" && !item.has('W') && !item.has('X') && !item.has('Z') && item.number('t', -1) != 0;
  }

  std::string read_source() const { return fmt::format("mg {}{} v f t c\r\n", key_.word, key_.flag); }

  runtime::Task<Answer> remove(Link& link, std::int64_t unique) {
    co_return co_await ask(carrier_.io, link, fmt::format("md {}{} C{}\r\n", key_.word, key_.flag, unique));
  }

  // A copy may be left at the source where a removal of it failed: it must not be found there one day.
  runtime::Task<Carried> is_at_owner(const MetaReply& item) {
    if (purpose_ == CarryFor::kReading) co_return present(item);
    const Answer removed =
        co_await ask(carrier_.io, *carrier_.source, fmt::format("md {}{}\r\n", key_.word, key_.flag));
    if (!removed) co_return failed(removed.text);
    co_return present(item);
  }

  // The empty item at the owner is ours. Nothing, when somebody has changed the key meanwhile and it must be looked at
  // again.
  runtime::Task<std::optional<Carried>> fill(std::int64_t claim) {
    const Answer answer = co_await ask(carrier_.io, *carrier_.source, read_source());
    const MetaReply item = parse_meta_reply(answer.text);
    if (!answer || !is_whole_item(item)) {
      static_cast<void>(co_await remove(carrier_.owner, claim));
      if (!answer && purpose_ == CarryFor::kChanging) co_return failed(answer.text);
      if (answer && item.code == "VA") static_cast<void>(co_await remove(*carrier_.source, item.number('c', 0)));
      co_return Carried();
    }
    const Answer filled = co_await ask(carrier_.io, carrier_.owner, store_request(item, claim));
    const MetaReply outcome = parse_meta_reply(filled.text);
    if (filled && outcome.code == "HD") co_return co_await remove_copy(item, outcome);
    const bool overtaken = filled && (outcome.code == "NF" || outcome.code == "EX");
    if (overtaken && purpose_ == CarryFor::kChanging) co_return std::nullopt;
    if (!overtaken && filled) static_cast<void>(co_await remove(carrier_.owner, claim));
    if (filled && outcome.code == "SERVER_ERROR" && purpose_ == CarryFor::kChanging) {
      const Answer removed = co_await remove(*carrier_.source, item.number('c', 0));
      co_return removed ? Carried() : failed(removed.text);
    }
    if (purpose_ == CarryFor::kChanging) co_return failed(first_line(filled.text));
    co_return present(item, false);
  }

  runtime::Task<std::optional<Carried>> remove_copy(const MetaReply& item, const MetaReply& stored) {
    const Answer removed = co_await remove(*carrier_.source, item.number('c', 0));
    Carried carried = present(item, false);
    carried.moved = true;
    carried.unique = stored.token('c').value_or("");
    if (removed) co_return carried;
    if (purpose_ == CarryFor::kChanging) co_return failed(removed.text);
    // The key had better be at the source alone than at both: whoever takes over the rest may have passed it already.
    static_cast<void>(co_await remove(carrier_.owner, stored.number('c', 0)));
    carried.moved = false;
    co_return carried;
  }

  std::string store_request(const MetaReply& item, std::int64_t claim) const {
    std::int64_t expiry_seconds = std::max<std::int64_t>(item.number('t', -1), 0);  // -1: never, which is sent as 0
    if (expiry_seconds > memcached::kRelativeSecondsMost) {
      const auto now = carrier_.io.wall_now().time_since_epoch();
      expiry_seconds += std::chrono::duration_cast<std::chrono::seconds>(now).count();
      expiry_seconds = std::min<std::int64_t>(expiry_seconds, INT32_MAX);  // memcached reads no more
    }
    std::string request = fmt::format("ms {} {}{} F{} T{} C{} c\r\n", key_.word, item.value.size(), key_.flag,
                                      item.token('f').value_or("0"), expiry_seconds, claim);
    request.append(item.value).append("\r\n");
    return request;
  }

  Carrier carrier_;
  MetaKey key_;
  CarryFor purpose_;
  std::uint64_t lease_;
};

}  // namespace

runtime::Task<Carried> carry(Carrier carrier, MetaKey key, CarryFor purpose, std::uint64_t lease) {
  Carrying carrying(carrier, std::move(key), purpose, lease);
  co_return co_await carrying.run();
}

}  // namespace tenfold::cache
