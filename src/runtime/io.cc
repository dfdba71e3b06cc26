// SPDX-License-Identifier: Apache-2.0
#include "runtime/io.h"

#include <utility>

namespace tenfold::runtime {
namespace {

constexpr int kSendsQueuedMost = 32;  // then they leave within the turn

}  // namespace

Io::~Io() = default;

// The loop is woken while the lock is held: the work may be what ends the loop, and this object with it.
void Io::post(std::move_only_function<void()> work) {
  const std::lock_guard lock(posted_mutex_);
  TENFOLD_ASSERT(posted_.size() < limits::kPostedMost, "messages to a loop are bounded");
  posted_.push_back(std::move(work));
  interrupt();
}

void Io::run_posted() {
  std::vector<std::move_only_function<void()>> work;
  {
    const std::lock_guard lock(posted_mutex_);
    work.swap(posted_);
  }
  for (auto& item : work) item();
}

void Io::stop_at_end(Socket& socket, Stop* stop, PeerEnd end) {
  SocketState& state = *socket.state();
  state.at_end = stop;
  state.wanted_end = end;
  if (stop == nullptr) return;
  if (const std::optional<PeerEnd> known = watch_end(state)) ended(state, *known);
}

void Io::ended(SocketState& socket, PeerEnd end) {
  if (socket.at_end != nullptr && end >= socket.wanted_end) std::exchange(socket.at_end, nullptr)->request();
}

Buffer Io::lend(BufferSize size) {
  Buffer block = size == BufferSize::kLarge ? large_buffers_.take() : Buffer();
  return block ? std::move(block) : small_buffers_.take();
}

void Io::watch(Operation& operation) {
  if (operation.deadline != kNever) wheel_.insert(operation);
  if (operation.stop_ != nullptr) operation.stop_->listen(operation);
}

void Io::watch_send(Sending& operation) {
  operation.sent_before_ = operation.sent_;
  watch(operation);
}

void Io::complete(Operation& operation) {
  static_cast<Timer&>(operation).unlink();
  static_cast<StopListener&>(operation).unlink();
  operation.waiter_.resume();
}

void Io::complete_later(Operation& operation, std::int64_t outcome) {
  operation.outcome_ = outcome;
  static_cast<Timer&>(operation).unlink();
  static_cast<StopListener&>(operation).unlink();
  ready_.push_back(operation);
}

bool Io::run_ready() {
  if (ready_.empty()) return false;
  IntrusiveList<StopListener, StopTag> batch;
  batch.splice_back(ready_);
  while (StopListener* listener = batch.pop_front()) static_cast<Operation*>(listener)->waiter_.resume();
  return true;
}

void Io::queue_send(SendOperation& operation) {
  queued_sends_.push_back(operation);
  ++queued_send_count_;
}

void Io::send_queued() {
  while (!queued_sends_.empty() && inline_left_ > 0) {
    --inline_left_;
    --queued_send_count_;
    auto& operation = static_cast<SendOperation&>(*queued_sends_.pop_front());
    if (start_send(operation)) {
      operation.waiter_.resume();
    } else {
      watch_send(operation);
    }
  }
}

void Io::send_when_many() {
  if (queued_send_count_ >= kSendsQueuedMost) send_queued();
}

void Io::fire_timers() {
  inline_left_ = limits::kInlineCompletionsPerTurn;
  TimerWheel::Expired expired;
  wheel_.advance(now_, expired);
  while (Timer* timer = expired.pop_front()) deadline_passed(*static_cast<Operation*>(timer));
}

void Io::deadline_passed(Operation& operation) {
  const bool sends = operation.kind() == Operation::Kind::kSend || operation.kind() == Operation::Kind::kSendFile;
  if (!sends) return end_early(operation, ETIMEDOUT);
  auto& sending = static_cast<Sending&>(operation);
  if (retry_send(sending)) return complete_later(sending, sending.outcome());
  const bool goes_on = sending.pause_ > Duration::zero() && sending.sent_ > sending.sent_before_;
  if (!goes_on) return end_early(sending, ETIMEDOUT);
  sending.sent_before_ = sending.sent_;
  sending.deadline = now_ + sending.pause_;
  wheel_.insert(sending);
}

void Io::end_early(Operation& operation, int reason_errno) {
  static_cast<Timer&>(operation).unlink();
  static_cast<StopListener&>(operation).unlink();
  if (operation.kind() == Operation::Kind::kPark) {
    static_cast<ParkOperation&>(operation).ListNode<ParkTag>::unlink();
    complete_later(operation, -reason_errno);
  } else {
    cancel(operation, reason_errno);
  }
}

bool Io::give_way(Operation& operation) {
  if (inline_left_ > 0) {
    --inline_left_;
    return false;
  }
  ready_.push_back(operation);
  return true;
}

void Io::wake(ParkOperation& parked) {
  parked.ListNode<ParkTag>::unlink();
  complete_later(parked, 0);
}

Task<Status> Io::sleep_until(Instant time, Stop* stop) {
  ParkOperation parked(*this, Wait{.deadline = time, .stop = stop}, nullptr);
  const Status woken = co_await parked;
  if (!woken && woken.error().kind == ErrorKind::kTimeout) co_return Status();
  co_return woken;
}

void Socket::close() noexcept {
  if (SocketState* state = std::exchange(state_, nullptr)) state->io->close(*state);
}

FileHandle::~FileHandle() {
  if (io_ != nullptr) io_->close_file(handle_);
}

}  // namespace tenfold::runtime
