// SPDX-License-Identifier: Apache-2.0
// The reference site: a shop, its forum and its sellers' pages. One binary serves any subset of them, and keeps
// nothing of its own, so that it can stand on any number of servers.
#include <mysql.h>

#include <cstdio>
#include <exception>
#include <stdexcept>

#include "site/accounts/accounts.h"
#include "site/forum/forum.h"
#include "site/options.h"
#include "site/platform/health.h"
#include "site/platform/log.h"
#include "site/platform/schema.h"
#include "site/platform/server.h"
#include "site/seed/seed.h"
#include "site/seller/seller.h"
#include "site/shop/shop.h"

namespace {

site::Router routes(const site::Options& options) {
  site::Router router;
  add_health(router);
  add_accounts(router);
  if (options.has("shop")) {
    add_catalogue(router);
    add_cart(router);
    add_orders(router);
  }
  if (options.has("forum")) add_forum(router);
  if (options.has("seller")) {
    add_items(router);
    add_sales(router);
    add_pictures(router);
  }
  return router;
}

int run(const site::Options& options) {
  site::name_log(options.node);
  site::App app(options);
  if (options.migrate) site::migrate(app.database);
  if (options.seed > 0) site::seed(app);
  if (options.migrate || options.seed > 0) return 0;
  return site::serve(app, routes(options));
}

}  // namespace

int main(int count, char** arguments) {
  mysql_library_init(0, nullptr, nullptr);
  try {
    return run(site::parse_options({arguments + 1, arguments + count}));
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "site: %s\n%s", error.what(), site::kUsage.data());
    return 2;
  } catch (const std::exception& error) {
    site::log("failed", error.what());
    return 1;
  }
}
