// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/links/migrate_request.h"

#include <fmt/format.h>

#include <vector>

#include "wire/resp/request.h"

namespace tenfold::cache {

std::string to_text(const MigrateRequest& request) {
  const cluster::CacheSettings& settings = request.settings;
  const std::string host = request.target.host_text();
  const std::string port = fmt::format("{}", request.target.port());
  const std::string limit_ms = fmt::format("{}", to_milliseconds(request.limit));
  const std::string database = fmt::format("{}", request.database);
  std::vector<std::string_view> words = {"MIGRATE", host, port, "", database, limit_ms};
  if (request.replaces) words.emplace_back("REPLACE");
  if (!request.user.name.empty()) {
    words.insert(words.end(), {"AUTH2", request.user.name, request.user.password});
  } else if (!settings.node_password.empty()) {
    words.push_back(settings.node_user.empty() ? "AUTH" : "AUTH2");
    if (!settings.node_user.empty()) words.push_back(settings.node_user);
    words.push_back(settings.node_password);
  }
  words.push_back("KEYS");
  words.insert(words.end(), request.keys.begin(), request.keys.end());
  std::string text;
  resp::write_request(words, text);
  return text;
}

}  // namespace tenfold::cache
