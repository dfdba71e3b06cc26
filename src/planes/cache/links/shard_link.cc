// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/links/shard_link.h"

#include <fmt/format.h>

#include <utility>

namespace tenfold::cache {
namespace {

constexpr std::size_t kKeptBytesMost = 256 * 1024;  // of memory that is used again

}  // namespace

ShardLink::ShardLink(Flusher& flusher, Shards& shards, std::uint32_t worker, const std::string& service,
                     const cluster::CacheSettings& settings, bool resp3, LinkObserver& observer)
    : flusher_(flusher),
      shards_(shards),
      worker_(worker),
      service_(service),
      settings_(settings),
      resp3_(resp3),
      observer_(observer) {
  if (is_local()) shard_ = shards_.find(service);
}

ShardLink::~ShardLink() {
  TENFOLD_ASSERT(has_ended(), "a link has ended before it is destroyed");
}

// -- Commands ------------------------------------------------------------------------------------------------------

std::string_view ShardLink::problem() const {
  if (closing_) return "the built-in cache has left the service";
  if (problem_.empty()) return "the node has too many commands under way";
  return problem_;
}

bool ShardLink::can_take() {
  if (closing_ || queued_ >= settings_.node_queue) {
    problem_.clear();
    return false;
  }
  if (is_local() ? bool(shard_) : shards_.neighbours().has(worker_)) return true;
  problem_ = fmt::format("worker {} holds no part of {}", worker_, service_);
  return false;
}

bool ShardLink::send(std::string_view first, std::string_view second, Pending& pending) {
  if (!can_take()) return false;
  pending.queued_at = flusher_.io().now();
  queue_.push_back(pending);
  ++queued_;
  sent_bytes_ += first.size() + second.size();
  if (!is_local()) {
    batch_.bytes.append(first).append(second);
    batch_.sizes.push_back(first.size() + second.size());
  } else if (second.empty()) {
    execute(first);
  } else {
    joined_.assign(first).append(second);
    execute(joined_);
  }
  flusher_.add(*this);
  return true;
}

bool ShardLink::send(std::string_view first, runtime::Buffer&& block, Pending& pending) {
  const bool taken = first.empty() ? send(block.view(), pending) : send(first, block.view(), pending);
  // Whoever sends may go on reading in it, as in a block that waits to be sent.
  if (taken) blocks_.push_back(std::move(block));
  return taken;
}

void ShardLink::execute(std::string_view request) {
  shard_->execute(request, shards_.times(), resp3_, batch_);
  shards_.waiting_bytes += batch_.sizes.back();
}

void ShardLink::run_late() {
  blocks_.clear();
  if (!is_local()) return post_batch();
  // Whoever is told may send the next command at once.
  ShardBatch replies = std::exchange(batch_, std::exchange(spare_, ShardBatch()));
  shards_.waiting_bytes -= replies.bytes.size();
  deliver(replies);
  if (replies.bytes.capacity() <= kKeptBytesMost) {
    replies.clear();
    spare_ = std::move(replies);
  }
  if (has_ended()) quiet_.wake_all();
}

void ShardLink::post_batch() {
  if (is_out_ || batch_.empty()) return;
  is_out_ = true;
  auto work = [link = this, home = shards_.worker(), service = service_, resp3 = resp3_,
               requests = std::exchange(batch_, ShardBatch())](Shards& there) {
    ShardBatch replies = there.execute(service, requests, resp3);
    there.neighbours().post(home, [link, replies = std::move(replies)](Shards&) { link->answered(replies); });
  };
  shards_.neighbours().post(worker_, std::move(work));
}

// -- Replies -------------------------------------------------------------------------------------------------------

void ShardLink::answered(const ShardBatch& replies) {
  is_out_ = false;
  deliver(replies);
  if (!batch_.empty()) flusher_.add(*this);
  if (has_ended()) quiet_.wake_all();
}

void ShardLink::deliver(const ShardBatch& replies) {
  const Instant now = flusher_.io().now();
  std::string_view rest = replies.bytes;
  received_bytes_ += rest.size();
  for (std::size_t size : replies.sizes) {
    const std::string_view bytes = rest.substr(0, size);
    rest.remove_prefix(size);
    if (given_up_ > 0) {
      --given_up_;
      continue;
    }
    Pending* pending = queue_.pop_front();
    --queued_;
    if (bytes.empty()) {  // the service has gone from that worker
      const std::string text = fmt::format("worker {} holds no part of {} any more", worker_, service_);
      observer_.link_failed(1, text, false);
      pending->on_failure({.was_connected = true, .text = text});
      continue;
    }
    observer_.link_answered(now - pending->queued_at);
    Reply reply{.bytes = bytes};
    pending->on_reply(reply);
  }
}

// Its reply still comes, and reaches nobody.
void ShardLink::give_up_first(std::string_view why) {
  Pending* pending = queue_.pop_front();
  --queued_;
  ++given_up_;
  pending->on_failure({.was_connected = true, .text = why});
}

void ShardLink::give_up(std::string_view why) {
  const std::string text(why);
  for (std::size_t left = queued_; left > 0; --left) give_up_first(text);
}

void ShardLink::check(Instant now) {
  std::string text;
  std::size_t count = 0;
  while (!queue_.empty() && now - queue_.front().queued_at >= settings_.response_timeout) {
    if (count++ == 0) text = fmt::format("worker {}: no reply within {}", worker_, to_text(settings_.response_timeout));
    give_up_first(text);
  }
  if (count > 0) observer_.link_failed(count, text, false);
}

// -- The end -------------------------------------------------------------------------------------------------------

// What is under way is answered soon: a worker always answers.
void ShardLink::close(bool) {
  closing_ = true;
}

runtime::Task<void> ShardLink::ended() {
  while (!has_ended()) static_cast<void>(co_await quiet_.wait(flusher_.io(), runtime::Wait(kNever, nullptr)));
}

}  // namespace tenfold::cache
