# SPDX-License-Identifier: Apache-2.0
"""A Redis node that keys cannot be moved to is kept out of the ring: what it was to have can be read and written."""

import json
import os
import socket
import threading
import unittest

from harness import wait_until
from redis_servers import Line, RedisError, RedisScenario, end, receive, redis_service

KEYS = [f"key{number}" for number in range(200)]


class Firewall(Line):
    """The network to one Redis server. While it is closed, other nodes do not get through, and Tenfold does: those that
    hand keys over log in as a user for moves, first of all. What holds `let_through` passes all the same."""

    def __init__(self, server, silent, let_through=None):
        self.let_through = let_through
        self.silent = silent  # nodes get no answer; otherwise the connection is closed
        self.is_closed = True
        self.turned_away = 0
        super().__init__(server)

    def to_server(self, client, server):
        with client, server:
            turned_away = False
            while data := receive(client):
                passes = self.let_through is not None and self.let_through in data
                if self.is_closed and is_of_move(data) and not passes:
                    self.turned_away += 1
                    turned_away = True
                if turned_away and not self.silent:
                    break
                if not turned_away:
                    server.sendall(data)
            end(server)


def is_of_move(data):
    """Of a MIGRATE, and not of Tenfold, which tells the node of the user."""
    return b"\r\nRESTORE\r\n" in data or b"\r\nAUTH\r\n" in data and b"tenfold-move-" in data and b"ACL" not in data


class JoinScenario(RedisScenario):
    def begin(self, settings="", workers=2, server_settings=()):
        """Tenfold before two servers that hold the keys."""
        self.old = self.servers(2, *server_settings)
        self.proxy = self.redis(self.old, settings, run=f"workers = {workers}")
        self.cache = self.client(self.proxy)
        self.wait_for_ring(self.proxy, self.old)
        self.cache.ask("MSET", *[word for key in KEYS for word in (key, f"value of {key}")])

    def check_keys(self):
        """All can be read and written."""
        self.assertEqual(self.cache.ask("MGET", *KEYS), [f"value of {key}".encode() for key in KEYS])
        lengths = self.cache.pipeline(*[("APPEND", key, "") for key in KEYS])
        self.assertEqual(lengths, [len(f"value of {key}") for key in KEYS])


class KeptOut(JoinScenario):
    def check_kept_out(self, address, *words):
        code, out, talk = self.proxy.cli("add", "cache.test", address)
        self.assertEqual(code, 4, out + talk)
        kept_out = self.service(self.proxy)["ring_state"]["kept_out"][address]
        for word in words:
            self.assertIn(word, kept_out)
        self.assertIn(kept_out, talk)
        self.assertIn(kept_out, self.proxy.cli("status")[1])
        self.check_keys()

    def check_joins(self, node):
        self.wait_for_ring(self.proxy, [*self.old, node])
        self.check_keys()
        self.assertGreater(node.server.ask("DBSIZE"), len(KEYS) // 10)
        self.assertEqual(sum(server.ask("DBSIZE") for server in (*self.old, node.server)), len(KEYS))
        for server in (*self.old, node.server):
            users = [row.split()[1] for row in server.ask("ACL", "LIST")]
            self.assertFalse([user for user in users if b"trial" in user])

    def test_a_replica(self):
        self.begin()
        primary, replica = self.servers(2)
        replica.ask("REPLICAOF", "127.0.0.1", primary.port)
        self.check_kept_out(replica.address, "READONLY", f"{self.old[0].address} cannot hand keys", "a replica")
        replica.ask("REPLICAOF", "NO", "ONE")
        replica.server = replica
        self.check_joins(replica)

    def test_one_without_memory(self):
        self.begin()
        full = self.server("--maxmemory", "1kb")
        self.check_kept_out(full.address, "OOM command not allowed", "raise its maxmemory")

    def test_one_that_other_nodes_do_not_reach(self):
        for silent in (True, False):
            with self.subTest(silent=silent):
                self.begin()
                line = Firewall(self.server(), silent)
                self.addCleanup(line.stop)
                self.check_kept_out(line.address, "IOERR", "nodes must reach each other at the addresses")
                rows = self.service(self.proxy)["nodes"]
                self.assertEqual({row["state"] for row in rows}, {"up"})
                line.is_closed = False
                self.check_joins(line)
                self.assertGreaterEqual(line.turned_away, 1)

    def test_one_of_a_cache(self):
        self.begin("persistent = false")
        line = Firewall(self.server(), False)
        self.addCleanup(line.stop)
        self.check_kept_out(line.address, "IOERR")
        # The others hold on to what they have: none of it goes for a node that is not there.
        self.assertEqual(sum(server.ask("DBSIZE") for server in self.old), len(KEYS))

    def test_one_at_a_unix_socket(self):
        self.begin()
        path = os.path.join(self.old[0].folder, "socket")
        server = self.server("--unixsocket", path)
        wait_until(lambda: os.path.exists(path), "the server has its socket")
        self.assertEqual(server.ask("DBSIZE"), 0)
        with open(self.proxy.file, encoding="utf-8") as file:
            text = file.read()
        with open(self.proxy.file, "w", encoding="utf-8") as file:
            file.write(text.replace(f'"{self.old[0].address}"', f'"{self.old[0].address}", "unix:{path}"'))
        _, out, talk = self.proxy.cli("check")
        self.assertIn("keys cannot be moved to a Redis node at a Unix socket", out + talk)
        self.assertEqual(self.proxy.cli("reload")[0], 0)
        kept_out = wait_until(lambda: self.service(self.proxy)["ring_state"].get("kept_out"), "the node is kept out")
        self.assertIn("MIGRATE needs a host and a port", kept_out[f"unix:{path}"])
        self.check_keys()

    def test_an_address_that_is_another_server_for_the_others(self):
        """As one of 127.0.0.1 is, in the file of nodes of several machines."""
        self.begin()
        line = Crossed(self.server(), self.server())
        self.addCleanup(line.stop)
        self.check_kept_out(line.address, "WRONGPASS", "nodes must reach each other at the addresses")

    def test_and_that_takes_what_comes(self):
        self.begin()
        there, elsewhere = self.server(), self.server()
        there.ask("ACL", "SETUSER", "default", "-acl")
        line = Crossed(there, elsewhere)
        self.addCleanup(line.stop)
        self.check_kept_out(line.address, "has not come there", "nodes must reach each other at the addresses")


class Cut(JoinScenario):
    """The network between the nodes is cut as soon as keys move."""

    def begin_to_move(self, settings="", silent=True):
        self.begin(f'response_timeout = "600ms"\n{settings}', workers=1)
        self.new = Firewall(self.server(), silent, let_through=b"-trial-")
        self.addCleanup(self.new.stop)
        self.add(self.new.address)
        wait_until(lambda: self.new.turned_away, "a key is to move")

    def add(self, address):
        """And waits for nothing."""
        body = json.dumps({"address": address}).encode()
        self.assertIn("changes", self.proxy.admin_request("POST", "/v1/services/cache.test/nodes", body=body).json())

    def replies_by_kind(self):
        """To a GET of each key: how many values, and which errors."""
        replies = self.cache.pipeline(*[("GET", key) for key in KEYS])
        values = [reply for reply in replies if isinstance(reply, bytes)]
        self.assertEqual(values, [f"value of {KEYS[i]}".encode() for i in range(len(KEYS)) if replies[i] in values])
        return len(values), {reply for reply in replies if isinstance(reply, RedisError)}

    def test_what_does_not_move_is_served(self):
        self.begin_to_move()
        seen = [self.replies_by_kind() for _ in range(20)]
        for values, errors in seen[5:]:
            self.assertGreater(values, len(KEYS) // 3)
            for error in errors:
                self.assertRegex(error, "IOERR|may be on its way|takes long")
        rows = self.service(self.proxy)["nodes"]
        self.assertEqual({row["state"] for row in rows}, {"up"})
        self.assertLess(self.new.turned_away, 30)
        self.new.is_closed = False
        self.wait_for_ring(self.proxy, [*self.old, self.new])
        self.check_keys()

    def test_remove_is_the_way_back(self):
        for settings in ("", "persistent = false"):
            with self.subTest(settings=settings):
                self.begin_to_move(settings, silent=False)
                code, out, talk = self.proxy.cli("remove", "cache.test", self.new.address)
                self.assertEqual(code, 0, out + talk)
                self.wait_for_ring(self.proxy, self.old)
                self.check_keys()
                self.assertEqual(self.new.server.ask("DBSIZE"), 0)

    def test_so_is_the_file_of_before(self):
        self.begin("")
        with open(self.proxy.file, encoding="utf-8") as file:
            before = file.read()
        full = self.server("--maxmemory", "3mb")
        value = "x" * 50_000
        self.cache.ask("MSET", *[word for key in KEYS for word in (key, value)])
        self.add(full.address)
        wait_until(lambda: any("OOM" in str(self.cache.ask("GETEX", key)) for key in KEYS), "a key cannot move")
        self.assertGreater(full.ask("DBSIZE"), 0)
        with open(self.proxy.file, "w", encoding="utf-8") as file:
            file.write(before)
        self.assertEqual(self.proxy.cli("reload")[0], 0)
        self.wait_for_ring(self.proxy, self.old)
        self.assertEqual(set(self.cache.ask("MGET", *KEYS)), {value.encode()})
        self.assertEqual(full.ask("DBSIZE"), 0)


class Refused(JoinScenario):
    """The node that joins takes no more keys when it has got some."""

    def begin_to_refuse(self, node, word, settings=""):
        self.begin(settings)
        value = "x" * 50_000
        self.cache.ask("MSET", *[pair for key in KEYS for pair in (key, value)])
        self.proxy.admin_request(
            "POST", "/v1/services/cache.test/nodes", body=json.dumps({"address": node.address}).encode()
        )
        self.stuck = wait_until(lambda: self.refused(word), "keys cannot move")
        self.value = value.encode()

    def refused(self, word):
        replies = self.cache.pipeline(*[("GETEX", key) for key in KEYS])
        return [KEYS[i] for i in range(len(KEYS)) if f"replied with error: {word}" in str(replies[i][:200])]

    def check_reads(self):
        for client in (self.cache, self.client(self.proxy)):
            self.assertEqual(client.pipeline(*[("GET", key) for key in KEYS]), [self.value] * len(KEYS))
        key = self.stuck[0]
        self.assertEqual(self.cache.ask("MGET", key), [self.value])
        self.assertEqual(self.cache.ask("EXISTS", key), 1)
        self.assertEqual(self.cache.ask("TYPE", key), b"string")
        self.assertIn("WRONGTYPE", self.cache.ask("LLEN", key))
        self.assertEqual(self.cache.ask("TTL", "no such key"), -2)
        # Nothing is written, and what is in a transaction is not read, either.
        for words in (("APPEND", key, "y"), ("EVAL", "return redis.call('append', KEYS[1], 'y')", "1", key)):
            self.assertIn("replied with error", self.cache.ask(*words))
        replies = self.cache.pipeline(["MULTI"], ["GET", key], ["EXEC"])
        self.assertIn("replied with error", replies[1])
        self.assertIn("EXECABORT", replies[2])
        self.assertEqual(self.cache.ask("STRLEN", key), len(self.value))

    def test_one_that_is_full(self):
        full = self.server("--maxmemory", "3mb")
        self.begin_to_refuse(full, "OOM")
        self.check_reads()
        full.ask("CONFIG", "SET", "maxmemory", "0")
        self.wait_for_ring(self.proxy, [*self.old, full])
        self.assertEqual(set(self.cache.ask("MGET", *KEYS)), {self.value})
        self.assertEqual(sum(server.ask("DBSIZE") for server in (*self.old, full)), len(KEYS))

    def test_one_that_becomes_a_replica(self):
        new = self.server("--maxmemory", "3mb")
        self.begin_to_refuse(new, "OOM")
        new.ask("REPLICAOF", "127.0.0.1", "1")
        new.ask("CONFIG", "SET", "maxmemory", "0")
        self.stuck = wait_until(lambda: self.refused("READONLY"), "keys cannot move")
        self.check_reads()
        new.ask("REPLICAOF", "NO", "ONE")
        self.wait_for_ring(self.proxy, [*self.old, new])
        self.assertEqual(set(self.cache.ask("MGET", *KEYS)), {self.value})


class AnotherAddress(RedisScenario):
    """A node of a store that has a name."""

    def begin(self):
        self.one, self.two, self.third = self.servers(3)
        text = redis_service([self.one, self.two])
        plain = f'"{self.one.address}", "{self.two.address}"'
        servers = {"one": self.one, "two": self.two}
        named = [f'{{ address = "{server.address}", name = "{name}" }}' for name, server in servers.items()]
        self.assertIn(plain, text)
        self.proxy = self.tenfold(text.replace(plain, ", ".join(named)))
        self.cache = self.client(self.proxy)
        self.wait_for_ring(self.proxy, [self.one, self.two])
        self.cache.ask("MSET", *[word for key in KEYS for word in (key, f"value of {key}")])
        self.counts = (self.one.ask("DBSIZE"), self.two.ask("DBSIZE"))

    def change_address(self):
        with open(self.proxy.file, encoding="utf-8") as file:
            text = file.read()
        with open(self.proxy.file, "w", encoding="utf-8") as file:
            file.write(text.replace(self.one.address, self.third.address))
        self.assertEqual(self.proxy.cli("reload")[0], 0)
        self.wait_for_ring(self.proxy, [self.third, self.two])
        self.assertEqual(self.cache.ask("MGET", *KEYS), [f"value of {key}".encode() for key in KEYS])
        self.assertEqual((self.third.ask("DBSIZE"), self.two.ask("DBSIZE")), self.counts)

    def test_a_replica_takes_its_place(self):
        self.begin()
        self.third.ask("REPLICAOF", "127.0.0.1", self.one.port)
        wait_until(lambda: self.third.ask("DBSIZE") == self.counts[0], "it has all keys")
        self.one.kill()
        wait_until(lambda: "down" in str(self.service(self.proxy)["nodes"]), "it is known to have died")
        self.third.ask("REPLICAOF", "NO", "ONE")
        self.change_address()
        self.assertEqual(self.cache.ask("SET", KEYS[0], "more"), b"OK")

    def test_an_empty_server_is_given_the_keys(self):
        self.begin()
        self.change_address()
        self.assertEqual(self.one.ask("DBSIZE"), 0)

    def test_it_may_come_later(self):
        self.begin()
        self.third.ask("REPLICAOF", "127.0.0.1", self.one.port)
        wait_until(lambda: self.third.ask("DBSIZE") == self.counts[0], "it has all keys")
        self.third.ask("REPLICAOF", "NO", "ONE")
        self.third.pause()
        go_on = threading.Timer(1, self.third.go_on)
        go_on.start()
        self.addCleanup(go_on.cancel)
        self.change_address()
        self.assertEqual(self.one.ask("DBSIZE"), self.counts[0])


LIBRARY = "#!lua name=%s\nredis.register_function('%s', function(keys) return redis.call('INCR', keys[1]) end)"


class Functions(JoinScenario):
    def test_a_node_that_joins_has_them(self):
        self.begin('node_password = "secret"', server_settings=("--requirepass", "secret"))
        for number in range(20):  # more than comes at once
            self.cache.ask("FUNCTION", "LOAD", LIBRARY % (f"lib{number}", f"f{number}") + "\n--" + 1000 * "x")
        new = self.server("--requirepass", "secret")
        code, out, talk = self.proxy.cli("add", "cache.test", new.address)
        self.assertEqual(code, 0, out + talk)
        counters = [f"counter{number}" for number in range(40)]
        self.assertEqual(self.cache.pipeline(*[("FCALL", "f7", 1, key) for key in counters]), [1] * len(counters))

    def test_one_that_cannot_take_them_is_kept_out(self):
        self.begin()
        self.cache.ask("FUNCTION", "LOAD", LIBRARY % ("lib", "f"))
        other = self.server()
        other.ask("FUNCTION", "LOAD", LIBRARY % ("another", "f"))
        code, out, talk = self.proxy.cli("add", "cache.test", other.address)
        self.assertEqual(code, 4, out + talk)
        self.assertIn("does not take the functions", self.proxy.cli("status")[1])
        self.assertIn("already exists", self.service(self.proxy)["ring_state"]["kept_out"][other.address])
        other.ask("FUNCTION", "FLUSH")
        self.wait_for_ring(self.proxy, [*self.old, other])
        self.check_keys()


class ThinLine(Line):
    """The network to one Redis server, which carries so much and no more."""

    BYTES = 65536
    SECONDS = 0.01  # for each so many

    def to_server(self, client, server):
        with client, server:
            while data := client.recv(self.BYTES):
                threading.Event().wait(self.SECONDS * len(data) / self.BYTES)
                server.sendall(data)
            end(server)


class Large(JoinScenario):
    def test_their_nodes_serve_while_they_move(self):
        """All at once they would take two seconds, in which the node that gives them answers nobody."""
        (old,) = self.servers(1)
        new = ThinLine(self.server())
        self.addCleanup(new.stop)
        self.proxy = self.redis([old], 'persistent = false\nresponse_timeout = "10s"')
        self.wait_for_ring(self.proxy, [old])
        client = self.client(self.proxy)
        value = os.urandom(2 * ThinLine.BYTES)  # nodes press what they can
        client.ask("MSET", *[word for key in KEYS for word in (key, value)])
        old.ask("CONFIG", "SET", "slowlog-log-slower-than", "1000", "slowlog-max-len", "1000")
        code, out, talk = self.proxy.cli("add", "cache.test", new.address)
        self.assertEqual(code, 0, out + talk)
        taken = [entry[2] / 1e6 for entry in old.ask("SLOWLOG", "GET", "-1") if entry[3][0] == b"MIGRATE"]
        self.assertGreater(sum(taken), 1)
        self.assertLess(max(taken), 1.0, taken)
        self.assertEqual(client.ask("MGET", *KEYS), [value] * len(KEYS))


class Crossed(Firewall):
    """Nodes get to another server than Tenfold."""

    def __init__(self, server, others):
        self.others = others
        super().__init__(server, silent=False)

    def to_server(self, client, server):
        first = receive(client)
        meant = self.others if is_of_move(first) else self.server
        with client, server, socket.create_connection(("127.0.0.1", meant.port)) as sink:
            threading.Thread(target=self.to_client, args=(sink, client), daemon=True).start()
            sink.sendall(first)
            while data := receive(client):
                sink.sendall(data)
            end(sink)


if __name__ == "__main__":
    unittest.main()
