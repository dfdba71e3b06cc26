# SPDX-License-Identifier: Apache-2.0
"""Nodes of a cache that fail and return, leave and die: no value that was overwritten or deleted ever comes back."""

import json
import unittest

from cache_servers import CacheScenario, Redis, RedisError, Relay, redis_request
from harness import wait_until

KEYS = [f"key:{i}" for i in range(200)]
# Nobody is taken for dead but for what it does to commands; a node that failed is asked again soon.
PATIENT_HEALTH = 'health = { interval = "200ms", timeout = "20s", rise = 1, eject_after = 1000, eject_for = "100ms" }'


class Gutter(CacheScenario):
    def check_values(self, client, allowed):
        """Each key has one of the values; how many were found."""
        found = 0
        for key in KEYS:
            value = client.get(key)
            self.assertIn(value, allowed, key)
            found += value is not None
        return found

    def test_what_was_stored_for_a_failed_node_goes_back_to_it(self):
        nodes = self.memcached(3)
        tenfold = self.cache(nodes)
        self.wait_for_ring(tenfold, nodes)
        client = self.cache_client(tenfold)
        for key in KEYS:
            self.assertEqual(client.set(key, "first"), "STORED")
        was_at_0 = nodes[0].keys()
        self.assertTrue(was_at_0)
        for round_ in range(3):
            nodes[0].kill()
            self.wait_for_ring(tenfold, nodes[1:])
            self.check_values(client, [None, "first", f"whole {round_ - 1}"])
            for key in KEYS:
                self.assertEqual(client.set(key, f"gutter {round_}"), "STORED")
            self.assertEqual(client.line(f"delete {KEYS[0]}"), "DELETED")
            nodes[0].start()
            self.wait_for_ring(tenfold, nodes)
            # Each is where it belongs, and nowhere else.
            self.assertEqual(self.check_values(client, [None, f"gutter {round_}"]), len(KEYS) - 1)
            self.assertEqual(nodes[0].keys(), was_at_0 - {KEYS[0]})
            self.assertEqual(nodes[0].keys() & (nodes[1].keys() | nodes[2].keys()), set())
            for key in KEYS:
                self.assertEqual(client.set(key, f"whole {round_}"), "STORED")

    def test_what_is_stored_for_a_failed_node_is_bounded(self):
        nodes = self.memcached(2)
        tenfold = self.cache(nodes, 'gutter_ttl = "100s"')
        self.wait_for_ring(tenfold, nodes)
        client = self.cache_client(tenfold)
        for key in KEYS:
            client.set(key, "v")
        gutter = nodes[0].keys()
        own = nodes[1].keys()
        nodes[0].kill()
        self.wait_for_ring(tenfold, nodes[1:])
        stores = [
            lambda key: client.set(key, "v"),
            lambda key: client.set(key, "v", expiry=1000),
            lambda key: client.set(key, "v", expiry=1000, verb="add"),
            lambda key: client.meta(f"ms {key} 1", "v"),
            lambda key: client.meta(f"ms {key} 1 T1000", "v"),
            lambda key: (client.set(key, "v", expiry=5), client.line(f"touch {key} 0")),
            lambda key: client.meta(f"mg {key} v N1000"),
        ]
        for key, store in zip(sorted(gutter), stores, strict=False):
            store(key)
        for key in own:
            client.set(key, "v")
        with nodes[1].client() as node:
            for key in sorted(gutter)[: len(stores)]:
                line, _ = node.meta(f"mg {key} t")
                self.assertRegex(line, r"^HD t(100|9\d)( Z)?$", key)
            for key in own:
                self.assertEqual(node.meta(f"mg {key} t")[0], "HD t-1")
        # Once the node is back, nothing is bounded any more.
        nodes[0].start()
        self.wait_for_ring(tenfold, nodes)
        for key in gutter:
            client.set(key, "v")
        with nodes[0].client() as node:
            for key in gutter:
                self.assertEqual(node.meta(f"mg {key} t")[0], "HD t-1")

    def test_a_line_without_room_for_its_new_time_is_refused(self):
        """memcached would read the value of a line with too many flags as commands; and a line that is too long for
        Tenfold itself must not go on as it is, for it asks for no reply."""
        nodes = self.memcached(2)
        tenfold = self.cache(nodes, 'gutter_ttl = "100s"')
        self.wait_for_ring(tenfold, nodes)
        client, other = self.cache_client(tenfold), self.cache_client(tenfold)
        for key in KEYS:
            client.set(key, "v")
        gutter, own = min(nodes[0].keys()), min(nodes[1].keys())
        nodes[0].kill()
        self.wait_for_ring(tenfold, nodes[1:])
        value = f"\r\nset {own} 0 0 6\r\nforged\r\n"
        many_flags = f"ms {gutter} {len(value)} c k O1 F0 x y z a d e f g h i j l"
        self.assertEqual(client.meta(many_flags, value), ("CLIENT_ERROR options flags too long", None))
        self.assertEqual(other.get(own), "v")
        long = f"ms {gutter} 1 q F"
        self.assertEqual(client.meta(f"{long:0<2047}", "x"), ("CLIENT_ERROR line too long", None))
        for _ in range(3):
            self.assertEqual((other.get(own), client.get(gutter)), ("v", None))

    def test_what_is_stored_for_a_failed_node_expires(self):
        nodes = self.memcached(2)
        tenfold = self.cache(nodes, 'gutter_ttl = "1s"')
        self.wait_for_ring(tenfold, nodes)
        client = self.cache_client(tenfold)
        for key in KEYS:
            client.set(key, "v")
        gutter = nodes[0].keys()
        nodes[0].kill()
        self.wait_for_ring(tenfold, nodes[1:])
        for key in KEYS:
            client.set(key, "w")
        wait_until(lambda: not any(client.get(key) for key in gutter), "the gutter is empty")
        self.assertEqual(self.check_values(client, [None, "w"]), len(KEYS) - len(gutter))

    def test_of_redis_as_a_cache(self):
        nodes = self.redis(2)
        tenfold = self.cache(nodes, 'persistent = false\ngutter_ttl = "100s"')
        self.wait_for_ring(tenfold, nodes)
        client = self.cache_client(tenfold)
        for key in KEYS:
            client.redis("SET", key, "first")
        gutter = sorted(nodes[0].keys())
        own = nodes[1].keys()
        nodes[0].kill()
        self.wait_for_ring(tenfold, nodes[1:])
        client.redis("SET", gutter[0], "second")
        client.redis("HSET", gutter[1], "field", "second")
        client.redis("SET", gutter[2], "second", "EX", "5")
        client.redis("MSET", gutter[3], "second", min(own), "second")
        client.redis("EVAL", "return redis.call('SET', KEYS[1], 'second')", "1", gutter[4])
        with nodes[1].client() as node:
            for i in (0, 1, 3, 4):
                self.assertGreater(node.redis("TTL", gutter[i]), 90, i)
                self.assertLessEqual(node.redis("TTL", gutter[i]), 100, i)
            self.assertLessEqual(node.redis("TTL", gutter[2]), 5)
            self.assertEqual(node.redis("TTL", min(own)), -1)
        nodes[0].start()
        self.wait_for_ring(tenfold, nodes)
        self.assertEqual(client.redis("GET", gutter[0]), "second")
        self.assertEqual(nodes[0].keys(), set(gutter[:5]))
        self.assertEqual(nodes[0].keys() & nodes[1].keys(), set())

    def test_a_large_write_that_a_full_queue_refuses(self):
        """Its bytes are read behind the refusal: what is stored for a failed node is bounded by a further command."""
        nodes = self.redis(2)
        tenfold = self.cache(nodes, "persistent = false\nnode_queue = 1")
        self.wait_for_ring(tenfold, nodes)
        nodes[0].kill()
        self.wait_for_ring(tenfold, nodes[1:])
        waiting, client = self.cache_client(tenfold), self.cache_client(tenfold)
        nodes[1].pause()
        commands = self.service(tenfold)["cache"]["commands"]
        waiting.send(redis_request("GET", KEYS[0]))
        wait_until(lambda: self.service(tenfold)["cache"]["commands"] > commands, "the queue is full")
        for key in KEYS[:20]:
            with self.assertRaises(RedisError):
                client.redis("SET", key, "v" * 20_000)
        nodes[1].go_on()
        self.assertIsNone(waiting.read_redis())


class LateCommands(CacheScenario):
    def test_a_command_that_a_node_carries_out_after_it_was_given_up(self):
        """The node hangs, a command is given up, the key moves elsewhere, and only then the node carries it out."""
        nodes = self.memcached(3)
        tenfold = self.cache(nodes[:2], 'response_timeout = "300ms"', health=PATIENT_HEALTH)
        self.wait_for_ring(tenfold, nodes[:2])
        client = self.cache_client(tenfold)
        nodes[0].pause()
        for key in KEYS:
            client.send(f"set {key} 0 0 3\r\nold\r\n".encode())
        self.assertEqual(tenfold.admin_request(
            "POST", "/v1/services/cache.test/nodes", body=json.dumps({"address": nodes[2].address}).encode()
        ).status, 201)  # fmt: skip
        outcomes = [client.read_line() for _ in KEYS]
        self.assertTrue(any("SERVER_ERROR" in outcome for outcome in outcomes))
        self.assertTrue(all(outcome == "STORED" or "SERVER_ERROR" in outcome for outcome in outcomes), outcomes)
        nodes[0].go_on()
        self.wait_for_ring(tenfold, nodes)
        for key in KEYS:
            self.assertEqual(client.set(key, "new"), "STORED")
        code, _, talk = tenfold.cli("drain", "cache.test", nodes[2].address)
        self.assertEqual(code, 0, talk)
        for key in KEYS:
            self.assertEqual(client.get(key), "new", key)


    def test_a_command_that_arrives_after_its_key_has_moved(self):
        """The line is bad for one connection; the next one is good, and all keys move; then the old one delivers."""
        nodes = self.memcached(3)
        relay = Relay(nodes[0])
        self.addCleanup(relay.stop)
        tenfold = self.cache([relay, nodes[1]], 'response_timeout = "300ms"', health=PATIENT_HEALTH)
        self.wait_for_ring(tenfold, [relay, nodes[1]])
        client = self.cache_client(tenfold)
        for key in KEYS:
            client.set(key, "first")
        relay.hold()
        large = [f"large:{i}" for i in range(40)]  # the line is full of these
        for key in large:
            client.send(f"set {key} 0 0 1024\r\n".encode() + b"v" * 1024 + b"\r\n")
        for key in KEYS:
            client.send(f"set {key} 0 0 3\r\nold\r\n".encode())
        outcomes = [client.read_line() for _ in large + KEYS]
        self.assertTrue(any("SERVER_ERROR" in outcome for outcome in outcomes))
        # The connection is closed for being silent; a new one serves.
        wait_until(lambda: all("STORED" == client.set(key, "new") for key in KEYS), "the node is stored to again")
        self.wait_for_ring(tenfold, [relay, nodes[1]])
        code, _, talk = tenfold.cli("add", "cache.test", nodes[2].address)
        self.assertEqual(code, 0, talk)
        for key in KEYS:
            self.assertEqual(client.set(key, "newer"), "STORED")
        relay.let_go()
        code, _, talk = tenfold.cli("drain", "cache.test", nodes[2].address)
        self.assertEqual(code, 0, talk)
        for key in KEYS:
            self.assertEqual(client.get(key), "newer", key)


class Leaving(CacheScenario):
    def test_a_node_that_dies_while_its_keys_are_taken_from_it(self):
        nodes = self.memcached(3)
        tenfold = self.cache(nodes, 'response_timeout = "300ms"', health=PATIENT_HEALTH)
        self.wait_for_ring(tenfold, nodes)
        client = self.cache_client(tenfold)
        for key in KEYS:
            client.set(key, "v")
        lost = nodes[0].keys()
        nodes[0].pause()
        removed = tenfold.admin_request("DELETE", f"/v1/services/cache.test/nodes/{nodes[0].address}")
        self.assertEqual(removed.status, 200)
        self.wait_for_ring(tenfold, nodes[1:])
        for key in KEYS:
            self.assertEqual(client.get(key), None if key in lost else "v", key)
            self.assertEqual(client.set(key, "w"), "STORED")
            self.assertEqual(client.get(key), "w")
        self.assertIn("keys_lost", tenfold.log())

    def test_keys_of_a_store_wait_for_the_node_that_has_them(self):
        """A key whose old node is down is an error, and never missing."""
        nodes = self.redis(3)
        health = 'health = { interval = "100ms", timeout = "300ms", rise = 1, fall = 2 }'
        tenfold = self.cache(nodes[:2], 'response_timeout = "300ms"', health=health)
        self.wait_for_ring(tenfold, nodes[:2])
        client = self.cache_client(tenfold)
        for key in KEYS:
            client.redis("SET", key, "v")
        waiting = nodes[0].keys()
        nodes[0].pause()

        def state():
            return next(n["state"] for n in self.service(tenfold)["nodes"] if n["address"] == nodes[0].address)

        wait_until(lambda: state() in ("down", "ejected"), "the node is down")
        tenfold.admin_request(
            "POST", "/v1/services/cache.test/nodes", body=json.dumps({"address": nodes[2].address}).encode()
        )
        wait_until(lambda: self.service(tenfold)["ring_state"].get("problem"), "the mover waits for the node")
        errors = 0
        for key in KEYS:
            try:
                self.assertEqual(client.redis("GET", key), "v", key)
            except RedisError as error:
                errors += 1
                self.assertIn(key, waiting, error)
        self.assertEqual(errors, len(waiting))
        nodes[0].go_on()
        self.wait_for_ring(tenfold, nodes)
        for key in KEYS:
            self.assertEqual(client.redis("GET", key), "v", key)
        self.assertTrue(nodes[2].keys())


class OneKey(CacheScenario):
    def test_a_get_under_way_at_a_node_that_dies_is_a_miss_however_long_its_key(self):
        nodes = self.memcached(2)
        tenfold = self.cache(nodes, 'response_timeout = "5s"', health=PATIENT_HEALTH)
        self.wait_for_ring(tenfold, nodes)
        keys = [f"{i:x<{length}}" for length in (10, 100, 250) for i in range(10, 30)]
        client = self.cache_client(tenfold)
        for key in keys:
            client.set(key, "v")
        lost = nodes[0].keys()
        self.assertEqual({len(key) for key in lost}, {10, 100, 250})
        nodes[0].pause()
        asking = {key: self.cache_client(tenfold) for key in lost}
        for key, other in asking.items():
            other.send(f"get {key}\r\n".encode())

        def under_way():
            return sum(row["outstanding"] for row in self.service(tenfold)["nodes"]) == len(lost)

        wait_until(under_way, "they are under way")
        nodes[0].kill()
        for key, other in asking.items():
            self.assertEqual(other.read_line(), "END", key)


class ManyKeys(CacheScenario):
    """A lookup of many keys meets a node that dies: the keys of the others are found, and those of that node are asked
    for again at the next one, where they are missing. Nothing of it is an error."""

    def test_memcached(self):
        for count in (3, 1):
            nodes = self.memcached(count)
            tenfold = self.cache(nodes, 'response_timeout = "5s"')
            self.wait_for_ring(tenfold, nodes)
            client = self.cache_client(tenfold)
            for key in KEYS:
                client.set(key, "old")
            lost = nodes[0].keys()
            nodes[0].kill()
            if count == 1:
                nodes[0].start()  # the broken connection is made anew
            # What the client sends behind it does not overtake.
            mine = sorted(lost)[0]
            client.send(f"get {' '.join(KEYS)}\r\nset {mine} 0 0 3\r\nnew\r\nget {mine}\r\n".encode())
            self.assertEqual(self.read_values(client), {key: "old" for key in KEYS if key not in lost})
            self.assertEqual(client.read_line(), "STORED")
            self.assertEqual(self.read_values(client), {mine: "new"})

    def test_memcached_that_hangs(self):
        nodes = self.memcached(3)
        tenfold = self.cache(nodes, 'response_timeout = "3s"')
        self.wait_for_ring(tenfold, nodes)
        client = self.cache_client(tenfold)
        for key in KEYS:
            client.set(key, "old")
        lost = nodes[0].keys()
        nodes[0].pause()
        for line in (f"gets {' '.join(KEYS)}", f"gat 100 {' '.join(KEYS)}"):
            client.send(line.encode() + b"\r\n")
            self.assertEqual(self.read_values(client), {key: "old" for key in KEYS if key not in lost})

    def test_redis(self):
        nodes = self.servers(Redis, 3)
        tenfold = self.cache(nodes, 'persistent = false\nresponse_timeout = "5s"')
        self.wait_for_ring(tenfold, nodes)
        client = self.cache_client(tenfold)
        for lost_node in (0, 1):
            for key in KEYS:
                client.redis("SET", key, key)
            lost = nodes[lost_node].keys()
            nodes[lost_node].kill()
            if lost_node == 0:
                self.assertEqual(client.redis("MGET", *KEYS), [None if key in lost else key for key in KEYS])
            else:
                self.assertEqual(client.redis("EXISTS", *KEYS), len(KEYS) - len(lost))
            self.assertEqual(client.redis("TOUCH", *KEYS), len(KEYS) - len(lost))

    @staticmethod
    def read_values(client):
        values = {}
        while (line := client.read_line()) != "END":
            word, key, _, size = line.split(" ")[:4]
            assert word == "VALUE", line
            values[key] = client.reader.read(int(size)).decode()
            client.reader.read(2)
        return values


if __name__ == "__main__":
    unittest.main()
