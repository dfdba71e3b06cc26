// SPDX-License-Identifier: Apache-2.0
// What every handler may use: the options and the servers behind the site. One per process, safe from any thread.
#pragma once

#include "site/options.h"
#include "site/platform/cache.h"
#include "site/platform/database.h"
#include "site/platform/session.h"

namespace site {

struct App {
  explicit App(Options given)
      : options(std::move(given)),
        database(options.database, options.connections),
        cache(options.memcached, options.connections),
        sessions(cache) {}

  const Options options;
  Database database;
  Cache cache;
  Sessions sessions;
};

/// One request on its way to a handler. Lives as long as the handler runs.
struct Call {
  App& app;
  const Request& request;
  const Visitor& visitor;
};

}  // namespace site
