// SPDX-License-Identifier: Apache-2.0
// Connections of a worker to one node that belong to one client at a time: for a transaction, a command that blocks, or
// subscriptions. Nothing of a client ever reaches another one through them: a connection is given back only by a user
// who knows it to be as it was when it was new, and is closed otherwise.
//
//   take() ──► a user has it ──┬─► give_back() ──► idle ──► take() …, or closed after a while
//                              └─► end()
//
// A private link never connects a second time: what its node knew of the client went with the connection.
// Thread rule: one worker's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "planes/cache/links/node_link.h"

namespace tenfold::cache {

/// Who has a private link. It is told from the loop, never inside a call of its own.
class LinkUser {
 public:
  /// A push of RESP3, whole.
  virtual void link_pushed(std::string_view push) = 0;
  /// The connection is no more, and the link not the user's any more. Its pendings are told next.
  virtual void link_ended(std::string_view reason) = 0;

 protected:
  ~LinkUser() = default;
};

class PrivateLink final : private LinkObserver {
 public:
  PrivateLink(Flusher& flusher, const Address& address, const cluster::CacheSettings& settings, LinkKind kind,
              LinkObserver& node);

  /// As NodeLink::send().
  [[nodiscard]] bool send(std::string_view bytes, Pending& pending) { return link_.send(bytes, pending); }
  std::string_view problem() const { return link_.problem(); }
  /// For what takes links of any kind. It lasts as long as this is the user's.
  Link& link() { return link_; }

  /// What is under way may take as long as it likes: it is not given up after the response timeout, and tells nothing
  /// of the node's latency.
  void set_patient(bool patient) { patient_ = patient; }
  /// What the node calls this connection (CLIENT ID), for CLIENT UNBLOCK; 0 until somebody has asked.
  std::int64_t id_at_node = 0;

 private:
  friend class PrivateLinks;

  void link_connected() override { node_.link_connected(); }
  void link_answered(Duration latency) override {
    if (!patient_) node_.link_answered(latency);
  }
  void link_failed(std::size_t commands, std::string_view reason, bool lost) override {
    // What we have closed is no failure of the node; unless it may yet carry out what was given up.
    if (!closed_ || commands == 0) node_.link_failed(commands, reason, lost);
  }
  void link_pushed(std::string_view push) override {
    if (user_ != nullptr) user_->link_pushed(push);
  }
  void link_ended(std::string_view reason) override;

  LinkObserver& node_;
  NodeLink link_;
  LinkKind kind_;
  bool patient_ = false;
  bool ended_ = false;        // or ending: it is nobody's, and goes when the connection has
  bool closed_ = false;       // by us
  LinkUser* user_ = nullptr;  // null: idle
  Instant idle_since_{};
};

/// The private links to one node.
class PrivateLinks {
 public:
  /// All outlive this; `node` is told what a shared link would tell it.
  PrivateLinks(Flusher& flusher, const Address& address, const cluster::CacheSettings& settings, LinkObserver& node)
      : flusher_(flusher), address_(address), settings_(settings), node_(node) {}

  /// An idle link of that kind, or a new one; null when `private_connections` of the settings are in use. REQUIRES: the
  /// node is a server.
  PrivateLink* take(LinkUser& user, LinkKind kind);
  /// REQUIRES: no command is under way, and the node holds nothing for the connection.
  void give_back(PrivateLink& link);
  /// Closes the connection now. Its user is not told; what is under way on it is, soon.
  void end(PrivateLink& link, std::string_view why = "the client has gone");
  /// Ends them all, and tells their users.
  void end_all(std::string_view why);

  /// Closes what has been idle for long, and gives up what waits for too long. Called some times a second.
  void check(Instant now);

  /// Open, or being opened; with those that are idle.
  std::size_t size() const;
  std::size_t under_way() const;
  std::size_t unanswered() const;
  void give_up(std::string_view why);
  std::uint64_t sent_bytes() const;
  std::uint64_t received_bytes() const;
  bool has_ended() const;
  runtime::Task<void> ended();

 private:
  Flusher& flusher_;
  const Address& address_;
  const cluster::CacheSettings& settings_;
  LinkObserver& node_;
  std::vector<std::unique_ptr<PrivateLink>> links_;
  std::uint64_t past_sent_bytes_ = 0;  // of those that have gone
  std::uint64_t past_received_bytes_ = 0;
};

}  // namespace tenfold::cache
