# SPDX-License-Identifier: Apache-2.0
"""SCAN over nodes between which keys move."""

import threading
import unittest

from redis_servers import RedisError, RedisScenario

KEYS = {b"key%d" % number for number in range(4000)}


class Scan(RedisScenario):
    def fill(self, tenfold):
        client = self.client(tenfold)
        keys = sorted(KEYS)
        for begin in range(0, len(keys), 500):
            client.pipeline(*[("SET", key, "x" * 50) for key in keys[begin : begin + 500]])
        return client

    @staticmethod
    def scan(client):
        """All that is told from the beginning to the end; None when the scan was refused on its way."""
        told = set()
        cursor = b"0"
        while True:
            reply = client.ask("SCAN", cursor, "COUNT", 50)
            if isinstance(reply, RedisError):
                assert "begin anew with cursor 0" in str(reply), reply
                return None
            cursor, keys = reply
            told |= set(keys)
            if cursor == b"0":
                return told

    def check(self, tenfold, client, *verb):
        changing = threading.Thread(target=tenfold.cli, args=verb)
        self.addCleanup(changing.join)
        ended = 0
        changing.start()
        while changing.is_alive() or ended == 0:
            told = self.scan(client)
            if told is None:
                continue
            ended += 1
            self.assertEqual(KEYS - told, set(), f"{verb}: {len(KEYS - told)} keys were not told")

    def test_a_scan_that_ends_has_told_every_key(self):
        servers = self.servers(4)
        tenfold = self.redis(servers[:3], "persistent = true")
        self.wait_for_ring(tenfold, servers[:3])
        client = self.fill(tenfold)
        self.assertEqual(self.scan(client), KEYS)
        self.check(tenfold, client, "drain", "cache.test", servers[0].address)
        self.check(tenfold, client, "drain", "cache.test", servers[2].address)
        self.check(tenfold, client, "enable", "cache.test", servers[0].address)
        self.check(tenfold, client, "add", "cache.test", servers[3].address)
        self.check(tenfold, client, "weight", "cache.test", servers[1].address, "5")

    def test_a_cursor_of_before_the_nodes_changed_is_refused(self):
        servers = self.servers(2)
        tenfold = self.redis(servers[:1], "persistent = true")
        self.wait_for_ring(tenfold, servers[:1])
        client = self.fill(tenfold)
        alone, _ = client.ask("SCAN", "0", "COUNT", 10)
        self.assertEqual(tenfold.cli("add", "cache.test", servers[1].address)[0], 0)
        both, _ = client.ask("SCAN", "0", "COUNT", 10)
        refused = client.ask("SCAN", alone, "COUNT", 10)
        self.assertIn("begin anew with cursor 0", str(refused))
        self.assertEqual(tenfold.cli("drain", "cache.test", servers[1].address)[0], 0)
        self.assertIn("begin anew with cursor 0", str(client.ask("SCAN", both, "COUNT", 10)))


if __name__ == "__main__":
    unittest.main()
