# SPDX-License-Identifier: Apache-2.0
"""The near cache of a Redis service: what is held is dropped by the word of the nodes, whoever changes it and however,
and nothing is held while that word cannot be heard."""

import unittest

from cache_near_test import NEAR
from cache_servers import QUICK_HEALTH, CacheScenario, RedisError, Relay
from harness import wait_until


class RedisNearCache(CacheScenario):
    def near_hits(self, tenfold):
        return self.service(tenfold)["cache"]["near_hits"]

    def behind(self, relay, settings):
        return self.tenfold(
            f'[cache.test]\nlisten = "127.0.0.1:{{port}}"\nprotocol = "redis"\nnodes = ["{relay.address}"]\n'
            f"{QUICK_HEALTH}\n{settings}\n"
        )

    def heat(self, tenfold, client, key):
        before = self.near_hits(tenfold)

        def is_near():
            for _ in range(50):
                client.redis("GET", key)
            return self.near_hits(tenfold) > before

        wait_until(is_near, f"{key} is held")

    def asked(self, nodes):
        total = 0
        for node in nodes:
            with node.client() as client:
                for line in client.redis("INFO", "commandstats").splitlines():
                    if line.startswith("cmdstat_get:"):
                        total += int(line.split("calls=")[1].split(",")[0])
        return total

    def sees(self, client, key, value):
        wait_until(lambda: client.redis("GET", key) == value, f"{key} is {value}")

    def test_hot_keys_do_not_reach_their_node(self):
        nodes = self.redis(2)
        tenfold = self.cache(nodes, NEAR)
        client = self.cache_client(tenfold)
        client.redis("SET", "front", "page")
        self.heat(tenfold, client, "front")
        near_before, asked_before = self.near_hits(tenfold), self.asked(nodes)
        for _ in range(500):
            self.assertEqual(client.redis("GET", "front"), "page")
        self.assertEqual(self.near_hits(tenfold), near_before + 500)
        self.assertEqual(self.asked(nodes), asked_before)
        resp3 = self.cache_client(tenfold)
        resp3.redis("HELLO", "3")
        self.assertEqual(resp3.redis("GET", "front"), "page")
        self.assertEqual(self.near_hits(tenfold), near_before + 501)

    def test_changes_by_one_key_are_seen_at_once(self):
        tenfold = self.cache(self.redis(2), NEAR)
        client, other = self.cache_client(tenfold), self.cache_client(tenfold)
        changes = [
            (("SET", "k", "5"), "5"),
            (("INCR", "k"), "6"),
            (("APPEND", "k", "1"), "61"),
            (("GETSET", "k", "7"), "7"),
            (("SETRANGE", "k", "0", "8"), "8"),
            (("SETEX", "k", "100", "9"), "9"),
            (("GETDEL", "k"), None),
        ]
        for change, after in changes:
            client.redis("SET", "k", "1")
            before = {"INCR": "5", "APPEND": "6"}.get(change[0], "1")
            client.redis("SET", "k", before)
            self.heat(tenfold, client, "k")
            other.redis(*change)
            self.assertEqual(client.redis("GET", "k"), after, change)

    def test_every_other_change_is_seen_by_the_word_of_the_node(self):
        nodes = self.redis(1)
        tenfold = self.cache(nodes, NEAR + "\nallow_admin = true")
        client, other, beside = self.cache_client(tenfold), self.cache_client(tenfold), nodes[0].client()
        self.addCleanup(beside.close)
        changes = [
            (lambda: beside.redis("SET", "k", "beside"), "beside"),
            (lambda: beside.redis("DEL", "k"), None),
            (lambda: other.redis("MSET", "k", "many", "l", "1"), "many"),
            (lambda: other.redis("DEL", "k", "l"), None),
            (lambda: other.redis("EVAL", "return redis.call('SET', KEYS[1], 'script')", 1, "k"), "script"),
            (lambda: other.redis("EVAL", "return redis.call('SET', 'k', 'not named')", 1, "l"), "not named"),
            (lambda: [other.redis(*words) for words in (("MULTI",), ("SET", "k", "exec"), ("EXEC",))], "exec"),
            (lambda: other.redis("RENAME", "from", "k"), "renamed"),
            (lambda: beside.redis("PEXPIRE", "k", 1), None),
            (lambda: beside.redis("FLUSHALL"), None),
            (lambda: other.redis("FLUSHALL"), None),
        ]
        for change, after in changes:
            client.redis("SET", "from", "renamed")
            client.redis("SET", "k", "held")
            self.heat(tenfold, client, "k")
            change()
            self.sees(client, "k", after)

    def test_through_another_worker(self):
        tenfold = self.cache(self.redis(2), NEAR, run="workers = 3")
        writer = self.cache_client(tenfold)
        readers = [self.cache_client(tenfold) for _ in range(8)]
        for i in range(3):
            writer.redis("SET", "k", f"old {i}")
            for reader in readers:
                self.heat(tenfold, reader, "k")
            writer.redis("EVAL", "return redis.call('SET', KEYS[1], ARGV[1])", 1, "k", f"new {i}")
            for reader in readers:
                self.sees(reader, "k", f"new {i}")

    def test_without_the_word_nothing_is_held(self):
        """The way to the node breaks, and is made anew: what is held goes with it, though the node told of nothing."""
        node = self.redis(1)[0]
        relay = Relay(node)
        self.addCleanup(relay.stop)
        tenfold = self.behind(relay, NEAR)
        client = self.cache_client(tenfold)
        client.redis("SET", "k", "old")
        self.heat(tenfold, client, "k")
        with node.client() as beside:
            beside.redis("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            beside.redis("SET", "k", "new")

        def sees_it():
            try:
                return client.redis("GET", "k") == "new"
            except RedisError:  # it went over the connection that was just ending
                return False

        wait_until(sees_it, "k is new")
        self.heat(tenfold, client, "k")
        self.assertEqual(client.redis("GET", "k"), "new")

    def test_a_silent_node_is_not_trusted(self):
        """Nothing comes from the node, and no connection breaks: a second later nothing is held."""
        node = self.redis(1)[0]
        relay = Relay(node)
        self.addCleanup(relay.stop)
        tenfold = self.behind(relay, NEAR + '\nresponse_timeout = "500ms"')
        client = self.cache_client(tenfold)
        client.redis("SET", "k", "old")
        self.heat(tenfold, client, "k")
        relay.hold()
        self.addCleanup(relay.let_go)

        def is_lost():
            cache = self.service(tenfold)["cache"]
            return cache["near_bytes"] == 0 and "no reply within" in cache["near_problem"]

        wait_until(is_lost, "what is held is dropped, and the status says why")

    def test_a_node_that_refuses_says_why(self):
        node = self.redis(1)[0]
        with node.client() as beside:
            beside.redis("ACL", "SETUSER", "default", "-client|tracking")
        tenfold = self.cache([node], NEAR)
        client = self.cache_client(tenfold)
        client.redis("SET", "k", "v")
        wait_until(lambda: "NOPERM" in self.service(tenfold)["cache"]["near_problem"], "it says why")

        def is_hot():
            for _ in range(50):
                client.redis("GET", "k")
            return self.service(tenfold)["cache"]["hot_keys"]

        wait_until(is_hot, "the key is hot")
        self.assertEqual(self.near_hits(tenfold), 0)

    def test_who_watches_is_answered_by_the_node(self):
        nodes = self.redis(1)
        tenfold = self.cache(nodes, NEAR)
        client = self.cache_client(tenfold)
        client.redis("SET", "k", "v")
        self.heat(tenfold, client, "k")
        before = self.near_hits(tenfold)
        client.redis("WATCH", "k")
        self.assertEqual(client.redis("GET", "k"), "v")
        client.redis("MULTI")
        self.assertEqual(client.redis("GET", "k"), "QUEUED")
        self.assertEqual(client.redis("EXEC"), ["v"])
        self.assertEqual(self.near_hits(tenfold), before)

    def test_who_gets_messages_is_answered_by_the_node(self):
        """What a message tells of must not be what is held from before."""
        tenfold = self.cache(self.redis(1), NEAR)
        client = self.cache_client(tenfold)
        client.redis("SET", "front", "page")
        self.heat(tenfold, client, "front")
        reader = self.cache_client(tenfold)
        reader.redis("HELLO", "3")
        reader.redis("SUBSCRIBE", "news")
        before = self.near_hits(tenfold)
        for _ in range(20):
            self.assertEqual(reader.redis("GET", "front"), "page")
        self.assertEqual(self.near_hits(tenfold), before)

    def test_turned_off_and_on_again(self):
        nodes = self.redis(1)
        tenfold = self.cache(nodes, NEAR)
        client = self.cache_client(tenfold)
        client.redis("SET", "k", "v")
        with open(tenfold.file, encoding="utf-8") as file:
            text = file.read()

        def tracking():
            with nodes[0].client() as beside:
                flags = [line.split(" flags=")[1].split(" ")[0] for line in beside.redis("CLIENT", "LIST").splitlines()]
            return sum("B" in each for each in flags)

        for _ in range(2):
            self.heat(tenfold, client, "k")
            self.assertEqual(tracking(), 1)
            for changed in (text.replace(NEAR, ""), text):
                with open(tenfold.file, "w", encoding="utf-8") as file:
                    file.write(changed)
                self.assertEqual(tenfold.cli("reload")[0], 0)
                if changed != text:
                    wait_until(lambda: tracking() == 0, "nobody asks what changes")

    def test_of_the_built_in_cache(self):
        tenfold = self.tenfold(f'[cache.test]\nlisten = "127.0.0.1:{{port}}"\nprotocol = "redis"\n{NEAR}\n')
        client, other = self.cache_client(tenfold), self.cache_client(tenfold)
        for change, after in ((("MSET", "k", "2", "l", "3"), "2"), (("DEL", "k", "l"), None)):
            client.redis("SET", "k", "1")
            self.heat(tenfold, client, "k")
            other.redis(*change)
            self.assertEqual(client.redis("GET", "k"), after)

    def test_a_ring_that_changes_drops_all(self):
        nodes = self.redis(3)
        tenfold = self.cache(nodes[:2], NEAR)
        client = self.cache_client(tenfold)
        keys = [f"k:{i}" for i in range(4)]
        for key in keys:
            client.redis("SET", key, "v")
            self.heat(tenfold, client, key)
        self.assertEqual(tenfold.cli("add", "cache.test", nodes[2].address)[0], 0)
        for key in keys:
            for node in nodes:
                if key in node.keys():
                    with node.client() as beside:
                        beside.redis("SET", key, "new")
            self.sees(client, key, "new")
            self.heat(tenfold, client, key)


if __name__ == "__main__":
    unittest.main()
