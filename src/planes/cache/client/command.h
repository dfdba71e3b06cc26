// SPDX-License-Identifier: Apache-2.0
// A command that goes to one node as it came, and whose reply goes back as it comes.
// Thread rule: one worker's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/local_ptr.h"
#include "planes/cache/client/slot.h"
#include "planes/cache/keys/second_try.h"
#include "planes/cache/links/pending.h"
#include "planes/cache/service/key_change.h"
#include "planes/cache/service/lookup.h"
#include "planes/cache/service/service.h"

namespace tenfold::cache {

/// What becomes of the reply.
enum class ReplyRule : std::uint8_t {
  kForward,
  kSwallow,       // noreply
  kQuietMetaGet,  // the flag q: the usual case is not told
  kQuietMetaSet,
  kQuietMetaDelete,
  kQuietMetaArithmetic,
};

bool is_hidden(ReplyRule rule, std::string_view reply);

class Command final : public Slot, public Pending, public SecondTry {
 public:
  /// `keys` are looked up by it, where `lookup` says that it looks up any.
  Command(Endpoint& endpoint, ReplyRule rule, Lookup lookup, std::uint32_t keys, bool redis)
      : endpoint_(&endpoint), rule_(rule), lookup_(lookup), keys_(keys), redis_(redis) {}

  ~Command() override;
  bool may_change(std::uint64_t key) const override;

  /// For a second try, should it come to that.
  KeptRequest kept;

  void on_reply(Reply& reply) override;
  void on_failure(const LinkFailure& failure) override;

  /// It could not be sent, or has failed without harm: it is sent to the owner of its key as soon as there is one, or
  /// fails with `problem`. The client, which has added it as a slot, begins nothing meanwhile: what it sends later must
  /// not overtake. False when that cannot be: nothing is kept, or the nodes are a store.
  bool wait_for_owner(std::string_view problem, Instant now);
  void try_again(Instant now) override;
  /// The client, if it is still there, is told, and this is gone.
  void fail(std::string_view problem);
  Instant waits_until() const override { return fill_until_; }

  /// It gets the value of a key, whose hash this is, and is kept: when the key is missing, it may be its client that
  /// fills it, or it waits until another has (keys/leases.h).
  void may_fill(std::uint64_t key);
  /// It changes that key and no other: what waits for it need not wait any longer.
  void changes(std::uint64_t key);

  /// Its reply may be held: near, because the key, whose hash this is, is hot; as the last that was known of the key.
  void may_be_held(std::uint64_t hash, bool near, bool last);
  /// It changes a key, which is not held until it ends; or `deletes` it, and no more.
  void begins_change(std::string_view key, std::uint64_t hash, bool deletes);

 private:
  // What it is to the lease of its key.
  enum class Part : std::uint8_t { kNone, kGet, kLeaseItem, kChange };

  // What it is to the replies that are held of its key.
  static constexpr std::uint8_t kHoldsNear = 1;
  static constexpr std::uint8_t kHoldsLast = 2;

  void hold(std::string_view reply);
  bool is_told_of_last(Reply& reply);
  bool is_settled(Reply& reply);
  bool is_told_of_miss(Reply& reply);
  bool send_lease_item();
  void wait_for_fill();
  void tell_miss();
  bool send_to_owner();
  void end_wait();

  LocalPtr<Endpoint> endpoint_;
  ReplyRule rule_;
  Lookup lookup_;
  std::uint32_t keys_;
  bool redis_;
  Part part_ = Part::kNone;
  bool pauses_client_ = false;  // waits for an owner
  std::uint8_t held_ = 0;       // a set of kHoldsNear …
  bool waits_ = false;          // or has waited for another to fill the key
  std::optional<KeyChange> change_;
  std::uint32_t near_ticket_ = 0;
  std::uint32_t last_ticket_ = 0;
  std::uint64_t key_ = 0;  // its hash, where it has a part
  Instant fill_until_{};   // no longer does it wait for another to fill the key
  Instant give_up_at_{};   // of a second try
  std::string problem_;    // why the first try failed
};

/// A failure in the words of the protocol: a whole error reply.
std::string error_reply(bool redis, std::string_view text);

}  // namespace tenfold::cache
