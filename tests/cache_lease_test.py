# SPDX-License-Identifier: Apache-2.0
"""What a service does for the source of its values: one client fills a missing key while others wait, and values that
were stored at once do not expire at once."""

import threading
import unittest

from cache_servers import CacheClient, CacheScenario, redis_request
from harness import wait_until

LONG = 'lease = "60s"'  # nobody's time is over within a test


class Asking:
    """A client that asks for a key in a thread of its own."""

    def __init__(self, scenario, tenfold, ask):
        self.client = CacheClient(tenfold.port, timeout=60)
        scenario.addCleanup(self.client.close)
        self.answers = []
        self.thread = threading.Thread(target=self._ask, args=(ask,), daemon=True)
        self.thread.start()

    def _ask(self, ask):
        try:
            self.answers.append(ask(self.client))
        except (OSError, EOFError, AssertionError) as error:
            self.answers.append(error)

    def answer(self):
        self.thread.join(20)
        return self.answers[0] if self.answers else "no answer"


class Leases(CacheScenario):
    def waits(self, tenfold):
        return self.service(tenfold)["cache"]["fill_waits"]

    def get(self, tenfold, key, redis=False):
        return Asking(self, tenfold, lambda client: client.redis("GET", key) if redis else client.get(key))

    def check_one_fills(self, nodes, redis, page="page"):
        tenfold = self.cache(nodes, LONG)
        first = self.cache_client(tenfold)
        self.assertIsNone(first.redis("GET", page) if redis else first.get(page))
        waiting = [self.get(tenfold, page, redis) for _ in range(20)]
        wait_until(lambda: self.waits(tenfold) == 20, "they wait")
        self.assertEqual([each.answers for each in waiting], [[]] * 20)
        if redis:
            first.redis("SET", page, "value")
        else:
            first.set(page, "value")
        self.assertEqual([each.answer() for each in waiting], ["value"] * 20)
        cache = self.service(tenfold)["cache"]
        self.assertEqual((cache["hits"], cache["misses"]), (20, 1))
        self.assertEqual(set().union(*(node.keys() for node in nodes)), {page})

    def test_one_fills_and_the_others_get_its_value(self):
        self.check_one_fills(self.memcached(2), redis=False)
        self.check_one_fills(self.memcached(2), redis=False, page="p" * 250)

    def test_of_redis(self):
        self.check_one_fills(self.redis(2), redis=True)
        self.check_one_fills(self.redis(2), redis=True, page="p" * 1000)

    def test_across_tenfolds(self):
        """Two of them in front of one memcached, as two machines would be."""
        nodes = self.memcached(1)
        here, there = self.cache(nodes, LONG), self.cache(nodes, LONG)
        first = self.cache_client(here)
        self.assertIsNone(first.get("page"))
        waiting = [self.get(there, "page") for _ in range(5)]
        wait_until(lambda: self.waits(there) == 5, "they wait")
        self.assertEqual(first.set("page", "value", verb="add"), "STORED")
        self.assertEqual([each.answer() for each in waiting], ["value"] * 5)
        self.assertEqual(nodes[0].keys(), {"page"})
        # What is deleted is filled again, by whom it may be.
        self.assertEqual(first.line("delete page"), "DELETED")
        second = self.get(there, "page")
        self.assertIsNone(second.answer())

    def test_nobody_waits_for_longer_than_told(self):
        tenfold = self.cache(self.memcached(1), 'lease = "200ms"')
        first = self.cache_client(tenfold)
        self.assertIsNone(first.get("page"))
        waiting = [self.get(tenfold, "page") for _ in range(3)]
        self.assertEqual([each.answer() for each in waiting], [None] * 3)

    def test_a_delete_lets_the_next_one_fill(self):
        tenfold = self.cache(self.memcached(1), LONG)
        self.assertIsNone(self.cache_client(tenfold).get("page"))
        waiting = [self.get(tenfold, "page") for _ in range(2)]
        wait_until(lambda: self.waits(tenfold) == 2, "they wait")
        self.assertEqual(self.cache_client(tenfold).line("delete page"), "NOT_FOUND")

        def answered():
            return [each for each in waiting if each.answers]

        filling = wait_until(answered, "one of them is told of the miss")
        self.assertEqual([each.answers for each in filling], [[None]])
        filling[0].client.set("page", "value")
        self.assertEqual(sorted(str(each.answer()) for each in waiting), ["None", "value"])

    def test_a_client_does_not_wait_for_itself(self):
        tenfold = self.cache(self.memcached(1), LONG)
        client = self.cache_client(tenfold)
        client.send(b"get page\r\nget page\r\nget other\r\nget page\r\n")
        self.assertEqual([client.read_line() for _ in range(4)], ["END"] * 4)
        self.assertEqual(self.waits(tenfold), 0)

    def test_replies_keep_their_order_while_one_waits(self):
        tenfold = self.cache(self.memcached(1), LONG)
        first = self.cache_client(tenfold)
        first.set("here", "1")
        self.assertIsNone(first.get("page"))
        second = self.cache_client(tenfold)
        second.send(b"get here\r\nget page\r\nget here\r\n")
        wait_until(lambda: self.waits(tenfold) == 1, "it waits")
        first.set("page", "2")
        here, page = ["VALUE here 0 1", "1", "END"], ["VALUE page 0 1", "2", "END"]
        self.assertEqual([second.read_line() for _ in range(9)], here + page + here)

    def test_nobody_sees_what_he_has_sent_behind(self):
        """A get that waits is a miss, once its own client has sent a change of the key behind it."""
        tenfold = self.cache(self.memcached(2), LONG)
        first = self.cache_client(tenfold)
        changes = (b"set %s 0 0 3\r\nnew\r\n", b"set %s 0 0 3 noreply\r\nnew\r\n", b"ms %s 3\r\nnew\r\n")
        for number, change in enumerate(changes):
            key = f"page{number}"
            self.assertIsNone(first.get(key))
            second = self.cache_client(tenfold)
            second.send(f"get {key}\r\nget other{number}\r\n".encode() + change % key.encode() + b"mn\r\n")
            lines = []
            while not lines or lines[-1] != "MN":
                lines.append(second.read_line())
            self.assertEqual(lines[:2], ["END", "END"])
            self.assertEqual(first.get(key), "new")

    def test_what_others_send_behind_does_not_end_the_wait(self):
        tenfold = self.cache(self.memcached(2), LONG)
        first = self.cache_client(tenfold)
        self.assertIsNone(first.get("page"))
        second = self.cache_client(tenfold)
        second.send(b"get page\r\nset other 0 0 1\r\n1\r\nget other page2 page3\r\n")
        wait_until(lambda: self.waits(tenfold) == 1, "it waits")
        wait_until(lambda: first.get("other") == "1", "what it has sent behind is done")
        first.set("page", "2")
        lines = ["VALUE page 0 1", "2", "END", "STORED", "VALUE other 0 1", "1", "END"]
        self.assertEqual([second.read_line() for _ in range(7)], lines)

    def test_nobody_sees_what_he_has_sent_behind_to_redis(self):
        tenfold = self.cache(self.redis(2), LONG + "\npersistent = false\nallow_admin = true")
        first = self.cache_client(tenfold)
        changes = [("SET", "page0", "new"), ("MSET", "page1", "new", "a", "1", "b", "2", "c", "3"), ("FLUSHALL",)]
        for number, change in enumerate(changes):
            key = f"page{number}"
            self.assertIsNone(first.redis("GET", key))
            second = self.cache_client(tenfold)
            second.send(redis_request("GET", key) + redis_request(*change))
            self.assertIsNone(second.read_redis())

    def test_whoever_waits_may_go(self):
        tenfold = self.cache(self.memcached(1), LONG)
        first = self.cache_client(tenfold)
        self.assertIsNone(first.get("page"))
        for _ in range(3):
            self.cache_client(tenfold).send(b"get page\r\n")
        wait_until(lambda: self.waits(tenfold) == 3, "they wait")
        gone = CacheClient(tenfold.port)
        gone.send(b"get page\r\n")
        wait_until(lambda: self.waits(tenfold) == 4, "it waits")
        gone.close()
        self.assertEqual(first.set("page", "value"), "STORED")
        self.assertEqual(first.get("page"), "value")

    def test_a_service_that_goes_ends_its_waiting(self):
        nodes = self.memcached(2)
        tenfold = self.cache(nodes[:1], LONG)
        self.assertIsNone(self.cache_client(tenfold).get("page"))
        waiting = self.get(tenfold, "page")
        wait_until(lambda: self.waits(tenfold) == 1, "it waits")
        with open(tenfold.file, encoding="utf-8") as file:
            text = file.read()
        with open(tenfold.file, "w", encoding="utf-8") as file:
            file.write(text.replace("[cache.test]", "[cache.other]"))
        self.assertEqual(tenfold.cli("reload")[0], 0)
        self.assertIn("SERVER_ERROR", str(waiting.answer()))
        wait_until(lambda: self.cache_client(tenfold).get("other") is None, "the new service serves")

    def test_off_nobody_waits(self):
        nodes = self.memcached(1)
        tenfold = self.cache(nodes)
        for _ in range(3):
            self.assertIsNone(self.cache_client(tenfold).get("page"))
        self.assertEqual(self.waits(tenfold), 0)
        self.assertEqual(nodes[0].keys(), set())


class Jitter(CacheScenario):
    def check_spread(self, seconds_left):
        self.assertGreater(min(seconds_left), 890)
        self.assertLessEqual(max(seconds_left), 1000)
        self.assertGreater(len(set(seconds_left)), 20)

    def test_of_memcached(self):
        nodes = self.memcached(1)
        tenfold = self.cache(nodes, 'ttl_jitter = "10%"')
        client = self.cache_client(tenfold)
        for i in range(100):
            self.assertEqual(client.set(f"set:{i}", "value", expiry=1000), "STORED")
            self.assertEqual(client.meta(f"ms meta:{i} 5 T1000", "value")[0], "HD")
        self.assertEqual(client.set("never", "value"), "STORED")
        self.assertEqual(client.set("gone", "value", expiry=-1), "STORED")
        with nodes[0].client() as node:
            for kind in ("set", "meta"):
                left = [int(node.meta(f"mg {kind}:{i} t")[0].split("t")[1]) for i in range(100)]
                self.check_spread(left)
            self.assertEqual(node.meta("mg never t v"), ("VA 5 t-1", "value"))
        self.assertIsNone(client.get("gone"))

    def test_of_redis(self):
        nodes = self.redis(1)
        tenfold = self.cache(nodes, 'ttl_jitter = "10%"')
        client = self.cache_client(tenfold)
        stores = {
            "ex": lambda key: client.redis("SET", key, "v", "EX", 1000),
            "px": lambda key: client.redis("SET", key, "v", "NX", "px", 1_000_000),
            "setex": lambda key: client.redis("SETEX", key, 1000, "v"),
            "psetex": lambda key: client.redis("PSETEX", key, 1_000_000, "v"),
        }
        with nodes[0].client() as node:
            for kind, store in stores.items():
                for i in range(50):
                    self.assertEqual(store(f"{kind}:{i}"), "OK")
                self.check_spread([node.redis("TTL", f"{kind}:{i}") for i in range(50)])
            client.redis("SET", "never", "EX")
            client.redis("SET", "EX", "EX", "KEEPTTL")
            self.assertEqual(node.redis("TTL", "never"), -1)
            self.assertEqual(node.redis("TTL", "EX"), -1)


if __name__ == "__main__":
    unittest.main()
