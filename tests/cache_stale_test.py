# SPDX-License-Identifier: Apache-2.0
"""What a key was, for those that would have to wait while somebody fills it: never for a service that does not ask for
it, never for longer than told, and never what a client of this Tenfold has deleted unless that is asked for too."""

import unittest

from cache_lease_test import LONG, Asking
from cache_servers import CacheClient, CacheScenario
from harness import wait_until

STALE = LONG + '\nlease_stale = "60s"'
DELETED = STALE + "\nlease_stale_deleted = true"


class Stale(CacheScenario):
    def counter(self, tenfold, name):
        return self.service(tenfold)["cache"][name]

    def built_in(self, settings):
        return self.tenfold(f'[cache.test]\nlisten = "127.0.0.1:{{port}}"\nmemory = "4MiB"\n{settings}\n')

    def asking(self, tenfold, ask, count):
        return [Asking(self, tenfold, ask) for _ in range(count)]

    def waits_for(self, tenfold, key="page", count=3, redis=False):
        """Clients ask for the key: they wait, and get no old value."""
        before, stale = self.counter(tenfold, "fill_waits"), self.counter(tenfold, "stale_hits")
        for _ in range(count):
            client = self.cache_client(tenfold)
            client.send(f"GET {key}\r\n".encode() if redis else f"get {key}\r\n".encode())
        wait_until(lambda: self.counter(tenfold, "fill_waits") == before + count, "they wait")
        self.assertEqual(self.counter(tenfold, "stale_hits"), stale)

    def hold(self, tenfold, value="old", expiry=0, client=None):
        client = client or self.cache_client(tenfold)
        self.assertEqual(client.set("page", value, expiry=expiry), "STORED")
        self.assertEqual(client.get("page"), value)
        return client

    def check_expired(self, tenfold):
        first = self.hold(tenfold, expiry=1)
        wait_until(lambda: first.get("page") is None, "it has expired, and the first one is to fill it")
        asking = self.asking(tenfold, lambda client: client.get("page"), 20)
        self.assertEqual([each.answer() for each in asking], ["old"] * 20)
        self.assertEqual((self.counter(tenfold, "stale_hits"), self.counter(tenfold, "fill_waits")), (20, 0))
        self.assertGreater(self.counter(tenfold, "stale_bytes"), 0)
        metrics = tenfold.admin_request("GET", "/metrics").body.decode()
        self.assertIn('tenfold_cache_stale_hits_total{service="cache.test"} 20', metrics)
        self.assertIsNone(first.get("page"), "who fills is told so again")
        first.set("page", "new")
        self.assertEqual([client.get("page") for client in (first, self.cache_client(tenfold))], ["new"] * 2)

    def test_expired_at_memcached(self):
        self.check_expired(self.cache(self.memcached(2), STALE))

    def test_expired_in_the_built_in_cache(self):
        self.check_expired(self.built_in(STALE))

    def test_deleted_is_gone_unless_asked_for(self):
        tenfold = self.cache(self.memcached(1), STALE)
        first = self.hold(tenfold)
        other = self.cache_client(tenfold)
        for delete in ("delete page", "md page"):
            self.hold(tenfold, client=first)
            other.send(f"{delete}\r\n".encode())
            self.assertIn(other.read_line(), ("DELETED", "HD"))
            self.assertIsNone(first.get("page"))
            self.waits_for(tenfold)
            first.set("page", "new")

    def test_deleted_where_that_is_asked_for(self):
        tenfold = self.cache(self.memcached(1), DELETED)
        first = self.hold(tenfold)
        self.assertEqual(first.line("delete page"), "DELETED")
        self.assertIsNone(first.get("page"))
        asking = self.asking(tenfold, lambda client: client.get("page"), 5)
        self.assertEqual([each.answer() for each in asking], ["old"] * 5)

    def test_an_overwritten_value_does_not_come_back(self):
        tenfold = self.cache(self.memcached(1), DELETED)
        for i, change in enumerate(("set page 0 0 3\r\nnew", "append page 0 0 1\r\n!", "ms page 3\r\nnew")):
            first = self.hold(tenfold, "old")
            first.send(f"{change}\r\ndelete page\r\nget page\r\n".encode())
            self.assertEqual([first.read_line() for _ in range(3)][1:], ["DELETED", "END"], i)
            self.waits_for(tenfold)
            first.set("page", "filled")

    def test_what_was_too_large_does_not_bring_the_former_back(self):
        tenfold = self.cache(self.memcached(1), DELETED + '\nitem_max = "1KiB"')
        first = self.hold(tenfold)
        self.assertIn("too large", first.set("page", "x" * 2000))
        self.assertIsNone(first.get("page"))
        self.waits_for(tenfold)

    def test_no_longer_than_told(self):
        tenfold = self.cache(self.memcached(1), LONG + '\nlease_stale = "1s"\nlease_stale_deleted = true')
        first = self.hold(tenfold)
        first.line("delete page")
        self.assertIsNone(first.get("page"))
        self.assertEqual(self.cache_client(tenfold).get("page"), "old")
        asked = 1

        def waits():
            nonlocal asked
            asked += 1
            self.cache_client(tenfold).send(b"get page\r\n")
            told = lambda: self.counter(tenfold, "fill_waits") + self.counter(tenfold, "stale_hits")
            wait_until(lambda: told() == asked, "it waits, or is told")
            return self.counter(tenfold, "fill_waits") > 0

        wait_until(waits, "the time of the old value is over")
        stale = self.counter(tenfold, "stale_hits")
        self.waits_for(tenfold)
        self.assertEqual(self.counter(tenfold, "stale_hits"), stale)

    def test_only_get_of_one_key(self):
        tenfold = self.cache(self.memcached(1), DELETED)
        first = self.hold(tenfold)
        first.line("delete page")
        self.assertIsNone(first.get("page"))
        other = self.cache_client(tenfold)
        for request in ("gets page", "get page other", "gat 0 page"):
            self.assertEqual(other.line(request), "END", request)
        self.assertEqual(other.line("mg page v"), "EN")
        self.assertEqual(other.get("page"), "old")

    def test_a_delete_through_another_worker(self):
        tenfold = self.cache(self.memcached(1), STALE, run="workers = 3")
        readers = [self.cache_client(tenfold) for _ in range(12)]
        first = self.hold(tenfold)
        for reader in readers:
            self.assertEqual(reader.get("page"), "old")
        self.assertEqual(first.line("delete page"), "DELETED")
        self.assertIsNone(first.get("page"))
        # A moment later no worker has it any more.
        asked = 0

        def all_wait():
            nonlocal asked
            before = self.counter(tenfold, "fill_waits")
            for _ in range(12):
                asked += 1
                self.cache_client(tenfold).send(b"get page\r\n")
            told = lambda: self.counter(tenfold, "fill_waits") + self.counter(tenfold, "stale_hits")
            wait_until(lambda: told() == asked, "they wait, or are told")
            return self.counter(tenfold, "fill_waits") == before + 12

        wait_until(all_wait, "no worker tells what was deleted")

    def test_a_node_that_fails(self):
        """Its keys are missing at the next one: no storm, for all but one get what they were."""
        nodes = self.memcached(2)
        tenfold = self.cache(nodes, STALE)
        first = self.hold(tenfold)
        owner = next(node for node in nodes if "page" in node.keys())
        owner.kill()
        wait_until(lambda: first.line("get page") == "END", "the next node has no such key")
        asking = self.asking(tenfold, lambda client: client.get("page"), 10)
        self.assertEqual([each.answer() for each in asking], ["old"] * 10)

    def test_nothing_is_kept_of_before_keys_move(self):
        nodes = self.memcached(2)
        tenfold = self.cache(nodes[:1], STALE)
        client = self.hold(tenfold)
        self.assertGreater(self.counter(tenfold, "stale_bytes"), 0)
        self.assertEqual(tenfold.cli("add", "cache.test", nodes[1].address)[0], 0)
        self.assertEqual(self.counter(tenfold, "stale_bytes"), 0)
        self.assertEqual(client.line("delete page"), "DELETED")
        self.assertIsNone(client.get("page"))
        self.waits_for(tenfold)

    def test_flush_all_forgets(self):
        tenfold = self.cache(self.memcached(2), DELETED + "\nallow_admin = true")
        client = self.hold(tenfold)
        self.assertEqual(client.line("flush_all"), "OK")
        wait_until(lambda: client.get("page") is None, "it is flushed")
        self.waits_for(tenfold)

    def test_turned_off_nothing_is_left(self):
        tenfold = self.cache(self.memcached(1), DELETED)
        first = self.hold(tenfold)
        with open(tenfold.file, encoding="utf-8") as file:
            text = file.read()
        with open(tenfold.file, "w", encoding="utf-8") as file:
            file.write(text.replace('lease_stale = "60s"\nlease_stale_deleted = true', ""))
        self.assertEqual(tenfold.cli("reload")[0], 0)
        self.assertEqual(self.counter(tenfold, "stale_bytes"), 0)
        self.assertEqual(first.line("delete page"), "DELETED")
        self.assertIsNone(first.get("page"))
        self.waits_for(tenfold)

    def test_off_by_default(self):
        tenfold = self.cache(self.memcached(1), LONG)
        first = self.hold(tenfold, expiry=1)
        self.assertEqual(self.counter(tenfold, "stale_bytes"), 0)
        wait_until(lambda: first.get("page") is None, "it has expired")
        self.waits_for(tenfold)

    def test_of_redis(self):
        tenfold = self.cache(self.redis(2), DELETED + "\npersistent = false")
        first = self.cache_client(tenfold)
        first.redis("SET", "page", "old")
        self.assertEqual(first.redis("GET", "page"), "old")
        self.assertEqual(first.redis("DEL", "page"), 1)
        self.assertIsNone(first.redis("GET", "page"))
        resp3 = CacheClient(tenfold.port)
        self.addCleanup(resp3.close)
        resp3.redis("HELLO", "3")
        self.assertEqual(resp3.redis("GET", "page"), "old")
        self.assertEqual(self.cache_client(tenfold).redis("GET", "page"), "old")
        self.assertIsNone(first.redis("GET", "page"), "who fills is told so again")
        first.redis("SET", "page", "new")
        self.assertEqual(self.cache_client(tenfold).redis("GET", "page"), "new")
        # An overwritten value does not come back.
        first.redis("SET", "page", "newer")
        first.redis("DEL", "page")
        self.assertIsNone(first.redis("GET", "page"))
        self.waits_for(tenfold, redis=True)


if __name__ == "__main__":
    unittest.main()
