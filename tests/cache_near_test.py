# SPDX-License-Identifier: Apache-2.0
"""The near cache: the hottest keys of memcached are answered by the workers themselves, and never with what their own
clients have overwritten or deleted."""

import threading
import unittest

from cache_harness import NO_HEALTH, RawScenario
from cache_servers import CacheScenario
from harness import wait_until

# A reply that was held wrongly would be seen for long.
NEAR = 'near_cache = "1MiB"\nnear_cache_staleness = "60s"'


class NearCache(CacheScenario):
    def near_hits(self, tenfold):
        return self.service(tenfold)["cache"]["near_hits"]

    def asked(self, nodes):
        """How many keys the nodes were asked for."""
        total = 0
        for node in nodes:
            with node.client() as client:
                total += int(client.stats()["cmd_get"])
        return total

    def heat(self, tenfold, client, key):
        """Asks for the key until a worker answers by itself."""
        before = self.near_hits(tenfold)

        def is_near():
            for _ in range(50):
                client.get(key)
            return self.near_hits(tenfold) > before

        wait_until(is_near, f"{key} is held")

    def test_hot_keys_do_not_reach_their_node(self):
        nodes = self.memcached(2)
        tenfold = self.cache(nodes, NEAR)
        client = self.cache_client(tenfold)
        client.set("front", "page", flags=7)
        self.heat(tenfold, client, "front")
        near_before = self.near_hits(tenfold)
        asked_before = self.asked(nodes)
        for _ in range(500):
            self.assertEqual(client.line("get front"), "VALUE front 7 4")
            self.assertEqual([client.read_line(), client.read_line()], ["page", "END"])
        self.assertEqual(self.near_hits(tenfold), near_before + 500)
        self.assertEqual(self.asked(nodes), asked_before)
        cache = self.service(tenfold)["cache"]
        self.assertGreater(cache["near_bytes"], 0)
        self.assertEqual(cache["hot_keys"][0]["key"], "front")

    def test_every_change_is_seen_at_once(self):
        tenfold = self.cache(self.memcached(2), NEAR)
        client, other = self.cache_client(tenfold), self.cache_client(tenfold)
        changes = [  # what is there, what is done, and what is there then
            ("1", lambda: other.set("k", "5"), "5"),
            ("5", lambda: other.line("incr k 1"), "6"),
            ("6", lambda: other.line("decr k 2"), "4"),
            ("4", lambda: other.set("k", "0", verb="append"), "40"),
            ("40", lambda: other.set("k", "1", verb="prepend"), "140"),
            ("140", lambda: other.set("k", "7", verb="replace"), "7"),
            ("7", lambda: other.meta("ms k 1", "8"), "8"),
            ("8", lambda: other.meta("ms aw== 1 b", "9"), "9"),  # "k", in base64
            ("9", lambda: other.meta("ma k"), "10"),
            ("10", lambda: other.meta("md k"), None),
            ("11", lambda: other.line("touch k -1"), None),
            ("12", lambda: (other.send(b"set k 0 0 2 noreply\r\n13\r\n"), other.get("other")), "13"),
            ("13", lambda: other.line("delete k"), None),
            ("14", lambda: (other.line("gat -1 k"), other.read_line(), other.read_line()), None),
            ("15", lambda: (other.line("gat 2592001 k"), other.read_line(), other.read_line()), None),  # long ago
            ("16", lambda: (other.line("gats -1 none k"), other.read_line(), other.read_line()), None),
            ("17", lambda: other.meta("mg k v T-1"), None),
            ("18", lambda: other.meta("mg k v T100"), "18"),
        ]
        for before, change, after in changes:
            self.assertEqual(client.set("k", before), "STORED")
            self.heat(tenfold, client, "k")
            change()
            self.assertEqual(client.get("k"), after)

    def test_a_client_sees_its_own_pipeline_in_order(self):
        tenfold = self.cache(self.memcached(2), NEAR)
        client = self.cache_client(tenfold)
        client.set("k", "old")
        self.heat(tenfold, client, "k")
        client.send(b"get k\r\nset k 0 0 3\r\nnew\r\nget k\r\ndelete k\r\nget k\r\n")
        expected = ["VALUE k 0 3", "old", "END", "STORED", "VALUE k 0 3", "new", "END", "DELETED", "END"]
        self.assertEqual([client.read_line() for _ in expected], expected)

    def test_nobody_reads_backwards_while_a_key_is_written(self):
        for connections in (1, 3):
            tenfold = self.cache(self.memcached(2), NEAR + f"\nnode_connections = {connections}")
            writer = self.cache_client(tenfold)
            writer.set("k", "0")
            self.heat(tenfold, writer, "k")
            written = [0]
            wrong = []
            ending = threading.Event()

            def read(tenfold=tenfold, written=written, wrong=wrong, ending=ending):
                client = self.cache_client(tenfold)
                last = 0
                while not ending.is_set():
                    least = written[0]
                    value = int(client.get("k"))
                    if value < max(least, last):
                        wrong.append((value, least, last))
                    last = value

            threads = [threading.Thread(target=read, daemon=True) for _ in range(3)]
            for thread in threads:
                thread.start()
            for number in range(1, 1500):
                writer.set("k", str(number))
                written[0] = number
            self.assertGreater(self.near_hits(tenfold), 0)
            ending.set()
            for thread in threads:
                thread.join(20)
            self.assertEqual(wrong, [])

    def test_what_others_write_is_seen_in_time(self):
        nodes = self.memcached(1)
        tenfold = self.cache(nodes, 'near_cache = "1MiB"\nnear_cache_staleness = "300ms"')
        client = self.cache_client(tenfold)
        client.set("k", "old")
        self.heat(tenfold, client, "k")
        with nodes[0].client() as beside:
            beside.set("k", "new")
        wait_until(lambda: client.get("k") == "new", "the new value is seen")

    def test_what_is_written_through_another_worker_is_seen_long_before_its_time(self):
        tenfold = self.cache(self.memcached(2), NEAR, run="workers = 3")
        writer = self.cache_client(tenfold)
        readers = [self.cache_client(tenfold) for _ in range(8)]
        for i in range(5):
            writer.set("k", f"old {i}")
            for reader in readers:
                self.heat(tenfold, reader, "k")
            if i % 2:
                writer.line("delete k")
            else:
                writer.set("k", f"new {i}")
            for reader in readers:
                wait_until(lambda reader=reader, i=i: reader.get("k") == (None if i % 2 else f"new {i}"), "it is seen")

    def test_a_ring_that_changes_drops_all(self):
        nodes = self.memcached(3)
        tenfold = self.cache(nodes[:2], NEAR)
        client = self.cache_client(tenfold)
        keys = [f"k:{i}" for i in range(4)]
        for key in keys:
            client.set(key, "old")
            self.heat(tenfold, client, key)
        for node in nodes[:2]:
            with node.client() as beside:
                for key in node.keys():
                    beside.set(key, "new")
        self.assertEqual(tenfold.cli("add", "cache.test", nodes[2].address)[0], 0)
        for key in keys:
            self.assertEqual(client.get(key), "new")

    def test_with_leases_and_an_expired_value(self):
        tenfold = self.cache(self.memcached(1), NEAR + '\nlease = "60s"')
        client, other = self.cache_client(tenfold), self.cache_client(tenfold)
        self.assertIsNone(client.get("k"))
        client.set("k", "v")
        self.heat(tenfold, other, "k")
        client.line("delete k")
        self.assertIsNone(client.get("k"))
        client.set("k", "w")
        self.assertEqual(other.get("k"), "w")

    def test_off_by_default(self):
        tenfold = self.cache(self.memcached(1))
        client = self.cache_client(tenfold)
        client.set("k", "v")

        def is_hot():
            for _ in range(50):
                client.get("k")
            cache = self.service(tenfold)["cache"]
            return cache["commands"] > 20_000 and cache["hot_keys"]

        wait_until(is_hot, "the key is hot")
        self.assertEqual(self.near_hits(tenfold), 0)

    def test_works_with_hot_keys_that_are_not_shown(self):
        tenfold = self.cache(self.memcached(1), NEAR + "\nhot_keys = false")
        client = self.cache_client(tenfold)
        client.set("k", "v")
        self.heat(tenfold, client, "k")
        self.assertEqual(self.service(tenfold)["cache"]["hot_keys"], [])


class BesideAnEndUnderWay(RawScenario):
    def test_what_is_read_over_another_connection_is_not_held(self):
        """A gat that lets keys expire is under way, and the node has not come to it yet."""
        arrived, ended, go_on = threading.Event(), threading.Event(), threading.Event()
        self.addCleanup(go_on.set)

        def answer(line, *_):
            if line.startswith(b"gat "):
                arrived.set()
                go_on.wait(20)
                ended.set()
            return b"END\r\n" if ended.is_set() else b"VALUE k 0 1\r\nv\r\nEND\r\n"

        settings = f'{NEAR}\nnode_connections = 2\nresponse_timeout = "20s"'
        tenfold = self.cache([self.scripted(answer)], settings, NO_HEALTH)
        client, other = self.client(tenfold), self.client(tenfold)

        def near_hits():
            return self.service(tenfold)["cache"]["near_hits"]

        def is_near():
            for _ in range(50):
                self.assertEqual(client.get(b"k"), b"v")
            return near_hits() > 0

        wait_until(is_near, "the key is hot")
        other.send(b"gat -1 k j\r\n")
        self.assertTrue(arrived.wait(20))
        before = self.service(tenfold)["cache"]["commands"]
        for _ in range(500):
            self.assertEqual(client.get(b"k"), b"v", "the node has not come to the gat")
        self.assertGreaterEqual(self.service(tenfold)["cache"]["commands"], before + 500)
        go_on.set()
        self.assertEqual(other.reply(), b"END\r\n")
        self.assertIsNone(client.get(b"k"))


if __name__ == "__main__":
    unittest.main()
