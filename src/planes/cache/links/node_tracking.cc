// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/links/node_tracking.h"

#include <vector>

#include "wire/resp/reply.h"

namespace tenfold::cache {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPingInterval = 1s;
constexpr Duration kRefusedInterval = 10s;  // before a node that refused is asked again
constexpr std::string_view kBegin = "*4\r\n$6\r\nCLIENT\r\n$8\r\nTRACKING\r\n$2\r\nON\r\n$5\r\nBCAST\r\n";
constexpr std::string_view kPing = "*1\r\n$4\r\nPING\r\n";

}  // namespace

NodeTracking::NodeTracking(Flusher& flusher, const Address& address, const cluster::CacheSettings& settings,
                           TrackingListener& listener)
    : io_(flusher.io()), listener_(&listener), link_(flusher, address, settings, {.resp3 = true}, *this) {}

void NodeTracking::check(Instant now) {
  link_.check(now);
  if (is_closed() || is_asking_ || now < ask_at_) return;
  is_asking_ = link_.send(is_on_ ? kPing : kBegin, asked_);
  if (!is_asking_ && problem_.empty()) problem_ = link_.problem();
}

void NodeTracking::answered(std::string_view reply) {
  is_asking_ = false;
  ask_at_ = io_.now() + kPingInterval;
  if (!resp::is_error(reply)) {
    is_on_ = !is_closed();
    problem_.clear();
    return;
  }
  ask_at_ = io_.now() + kRefusedInterval;
  lost(reply.substr(1, reply.find('\r') - 1));
}

// The connection may be open still, and what it tells late may be missed by nobody: only a further reply says that all
// before it was told.
void NodeTracking::lost(std::string_view why) {
  is_asking_ = false;
  problem_ = why;
  if (!is_on_) return;
  is_on_ = false;
  listener_->all_changed();
}

void NodeTracking::link_pushed(std::string_view push) {
  if (is_closed()) return;
  std::vector<std::string_view> parts;
  resp::elements_of(push, parts);
  if (parts.size() != 2 || resp::text_of(parts[0]) != "invalidate") return;
  if (!parts[1].starts_with('*')) return listener_->all_changed();
  resp::Elements keys(parts[1]);
  for (std::string_view key = keys.next(); !key.empty(); key = keys.next()) listener_->key_changed(resp::text_of(key));
}

void NodeTracking::close() {
  listener_ = nullptr;
  is_on_ = false;
  link_.close(true, "nobody asks for what changes any more");
}

}  // namespace tenfold::cache
