// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/redis/moving.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "planes/cache/client/dispatch.h"
#include "planes/cache/client/turn.h"
#include "planes/cache/links/ask.h"
#include "planes/cache/links/migrate_request.h"
#include "planes/cache/links/node_calls.h"
#include "planes/cache/redis/private.h"
#include "wire/resp/reply.h"
#include "wire/resp/request.h"

namespace tenfold::cache {
namespace {

using namespace std::chrono_literals;

constexpr Duration kAnotherCarries = 1ms;

// Of keys that a client has named.
struct Journey {
  Turn turn;
  Freight freight;
};

runtime::Task<void> bring_and_go_on(Worker* worker, std::vector<Journey> journeys, std::string frame,
                                    void (*go_on)(Client&, std::string_view)) {
  for (Journey& journey : journeys) {
    const Turn& turn = journey.turn;
    const std::size_t count = journey.freight.keys.size();
    const Moved moved = co_await migrate(*worker, turn.service(), std::move(journey.freight));
    if (moved.problem.empty()) {
      turn.endpoint().moved_keys += count;
      continue;
    }
    Client* client = turn.client();
    if (!moved.reply.empty()) {
      ++turn.endpoint().counters.commands;
      if (client != nullptr) client->reply(moved.reply);
      co_return;
    }
    ++turn.endpoint().counters.errors;
    if (client != nullptr) {
      spoil_transaction(*client);
      reply_error(*client, moved.problem);
    }
    co_return;
  }
  if (Client* client = journeys.front().turn.client()) go_on(*client, frame);
}

// A key that may still be at its old node is on its way.
void add_journey(Client& client, std::string_view key, std::vector<Journey>& journeys) {
  const CacheService& service = client.service();
  const std::uint32_t source = service.source_of(key);
  const std::uint32_t owner = service.owner_of(key);
  if (source == CacheService::kNoNode || owner == CacheService::kNoNode) return;
  if (!service.nodes()[source]->has_database(client.database)) return;
  auto journey = std::ranges::find_if(journeys, [&](const Journey& known) {
    return &known.turn.service() == &service && known.freight.source == source && known.freight.owner == owner;
  });
  if (journey == journeys.end()) {
    Freight freight{.source = source, .owner = owner, .database = client.database, .keys = {}};
    journeys.push_back({.turn = Turn(client), .freight = std::move(freight)});
    journey = journeys.end() - 1;
  }
  journey->freight.keys.emplace_back(key);
}

// Not what must come over a link of the client's own, or is queued.
bool may_be_read_at_source(Client& client, const RedisCommand& command) {
  const RedisPrivate* own = private_of(client);
  const bool is_private = own != nullptr && (own->transaction || own->tracking || client.subscribed);
  return command.use != RedisUse::kMayChange && !is_private;
}

using Words = std::vector<std::string_view>;

runtime::Task<Answer> ask_redis(runtime::Io& io, Link& link, Words words) {
  std::string request;
  resp::write_request(words, request);
  co_return co_await ask(io, link, std::move(request));
}

// One key of the built-in cache; the outcome is empty, or why it could not be moved. Nobody else takes it meanwhile,
// and a value that is at the owner already is newer.
runtime::Task<std::string> carry_from_shard(runtime::Io& io, Link& shard, Link& owner, std::string_view key,
                                            Duration patience) {
  const Instant until = io.now() + patience;
  const Words take = {"TENFOLD.TAKE", key};
  Answer taken = co_await ask_redis(io, shard, take);
  while (taken && taken.text == "+BUSY\r\n" && io.now() < until) {
    static_cast<void>(co_await io.sleep_for(kAnotherCarries, nullptr));
    taken = co_await ask_redis(io, shard, take);
  }
  if (!taken) co_return taken.text;
  if (taken.text == "+BUSY\r\n") co_return "the key is being moved, and that takes long";
  std::vector<std::string_view> item;
  resp::elements_of(taken.text, item);
  if (item.size() != 2) co_return std::string();
  std::int64_t left_ms = -1;
  resp::integer_of(item[1], left_ms);
  const std::string left_text = fmt::format("{}", std::max<std::int64_t>(left_ms, 1));
  Words words = {"SET", key, resp::text_of(item[0]), "NX"};
  if (left_ms >= 0) words.insert(words.end(), {"PX", left_text});
  const Answer stored = co_await ask_redis(io, owner, words);
  const bool moved = stored && !resp::is_error(stored.text);
  const Words end = {moved ? "TENFOLD.DROP" : "TENFOLD.KEEP", key};
  const Answer ended = co_await ask_redis(io, shard, end);
  if (!moved) co_return stored.text;
  co_return ended ? std::string() : ended.text;
}

runtime::Task<std::string> carry_all_from_shard(runtime::Io& io, CacheService& service, Freight freight) {
  Link& from = service.nodes()[freight.source]->link_for(0, {});
  Link& to = service.nodes()[freight.owner]->link_for(0, {});
  for (const std::string& key : freight.keys) {
    std::string problem = co_await carry_from_shard(io, from, to, key, service.settings().response_timeout);
    if (!problem.empty()) co_return problem;
  }
  co_return std::string();
}

// Twice: a key that was moved before its old node was flushed may have come to its new one behind the flush there. A
// MIGRATE holds its node up, so that none is under way there when that is flushed: the second round finds the last.
runtime::Task<void> flush_twice(Worker* worker, Turn turn, std::string frame, std::uint32_t client_id, LinkKind kind) {
  const CacheService& service = turn.service();
  std::string problem;
  constexpr int kRounds = 2;
  for (int round = 0; round < kRounds && problem.empty(); ++round) {
    for (std::uint32_t node = 0; node < service.nodes().size() && problem.empty(); ++node) {
      if (!service.nodes()[node]->has_database(kind.database)) continue;
      if (!service.is_usable(node)) {
        problem = service.why_not(node);
        continue;
      }
      const Answer flushed = co_await ask(worker->io, service.nodes()[node]->link_for(client_id, kind), frame);
      if (!flushed || resp::is_error(flushed.text))
        problem = flushed ? flushed.text.substr(1, flushed.text.find('\r') - 1) : flushed.text;
    }
  }
  if (!problem.empty()) ++turn.endpoint().counters.errors;
  Client* client = turn.client();
  if (client == nullptr) co_return;
  if (problem.empty())
    client->reply("+OK\r\n");
  else
    reply_error(*client, problem);
}

// Whether keys may have been sent that nobody knows to have arrived.
bool is_in_doubt(const Answer& answer) {
  if (!answer) return !answer.never_sent;
  return answer.text.starts_with("-IOERR") && !answer.text.contains("connecting");
}

// The source waited for the target, or we for it, until the time was over.
bool was_in_vain(const Answer& answer) {
  return answer ? answer.text.starts_with("-IOERR") : !answer.never_sent;
}

// The target does not know the user: it has been started since, or could not be told of it.
bool wants_another_user(const Answer& answer) {
  return answer && resp::is_error(answer.text) &&
         (answer.text.contains("WRONGPASS") || answer.text.contains("NOAUTH") || answer.text.contains("NOPERM"));
}

// The outcome is empty once they are taken, or why they could not be.
runtime::Task<std::string> take_keys(runtime::Io& io, MovingKeys& moving, const MovingKeys::Ring& ring,
                                     const std::vector<std::string>& keys, Instant until) {
  for (;;) {
    switch (moving.take(ring, keys)) {
      case MovingKeys::Taken::kAll:
        co_return std::string();
      case MovingKeys::Taken::kBrokenOff:
        co_return "a key may be on its way between two nodes; it stays where it is until that is over";
      case MovingKeys::Taken::kBusy:
        if (io.now() >= until) co_return "the key is being moved, and that takes long";
        static_cast<void>(co_await io.sleep_for(kAnotherCarries, nullptr));
    }
  }
}

std::string problem_of(const Answer& answer, const Address& source, const Address& target) {
  if (!answer) return answer.text;
  if (!resp::is_error(answer.text)) return std::string();
  return fmt::format("moving keys from {} to {}: {}", source.to_text(), target.to_text(),
                     answer.text.substr(1, answer.text.find('\r') - 1));
}

// What the owner has refused is at its source, and nobody changes it while we have it taken.
runtime::Task<std::string> read_at_source(runtime::Io& io, CacheService& service, const Freight& freight,
                                          const Answer& moved) {
  constexpr std::string_view kRefused = "-ERR Target instance replied with error: ";
  const bool was_refused = moved && moved.text.starts_with(kRefused) && !wants_another_user(moved);
  if (!was_refused || !freight.read) co_return std::string();
  Link& link = service.nodes()[freight.source]->link_for(freight.read->client, freight.read->kind);
  const Answer told = co_await ask(io, link, freight.read->frame);
  co_return told ? told.text : std::string();
}

// One MIGRATE at the source. Within half the time in which a link's next reply must come: when the target does not
// answer, the source has to say so before it is taken for failed itself.
struct Handover {
  Worker& worker;
  CacheService& service;
  Link& source;
  const Freight& freight;
  const Address& target;

  runtime::Task<Answer> ask(std::span<const std::string> keys, bool replaces) const {
    const MigrateRequest request{.target = target,
                                 .settings = service.settings(),
                                 .user = service.move_user(),
                                 .database = freight.database,
                                 .limit = std::max<Duration>(service.settings().response_timeout / 2, 1ms),
                                 .replaces = replaces,
                                 .keys = keys};
    co_return co_await cache::ask(worker.io, source, to_text(request));
  }
};

bool is_taken_there(const Answer& answer) {
  return answer && answer.text.contains("BUSYKEY");
}

// What the source has saved is older than what has moved, and been changed, since.
runtime::Task<Answer> keep_those_of_owner(Handover handover) {
  for (const std::string& key : handover.freight.keys) {
    Answer answer = co_await handover.ask(std::span(&key, 1), false);
    if (is_taken_there(answer)) {
      const Words drop = {"DEL", key};
      answer = co_await ask_redis(handover.worker.io, handover.source, drop);
    }
    if (!answer || resp::is_error(answer.text)) co_return answer;
  }
  co_return Answer{.arrived = true, .never_sent = false, .text = "+OK\r\n"};
}

// Where the owner has a key already, one of the two is left over. Of a MIGRATE that broke off, the copies are the same:
// as long as the source has the key, no command for it goes to the owner. Of a node that came back with what it had
// saved, long ago or since the keys began to move, its own is the old one.
runtime::Task<Answer> ask_source(Worker& worker, CacheService& service, const Freight& freight, const Address& target) {
  Node& source = *service.nodes()[freight.source];
  const Handover handover{.worker = worker,
                          .service = service,
                          .source = source.link_for(0, {.database = freight.database}),
                          .freight = freight,
                          .target = target};
  Answer answer = co_await handover.ask(freight.keys, false);
  if (!is_taken_there(answer)) co_return answer;
  const Words which = {"INFO", "SERVER"};
  const Answer told = co_await ask_redis(worker.io, handover.source, which);
  if (!told) co_return told;
  if (!service.is_same_run(source.address(), run_in(told.text))) co_return co_await keep_those_of_owner(handover);
  answer = co_await handover.ask(freight.keys, true);
  co_return answer;
}

// The same, in its turn, and not while it would be in vain: a source that waits serves nobody.
runtime::Task<Answer> ask_source_in_turn(Worker& worker, CacheService& service, const Freight& freight,
                                         const Address& target, Instant until, Duration& took) {
  const Address source = service.nodes()[freight.source]->address();
  const bool may_ask = co_await worker.move_turns.wait(worker.io, source, until);
  if (!may_ask)
    co_return Answer{.arrived = false, .never_sent = true, .text = "many keys are being moved, and that takes long"};
  StuckPairs& stuck = worker.shards.neighbours().stuck_pairs();
  const StuckPairs::Pair pair{.service = service.name(), .from = source, .to = target};
  Answer answer{.arrived = false, .never_sent = true, .text = stuck.begin(pair, worker.io.now())};
  if (answer.text.empty()) {
    const Instant began = worker.io.now();
    answer = co_await ask_source(worker, service, freight, target);
    took = worker.io.now() - began;
    if (was_in_vain(answer))
      stuck.was_in_vain(pair, problem_of(answer, source, target), worker.io.now(), worker.io.prng());
    else if (answer)
      stuck.came_through(pair);
    else
      stuck.told_nothing(pair);
  }
  worker.move_turns.end(source);
  co_return answer;
}

}  // namespace

runtime::Task<Moved> migrate(Worker& worker, CacheService& service, Freight freight) {
  const Node& source = *service.nodes()[freight.source];
  Moved moved;
  if (source.is_built_in()) {
    moved.problem = co_await carry_all_from_shard(worker.io, service, std::move(freight));
    co_return moved;
  }
  const Address target = service.nodes()[freight.owner]->address();
  moved.problem = target.is_unix() ? kNoMoveToUnixSocket : std::string_view();
  if (!moved.problem.empty()) co_return moved;
  MovingKeys& moving = worker.shards.neighbours().moving_keys();
  const std::string user = service.move_user().name;
  const MovingKeys::Ring ring{
      .service = service.name(), .version = service.ring_version(), .move_user = user, .database = freight.database};
  const Instant until = worker.io.now() + service.settings().response_timeout;
  moved.problem = co_await take_keys(worker.io, moving, ring, freight.keys, until);
  if (!moved.problem.empty()) co_return moved;
  const Answer answer = co_await ask_source_in_turn(worker, service, freight, target, until, moved.took);
  moved.problem = problem_of(answer, source.address(), target);
  moved.reply = co_await read_at_source(worker.io, service, freight, answer);
  const bool in_doubt = is_in_doubt(answer);
  if (in_doubt)
    moving.break_off(ring, freight.keys);
  else
    moving.give_back(ring, freight.keys);
  if (!user.empty() && (in_doubt || wants_another_user(answer)))
    worker.observer.move_broke_off(ring.service, ring.version);
  co_return moved;
}

void flush_databases(Client& client, std::string_view frame) {
  Worker& worker = client.worker();
  worker.moves.spawn(flush_twice(&worker, Turn(client), std::string(frame), client.id(), client.link_kind()));
}

bool bring_keys(Client& client, const RedisCommand& command, std::span<const std::string_view> arguments,
                std::string_view frame, void (*go_on)(Client& client, std::string_view frame)) {
  if (!client.has_routes() && !client.service().is_moving()) return false;
  std::vector<std::string_view> keys;
  keys_of(command, arguments, keys);
  std::vector<Journey> journeys;
  for (std::string_view key : keys) {
    const Visit visit(client, client.home_of(key));
    add_journey(client, key, journeys);
  }
  if (journeys.empty()) return false;
  if (keys.size() == 1 && may_be_read_at_source(client, command))
    journeys.front().freight.read = KeyRead{client.id(), client.link_kind(), std::string(frame)};
  Worker& worker = client.worker();
  worker.moves.spawn(bring_and_go_on(&worker, std::move(journeys), std::string(frame), go_on));
  return true;
}

}  // namespace tenfold::cache
