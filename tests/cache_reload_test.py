# SPDX-License-Identifier: Apache-2.0
"""Reloads that give a cache service another name or protocol, and that take one away whose keys move."""

import signal
import unittest

from cache_servers import CacheClient, Memcached
from harness import wait_until
from redis_servers import RedisScenario, RespClient

GRACE = 'workers = 2\nshutdown_grace = "100ms"\nshutdown_limit = "1s"'


def service(protocol, servers, name="test"):
    nodes = ", ".join(f'"{server.address}"' for server in servers)
    return (
        f'[cache.{name}]\nlisten = "127.0.0.1:{{port}}"\nprotocol = "{protocol}"\n'
        + (f"nodes = [{nodes}]\n" if servers else "")
        + 'health = { interval = "100ms", fast_interval = "20ms", timeout = "500ms" }\n'
    )


class Reloading(RedisScenario):
    def memcached(self):
        server = Memcached()
        self.addCleanup(server.stop)
        return server

    def old_client(self, tenfold):
        client = CacheClient(tenfold.port)
        self.addCleanup(client.close)
        return client

    def reload(self, tenfold, topology):
        tenfold.write(topology)
        code, _, talk = tenfold.cli("reload")
        self.assertEqual(code, 0, talk)

    def test_another_name_at_the_same_listener(self):
        server = self.server()
        tenfold = self.tenfold(service("redis", [server], "one"), run=GRACE)
        for name in ("two", "three"):
            clients = [self.client(tenfold) for _ in range(4)]
            for client in clients:
                self.assertEqual(client.ask("SET", "key", name), b"OK")
            clients[0].send_command("BLPOP", "list", "0")
            clients[1].ask("MULTI")
            clients[2].ask("SUBSCRIBE", "channel")
            cache = lambda: self.service(tenfold, self.name(tenfold))["cache"]
            wait_until(lambda: cache()["private_connections"] == 2, "two of them wait")
            self.reload(tenfold, service("redis", [server], name))
            for client in clients:  # who waits for something may be told so first
                wait_until(lambda: self.is_gone(client), "the clients of the old name are let go")
            self.assertEqual(self.client(tenfold).ask("GET", "key"), name.encode())
        self.assertIsNone(tenfold.process.poll(), tenfold.log())

    @staticmethod
    def name(tenfold):
        return tenfold.admin_request("GET", "/v1/status").json()["services"][0]["name"]

    @staticmethod
    def is_gone(client):
        try:
            return client.reader.readline() == b""
        except ConnectionResetError:
            return True

    def test_another_protocol_and_back(self):
        redis, memcached = self.server(), self.memcached()
        tenfold = self.tenfold(service("memcached", [memcached]), run=GRACE)
        for _ in range(2):
            old = self.old_client(tenfold)
            self.assertEqual(old.set("key", "value"), "STORED")
            self.reload(tenfold, service("redis", [redis]))
            self.assertTrue(old.at_end(), "it speaks what nobody here understands any more")
            self.assertEqual(self.client(tenfold).ask("SET", "key", "other"), b"OK")
            self.assertEqual(redis.ask("GET", "key"), b"other")
            self.reload(tenfold, service("memcached", [memcached]))
            self.assertEqual(self.old_client(tenfold).get("key"), "value")

    def test_another_protocol_of_the_built_in_cache(self):
        redis, memcached = self.server(), self.memcached()
        tenfold = self.tenfold(service("memcached", []), run=GRACE)
        self.assertEqual(self.old_client(tenfold).set("key", "value"), "STORED")
        self.reload(tenfold, service("redis", []))
        self.assertIsNone(self.client(tenfold).ask("GET", "key"))
        self.assertEqual(self.client(tenfold).ask("SET", "key", "1"), b"OK")
        self.reload(tenfold, service("memcached", [memcached]))
        self.assertEqual(self.old_client(tenfold).set("key", "2"), "STORED")
        self.reload(tenfold, service("redis", [redis]))
        self.assertEqual(self.client(tenfold).ask("SET", "key", "3"), b"OK")
        self.reload(tenfold, service("memcached", []))
        self.assertEqual(self.old_client(tenfold).set("key", "4"), "STORED")
        self.assertEqual(self.old_client(tenfold).get("key"), "4")

    def test_a_service_goes_while_its_keys_move(self):
        servers = self.servers(2)
        tenfold = self.tenfold(service("redis", servers[:1]), run=GRACE)
        with RespClient(tenfold.port) as client:
            for first in range(0, 20_000, 1000):
                client.pipeline(*[("SET", f"key{first + i}", "value") for i in range(1000)])
        tenfold.write(service("redis", servers))
        self.assertEqual(tenfold.admin_request("POST", "/v1/reload").status, 200)
        wait_until(lambda: servers[1].ask("DBSIZE") > 0, "keys move")
        self.assertEqual(self.service(tenfold)["ring_state"]["phase"], "moving")
        self.reload(tenfold, service("redis", self.servers(1), "other"))
        self.assertEqual(self.client(tenfold).ask("SET", "key", "value"), b"OK")
        tenfold.process.send_signal(signal.SIGTERM)
        self.assertEqual(tenfold.process.wait(timeout=20), 0, tenfold.log())


if __name__ == "__main__":
    unittest.main()
