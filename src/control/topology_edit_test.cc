// SPDX-License-Identifier: Apache-2.0
#include "control/topology_edit.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/prng.h"

namespace tenfold::control {
namespace {

cluster::NodeSpec spec(const std::string& address, std::uint32_t weight = 1) {
  cluster::NodeSpec node;
  node.address = *Address::parse(address);
  node.weight = weight;
  return node;
}

LoadedTopology load(const std::string& nodes) {
  return parse_topology("# first\n[web.a] # é\nlisten = \":1\"\n" + nodes + "\nretries = 1 # last\n", "t.toml");
}

// The text of the nodes after an edit; all else must be as it was.
std::string nodes_of(const std::expected<LoadedTopology, std::string>& edited) {
  if (!edited) return "error: " + edited.error();
  const std::string front = "# first\n[web.a] # é\nlisten = \":1\"\n";
  const std::string back = "\nretries = 1 # last\n";
  EXPECT_TRUE(edited->text.starts_with(front));
  EXPECT_TRUE(edited->text.ends_with(back));
  return edited->text.substr(front.size(), edited->text.size() - front.size() - back.size());
}

TEST(TopologyEdit, AddsInTheLayoutThatIsThere) {
  const std::pair<const char*, const char*> cases[] = {
      {"nodes = [\"1.1.1.1:1\"]", "nodes = [\"1.1.1.1:1\", \"9.9.9.9:9\"]"},
      {"nodes = [ \"1.1.1.1:1\", ]", "nodes = [ \"1.1.1.1:1\", \"9.9.9.9:9\", ]"},
      {"nodes = [\n  \"1.1.1.1:1\"\n]", "nodes = [\n  \"1.1.1.1:1\",\n  \"9.9.9.9:9\"\n]"},
      {"nodes = [\n  \"1.1.1.1:1\", # old, \"quoted\"\n  # end\n]",
       "nodes = [\n  \"1.1.1.1:1\", # old, \"quoted\"\n  \"9.9.9.9:9\",\n  # end\n]"},
      {"nodes = [\n  \"1.1.1.1:1\" # no comma\n]", "nodes = [\n  \"1.1.1.1:1\", # no comma\n  \"9.9.9.9:9\"\n]"},
      {"nodes = [\n\t\"1.1.1.1:1\",\n\t\"2.2.2.2:2\"]",
       "nodes = [\n\t\"1.1.1.1:1\",\n\t\"2.2.2.2:2\",\n\t\"9.9.9.9:9\"]"},
      {"nodes = [\"1.1.1.1:1\",\n         \"2.2.2.2:2\"]",
       "nodes = [\"1.1.1.1:1\",\n         \"2.2.2.2:2\",\n         \"9.9.9.9:9\"]"},
  };
  for (const auto& [before, after] : cases)
    EXPECT_EQ(nodes_of(add_node(load(before), "web.a", spec("9.9.9.9:9"))), after);
  EXPECT_EQ(nodes_of(add_node(load("nodes = [\"1.1.1.1:1\"]"), "web.a", spec("9.9.9.9:9", 5))),
            "nodes = [\"1.1.1.1:1\", { address = \"9.9.9.9:9\", weight = 5 }]");
}

// The built-in cache gives way to the first node, and what only it had as a default with it.
TEST(TopologyEdit, AddsAListWhereACacheHadNoNodes) {
  const std::pair<const char*, const char*> cases[] = {
      {"[cache.a]\nlisten = \"127.0.0.1:1\" # here\n# last\n",
       "[cache.a]\nlisten = \"127.0.0.1:1\" # here\nnodes = [\"9.9.9.9:9\"]\n# last\n"},
      {"[cache.a]\nprotocol = \"redis\"\nlisten = [\n  \"127.0.0.1:1\",\n]",
       "[cache.a]\nprotocol = \"redis\"\nlisten = [\n  \"127.0.0.1:1\",\n]\nnodes = [\"9.9.9.9:9\"]"},
  };
  for (const auto& [before, after] : cases) {
    const LoadedTopology loaded = parse_topology(before, "t.toml");
    const auto edited = add_node(loaded, "cache.a", spec("9.9.9.9:9"));
    ASSERT_TRUE(edited) << edited.error();
    EXPECT_EQ(edited->text, after);
    EXPECT_EQ(edited->topology.services.front().nodes, std::vector{spec("9.9.9.9:9")});
  }
  const LoadedTopology inlined = parse_topology("cache = { a = { listen = \"127.0.0.1:1\" } }\n", "t.toml");
  EXPECT_FALSE(add_node(inlined, "cache.a", spec("9.9.9.9:9")));
}

TEST(TopologyEdit, RemovesOnlyTheNodeAndItsComment) {
  const std::pair<const char*, const char*> cases[] = {
      {"nodes = [\"9.9.9.9:9\", \"1.1.1.1:1\"]", "nodes = [\"1.1.1.1:1\"]"},
      {"nodes = [\"1.1.1.1:1\", \"9.9.9.9:9\"]", "nodes = [\"1.1.1.1:1\"]"},
      {"nodes = [\n  \"1.1.1.1:1\", # one\n  \"9.9.9.9:9\", # nine\n]", "nodes = [\n  \"1.1.1.1:1\", # one\n]"},
      {"nodes = [\n  \"9.9.9.9:9\", # nine\n  \"1.1.1.1:1\", # one\n]", "nodes = [\n  \"1.1.1.1:1\", # one\n]"},
      {"nodes = [\n  \"1.1.1.1:1\",\n  \"9.9.9.9:9\"\n]", "nodes = [\n  \"1.1.1.1:1\"\n]"},
  };
  for (const auto& [before, after] : cases)
    EXPECT_EQ(nodes_of(remove_node(load(before), "web.a", *Address::parse("9.9.9.9:9"))), after);
}

TEST(TopologyEdit, ChangesANodeInItsPlace) {
  NodeChange drain;
  drain.state = cluster::AdminState::kDrain;
  const Address nine = *Address::parse("9.9.9.9:9");
  const auto drained =
      change_node(load("nodes = [\n  \"9.9.9.9:9\", # nine\n  \"1.1.1.1:1\",\n]"), "web.a", nine, drain);
  EXPECT_EQ(nodes_of(drained),
            "nodes = [\n  { address = \"9.9.9.9:9\", state = \"drain\" }, # nine\n  \"1.1.1.1:1\",\n]");
  NodeChange enable;
  enable.state = cluster::AdminState::kEnabled;
  EXPECT_EQ(nodes_of(change_node(*drained, "web.a", nine, enable)),
            "nodes = [\n  \"9.9.9.9:9\", # nine\n  \"1.1.1.1:1\",\n]");
}

TEST(TopologyEdit, SaysWhatItCannotDo) {
  const LoadedTopology loaded = load("nodes = [\"1.1.1.1:1\"]");
  EXPECT_NE(add_node(loaded, "web.b", spec("9.9.9.9:9")).error().find("there is no service web.b; there is web.a"),
            std::string::npos);
  EXPECT_NE(add_node(loaded, "web.a", spec("1.1.1.1:1")).error().find("already"), std::string::npos);
  EXPECT_NE(remove_node(loaded, "web.a", *Address::parse("1.1.1.1:1")).error().find("last node"), std::string::npos);
  EXPECT_NE(remove_node(loaded, "web.a", *Address::parse("2.1.1.1:1")).error().find("has no node"), std::string::npos);
  EXPECT_NE(add_node(loaded, "web.a", spec("127.0.0.1:1")).error().find("is the listener of web.a"), std::string::npos)
      << "the rules hold for edits too";
  const LoadedTopology tables =
      parse_topology("[web.a]\nlisten = \":1\"\n[[web.a.nodes]]\naddress = \"1.1.1.1:1\"\n", "t.toml");
  ASSERT_TRUE(tables.ok()) << tables.rendered();
  EXPECT_NE(add_node(tables, "web.a", spec("9.9.9.9:9")).error().find("[[web.a.nodes]]"), std::string::npos);
}

// Random layouts, and edits one after another: the text always says what was intended, and comments stay.
TEST(TopologyEdit, RandomEditsOfRandomLayouts) {
  Prng prng(9);
  for (int round = 0; round < 200; ++round) {
    const bool lines = prng.chance(0.7);
    const std::string gap = lines ? "\n   " : " ";
    std::string nodes = "nodes = [" + gap;
    const std::uint64_t count = 1 + prng.below(4);
    for (std::uint64_t i = 0; i < count; ++i) {
      nodes += "\"10.0.0." + std::to_string(i) + ":80\"";
      if (i + 1 < count || prng.chance(0.5)) nodes += ",";
      if (lines && prng.chance(0.5)) nodes += "  # c" + std::to_string(i);
      if (lines || i + 1 < count) nodes += gap;
    }
    LoadedTopology loaded = load(nodes + (lines ? "\n]" : "]"));
    ASSERT_TRUE(loaded.ok()) << loaded.rendered();
    for (int edit = 0; edit < 8; ++edit) {
      auto& present = loaded.topology.services[0].nodes;
      const Address some = present[prng.below(present.size())].address;
      NodeChange change;
      change.weight = static_cast<std::uint32_t>(1 + prng.below(9));
      auto next = prng.chance(0.4)
                      ? add_node(loaded, "web.a", spec("10.1.0." + std::to_string(prng.below(250)) + ":80"))
                  : prng.chance(0.5)   ? change_node(loaded, "web.a", some, change)
                  : present.size() > 1 ? remove_node(loaded, "web.a", some)
                                       : std::expected<LoadedTopology, std::string>(loaded);
      if (!next && next.error().find("already") != std::string::npos) continue;
      ASSERT_TRUE(next.has_value()) << next.error() << "\n" << loaded.text;
      nodes_of(next);
      loaded = std::move(*next);
    }
  }
}

}  // namespace
}  // namespace tenfold::control
