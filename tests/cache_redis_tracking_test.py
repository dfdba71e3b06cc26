# SPDX-License-Identifier: Apache-2.0
"""CLIENT TRACKING: a client that keeps values itself hears of every change of what it has read, wherever that lives."""

import random
import threading
import unittest

from harness import wait_until
from redis_servers import Push, RedisError, RedisScenario, RespClient

EVERYTHING = Push([b"invalidate", None])


def changed(*keys):
    return Push([b"invalidate", [key.encode() for key in keys]])


class TrackingScenario(RedisScenario):
    def tracking(self, tenfold, *options, database=0):
        client = self.client(tenfold)
        client.ask("HELLO", 3)
        if database:
            self.assertEqual(client.ask("SELECT", database), b"OK")
        self.assertEqual(client.ask("CLIENT", "TRACKING", "ON", *options), b"OK")
        return client


class Changes(TrackingScenario):
    def setUp(self):
        self.nodes = self.servers(3)
        self.tenfold_ = self.redis(self.nodes)
        keys = self.keys_by_server(self.tenfold_, self.nodes)
        self.keys = [keys[index] for index in range(3)]
        self.other = self.client(self.tenfold_)

    def hears_nothing(self, client):
        """Asked of every node, behind what it has told."""
        self.assertEqual(type(client.ask("DBSIZE")), int)

    def test_what_was_read_is_told_of_on_every_node(self):
        client = self.tracking(self.tenfold_)
        self.assertEqual(client.ask("MGET", *self.keys), [None] * 3)
        for key in self.keys:
            self.other.ask("SET", key, "x")
            self.assertEqual(client.read(), changed(key))
        for key in self.keys:
            self.other.ask("SET", key, "y")  # not read since
        self.other.ask("SET", "unread", "x")
        self.hears_nothing(client)
        self.assertEqual(client.ask("GET", self.keys[0]), b"y")
        self.nodes[0].ask("SET", self.keys[0], "past Tenfold")
        self.assertEqual(client.read(), changed(self.keys[0]))
        self.assertEqual(client.ask("GET", self.keys[0]), b"past Tenfold")

    def test_a_message_never_overtakes_the_value_that_it_is_about(self):
        """A value that is read and kept is told of before the client can take it for the newest."""
        client = self.tracking(self.tenfold_)
        for number in range(300):
            self.other.ask("SET", self.keys[1], number)
            client.send_command("GET", self.keys[1])
            self.other.ask("SET", self.keys[1], "new")
            kept = client.read()
            while isinstance(kept, Push):
                kept = client.read()
            while kept not in (None, b"new"):
                self.assertEqual(client.read(), changed(self.keys[1]))
                kept = None

    def test_noloop(self):
        client = self.tracking(self.tenfold_, "NOLOOP")
        self.assertIsNone(client.ask("GET", self.keys[0]))
        self.assertEqual(client.ask("SET", self.keys[0], "mine"), b"OK")
        self.assertEqual(client.ask("GET", self.keys[0]), b"mine")
        self.hears_nothing(client)
        self.other.ask("SET", self.keys[0], "theirs")
        self.assertEqual(client.read(), changed(self.keys[0]))

    def test_broadcasts(self):
        client = self.tracking(self.tenfold_, "BCAST", "PREFIX", "user:", "PREFIX", "page:")
        for number in range(20):
            self.other.ask("SET", f"user:{number}", "x")
            self.assertEqual(client.read(), changed(f"user:{number}"))
        self.other.ask("SET", "else", "x")
        self.hears_nothing(client)
        info = client.ask("CLIENT", "TRACKINGINFO")
        self.assertEqual((info[b"flags"], info[b"redirect"]), ([b"on", b"bcast"], 0))
        self.assertEqual(sorted(info[b"prefixes"]), [b"page:", b"user:"])

    def test_opting_in_and_out(self):
        for mode, word, wrong in (("OPTIN", "YES", "NO"), ("OPTOUT", "NO", "YES")):
            client = self.tracking(self.tenfold_, mode)
            self.assertEqual(client.ask("CLIENT", "CACHING", word), b"OK")
            self.assertIsInstance(client.ask("CLIENT", "CACHING", wrong), RedisError)
            self.other.ask("DEL", self.keys[2])
            self.assertIsNone(client.ask("GET", self.keys[2]))
            if mode == "OPTIN":
                self.other.ask("SET", self.keys[2], "x")
                self.assertEqual(client.read(), changed(self.keys[2]))

    def test_off_and_reset_end_it(self):
        client = self.tracking(self.tenfold_)
        self.assertEqual(client.ask("CLIENT", "GETREDIR"), 0)
        self.assertIn("already", client.ask("CLIENT", "TRACKING", "ON"))
        self.assertIsNone(client.ask("GET", self.keys[0]))
        self.assertEqual(client.ask("CLIENT", "TRACKING", "OFF"), b"OK")
        self.assertEqual(client.ask("CLIENT", "GETREDIR"), -1)
        self.assertEqual(client.ask("CLIENT", "TRACKINGINFO")[b"flags"], [b"off"])
        self.other.ask("SET", self.keys[0], "x")
        self.assertEqual(client.ask("GET", self.keys[0]), b"x")
        self.assertEqual(client.ask("CLIENT", "TRACKING", "ON"), b"OK")
        self.assertEqual(client.ask("RESET"), b"RESET")
        self.assertEqual(client.ask("GET", self.keys[0]), b"x")

    def test_what_cannot_be_right_is_refused(self):
        self.assertIn("RESP3", self.other.ask("CLIENT", "TRACKING", "ON"))
        client = self.client(self.tenfold_)
        client.ask("HELLO", 3)
        self.assertIn("REDIRECT", client.ask("CLIENT", "TRACKING", "ON", "REDIRECT", 1))
        self.assertIn("BCAST", client.ask("CLIENT", "TRACKING", "ON", "PREFIX", "a"))
        self.assertIn("OPTIN", client.ask("CLIENT", "TRACKING", "ON", "OPTIN", "OPTOUT"))
        self.assertIn("OPTIN", client.ask("CLIENT", "CACHING", "YES"))
        # What the nodes do not like, they say themselves.
        overlapping = client.ask("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "user:", "PREFIX", "user:1")
        self.assertIn("overlaps", overlapping)
        self.assertEqual(client.ask("CLIENT", "TRACKING", "ON"), b"OK")
        self.assertIn("HELLO 2", client.ask("HELLO", 2))
        self.assertIn("XREAD", client.ask("XREAD", "BLOCK", 10, "STREAMS", "stream", "$"))

    def test_transactions_are_tracked_too(self):
        client = self.tracking(self.tenfold_)
        key = self.keys[1]
        self.assertEqual(client.pipeline(["MULTI"], ["GET", key], ["EXEC"])[2], [None])
        self.other.ask("SET", key, "x")
        self.assertEqual(client.read(), changed(key))
        self.assertEqual(client.pipeline(["WATCH", key], ["GET", key]), [b"OK", b"x"])
        self.other.ask("SET", key, "y")
        self.assertEqual(client.read(), changed(key))
        self.assertEqual(client.pipeline(["MULTI"], ["SET", key, "z"], ["EXEC"])[2], None)
        self.assertEqual(client.pipeline(["MULTI"], ["INCR", self.keys[0]], ["EXEC"])[2], [1])

    def test_in_another_database(self):
        client = self.tracking(self.tenfold_, database=3)
        self.assertIsNone(client.ask("GET", self.keys[0]))
        with RespClient(self.tenfold_.port) as three:
            three.ask("SELECT", 3)
            three.ask("SET", self.keys[0], "three")
            self.assertEqual(client.read(), changed(self.keys[0]))
            self.assertEqual(client.ask("SELECT", 4), b"OK")
            self.assertEqual(client.read(), EVERYTHING)
            self.assertIsNone(client.ask("GET", self.keys[0]))
            three.ask("SELECT", 4)
            three.ask("SET", self.keys[0], "four")
            self.assertEqual(client.read(), changed(self.keys[0]))

    def test_while_a_command_blocks(self):
        client = self.tracking(self.tenfold_)
        self.assertIsNone(client.ask("GET", self.keys[0]))
        client.send_command("BLPOP", self.keys[1], 0)
        wait_until(lambda: any(row["cmd"] == "blpop" for row in self.nodes[1].clients()), "it blocks")
        self.other.ask("SET", self.keys[0], "x")
        self.assertEqual(client.read(), changed(self.keys[0]))
        self.other.ask("RPUSH", self.keys[1], "element")
        self.assertEqual(client.read(), [self.keys[1].encode(), b"element"])

    def test_links_are_bounded_and_go_with_the_client(self):
        def private_connections():
            status = self.tenfold_.admin_request("GET", "/v1/status").json()
            return status["services"][0]["cache"]["private_connections"]

        before = private_connections()
        client = self.tracking(self.tenfold_)
        self.assertEqual(private_connections(), before + 3)
        client.close()
        wait_until(lambda: private_connections() == before, "the links are closed")

    def test_too_many_are_told_so(self):
        tenfold = self.redis(self.nodes, "private_connections = 1")
        self.tracking(tenfold)
        client = self.client(tenfold)
        client.ask("HELLO", 3)
        self.assertIn("private_connections", client.ask("CLIENT", "TRACKING", "ON"))
        self.assertEqual(client.ask("SET", self.keys[0], "x"), b"OK")  # as an ordinary client


class Nodes(TrackingScenario):
    def test_a_lost_node_is_a_change_of_everything(self):
        nodes = self.servers(2)
        tenfold = self.redis(nodes, "persistent = true")
        keys = self.keys_by_server(tenfold, nodes)
        client = self.tracking(tenfold)
        self.assertEqual(client.ask("MGET", keys[0], keys[1]), [None, None])
        nodes[1].ask("CLIENT", "KILL", "TYPE", "normal")
        self.assertEqual(client.read(), EVERYTHING)
        self.assertIsNone(client.ask("GET", keys[1]))
        nodes[1].ask("SET", keys[1], "x")
        self.assertEqual(client.read(), changed(keys[1]))
        nodes[1].kill()
        self.assertEqual(client.read(), EVERYTHING)
        self.assertIsNone(client.ask("GET", keys[0]))

    def test_with_broadcasts_a_node_that_is_back_is_listened_to(self):
        nodes = self.servers(2)
        tenfold = self.redis(nodes, "persistent = true")
        keys = self.keys_by_server(tenfold, nodes)
        client = self.tracking(tenfold, "BCAST")
        nodes[1].ask("CLIENT", "KILL", "TYPE", "normal")
        self.assertEqual(client.read(), EVERYTHING)  # lost
        self.assertEqual(client.read(), EVERYTHING)  # and there again
        nodes[1].ask("SET", keys[1], "x")
        self.assertEqual(client.read(), changed(keys[1]))

    def test_nothing_old_is_kept_while_nodes_join_and_leave(self):
        """A client that keeps what it reads until it is told never keeps a value that was replaced for long."""
        nodes = self.servers(1)
        tenfold = self.redis(nodes, run="workers = 2")
        self.wait_for_ring(tenfold, nodes)
        names = [f"key{number}" for number in range(200)]
        writer = self.client(tenfold)
        writer.ask("MSET", *[word for name in names for word in (name, 0)])
        client = self.tracking(tenfold)
        kept, stop = {}, threading.Event()

        def take(reply):
            if isinstance(reply, Push):
                for key in [name.encode() for name in names] if reply[1] is None else reply[1]:
                    kept.pop(key.decode(), None)
                return False
            return True

        def read_until_reply():
            while not take(reply := client.read()):
                pass
            return reply

        problems = []

        def read():
            prng = random.Random(7)
            while not stop.is_set():
                name = prng.choice(names)
                client.send_command("GET", name)
                value = read_until_reply()
                if isinstance(value, RedisError):
                    problems.append(value)
                kept[name] = value

        reader = threading.Thread(target=read)
        reader.start()
        values = dict.fromkeys(names, b"0")

        def write(number):
            for name in names:
                self.assertEqual(writer.ask("SET", name, number), b"OK")
                values[name] = str(number).encode()

        write(1)
        nodes += self.servers(2)
        for node in nodes[1:]:
            code, out, error = tenfold.cli("add", "cache.test", node.address)
            self.assertEqual(code, 0, out + error)
            write(nodes.index(node) + 1)
        code, out, error = tenfold.cli("drain", "cache.test", nodes[0].address)
        self.assertEqual(code, 0, out + error)
        write(9)
        stop.set()
        reader.join()
        self.assertEqual(problems, [])

        def is_current():
            client.send_command("ECHO", "told")
            self.assertEqual(read_until_reply(), b"told")
            return all(values[name] == value for name, value in kept.items())

        wait_until(is_current, "what is kept is what is there")
        self.assertTrue(kept)


if __name__ == "__main__":
    unittest.main()
