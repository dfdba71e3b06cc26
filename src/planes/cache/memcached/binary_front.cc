// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/memcached/binary_front.h"

#include <algorithm>
#include <list>
#include <memory>
#include <string>
#include <utility>

#include "base/assert.h"
#include "planes/cache/memcached/front.h"
#include "wire/memcached/binary_reply.h"
#include "wire/memcached/binary_request.h"

namespace tenfold::cache {
namespace {

using memcached::BinaryCall;
using memcached::BinaryOutcome;
using memcached::BinaryReply;
using memcached::BinaryRequest;
using memcached::BinaryStatus;
using memcached::BinaryVerb;
using memcached::ParseState;

// Every request has exactly one reply in text, and replies come in the order of the requests.
class BinarySession final : public FrontState {
 public:
  void expect(BinaryCall call) { calls_.push_back(std::move(call)); }
  void forget_last() { calls_.pop_back(); }

  void leave(bool /*gone*/) override {}
  Translation translate(std::string_view reply) override {
    TENFOLD_ASSERT(!calls_.empty(), "a reply answers a request");
    BinaryReply made = memcached::binary_reply(calls_.front(), reply);
    calls_.pop_front();
    return {.head = std::move(made.head), .rest = made.rest};
  }

 private:
  std::list<BinaryCall> calls_;  // under way
};

BinarySession& session_of(Client& client) {
  return static_cast<BinarySession&>(*client.front_state());
}

// The request is done with; what of it has not come yet is dropped as it comes.
std::size_t drop_rest(Client& client, const BinaryRequest& request, std::string_view bytes) {
  const std::size_t here = std::min<std::uint64_t>(request.request_bytes, bytes.size());
  client.drop(request.request_bytes - here);
  return here;
}

std::size_t refuse(Client& client, const BinaryRequest& request, const BinaryOutcome& outcome, std::string_view bytes) {
  ++client.endpoint().counters.refused;
  if (request.request_bytes == 0) {
    client.tell_operator("a client mixes memcached's text and binary protocols");
  } else {
    BinaryCall call(request);
    call.verb = BinaryVerb::kUnknown;
    session_of(client).expect(std::move(call));
    const bool is_known = outcome.status != BinaryStatus::kUnknownCommand;
    client.reply(is_known ? "CLIENT_ERROR Invalid arguments\r\n" : "ERROR\r\n");
  }
  if (!outcome.close) return drop_rest(client, request, bytes);
  client.leave();
  return bytes.size();
}

std::uint64_t item_max_bytes(Client& client, std::string_view key) {
  return client.home_of(key).service->settings().item_max_bytes;
}

}  // namespace

void begin_binary(Client& client) {
  client.keep(std::make_unique<BinarySession>());
  client.translate_replies();
}

std::size_t take_binary(Client& client, std::string_view bytes) {
  BinaryRequest request;
  const BinaryOutcome outcome = parse_binary_request(bytes, request);
  if (outcome.state == ParseState::kNeedMore) {
    client.wait_for(outcome.wanted_bytes);
    return 0;
  }
  if (outcome.state == ParseState::kError) return refuse(client, request, outcome, bytes);
  if (request.verb == BinaryVerb::kQuit) {
    session_of(client).expect(BinaryCall(request));
    client.reply("OK\r\n");
    client.leave();
    return bytes.size();
  }
  const bool is_too_large = request.value_bytes > item_max_bytes(client, request.key);
  if (!request.is_whole() && !is_too_large) {
    client.wait_for(request.request_bytes);
    return 0;
  }
  if (is_too_large) request.value = {};  // its line alone is enough to be refused
  const std::string text = memcached::text_of(request);
  session_of(client).expect(BinaryCall(request));
  if (take_text(client, text) == 0) {
    session_of(client).forget_last();  // it has to wait, and is taken again
    return 0;
  }
  return drop_rest(client, request, bytes);
}

}  // namespace tenfold::cache
