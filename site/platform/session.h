// SPDX-License-Identifier: Apache-2.0
// Log-in sessions live in memcached under random names, so that any node of the site knows any visitor. The cookie
// holds the name only. A new name is given at each log-in. Safe from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "site/platform/cache.h"
#include "site/platform/http.h"

namespace site {

/// Who sent a request.
struct Visitor {
  std::string session;          // the session's name; empty: no session
  std::int64_t account_id = 0;  // 0: not logged in
  bool seller = false;
  std::string csrf;  // what each form of this session must carry
  std::string name;
  bool is_unclear = false;  // there is a cookie, and nobody could be asked whose it is

  bool known() const { return account_id != 0; }
};

/// The text of a visitor in memcached, and back. A text that is not one gives a visitor without session.
std::string pack(const Visitor& visitor);
Visitor unpack(const std::string& session, const std::string& text);

class Sessions {
 public:
  static constexpr std::chrono::hours kTtl{7 * 24};

  explicit Sessions(Cache& cache) : cache_(cache) {}

  /// The visitor of this cookie; without session if the cookie is unknown. Throws CacheError.
  Visitor find(const std::string& cookie);

  /// Stores a new session for `visitor`, names it in `visitor`, and adds the cookie to `response`. Throws CacheError.
  void start(Visitor& visitor, Response& response);

  /// Forgets the session and takes the cookie back. Throws CacheError.
  void end(const Visitor& visitor, Response& response);

 private:
  Cache& cache_;
};

}  // namespace site
