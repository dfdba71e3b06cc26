// SPDX-License-Identifier: Apache-2.0
#include "control/topology_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "control/effective.h"
#include "control/file_text.h"

namespace tenfold::control {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

const char* const kGood = R"(# a comment
[run]
workers = 2
[admin]
listen = "unix:/tmp/admin.sock"
[web.shop]
listen = [":8080", "[::1]:8080"]
host = "shop.example.com"
nodes = [
  "10.0.0.11:8000",   # the old one
  { address = "10.0.0.12:8000", weight = 3, zone = "b", state = "drain" },
]
hash_key = "cookie:sid"
body_max = "64MiB"
[web.shop.health]
interval = "250ms"
)";

TEST(TopologyFile, ReadsWhatTheFileSays) {
  const LoadedTopology loaded = parse_topology(kGood, "t.toml");
  ASSERT_TRUE(loaded.ok()) << loaded.rendered();
  EXPECT_EQ(loaded.topology.run.workers, 2U);
  const cluster::Service& shop = loaded.topology.services.at(0);
  EXPECT_EQ(shop.full_name(), "web.shop");
  EXPECT_EQ(shop.listeners.size(), 2U);
  EXPECT_EQ(shop.nodes.at(1).weight, 3U);
  EXPECT_EQ(shop.nodes.at(1).state, cluster::AdminState::kDrain);
  EXPECT_EQ(shop.web().hash_key.name, "sid");
  EXPECT_EQ(shop.web().body_max_bytes, 64U << 20);
  EXPECT_EQ(shop.health.interval, std::chrono::milliseconds(250));
  EXPECT_EQ(shop.web().retries, 2U) << "a default";
}

TEST(TopologyFile, WritesPathsInTheFormThatRequestsAreRoutedBy) {
  const auto path_of = [](const std::string& path) {
    const std::string text = "[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\npath = \"" + path + "\"\n";
    const LoadedTopology loaded = parse_topology(text, "t.toml");
    return loaded.ok() ? loaded.topology.services.at(0).web().path : loaded.rendered();
  };
  EXPECT_EQ(path_of("/%66orum/./x/../"), "/forum/");
  EXPECT_EQ(path_of("/a%20b/"), "/a%20b/");
  EXPECT_THAT(path_of("/a%2fb"), HasSubstr("escaped slash"));
  EXPECT_THAT(path_of("/caf\xc3\xa9/"), HasSubstr("printable ASCII"));
}

struct Wrong {
  const char* text;
  const char* message;  // "LINE:COLUMN: severity: text"
  const char* help;
};

// Each stands in a file that is good but for it.
const Wrong kWrong[] = {
    {"[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\nretires = 1\n", "4:1: error: unknown key 'retires'",
     "did you mean 'retries'?"},
    {"[wbe.a]\n", "1:2: error: unknown table 'wbe'", "did you mean 'web'?"},
    {"[sql.a]\n", "1:2: error: this version serves no sql services", "write [web.NAME]"},
    {"[web.A]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\n", "1:6: error: \"A\" cannot name a service", "lowercase"},
    {"[web.a]\nnodes = [\"1.2.3.4:5\"]\n", "1:1: error: the key 'listen' is missing", "write listen = "},
    {"[web.a]\nlisten = \":1\"\n", "1:6: error: web.a has no nodes", "write nodes"},
    {"[web.a]\nlisten = \":1\"\nroot = \"/nowhere-at-all\"\n", "3:8: error: /nowhere-at-all is not a folder",
     "create it"},
    {"[web.a]\nlisten = \":1\"\nroot = \"/tmp\"\nnodes = [\"1.2.3.4:5\"]\n",
     "3:8: error: web.a has both nodes and a root", "split"},
    {"[web.a]\nlisten = \":70000\"\nnodes = [\"1.2.3.4:5\"]\n", "2:10: error: ':70000' is not an address",
     "for example"},
    {"[web.a]\nlisten = \":0\"\nnodes = [\"1.2.3.4:5\"]\n", "2:10: error: a listener's port cannot be 0", "choose"},
    {"[web.a]\nlisten = \":1\"\nnodes = [\"shop:5\"]\n",
     "3:10: error: 'shop:5' is not an address: host names are not looked up", ""},
    {"[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:0\"]\n", "3:10: error: a node's port cannot be 0", "write the port"},
    {"[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\", \"1.2.3.4:5\"]\n",
     "3:23: error: the node 1.2.3.4:5 is listed twice", "remove"},
    {"[web.a]\nlisten = \":1\"\nnodes = [\"127.0.0.1:1\"]\n",
     "3:10: error: the node 127.0.0.1:1 is the listener of web.a", "own node"},
    {"[web.a]\nlisten = \":1\"\nnodes = [\"[::ffff:127.0.0.1]:1\"]\n",
     "3:10: error: the node 127.0.0.1:1 is the listener of web.a", "own node"},
    {"[web.a]\nlisten = \":1\"\nnodes = [\"127.0.0.1:7070\"]\n",
     "3:10: error: the node 127.0.0.1:7070 is the admin API", "could change what runs"},
    {"[web.a]\nlisten = \":1\"\nnodes = [\"unix:/run/tenfold.sock\"]\n[admin]\nlisten = \"unix:/run/tenfold.sock\"\n",
     "3:10: error: the node unix:/run/tenfold.sock is the admin API", "could change what runs"},
    {"[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\ntrusted_proxies = [\"::ffff:10.0.0.0/90\"]\n",
     "4:19: error: '::ffff:10.0.0.0/90': IPv4 in IPv6 has a prefix of at least 96 bits", ""},
    {"[web.a]\nlisten = \":1\"\nnodes = [{ address = \"1.2.3.4:5\", weight = 0 }]\n",
     "3:9: error: every node has weight 0", "give one"},
    {"[web.a]\nlisten = \":1\"\nnodes = [{ address = \"1.2.3.4:5\", weight = 1001 }]\n",
     "error: 'weight' is from 0 to 1000", ""},
    {"[web.a]\nlisten = \":1\"\nnodes = [{ address = \"1.2.3.4:5\", wieght = 1 }]\n",
     "3:35: error: unknown key 'wieght'", "did you mean 'weight'?"},
    {"[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\nidle_timeout = 5\n",
     "4:16: error: 'idle_timeout' needs a unit", "write \"5ms\" or \"5s\""},
    {"[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\nidle_timeout = \"5 s\"\n",
     "4:16: error: \"5 s\" is not a time", "250ms"},
    {"[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\nidle_timeout = \"-5s\"\n", "is not a time", ""},
    {"[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\nidle_timeout = \"99999999999999h\"\n", "is not a time", ""},
    {"[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\nbody_max = 5\n", "4:12: error: 'body_max' needs a unit",
     "5KiB"},
    {"[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\nbalancer = \"lest-request\"\n", "is not a value of 'balancer'",
     "did you mean 'least-request'?"},
    {"[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\npath = \"x\"\n", "4:8: error: a path begins with '/'", ""},
    {"[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\nhost = true\n",
     "4:8: error: 'host' is a text, and this is a boolean", ""},
    {"[web.a]\nlisten = \":1\"\nnodes = \"1.2.3.4:5\"\n", "3:9: error: 'nodes' is a list", ""},
    {"[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\ntrusted_proxies = [\"10.0.0.0/33\"]\n",
     "a number from 0 to 32", ""},
    {"[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\ntrusted_proxies = [\"unix:/run/proxy.sock\"]\n",
     "'unix:/run/proxy.sock' is not a block of addresses like 10.0.0.0/8, nor \"unix:\" for Unix sockets", ""},
    {"[web.a]\nlisten = \":1\"\nmode = \"redirect\"\nnodes = [\"1.2.3.4:5\", \"unix:/run/n.sock\"]\n",
     "4:23: error: no client can be sent to unix:/run/n.sock, a Unix socket",
     "write { address = \"unix:/run/n.sock\", public = \"http://HOST\" }, or an IP:PORT that clients reach"},
    {"[web.a]\nlisten = \":1\"\nnodes = [{ address = \"unix:/run/n.sock\" }]\nmode = \"redirect\"\n",
     "3:10: error: no client can be sent to unix:/run/n.sock", "public"},
    {"[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\nhealth = { status_min = 300, status_max = 200 }\n",
     "status_min is above status_max", ""},
    {"[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\n[web.b]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\n",
     "5:10: error: web.a answers the same listener, host and path", ""},
    {"[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\n[web.b]\nlisten = \"127.0.0.1:1\"\nnodes = [\"1.2.3.4:5\"]\n",
     "takes connections that 0.0.0.0:1 of web.a takes", ""},
    {"[web.a]\nlisten = \":7070\"\nnodes = [\"1.2.3.4:5\"]\n", "2:10: error: the admin API listens here", ""},
    {"[admin]\nlisten = \"0.0.0.0:7070\"\n[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\n",
     "2:10: error: the admin API would be open to the network", "token"},
    {"[admin]\ntoken = \"env:TENFOLD_NO_SUCH_NAME\"\n[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\n",
     "2:9: error: the environment has no TENFOLD_NO_SUCH_NAME", ""},
    {"[admin]\ntoken = \"file:/no/such\"\n[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\n",
     "2:9: error: cannot read /no/such", ""},
    {"[admin]\ntoken = \"hunter2\"\n[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\n",
     "2:9: warning: 'token' stands in the file as plain text", ""},
    {"[run]\naccess_log = \"/nowhere-at-all/a.log\"\n[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\n",
     "2:14: warning: /nowhere-at-all is not a folder: tenfold run refuses to start", "create it"},
    {"[run]\nstate_file = \"/nowhere-at-all/a\"\n[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\n",
     "2:14: warning: /nowhere-at-all is not a folder: the next start would not know", "create it"},
    {"[run]\nworkers = 0\n[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\n",
     "2:11: error: 'workers' is from 1 to 256", ""},
    {"[run]\nworkers = 4\n[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\nnode_connections = 3\n",
     "6:20: warning: each of 4 workers may have a request under way: 4 in all", "or set workers = 3 in [run]"},
    {"", "t.toml: error: the file has no service", ""},
    {"a = = 1", "this is not valid TOML", ""},
    {"[web.a]\n[web.a]\n", "this is not valid TOML", ""},
    {"\xef\xbb\xbf[run]\n", "byte order mark", ""},
    {"[run]\nio = \"\xff\"\n", "not valid TOML", ""},
    {"[(a]", "not valid TOML", ""},
    {"\"\"\"\\\\Z\\\nm \xef\xb3\xbf use", "not valid TOML", ""},
    {"# caf\xc3\xa9\n[web.caf\xc3\xa9]\n", "2:9: error: ", "not valid TOML"},
    {"[cache.a]\nlisten = \"127.0.0.1:1\"\nnodes = []\n", "3:9: error: cache.a has no nodes", "the built-in cache"},
    {"[cache.a]\nlisten = \"127.0.0.1:1\"\nprotocol = \"redis\"\npersistent = true\n",
     "4:14: error: the built-in cache keeps nothing", "name Redis servers"},
    {"[cache.a]\nlisten = \"127.0.0.1:1\"\nmemory = \"5KiB\"\n", "'memory' is from 1MiB to 1TiB", ""},
    {"[cache.a]\nlisten = \"127.0.0.1:1\"\nmemory = \"5MiB\"\nnodes = [\"1.2.3.4:5\"]\n",
     "3:10: warning: this is the memory of the built-in cache, and the service has nodes", ""},
    {"[cache.a]\nlisten = \"127.0.0.1:1\"\nnodes = [\"1.2.3.4:5\"]\npath = \"/\"\n",
     "unknown key 'path' in [cache.NAME]", ""},
    {"[cache.a]\nlisten = \"127.0.0.1:1\"\nnodes = [\"1.2.3.4:5\"]\nprotocol = \"reddis\"\n",
     "\"reddis\" is not a value of 'protocol'", "redis"},
    {"[cache.a]\nlisten = \"127.0.0.1:1\"\nnodes = [\"1.2.3.4:5\"]\nhash_tag = \"{\"\n", "a hash tag is two characters",
     ""},
    {"[cache.a]\nlisten = \"127.0.0.1:1\"\nnodes = [\"1.2.3.4:5\"]\nitem_max = \"1B\"\n", "'item_max' is from 1KiB",
     ""},
    {"[cache.a]\nlisten = \"127.0.0.1:1\"\nclients_memory = \"1KiB\"\n", "'clients_memory' is from 1MiB", ""},
    {"[cache.a]\nlisten = \"127.0.0.1:1\"\nlease_stale = \"1s\"\n", "3:15: error: nobody waits for a value here",
     "lease = \"2s\""},
    {"[cache.a]\nlisten = \"127.0.0.1:1\"\nprotocol = \"redis\"\nnodes = [\"1.2.3.4:5\"]\nlease = \"1s\"\n"
     "lease_stale = \"1s\"\nlease_stale_deleted = true\n",
     "6:15: error: in a store, a key that is missing is gone", "persistent = false"},
    {"[cache.a]\nlisten = \"127.0.0.1:1\"\nprotocol = \"redis\"\nlease = \"1s\"\nlease_stale = \"1s\"\n",
     "5:15: error: what scripts, transactions and commands of several keys delete", "lease_stale_deleted = true"},
    {"[cache.a]\nlisten = \"127.0.0.1:1\"\nlease_stale_memory = \"1KiB\"\n", "'lease_stale_memory' is from 64KiB", ""},
    {"[cache.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\n", "2:10: warning: whoever reaches this address",
     "127.0.0.1"},
    {"[web.a]\nlisten = \"127.0.0.1:1\"\nnodes = [\"1.2.3.4:5\"]\n"
     "[cache.b]\nlisten = \"127.0.0.1:1\"\nnodes = [\"1.2.3.4:5\"]\n",
     "cache.b listens here too", "only web services share a listener"},
    {"[admin]\nlisten = \"127.0.0.1:0\"\n[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\n",
     "2:10: error: the port of the admin API cannot be 0", "choose a port"},
    {"[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\", \":6\"]\n", "3:23: error: 0.0.0.0:6 is no node's address",
     "like \"127.0.0.1:6\""},
    {"[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\nhost = \"a..b\"\n", "4:8: error: write a name like", ""},
    {"[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\nhost = \"a\\u0000b\"\n", "4:8: error: write a name", ""},
    {"[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\nhost = \"\\u00fcb.de\"\n", "4:8: error: write a name", "xn--"},
    {"[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\nhost = \"*.\"\n", "4:8: error: write a name", ""},
    {"[cache.a]\nlisten = \"127.0.0.1:1\"\nnodes = [{ address = \"1.2.3.4:5\", name = \"n\" },\n"
     "  { address = \"1.2.3.4:6\", name = \"n\" }]\n",
     "4:3: error: the ring knows the node 1.2.3.4:5 by the name \"n\" too", "another name"},
    {"[cache.a]\nlisten = \"127.0.0.1:1\"\nnodes = [{ address = \"1.2.3.4:5\", name = \"1.2.3.4:6\" },\n"
     "  \"1.2.3.4:6\"]\n",
     "4:3: error: the ring knows the node 1.2.3.4:5 by the name \"1.2.3.4:6\" too", "another name"},
};

TEST(TopologyFile, EachProblemHasItsPlaceAndItsFix) {
  for (const Wrong& wrong : kWrong) {
    const std::string said = parse_topology(wrong.text, "t.toml").rendered();
    EXPECT_THAT(said, HasSubstr(wrong.message)) << wrong.text;
    EXPECT_THAT(said, HasSubstr(wrong.help)) << wrong.text;
  }
}

TEST(TopologyFile, WhatNamesALineComesFirst) {
  const LoadedTopology loaded = parse_topology("[wbe.a]\n", "t.toml");
  ASSERT_EQ(loaded.diagnostics.all().size(), 2U);
  EXPECT_EQ(loaded.diagnostics.all()[0].at.line, 1U);
  EXPECT_EQ(loaded.diagnostics.all()[1].message, "the file has no service");
}

TEST(TopologyFile, ARedirectToANodeAtAUnixSocketGoesToItsPublicUrl) {
  const std::string service = "[web.a]\nlisten = \":1\"\nnodes = [{ address = \"unix:/run/n.sock\", ";
  const auto loads = [](const std::string& text) { return parse_topology(text, "t.toml").ok(); };
  EXPECT_TRUE(loads(service + "public = \"https://n.example\" }]\nmode = \"redirect\"\n"));
  EXPECT_TRUE(loads(service + "weight = 2 }]\n")) << "a proxy reaches it";
}

TEST(TopologyFile, AllProblemsAreSaidAtOnceInTheirOrder) {
  const std::string text =
      "[run]\nworkers = \"many\"\nwatchdog = 1\n[web.shop]\nlisten = \":1\"\nnodes = [\"x\", 5]\nretries = 99\n";
  const LoadedTopology loaded = parse_topology(text, "t.toml");
  EXPECT_EQ(loaded.rendered(),
            "t.toml:2:11: error: 'workers' is a number, or \"auto\"\n"
            "     2 | workers = \"many\"\n"
            "       |           ^~~~~~\n"
            "       = for example workers = 4\n"
            "t.toml:3:1: error: unknown key 'watchdog' in [run]\n"
            "     3 | watchdog = 1\n"
            "       | ^~~~~~~~\n"
            "t.toml:6:10: error: 'x' is not an address: the port is missing; write IP:PORT, [IPv6]:PORT or unix:/path\n"
            "     6 | nodes = [\"x\", 5]\n"
            "       |          ^~~\n"
            "       = for example address = \"10.0.0.11:8000\"\n"
            "t.toml:6:15: error: 'address' is a text, and this is an integer\n"
            "     6 | nodes = [\"x\", 5]\n"
            "       |               ^\n"
            "       = for example address = \"10.0.0.11:8000\"\n"
            "t.toml:7:11: error: 'retries' is from 0 to 10, and this is 99\n"
            "     7 | retries = 99\n"
            "       |           ^~\n"
            "       = for example retries = 2\n"
            "t.toml: 5 errors, 0 warnings\n");
}

TEST(TopologyFile, EachWrongElementOfAListIsSaid) {
  const std::string text =
      "[web.a]\nlisten = [\"x\", \":1\", \"y\"]\nnodes = [\"1.2.3.4:5\"]\ntrusted_proxies = [5, \"10.0.0.0/8\", "
      "true]\n";
  std::vector<std::pair<std::uint32_t, std::uint32_t>> places;
  for (const Diagnostic& problem : parse_topology(text, "t.toml").diagnostics.all())
    places.emplace_back(problem.at.line, problem.at.column);
  EXPECT_THAT(places, ElementsAre(Pair(2, 11), Pair(2, 22), Pair(4, 20), Pair(4, 37)));
}

TEST(TopologyFile, OfVeryManyProblemsTheFirstAreShownAndAllAreCounted) {
  std::string text = "[web.a]\n";
  for (int i = 0; i < 20'000; ++i) text += "k" + std::to_string(i) + " = 1\n";
  text += "listen = \":1\"\nnodes = [\"1.2.3.4:5\"]\n";
  const LoadedTopology loaded = parse_topology(text, "t.toml");
  const std::string said = loaded.rendered();
  EXPECT_THAT(said, HasSubstr("t.toml:101:1: error: unknown key 'k99'"));
  EXPECT_THAT(said, HasSubstr("t.toml: error: and 19900 more\nt.toml: 20000 errors, 0 warnings\n"));
  EXPECT_LT(said.size(), 50'000U);
  EXPECT_EQ(loaded.diagnostics.shown().size(), 101U);
}

TEST(TopologyFile, ATruncatedFileNeverCrashes) {
  const std::string text = kGood;
  int good = 0;
  for (std::size_t size = 0; size <= text.size(); ++size)
    good += parse_topology(text.substr(0, size), "t.toml").ok() ? 1 : 0;
  EXPECT_GT(good, 0);
  EXPECT_LT(good, 40);
}

TEST(TopologyFile, WhatIsNotARegularFileIsRefusedAtOnce) {
  EXPECT_THAT(load_topology("/no/such/file.toml").rendered(), HasSubstr("cannot read /no/such/file.toml"));
  EXPECT_THAT(load_topology("/tmp").rendered(), HasSubstr("not a regular file"));
  EXPECT_THAT(load_topology("/dev/zero").rendered(), HasSubstr("not a regular file"));
  const std::string fifo = testing::TempDir() + "/topology.fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_THAT(load_topology(fifo).rendered(), HasSubstr("not a regular file"));
  unlink(fifo.c_str());
}

TEST(Diagnostics, QuoteNoSecret) {
  const char* const texts[] = {
      "[admin]\ntoken = \"S3CRET\"\n",                  // the warning that it stands there
      "[admin]\ntoken = \"S3\\\"CRET\" # why\n",        // with a quote of its own
      "admin = { \"token\" = 'S3CRET', lisen = 5 }\n",  // a mistake beside it
      "admin.token = \"S3CRET\nx = [\n",                // not TOML
      "admin.token = S3CRET\n",                         // nor this
      "[admin]\ntoken = \"\"\"S3CRET\"\"\"\n",          // in three quotes
      "[cache.a]\nlisten = \":1\"\nprotocol = \"redis\"\npassword = \"S3CRET\"\nnode_password = [ \"S3CRET\" ]\n",
      "[admin]\npasword = \"S3CRET\"\n",                     // a mistake in its key
      "admin = { lisen = 5, tokn = 'S3CRET' }\n",            // beside another
      "[admin]\nApi_Password = \"S3CRET\"\n",                // no key, but it looks like one
      "[admin]\ntoken: \"S3CRET\"\n",                        // as YAML has it
      "[admin]\ntoken \"S3CRET\"\n",                         // without its '='
      "[admin]\ntoken = \"\"\"\none\nS3CRET \\q\n\"\"\"\n",  // in three quotes, over lines
      "[admin]\ntoken = \"\"\"\nS3CRET\"\"\" x\n",           // with a mistake behind it
      "[admin]\ntoken = \t'''\nS3CRET''' x\n",               // in the other quotes
      "[admin]\ntoken = [\n  \"S3CRET\", ~\n]\n",            // in a list over lines
      "[admin]\ntoken = 1234567890123456789012345\n",        // as a number, which the message would tell
  };
  for (const char* text : texts) {
    const std::string rendered = parse_topology(text, "t.toml").rendered();
    EXPECT_THAT(rendered, HasSubstr(" | ")) << text;
    EXPECT_THAT(rendered, testing::Not(HasSubstr("CRET"))) << text;
    EXPECT_THAT(rendered, testing::Not(HasSubstr("1234"))) << text;
  }
  const std::string shown = parse_topology("admin = { token = \"S3CRET\", lisen = 5 }\n", "t.toml").rendered();
  EXPECT_THAT(shown, HasSubstr("     1 | admin = { token = \"(secret)\", lisen = 5 }\n"
                               "       |                               ^~~~~\n"));
  EXPECT_THAT(parse_topology("[admin]\ntoken = \"env:NO_SUCH\"\n", "t.toml").rendered(), HasSubstr("\"env:NO_SUCH\""));
}

TEST(Diagnostics, QuoteWhatIsNoSecret) {
  const char* const texts[] = {
      "[run]\nworkes = \"SHOWN\"\n",                         // another key
      "[admin]\ntoken = '''a'''\nlisen = \"SHOWN\"\n",       // behind a secret
      "[web.a]\nnodes = [{ zone = 'a' },\n  'SHOWN', ~]\n",  // in a list of something else
      "x = [{ token = \"a\", y = 1 },\n \"SHOWN\", ~\n]\n",  // where a secret stood before
      "# it's [ a = \"\"\" comment\n[run]\nio = \"SHOWN\"\n",
  };
  for (const char* text : texts) EXPECT_THAT(parse_topology(text, "t.toml").rendered(), HasSubstr("SHOWN")) << text;
}

TEST(Diagnostics, SayNothingThatATerminalObeys) {
  const auto shown = [](std::string text) { return parse_topology(std::move(text), "t.toml").rendered(); };
  EXPECT_THAT(shown("[admin]\n\"a\\u001b[31mb\\u009bc\\u007fd\\ne\" = 1\n"), HasSubstr("unknown key 'a?[31mb?c?d?e'"));
  EXPECT_THAT(shown("[admin]\n\"a\xc2\x9b\xc2\x80z\" = 1\n"),
              HasSubstr("unknown key 'a??z' in [admin]\n     2 | \"a??z\" = 1\n"));
  EXPECT_THAT(shown("[web.a]\nbalancer = \"\xc2\x9b\"\n"), HasSubstr("error: \"?\" is not a value of 'balancer'"));
  EXPECT_THAT(shown("x = \"\x9b\xe0\x80\x9b\xc2\"\n"), HasSubstr("     1 | x = \"?????\"\n")) << "no UTF-8";
  EXPECT_THAT(shown("[run]\n\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\" = 1\n"),
              HasSubstr("key 'caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80' in"));
}

TEST(Effective, ReadsBackAsTheSameTopologyAndShowsNoSecret) {
  setenv("TENFOLD_TEST_TOKEN", "do-not-show", 1);
  const LoadedTopology loaded = parse_topology(std::string("[admin]\ntoken = \"env:TENFOLD_TEST_TOKEN\"\n") +
                                                   "[web.a]\nlisten = \":1\"\nnodes = [\"1.2.3.4:5\"]\nretries = 7\n"
                                                   "trusted_proxies = [\"unix:\", \"10.0.0.0/8\"]\n",
                                               "t.toml");
  ASSERT_TRUE(loaded.ok()) << loaded.rendered();
  std::string text = effective_text(loaded);
  EXPECT_THAT(text, testing::Not(HasSubstr("do-not-show")));
  EXPECT_THAT(text, testing::ContainsRegex("retries = 7 +# t.toml:6"));
  EXPECT_THAT(text, testing::ContainsRegex(R"(trusted_proxies = \["unix:", "10.0.0.0/8"\] +# t.toml:7)"));
  EXPECT_THAT(text, testing::ContainsRegex("balancer = \"p2c\" +# default"));
  const LoadedTopology again = parse_topology(text, "again.toml");
  ASSERT_TRUE(again.ok()) << again.rendered();
  EXPECT_EQ(again.topology.services, loaded.topology.services);
  EXPECT_EQ(again.topology.run, loaded.topology.run);
}

TEST(ReferencePages, AreWhatTheTableOfKeysGenerates) {
  const std::string docs = TENFOLD_SOURCE_DIR "/docs/reference/";
  EXPECT_EQ(read_file(docs + "topology.md", 1 << 20), reference_page()) << "run `make docs`";
  EXPECT_EQ(read_file(docs + "tenfold.schema.json", 1 << 20), json_schema()) << "run `make docs`";
}

}  // namespace
}  // namespace tenfold::control
