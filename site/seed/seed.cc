// SPDX-License-Identifier: Apache-2.0
#include "site/seed/seed.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/prng.h"
#include "site/accounts/accounts.h"
#include "site/platform/files.h"
#include "site/platform/log.h"
#include "site/seed/pattern.h"
#include "site/seed/words.h"
#include "site/shop/catalogue.h"

namespace site {
namespace {

constexpr std::uint64_t kSeed = 10;
constexpr std::int64_t kPictures = 200;
constexpr std::int64_t kThreads = 120;
constexpr std::array<const char*, 6> kNames{"seller", "ann", "ben", "cleo", "dan", "eva"};
using Accounts = std::array<std::int64_t, kNames.size()>;

std::string picture_name(std::int64_t number) {
  return fmt::format("p{:03}.png", number);
}

Accounts seed_accounts(Database& database) {
  Accounts accounts{};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    const std::string name = kNames[i];
    accounts[i] = create_account(database, name, "password-" + name, name == "seller");
    if (accounts[i] == 0) throw std::runtime_error("there are accounts already; --seed wants an empty database");
  }
  return accounts;
}

void write_picture(const std::string& folder, const std::string& name, tenfold::Prng& prng) {
  NewFile file(folder, name);
  file.write(pattern_png(prng));
  file.publish();
}

void seed_pictures(const std::string& folder, std::int64_t count) {
  std::filesystem::create_directories(folder);
  tenfold::Prng prng(kSeed);
  write_picture(folder, "none.png", prng);
  for (std::int64_t i = 0; i < count; ++i) write_picture(folder, picture_name(i), prng);
}

void seed_products(Database& database, std::int64_t count, std::int64_t pictures, std::int64_t seller) {
  tenfold::Prng prng(kSeed + 1);
  database.transaction([&](Connection& connection) {
    for (std::int64_t i = 0; i < count; ++i) {
      const ProductText text = product_text(prng);
      const std::uint64_t stock = prng.chance(0.03) ? 0 : 1 + prng.below(60);
      connection.execute(
          "INSERT INTO product (seller_id, category, name, description, price_cents, stock, picture) "
          "VALUES (?, ?, ?, ?, ?, ?, ?)",
          {seller, text.category, text.name, text.description, text.price_cents, stock,
           picture_name(static_cast<std::int64_t>(prng.below(static_cast<std::uint64_t>(pictures))))});
    }
  });
}

void seed_forum(Database& database, const Accounts& accounts) {
  tenfold::Prng prng(kSeed + 2);
  database.transaction([&](Connection& connection) {
    for (std::int64_t i = 0; i < kThreads; ++i) {
      const std::int64_t replies = static_cast<std::int64_t>(prng.below(12));
      const std::int64_t thread =
          connection
              .execute(
                  "INSERT INTO thread (account_id, title, replies, last_post_at) "
                  "VALUES (?, ?, ?, '2026-01-01' + INTERVAL ? MINUTE)",
                  {accounts[prng.below(accounts.size())], thread_title(prng), replies, i * 97 + replies * 7})
              .id;
      for (std::int64_t post = 0; post <= replies; ++post) {
        connection.execute(
            "INSERT INTO post (thread_id, account_id, body, created_at) VALUES (?, ?, ?, '2026-01-01' + INTERVAL ? "
            "MINUTE)",
            {thread, accounts[prng.below(accounts.size())], post_text(prng), i * 97 + post * 7});
      }
    }
  });
}

}  // namespace

void seed(App& app) {
  const std::int64_t pictures = std::min(kPictures, app.options.seed);
  const Accounts accounts = seed_accounts(app.database);
  seed_pictures(app.options.pictures, pictures);
  seed_products(app.database, app.options.seed, pictures, accounts[0]);
  seed_forum(app.database, accounts);
  lists_changed(app.cache);
  log("seeded", fmt::format("{} products, {} pictures, {} threads", app.options.seed, pictures, kThreads));
}

}  // namespace site
