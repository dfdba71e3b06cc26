# SPDX-License-Identifier: Apache-2.0
"""Items of memcached that are more than a value, while keys move: marked as old, leased by a client, or too large."""

import json
import subprocess
import unittest

from cache_harness import Moving, RawClient
from cache_servers import Memcached
from harness import TENFOLD, wait_until


class LargeItems(Memcached):
    def command(self):
        return [*super().command(), "-I", "2m"]


class ItemsThatMove(Moving):
    @staticmethod
    def first_two_readers(client, key):
        """What they are told of an item that was marked as old a moment ago."""
        client.ask(f"set {key} 0 0 3\r\nold\r\n".encode())
        client.ask(f"md {key} I T60\r\n".encode())
        return [client.ask(f"mg {key} v\r\n".encode()) for _ in range(2)]

    def test_who_reads_an_old_item_first_is_told_to_fill_it(self):
        tenfold, new, keys = self.begin_to_move()
        with RawClient(new.port) as beside:
            wanted = self.first_two_readers(beside, "beside")
        self.assertTrue(b" W" in wanted[0] and b" Z" in wanted[1], wanted)
        client = self.client(tenfold)
        for _ in range(3):
            self.assertEqual(self.first_two_readers(client, next(keys)), wanted)
        self.end_moving(tenfold)
        for _ in range(3):
            self.assertEqual(self.first_two_readers(client, next(keys)), wanted)

    def test_what_a_client_has_leased_is_its_own_to_fill(self):
        tenfold, _, keys = self.begin_to_move()
        client = self.client(tenfold)
        key = next(keys).encode()
        leased = client.ask(b"mg %s v c N5\r\n" % key)
        self.assertIn(b" W", leased)
        number = next(word[1:] for word in leased.split(b"\r\n")[0].split() if word.startswith(b"c"))
        self.assertEqual(client.ask(b"ms %s 3 C%s\r\nnew\r\n" % (key, number)), b"HD\r\n")
        self.assertEqual(client.get(key), b"new")
        self.end_moving(tenfold)

    def test_what_the_new_node_refuses_to_hold_holds_nothing_up(self):
        """It takes items of at most 1 MB, as without -I."""
        large = LargeItems()
        self.addCleanup(large.stop)
        new = self.memcached()[0]
        value = b"x" * 1_500_000
        keys = [b"large:%d" % i for i in range(8)]
        with RawClient(large.port) as direct:
            for key in keys:
                self.assertEqual(direct.ask(b"set %s 0 0 %d\r\n%s\r\n" % (key, len(value), value)), b"STORED\r\n")
        tenfold = self.cache([large], 'item_max = "2MiB"')
        code, _, talk = tenfold.cli("add", "cache.test", new.address)
        self.assertEqual(code, 0, talk)
        self.wait_for_ring(tenfold, [large, new])
        client = self.client(tenfold)
        owners = {key: self.owner_of(tenfold, key.decode()) for key in keys}
        self.assertEqual(set(owners.values()), {large.address, new.address})
        for key, owner in owners.items():
            stays = owner == large.address
            self.assertEqual(client.get(key) is not None, stays)
            wanted = b"STORED\r\n" if stays else b"NOT_STORED\r\n"
            self.assertEqual(client.ask(b"append %s 0 0 1\r\ny\r\n" % key), wanted)


class TakenBack(Moving):
    def test_a_drain_that_somebody_takes_back_ends(self):
        tenfold, new, _ = self.begin_to_move()
        draining = subprocess.Popen(
            [TENFOLD, "drain", "cache.test", new.address, "-c", tenfold.file],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(draining.stderr.close)
        self.addCleanup(draining.wait)
        self.addCleanup(draining.kill)
        wait_until(lambda: self.node_state(tenfold, new) == "draining", "it is drained")
        body = json.dumps({"state": "enabled"}).encode()
        path = f"/v1/services/cache.test/nodes/{new.address}"
        self.assertEqual(tenfold.admin_request("PATCH", path, body=body).status, 200)
        self.assertEqual(draining.wait(20), 4)
        self.assertIn(f"{new.address} does not leave the ring", draining.stderr.read())
        self.end_moving(tenfold)

    def node_state(self, tenfold, node):
        rows = self.service(tenfold)["nodes"]
        return next((row["state"] for row in rows if row["address"] == node.address), None)


if __name__ == "__main__":
    unittest.main()
