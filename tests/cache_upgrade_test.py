# SPDX-License-Identifier: Apache-2.0
"""Upgrades with cache services: while two processes serve, both find each key at the same node."""

import signal
import subprocess
import unittest

import harness
from cache_servers import CacheClient, CacheScenario
from harness import wait_until
from redis_servers import RespClient

KEYS = [f"key{i}" for i in range(60)]


class Upgrade(CacheScenario):
    def start(self, servers, grace, run=""):
        tenfold = self.cache(servers, run=f'workers = 1\nshutdown_grace = "{grace}"\nshutdown_limit = "1s"\n{run}')
        self.addCleanup(tenfold.end_successors)
        return tenfold

    def add_while_both_serve(self, servers, connect, write, read):
        tenfold = self.start(servers[:1], "2s")
        old = connect(tenfold.port)
        self.addCleanup(old.close)
        for key in KEYS:
            write(old, key, "before")
        tenfold.process.send_signal(signal.SIGUSR2)
        wait_until(lambda: "handed_over" in tenfold.log(), f"a successor serves\n{tenfold.log()}")
        with subprocess.Popen(
            [harness.TENFOLD, "add", "cache.test", servers[1].address, "-c", tenfold.file],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        ) as adding:  # fmt: skip
            waits = lambda: self.service(tenfold)["ring_state"].get("waits")
            wait_until(waits, f"the ring waits\n{tenfold.log()}")
            for key in KEYS:  # by the client that the old process still has
                write(old, key, "after")
            said, _ = adding.communicate(timeout=30)
            self.assertEqual(adding.returncode, 0, said)
        self.assertEqual(tenfold.process.wait(timeout=30), 0)
        self.wait_for_ring(tenfold, servers)
        new = connect(tenfold.port)
        self.addCleanup(new.close)
        self.assertEqual({read(new, key) for key in KEYS}, {"after"})

    def test_a_node_of_redis_is_added_while_the_old_process_still_serves(self):
        self.add_while_both_serve(
            self.redis(2),
            RespClient,
            lambda client, key, value: client.ask("SET", key, value),
            lambda client, key: client.ask("GET", key).decode(),
        )

    def test_a_node_of_memcached_is_added_while_the_old_process_still_serves(self):
        self.add_while_both_serve(
            self.memcached(2),
            CacheClient,
            lambda client, key, value: client.set(key, value),
            lambda client, key: client.get(key),
        )

    def add_to_file(self, tenfold, servers):
        with open(tenfold.file, encoding="utf-8") as file:
            text = file.read()
        with open(tenfold.file, "w", encoding="utf-8") as file:
            file.write(text.replace(f'["{servers[0].address}"]', f'["{servers[0].address}", "{servers[1].address}"]'))

    def test_other_nodes_in_the_file_join_when_the_old_process_has_ended(self):
        servers = self.redis(2)
        tenfold = self.start(servers[:1], "100ms")
        with RespClient(tenfold.port) as client:
            client.ask("MSET", *[word for key in KEYS for word in (key, key)])
        self.add_to_file(tenfold, servers)
        tenfold.process.send_signal(signal.SIGUSR2)
        self.assertEqual(tenfold.process.wait(timeout=30), 0, tenfold.log())
        self.wait_for_ring(tenfold, servers)
        with RespClient(tenfold.port) as client:
            self.assertEqual(client.ask("MGET", *KEYS), [key.encode() for key in KEYS])
        with RespClient(servers[1].port) as client:
            self.assertGreater(client.ask("DBSIZE"), 0)

    def test_without_a_state_they_are_for_a_reload(self):
        servers = self.redis(2)
        tenfold = self.start(servers[:1], "100ms", 'state_file = ""')
        self.add_to_file(tenfold, servers)
        tenfold.process.send_signal(signal.SIGUSR2)
        wait_until(lambda: "upgrade_failed" in tenfold.log(), f"the upgrade is refused\n{tenfold.log()}")
        self.assertIn("keys of cache.test are not yet where", tenfold.log())
        self.assertEqual(tenfold.cli("reload")[0], 0)
        self.wait_for_ring(tenfold, servers)
        tenfold.process.send_signal(signal.SIGUSR2)
        self.assertEqual(tenfold.process.wait(timeout=30), 0, tenfold.log())
        self.wait_for_ring(tenfold, servers)

    def test_a_node_that_is_kept_out_stays_out(self):
        servers = self.redis(2)
        with RespClient(servers[1].port) as client:
            client.ask("SET", "key", "of somebody else")
        tenfold = self.start(servers[:1], "100ms")
        code, _, said = tenfold.cli("add", "cache.test", servers[1].address)
        self.assertEqual(code, 4)
        self.assertIn(f"`tenfold remove cache.test {servers[1].address}`", said)
        tenfold.process.send_signal(signal.SIGUSR2)
        self.assertEqual(tenfold.process.wait(timeout=30), 0, tenfold.log())
        kept_out = lambda: self.service(tenfold)["ring_state"].get("kept_out")
        self.assertIn(servers[1].address, wait_until(kept_out, "it is kept out"))


if __name__ == "__main__":
    unittest.main()
