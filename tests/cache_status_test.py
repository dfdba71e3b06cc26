# SPDX-License-Identifier: Apache-2.0
"""What an operator sees of a cache service: counts, hot keys, rings on their way, and verbs that wait for them."""

import json
import re
import unittest

from cache_servers import CacheScenario
from harness import wait_until


def metric(tenfold, name, **labels):
    """The value of the one series of that name with these labels; None when there is none."""
    wanted = [f'{key}="{value}"' for key, value in labels.items()]
    for line in tenfold.admin_request("GET", "/metrics").body.decode().splitlines():
        series, _, value = line.rpartition(" ")
        if series.partition("{")[0] == name and all(label in series for label in wanted):
            return float(value)
    return None


class Counts(CacheScenario):
    def test_hits_and_misses_of_memcached(self):
        tenfold = self.cache(self.memcached(3))
        client = self.cache_client(tenfold)
        for i in range(30):
            self.assertEqual(client.set(f"key:{i}", "v"), "STORED")
            self.assertEqual(client.get(f"key:{i}"), "v")
        for i in range(10):
            self.assertIsNone(client.get(f"none:{i}"))
        self.assertEqual(len(client.get_many([f"key:{i}" for i in range(20)] + ["none:1", "none:2"])), 20)
        service = self.service(tenfold)
        self.assertEqual((service["cache"]["hits"], service["cache"]["misses"]), (50, 12))
        self.assertAlmostEqual(service["cache"]["hit_ratio"], 50 / 62)
        self.assertEqual(metric(tenfold, "tenfold_cache_hits_total", service="cache.test"), 50)
        self.assertEqual(metric(tenfold, "tenfold_cache_misses_total", service="cache.test"), 12)
        for node in service["nodes"]:
            self.assertGreater(node["latency"]["count"], 0)
            self.assertGreaterEqual(node["latency"]["p99_ms"], node["latency"]["p50_ms"])
            self.assertEqual(
                metric(tenfold, "tenfold_node_latency_seconds_count", node=node["address"]), node["latency"]["count"]
            )

    def test_hits_and_misses_of_redis(self):
        tenfold = self.cache(self.redis(2))
        client = self.cache_client(tenfold)
        for i in range(10):
            client.redis("SET", f"key:{i}", "v")
            self.assertEqual(client.redis("GET", f"key:{i}"), "v")
        self.assertIsNone(client.redis("GET", "none"))
        self.assertEqual(client.redis("MGET", "key:1", "none", "key:2"), ["v", None, "v"])
        cache = self.service(tenfold)["cache"]
        self.assertEqual((cache["hits"], cache["misses"]), (12, 2))

    def test_several_keys_of_one_node_count_each(self):
        tenfold = self.cache(self.memcached(1))
        client = self.cache_client(tenfold)
        client.set("a", "VALUE b 0 1")
        client.set("b", "v")
        self.assertEqual(client.get_many(["a", "b", "c", "d", "e"]), {"a": "VALUE b 0 1", "b": "v"})
        self.assertEqual(client.meta("mg a v")[1], "VALUE b 0 1")
        self.assertEqual(client.meta("mg c v")[0], "EN")
        cache = self.service(tenfold)["cache"]
        self.assertEqual((cache["hits"], cache["misses"]), (3, 4))

        tenfold = self.cache(self.redis(1))
        client = self.cache_client(tenfold)
        client.redis("MSET", "a", "v", "b", "v")
        self.assertEqual(client.redis("MGET", "a", "b", "c"), ["v", "v", None])
        self.assertIsNone(client.redis("GET", "c"))
        cache = self.service(tenfold)["cache"]
        self.assertEqual((cache["hits"], cache["misses"]), (2, 2))

    def test_an_unknown_service_is_told(self):
        tenfold = self.cache(self.memcached(1))
        reply = tenfold.admin_request("GET", "/v1/services/cache.other")
        self.assertEqual(reply.status, 404)
        self.assertIn("cache.other", reply.json()["error"])


class HotKeys(CacheScenario):
    def check(self, tenfold, ask):
        """Asks for one key as often as for all others together."""
        for i in range(200):
            ask("page:front")
            ask(f"user:{i}")
        cache = self.service(tenfold)["cache"]
        hottest = cache["hot_keys"][0]
        self.assertEqual(hottest["key"], "page:front")
        self.assertAlmostEqual(hottest["share"], 0.5, delta=0.1)
        self.assertLessEqual(hottest["share_at_least"], hottest["share"])
        self.assertAlmostEqual(metric(tenfold, "tenfold_cache_hottest_key_share", service="cache.test"), 0.5, delta=0.1)
        self.assertNotIn("page:front", tenfold.admin_request("GET", "/metrics").body.decode())
        code, text, _ = tenfold.cli("status")
        self.assertEqual(code, 0)
        self.assertIn("hottest keys: page:front", text)
        explained = json.loads(tenfold.cli("explain", "cache", "test", "page:front", "--json")[1])
        self.assertEqual((explained["heat"]["hot"], explained["heat"]["rank"]), (True, 1))
        explained = json.loads(tenfold.cli("explain", "cache", "test", "never:asked", "--json")[1])
        self.assertFalse(explained["heat"]["hot"])

    def test_of_memcached(self):
        tenfold = self.cache(self.memcached(2), run="workers = 2")
        self.check(tenfold, self.cache_client(tenfold).get)

    def test_of_redis(self):
        tenfold = self.cache(self.redis(2), run="workers = 2")
        client = self.cache_client(tenfold)
        self.check(tenfold, lambda key: client.redis("GET", key))

    def test_of_many_keys_in_one_request(self):
        tenfold = self.cache(self.memcached(2))
        client = self.cache_client(tenfold)
        for i in range(100):
            client.get_many(["front", f"a:{i}", f"b:{i}", f"c:{i}"])
        hottest = self.service(tenfold)["cache"]["hot_keys"][0]
        self.assertEqual(hottest["key"], "front")
        self.assertAlmostEqual(hottest["share"], 0.25, delta=0.05)

    def test_any_bytes_are_shown_escaped_and_cut(self):
        tenfold = self.cache(self.redis(1))
        client = self.cache_client(tenfold)
        for _ in range(50):
            client.redis("GET", b"\x1b[2J\r\n<b>" + b"k" * 200)
        shown = self.service(tenfold)["cache"]["hot_keys"][0]["key"]
        self.assertTrue(shown.startswith("\\x1b[2J\\x0d\\x0a<b>kkk"))
        self.assertTrue(shown.endswith("k..."))
        self.assertLess(len(shown), 80)
        self.assertNotIn("\x1b", tenfold.cli("status")[1])

    def test_the_setting_turns_them_off(self):
        tenfold = self.cache(self.memcached(1), "hot_keys = false")
        client = self.cache_client(tenfold)
        for _ in range(100):
            client.get("secret:name")
        self.assertEqual(self.service(tenfold)["cache"]["hot_keys"], [])
        self.assertNotIn("secret:name", tenfold.cli("status")[1])
        explained = json.loads(tenfold.cli("explain", "cache", "test", "secret:name", "--json")[1])
        self.assertFalse(explained["heat"]["hot"])
        # A reload turns them on again.
        with open(tenfold.file, encoding="utf-8") as file:
            text = file.read()
        with open(tenfold.file, "w", encoding="utf-8") as file:
            file.write(text.replace("hot_keys = false", "hot_keys = true"))
        self.assertEqual(tenfold.cli("reload")[0], 0)
        wait_until(lambda: client.get("key:1") is None and self.service(tenfold)["cache"]["hot_keys"], "a hot key")


class Moving(CacheScenario):
    """The verbs wait until the ring is steady, and say what they did."""

    KEYS = 2_000

    def fill(self, client, redis):
        for i in range(self.KEYS):
            if redis:
                client.redis("SET", f"key:{i}", f"value {i}")
            else:
                client.set(f"key:{i}", f"value {i}")

    def check_all(self, client, redis):
        for i in range(self.KEYS):
            value = client.redis("GET", f"key:{i}") if redis else client.get(f"key:{i}")
            self.assertEqual(value, f"value {i}", f"key:{i}")

    def check_add_drain_remove(self, nodes, redis):
        tenfold = self.cache(nodes[:2])
        self.wait_for_ring(tenfold, nodes[:2])
        client = self.cache_client(tenfold)
        self.fill(client, redis)
        new = nodes[2]

        code, text, talk = tenfold.cli("add", "cache.test", new.address, "--json")
        self.assertEqual(code, 0, talk)
        self.assertIn("has joined the ring", talk)
        row = json.loads(text)
        self.assertEqual(row["address"], new.address)
        self.assertEqual(row["ring_state"]["phase"], "steady")
        self.assertIn(new.address, row["ring_state"]["nodes"])
        moved = self.service(tenfold)["cache"]["moved_keys"]
        self.assertEqual(moved, len(new.keys()))
        self.assertIn(f"; {moved} keys were moved", talk)
        self.assertGreater(moved, self.KEYS / 5)
        self.assertEqual(metric(tenfold, "tenfold_cache_ring_nodes", service="cache.test"), 3)
        self.assertEqual(metric(tenfold, "tenfold_cache_ring_phase", service="cache.test", phase="steady"), 1)
        self.check_all(client, redis)

        code, text, talk = tenfold.cli("drain", "cache.test", new.address, "--json")
        self.assertEqual(code, 0, talk)
        self.assertIn(f"has left the ring; {moved} keys were moved", talk)
        self.assertNotIn(new.address, json.loads(text)["ring_state"]["nodes"])
        self.assertEqual(new.keys(), set())
        self.check_all(client, redis)

        self.assertEqual(tenfold.cli("enable", "cache.test", new.address)[0], 0)
        self.assertGreater(len(new.keys()), self.KEYS / 5)
        code, text, talk = tenfold.cli("remove", "cache.test", new.address)
        self.assertEqual(code, 0, talk)
        self.assertIn("has left the ring", talk)
        self.assertEqual(new.keys(), set())
        self.check_all(client, redis)

    def test_memcached(self):
        self.check_add_drain_remove(self.memcached(3), redis=False)

    def test_redis(self):
        self.check_add_drain_remove(self.redis(3), redis=True)

    def test_a_node_that_is_kept_out_is_told_with_the_reason(self):
        """A store's node must be empty before it joins."""
        nodes = self.redis(2)
        tenfold = self.cache(nodes[:1])
        with nodes[1].client() as other:
            other.redis("SET", "somebody", "else's")
        code, text, talk = tenfold.cli("add", "cache.test", nodes[1].address, "--json")
        self.assertEqual(code, 4, talk)
        self.assertIn("is kept out of the ring: INFO KEYSPACE", talk)
        self.assertIn("must be empty", talk)
        self.assertIn("must be empty", json.loads(text)["ring_state"]["kept_out"][nodes[1].address])
        self.assertIn(f"{nodes[1].address} is kept out", tenfold.cli("status")[1])
        self.assertEqual(metric(tenfold, "tenfold_cache_ring_kept_out_nodes", service="cache.test"), 1)
        # Once it is empty, it joins by itself.
        with nodes[1].client() as other:
            other.redis("FLUSHALL")
        self.wait_for_ring(tenfold, nodes)
        self.assertEqual(metric(tenfold, "tenfold_cache_ring_kept_out_nodes", service="cache.test"), 0)

    def test_keys_that_cannot_be_moved_are_told_with_the_reason(self):
        nodes = self.redis(2)
        tenfold = self.cache(nodes[:1], 'response_timeout = "500ms"')
        client = self.cache_client(tenfold)
        value = "v" * 500_000
        for i in range(20):
            client.redis("SET", f"key:{i}", value)
        with nodes[1].client() as other:
            (used,) = re.findall(r"used_memory:(\d+)", other.redis("INFO", "memory"))
            other.redis("CONFIG", "SET", "maxmemory", int(used) + 2_000_000)  # it takes some keys, and no more
        self.assertIn("changes", tenfold.admin_request(
            "POST", "/v1/services/cache.test/nodes", body=json.dumps({"address": nodes[1].address}).encode()
        ).json())  # fmt: skip

        def problem():
            return self.service(tenfold)["ring_state"].get("problem")

        self.assertIn("OOM", wait_until(problem, "the problem is told"))
        ring = self.service(tenfold)["ring_state"]
        self.assertEqual((ring["phase"], ring["joining"]), ("moving", [nodes[1].address]))
        self.assertEqual(metric(tenfold, "tenfold_cache_moving_total_keys", service="cache.test"), 20)
        self.assertIn("not moved yet", tenfold.cli("status")[1])
        with nodes[1].client() as other:
            other.redis("CONFIG", "SET", "maxmemory", "0")
        self.wait_for_ring(tenfold, nodes)
        for i in range(20):
            self.assertEqual(client.redis("GET", f"key:{i}"), value)

    def test_a_failed_node_is_passed_over(self):
        nodes = self.memcached(3)
        tenfold = self.cache(nodes)
        nodes[0].kill()

        def passed_over():
            return self.service(tenfold)["ring_state"]["passed_over"]

        self.assertEqual(wait_until(passed_over, "the node is passed over"), [nodes[0].address])
        self.assertEqual(metric(tenfold, "tenfold_cache_ring_passed_over_nodes", service="cache.test"), 1)
        self.assertIn(f"{nodes[0].address} is passed over", tenfold.cli("status")[1])

    def test_explain_names_no_other_node_for_what_a_store_holds(self):
        nodes = self.redis(2)
        for settings, others in (("", 0), ("persistent = false", 1)):
            tenfold = self.cache(nodes, settings)
            self.wait_for_ring(tenfold, nodes)
            explained = json.loads(tenfold.cli("explain", "cache", "test", "a", "--json")[1])
            self.assertEqual(len(explained["then"]), others)

    def test_explain_refuses_a_key_that_memcached_would(self):
        tenfold = self.cache(self.memcached(1))
        explained = json.loads(tenfold.cli("explain", "cache", "test", "k" * 251, "--json")[1])
        self.assertEqual(explained["result"], "refused")
        self.assertIn("at most 250 bytes", explained["why"])

    def test_where_no_node_is_up_none_is_tried(self):
        (node,) = nodes = self.memcached(1)
        tenfold = self.cache(nodes)
        node.kill()

        def shown():
            return self.service(tenfold)["nodes"][0]

        wait_until(lambda: shown()["state"] in ("down", "ejected"), "the node has failed")
        self.assertIs(shown()["takes_traffic"], False)
        code, text, _ = tenfold.cli("status")
        self.assertEqual(code, 4)
        self.assertIn("PANIC: no node is up; clients get errors\n", text)
        owner = json.loads(tenfold.cli("explain", "cache", "test", "a", "--json")[1])["owner"]
        self.assertIs(owner["candidate"], False)
        self.assertIn(f"SERVER_ERROR node {node.address} is down: ", self.cache_client(tenfold).line("get a"))


if __name__ == "__main__":
    unittest.main()
