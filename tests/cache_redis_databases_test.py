# SPDX-License-Identifier: Apache-2.0
"""The numbered databases of Redis: what a client of one does, no client of another one sees; and all of them move."""

import threading
import unittest

from harness import free_port, wait_until
from redis_servers import RedisError, RedisScenario, RespClient

KEYS = 2000


def values_of(server):
    """What a server holds: {database: {key: value}}."""
    values = {}
    with server.client() as client:
        for line in client.ask("INFO", "KEYSPACE").decode().splitlines():
            if line.startswith("db"):
                database = int(line[2:].split(":")[0])
                client.ask("SELECT", database)
                keys = client.ask("KEYS", "*")
                values[database] = dict(zip(keys, client.ask("MGET", *keys)))
    return values


class DatabaseScenario(RedisScenario):
    def selecting(self, tenfold, database, *greeting):
        client = self.client(tenfold)
        for words in greeting:
            self.assertNotIsInstance(client.ask(*words), RedisError)
        self.assertEqual(client.ask("SELECT", database), b"OK")
        return client

    def verb(self, tenfold, *words):
        code, out, error = tenfold.cli(*words)
        self.assertEqual(code, 0, out + error)


class Apart(DatabaseScenario):
    def setUp(self):
        self.nodes = self.servers(3)
        self.tenfold_ = self.redis(self.nodes, "allow_admin = true")
        self.zero = self.client(self.tenfold_)
        self.three = self.selecting(self.tenfold_, 3)
        self.names = [f"key{number}" for number in range(60)]

    def fill(self):
        for client, database in ((self.zero, 0), (self.three, 3)):
            pairs = [word for name in self.names for word in (name, f"{name} of {database}")]
            self.assertEqual(client.ask("MSET", *pairs), b"OK")

    def test_keys_of_two_databases_have_nothing_in_common(self):
        self.fill()
        for client, database in ((self.zero, 0), (self.three, 3)):
            values = [f"{name} of {database}".encode() for name in self.names]
            self.assertEqual(client.pipeline(*[["GET", name] for name in self.names]), values)
            self.assertEqual(client.ask("MGET", *self.names), values)
        self.assertEqual(self.three.ask("DEL", *self.names[:10]), 10)
        self.assertEqual(self.zero.ask("EXISTS", *self.names), 60)
        self.assertEqual(self.three.ask("EXISTS", *self.names), 50)
        held = [values_of(node) for node in self.nodes]
        self.assertTrue(all(sorted(of) == [0, 3] for of in held), held)

    def test_what_is_asked_of_a_whole_database_is_of_that_one(self):
        self.fill()
        self.three.ask("DEL", *self.names[20:])
        names = sorted(name.encode() for name in self.names[:20])
        self.assertEqual((self.zero.ask("DBSIZE"), self.three.ask("DBSIZE")), (60, 20))
        self.assertEqual(sorted(self.three.ask("KEYS", "*")), names)
        found, cursor = [], b"0"
        while True:
            cursor, part = self.three.ask("SCAN", cursor, "COUNT", 5)
            found += part
            if cursor == b"0":
                break
        self.assertEqual(sorted(set(found)), names)
        self.assertIn(self.three.ask("RANDOMKEY"), names)
        self.assertEqual(self.three.ask("FLUSHDB"), b"OK")
        self.assertEqual((self.zero.ask("DBSIZE"), self.three.ask("DBSIZE")), (60, 0))
        self.assertEqual(self.three.ask("FLUSHALL"), b"OK")
        self.assertEqual(self.zero.ask("DBSIZE"), 0)

    def test_a_pipeline_that_changes_databases_keeps_its_order(self):
        replies = self.zero.pipeline(
            ["SET", "a", "0"], ["SELECT", 5], ["GET", "a"], ["SET", "a", "5"], ["SELECT", 0], ["GET", "a"],
            ["SELECT", 5], ["SELECT", 5], ["GET", "a"], ["SELECT", 99], ["GET", "a"], ["RESET"], ["GET", "a"],
        )  # fmt: skip
        self.assertEqual(replies[:9], [b"OK", b"OK", None, b"OK", b"OK", b"0", b"OK", b"OK", b"5"])
        self.assertIn("DB index is out of range", replies[9])
        self.assertEqual(replies[10:], [b"5", b"RESET", b"0"])

    def test_what_makes_no_sense_is_said_as_redis_says_it(self):
        self.assertIn("not an integer", self.zero.ask("SELECT", "one"))
        self.assertIn("out of range", self.zero.ask("SELECT", "-1"))
        self.assertIn("out of range", self.zero.ask("SELECT", "16"))
        self.assertIn("wrong number of arguments", self.zero.ask("SELECT"))
        self.assertIn("another database", self.three.ask("COPY", "{a}", "{a}b", "DB", 0))
        self.three.ask("SET", "{a}", "x")
        self.assertEqual(self.three.ask("COPY", "{a}", "{a}b", "DB", 3), 1)
        self.assertIsInstance(self.three.ask("MOVE", "{a}", 0), RedisError)
        self.assertIsInstance(self.three.ask("SWAPDB", 0, 3), RedisError)
        self.assertEqual(self.zero.ask("DBSIZE"), 0)

    def test_transactions_are_of_their_database(self):
        self.zero.ask("SET", "a", "zero")
        self.assertEqual(self.three.ask("WATCH", "a"), b"OK")
        self.assertIn("UNWATCH", self.three.ask("SELECT", 4))
        self.assertEqual(self.zero.ask("SET", "a", "again"), b"OK")  # of another database: nothing has changed
        replies = self.three.pipeline(["MULTI"], ["SELECT", 3], ["SET", "a", "three"], ["GET", "a"], ["EXEC"])
        self.assertEqual(replies[4], [b"OK", b"OK", b"three"])
        self.assertEqual(self.zero.ask("GET", "a"), b"again")
        self.three.ask("MULTI")
        self.assertIn("SELECT", self.three.ask("SELECT", 4))
        self.assertTrue(self.three.ask("EXEC").startswith("EXECABORT"))
        self.three.ask("WATCH", "a")
        with RespClient(self.tenfold_.port) as other:
            other.pipeline(["SELECT", 3], ["SET", "a", "changed"])
        self.assertIsNone(self.three.pipeline(["MULTI"], ["SET", "a", "no"], ["EXEC"])[2])
        # A connection that was given back by a client of one database serves none of another.
        for database, value in ((0, b"again"), (3, b"changed"), (7, None)) * 3:
            with RespClient(self.tenfold_.port) as client:
                client.ask("SELECT", database)
                self.assertEqual(client.pipeline(["MULTI"], ["GET", "a"], ["EXEC"])[2], [value])

    def test_blocking_commands_and_messages(self):
        self.three.send_command("BLPOP", "queue", 0)
        with RespClient(self.tenfold_.port) as other:
            self.assertEqual(self.zero.ask("RPUSH", "queue", "of zero"), 1)
            other.ask("SELECT", 3)
            other.ask("RPUSH", "queue", "of three")
        self.assertEqual(self.three.read(), [b"queue", b"of three"])
        self.assertEqual(self.zero.ask("LRANGE", "queue", 0, -1), [b"of zero"])
        # Channels are those of all databases, as with Redis.
        self.assertEqual(self.three.ask("SUBSCRIBE", "news"), [b"subscribe", b"news", 1])
        self.assertEqual(self.zero.ask("PUBLISH", "news", "hi"), 1)
        self.assertEqual(self.three.read(), [b"message", b"news", b"hi"])

    def test_resp3_and_names_go_with_it(self):
        greeting = ["HELLO", 3, "SETNAME", "tester"], ["CLIENT", "SETINFO", "LIB-NAME", "x"]
        client = self.selecting(self.tenfold_, 3, *greeting)
        client.ask("HSET", "hash", "field", "value")
        self.assertEqual(client.ask("HGETALL", "hash"), {b"field": b"value"})
        self.assertEqual(self.three.ask("HGETALL", "hash"), [b"field", b"value"])
        self.assertEqual(self.zero.ask("EXISTS", "hash"), 0)

    def test_clients_share_the_connections_of_their_database(self):
        clients = [self.selecting(self.tenfold_, 3) for _ in range(20)]
        self.assertTrue(all(client.ask("SET", "key0", "x") == b"OK" for client in clients))
        of_three = [row for row in self.nodes[0].clients() if row["db"] == "3"]
        self.assertEqual(len(of_three), 1, of_three)
        unused = [row for node in self.nodes for row in node.clients() if row["db"] not in ("0", "3")]
        self.assertEqual(unused, [])

    def test_hot_keys_tell_their_database(self):
        def is_found():
            self.three.pipeline(*[["GET", "much"]] * 200)
            rows = self.tenfold_.admin_request("GET", "/v1/status").json()["services"][0]["cache"]["hot_keys"]
            return [row for row in rows if row["key"] == "db3:much"]

        wait_until(is_found, "the key is found to be hot")


class Leases(DatabaseScenario):
    def test_who_fills_a_key_is_asked_in_each_database(self):
        """What one database lacks or had is nothing to clients of the other."""
        settings = 'persistent = false\nlease = "10s"\nlease_stale = "60s"\nlease_stale_deleted = true'
        tenfold = self.redis(self.servers(1), settings, run="workers = 1")
        zero, three, waiting = self.client(tenfold), self.selecting(tenfold, 3), self.selecting(tenfold, 3)
        zero.ask("SET", "a", "of zero")
        self.assertEqual(zero.ask("GET", "a"), b"of zero")
        self.assertIsNone(three.ask("GET", "a"))  # it has the lease
        waiting.send_command("GET", "a")
        self.assertEqual(zero.ask("DEL", "a"), 1)  # no change of the key that is waited for
        self.assertIsNone(zero.ask("GET", "a"))  # it has the lease of another key
        self.assertEqual(three.ask("SET", "a", "of three"), b"OK")
        self.assertEqual(waiting.read(), b"of three")


class Limits(DatabaseScenario):
    def test_the_nodes_say_what_they_have(self):
        tenfold = self.redis([self.server("--databases", "2")])
        client = self.selecting(tenfold, 1)
        self.assertEqual(client.ask("SET", "a", "1"), b"OK")
        for _ in range(3):
            self.assertIn("DB index is out of range", client.ask("SELECT", 2))
        self.assertEqual(client.ask("GET", "a"), b"1")  # still in database 1
        self.assertTrue(all(row["state"] == "up" for row in self.nodes_of(tenfold)), self.nodes_of(tenfold))

    def nodes_of(self, tenfold):
        return tenfold.admin_request("GET", "/v1/status").json()["services"][0]["nodes"]

    def test_a_cluster_has_one(self):
        options = ["--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf"]
        # Its bus would have the port 10,000 above, which not every port has.
        tenfold = self.redis([self.server(*options, "--cluster-port", str(free_port()))])
        self.assertIn("SELECT is not allowed in cluster mode", self.client(tenfold).ask("SELECT", 1))

    def test_the_setting_bounds_them(self):
        tenfold = self.redis(self.servers(1), "databases = 1")
        client = self.client(tenfold)
        self.assertEqual(client.ask("SELECT", 0), b"OK")
        self.assertIn("out of range", client.ask("SELECT", 1))
        self.assertIn("`databases`", client.ask("SELECT", 1))

    def test_nodes_that_ask_for_a_password(self):
        tenfold = self.redis(self.servers(2, "--requirepass", "secret"), 'node_password = "secret"\npassword = "open"')
        for greeting in (["AUTH", "open"], ["HELLO", 3, "AUTH", "default", "open"]):
            client = self.selecting(tenfold, 2, greeting)
            self.assertEqual(client.pipeline(["SET", "a", "1"], ["MULTI"], ["GET", "a"], ["EXEC"])[3], [b"1"])
        self.assertIn("NOAUTH", self.client(tenfold).ask("SELECT", 1))

    def test_a_node_that_is_gone_does_not_keep_clients_out(self):
        nodes = self.servers(2)
        tenfold = self.redis(nodes, "persistent = true")
        keys = self.keys_by_server(tenfold, nodes)
        nodes[1].kill()
        client = self.selecting(tenfold, 3)
        self.assertEqual(client.ask("SET", keys[0], "x"), b"OK")
        self.assertIsInstance(client.ask("GET", keys[1]), RedisError)

    def test_the_built_in_cache_has_one(self):
        tenfold = self.tenfold('[cache.test]\nlisten = "127.0.0.1:{port}"\nprotocol = "redis"\n')
        self.assertIn("built in", self.client(tenfold).ask("SELECT", 1))


class Moving(DatabaseScenario):
    """Keys lie in databases 0 and 3 while nodes join and leave."""

    def begin(self, settings):
        self.nodes = self.servers(1)
        self.tenfold_ = self.redis(self.nodes, settings, run="workers = 2")
        self.wait_for_ring(self.tenfold_, self.nodes)
        for database in (0, 3):
            client = self.selecting(self.tenfold_, database)
            pairs = [word for i in range(KEYS) for word in (f"idle{i}", f"{i} of {database}")]
            self.assertEqual(client.ask("MSET", *pairs), b"OK")

    def work(self, database, stop, problems):
        """Counts in its database while keys move, and looks at what lies there."""
        counts = [0] * 50
        with RespClient(self.tenfold_.port) as client:
            client.ask("SELECT", database)
            while not stop.is_set() or counts[-1] < 3:
                for i in range(50):
                    counts[i] += 1
                    transaction = ["MULTI"], ["GET", f"idle{i}"], ["EXEC"]
                    replies = client.pipeline(["INCR", f"count{i}"], ["GET", f"idle{i * 7}"], *transaction)
                    wanted = [counts[i], f"{i * 7} of {database}".encode()]
                    if replies[:2] != wanted:
                        problems.append((replies, wanted))
                    done = replies[4]
                    is_aborted = isinstance(done, RedisError) and done.startswith("EXECABORT")
                    if done != [f"{i} of {database}".encode()] and not is_aborted:
                        problems.append(replies)

    def grow_and_drain(self):
        stop, problems = threading.Event(), []
        workers = [threading.Thread(target=self.work, args=(database, stop, problems)) for database in (0, 3)]
        for worker in workers:
            worker.start()
        self.nodes += self.servers(2)
        for node in self.nodes[1:]:
            self.verb(self.tenfold_, "add", "cache.test", node.address)
        self.wait_for_ring(self.tenfold_, self.nodes)
        spread = [values_of(node) for node in self.nodes]
        self.verb(self.tenfold_, "drain", "cache.test", self.nodes[0].address)
        self.wait_for_ring(self.tenfold_, self.nodes[1:])
        stop.set()
        for worker in workers:
            worker.join()
        self.assertEqual(problems, [])
        return spread

    def check(self):
        self.assertEqual(values_of(self.nodes[0]), {})
        held = [values_of(node) for node in self.nodes[1:]]
        for database in (0, 3):
            client = self.selecting(self.tenfold_, database)
            names = [f"idle{i}" for i in range(KEYS)]
            self.assertEqual(client.ask("MGET", *names), [f"{i} of {database}".encode() for i in range(KEYS)])
            # Every key is there once.
            self.assertEqual(sum(len(of.get(database, {})) for of in held), KEYS + 50)
            self.assertEqual(client.ask("DBSIZE"), KEYS + 50)

    def test_a_store_loses_no_key(self):
        self.begin("persistent = true")
        spread = self.grow_and_drain()
        for database in (0, 3):
            self.assertTrue(all(len(of[database]) > KEYS / 6 for of in spread), database)
        self.check()

    def test_a_cache_loses_no_key(self):
        self.begin("persistent = false")
        self.grow_and_drain()
        self.check()

    def test_a_node_with_keys_in_any_of_them_does_not_join_a_store(self):
        self.begin("persistent = true")
        node = self.server()
        with node.client() as client:
            client.pipeline(["SELECT", 5], ["SET", "idle0", "old"])
        code, out, error = self.tenfold_.cli("add", "cache.test", node.address)
        self.assertNotEqual(code, 0, out + error)
        service = self.tenfold_.admin_request("GET", "/v1/services/cache.test").json()
        self.assertIn("db5:keys=1", service["ring_state"]["kept_out"][node.address])

    def test_databases_beyond_the_setting_stay_where_they_are(self):
        self.nodes = self.servers(1)
        self.tenfold_ = self.redis(self.nodes, "databases = 1")
        self.wait_for_ring(self.tenfold_, self.nodes)
        with self.nodes[0].client() as client:
            client.ask("SELECT", 5)
            client.pipeline(*[["SET", f"mine{i}", "x"] for i in range(100)])
        self.selecting(self.tenfold_, 0).ask("MSET", *[word for i in range(100) for word in (f"key{i}", "x")])
        self.nodes += self.servers(1)
        self.verb(self.tenfold_, "add", "cache.test", self.nodes[1].address)
        self.wait_for_ring(self.tenfold_, self.nodes)
        self.assertEqual(len(values_of(self.nodes[0])[5]), 100)
        self.assertEqual(list(values_of(self.nodes[1])), [0])

    def test_a_cache_that_comes_back_has_nothing_old_in_any_of_them(self):
        self.nodes = self.servers(2)
        self.tenfold_ = self.redis(self.nodes, "persistent = false")
        self.wait_for_ring(self.tenfold_, self.nodes)
        three = self.selecting(self.tenfold_, 3)
        names = [f"key{i}" for i in range(200)]
        three.ask("MSET", *[word for name in names for word in (name, "old")])
        self.nodes[0].pause()
        self.wait_for_ring(self.tenfold_, self.nodes[1:])
        self.assertEqual(three.ask("MSET", *[word for name in names for word in (name, "new")]), b"OK")
        self.nodes[0].go_on()
        self.wait_for_ring(self.tenfold_, self.nodes)
        self.assertNotIn(b"old", three.ask("MGET", *names))


if __name__ == "__main__":
    unittest.main()
