// SPDX-License-Identifier: Apache-2.0
#include "control/topology_edit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "base/limits.h"
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
      {"nodes = [\n    \"1.1.1.1:1\" # one\n  , \"2.2.2.2:2\" # two\n]",
       "nodes = [\n    \"1.1.1.1:1\" # one\n  , \"2.2.2.2:2\" # two\n  , \"9.9.9.9:9\"\n]"},
      {"nodes = [\n  \"1.1.1.1:1\" # one\n  , # comma\n]",
       "nodes = [\n  \"1.1.1.1:1\" # one\n  , # comma\n  \"9.9.9.9:9\",\n]"},
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
  for (const char* layout :
       {"cache = { a = { listen = \"127.0.0.1:1\" } }\n", "[cache]\na.listen = \"127.0.0.1:1\"\n"}) {
    const auto edited = add_node(parse_topology(layout, "t.toml"), "cache.a", spec("9.9.9.9:9"));
    ASSERT_FALSE(edited);
    EXPECT_NE(edited.error().find("t.toml is laid out in a way that cannot be edited"), std::string::npos)
        << edited.error();
  }
}

TEST(TopologyEdit, RemovesOnlyTheNodeAndItsComment) {
  const std::pair<const char*, const char*> cases[] = {
      {"nodes = [\"9.9.9.9:9\", \"1.1.1.1:1\"]", "nodes = [\"1.1.1.1:1\"]"},
      {"nodes = [\"1.1.1.1:1\", \"9.9.9.9:9\"]", "nodes = [\"1.1.1.1:1\"]"},
      {"nodes = [\n  \"1.1.1.1:1\", # one\n  \"9.9.9.9:9\", # nine\n]", "nodes = [\n  \"1.1.1.1:1\", # one\n]"},
      {"nodes = [\n  \"9.9.9.9:9\", # nine\n  \"1.1.1.1:1\", # one\n]", "nodes = [\n  \"1.1.1.1:1\", # one\n]"},
      {"nodes = [\n  \"1.1.1.1:1\",\n  \"9.9.9.9:9\"\n]", "nodes = [\n  \"1.1.1.1:1\"\n]"},
      {"nodes = [\n  \"1.1.1.1:1\" # one\n, \"9.9.9.9:9\"\n]", "nodes = [\n  \"1.1.1.1:1\" # one\n]"},
      {"nodes = [\n  \"1.1.1.1:1\" # one\n, \"9.9.9.9:9\" # nine\n, \"2.2.2.2:2\"]",
       "nodes = [\n  \"1.1.1.1:1\" # one\n, \"2.2.2.2:2\"]"},
      {"nodes = [\n  \"1.1.1.1:1\", \"9.9.9.9:9\",\n]", "nodes = [\n  \"1.1.1.1:1\",\n]"},
      {"nodes = [ \"1.1.1.1:1\", \"9.9.9.9:9\" ] # end", "nodes = [ \"1.1.1.1:1\" ] # end"},
      {"nodes = [\"1.1.1.1:1\", # one, two\n  \"9.9.9.9:9\"] # end", "nodes = [\"1.1.1.1:1\" # one, two\n  ] # end"},
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

TEST(TopologyEdit, MakesNoFileThatIsTooLargeToBeReadAgain) {
  const std::string nodes = "nodes = [\"1.1.1.1:1\"]\n#";
  const std::size_t room = limits::kTopologyFileBytesMost - load(nodes).text.size();
  const LoadedTopology loaded = load(nodes + std::string(room, 'x'));
  const auto edited = add_node(loaded, "web.a", spec("9.9.9.9:9"));
  ASSERT_FALSE(edited);
  EXPECT_NE(edited.error().find("would be larger than"), std::string::npos) << edited.error();
  EXPECT_TRUE(add_node(load(nodes + std::string(room - 100, 'x')), "web.a", spec("9.9.9.9:9")));
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

// A text of its own kind: entries, commas, blanks, line breaks and comments in any order that TOML allows.
class Layout {
 public:
  explicit Layout(Prng& prng) : prng_(prng) {}

  std::string nodes() {
    const std::uint64_t count = 1 + prng_.below(4);
    std::string text = "nodes = [" + gap();
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::string address = "\"10.0.0." + std::to_string(i) + ":80\"";
      const std::string forms[] = {address, "'" + address.substr(1, address.size() - 2) + "'",
                                   "{ zone = \"ü,]#\", address = " + address + " }", "\"\"" + address + "\"\""};
      text += forms[prng_.below(std::size(forms))] + (prng_.chance(0.4) ? gap() : "");
      if (i + 1 < count || prng_.chance(0.5)) text += "," + gap();
    }
    return text + "]" + (prng_.chance(0.5) ? "" : " # end");
  }

 private:
  std::string comment() { return "# c" + std::to_string(comments_++) + ";, ]\n"; }
  std::string gap() {
    switch (prng_.below(8)) {
      case 0:
        return "";
      case 1:
        return " ";
      case 2:
        return "\t";
      case 3:
        return "\n";
      case 4:
        return "\n  ";
      case 5:
        return " " + comment();
      case 6:
        return "\n  " + comment() + "   ";
      default:
        return comment() + comment();
    }
  }

  Prng& prng_;
  int comments_ = 0;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> comments_of(const std::string& text) {
  std::vector<std::string> comments;
  for (const std::string& line : lines_of(text)) {
    for (const char* mark : {"# c", "# end"}) {
      if (const std::size_t at = line.find(mark); at != line.npos) comments.push_back(line.substr(at));
    }
  }
  return comments;
}

std::ptrdiff_t lines_with_blanks_at_their_end(const std::string& text) {
  return std::ranges::count_if(lines_of(text), [](std::string line) {
    if (line.ends_with('\r')) line.pop_back();
    return line.ends_with(' ') || line.ends_with('\t');
  });
}

// The comment that may go with an entry: on the line where it ends, behind it and its comma.
std::string own_comment(const LoadedTopology& loaded, std::size_t node) {
  const Span& entry = loaded.places.services[0].node_entries[node];
  const std::vector<std::string> comments = comments_of(lines_of(loaded.text)[entry.end.line - 1]);
  return comments.empty() ? "" : comments.front();
}

void expect_whole(const LoadedTopology& before, const LoadedTopology& after, const std::string& may_go,
                  std::vector<cluster::NodeSpec> wanted) {
  SCOPED_TRACE(before.text + "=>\n" + after.text);
  EXPECT_EQ(after.topology.services[0].nodes, wanted);
  std::vector<std::string> comments = comments_of(before.text);
  if (comments != comments_of(after.text)) std::erase(comments, may_go);
  EXPECT_EQ(comments_of(after.text), comments);
  EXPECT_LE(lines_with_blanks_at_their_end(after.text), lines_with_blanks_at_their_end(before.text));
  if (before.text.contains('\r')) {
    for (std::size_t at = after.text.find('\n'); at != std::string::npos; at = after.text.find('\n', at + 1))
      EXPECT_EQ(after.text[at - 1], '\r');
  }
}

// Random layouts, and edits one after another: the text always says what was intended, and comments stay.
TEST(TopologyEdit, RandomEditsOfRandomLayouts) {
  Prng prng(9);
  for (int round = 0; round < 400 && !testing::Test::HasFailure(); ++round) {
    std::string text = "[web.a] # é\nlisten = \":1\"\n" + Layout(prng).nodes() + "\nretries = 1 # last\n";
    if (prng.chance(0.3)) {
      for (std::size_t at = text.find('\n'); at != text.npos; at = text.find('\n', at + 2)) text.insert(at, "\r");
    }
    LoadedTopology loaded = parse_topology(text, "t.toml");
    ASSERT_TRUE(loaded.ok()) << loaded.rendered();
    for (int edit = 0; edit < 6; ++edit) {
      std::vector<cluster::NodeSpec> wanted = loaded.topology.services[0].nodes;
      const std::size_t index = prng.below(wanted.size());
      const Address some = wanted[index].address;
      std::string may_go;
      std::expected<LoadedTopology, std::string> next;
      if (prng.chance(0.3)) {
        wanted.push_back(spec("10.1.0." + std::to_string(edit) + ":80", 1 + static_cast<std::uint32_t>(prng.below(2))));
        next = add_node(loaded, "web.a", wanted.back());
      } else if (prng.chance(0.5) && wanted.size() > 1) {
        may_go = own_comment(loaded, index);
        wanted.erase(wanted.begin() + static_cast<std::ptrdiff_t>(index));
        next = remove_node(loaded, "web.a", some);
      } else {
        NodeChange change;
        change.weight = wanted[index].weight = static_cast<std::uint32_t>(1 + prng.below(9));
        change.state = wanted[index].state =
            prng.chance(0.5) ? cluster::AdminState::kDrain : cluster::AdminState::kEnabled;
        next = change_node(loaded, "web.a", some, change);
      }
      ASSERT_TRUE(next.has_value()) << next.error() << "\n" << loaded.text;
      expect_whole(loaded, *next, may_go, wanted);
      loaded = std::move(*next);
    }
  }
}

}  // namespace
}  // namespace tenfold::control
