// SPDX-License-Identifier: Apache-2.0
#include "control/cache_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/readings.h"

namespace tenfold::control {
namespace {

planes::CacheReading reading_of(std::vector<planes::HotKeyReading> hot_keys, double sampled_keys) {
  planes::CacheReading reading;
  reading.hot_keys = std::move(hot_keys);
  reading.sampled_keys = sampled_keys;
  return reading;
}

TEST(CacheJson, ShowsAKeyWithoutWhatATerminalOrAPageWouldObey) {
  EXPECT_EQ(shown_key("user:1"), "user:1");
  EXPECT_EQ(shown_key("a b\r\n\x1b[2J"), "a\\x20b\\x0d\\x0a\\x1b[2J");
  EXPECT_EQ(shown_key("\\x0a"), "\\x5cx0a");
  EXPECT_EQ(shown_key("\xc3\xa9"), "\\xc3\\xa9");
  EXPECT_EQ(shown_key(std::string(64, 'k')), std::string(64, 'k'));
  EXPECT_EQ(shown_key(std::string(65, 'k')), std::string(64, 'k') + "...");
}

TEST(CacheJson, ShowsOnlyWhatIsKnownToBeHot) {
  const auto json = cache_json(reading_of({{.key = "hot", .count = 30, .error = 5},
                                           {.key = "perhaps", .count = 10, .error = 9},
                                           {.key = "warm", .count = 4, .error = 0}},
                                          100));
  ASSERT_EQ(json["hot_keys"].size(), 2U);
  EXPECT_EQ(json["hot_keys"][0]["key"], "hot");
  EXPECT_DOUBLE_EQ(json["hot_keys"][0]["share"].get<double>(), 0.30);
  EXPECT_DOUBLE_EQ(json["hot_keys"][0]["share_at_least"].get<double>(), 0.25);
  EXPECT_EQ(json["hot_keys"][1]["key"], "warm");
}

TEST(CacheJson, TellsHowHotAKeyIs) {
  const planes::CacheReading reading = reading_of({{.key = "hot", .count = 30, .error = 0},
                                                   {.key = "warm", .count = 5, .error = 0},
                                                   {.key = std::string(256, 'k'), .count = 1, .error = 0}},
                                                  50);
  EXPECT_EQ(heat_json(reading, "warm")["rank"], 2);
  EXPECT_DOUBLE_EQ(heat_json(reading, "warm")["share"].get<double>(), 0.1);
  EXPECT_EQ(heat_json(reading, std::string(300, 'k'))["rank"], 3) << "long keys are kept cut";
  EXPECT_EQ(heat_json(reading, "cold")["hot"], false);
  EXPECT_EQ(heat_json(planes::CacheReading(), "any")["hot"], false);
}

TEST(CacheJson, AddsUpTheHotKeysOfAllWorkers) {
  planes::PlaneReading total;
  for (const double count : {30.0, 10.0}) {
    planes::PlaneReading reading;
    reading.services.emplace_back().service = "cache.test";
    reading.services.back().cache =
        reading_of({{.key = "everywhere", .count = count, .error = 1}, {.key = "here", .count = 20, .error = 0}}, 100);
    if (count > 20) reading.services.back().cache->hot_keys.pop_back();
    add_reading(total, reading);
  }
  const planes::CacheReading& cache = *total.services.front().cache;
  EXPECT_EQ(cache.sampled_keys, 200);
  ASSERT_EQ(cache.hot_keys.size(), 2U);
  EXPECT_EQ(cache.hot_keys[0].key, "everywhere");
  EXPECT_EQ(cache.hot_keys[0].count, 40);
  EXPECT_EQ(cache.hot_keys[0].error, 2);
  EXPECT_EQ(cache.hot_keys[1].key, "here");
  EXPECT_DOUBLE_EQ(hottest_share(cache), 0.2);
}

}  // namespace
}  // namespace tenfold::control
