// SPDX-License-Identifier: Apache-2.0
#include "site/platform/health.h"

#include <functional>
#include <nlohmann/json.hpp>

#include "site/assets.h"
#include "site/platform/log.h"

namespace site {
namespace {

/// "ok", or why not.
std::string state_of(const char* name, const std::function<void()>& check) {
  try {
    check();
    return "ok";
  } catch (const std::exception& error) {
    log("health", std::string(name) + ": " + error.what());
    return error.what();
  }
}

Response health(const Call& call) {
  const std::string database = state_of("database", [&] { call.app.database.check(); });
  const std::string cache = state_of("memcached", [&] { call.app.cache.check(); });
  const nlohmann::json model{{"node", call.app.options.node}, {"database", database}, {"memcached", cache}};
  const int status = database == "ok" && cache == "ok" ? 200 : 503;
  return Response{.status = status, .type = "application/json", .body = model.dump() + "\n", .headers = {}};
}

Response ping(const Call& call) {
  const nlohmann::json model{{"node", call.app.options.node}};
  return Response{.status = 200, .type = "application/json", .body = model.dump() + "\n", .headers = {}};
}

Response style(const Call&) {
  return Response{.status = 200,
                  .type = "text/css; charset=utf-8",
                  .body = std::string(kStyle),
                  .headers = {{"Cache-Control", "public, max-age=300"}}};
}

}  // namespace

void add_health(Router& router) {
  router.get("/healthz", health);
  router.get("/api/ping", ping);
  router.get("/site.css", style);
}

}  // namespace site
