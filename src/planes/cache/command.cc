// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/command.h"

#include <algorithm>

#include "planes/cache/client.h"

namespace tenfold::cache {
namespace {

void count_lookup(Counters& counters, Lookup lookup, std::string_view reply) {
  bool is_hit = false;
  bool is_miss = false;
  switch (lookup) {
    case Lookup::kNone:
      return;
    case Lookup::kMemcached:
      is_hit = reply.starts_with("VALUE");
      is_miss = reply.starts_with("END");
      break;
    case Lookup::kMeta:
      is_hit = reply.starts_with("VA") || reply.starts_with("HD");
      is_miss = reply.starts_with("EN");
      break;
    case Lookup::kRedis:
      is_miss = reply.starts_with("$-1") || reply.starts_with("_");
      is_hit = !is_miss && !reply.starts_with('-');
      break;
  }
  counters.hits += is_hit ? 1 : 0;
  counters.misses += is_miss ? 1 : 0;
}

}  // namespace

// Which replies the flag q of a meta command hides, as memcached 1.6.18 does (tests/cache_differential_test.py).
bool is_hidden(ReplyRule rule, std::string_view reply) {
  switch (rule) {
    case ReplyRule::kForward:
      return false;
    case ReplyRule::kSwallow:
      return true;
    case ReplyRule::kQuietMetaGet:
      return reply.starts_with("EN");
    case ReplyRule::kQuietMetaSet:
    case ReplyRule::kQuietMetaDelete:
      return reply.starts_with("HD");
    case ReplyRule::kQuietMetaArithmetic:
      return reply.starts_with("HD") || reply.starts_with("VA");
  }
  return false;
}

void Command::on_reply(Reply& reply) {
  count_lookup(endpoint_->counters, lookup_, reply.bytes);
  if (client == nullptr) {
    delete this;
    return;
  }
  if (rule_ != ReplyRule::kForward && is_hidden(rule_, reply.bytes)) reply = Reply();
  client->complete(*this, reply);
}

void Command::on_failure(const LinkFailure& failure) {
  ++endpoint_->counters.errors;
  if (client == nullptr) {
    delete this;
    return;
  }
  const std::string text = rule_ == ReplyRule::kSwallow ? std::string() : error_reply(redis_, failure.text);
  Reply reply{.bytes = text};
  client->complete(*this, reply);
}

// A line end in the text would end the reply too soon.
std::string error_reply(bool redis, std::string_view text) {
  std::string line(redis ? "-ERR " : "SERVER_ERROR ");
  line += text;
  std::ranges::replace_if(line, [](char c) { return c == '\r' || c == '\n'; }, ' ');
  return line + "\r\n";
}

}  // namespace tenfold::cache
