# SPDX-License-Identifier: Apache-2.0
"""The Redis side of the cache plane: what is split, what is refused, and what must never go wrong."""

import os
import re
import shutil
import tempfile
import threading
import unittest

from harness import wait_until
from redis_servers import RedisError, RedisScenario, RespClient, ScriptedRedis, encode


class Everyday(RedisScenario):
    def test_each_kind_of_value_is_kept_whole(self):
        client = self.client(self.redis(self.servers(3)))
        binary = bytes(range(256)) + b"\r\n$-1\r\n"
        self.assertEqual(client.ask("SET", "binary", binary), b"OK")
        self.assertEqual(client.ask("GET", "binary"), binary)
        self.assertEqual(client.ask("RPUSH", "list", "a", "b", "c"), 3)
        self.assertEqual(client.ask("LRANGE", "list", 0, -1), [b"a", b"b", b"c"])
        self.assertEqual(client.ask("HSET", "hash", "f", "v"), 1)
        self.assertEqual(client.ask("HGETALL", "hash"), [b"f", b"v"])
        self.assertEqual(client.ask("ZADD", "sorted", "1.5", "m"), 1)
        self.assertEqual(client.ask("ZRANGE", "sorted", 0, -1, "WITHSCORES"), [b"m", b"1.5"])
        self.assertIsNone(client.ask("GET", "nothing"))

    def test_resp3_types_reach_the_client(self):
        client = self.client(self.redis(self.servers(3)))
        self.assertEqual(client.ask("HELLO", "3", "SETNAME", "tester")[b"proto"], 3)
        client.ask("HSET", "hash", "f", "v")
        self.assertEqual(client.ask("HGETALL", "hash"), {b"f": b"v"})
        client.ask("ZADD", "sorted", "1.5", "m")
        self.assertEqual(client.ask("ZSCORE", "sorted", "m"), 1.5)
        self.assertIsNone(client.ask("GET", "nothing"))
        self.assertEqual(client.ask("CLIENT", "GETNAME"), b"tester")

    def test_another_protocol_begins_behind_what_was_asked_in_the_one_before(self):
        """Each has a connection of its own to a node: what is asked in the second must not overtake the first."""
        nodes = self.servers(3)
        client = self.client(self.redis(nodes))
        streams = [f"stream{i}" for i in range(8)]
        for stream in streams:
            client.ask("XADD", stream, "1-1", "a", "b")
        read_all = ["XREAD", "STREAMS", *streams, *["0"] * 8]
        old, new = b"o" * 2_000_000, b"n" * 2_000_000
        for _ in range(5):
            self.assertEqual(client.ask("SET", "k", old), b"OK")
            replies = client.pipeline(
                ["SET", "k", new], read_all, ["HELLO", "3"], ["GETRANGE", "k", "0", "2"],
                ["SET", "k", old], read_all, ["RESET"], ["GETRANGE", "k", "0", "2"],
            )  # fmt: skip
            self.assertEqual([len(replies[1]), replies[3], len(replies[5]), replies[7]], [8, b"nnn", 8, b"ooo"])
            self.assertIsInstance(replies[5], dict)

    def test_multi_key_commands_are_split_and_joined_in_order(self):
        servers = self.servers(3)
        client = self.client(self.redis(servers))
        keys = [f"key{number}" for number in range(50)]
        pairs = [word for key in keys for word in (key, key.upper())]
        self.assertEqual(client.ask("MSET", *pairs), b"OK")
        self.assertEqual(client.ask("MGET", *keys, "nothing"), [key.upper().encode() for key in keys] + [None])
        self.assertEqual(client.ask("EXISTS", *keys, keys[0]), 51)
        self.assertTrue(all(server.ask("DBSIZE") > 0 for server in servers))
        self.assertEqual(sorted(client.ask("KEYS", "*")), sorted(key.encode() for key in keys))
        found, cursor = [], b"0"
        while True:
            cursor, part = client.ask("SCAN", cursor, "COUNT", 7)
            found += part
            if cursor == b"0":
                break
        self.assertEqual(sorted(set(found)), sorted(key.encode() for key in keys))
        self.assertEqual(client.ask("DEL", *keys), 50)
        self.assertEqual(client.ask("DBSIZE"), 0)

    def test_what_cannot_be_right_over_several_nodes_is_refused_and_not_half_done(self):
        servers = self.servers(3)
        tenfold = self.redis(servers)
        client = self.client(tenfold)
        a, b, _ = self.keys_by_server(tenfold, servers).values()
        client.ask("SET", a, "1")
        client.ask("RPUSH", "list{" + a + "}", "3", "1", "2")
        for words in (
            ["MSETNX", a, "2", b, "2"],
            ["RENAME", a, b],
            ["SUNIONSTORE", b, a],
            ["EVAL", "return 1", "2", a, b],
            ["SORT", "list{" + a + "}", "STORE", b],
            ["BITOP", "AND", b, a],
        ):
            reply = client.ask(*words)
            self.assertIsInstance(reply, RedisError, words)
            self.assertIn("live on different nodes", reply)
        self.assertIn("other nodes", client.ask("SORT", "list{" + a + "}", "BY", "weight_*"))
        self.assertEqual(client.ask("GET", a), b"1")
        self.assertEqual(client.ask("EXISTS", b), 0)
        self.assertEqual(client.ask("SORT", "list{" + a + "}", "STORE", "sorted{" + a + "}"), 3)
        self.assertIn("allow_admin", client.ask("FLUSHALL"))
        self.assertEqual(client.ask("SELECT", "0"), b"OK")
        self.assertIn("TRACKING", client.ask("CLIENT", "TRACKING", "ON"))

    def test_what_gets_no_reply_or_no_end_of_them_never_shares_a_connection(self):
        client = self.client(self.redis(self.servers(1), "allow_admin = true"))
        client.ask("SET", "k", "v")
        for words in (["REPLCONF", "ACK", "0"], ["MONITOR"], ["SYNC"], ["PSYNC", "?", "-1"]):
            self.assertIn("needs a connection to the node itself", client.ask(*words))
            self.assertEqual(client.ask("GET", "k"), b"v")

    def test_connections_to_nodes_are_kept_alive(self):
        """Else a subscription over one that has died without a word would be deaf for ever."""
        (server,) = self.servers(1)
        client = self.client(self.redis([server]))
        client.ask("SUBSCRIBE", "channel")
        to_server = f"0100007F:{server.port:04X}"

        def timers():
            with open("/proc/net/tcp", encoding="ascii") as table:
                rows = [line.split() for line in table]
            return {row[5][:2] for row in rows if row[2] == to_server and row[3] == "01"}

        wait_until(lambda: timers() == {"02"}, "the kernel's timer of each is that of keep-alive")

    def test_a_random_key_is_one_of_any_node(self):
        servers = self.servers(3)
        tenfold = self.redis(servers)
        client = self.client(tenfold)
        self.assertIsNone(client.ask("RANDOMKEY"))
        keys = {key.encode() for key in self.keys_by_server(tenfold, servers).values()}
        for key in keys:
            client.ask("SET", key, "v")
            self.assertIsNotNone(client.ask("RANDOMKEY"))
        self.assertEqual({client.ask("RANDOMKEY") for _ in range(100)}, keys)

    def test_keys_with_a_hash_tag_are_together(self):
        client = self.client(self.redis(self.servers(3)))
        self.assertEqual(client.ask("MSETNX", "{user7}:a", "1", "{user7}:b", "2"), 1)
        self.assertEqual(client.ask("RENAME", "{user7}:a", "{user7}:c"), b"OK")
        script = "return redis.call('GET', KEYS[1]) .. redis.call('GET', KEYS[2])"
        self.assertEqual(client.ask("EVAL", script, 2, "{user7}:b", "{user7}:c"), b"21")

    def test_names_and_ids_belong_to_the_connection(self):
        tenfold = self.redis(self.servers(1))
        first, second = self.client(tenfold), self.client(tenfold)
        self.assertIsNone(first.ask("CLIENT", "GETNAME"))
        self.assertEqual(first.ask("CLIENT", "SETNAME", "one"), b"OK")
        self.assertIn("cannot contain", first.ask("CLIENT", "SETNAME", "two words"))
        self.assertEqual(first.ask("CLIENT", "SETINFO", "LIB-NAME", "x"), b"OK")
        self.assertEqual(first.ask("CLIENT", "GETNAME"), b"one")
        self.assertIsNone(second.ask("CLIENT", "GETNAME"))
        self.assertNotEqual(first.ask("CLIENT", "ID"), second.ask("CLIENT", "ID"))
        self.assertEqual(first.ask("RESET"), b"RESET")
        self.assertIsNone(first.ask("CLIENT", "GETNAME"))

    def test_ids_are_those_of_no_other_worker(self):
        tenfold = self.redis(self.servers(1), run="workers = 2")
        ids = [self.client(tenfold).ask("CLIENT", "ID") for _ in range(20)]
        self.assertEqual(len(set(ids)), 20)
        self.assertGreater(min(ids), 0)

    def test_a_client_is_told_of_itself(self):
        """rq looks for its own address in CLIENT LIST, and does not work without; the fields are those of Redis."""
        servers = self.servers(1)
        client = self.client(self.redis(servers))
        client.ask("CLIENT", "SETNAME", "me")
        client.ask("SELECT", "3")
        line = client.ask("CLIENT", "LIST").decode()
        told = dict(field.split("=", 1) for field in line.split())
        own = "%s:%d" % client.socket.getsockname()
        told_of = (told["addr"], told["name"], told["db"], told["id"])
        self.assertEqual(told_of, (own, "me", "3", str(client.ask("CLIENT", "ID"))))
        self.assertTrue(line.endswith("\n"))
        redis_fields = [field.split("=")[0] for field in servers[0].ask("CLIENT", "INFO").decode().split()]
        self.assertEqual(list(told), redis_fields)
        info = client.ask("CLIENT", "INFO").decode()
        self.assertEqual(info, line.replace("client|list", "client|info"))
        self.assertEqual(client.ask("CLIENT", "LIST", "ID", "0", told["id"]).decode(), line)
        self.assertEqual(client.ask("CLIENT", "LIST", "TYPE", "normal").decode(), line)
        self.assertEqual(client.ask("CLIENT", "LIST", "TYPE", "pubsub"), b"")
        self.assertIn("syntax", client.ask("CLIENT", "LIST", "ID"))

    def test_a_client_of_a_unix_socket_has_its_path_for_an_address(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "redis.sock")
            self.tenfold(f'[cache.test]\nlisten = "unix:{path}"\nprotocol = "redis"\n')
            with RespClient(path) as client:
                self.assertIn(f" addr={path}:0 laddr={path}:0 ", client.ask("CLIENT", "INFO").decode())

    def test_where_no_password_is_asked_for_the_default_user_may_have_any(self):
        """As at a Redis without one: there are addresses of applications that have a user and a password by habit."""
        server = self.server()
        for client in (server.client(), self.client(self.redis([server]))):
            self.addCleanup(client.close)
            self.assertEqual(client.ask("AUTH", "default", "any"), b"OK")
            self.assertIn("WRONGPASS", client.ask("AUTH", "bob", "any"))
            self.assertIn("without any password", client.ask("AUTH", "any"))
            self.assertIn("WRONGPASS", client.ask("HELLO", 3, "AUTH", "bob", "any"))
            self.assertEqual(client.ask("HELLO", 3, "AUTH", "default", "any")[b"proto"], 3)
            self.assertIn("not an integer", client.ask("HELLO", "three"))


class Scripts(RedisScenario):
    def test_scripts_are_known_to_every_node(self):
        servers = self.servers(3)
        tenfold = self.redis(servers)
        client = self.client(tenfold)
        digest = client.ask("SCRIPT", "LOAD", "return KEYS[1]")
        for server in servers:
            self.assertEqual(server.ask("SCRIPT", "EXISTS", digest), [1])
        for key in self.keys_by_server(tenfold, servers).values():
            self.assertEqual(client.ask("EVALSHA", digest, 1, key), key.encode())
        self.assertEqual(client.ask("SCRIPT", "EXISTS", digest, "0" * 40), [1, 0])
        servers[1].ask("SCRIPT", "FLUSH")
        self.assertEqual(client.ask("SCRIPT", "EXISTS", digest), [0])
        self.assertEqual(client.ask("SCRIPT", "FLUSH"), b"OK")
        self.assertEqual(servers[0].ask("SCRIPT", "EXISTS", digest), [0])
        self.assertIn("Error compiling", client.ask("SCRIPT", "LOAD", "no lua at all"))
        self.assertIn("NOSCRIPT", client.ask("EVALSHA", digest, 1, "key"))

    def test_scripts_that_name_no_keys_run_where_there_is_one_node(self):
        """Django's channel layer has its keys among the arguments."""
        client = self.client(self.redis(self.servers(1)))
        script = "return redis.call('INCR', ARGV[1])"
        self.assertEqual(client.ask("EVAL", script, 0, "k"), 1)
        digest = client.ask("SCRIPT", "LOAD", script)
        self.assertEqual(client.ask("EVALSHA", digest, 0, "k"), 2)
        transaction = client.pipeline(["MULTI"], ["EVAL", script, 0, "k"], ["EXEC"])
        self.assertEqual(transaction[2], [3])
        self.assertIn("not an integer", client.ask("EVAL", script, "none", "k"))
        several = self.client(self.redis(self.servers(2)))
        self.assertIn("without keys", several.ask("EVAL", script, 0, "k"))

    def test_functions_are_known_to_every_node(self):
        servers = self.servers(3)
        tenfold = self.redis(servers)
        client = self.client(tenfold)
        library = "#!lua name=lib\nredis.register_function('first', function(keys) return keys[1] end)"
        self.assertEqual(client.ask("FUNCTION", "LOAD", library), b"lib")
        for key in self.keys_by_server(tenfold, servers).values():
            self.assertEqual(client.ask("FCALL", "first", 1, key), key.encode())
        self.assertEqual(client.ask("FUNCTION", "LIST")[0][1], b"lib")
        self.assertEqual(client.ask("FUNCTION", "DELETE", "lib"), b"OK")
        self.assertEqual([server.ask("FUNCTION", "LIST") for server in servers], [[], [], []])


class Corruption(RedisScenario):
    """The ways to corrupt data of docs/cache-safety.md that concern Redis, by their numbers."""

    def scripted(self, answer, settings=""):
        node = ScriptedRedis(answer)
        self.addCleanup(node.close)
        return node, self.redis([node], settings)

    def test_01_a_late_reply_reaches_nobody(self):
        late = threading.Event()
        self.addCleanup(late.set)

        def answer(words, _connection):
            if words[1] == b"slow":
                late.wait(20)
            return b"$%d\r\n%s\r\n" % (len(words[1]), words[1])

        _, tenfold = self.scripted(answer, 'response_timeout = "300ms"')
        first, second = self.client(tenfold), self.client(tenfold)
        self.assertIn("no reply within", first.ask("GET", "slow"))
        second.send_command("GET", "other")
        late.set()
        reply = second.read()
        self.assertTrue(reply == b"other" or isinstance(reply, RedisError), reply)
        self.assertEqual(first.ask("GET", "again"), b"again")
        self.assertEqual(second.ask("GET", "more"), b"more")

    def test_04_replies_come_in_the_order_of_the_requests(self):
        servers = self.servers(3)
        client = self.client(self.redis(servers))
        keys = [f"key{number}" for number in range(200)]
        client.pipeline(*[["SET", key, key] for key in keys])
        commands = [command for key in keys for command in (["GET", key], ["PING", key], ["MGET", key, "key0"])]
        servers[0].pause()  # the others are faster now
        client.send(b"".join(encode(*command) for command in commands))
        servers[0].go_on()
        for key in keys:
            self.assertEqual(client.read(), key.encode())
            self.assertEqual(client.read(), key.encode())
            self.assertEqual(client.read(), [key.encode(), b"key0"])

    def test_10_nothing_that_may_have_been_done_is_sent_again(self):
        answers = {b"CLIENT": b":1\r\n", b"GET": b"$-1\r\n"}
        node, tenfold = self.scripted(lambda words, connection: answers.get(words[0]))
        for words in (
            ["INCR", "n"],
            ["LPUSH", "l", "x"],
            ["RPOP", "l"],
            ["APPEND", "s", "x"],
            ["XADD", "stream", "*", "f", "v"],
            ["EVAL", "return 1", "1", "k"],
            ["SPOP", "set"],
            ["BLPOP", "l", "0"],
        ):
            with RespClient(tenfold.port) as client:
                # A node that answers is connected to again at once.
                wait_until(lambda client=client: client.ask("GET", "other") is None, "an answer of the node")
                self.assertIsInstance(client.ask(*words), RedisError)
            sent = [command for command in node.commands if command[0].decode() == words[0]]
            self.assertEqual(len(sent), 1, words)

    def test_11_a_dead_node_is_an_error_and_never_a_miss(self):
        servers = self.servers(3)
        tenfold = self.redis(servers)
        client = self.client(tenfold)
        keys = self.keys_by_server(tenfold, servers)
        for key in keys.values():
            client.ask("SET", key, key)
        servers[2].kill()
        values = client.ask("MGET", *keys.values())
        for index, key in enumerate(keys):
            if key == 2:
                self.assertIsInstance(values[index], RedisError)
            else:
                self.assertEqual(values[index], keys[key].encode())
        self.assertIsInstance(client.ask("GET", keys[2]), RedisError)
        self.assertIsInstance(client.ask("DEL", *keys.values()), RedisError)
        self.assertIsInstance(client.ask("DBSIZE"), RedisError)

    def test_a_store_that_cannot_save_is_read(self):
        full, other = self.servers(2)
        tenfold = self.redis([full, other])
        client = self.client(tenfold)
        keys = self.keys_by_server(tenfold, [full, other])
        client.ask("MSET", keys[0], "a", keys[1], "b")
        shutil.rmtree(full.folder)
        full.ask("CONFIG", "SET", "save", "3600 1")
        full.ask("BGSAVE")
        # Each of its probes: more of them than would take a node out.
        refused = re.compile(rb"cmdstat_ping:.*rejected_calls=([0-9]{2,})")
        wait_until(lambda: refused.search(full.ask("INFO", "commandstats")), "it cannot save")
        self.assertIn("MISCONF", client.ask("SET", keys[0], "c"))
        self.assertEqual(client.ask("MGET", keys[0], keys[1]), [b"a", b"b"])
        self.assertEqual(client.ask("SET", keys[1], "c"), b"OK")
        self.assertEqual(client.ask("SUBSCRIBE", keys[0]), [b"subscribe", keys[0].encode(), 1])

    def test_a_node_that_takes_no_further_clients_serves_those_that_it_has(self):
        full, other = servers = self.servers(2)
        tenfold = self.redis(servers)
        client = self.client(tenfold)
        keys = self.keys_by_server(tenfold, servers)
        within = RespClient(full.port)
        self.addCleanup(within.close)
        within.ask("CONFIG", "SET", "maxclients", "1")
        refused = re.compile(rb"rejected_connections:([0-9]+)")
        # Each of its probes: more of them than would take a node out.
        wait_until(lambda: int(refused.search(within.ask("INFO", "stats"))[1]) > 10, "it is full")
        self.assertEqual(client.ask("SET", keys[0], "a"), b"OK")
        self.assertEqual({node["state"] for node in self.service(tenfold)["nodes"]}, {"up"})
        self.assertEqual(client.ask("MGET", keys[0], keys[1]), [b"a", None])
        self.assertEqual(other.ask("DBSIZE"), 0)

    def test_what_a_node_says_to_a_new_connection_is_told(self):
        words = "LOADING Redis is loading the dataset in memory"
        _, tenfold = self.scripted(lambda *_: f"-{words}\r\n".encode())
        client = self.client(tenfold)
        client.ask("HELLO", "3")
        self.assertIn(f"HELLO 3: {words}", client.ask("GET", "a"))

    def test_12_private_state_stays_with_its_client(self):
        servers = self.servers(2)
        tenfold = self.redis(servers)
        key = self.keys_by_server(tenfold, servers)[0]
        first, second = self.client(tenfold), self.client(tenfold)
        first.ask("WATCH", key)
        first.ask("MULTI")
        first.ask("SET", key, "first")
        self.assertEqual(second.ask("SET", key, "second"), b"OK")  # not queued
        self.assertIsNone(first.ask("EXEC"))
        first.ask("MULTI")
        first.ask("SET", key, "left open")
        first.close()
        self.assertEqual(second.ask("GET", key), b"second")
        # Whoever gets a connection that somebody has given back finds it clean.
        for _ in range(20):
            with RespClient(tenfold.port) as client:
                self.assertEqual(client.ask("WATCH", key), b"OK")
                self.assertEqual(client.ask("UNWATCH"), b"OK")
        second.ask("MULTI")
        second.ask("SET", key, "third")
        self.assertEqual(client_changes(tenfold, key), b"OK")
        self.assertEqual(second.ask("EXEC"), [b"OK"])

    def test_13_lengths_that_lie_are_refused(self):
        tenfold = self.redis(self.servers(1), 'item_max = "1MiB"')
        for lie, words in (
            (b"*-2147483648\r\n", "multibulk"),
            (b"*2147483648\r\n", "multibulk"),
            (b"*99999999999999999999\r\n", "multibulk"),
            (b"*2\r\n$3\r\nGET\r\n$-5\r\n", "bulk"),
            (b"*2\r\n$3\r\nGET\r\n$4294967296\r\n", "bulk"),
            (b"*2\r\n$3\r\nGET\r\n$18446744073709551616\r\n", "bulk"),
            (b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1048577\r\n", "bulk"),
            (b"GET " + b"x" * 70_000, "inline"),
            (b"*1\r\n:1\r\n", "expected '$'"),
        ):
            with RespClient(tenfold.port) as client:
                client.send(encode("PING") + lie)
                self.assertEqual(client.read(), b"PONG")  # what came before has its reply
                if lie == b"*-2147483648\r\n":
                    continue  # an empty command to Redis, and to Tenfold
                self.assertIn(words, client.read())
                self.assertTrue(client.at_end())

    def test_13_values_of_every_size_are_whole(self):
        client = self.client(self.redis(self.servers(2)))
        for size in (0, 1, 4_095, 4_096, 4_097, 16_384, 32_767, 32_768, 65_537, 1_000_000):
            value = bytes(number % 251 for number in range(size))
            self.assertEqual(client.ask("SET", f"size{size}", value), b"OK")
            self.assertEqual(client.ask("GET", f"size{size}"), value)
            self.assertEqual(client.ask("MGET", f"size{size}", "size1"), [value, client.ask("GET", "size1")])

    def test_14_an_unknown_command_keeps_the_connection(self):
        client = self.client(self.redis(self.servers(2)))
        replies = client.pipeline(["SET", "a", "1"], ["NOSUCHCOMMAND", "a"], ["GET", "a"], ["GET"], ["GET", "a"])
        self.assertEqual(replies[0], b"OK")
        self.assertIn("unknown command", replies[1])
        self.assertEqual(replies[2], b"1")
        self.assertIn("wrong number of arguments", replies[3])
        self.assertEqual(replies[4], b"1")

    def test_a_deep_reply_passes(self):
        depth = 1000
        script = "local t = {} local r = t for i = 1, ARGV[1] do t[1] = {} t = t[1] end return r"
        client = self.client(self.redis(self.servers(2)))
        client.send_command("EVAL", script, "1", "k", depth)
        line = client.reader.readline()
        while line == b"*1\r\n":
            depth -= 1
            line = client.reader.readline()
        self.assertEqual((line, depth), (b"*0\r\n", 0))
        self.assertEqual(client.ask("PING"), b"PONG")

    def test_a_node_that_nests_without_end_is_hung_up_on(self):
        node, tenfold = self.scripted(lambda words, connection: b"*1\r\n" * 100_000)
        client = self.client(tenfold)
        self.assertIsInstance(client.ask("GET", "k"), RedisError)
        self.assertEqual(len(node.commands), 1)
        self.assertEqual(client.ask("PING"), b"PONG")

    def test_nothing_is_done_for_those_who_have_no_password(self):
        servers = self.servers(1)
        tenfold = self.redis(servers, 'password = "secret"\nitem_max = "1MiB"')
        with RespClient(tenfold.port) as client:
            flood = client.pipeline(*[["SET", f"k{number}", "x"] for number in range(1000)])
            self.assertTrue(all(isinstance(reply, RedisError) and "NOAUTH" in reply for reply in flood))
            self.assertIn("NOAUTH", client.ask("MULTI"))
            self.assertIn("NOAUTH", client.ask("SUBSCRIBE", "c"))
            self.assertIn("NOAUTH", client.ask("BLPOP", "l", 0))
            self.assertIn("WRONGPASS", client.ask("AUTH", "wrong"))
            self.assertEqual(client.ask("AUTH", "secret"), b"OK")
            self.assertEqual(client.ask("SET", "k", "x"), b"OK")
            self.assertIn("WRONGPASS", client.ask("AUTH", "wrong"))
            self.assertEqual(client.ask("SET", "k", "x"), b"OK")  # as before, it is who it was
            client.ask("RESET")
            self.assertIn("NOAUTH", client.ask("GET", "k"))
        self.assertEqual(servers[0].ask("DBSIZE"), 1)
        for flood in (b"*1000000\r\n", b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$16385\r\n", b"SET k " + b"x" * 70_000):
            with RespClient(tenfold.port) as stranger:
                stranger.send(flood)
                self.assertIn("Protocol error", stranger.read())
                self.assertTrue(stranger.at_end())


def client_changes(tenfold, key):
    with RespClient(tenfold.port) as client:
        return client.ask("SET", key, "changed by another")


if __name__ == "__main__":
    unittest.main()
