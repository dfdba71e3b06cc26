// SPDX-License-Identifier: Apache-2.0
#include "planes/web/access_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace tenfold::web {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

class Observer final : public planes::PlaneObserver {
 public:
  void node_failing(std::string_view, const Address&, std::uint32_t, std::string_view) override {}
  void keys_moved(std::string_view, std::uint64_t) override {}
  void client_warning(std::string_view, std::string_view) override {}
  bool write_access_log(std::string lines) override {
    if (takes) written += lines;
    return takes;
  }
  bool takes = true;
  std::string written;
};

class AccessLogTest : public testing::Test {
 public:
  // The line of one entry, as a reader of the log parses it.
  json line_of(const AccessEntry& entry) {
    observer.written.clear();
    log.write(entry);
    log.flush();
    EXPECT_TRUE(observer.written.ends_with("}\n"));
    return json::parse(observer.written);
  }
  Observer observer;
  AccessLog log{observer};
};

TEST_F(AccessLogTest, ALineHoldsWhatIsKnown) {
  AccessEntry entry;
  entry.began = WallTime(1'764'000'000s + 7ms);
  entry.service = "web.shop";
  entry.node = "10.0.0.11:8000";
  entry.client = "192.0.2.1";
  entry.method = "GET";
  entry.host = "shop.example";
  entry.target = "/a?b=c";
  entry.status = 200;
  entry.attempts = 2;
  entry.sent_bytes = 1234;
  entry.duration = 12'345us;
  entry.node_time = 2us;
  const json line = line_of(entry);
  EXPECT_EQ(line["time"], "2025-11-24T16:00:00.007Z");
  EXPECT_EQ(line["service"], "web.shop");
  EXPECT_EQ(line["node"], "10.0.0.11:8000");
  EXPECT_EQ(line["target"], "/a?b=c");
  EXPECT_EQ(line["status"], 200);
  EXPECT_EQ(line["attempts"], 2);
  EXPECT_EQ(line["sent_bytes"], 1234);
  EXPECT_DOUBLE_EQ(line["duration_ms"], 12.345);
  EXPECT_DOUBLE_EQ(line["node_ms"], 0.002);
  EXPECT_FALSE(line.contains("failure")) << "what is empty is left out";
}

TEST_F(AccessLogTest, WhatAClientSendsCannotBreakALine) {
  AccessEntry entry;
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  entry.target = all;
  const json line = line_of(entry);
  EXPECT_EQ(std::count(observer.written.begin(), observer.written.end(), '\n'), 1);
  const auto text = line["target"].get<std::string>();
  EXPECT_EQ(text.substr(0, 128), all.substr(0, 128)) << "ASCII reads back as it came";
  EXPECT_EQ(text.substr(128, 2), "\xc2\x80") << "each byte beyond it as one code point";
}

TEST_F(AccessLogTest, ALineIsBounded) {
  const std::string large(1'000'000, 'x');
  AccessEntry entry;
  entry.method = entry.host = entry.target = entry.detail = large;
  line_of(entry);
  EXPECT_LT(observer.written.size(), 10'000U);
}

TEST_F(AccessLogTest, LinesThatNobodyTakesAreCounted) {
  observer.takes = false;
  for (int i = 0; i < 3; ++i) log.write({});
  log.flush();
  EXPECT_EQ(log.dropped_lines(), 3U);
  log.enable(false);
  log.write({});
  log.flush();
  EXPECT_EQ(log.dropped_lines(), 3U) << "a log that is off loses nothing";
}

}  // namespace
}  // namespace tenfold::web
