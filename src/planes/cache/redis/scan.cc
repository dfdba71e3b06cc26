// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/redis/scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/hash.h"
#include "planes/cache/client/dispatch.h"
#include "wire/resp/reply.h"
#include "wire/resp/request.h"

namespace tenfold::cache {
namespace {

// One in a million changes is not noticed; and with what is left of the 53 bits that clients in JavaScript have, nodes
// of a billion keys are scanned.
constexpr std::uint64_t kMarks = 1 << 20;

// cursor = (cursor of the node * number of nodes + place of the node in the order) * kMarks + mark of the order
//
// The mark is of all that places a key: while a scan rests between two steps, every key may have moved. It is the same
// in all workers, and in other processes before the same nodes.
struct Order {
  std::vector<Address> nodes;
  std::uint64_t mark = 0;
};

Order order_of(const CacheService& service) {
  const cluster::RingStatus& ring = service.ring_status();
  Order order{.nodes = cluster::in_order_of_moves(ring), .mark = 0};
  std::string text(cluster::name_of(ring.phase));
  for (const cluster::RingSide* side : {&ring.to, &ring.from}) {
    text += fmt::format("; {} {} {}", cluster::name_of(side->policy), side->key_hash, side->hash_tag);
    for (const cluster::NodeSpec& node : side->nodes)
      text += fmt::format(" {} {} {}", node.address.to_text(), node.weight, node.ring_name);
  }
  order.mark = hash_of(text) % kMarks;
  return order;
}

class ScanStep final : public Slot, public Pending {
 public:
  ScanStep(std::uint64_t place, const Order& order) : place_(place), nodes_(order.nodes.size()), mark_(order.mark) {}

  void on_reply(Reply& whole) override { answer(translate(whole.bytes)); }
  void on_failure(const LinkFailure& failure) override { answer(error_reply(true, failure.text)); }

 private:
  std::string translate(std::string_view reply) const {
    std::vector<std::string_view> parts;
    resp::elements_of(reply, parts);
    if (parts.size() != 2) return std::string(reply);
    const auto cursor = parse_decimal(resp::text_of(parts[0]));
    if (!cursor) return error_reply(true, "a node's cursor makes no sense");
    const bool is_last = *cursor == 0 && place_ + 1 == nodes_;
    std::uint64_t next = 0;
    if (!is_last && (__builtin_mul_overflow(*cursor, nodes_, &next) ||
                     __builtin_add_overflow(next, *cursor == 0 ? place_ + 1 : place_, &next) ||
                     __builtin_mul_overflow(next, kMarks, &next)))
      return error_reply(true, "a node's cursor is too large");
    std::string whole;
    resp::write_array_head(2, whole);
    resp::write_bulk(fmt::format("{}", is_last ? 0 : next + mark_), whole);
    whole += parts[1];
    return whole;
  }

  std::uint64_t place_;
  std::uint64_t nodes_;
  std::uint64_t mark_;
};

}  // namespace

void start_scan(const RedisCall& call, std::uint64_t cursor) {
  Client& client = call.client;
  const CacheService& service = client.service();
  const Order order = order_of(service);
  if (cursor != 0 && cursor % kMarks != order.mark)
    return reply_error(client, "the nodes have changed since this scan began, or keys move: begin anew with cursor 0");
  const std::uint64_t place = cursor / kMarks % order.nodes.size();
  const std::string inner = fmt::format("{}", cursor / kMarks / order.nodes.size());
  std::vector<std::string_view> words(call.arguments.begin(), call.arguments.end());
  words[1] = inner;
  std::string request;
  resp::write_request(words, request);
  const auto node = std::ranges::find_if(
      service.nodes(), [&](const LocalPtr<Node>& known) { return known->address() == order.nodes[place]; });
  std::string why;
  Link* link = link_to(client, static_cast<std::uint32_t>(node - service.nodes().begin()), why);
  auto* step = new ScanStep(place, order);
  ++client.endpoint().counters.commands;
  if (link != nullptr && link->send(request, *step)) return client.add(*step);
  delete step;
  reply_error(client, link != nullptr ? link->problem() : why);
}

}  // namespace tenfold::cache
