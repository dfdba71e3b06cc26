// SPDX-License-Identifier: Apache-2.0
// The MariaDB server. A Connection runs statements, whose ? are replaced by quoted and escaped values; rows come back
// as JSON objects, one member a column, which is what pages are made of. A Database is a pool of connections that
// retries what may be retried: a read once on a new connection, a transaction that lost a deadlock a few times.
// A Connection belongs to one thread at a time; a Database is safe from any thread.
#pragma once

#include <mysql.h>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

#include "site/platform/pool.h"

namespace site {

/// Where the database is, and as whom.
struct DatabaseAddress {
  std::string host;  // empty: a Unix socket
  unsigned port = 0;
  std::string socket;
  std::string user;
  std::string password;
  std::string database;
};

/// What the server or the connection to it answered. `code` is the server's error number, or the client's (2000-2999).
struct DatabaseError : std::runtime_error {
  DatabaseError(unsigned number, const std::string& text) : std::runtime_error(text), code(number) {}

  /// The client's errors, and the server's words for "killed" (1927) and "shutting down" (1053).
  bool lost_connection() const { return (code >= 2000 && code < 3000) || code == 1927 || code == 1053; }
  bool duplicate_key() const { return code == 1062; }
  bool deadlock() const { return code == 1213 || code == 1205; }

  unsigned code;
};

/// A value for a ? of a statement: an integer or a text.
class SqlValue {
 public:
  template <std::integral T>
  SqlValue(T value) : value_(static_cast<std::int64_t>(value)) {}
  SqlValue(std::string_view text) : value_(text) {}
  SqlValue(const std::string& text) : value_(std::string_view(text)) {}
  SqlValue(const char* text) : value_(std::string_view(text)) {}

  const std::variant<std::int64_t, std::string_view>& get() const { return value_; }

 private:
  std::variant<std::int64_t, std::string_view> value_;
};

using SqlValues = std::initializer_list<SqlValue>;

/// What a statement that writes did.
struct Written {
  std::uint64_t rows = 0;  // rows that matched and were changed
  std::int64_t id = 0;     // the AUTO_INCREMENT value, if one was made
};

class Connection {
 public:
  /// Connects. Each wait for the server is bounded by `patience`. Throws DatabaseError.
  Connection(const DatabaseAddress& address, std::chrono::seconds patience);

  /// The rows of a SELECT, as a JSON array of objects. Throws DatabaseError.
  nlohmann::json query(std::string_view sql, SqlValues values = {});

  /// Runs a statement that returns no rows. Throws DatabaseError.
  Written execute(std::string_view sql, SqlValues values = {});

  /// Whether this connection was lost, and is of no more use.
  bool broken() const { return broken_; }

 private:
  std::string bind(std::string_view sql, SqlValues values);
  void append(std::string& out, const SqlValue& value);
  void run(std::string_view sql, SqlValues values);
  [[noreturn]] void fail();

  struct Close {
    void operator()(MYSQL* mysql) const { mysql_close(mysql); }
  };
  std::unique_ptr<MYSQL, Close> mysql_;
  bool broken_ = false;
};

class Database {
 public:
  Database(DatabaseAddress address, std::size_t connections);

  /// As Connection::query; run once more on another connection when the first was lost.
  nlohmann::json query(std::string_view sql, SqlValues values = {});

  /// As Connection::execute, in a transaction of its own. Never run twice after the connection was lost.
  Written execute(std::string_view sql, SqlValues values = {});

  /// Runs `work` between START TRANSACTION and COMMIT; rolls back when it throws, and runs it again, up to
  /// kAttempts times in all, when it lost a deadlock. REQUIRES: `work` changes nothing outside the database.
  void transaction(const std::function<void(Connection&)>& work);

  /// Throws DatabaseError unless a new connection answers within a second.
  void check() const;

 private:
  Pool<Connection>::Lease begin();

  static constexpr int kAttempts = 6;
  static constexpr std::chrono::seconds kPatience{5};

  DatabaseAddress address_;
  Pool<Connection> pool_;
};

}  // namespace site
