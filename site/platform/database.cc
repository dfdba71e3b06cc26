// SPDX-License-Identifier: Apache-2.0
#include "site/platform/database.h"

#include <nlohmann/json.hpp>

namespace site {
namespace {

nlohmann::json cell(const MYSQL_FIELD& field, const char* bytes, unsigned long size) {
  if (bytes == nullptr) return nullptr;
  const std::string text(bytes, size);
  switch (field.type) {
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_LONGLONG:
      return std::stoll(text);
    default:
      return text;
  }
}

}  // namespace

Connection::Connection(const DatabaseAddress& address, std::chrono::seconds patience) : mysql_(mysql_init(nullptr)) {
  if (!mysql_) throw std::bad_alloc();
  const auto seconds = static_cast<unsigned>(patience.count());
  mysql_options(mysql_.get(), MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
  mysql_options(mysql_.get(), MYSQL_OPT_READ_TIMEOUT, &seconds);
  mysql_options(mysql_.get(), MYSQL_OPT_WRITE_TIMEOUT, &seconds);
  mysql_options(mysql_.get(), MYSQL_SET_CHARSET_NAME, "utf8mb4");
  const char* host = address.host.empty() ? nullptr : address.host.c_str();
  const char* socket = address.socket.empty() ? nullptr : address.socket.c_str();
  if (mysql_real_connect(mysql_.get(), host, address.user.c_str(), address.password.c_str(), address.database.c_str(),
                         address.port, socket, 0) == nullptr) {
    fail();
  }
}

void Connection::fail() {
  const DatabaseError error(mysql_errno(mysql_.get()), mysql_error(mysql_.get()));
  broken_ = broken_ || error.lost_connection();
  throw error;
}

void Connection::append(std::string& out, const SqlValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value.get())) {
    out += std::to_string(*number);
    return;
  }
  const std::string_view text = std::get<std::string_view>(value.get());
  std::string escaped(text.size() * 2 + 1, '\0');
  escaped.resize(mysql_real_escape_string(mysql_.get(), escaped.data(), text.data(), text.size()));
  out += '\'';
  out += escaped;
  out += '\'';
}

std::string Connection::bind(std::string_view sql, SqlValues values) {
  std::string out;
  const SqlValue* value = values.begin();
  for (const char c : sql) {
    if (c != '?') {
      out += c;
      continue;
    }
    if (value == values.end()) throw std::logic_error("sql: fewer values than ?");
    append(out, *value++);
  }
  if (value != values.end()) throw std::logic_error("sql: more values than ?");
  return out;
}

void Connection::run(std::string_view sql, SqlValues values) {
  const std::string text = bind(sql, values);
  if (mysql_real_query(mysql_.get(), text.data(), text.size()) != 0) fail();
}

nlohmann::json Connection::query(std::string_view sql, SqlValues values) {
  run(sql, values);
  const std::unique_ptr<MYSQL_RES, decltype(&mysql_free_result)> result(mysql_store_result(mysql_.get()),
                                                                        &mysql_free_result);
  if (!result) fail();
  const MYSQL_FIELD* fields = mysql_fetch_fields(result.get());
  const unsigned columns = mysql_num_fields(result.get());
  nlohmann::json rows = nlohmann::json::array();
  while (MYSQL_ROW row = mysql_fetch_row(result.get())) {
    const unsigned long* sizes = mysql_fetch_lengths(result.get());
    nlohmann::json object = nlohmann::json::object();
    for (unsigned i = 0; i < columns; ++i) object[fields[i].name] = cell(fields[i], row[i], sizes[i]);
    rows.push_back(std::move(object));
  }
  return rows;
}

Written Connection::execute(std::string_view sql, SqlValues values) {
  run(sql, values);
  return Written{.rows = mysql_affected_rows(mysql_.get()),
                 .id = static_cast<std::int64_t>(mysql_insert_id(mysql_.get()))};
}

Database::Database(DatabaseAddress address, std::size_t connections)
    : address_(std::move(address)),
      pool_(connections, [this] { return std::make_unique<Connection>(address_, kPatience); }) {}

nlohmann::json Database::query(std::string_view sql, SqlValues values) {
  try {
    return pool_.lease()->query(sql, values);
  } catch (const DatabaseError& error) {
    if (!error.lost_connection()) throw;
  }
  pool_.close_idle();
  return pool_.lease()->query(sql, values);
}

Written Database::execute(std::string_view sql, SqlValues values) {
  Written written;
  transaction([&](Connection& connection) { written = connection.execute(sql, values); });
  return written;
}

Pool<Connection>::Lease Database::begin() {
  try {
    auto connection = pool_.lease();
    connection->execute("START TRANSACTION");
    return connection;
  } catch (const DatabaseError& error) {
    if (!error.lost_connection()) throw;  // else nothing ran yet, and a connection that died while idle is replaced
  }
  pool_.close_idle();
  auto connection = pool_.lease();
  connection->execute("START TRANSACTION");
  return connection;
}

void Database::transaction(const std::function<void(Connection&)>& work) {
  for (int attempt = 1;; ++attempt) {
    auto connection = begin();
    try {
      work(*connection);
      connection->execute("COMMIT");
      return;
    } catch (const DatabaseError& error) {
      if (!connection->broken()) connection->execute("ROLLBACK");
      if (!error.deadlock() || attempt == kAttempts) throw;
    } catch (...) {
      if (!connection->broken()) connection->execute("ROLLBACK");
      throw;
    }
  }
}

void Database::check() const {
  Connection(address_, std::chrono::seconds(1)).query("SELECT 1");
}

}  // namespace site
