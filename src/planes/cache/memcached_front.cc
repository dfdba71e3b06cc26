// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/memcached_front.h"

#include <string>
#include <vector>

#include "planes/cache/dispatch.h"
#include "planes/cache/expiry.h"
#include "planes/cache/join.h"
#include "planes/cache/memcached_moving.h"
#include "wire/memcached/request.h"

namespace tenfold::cache {
namespace {

using memcached::Request;
using memcached::Verb;

constexpr std::string_view kTooLarge = "SERVER_ERROR object too large for cache\r\n";
constexpr std::string_view kBadChunk = "CLIENT_ERROR bad data chunk\r\n";
constexpr std::string_view kFlushRefused = "CLIENT_ERROR flush_all not allowed\r\n";
constexpr std::string_view kAdminRefused = "CLIENT_ERROR commands for operators go to a node itself\r\n";
constexpr std::string_view kLineEnd = "\r\n";

ReplyRule quiet_rule(Verb verb) {
  switch (verb) {
    case Verb::kMetaGet:
      return ReplyRule::kQuietMetaGet;
    case Verb::kMetaSet:
      return ReplyRule::kQuietMetaSet;
    case Verb::kMetaDelete:
      return ReplyRule::kQuietMetaDelete;
    default:
      return ReplyRule::kQuietMetaArithmetic;
  }
}

// The line as the node gets it: every command is answered, so that replies can be told apart.
std::string without(const Request& request, std::string_view word) {
  std::string line;
  std::string_view rest = request.line;
  for (std::string_view next = memcached::next_key(rest); !next.empty(); next = memcached::next_key(rest)) {
    if (next == word && !line.empty()) continue;
    if (!line.empty()) line += ' ';
    line += next;
  }
  line += kLineEnd;
  return line;
}

std::string_view verb_text(const Request& request) {
  std::string_view line = request.line;
  return memcached::next_key(line);
}

// -- Retrieval of several keys -------------------------------------------------------------------------------------

// The keys of one retrieval, by where they are.
struct Shares {
  struct Share {
    std::string line;
    std::uint32_t keys = 0;
  };
  std::vector<Share> of_nodes;
  std::vector<std::string_view> moving;
  std::size_t nodes_used = 0;
  std::uint32_t keys = 0;
  std::uint32_t last = CacheService::kNoNode;  // the owner of the last key
};

Shares share_out(Client& client, const Request& request) {
  const CacheService& service = client.service();
  Shares shares;
  shares.of_nodes.resize(service.nodes().size());
  const bool can_move = service.is_moving() && (request.verb == Verb::kGet || request.verb == Verb::kGets);
  std::string_view keys = request.keys;
  for (std::string_view key = memcached::next_key(keys); !key.empty(); key = memcached::next_key(keys)) {
    client.endpoint().hot_keys.saw(key);
    ++shares.keys;
    if (can_move && service.may_be_claimed(key)) {
      shares.moving.push_back(key);
      continue;
    }
    shares.last = service.owner_of(key);
    if (shares.last == CacheService::kNoNode) break;
    Shares::Share& share = shares.of_nodes[shares.last];
    if (share.keys++ == 0) {
      ++shares.nodes_used;
      share.line.reserve(request.line.size());
      share.line = verb_text(request);
      if (!request.argument.empty()) (share.line += ' ') += request.argument;
    }
    (share.line += ' ') += key;
  }
  return shares;
}

// One request a node, with the keys that it owns; their values come back as one reply.
void get_many(Client& client, const Request& request) {
  const Shares shares = share_out(client, request);
  const bool no_owner = shares.last == CacheService::kNoNode && shares.moving.empty();
  if (no_owner || (shares.nodes_used <= 1 && shares.moving.empty()))
    return forward_to_node(
        client, shares.last,
        {.first = request.line, .second = kLineEnd, .lookup = Lookup::kMemcached, .keys = shares.keys});
  ++client.endpoint().counters.commands;
  auto* join = new Join(client.endpoint(), JoinRule::kMemcachedValues, false);
  client.add(*join);
  for (std::string_view key : shares.moving) get_moving(client, key, request.verb == Verb::kGets, join->add_part(1));
  for (std::uint32_t node = 0; node < shares.of_nodes.size(); ++node) {
    const Shares::Share& share = shares.of_nodes[node];
    if (share.keys == 0) continue;
    Pending& part = join->add_part(share.keys);
    std::string why;
    Link* link = link_to(client, node, why);
    if (link != nullptr && link->send(share.line, kLineEnd, part)) continue;
    if (link != nullptr) why = link->problem();
    part.on_failure({.never_sent = true, .text = why});
  }
  join->begin();
}

// -- Commands for all nodes ----------------------------------------------------------------------------------------

void ask_all(Client& client, std::string_view line, JoinRule rule, bool quiet) {
  ++client.endpoint().counters.commands;
  auto* join = new Join(client.endpoint(), rule, quiet);
  client.add(*join);
  for (std::uint32_t node = 0; node < client.service().nodes().size(); ++node) {
    Pending& part = join->add_part(0);
    std::string why;
    Link* link = link_to(client, node, why);
    if (link != nullptr && link->send(line, part)) continue;
    if (link != nullptr) why = link->problem();
    part.on_failure({.never_sent = true, .text = why});
  }
  join->begin();
}

void stats(Client& client, const Request& request) {
  if (client.service().nodes().size() == 1)
    return forward_to_node(client, 0, {.first = request.line, .second = kLineEnd});
  std::string line(request.line);
  line += kLineEnd;
  ask_all(client, line, JoinRule::kMemcachedStats, false);
}

// Any node that is there will do.
void version(Client& client, const Request& request) {
  const CacheService& service = client.service();
  std::uint32_t node = 0;
  while (node + 1 < service.nodes().size() && !service.is_usable(node)) ++node;
  forward_to_node(client, node, {.first = request.line, .second = kLineEnd});
}

void verbosity(Client& client, const Request& request) {
  std::string_view words = request.argument;
  const std::string_view level = memcached::next_key(words);
  const bool is_number = !level.empty() && level.find_first_not_of("0123456789") == level.npos;
  memcached::next_key(words);  // `noreply`, or what is ignored
  if (request.noreply) return;
  if (level.empty() || !memcached::next_key(words).empty()) return client.reply("ERROR\r\n");
  client.reply(is_number ? "OK\r\n" : "CLIENT_ERROR bad command line format\r\n");
}

void flush_all(Client& client, const Request& request) {
  if (!client.service().settings().allow_admin) {
    if (!request.noreply) client.reply(kFlushRefused);
    return;
  }
  client.endpoint().near.clear();
  ask_all(client, without(request, "noreply"), JoinRule::kMemcachedOk, request.noreply);
}

// -- One key -------------------------------------------------------------------------------------------------------

Effect effect_of(Verb verb) {
  if (verb == Verb::kGet) return Effect::kGet;
  const bool is_reading = is_retrieval(verb) || verb == Verb::kMetaGet || verb == Verb::kMetaDebug;
  return is_reading ? Effect::kNone : Effect::kChange;
}

void forward(Client& client, const Request& request, std::string_view bytes, std::size_t size) {
  if (request.more_keys) return get_many(client, request);
  std::string decoded;
  std::string_view key = request.key;
  if (request.base64_key) {
    decoded = *memcached::decode_base64_key(request.key);
    key = decoded;
  }
  if (request.verb == Verb::kGet && reply_from_near_cache(client, key)) return;
  Outgoing outgoing{.first = bytes.substr(0, size)};
  if (is_retrieval(request.verb)) outgoing.lookup = Lookup::kMemcached;
  if (request.verb == Verb::kMetaGet) outgoing.lookup = Lookup::kMeta;
  outgoing.effect = effect_of(request.verb);
  if (!request.noreply && !request.quiet) return forward_to_owner(client, key, outgoing);
  const std::string line = answered_line(request);
  outgoing.rule = rule_of(request);
  outgoing.first = line;
  outgoing.second = bytes.substr(request.line_bytes, size - request.line_bytes);
  forward_to_owner(client, key, outgoing);
}

void serve_whole(Client& client, const Request& request, std::string_view bytes, std::size_t size) {
  if (client.service().is_moving()) {
    if (request.verb == Verb::kGet || request.verb == Verb::kGets) return get_many(client, request);
    if (take_moving(client, request, bytes.substr(0, size))) return;
  }
  forward(client, request, bytes, size);
}

void serve_key(Client& client, const Request& request, std::string_view bytes, std::size_t size) {
  const std::string changed = with_expiry(client, request, bytes.substr(0, size));
  if (changed.empty()) return serve_whole(client, request, bytes, size);
  Request shortened;
  memcached::parse_request(changed, shortened);
  serve_whole(client, shortened, changed, changed.size());
}

// A command with a value, once all of that has come; the size of the request, or 0.
std::size_t store(Client& client, const Request& request, std::string_view bytes) {
  const std::size_t size = request.line_bytes + request.value_bytes + kLineEnd.size();
  if (request.value_bytes > client.service().settings().item_max_bytes) {
    if (!request.noreply) client.reply(kTooLarge);
    client.drop(request.value_bytes + kLineEnd.size());
    return request.line_bytes;
  }
  if (bytes.size() < size) {
    client.wait_for(size);
    return 0;
  }
  if (bytes.substr(size - kLineEnd.size(), kLineEnd.size()) != kLineEnd)
    client.reply(kBadChunk);
  else
    serve_key(client, request, bytes, size);
  return size;
}

}  // namespace

void forward_memcached(Client& client, std::string_view whole) {
  Request request;
  memcached::parse_request(whole, request);
  forward(client, request, whole, whole.size());
}

std::string answered_line(const Request& request) {
  return request.noreply ? without(request, "noreply") : without(request, "q");
}

ReplyRule rule_of(const Request& request) {
  if (request.noreply) return ReplyRule::kSwallow;
  return request.quiet ? quiet_rule(request.verb) : ReplyRule::kForward;
}

std::size_t take_memcached(Client& client, std::string_view bytes) {
  Request request;
  const memcached::ParseOutcome outcome = memcached::parse_request(bytes, request);
  if (outcome.state == memcached::ParseState::kNeedMore) return 0;
  if (outcome.state == memcached::ParseState::kError) {
    if (request.verb != Verb::kHttp) client.reply(outcome.reply);
    ++client.endpoint().counters.refused;
    if (outcome.close) client.leave();
    const std::size_t now = std::min<std::uint64_t>(outcome.drop_bytes, bytes.size());
    client.drop(outcome.drop_bytes - now);
    return now;
  }
  if (has_value(request.verb)) return store(client, request, bytes);
  switch (request.verb) {
    case Verb::kStats:
      stats(client, request);
      break;
    case Verb::kVersion:
      version(client, request);
      break;
    case Verb::kVerbosity:
      verbosity(client, request);
      break;
    case Verb::kFlushAll:
      flush_all(client, request);
      break;
    case Verb::kMetaNoop:
      client.reply("MN\r\n");
      break;
    case Verb::kQuit:
      client.leave();
      break;
    case Verb::kAdmin:
      client.reply(kAdminRefused);
      break;
    default:
      serve_key(client, request, bytes, request.line_bytes);
  }
  return request.line_bytes;
}

}  // namespace tenfold::cache
