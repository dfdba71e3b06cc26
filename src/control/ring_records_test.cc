// SPDX-License-Identifier: Apache-2.0
#include "control/ring_records.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>

namespace tenfold::control {
namespace {

Address node(std::uint8_t number) {
  return Address::ipv4({10, 1, 0, number}, 6379);
}

cluster::RingSide side(std::initializer_list<std::uint8_t> numbers) {
  cluster::RingSide side{
      .policy = cluster::RingPolicy::kTwemproxy, .key_hash = "fnv1a_64", .hash_tag = "{}", .nodes = {}, .usable = {}};
  for (const std::uint8_t number : numbers) {
    side.nodes.push_back(
        {.address = node(number), .weight = number, .zone = {}, .public_url = {}, .ring_name = "a \"name\""});
    side.usable.push_back(number != 2);
  }
  return side;
}

RingRecord moving() {
  return {.service = "cache.sessions",
          .protocol = cluster::CacheProtocol::kRedis,
          .phase = cluster::RingPhase::kMoving,
          .to = side({1, 2, 3}),
          .from = side({1, 2}),
          .move_users = {{node(3), {{.name = "tenfold-move-1", .password = "secret"}, {.name = "b", .password = "c"}}}},
          .runs = {{node(1), "first"}, {node(2), "second"}}};
}

cluster::Service service(std::initializer_list<std::uint8_t> numbers) {
  cluster::Service service;
  service.tier = cluster::Tier::kCache;
  service.name = "sessions";
  service.settings = cluster::CacheSettings();
  for (const std::uint8_t number : numbers)
    service.nodes.push_back(
        {.address = node(number), .weight = 9, .zone = "east", .public_url = {}, .ring_name = "another"});
  return service;
}

RingRecord built_in(bool to, bool from) {
  RingRecord record = moving();
  const cluster::RingSide in_workers = cluster::built_in_ring(cluster::CacheSettings(), 4);
  if (to) record.to = in_workers;
  if (from) record.from = in_workers;
  return record;
}

TEST(RingRecords, AreReadAsTheyWereWritten) {
  RingRecord steady = moving();
  steady.service = "cache.pages";
  steady.phase = cluster::RingPhase::kSteady;
  steady.from = {};
  steady.move_users.clear();
  steady.runs.clear();
  steady.follows_moves = true;
  const auto read = read_ring_records(text_of({moving(), steady}));
  ASSERT_TRUE(read) << read.error();
  ASSERT_EQ(read->size(), 2U);
  const RingRecord& first = read->front();
  EXPECT_EQ(first.service, "cache.sessions");
  EXPECT_EQ(first.protocol, cluster::CacheProtocol::kRedis);
  EXPECT_EQ(first.phase, cluster::RingPhase::kMoving);
  EXPECT_EQ(first.to, moving().to);
  EXPECT_EQ(first.from, moving().from);
  EXPECT_EQ(first.move_users, moving().move_users);
  EXPECT_EQ(first.runs, moving().runs);
  EXPECT_EQ(read->back().phase, cluster::RingPhase::kSteady);
  EXPECT_TRUE(read->back().follows_moves && !first.follows_moves);
  EXPECT_EQ(read->back().to, steady.to);
  EXPECT_TRUE(read->back().from.nodes.empty());
}

TEST(RingRecords, OfNoRingsIsNoText) {
  EXPECT_EQ(text_of({}), "");
  EXPECT_TRUE(read_ring_records("")->empty());
}

TEST(RingRecords, SayWhatIsWrongAndWhere) {
  const std::string good = text_of({moving()});
  const std::pair<std::string, std::string> changes[] = {{"\"weight\": 3", "\"weight\": -3"},
                                                         {"\"weight\": 3", "\"weight\": 3000"},
                                                         {"10.1.0.3:6379\",", "10.1.0.3\","},
                                                         {"\"usable\": false", "\"usable\": 0"},
                                                         {"\"twemproxy\"", "\"circle\""},
                                                         {"\"phase\": \"moving\"", "\"phase\": \"hold\""},
                                                         {"\"service\"", "\"Service\""},
                                                         {"\"protocol\": \"redis\"", "\"protocol\": \"mysql\""},
                                                         {"\"from\": {", "\"before\": {"},
                                                         {"\"nodes\": [", "\"node\": ["},
                                                         {"\"password\": \"secret\"", "\"x\": \"\""},
                                                         {"\"run\": \"second\"", "\"run\": 2"}};
  for (const auto& [part, other] : changes) {
    std::string text = good;
    ASSERT_NE(text.find(part), text.npos) << part;
    text.replace(text.find(part), part.size(), other);
    const auto read = read_ring_records(text);
    ASSERT_FALSE(read) << other;
    EXPECT_TRUE(read.error().starts_with("ring 1: \"")) << read.error();
  }
  for (const std::string& text : {good.substr(0, good.size() / 2), std::string("[]"), std::string("{}"),
                                  std::string(R"({"format": 2, "rings": []})"), std::string(R"({"format": 1})"),
                                  std::string(R"({"format": 1, "rings": [1]})")})
    EXPECT_FALSE(read_ring_records(text)) << text;
}

TEST(RingRecords, ARingGoesOnAsItWas) {
  const cluster::RingStatus ring = resumed(moving(), service({1, 3}), 2);
  EXPECT_EQ(ring.version, 0U);
  EXPECT_EQ(ring.service, "cache.sessions");
  EXPECT_EQ(ring.phase, cluster::RingPhase::kMoving);
  ASSERT_EQ(ring.to.nodes.size(), 3U);
  EXPECT_EQ(ring.to.nodes[0].zone, "east") << "what is no matter of the ring is as the file has it now";
  EXPECT_EQ(ring.to.nodes[0].weight, 1U);
  EXPECT_EQ(ring.to.nodes[0].ring_name, "a \"name\"");
  EXPECT_EQ(ring.to.usable, moving().to.usable);
  EXPECT_EQ(ring.from.nodes.size(), 2U);
}

TEST(RingRecords, WhatWasBuiltInIsLost) {
  const auto begins_as = [](const RingRecord& record) {
    const auto read = read_ring_records(text_of({record}));
    return resumed(read->front(), service({1}), 2);
  };
  cluster::RingStatus ring = begins_as(built_in(true, false));
  EXPECT_EQ(ring.phase, cluster::RingPhase::kSteady);
  EXPECT_EQ(ring.to, cluster::built_in_ring(service({1}).cache(), 2)) << "with the workers of this process";
  ring = begins_as(built_in(false, true));
  EXPECT_EQ(ring.phase, cluster::RingPhase::kSteady);
  EXPECT_TRUE(ring.follows_moves) << "what those who moved keys have left may be met";
  EXPECT_EQ(ring.to.nodes.size(), 3U);
}

}  // namespace
}  // namespace tenfold::control
