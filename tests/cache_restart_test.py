# SPDX-License-Identifier: Apache-2.0
"""Tenfold is killed, or stopped, and started again: it goes on with the rings that it had."""

import json
import os
import signal
import stat
import tempfile
import unittest

from cache_servers import CacheClient, CacheScenario
from harness import wait_until
from redis_servers import RedisScenario

KEYS = [f"key{number}" for number in range(200)]
VALUE = "x" * 50_000


class RestartScenario(RedisScenario):
    def state(self, proxy):
        """What the file holds of the one ring."""
        with open(proxy.file + ".state", encoding="utf-8") as file:
            return json.load(file)["rings"][0]

    def add(self, proxy, node):
        """And waits for nothing."""
        body = json.dumps({"address": node.address}).encode()
        self.assertIn("changes", proxy.admin_request("POST", "/v1/services/cache.test/nodes", body=body).json())

    def end(self, proxy, by=signal.SIGTERM):
        proxy.process.send_signal(by)
        self.assertEqual(proxy.process.wait(timeout=30), 0 if by == signal.SIGTERM else -by, proxy.log())


class Store(RestartScenario):
    """Of Redis, whose keys are nowhere else."""

    def begin(self, servers, settings="", run="workers = 2"):
        self.proxy = self.redis(servers, settings, run=f'{run}\nshutdown_grace = "0s"\nshutdown_limit = "1s"')
        self.wait_for_ring(self.proxy, servers)
        self.client(self.proxy).ask("MSET", *[word for key in KEYS for word in (key, VALUE)])

    def begin_to_move(self, run="workers = 2"):
        """Two nodes have the keys, and a third has taken some, and takes no more."""
        self.old = self.servers(2)
        self.begin(self.old, run=run)
        self.full = self.server("--maxmemory", "3mb")
        self.add(self.proxy, self.full)
        wait_until(lambda: self.full.ask("DBSIZE") > 0 and self.problem(), "a key cannot move")

    def problem(self):
        return self.service(self.proxy)["ring_state"].get("problem")

    def check_all(self):
        client = self.client(self.proxy)
        self.assertEqual(client.pipeline(*[("GET", key) for key in KEYS]), [VALUE.encode()] * len(KEYS))

    def test_keys_that_were_moving_are_found_and_move_on(self):
        for by in (signal.SIGKILL, signal.SIGTERM):
            with self.subTest(by=by):
                self.begin_to_move()
                moved = self.full.ask("DBSIZE")
                self.end(self.proxy, by)
                self.assertNotIn("keys_left_behind", self.proxy.log())
                self.proxy.start()
                self.check_all()
                self.assertEqual(self.service(self.proxy)["ring_state"]["phase"], "moving")
                self.assertGreaterEqual(self.full.ask("DBSIZE"), moved)
                self.full.ask("CONFIG", "SET", "maxmemory", "0")
                self.wait_for_ring(self.proxy, [*self.old, self.full])
                self.check_all()
                self.assertEqual(sum(server.ask("DBSIZE") for server in (*self.old, self.full)), len(KEYS))

    def test_a_node_that_left_the_file_meanwhile_gives_its_keys_away(self):
        servers = self.servers(3)
        self.begin(servers)
        self.proxy.kill()
        with open(self.proxy.file, encoding="utf-8") as file:
            text = file.read()
        with open(self.proxy.file, "w", encoding="utf-8") as file:
            file.write(text.replace(f', "{servers[2].address}"', ""))
        self.proxy.start()
        self.wait_for_ring(self.proxy, servers[:2])
        self.check_all()
        self.assertEqual(servers[2].ask("DBSIZE"), 0)

    def test_a_node_that_came_into_the_file_meanwhile_joins(self):
        servers = self.servers(3)
        self.begin(servers[:2])
        self.proxy.kill()
        with open(self.proxy.file, encoding="utf-8") as file:
            text = file.read()
        with open(self.proxy.file, "w", encoding="utf-8") as file:
            file.write(text.replace(f'"{servers[1].address}"', f'"{servers[1].address}", "{servers[2].address}"'))
        self.proxy.start()
        self.wait_for_ring(self.proxy, servers)
        self.check_all()
        self.assertGreater(servers[2].ask("DBSIZE"), 0)

    def test_a_node_that_was_kept_out_is_kept_out_again(self):
        servers = self.servers(2)
        servers[1].ask("SET", "key0", "of somebody else")
        self.begin(servers[:1])
        code, _, said = self.proxy.cli("add", "cache.test", servers[1].address)
        self.assertEqual(code, 4, said)
        self.proxy.kill()
        self.proxy.start()
        kept_out = lambda: self.service(self.proxy)["ring_state"].get("kept_out")
        self.assertIn(servers[1].address, wait_until(kept_out, "it is kept out"))
        self.check_all()

    def test_the_users_of_before_lose_their_right(self):
        self.begin_to_move()
        users = lambda: {user for user in self.full.ask("ACL", "USERS") if user.startswith(b"tenfold-move-")}
        before = users()
        self.assertTrue(before)
        self.assertEqual(stat.S_IMODE(os.stat(self.proxy.file + ".state").st_mode), 0o600)
        self.proxy.kill()
        self.proxy.start()
        wait_until(lambda: users() > before, "there is another user")
        for user in before:
            self.assertIn(b"no permissions", self.full.ask("ACL", "DRYRUN", user, "RESTORE", "key", "0", "x"))

    def test_without_a_state_it_is_said_that_keys_are_left_behind(self):
        self.begin_to_move(run='workers = 2\nstate_file = ""')
        self.assertFalse(os.path.exists(self.proxy.file + ".state"))
        self.end(self.proxy)
        self.assertIn('keys_left_behind service="cache.test"', self.proxy.log())


class Cache(CacheScenario):
    """Of memcached: what is old is never told."""

    def test_a_node_that_was_away_is_emptied_by_the_next_process(self):
        servers = self.memcached(2)
        proxy = self.cache(servers)
        keys = [f"key{number}" for number in range(40)]
        with CacheClient(proxy.port) as client:
            for key in keys:
                client.set(key, "old")
            servers[0].pause()
            self.wait_for_state(proxy, servers[0], False)
            for key in keys:
                wait_until(lambda: client.set(key, "new") == "STORED", "it is stored elsewhere")
        proxy.kill()
        servers[0].go_on()
        self.assertIn("old", {self.get(servers[0], key) for key in keys})
        proxy.start()
        with CacheClient(proxy.port) as client:
            seen = {client.get(key) for key in keys}
            self.assertEqual(seen, {"new"})
            self.wait_for_ring(proxy, servers)
            self.assertLessEqual({client.get(key) for key in keys}, {"new", None})

    def wait_for_state(self, proxy, server, usable):
        passed_over = lambda: server.address in self.service(proxy)["ring_state"].get("passed_over", [])
        wait_until(lambda: passed_over() != usable, "the ring has heard of it")

    @staticmethod
    def get(server, key):
        with CacheClient(server.port) as client:
            return client.get(key)


class StateFile(CacheScenario):
    def folder(self):
        folder = tempfile.TemporaryDirectory(prefix="tenfold-state-")
        self.addCleanup(folder.cleanup)
        return folder.name

    def test_one_that_nobody_can_read_fails_the_start(self):
        servers = self.memcached(1)
        proxy = self.cache(servers)
        self.wait_for_ring(proxy, servers)
        path = proxy.file + ".state"
        wait_until(lambda: os.path.exists(path), "there is a state")
        proxy.kill()
        for text, said in (("{", "not a JSON object"), ('{"format": 2}', '"format" is not 1'),
                           ('{"format": 1, "rings": [{"service": 1}]}', 'ring 1: "service"')):  # fmt: skip
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            proxy.start(ready=False)
            self.assertEqual(proxy.process.wait(timeout=30), 1)
            self.assertIn(said, proxy.log())
            self.assertIn(f"{path} cannot be understood", proxy.log())
        os.remove(path)
        proxy.start()
        self.wait_for_ring(proxy, servers)

    def test_one_that_nobody_needs_is_not_read(self):
        proxy = self.tenfold('[cache.test]\nlisten = "127.0.0.1:{port}"\n')
        proxy.kill()
        with open(proxy.file + ".state", "w", encoding="utf-8") as file:
            file.write("{")
        proxy.start()
        with CacheClient(proxy.port) as client:
            client.set("key", "value")

    def test_one_that_cannot_be_written_is_told_of_until_it_can(self):
        servers = self.memcached(2)
        folder = os.path.join(self.folder(), "state")
        proxy = self.cache(servers[:1], run=f'workers = 1\nstate_file = "{folder}/rings"')
        self.wait_for_ring(proxy, servers[:1])
        wait_until(lambda: "state_not_kept" in proxy.log(), "the log says so")
        self.assertIn("No such file or directory", proxy.cli("status")[1])
        failing = lambda: b"\ntenfold_state_file_failing 1\n" in proxy.admin_request("GET", "/metrics").body
        self.assertTrue(failing())
        os.mkdir(folder)
        wait_until(lambda: "state_kept" in proxy.log(), "it is tried again")
        self.assertNotIn("No such file or directory", proxy.cli("status")[1])
        self.assertFalse(failing())
        self.assertTrue(os.path.exists(f"{folder}/rings"))

    def test_it_is_where_the_service_manager_says(self):
        servers = self.memcached(1)
        folder = self.folder()
        proxy = self.cache(servers, prefix=("env", f"STATE_DIRECTORY={folder}:/nowhere"))
        self.wait_for_ring(proxy, servers)
        wait_until(lambda: os.listdir(folder) == ["tenfold.toml.state"], "there is a state")
        self.assertFalse(os.path.exists(proxy.file + ".state"))

    def test_there_is_none_without_a_ring(self):
        proxy = self.tenfold('[cache.test]\nlisten = "127.0.0.1:{port}"\n')
        with CacheClient(proxy.port) as client:
            client.set("key", "value")
        self.assertFalse(os.path.exists(proxy.file + ".state"))


if __name__ == "__main__":
    unittest.main()
