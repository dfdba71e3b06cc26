// SPDX-License-Identifier: Apache-2.0
// A bounded pool of connections to one server. A Lease is one connection, lent to one thread; when the lease ends the
// connection goes back, unless it says that it is broken(). Opened on demand. Safe from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

namespace site {

/// Every connection was in use for as long as a request may wait for one.
struct PoolExhausted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <typename Connection>
class Pool {
 public:
  using Open = std::function<std::unique_ptr<Connection>()>;  // throws when the server cannot be reached

  static constexpr std::chrono::milliseconds kWait{2000};

  class Lease {
   public:
    Lease(Pool& pool, std::unique_ptr<Connection> connection) : pool_(&pool), connection_(std::move(connection)) {}
    Lease(Lease&& other) noexcept : pool_(other.pool_), connection_(std::move(other.connection_)) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (connection_) pool_->give_back(std::move(connection_));
    }
    Connection* operator->() { return connection_.get(); }
    Connection& operator*() { return *connection_; }

   private:
    Pool* pool_;
    std::unique_ptr<Connection> connection_;
  };

  Pool(std::size_t limit, Open open) : limit_(limit), open_(std::move(open)) {}

  /// Waits up to kWait for a free connection. Throws PoolExhausted, or what `open` throws.
  Lease lease() {
    std::unique_lock lock(mutex_);
    if (!returned_.wait_for(lock, kWait, [this] { return !idle_.empty() || open_count_ < limit_; })) {
      throw PoolExhausted("all connections are in use");
    }
    if (!idle_.empty()) {
      Lease lease(*this, std::move(idle_.back()));
      idle_.pop_back();
      return lease;
    }
    ++open_count_;
    lock.unlock();
    try {
      return Lease(*this, open_());
    } catch (...) {
      forget_one();
      throw;
    }
  }

  /// Closes the connections that nobody uses: after one was lost, the others were likely lost with it.
  void close_idle() {
    std::vector<std::unique_ptr<Connection>> closing;
    const std::lock_guard lock(mutex_);
    closing.swap(idle_);
    open_count_ -= closing.size();
    returned_.notify_all();
  }

 private:
  void give_back(std::unique_ptr<Connection> connection) {
    if (connection->broken()) {
      connection.reset();
      return forget_one();
    }
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(connection));
    returned_.notify_one();
  }

  void forget_one() {
    const std::lock_guard lock(mutex_);
    --open_count_;
    returned_.notify_one();
  }

  const std::size_t limit_;
  const Open open_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> idle_;  // the most recently used at the back
  std::size_t open_count_ = 0;                     // idle and lent
};

}  // namespace site
