// SPDX-License-Identifier: Apache-2.0
#include "simulator/cache_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "wire/resp/reply.h"
#include "wire/resp/request.h"

namespace tenfold::simulator {
namespace {

using namespace std::chrono_literals;

constexpr Duration kIdle = 600s;
constexpr Duration kSendTimeout = 30s;
constexpr std::uint64_t kUniquesApart = 1'000'000'000;
constexpr resp::RequestLimits kLimits{
    .bulk_bytes_most = 64 << 20, .request_bytes_most = 64 << 20, .arguments_most = 100'000};

std::variant<ModelMemcached, ModelRedis> model_for(cluster::CacheProtocol protocol, const Address& address,
                                                   const std::string& password) {
  if (protocol == cluster::CacheProtocol::kRedis) return ModelRedis(password);
  return ModelMemcached(address.octets()[3] * kUniquesApart);
}

}  // namespace

CacheNode::CacheNode(runtime::simulated::World& world, const Address& address, cluster::CacheProtocol protocol,
                     const std::string& password)
    : address_(address), io_(world, address), model_(model_for(protocol, address, password)), world_(world) {}

// -- Life and death ------------------------------------------------------------------------------------------------

void CacheNode::start() {
  life_ = std::make_shared<Life>();
  io_.spawn(accept_callers(life_));
}

void CacheNode::kill() {
  if (life_ == nullptr) return;
  hung_ = false;
  if (auto* redis = std::get_if<ModelRedis>(&model_)) redis->close_all();
  life_->ended.request();
  life_.reset();
  free_.wake_all();
}

void CacheNode::go_on() {
  hung_ = false;
  free_.wake_all();
}

void CacheNode::lose_content() {
  std::visit([](auto& model) { model.clear(); }, model_);
}

std::size_t CacheNode::size() const {
  return std::visit([](const auto& model) { return model.size(); }, model_);
}

const std::string& CacheNode::complaint() const {
  return std::visit([](const auto& model) -> const std::string& { return model.complaint(); }, model_);
}

// -- Connections ---------------------------------------------------------------------------------------------------

runtime::Task<void> CacheNode::accept_callers(LifePtr life) {
  Result<int> handle = io_.open_listener(address_);
  // The one that was killed just before lets go of the address in its own time.
  while (!handle && !life->ended.requested()) {
    static_cast<void>(co_await io_.sleep_for(1ms, &life->ended));
    handle = io_.open_listener(address_);
  }
  if (!handle) co_return;
  runtime::Socket listener = io_.adopt_listener(*handle);
  for (;;) {
    Result<runtime::Socket> caller = co_await io_.accept(listener, runtime::Wait(kNever, &life->ended));
    if (caller) {
      auto connection = std::make_shared<Connection>();
      connection->life = life;
      connection->socket = std::move(*caller);
      io_.spawn(serve(std::move(connection)));
    } else if (life->ended.requested()) {
      co_return;
    } else {
      static_cast<void>(co_await io_.sleep_for(10ms, &life->ended));
    }
  }
}

runtime::Task<void> CacheNode::serve(ConnectionPtr connection) {
  runtime::Stop* ended = &connection->life->ended;
  auto* redis = std::get_if<ModelRedis>(&model_);
  if (redis != nullptr) redis->open(connection->session);
  connections_.push_back(connection);
  for (bool open = true; open;) {
    open = co_await receive(*connection);
    if (open) open = co_await serve_arrived(*connection);
    tell_others();
    open = open && !connection->is_broken;
  }
  if (redis != nullptr) redis->close(connection->session);
  std::erase(connections_, connection);
  if (ended->requested()) io_.reset_on_close(connection->socket);
}

// More bytes, or what was waited for, or the end of its time; false when the connection is over.
runtime::Task<bool> CacheNode::receive(Connection& connection) {
  runtime::Stop* ended = &connection.life->ended;
  connection.woken = std::make_unique<runtime::Stop>(*ended);
  const auto& waiting = connection.session.waiting;
  Instant until = io_.now() + kIdle;
  if (waiting && waiting->until_ms > 0) {
    const std::int64_t left_ms = waiting->until_ms - to_milliseconds(io_.wall_now().time_since_epoch());
    until = io_.now() + std::chrono::milliseconds(std::max<std::int64_t>(left_ms, 0));
  }
  const runtime::Wait wait(until, connection.woken.get());
  const Result<runtime::Buffer> read = co_await io_.recv(connection.socket, runtime::BufferSize::kLarge, wait);
  if (ended->requested()) co_return false;
  if (read) {
    connection.bytes += read->view();
    co_return true;
  }
  if (read.error().kind == ErrorKind::kTimeout) co_return connection.is_waiting;
  co_return read.error().kind == ErrorKind::kCanceled;
}

// Executes what has come whole; false when the connection is over.
runtime::Task<bool> CacheNode::serve_arrived(Connection& connection) {
  runtime::Stop* ended = &connection.life->ended;
  for (;;) {
    while ((hung_ || migrating_) && !ended->requested())
      static_cast<void>(co_await free_.wait(io_, runtime::Wait(kNever, ended)));
    if (ended->requested()) co_return false;
    const auto& waiting = connection.session.waiting;
    if (waiting && waiting->until_ms > 0 && to_milliseconds(io_.wall_now().time_since_epoch()) >= waiting->until_ms)
      std::get<ModelRedis>(model_).time_out(connection.session);
    connection.is_waiting = waiting.has_value();
    if (connection.is_waiting) co_return true;
    const std::size_t used = co_await execute(connection, connection.session.out);
    if (used == 0) co_return true;
    connection.bytes.erase(0, used);
  }
}

runtime::Task<void> CacheNode::send_out(ConnectionPtr connection) {
  runtime::Stop* ended = &connection->life->ended;
  while (!connection->session.out.empty() && !connection->is_broken) {
    const std::string out = std::exchange(connection->session.out, {});
    const Status sent = co_await io_.send(connection->socket, out, runtime::Wait(io_.now() + kSendTimeout, ended));
    if (sent || connection->is_broken) continue;
    connection->is_broken = true;
    connection->woken->request();
  }
  connection->is_sending = false;
}

// Sends what there is for each connection, wakes those that need not wait any more, and ends those of deleted users.
void CacheNode::tell_others() {
  for (const ConnectionPtr& connection : connections_) {
    if (connection->session.is_killed && !std::exchange(connection->is_broken, true)) connection->woken->request();
    if (connection->is_waiting && !connection->session.waiting) {
      connection->is_waiting = false;
      connection->woken->request();
    }
    if (connection->session.out.empty() || connection->is_broken) continue;
    if (lost_share_ > 0 && world_.options.chance(lost_share_)) {
      connection->is_broken = true;
      connection->woken->request();
      continue;
    }
    if (!std::exchange(connection->is_sending, true)) io_.spawn(send_out(connection));
  }
}

// The request at the front; its size, or 0 when not all of it has come.
runtime::Task<std::size_t> CacheNode::execute(Connection& connection, std::string& reply) {
  if (auto* memcached = std::get_if<ModelMemcached>(&model_)) {
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(io_.wall_now().time_since_epoch());
    const std::size_t size = memcached->execute(connection.bytes, now.count(), reply);
    if (size > 0) note({&memcached->last_key(), 1}, {&memcached->last_change(), 1});
    co_return size;
  }
  auto& redis = std::get<ModelRedis>(model_);
  resp::Request request;
  const auto outcome = resp::parse_request(connection.bytes, kLimits, request);
  if (outcome.state == resp::ParseState::kEmpty) co_return outcome.consumed;
  if (outcome.state != resp::ParseState::kComplete) co_return 0;
  if (equals_ignore_case(request.arguments[0], "MIGRATE")) {
    std::vector<std::string> words(request.arguments.begin(), request.arguments.end());
    co_await migrate(connection.life, connection.session, std::move(words), reply);
    co_return outcome.consumed;
  }
  redis.execute(request.arguments, connection.session, to_milliseconds(io_.wall_now().time_since_epoch()), reply);
  note(redis.last_keys(), redis.last_changes());
  co_return outcome.consumed;
}

void CacheNode::note(std::span<const std::string> keys, std::span<const std::string> changes) {
  for (const std::string& key : keys) {
    if (!key.empty()) ++keys_[key];
  }
  for (const std::string& change : changes) {
    if (!change.empty()) ++changes_[change];
  }
}

// -- MIGRATE -------------------------------------------------------------------------------------------------------

runtime::Task<void> CacheNode::migrate(LifePtr life, const ModelRedis::Session& session, std::vector<std::string> words,
                                       std::string& reply) {
  auto& redis = std::get<ModelRedis>(model_);
  const std::vector<std::string_view> arguments(words.begin(), words.end());
  const std::int64_t now_ms = to_milliseconds(io_.wall_now().time_since_epoch());
  const auto migration = redis.begin_migration(arguments, session, now_ms, reply);
  if (!migration) co_return;
  migrating_ = true;
  const std::vector<std::string> replies = co_await replies_of(life, *migration);
  migrating_ = false;
  free_.wake_all();
  // Killed meanwhile: it kept all keys.
  if (!life->ended.requested()) redis.end_migration(*migration, replies, reply);
}

runtime::Task<std::vector<std::string>> CacheNode::replies_of(LifePtr life, const ModelRedis::Migration& migration) {
  std::vector<std::string> replies;
  const runtime::Wait wait(io_.now() + std::chrono::milliseconds(migration.timeout_ms), &life->ended);
  const auto target = Address::parse(migration.host + ":" + migration.port);
  if (!target) co_return replies;
  Result<runtime::Socket> socket = co_await io_.connect(*target, wait);
  if (!socket) co_return replies;
  const Status sent = co_await io_.send(*socket, migration.request, wait);
  if (!sent) co_return replies;
  resp::ReplyScanner scanner;
  std::string reply;
  while (replies.size() < migration.replies_before + migration.keys.size()) {
    const Result<runtime::Buffer> read = co_await io_.recv(*socket, runtime::BufferSize::kLarge, wait);
    if (!read) break;
    for (std::string_view rest = read->view(); !rest.empty();) {
      const auto step = scanner.scan(rest);
      reply += rest.substr(0, step.consumed);
      rest.remove_prefix(step.consumed);
      if (step.state == resp::ReplyScanner::State::kComplete) replies.push_back(std::exchange(reply, {}));
    }
  }
  co_return replies;
}

}  // namespace tenfold::simulator
