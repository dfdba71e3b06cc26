// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/client/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/heap_buffer.h"

namespace tenfold::cache {
namespace {

using namespace std::chrono_literals;

constexpr Duration kSendTimeout = 30s;                     // a client that takes no reply for so long is sent away
constexpr std::size_t kUnsentBytesMost = 1 << 20;          // before no more of its requests are taken
constexpr std::size_t kUnsentMessagesBytesMost = 8 << 20;  // before a subscriber is sent away, as Redis does
constexpr std::size_t kBlockedInputBytesMost = 1 << 20;    // taken in while a command blocks
constexpr std::size_t kMovedBytesLeast = 8 * 1024;         // smaller blocks are copied
constexpr Duration kTellInterval = 60s;

// A client need not read, and asks for much in few bytes: as many of its commands are under way as are likely to be
// answered with so much. Of a new one nothing is known: it begins with few, and with each small reply more are under
// way.
constexpr std::size_t kExpectedBytesMost = 16 << 20;
constexpr std::size_t kExpectedBytesOfShort = 1 << 20;  // when memory for clients is short
constexpr std::size_t kFirstReplyBytes = 512 << 10;

// A reply that needs no node.
class LocalReply final : public Slot {
 public:
  bool may_change(std::uint64_t /*key*/) const override { return false; }
};

}  // namespace

Client::Client(Worker& worker, const Fronts& fronts, LocalPtr<Endpoint> endpoint, LocalPtr<planes::Listener> listener,
               runtime::Socket socket)
    : Holder(worker.flusher, endpoint->memory),
      worker_(worker),
      fronts_(fronts),
      endpoint_(std::move(endpoint)),
      at_(endpoint_.get()),
      listener_(std::move(listener)),
      socket_(std::move(socket)),
      reading_(listener_->closing),
      id_(worker.next_client++),
      reply_bytes_(kFirstReplyBytes) {
  ++endpoint_->clients;
}

Client::~Client() {
  --endpoint_->clients;
  if (handle_) handle_->client = nullptr;
}

Endpoint* Client::follow_routes(std::string_view key) const {
  Endpoint* home = endpoint_.get();
  while (Endpoint* next = home->service->route_of(key)) home = next;
  return home;
}

void Client::wait_for(Endpoint& held) {
  awaited_ = LocalPtr<Endpoint>(&held);
  interrupted_ = true;
}

LocalPtr<ClientHandle> Client::handle() {
  if (!handle_) {
    handle_ = make_local<ClientHandle>();
    handle_->client = this;
  }
  return handle_;
}

// -- Reading -------------------------------------------------------------------------------------------------------

// What the built-in cache has carried out is told of at the end of the turn; until then, it is nobody's reply yet.
bool Client::is_full() const {
  if (memory().is_short()) [[unlikely]] {
    if (!outbox_.empty() || std::size_t{under_way_} * reply_bytes_ >= kExpectedBytesOfShort) return true;
  }
  return under_way_ >= endpoint_->service->settings().pipeline || outbox_.bytes() >= kUnsentBytesMost ||
         std::size_t{under_way_} * reply_bytes_ >= kExpectedBytesMost ||
         (under_way_ > 0 && worker_.shards.waiting_bytes >= kUnsentBytesMost);
}

// Larger at once, smaller by and by. Of one that fills it all by itself, more need not be known.
void Client::learn_size(std::size_t reply_bytes) {
  const auto known = static_cast<std::uint32_t>(std::min(reply_bytes, kExpectedBytesMost));
  reply_bytes_ = std::max(known, reply_bytes_ - reply_bytes_ / 16);
}

void Client::tell_operator(std::string_view problem) {
  const Instant now = worker_.io.now();
  if (endpoint_->told_at != Instant() && now - endpoint_->told_at < kTellInterval) return;
  endpoint_->told_at = now;
  worker_.observer.client_warning(service().name(), problem);
}

bool Client::is_behind() const {
  return is_full() || paused_ > 0 || (awaits_line_ && !slots_.empty());
}

runtime::Task<void> Client::wait_for_room(runtime::Wait wait) {
  Endpoint& held = endpoint_->held || !awaited_ ? *endpoint_ : *awaited_;
  runtime::WaitQueue& queue = is_behind() ? changed_ : held.released;
  static_cast<void>(co_await queue.wait(worker_.io, wait));
}

runtime::Task<void> Client::serve() {
  runtime::Io& io = worker_.io;
  outbox_.open(socket_, kSendTimeout);
  while (!leaving_ && !broken_ && !reading_.requested()) {
    if (blocking_) {
      co_await sit_out();
      continue;
    }
    const Instant idle_until = subscribed ? kNever : io.now() + service().settings().idle_timeout;
    const runtime::Wait wait(idle_until, &reading_);
    if (is_behind() || is_held()) {
      co_await wait_for_room(wait);
      continue;
    }
    awaited_ = LocalPtr<Endpoint>();
    if (std::exchange(interrupted_, false)) {
      go_on();
      continue;
    }
    const runtime::BufferSize size = input_ ? runtime::BufferSize::kLarge : runtime::BufferSize::kSmall;
    Result<runtime::Buffer> read = co_await io.recv(socket_, size, wait);
    if (!read) break;
    take(std::move(*read));
  }
  co_await finish();
}

// A command blocks. Whoever goes meanwhile must not be given an element of a list: his command ends with him.
runtime::Task<void> Client::sit_out() {
  const runtime::Wait wait(kNever, blocking_.get());
  if (input_.size() >= kBlockedInputBytesMost) {
    while (!blocking_->requested()) static_cast<void>(co_await changed_.wait(worker_.io, wait));
  } else {
    Result<runtime::Buffer> read = co_await worker_.io.recv(socket_, runtime::BufferSize::kSmall, wait);
    if (read) {
      endpoint_->counters.received_bytes += read->size();
      keep_partial(read->view());
      interrupted_ = true;
    } else if (!blocking_->requested()) {
      gone_ = true;
      reading_.request();
    }
  }
  if (blocking_->requested()) blocking_.reset();
}

void Client::begin_blocking() {
  blocking_ = std::make_unique<runtime::Stop>(reading_);
  changed_.wake_one();
}

void Client::end_blocking() {
  if (blocking_) blocking_->request();
}

void Client::put_back(std::string_view request) {
  const runtime::Buffer behind = std::move(input_);
  runtime::reserve_room(input_, request.size() + behind.size());
  input_.append(request);
  input_.append(behind.view());
  wanted_ = 0;
  interrupted_ = true;
}

void Client::take(runtime::Buffer received) {
  endpoint_->counters.received_bytes += received.size();
  if (!input_) {
    const std::size_t used = process(received.view());
    if (used < received.size() && !leaving_) keep_partial(received.view().substr(used));
    return;
  }
  keep_partial(received.view());
  received.reset();
  if (input_.size() >= wanted_) go_on();
}

// Takes the requests that input_ holds.
void Client::go_on() {
  const std::size_t used = process(input_.view());
  if (!input_) return;  // taken as it was
  input_.consume(used);
  if (input_.empty()) input_.reset();
}

void Client::keep_partial(std::string_view bytes) {
  const std::size_t have = input_.size();
  const std::size_t more = wanted_ > have + bytes.size() ? wanted_ - have : bytes.size();
  runtime::reserve_room(input_, more);
  input_.append(bytes);
}

// Cuts requests off the front; returns how many bytes they were.
std::size_t Client::process(std::string_view bytes) {
  const bool redis = service().settings().protocol == cluster::CacheProtocol::kRedis;
  const TakeRequest take_request = redis ? fronts_.redis : fronts_.memcached;
  std::size_t used = 0;
  wanted_ = 0;
  awaits_line_ = false;
  while (used < bytes.size() && !leaving_) {
    if (must_wait()) {
      interrupted_ = true;
      break;
    }
    if (drop_ > 0) {
      const std::size_t part = std::min<std::uint64_t>(drop_, bytes.size() - used);
      drop_ -= part;
      used += part;
      continue;
    }
    const std::string_view rest = bytes.substr(used);
    const std::size_t taken = take_request(*this, rest);
    if (taken == 0) break;
    used += taken;
  }
  return used;
}

runtime::Buffer Client::take_block(std::string_view frame) {
  if (frame.size() < kMovedBytesLeast || !input_ || frame.data() != input_.view().data() ||
      frame.size() != input_.size())
    return {};
  return std::move(input_);
}

// -- Replies -------------------------------------------------------------------------------------------------------

void Client::add(Slot& slot) {
  slot.client = this;
  slots_.push_back(slot);
  ++under_way_;
}

void Client::send(Reply& reply) {
  if (reply.bytes.empty() || broken_) return;
  if (is_translated_) return send_translated(reply.bytes);
  endpoint_->counters.sent_bytes += reply.bytes.size();
  if (reply.block != nullptr && reply.bytes.size() >= kMovedBytesLeast) {
    outbox_.append(std::move(*reply.block));
  } else {
    outbox_.append(reply.bytes);
  }
  relieve_memory();
}

void Client::send_translated(std::string_view reply) {
  const Translation said = front_state_->translate(reply);
  endpoint_->counters.sent_bytes += said.head.size() + said.rest.size();
  outbox_.append(said.head);
  outbox_.append(said.rest);
  relieve_memory();
}

bool Client::may_change_behind(const Slot& slot, std::uint64_t key) {
  if (is_last(slot)) return false;
  bool is_behind = false;
  for (const Slot& other : slots_) {
    if (is_behind && other.may_change(key)) return true;
    is_behind |= &other == &slot;
  }
  return false;
}

void Client::complete(Slot& slot, Reply& reply) {
  learn_size(reply.bytes.size());
  if (!is_next(slot)) {
    slot.done = true;
    if (broken_) return;
    if (reply.block != nullptr) {
      slot.reply = std::move(*reply.block);
    } else if (!reply.bytes.empty()) {
      runtime::reserve_room(slot.reply, reply.bytes.size());
      slot.reply.append(reply.bytes);
    }
    hold(slot.reply.capacity());
    return;
  }
  send(reply);
  slots_.pop_front();
  delete &slot;
  --under_way_;
  while (!slots_.empty() && slots_.front().done) {
    Slot* next = slots_.pop_front();
    Reply kept{.bytes = next->reply.view(), .block = &next->reply};
    let_go(next->reply.capacity());
    send(kept);
    delete next;
    --under_way_;
  }
  changed_.wake_one();
}

void Slot::answer(std::string_view text) {
  if (client == nullptr) {
    delete this;
    return;
  }
  Reply known{.bytes = text};
  client->complete(*this, known);
}

void Client::reply(std::string_view bytes) {
  Reply reply{.bytes = bytes};
  if (slots_.empty()) return send(reply);
  auto* slot = new LocalReply();
  add(*slot);
  complete(*slot, reply);
}

void Client::push(std::string_view first, std::string_view second) {
  if (broken_) return;
  endpoint_->counters.sent_bytes += first.size() + second.size();
  outbox_.append(first);
  outbox_.append(second);
  if (outbox_.bytes() > kUnsentMessagesBytesMost)
    return drop(fmt::format("it does not take its messages, {} bytes of them", outbox_.bytes()));
  relieve_memory();
}

void Client::send_away() {
  leaving_ = true;
  reading_.request();
  changed_.wake_one();
}

void Client::send_failed(const Error& error) {
  if (error.kind != ErrorKind::kTimeout) return break_off();
  drop(fmt::format("it has taken nothing for {}, and {} bytes are held for it", to_text(kSendTimeout), held_bytes()));
}

void Client::drop(std::string_view why) {
  if (broken_) return;
  ++endpoint_->counters.clients_dropped;
  tell_operator(fmt::format("a client is closed: {}", why));
  worker_.io.reset_on_close(socket_);  // so that the kernel holds nothing for it either
  break_off();
}

void Client::break_off() {
  broken_ = true;
  reading_.request();
  changed_.wake_one();
}

void Client::all_sent() {
  changed_.wake_one();
}

// -- The end -------------------------------------------------------------------------------------------------------

// A client that has gone, or is sent away, still gets the replies that it is owed.
runtime::Task<void> Client::finish() {
  if (front_state_) front_state_->leave(gone_ || broken_);
  // What nodes owe it comes within a time; what it has yet to take may last for as long as it goes on taking.
  const runtime::Wait replies(worker_.io.now() + service().settings().response_timeout * 2 + 1s, &worker_.aborting);
  while (!broken_ && (under_way_ > 0 || paused_ > 0)) {
    const Status woken = co_await changed_.wait(worker_.io, replies);
    if (!woken) break;
  }
  front_state_.reset();
  detach();
  while (!broken_ && !outbox_.empty()) {
    const Status woken = co_await changed_.wait(worker_.io, runtime::Wait(kNever, &worker_.aborting));
    if (!woken) break;
  }
  outbox_.close();
  co_await outbox_.ended();
}

// Nobody asks anything of it any more.
void Client::detach() {
  if (handle_) handle_->client = nullptr;
  while (Slot* slot = slots_.pop_front()) {
    slot->client = nullptr;
    slot->forsake();
    if (slot->done) delete slot;  // the others go when their nodes have answered
  }
}

runtime::Task<void> serve_client(Worker* worker, const Fronts* fronts, LocalPtr<Endpoint> endpoint,
                                 LocalPtr<planes::Listener> listener, runtime::Socket socket) {
  Client client(*worker, *fronts, std::move(endpoint), std::move(listener), std::move(socket));
  co_await client.serve();
}

}  // namespace tenfold::cache
