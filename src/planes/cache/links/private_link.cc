// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/links/private_link.h"

#include <algorithm>
#include <utility>

namespace tenfold::cache {
namespace {

using namespace std::chrono_literals;

constexpr Duration kIdleMost = 30s;

}  // namespace

// -- PrivateLink ---------------------------------------------------------------------------------------------------

PrivateLink::PrivateLink(Flusher& flusher, const Address& address, const cluster::CacheSettings& settings,
                         LinkKind kind, LinkObserver& node)
    : node_(node), link_(flusher, address, settings, kind, *static_cast<LinkObserver*>(this)), kind_(kind) {}

void PrivateLink::link_ended(std::string_view reason) {
  ended_ = true;
  link_.close(true);  // so that nothing connects it again
  if (LinkUser* user = std::exchange(user_, nullptr)) user->link_ended(reason);
}

// -- PrivateLinks --------------------------------------------------------------------------------------------------

PrivateLink* PrivateLinks::take(LinkUser& user, LinkKind kind) {
  TENFOLD_ASSERT(!address_.is_built_in(), "what is built in gives nobody a connection");
  PrivateLink* idle = nullptr;  // of another kind
  for (const auto& link : links_) {
    if (link->ended_ || link->user_ != nullptr) continue;
    if (link->kind_ == kind && link->link_.is_open()) {
      link->user_ = &user;
      return link.get();
    }
    idle = link.get();
  }
  if (size() >= settings_.private_connections) {
    if (idle == nullptr) return nullptr;
    end(*idle);
  }
  PrivateLink& link = *links_.emplace_back(std::make_unique<PrivateLink>(flusher_, address_, settings_, kind, node_));
  link.user_ = &user;
  return &link;
}

void PrivateLinks::give_back(PrivateLink& link) {
  if (link.ended_) return;
  TENFOLD_ASSERT(link.link_.under_way() == 0, "a link is given back when all is answered");
  link.set_patient(false);
  link.user_ = nullptr;
  link.idle_since_ = flusher_.io().now();
}

void PrivateLinks::end(PrivateLink& link, std::string_view why) {
  link.ended_ = link.closed_ = true;
  link.user_ = nullptr;
  link.link_.close(true, why);
}

void PrivateLinks::end_all(std::string_view why) {
  for (std::size_t i = 0; i < links_.size(); ++i) {
    PrivateLink& link = *links_[i];
    LinkUser* user = std::exchange(link.user_, nullptr);
    end(link, why);
    if (user != nullptr) user->link_ended(why);
  }
}

void PrivateLinks::check(Instant now) {
  for (const auto& link : links_) {
    const bool is_idle = !link->ended_ && link->user_ == nullptr;
    if (is_idle && now - link->idle_since_ >= kIdleMost) end(*link, "it was idle");
    if (!link->patient_) link->link_.check(now);
  }
  std::erase_if(links_, [this](const std::unique_ptr<PrivateLink>& link) {
    const bool has_gone = link->ended_ && link->link_.has_ended();
    if (has_gone) past_sent_bytes_ += link->link_.sent_bytes();
    if (has_gone) past_received_bytes_ += link->link_.received_bytes();
    return has_gone;
  });
}

std::size_t PrivateLinks::size() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(links_, [](const std::unique_ptr<PrivateLink>& link) { return !link->ended_; }));
}

std::size_t PrivateLinks::under_way() const {
  std::size_t total = 0;
  for (const auto& link : links_) total += link->link_.under_way();
  return total;
}

std::size_t PrivateLinks::unanswered() const {
  std::size_t total = 0;
  for (const auto& link : links_) total += link->link_.unanswered();
  return total;
}

void PrivateLinks::give_up(std::string_view why) {
  for (const auto& link : links_) link->link_.give_up(why);
}

std::uint64_t PrivateLinks::sent_bytes() const {
  std::uint64_t total = past_sent_bytes_;
  for (const auto& link : links_) total += link->link_.sent_bytes();
  return total;
}

std::uint64_t PrivateLinks::received_bytes() const {
  std::uint64_t total = past_received_bytes_;
  for (const auto& link : links_) total += link->link_.received_bytes();
  return total;
}

bool PrivateLinks::has_ended() const {
  return std::ranges::all_of(links_, [](const std::unique_ptr<PrivateLink>& link) { return link->link_.has_ended(); });
}

runtime::Task<void> PrivateLinks::ended() {
  for (;;) {  // check() forgets some meanwhile
    const auto left = std::ranges::find_if(links_, [](const auto& link) { return !link->link_.has_ended(); });
    if (left == links_.end()) co_return;
    co_await (*left)->link_.ended();
  }
}

}  // namespace tenfold::cache
