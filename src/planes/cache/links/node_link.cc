// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/links/node_link.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "runtime/heap_buffer.h"
#include "wire/resp/request.h"

namespace tenfold::cache {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFirstBackoff = 50ms;
constexpr Duration kBackoffMost = 1s;
constexpr std::size_t kUnsentBytesMost = 64 << 20;  // that a node does not take, before no more commands are
constexpr std::size_t kLargeRequestBytes = limits::kLargeBufferBytes;  // smaller ones are taken in a moment, or not

// Bytes of the value at hand that are still to come; and whether what comes is a push, of RESP3.
std::uint64_t left_of(const memcached::ReplyScanner& scanner) {
  return scanner.value_left();
}
std::uint64_t left_of(const resp::ReplyScanner& scanner) {
  return scanner.bulk_left();
}
bool is_push(const memcached::ReplyScanner& /*scanner*/) {
  return false;
}
bool is_push(const resp::ReplyScanner& scanner) {
  return scanner.is_push();
}

}  // namespace

NodeLink::NodeLink(Flusher& flusher, const Address& address, const cluster::CacheSettings& settings, LinkKind kind,
                   LinkObserver& observer)
    : io_(flusher.io()),
      address_(address),
      name_("node " + address.to_text()),
      settings_(settings),
      kind_(kind),
      observer_(observer),
      flusher_(flusher) {
  if (settings.protocol == cluster::CacheProtocol::kRedis) scanner_ = resp::ReplyScanner();
}

NodeLink::~NodeLink() {
  TENFOLD_ASSERT(running_.running() == 0 && queue_.empty(), "a link has ended before it is destroyed");
}

// -- Commands ------------------------------------------------------------------------------------------------------

bool NodeLink::is_full() const {
  return queued_ >= settings_.node_queue || (outbox_ && outbox_->bytes() >= kUnsentBytesMost);
}

std::string_view NodeLink::problem() const {
  if (closing_) return "the node has left the service";
  if (is_full() || problem_.empty()) return "the node has too many commands under way";
  return problem_;
}

bool NodeLink::accept(Pending& pending) {
  if (closing_ || is_full()) return false;
  if (state_ == State::kIdle) {
    if (io_.now() < retry_at_) return false;
    state_ = State::kConnecting;
    OutboxOwner& owner = *this;
    outbox_ = std::make_unique<Outbox>(flusher_, owner, held_bytes_);
    large_until_ = taken_bytes_ = 0;
    stop_ = std::make_unique<runtime::Stop>();
    running_.spawn(run());
    begin_.wake_one();
  }
  if (queued_ == 0 && given_up_ == 0) progress_at_ = io_.now();
  pending.queued_at = io_.now();
  queue_.push_back(pending);
  ++queued_;
  ++unsent_;
  flusher_.expect(1);
  return true;
}

// It stands at the end of the outbox now, or will in a moment.
void NodeLink::appended(std::size_t request_bytes) {
  sent_bytes_ += request_bytes;
  if (request_bytes >= kLargeRequestBytes) large_until_ = outbox_->appended_bytes() + request_bytes;
}

bool NodeLink::send(std::string_view first, std::string_view second, Pending& pending) {
  if (!accept(pending)) return false;
  appended(first.size() + second.size());
  outbox_->append(first);
  if (!second.empty()) outbox_->append(second);
  return true;
}

bool NodeLink::send(std::string_view first, runtime::Buffer&& block, Pending& pending) {
  if (!accept(pending)) return false;
  appended(first.size() + block.size());
  if (!first.empty()) outbox_->append(first);
  outbox_->append(std::move(block));
  return true;
}

// The connection ends from the loop: commands may be queued right now by whoever called us.
void NodeLink::send_failed(const Error& error) {
  if (stop_reason_.empty()) stop_reason_ = "send: " + to_string(error);
  stop_->request();
}

void NodeLink::close(bool at_once, std::string_view why) {
  closing_ = true;
  if (state_ == State::kIdle || (!at_once && (queued_ > 0 || given_up_ > 0))) return;
  if (stop_reason_.empty()) stop_reason_ = why;
  let_go_ = true;
  stop_->request();
}

// -- The connection ------------------------------------------------------------------------------------------------

// Begins from the loop, so that nothing fails inside the call that queues the first command.
runtime::Task<void> NodeLink::run() {
  static_cast<void>(co_await begin_.wait(io_, runtime::Wait(kNever, stop_.get())));
  const runtime::Wait wait(io_.now() + settings_.connect_timeout, stop_.get());
  Result<runtime::Socket> connected = co_await io_.connect(address_, wait);
  Status status;
  const bool is_connected = connected.has_value();
  if (is_connected) {
    socket_ = std::move(*connected);
    if (!settings_.node_password.empty() || kind_ != LinkKind()) status = co_await introduce(wait);
  } else {
    status = std::unexpected(connected.error());
  }
  const bool is_open = is_connected && status.has_value();
  if (is_open) {
    state_ = State::kOpen;
    has_answered_ = false;
    observer_.link_connected();
    outbox_->open(socket_, settings_.response_timeout);
    status = co_await receive();
  }
  // Without a descriptor, a port or a block of our own, nothing is known of the node; nor is it ill for want of a
  // database.
  const bool is_blamed = status.error().kind != ErrorKind::kExhausted && !(is_connected && refused_);
  outbox_->close();
  co_await outbox_->ended();
  const bool may_be_carried_out = std::exchange(given_up_, 0) > 0;
  const bool is_bad = status.error().kind == ErrorKind::kLimit || status.error().kind == ErrorKind::kProtocol;
  const bool is_reply_bad = is_open && !may_be_carried_out && (dropping_ || (is_bad && stop_reason_.empty()));
  // What has not arrived yet had better not: it is answered as failed.
  if (is_open && (may_be_carried_out || queued_ > 0)) io_.reset_on_close(socket_);
  socket_.close();
  problem_ = fmt::format("{}: {}", name_, stop_reason_.empty() ? to_string(status.error()) : stop_reason_);
  if (settings_.protocol == cluster::CacheProtocol::kRedis)
    scanner_ = resp::ReplyScanner();
  else
    scanner_ = memcached::ReplyScanner();
  partial_.reset();
  dropping_ = false;
  stop_reason_.clear();
  state_ = State::kIdle;
  if (!std::exchange(let_go_, false)) wait_to_connect(is_open);
  if (may_be_carried_out) observer_.link_failed(0, problem_, true);
  observer_.link_ended(problem_);
  fail_all({.was_open = is_open, .is_blamed = is_blamed, .would_first_repeat = is_reply_bad});
}

// A node that accepts and says nothing is no better than one that refuses.
void NodeLink::wait_to_connect(bool was_open) {
  if (was_open && has_answered_) {
    fruitless_ = 0;
    told_of_ = false;
    backoff_ = Duration::zero();
    return;
  }
  ++fruitless_;
  if (was_open && fruitless_ == 1) return;
  backoff_ = std::clamp(backoff_ * 2, kFirstBackoff, kBackoffMost);
  retry_at_ =
      io_.now() + backoff_ / 2 + Duration(io_.prng().below(static_cast<std::uint64_t>(backoff_.count() / 2) + 1));
  if (was_open && !std::exchange(told_of_, true)) observer_.link_backs_off(back_off(io_.now()));
}

std::string NodeLink::back_off(Instant now) const {
  if (state_ != State::kIdle || now >= retry_at_) return {};
  return fmt::format("no connection to it has brought a reply, {} in a row; the last: {}; the next is tried in {}ms",
                     fruitless_, problem_, to_milliseconds(retry_at_ - now));
}

// HELLO or AUTH, and SELECT, go ahead of everything else, and their replies belong to nobody's command.
std::string NodeLink::greeting() const {
  std::vector<std::string_view> words;
  if (kind_.resp3) words = {"HELLO", "3"};
  if (!settings_.node_password.empty()) {
    words.push_back("AUTH");
    if (!settings_.node_user.empty() || kind_.resp3)
      words.push_back(settings_.node_user.empty() ? std::string_view("default") : settings_.node_user);
    words.push_back(settings_.node_password);
  }
  std::string request;
  if (!words.empty()) resp::write_request(words, request);
  if (kind_.database != 0) resp::write_request({"SELECT", fmt::format("{}", kind_.database)}, request);
  return request;
}

runtime::Task<Status> NodeLink::introduce(runtime::Wait wait) {
  refused_ = false;
  const Status sent = co_await io_.send(socket_, greeting(), wait);
  if (!sent) co_return sent;
  int replies_left = (!settings_.node_password.empty() || kind_.resp3 ? 1 : 0) + (kind_.database != 0 ? 1 : 0);
  resp::ReplyScanner scanner;
  std::string reply;
  while (replies_left > 0) {
    const Result<runtime::Buffer> read = co_await io_.recv(socket_, runtime::BufferSize::kSmall, wait);
    if (!read) co_return std::unexpected(read.error());
    for (std::string_view rest = read->view(); !rest.empty() && replies_left > 0;) {
      const auto step = scanner.scan(rest);
      if (step.state == resp::ReplyScanner::State::kError) co_return fail(ErrorKind::kProtocol, "it is no Redis");
      reply += rest.substr(0, step.consumed);
      rest.remove_prefix(step.consumed);
      if (step.state == resp::ReplyScanner::State::kNeedMore) continue;
      const Status taken = take_greeting_reply(reply, kind_.database != 0 && replies_left == 1);
      if (!taken) co_return taken;
      --replies_left;
      reply.clear();
    }
  }
  co_return Status();
}

Status NodeLink::take_greeting_reply(std::string_view reply, bool is_about_database) {
  if (!resp::is_error(reply)) return Status();
  refused_ = is_about_database;
  std::string what = kind_.resp3 ? "HELLO 3" : "AUTH";
  if (is_about_database) what = fmt::format("SELECT {}", kind_.database);
  if (stop_reason_.empty()) stop_reason_ = fmt::format("{}: {}", what, reply.substr(1, reply.find('\r') - 1));
  return fail(ErrorKind::kPermission, "it refuses the greeting");
}

runtime::Task<Status> NodeLink::receive() {
  const runtime::Wait wait(kNever, stop_.get());
  for (;;) {
    const Result<runtime::Buffer> read = co_await io_.recv(socket_, runtime::BufferSize::kLarge, wait);
    if (!read) co_return std::unexpected(read.error());
    received_bytes_ += read->size();
    progress_at_ = io_.now();
    const Status taken = take(read->view());
    if (!taken) co_return taken;
    if (closing_ && queued_ == 0 && given_up_ == 0) co_return fail(ErrorKind::kCanceled, "it was removed");
  }
}

// Cuts what came into replies. The scanner's types have the same steps, in types of their own.
Status NodeLink::take(std::string_view bytes) {
  return std::visit(
      [this, bytes](auto& scanner) mutable -> Status {
        using Scan = std::remove_reference_t<decltype(scanner)>;
        while (!bytes.empty()) {
          const typename Scan::Step step = scanner.scan(bytes);
          if (step.state == Scan::State::kError) return fail(ErrorKind::kProtocol, "its reply makes no sense");
          const std::string_view part = bytes.substr(0, step.consumed);
          bytes.remove_prefix(step.consumed);
          const bool is_whole = step.state == Scan::State::kComplete;
          if (!dropping_ && (!is_whole || partial_)) {
            const Status kept = keep(part, left_of(scanner), is_push(scanner));
            if (!kept) return kept;
          }
          if (!is_whole) break;
          if constexpr (std::is_same_v<Scan, resp::ReplyScanner>) {
            if (scanner.is_push()) {
              observer_.link_pushed(partial_ ? partial_.view() : part);
              partial_.reset();
              continue;
            }
          }
          if (queue_.empty() && given_up_ == 0) return fail(ErrorKind::kProtocol, "it sent a reply to no command");
          if (std::exchange(dropping_, false)) {
            fail_too_large();
            continue;
          }
          Reply reply{.bytes = partial_ ? partial_.view() : part, .block = partial_ ? &partial_ : nullptr};
          deliver(reply);
          partial_.reset();
        }
        return Status();
      },
      scanner_);
}

// The beginning of a reply, or what comes of it next; `more` bytes of its value are still to come.
Status NodeLink::keep(std::string_view part, std::uint64_t more, bool is_push) {
  const std::uint64_t room = part.size() + more;
  if (partial_.size() + room > settings_.reply_bytes_most()) {
    if (is_push) return fail(ErrorKind::kLimit, "its push is too large");
    partial_.reset();
    dropping_ = true;
    dropping_since_ = io_.now();
    return Status();
  }
  runtime::reserve_room(partial_, room);
  partial_.append(part);
  return Status();
}

// Whom the reply is for that has just come whole; null when it was given up.
Pending* NodeLink::take_answered() {
  has_answered_ = true;
  if (given_up_ > 0) {
    --given_up_;
    return nullptr;
  }
  Pending* pending = queue_.pop_front();
  --queued_;
  flusher_.answered(io_.now() - pending->queued_at);
  return pending;
}

void NodeLink::fail_too_large() {
  Pending* pending = take_answered();
  if (pending == nullptr) return;
  const std::string text =
      fmt::format("{}: its reply is too large: over {} bytes", name_, settings_.reply_bytes_most());
  pending->on_failure({.was_connected = true, .would_repeat = true, .text = text});
}

void NodeLink::deliver(Reply& reply) {
  Pending* pending = take_answered();
  if (pending == nullptr) return;
  observer_.link_answered(io_.now() - pending->queued_at);
  pending->on_reply(reply);
}

// -- Failure -------------------------------------------------------------------------------------------------------

void NodeLink::give_up(std::string_view why) {
  if (state_ == State::kIdle || unanswered() == 0) return;
  if (stop_reason_.empty()) stop_reason_ = why;
  let_go_ = true;
  stop_->request();
}

void NodeLink::fail_all(Ending ending) {
  // Told pendings may lead to new commands: those belong to the next connection.
  IntrusiveList<Pending, LinkTag> failed;
  failed.splice_back(queue_);
  const std::size_t count = std::exchange(queued_, 0);
  std::size_t sent = count - std::min(std::exchange(unsent_, 0), count);
  flusher_.expect(-static_cast<std::ptrdiff_t>(count));
  if (count > 0 && ending.is_blamed) observer_.link_failed(count, problem_, !ending.was_open);
  const std::string text = problem_;
  LinkFailure failure{.was_connected = ending.was_open, .would_repeat = ending.would_first_repeat, .text = text};
  while (Pending* pending = failed.pop_front()) {
    failure.never_sent = sent == 0;
    sent -= sent > 0 ? 1 : 0;
    pending->on_failure(failure);
    failure.would_repeat = false;
  }
}

// All others wait behind it.
void NodeLink::end_endless_reply() {
  if (stop_reason_.empty())
    stop_reason_ = fmt::format("its reply is too large, and does not end: over {} bytes", settings_.reply_bytes_most());
  let_go_ = true;
  stop_->request();
}

// While a large request is on its way, what the node takes of it is as good as a reply. What it takes of others is not:
// its kernel would take them for a process that hangs.
void NodeLink::look_at_request(Instant now) {
  if (large_until_ <= taken_bytes_) return;
  const std::uint64_t taken_bytes = outbox_->taken_bytes();
  if (taken_bytes != std::exchange(taken_bytes_, taken_bytes)) progress_at_ = now;
}

void NodeLink::check(Instant now) {
  if (state_ != State::kOpen) return;
  look_at_request(now);
  if (dropping_ && now - dropping_since_ >= settings_.response_timeout) return end_endless_reply();
  if (now - progress_at_ < settings_.response_timeout) return;
  const std::string text = fmt::format("{}: no reply within {}", name_, to_text(settings_.response_timeout));
  const LinkFailure failure{.was_connected = true, .text = text};
  std::size_t count = 0;
  while (!queue_.empty() && now - queue_.front().queued_at >= settings_.response_timeout) {
    Pending* pending = queue_.pop_front();
    --queued_;
    unsent_ = std::min(unsent_, queued_);
    flusher_.expect(-1);
    ++given_up_;
    ++count;
    pending->on_failure(failure);
  }
  if (count > 0) observer_.link_failed(count, text, false);
  if (given_up_ > 0 && now - progress_at_ >= 2 * settings_.response_timeout) {
    stop_reason_ = "no reply for long";
    let_go_ = true;
    stop_->request();
  }
}

}  // namespace tenfold::cache
