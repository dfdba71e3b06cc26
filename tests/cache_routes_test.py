# SPDX-License-Identifier: Apache-2.0
"""Keys with a prefix belong to another cache service: `routes`."""

import json
import os
import tempfile
import threading
import unittest

from cache_servers import Memcached
from harness import Tenfold, free_port, wait_until
from redis_servers import RedisError, RedisScenario, RespClient

HEALTH = 'health = { interval = "100ms", fast_interval = "20ms", timeout = "500ms" }'


def services(protocol, nodes, routes):
    """`nodes`: the servers of each service by its name; the first one is where clients connect."""
    text = ""
    for name, servers in nodes.items():
        port = "{port}" if name == "front" else free_port()
        addresses = ", ".join(f'"{server.address}"' for server in servers)
        text += f'[cache.{name}]\nlisten = "127.0.0.1:{port}"\nprotocol = "{protocol}"\nnodes = [{addresses}]\n'
        text += HEALTH + "\n"
        if protocol == "redis":
            text += 'hash_tag = "{}"\n'
        if name in routes:
            entries = ", ".join(f'"{prefix}" = "{target}"' for prefix, target in routes[name].items())
            text += f"routes = {{ {entries} }}\n"
    return text


class RoutesOfRedis(RedisScenario):
    def setUp(self):
        self.nodes = {"front": self.servers(2), "pages": self.servers(2), "jobs": self.servers(1)}
        routes = {"front": {"page:": "cache.pages", "job:": "cache.jobs"}, "pages": {"page:job:": "cache.jobs"}}
        self.tenfold_ = self.tenfold(services("redis", self.nodes, routes), run="workers = 2")
        self.one, self.two = self.client(self.tenfold_), self.client(self.tenfold_)

    def keys_of(self, service):
        return sorted(key.decode() for node in self.nodes[service] for key in node.ask("KEYS", "*"))

    def test_keys_go_where_their_prefix_says(self):
        for key in ("a", "page:a", "pagea", "job:a", "page:job:a"):
            self.assertEqual(self.one.ask("SET", key, key), b"OK")
            self.assertEqual(self.one.ask("GET", key), key.encode())
        self.assertEqual(self.keys_of("front"), ["a", "pagea"])
        self.assertEqual(self.keys_of("pages"), ["page:a"])
        self.assertEqual(self.keys_of("jobs"), ["job:a", "page:job:a"])

    def test_commands_of_several_keys_are_split_over_services(self):
        keys = [f"{prefix}{number}" for number in range(20) for prefix in ("", "page:", "job:")]
        self.assertEqual(self.one.ask("MSET", *[word for key in keys for word in (key, key)]), b"OK")
        self.assertEqual(self.one.ask("MGET", *keys, "page:none"), [key.encode() for key in keys] + [None])
        self.assertEqual(len(self.keys_of("pages")), 20)
        self.assertEqual(self.one.ask("DEL", *keys), 60)
        self.one.ask("XADD", "s", "1-1", "f", "v")
        self.one.ask("XADD", "page:s", "1-1", "f", "v")
        self.assertEqual([name for name, _ in self.one.ask("XREAD", "STREAMS", "page:s", "s", 0, 0)], [b"page:s", b"s"])

    def test_what_must_be_on_one_node_is_refused(self):
        for words in (["MSETNX", "a", 1, "page:a", 1], ["RENAME", "a", "page:a"], ["BLPOP", "a", "page:a", 0]):
            self.assertIn("different services", self.one.ask(*words))
        self.assertEqual(self.keys_of("front") + self.keys_of("pages"), [])
        replies = self.one.pipeline(["MULTI"], ["SET", "a", 1], ["SET", "page:a", 1], ["EXEC"])
        self.assertIsInstance(replies[2], RedisError)
        self.assertTrue(replies[3].startswith("EXECABORT"))
        self.assertEqual(self.one.pipeline(["MULTI"], ["SET", "page:a", 1], ["EXEC"])[2], [b"OK"])
        self.assertEqual(self.one.ask("EVAL", "return redis.call('GET', KEYS[1])", 1, "page:a"), b"1")

    def test_a_blocking_command_waits_at_the_other_service_while_it_grows(self):
        self.one.send_command("BLPOP", "page:queue", 0)
        blocked = lambda: any("b" in row["flags"] for node in self.nodes["pages"] for row in node.clients())
        wait_until(blocked, "it blocks")
        node = self.server()
        self.nodes["pages"].append(node)
        code, _, error = self.tenfold_.cli("add", "cache.pages", node.address)
        self.assertEqual(code, 0, error)
        self.two.ask("RPUSH", "page:queue", "x")
        self.assertEqual(self.one.read(), [b"page:queue", b"x"])

    def test_no_key_is_lost_while_both_services_grow(self):
        keys = [f"{prefix}{number}" for number in range(300) for prefix in ("", "page:")]
        self.one.ask("MSET", *[word for key in keys for word in (key, key)])
        stop, failed = threading.Event(), []

        def read():
            with RespClient(self.tenfold_.port) as client:
                while not stop.is_set():
                    got = client.ask("MGET", *keys)
                    if got != [key.encode() for key in keys]:
                        failed.append(got)

        reader = threading.Thread(target=read)
        reader.start()
        for service in ("pages", "front"):
            node = self.server()
            self.nodes[service].append(node)
            code, _, error = self.tenfold_.cli("add", f"cache.{service}", node.address)
            self.assertEqual(code, 0, error)
            self.assertGreater(node.ask("DBSIZE"), 0)
        stop.set()
        reader.join()
        self.assertEqual(failed, [])

    def test_explain_follows(self):
        code, text, error = self.tenfold_.cli("explain", "cache", "front", "page:job:1", "--json")
        self.assertEqual(code, 0, error)
        said = json.loads(text)
        self.assertEqual((said["service"], said["owner"]["address"]), ("cache.jobs", self.nodes["jobs"][0].address))
        self.assertEqual([step["to"] for step in said["routes"]], ["cache.pages", "cache.jobs"])


class RoutesOfMemcached(RedisScenario):
    def memcached(self, count):
        servers = [Memcached() for _ in range(count)]
        for server in servers:
            self.addCleanup(server.stop)
        return servers

    def setUp(self):
        self.nodes = {"front": self.memcached(2), "pages": self.memcached(2)}
        self.tenfold_ = self.tenfold(services("memcached", self.nodes, {"front": {"page:": "cache.pages"}}))
        self.one = self.client(self.tenfold_)

    def say(self, line, lines=1):
        self.one.send(line.encode() + b"\r\n")
        return [self.one.reader.readline().decode().rstrip() for _ in range(lines)]

    def test_keys_go_where_their_prefix_says(self):
        for key in ("a", "page:a"):
            self.assertEqual(self.say(f"set {key} 0 0 1\r\n1"), ["STORED"])
            self.assertEqual(self.say(f"incr {key} 1"), ["2"])
        self.assertEqual({key for node in self.nodes["front"] for key in node.keys()}, {"a"})
        self.assertEqual({key for node in self.nodes["pages"] for key in node.keys()}, {"page:a"})
        self.assertEqual(self.say("mg page:a v", 2), ["VA 1", "2"])
        self.assertEqual(self.say("mg cGFnZTph b v", 2), ["VA 1", "2"])
        self.assertEqual(self.say("delete page:a"), ["DELETED"])

    def test_gets_are_split_over_services(self):
        keys = [f"{prefix}{number}" for number in range(10) for prefix in ("", "page:")]
        for key in keys:
            self.say(f"set {key} 0 0 {len(key)}\r\n{key}")
        lines = self.say("get none " + " ".join(keys), 41)
        self.assertEqual(sorted(lines[1:40:2]), sorted(keys))
        self.assertEqual(lines[40], "END")
        self.assertIn("different services", self.say("gat 100 1 page:1")[0])
        self.assertEqual(self.say("gat 100 page:1", 3)[1], "page:1")

    def test_no_key_is_lost_while_a_service_grows(self):
        keys = [f"{prefix}{number}" for number in range(100) for prefix in ("", "page:")]
        for key in keys:
            self.say(f"set {key} 0 0 {len(key)}\r\n{key}")
        node = self.memcached(1)[0]
        adding = threading.Thread(target=self.tenfold_.cli, args=("add", "cache.pages", node.address))
        adding.start()
        while True:
            still_adding = adding.is_alive()
            self.assertEqual(sorted(self.say("get " + " ".join(keys), 401)[1:400:2]), sorted(keys))
            if not still_adding:
                break
        self.assertGreater(len(node.keys()), 0)


class BadRoutes(RedisScenario):
    def problems(self, text):
        """What `tenfold check` says of the file, by line and column."""
        tenfold = Tenfold.__new__(Tenfold)
        path = os.path.join(self.folder(), "tenfold.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        tenfold.file = path
        code, _, error = tenfold.cli("check")
        self.assertEqual(code, 3, error)
        return error.replace(path, "FILE")

    def folder(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return folder.name

    def test_each_is_told_at_its_place(self):
        text = """[cache.a]
listen = "127.0.0.1:1"
protocol = "redis"
nodes = ["127.0.0.1:2"]
routes = { "x" = "cache.nobody", "y" = "cache.b", "z" = "cache.c", "" = "cache.b" }
[cache.b]
listen = "127.0.0.1:3"
nodes = ["127.0.0.1:4"]
[cache.c]
listen = "127.0.0.1:5"
protocol = "redis"
nodes = ["127.0.0.1:6"]
routes = { "z" = "cache.a" }
"""
        said = self.problems(text.replace(', "" = "cache.b"', ""))
        self.assertIn("FILE:5:18: error: there is no cache service 'cache.nobody'", said)
        self.assertIn("FILE:5:40: error: cache.b speaks another protocol than cache.a", said)
        self.assertIn("FILE:5:57: error: the route to cache.c leads back to cache.a", said)
        self.assertIn("FILE:13:18: error: the route to cache.a leads back to cache.c", said)
        self.assertIn("a prefix has at least one byte", self.problems(text))
        self.assertIn("'routes' is a text, and this is an integer", self.problems(text.replace('"cache.nobody"', "1")))


if __name__ == "__main__":
    unittest.main()
