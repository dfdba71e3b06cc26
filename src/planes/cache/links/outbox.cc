// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/links/outbox.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "runtime/heap_buffer.h"

namespace tenfold::cache {
namespace {

using namespace std::chrono_literals;

constexpr std::ptrdiff_t kRepliesOfBusy = 8;  // expected; with fewer, a wait would be felt more than it saves
constexpr int kGatherPart = 4;                // of the time that nodes take to answer
constexpr Duration kGatherTimeMost = 500us;
constexpr Duration kHoldTimeMost = 1ms;

// Nobody could receive or send without the blocks of the pools. Outboxes may hold theirs for long: they leave the half
// of them to others. What they hold is bounded elsewhere.
runtime::Buffer block_of(runtime::BufferPool& pool, std::size_t blocks_most) {
  const bool has_enough = pool.lent() < blocks_most / 2;
  return has_enough ? pool.take() : runtime::heap_buffer(static_cast<std::uint32_t>(pool.block_bytes()));
}

}  // namespace

// -- Flusher -------------------------------------------------------------------------------------------------------

bool Flusher::is_busy() const {
  return expected_ >= kRepliesOfBusy;
}

void Flusher::add(Outbox& outbox) {
  wake();
  if (!outbox.linked()) dirty_.push_back(outbox);
}

void Flusher::add(LateWork& work) {
  if (work.linked()) return;
  wake();
  late_.push_back(work);
}

void Flusher::wake() {
  if (dirty_.empty() && late_.empty()) work_.wake_one();
}

void Flusher::send_or_hold(Outbox& outbox, bool has_looked) {
  const More more = is_busy() ? outbox.more() : More::kNone;
  if (more == More::kToCome) {
    held_.push_back(outbox);
  } else if (more == More::kAtHand && !has_looked) {
    held_for_look_.push_back(outbox);
  } else {
    outbox.flush();
  }
}

void Flusher::send_all(bool has_looked) {
  IntrusiveList<Outbox> due;
  due.splice_back(has_looked ? held_for_look_ : held_);
  for (;;) {
    if (LateWork* late = late_.pop_front()) {
      late->run_late();
    } else if (Outbox* outbox = due.pop_front()) {
      outbox->flush();
    } else if (Outbox* next = dirty_.pop_front()) {
      send_or_hold(*next, has_looked);
    } else {
      break;
    }
  }
}

runtime::Task<void> Flusher::run(runtime::Stop* stop) {
  for (;;) {
    send_all(false);
    if (!held_for_look_.empty()) {
      co_await io_.next_turn();
      send_all(true);
    }
    io_.gather_for(is_busy() ? std::min(answer_time_ / kGatherPart, kGatherTimeMost) : Duration::zero(), answered_);
    const Instant until = held_.empty() ? kNever : io_.now() + kHoldTimeMost;
    const Status woken = co_await work_.wait(io_, runtime::Wait(until, stop));
    if (!woken && woken.error().kind != ErrorKind::kTimeout) co_return;
  }
}

// -- Outbox --------------------------------------------------------------------------------------------------------

void Outbox::open(runtime::Socket& socket, Duration timeout) {
  socket_ = &socket;
  timeout_ = timeout;
  if (bytes_ > 0) mark();
}

void Outbox::mark() {
  // While a send is under way it will find what is new.
  if (socket_ != nullptr && sending_.running() == 0) flusher_.add(*this);
}

void Outbox::append(std::string_view bytes) {
  if (!filling_ || bytes.size() > filling_.room().size()) {
    if (bytes.empty()) return;
    if (filling_ && !filling_.empty()) line_up(std::move(filling_));
    runtime::Io& io = flusher_.io();
    const bool is_first = !has_waiting() && bytes.size() <= limits::kSmallBufferBytes;
    if (bytes.size() > limits::kLargeBufferBytes) {
      filling_ = runtime::heap_buffer(static_cast<std::uint32_t>(bytes.size()));
    } else {
      filling_ = is_first ? block_of(io.small_buffers(), limits::kSmallBuffersMost)
                          : block_of(io.large_buffers(), limits::kLargeBuffersMost);
    }
    hold(filling_.capacity());
  }
  filling_.append(bytes);
  bytes_ += bytes.size();
  mark();
}

void Outbox::line_up(runtime::Buffer block) {
  if (!waiting_) waiting_ = std::make_unique<std::vector<runtime::Buffer>>();
  waiting_->push_back(std::move(block));
}

void Outbox::append(runtime::Buffer block) {
  if (filling_ && !filling_.empty()) line_up(std::move(filling_));
  bytes_ += block.size();
  hold(block.capacity());
  line_up(std::move(block));
  mark();
}

void Outbox::flush() {
  if (bytes_ > 0 && sending_.running() == 0 && socket_ != nullptr) sending_.spawn(send_all());
}

runtime::Buffer Outbox::take_next() {
  if (!has_waiting()) return std::move(filling_);
  runtime::Buffer first = std::move(waiting_->front());
  waiting_->erase(waiting_->begin());
  return first;
}

runtime::Task<void> Outbox::send_all() {
  while (bytes_ > 0 && !stop_.requested()) {
    const runtime::Buffer a = take_next();
    const runtime::Buffer b = take_next();
    const runtime::Buffer c = take_next();
    owner_.send_begins();
    const runtime::Wait wait(flusher_.io().now() + timeout_, &stop_, timeout_);
    runtime::SendOperation sending = flusher_.io().send(*socket_, a.view(), b.view(), c.view(), wait);
    sending_now_ = &sending;
    const Status sent = co_await sending;
    sending_now_ = nullptr;
    if (stop_.requested()) co_return;  // close() has dropped everything, also what was just sent
    if (!sent) co_return owner_.send_failed(sent.error());
    const std::size_t sent_now = a.size() + b.size() + c.size();
    bytes_ -= sent_now;
    sent_bytes_ += sent_now;
    release(a.capacity() + b.capacity() + c.capacity());
  }
  if (!stop_.requested()) owner_.all_sent();
}

std::uint64_t Outbox::taken_bytes() const {
  if (socket_ == nullptr) return 0;
  const std::uint64_t sent = sent_bytes_ + (sending_now_ == nullptr ? 0 : sending_now_->sent_bytes());
  const std::uint64_t under_way = flusher_.io().bytes_under_way(*socket_);
  return sent > under_way ? sent - under_way : 0;
}

void Outbox::close() {
  unlink();
  socket_ = nullptr;
  bytes_ = 0;
  release(held_bytes_);
  filling_.reset();
  waiting_.reset();
  stop_.request();
}

}  // namespace tenfold::cache
