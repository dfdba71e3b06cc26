// SPDX-License-Identifier: Apache-2.0
#include "control/difference.h"

#include <gmock/gmock.h>

#include "control/topology_file.h"

namespace tenfold::control {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> lines(const std::string& before, const std::string& after) {
  const LoadedTopology one = parse_topology(before, "t.toml");
  const LoadedTopology other = parse_topology(after, "t.toml");
  EXPECT_TRUE(one.ok() && other.ok()) << one.rendered() << other.rendered();
  return difference_of(one.topology, other.topology).lines;
}

TEST(Difference, SecretsAreComparedAndNeverShown) {
  const std::string redis = "[cache.r]\nlisten = \"127.0.0.1:1\"\nprotocol = \"redis\"\nnodes = [\"1.2.3.4:5\"]\n";
  const auto with = [&](const std::string& password, const std::string& of_node) {
    return redis + "password = \"" + password + "\"\nnode_password = \"" + of_node + "\"\n";
  };
  EXPECT_THAT(lines(with("one", "x"), with("two", "x")), ElementsAre("~ cache.r password changed"));
  EXPECT_THAT(lines(with("one", "x"), with("one", "y")), ElementsAre("~ cache.r node_password changed"));
  EXPECT_THAT(lines(redis, with("one", "y")),
              ElementsAre("~ cache.r password changed", "~ cache.r node_password changed"));
  EXPECT_THAT(lines(with("one", "x"), with("one", "x")), IsEmpty());
}

TEST(Difference, TheOrderOfNodesCountsWhereARingGoesByIt) {
  const auto with = [](const std::string& ring, const std::string& nodes) {
    return "[cache.m]\nlisten = \"127.0.0.1:1\"\nring = \"" + ring + "\"\nnodes = [" + nodes + "]\n";
  };
  const std::string ab = "\"1.1.1.1:1\", \"2.2.2.2:2\"";
  const std::string ba = "\"2.2.2.2:2\", \"1.1.1.1:1\"";
  EXPECT_THAT(lines(with("modula", ab), with("modula", ba)), ElementsAre("~ cache.m nodes in another order"));
  EXPECT_THAT(lines(with("modula", ab), with("modula", "\"3.3.3.3:3\", " + ab)),
              ElementsAre("+ cache.m node 3.3.3.3:3"));
  for (const char* ring : {"rendezvous", "ketama", "ketama-plain", "twemproxy", "twemproxy-modula"})
    EXPECT_THAT(lines(with(ring, ab), with(ring, ba)), IsEmpty()) << ring;
}

}  // namespace
}  // namespace tenfold::control
