# SPDX-License-Identifier: Apache-2.0
"""What happens when nodes hang, die, answer late, or break off: a reply reaches the one that it is for, or nobody."""

import fcntl
import json
import struct
import termios
import threading
import unittest

from cache_harness import NO_HEALTH, RawClient, RawScenario
from cache_servers import redis_request
from harness import wait_until

SHORT = 'response_timeout = "300ms"'
QUICK_HEALTH = 'health = { interval = "100ms", fast_interval = "100ms", timeout = "200ms", fall = 2, eject_for = "1s" }'


class Late(RawScenario):
    """Nodes that answer too late."""

    def test_replies_that_were_given_up_reach_nobody(self):
        (node,) = self.memcached()
        tenfold = self.cache([node], SHORT, NO_HEALTH)
        clients = [self.client(tenfold) for _ in range(8)]
        for i, client in enumerate(clients):
            client.set(b"k%d" % i, b"value of %d" % i)
        for _ in range(3):
            node.pause()
            for i, client in enumerate(clients):
                client.send(b"get k%d\r\nset k%d 0 0 11\r\nvalue of %d+\r\n" % (i, i, i))
            for client in clients:
                for _ in range(2):
                    self.assertTrue(client.reply().startswith(b"SERVER_ERROR"))
            node.go_on()
            for i, client in enumerate(clients):
                wait_until(lambda c=client: c.ask(b"mn\r\n") == b"MN\r\n", "the stream is in step")
                reply = wait_until(lambda c=client, i=i: self.no_error(c.ask(b"get k%d\r\n" % i)), "the node is back")
                self.assertIn(reply, [b"VALUE k%d 0 10\r\nvalue of %d\r\nEND\r\n" % (i, i),
                                      b"VALUE k%d 0 11\r\nvalue of %d+\r\nEND\r\n" % (i, i)])

    @staticmethod
    def no_error(reply):
        return None if reply.startswith(b"SERVER_ERROR") else reply

    def test_a_late_half_of_a_reply_is_counted_off(self):
        """The node stops within a value, and sends the rest when the request has been given up."""
        goes_on = threading.Event()

        def answer(line, _reader, connection):
            key = line.split()[1]
            whole = b"VALUE %s 0 6\r\nvalue%s\r\nEND\r\n" % (key, key[-1:])
            if key == b"slow1" and not goes_on.is_set():
                connection.sendall(whole[:-10])
                goes_on.wait(20)
                return whole[-10:]
            return whole

        tenfold = self.cache([self.scripted(answer)], 'response_timeout = "400ms"', NO_HEALTH)
        one, other = self.client(tenfold), self.client(tenfold)
        one.send(b"get slow1\r\n")
        self.assertTrue(one.reply().startswith(b"SERVER_ERROR"))
        other.send(b"get fast2\r\n")
        goes_on.set()
        self.assertEqual(other.reply(), b"VALUE fast2 0 6\r\nvalue2\r\nEND\r\n")
        self.assertEqual(one.ask(b"get fast3\r\n"), b"VALUE fast3 0 6\r\nvalue3\r\nEND\r\n")

    def test_one_node_that_hangs_does_not_stop_the_others(self):
        nodes = self.memcached(3)
        tenfold = self.cache(nodes, 'response_timeout = "10s"', NO_HEALTH)
        client = self.client(tenfold)
        keys = [b"k%d" % i for i in range(60)]
        for key in keys:
            client.set(key, b"v")
        at_hung = [key for key in keys if self.ask(nodes[0], b"get %s\r\n" % key) != b"END\r\n"]
        waiting = self.client(tenfold)
        nodes[0].pause()
        waiting.send(b"get %s\r\n" % at_hung[0])
        for key in keys:
            if key not in at_hung:
                self.assertEqual(client.get(key), b"v")
        nodes[0].go_on()
        self.assertEqual(waiting.reply(), b"VALUE %s 0 1\r\nv\r\nEND\r\n" % at_hung[0])


class Broken(RawScenario):
    """Nodes that say what they should not."""

    def test_an_error_before_the_value_was_sent_answers_its_own_request(self):
        """The node refuses the line at once, and only then takes the value (twemproxy issue 149)."""

        def answer(line, reader, _connection):
            if line.startswith(b"set"):
                reader.read(int(line.split()[4]) + 2)
                return b"SERVER_ERROR out of memory storing object\r\n"
            return b"VALUE %s 0 1\r\nv\r\nEND\r\n" % line.split()[1]

        def early(line, reader, connection):
            if not line.startswith(b"set"):
                return answer(line, reader, connection)
            connection.sendall(b"SERVER_ERROR out of memory storing object\r\n")
            reader.read(int(line.split()[4]) + 2)
            return b""

        for behaviour in (answer, early):
            client = self.client(self.cache([self.scripted(behaviour)], health=NO_HEALTH))
            client.send(b"set a 0 0 300000\r\n%s\r\nget b\r\n" % (b"x" * 300_000))
            self.assertEqual(client.reply(), b"SERVER_ERROR out of memory storing object\r\n")
            self.assertEqual(client.reply(), b"VALUE b 0 1\r\nv\r\nEND\r\n")

    def test_a_reply_that_is_too_large_fails_alone(self):
        """It is read to its end and dropped; what is behind it on the connection is answered, and the node stays."""
        large = b"VALUE large 0 %d\r\n%s\r\nEND\r\n" % (65 << 20, b"x" * (65 << 20))
        connections = set()

        def answer(line, _reader, connection):
            connections.add(connection)
            return large if line == b"get large\r\n" else b"VALUE k 0 1\r\nv\r\nEND\r\n"

        tenfold = self.cache([self.scripted(answer)], 'item_max = "64KiB"', NO_HEALTH, run="workers = 1")
        one, other = self.client(tenfold), self.client(tenfold)
        for _ in range(2):
            one.send(b"get large\r\nget k\r\n")
            other.send(b"get k\r\n")
            self.assertIn(b"its reply is too large", one.reply())
            for client in (one, other):
                self.assertEqual(client.reply(), b"VALUE k 0 1\r\nv\r\nEND\r\n")
        self.assertEqual(len(connections), 1)

    def test_what_is_too_large_of_the_built_in_cache_is_refused(self):
        """A short line may name an item many thousand times: its reply would be more than there is memory."""
        of_each = [b"*20000\r\n", *[b"-ERR the reply is too large\r\n"] * 20_000]
        for protocol, ask, refusal in (
            ("memcached", b"get" + b" k" * 20_000 + b"\r\n", [b"SERVER_ERROR the reply is too large\r\n"]),
            ("redis", redis_request("MGET", *["k"] * 20_000), of_each),
        ):
            tenfold = self.tenfold(f'[cache.test]\nlisten = "127.0.0.1:{{port}}"\nprotocol = "{protocol}"\n')
            client = self.client(tenfold)
            if protocol == "redis":
                client.send(redis_request("SET", "k", "x" * (1 << 20)))
            else:
                client.send(b"set k 0 0 %d\r\n%s\r\n" % (1 << 20, b"x" * (1 << 20)))
            self.assertIn(client.line(), (b"STORED\r\n", b"+OK\r\n"))
            for _ in range(2):
                client.send(ask)
                self.assertEqual([client.line() for _ in refusal], refusal)

    def test_a_connection_that_breaks_is_one_failure_however_much_was_under_way(self):
        """Only a node that goes on failing is taken out of the ring, for a cache that returns is emptied."""

        def answer(line, reader, _connection):
            if line.startswith(b"set break"):
                return None
            if line.startswith(b"set"):
                reader.read(3)
            return b"STORED\r\n"

        node = self.scripted(answer)
        nodes = [node, *self.memcached(1)]
        tenfold = self.cache(nodes, health='health = { interval = "1h", fast_interval = "1h" }', run="workers = 1")
        self.wait_for_ring(tenfold, nodes)
        keys = (f"break:{i}" for i in range(1000))
        key = next(key for key in keys if self.owner_of(tenfold, key) == node.address).encode()
        client = self.client(tenfold)
        client.send(b"set %s 0 0 1\r\nx\r\n" % key * 12)
        for _ in range(12):
            self.assertTrue(client.reply().startswith(b"SERVER_ERROR"))
        row = wait_until(
            lambda: next(row for row in self.service(tenfold)["nodes"] if row["failures"] == 12), "they are counted"
        )
        self.assertNotEqual(row["state"], "ejected", row)
        for _ in range(4):
            client.set(key, b"x")
        wait_until(
            lambda: "5 requests failed in a row" in json.dumps(self.service(tenfold)["nodes"]), "it goes on failing"
        )

    def test_a_reply_without_end_does_not_hold_up_the_others(self):
        """A short line may name a large item a hundred thousand times: nobody waits until all of that has come."""
        ended = threading.Event()

        def answer(line, _reader, connection):
            if line != b"get endless\r\n":
                return b"VALUE small 0 1\r\nv\r\nEND\r\n"
            item = b"VALUE endless 0 1048576\r\n" + b"x" * (1 << 20) + b"\r\n"
            while not ended.is_set():
                connection.sendall(item)
            return None

        self.addCleanup(ended.set)
        node = self.scripted(answer)
        tenfold = self.cache([node], SHORT + '\nitem_max = "1MiB"', NO_HEALTH, run="workers = 1")
        client, other = self.client(tenfold), self.client(tenfold)
        client.send(b"get endless\r\n")
        wait_until(lambda: self.service(tenfold)["nodes"][0].get("outstanding") == 1, "it is under way")
        self.assertEqual(other.ask(b"get small\r\n"), b"VALUE small 0 1\r\nv\r\nEND\r\n")
        self.assertRegex(client.reply(), b"^SERVER_ERROR node .* too large, and does not end")
        self.assertEqual(node.connections, 2)

    def test_a_reply_that_breaks_off_is_never_passed_on_as_whole(self):
        whole = b"VALUE k 0 5\r\nhello\r\nEND\r\n"
        for cut in range(len(whole)):
            connections = []

            def answer(_line, _reader, connection, cut=cut, connections=connections):
                connections.append(connection)
                connection.sendall(whole[:cut])
                return None if len(connections) == 1 else whole[cut:]

            client = self.client(self.cache([self.scripted(answer)], health=NO_HEALTH))
            # A lookup is asked for once more, as a node may just have closed its connection.
            self.assertEqual(client.ask(b"get k\r\n"), whole, cut)
            self.assertEqual(len(connections), 2)
            client.send(b"incr k 1\r\n")

    def test_replies_cut_at_every_byte(self):
        whole = b"VALUE k 0 7\r\n\r\nEND\r\n\r\nEND\r\n"
        cuts = iter([*range(1, len(whole)), *range(1, len(whole))])

        def answer(_line, _reader, connection):
            cut = next(cuts)
            connection.sendall(whole[:cut])
            wait_until(lambda: sent_out(connection), "the first part has gone")
            return whole[cut:]

        client = self.client(self.cache([self.scripted(answer)], health=NO_HEALTH))
        for _ in range(len(whole) - 1):
            self.assertEqual(client.ask(b"get k\r\n"), whole)

    def test_a_write_is_never_sent_twice(self):
        """The node takes the request and dies: nobody knows whether it was carried out, so the client is told."""
        seen = []

        def answer(line, reader, _connection):
            seen.append(line.split()[0])
            if line.split()[0] in (b"set", b"append"):
                reader.read(3)
            return None

        client = self.client(self.cache([self.scripted(answer)], SHORT, NO_HEALTH))
        stores = (b"set k 0 0 1\r\nx\r\n", b"append k 0 0 1\r\nx\r\n")
        for request in (*stores, b"incr k 1\r\n", b"delete k\r\n", b"ma k\r\n"):
            seen.clear()
            self.assertTrue(client.ask(request).startswith(b"SERVER_ERROR"), request)
            self.assertEqual(len(seen), 1, request)

    def test_a_node_that_talks_nonsense_is_not_believed(self):
        for nonsense in (b"WHAT\r\n", b"VALUE k 0 99999999999\r\n", b"\r\n", b"STORED\r\nSTORED\r\n", b"x" * 5000):
            first = threading.Event()

            def answer(line, _reader, _connection, nonsense=nonsense, first=first):
                if not first.is_set():
                    first.set()
                    return nonsense
                return b"VALUE %s 0 1\r\nv\r\nEND\r\n" % line.split()[1]

            client = self.client(self.cache([self.scripted(answer)], health=NO_HEALTH))
            client.ask(b"delete k\r\n")
            self.assertEqual(client.ask(b"get k\r\n"), b"VALUE k 0 1\r\nv\r\nEND\r\n", nonsense)


class Returning(RawScenario):
    """Nodes that come back with what they had."""

    def setUp(self):
        self.nodes = self.memcached(3)
        self.tenfold_ = self.cache(self.nodes, SHORT, QUICK_HEALTH, run="workers = 2")
        self.wait_for_ring(self.tenfold_, self.nodes)
        self.keys = [b"key:%d" % i for i in range(120)]
        client = self.client(self.tenfold_)
        for key in self.keys:
            self.assertEqual(client.set(key, b"old"), b"STORED\r\n")

    def write_new(self):
        """Sets a third of the keys anew, deletes a third."""
        client = self.client(self.tenfold_)
        for i, key in enumerate(self.keys):
            request = b"set %s 0 0 3\r\nnew\r\n" % key if i % 3 == 0 else b"delete %s\r\n" % key
            if i % 3 < 2:
                wait_until(lambda r=request: not client.ask(r).startswith(b"SERVER_ERROR"), "a node takes it")

    def check(self):
        values = self.client(self.tenfold_).get_many(self.keys)
        for i, key in enumerate(self.keys):
            wanted = ({b"new", None}, {None}, {b"old", None})[i % 3]
            self.assertIn(values.get(key), wanted, key)

    def test_a_node_that_hung_and_wakes_with_old_values_serves_none(self):
        self.nodes[0].pause()
        self.wait_for_ring(self.tenfold_, self.nodes[1:])
        self.write_new()
        self.nodes[0].go_on()
        for _ in range(20):
            self.check()
        self.wait_for_ring(self.tenfold_, self.nodes)
        self.check()
        values = self.client(self.tenfold_).get_many(self.keys)
        self.assertEqual(sum(value == b"new" for value in values.values()), 40)

    def test_a_node_that_was_killed_and_returns_with_old_values_serves_none(self):
        port = self.nodes[0].port
        self.nodes[0].kill()
        self.wait_for_ring(self.tenfold_, self.nodes[1:])
        self.write_new()
        self.nodes[0].start()  # as one would be that restores what it had: filled before Tenfold has seen it
        with RawClient(self.nodes[0].port) as direct:
            direct.send(b"".join(b"set %s 0 0 3 noreply\r\nold\r\n" % key for key in self.keys) + b"mn\r\n")
            self.assertEqual(direct.reply(), b"MN\r\n")
        self.assertEqual(self.nodes[0].port, port)
        for _ in range(20):
            self.check()
        self.wait_for_ring(self.tenfold_, self.nodes)
        self.check()
        values = self.client(self.tenfold_).get_many(self.keys)
        self.assertEqual(sum(value == b"new" for value in values.values()), 40)

    def test_flapping_never_brings_an_old_value_back(self):
        """Set, the node goes, set again elsewhere, the node returns: what is read is what was stored last."""
        client = self.client(self.tenfold_)
        for turn in range(3):
            node = self.nodes[turn % 3]
            for phase in (b"away", b"back"):
                (node.pause if phase == b"away" else node.go_on)()
                others = [other for other in self.nodes if other is not node]
                self.wait_for_ring(self.tenfold_, others if phase == b"away" else self.nodes)
                for key in self.keys:
                    value = b"%d %s" % (turn, phase)
                    wait_until(lambda k=key, v=value: client.set(k, v) == b"STORED\r\n", "a node takes it")
                values = client.get_many(self.keys)
                self.assertEqual(set(values.values()), {b"%d %s" % (turn, phase)})
                self.assertEqual(len(values), len(self.keys))


class Ejected(RawScenario):
    """Nodes that failing requests put out, and what lets them in again."""

    # Probes neither take a node down by themselves, nor is the time of an ejection ever over.
    HEALTH = (
        'health = {{ interval = "{interval}", fast_interval = "100ms", timeout = "200ms", rise = 2, fall = 100, '
        'eject_for = "1h", eject_after = 1 }}'
    )

    def begin(self, interval):
        self.nodes = self.memcached(3)
        self.tenfold_ = self.cache(self.nodes, SHORT, self.HEALTH.format(interval=interval))
        self.wait_for_ring(self.tenfold_, self.nodes)
        self.keys = {}  # one of each node
        for i in range(1000):
            owner = self.owner_of(self.tenfold_, f"key:{i}")
            self.keys.setdefault(owner, b"key:%d" % i)
            if len(self.keys) == 3:
                return
        self.fail("a node has no key")

    def states(self):
        return {node["address"]: node["state"] for node in self.service(self.tenfold_)["nodes"]}

    def reason_of(self, node):
        return next(row["reason"] for row in self.service(self.tenfold_)["nodes"] if row["address"] == node.address)

    def test_a_node_that_probes_find_well_is_back_before_its_time_and_serves_nothing_old(self):
        self.begin("100ms")
        node, key = self.nodes[0], self.keys[self.nodes[0].address]
        client = self.client(self.tenfold_)
        self.assertEqual(client.set(key, b"old"), b"STORED\r\n")
        node.pause()
        client.get(key)
        wait_until(lambda: self.states()[node.address] == "ejected", "it is ejected")
        self.wait_for_ring(self.tenfold_, self.nodes[1:])
        self.assertEqual(client.set(key, b"new"), b"STORED\r\n")
        node.go_on()
        self.wait_for_ring(self.tenfold_, self.nodes)
        self.assertEqual(self.states()[node.address], "up")
        self.assertIn("2 probes in a row succeeded while it was ejected", self.reason_of(node))
        self.assertEqual(client.get(key), b"new")
        with RawClient(node.port) as direct:
            self.assertEqual(direct.get(key), b"new", "it is where it belongs again")

    def test_a_node_that_may_not_be_ejected_any_more_is_probed_at_once(self):
        self.begin("1h")
        hung, killed, well = self.nodes
        client = self.client(self.tenfold_)
        hung.pause()
        client.ask(b"incr %s 1\r\n" % self.keys[hung.address])
        wait_until(lambda: self.states()[hung.address] == "ejected", "it is ejected")
        killed.kill()
        self.assertEqual(client.ask(b"get %s\r\n" % self.keys[killed.address]), b"END\r\n")
        self.wait_for_ring(self.tenfold_, [well])
        self.assertEqual(self.states()[killed.address], "down")
        self.assertIn("; and a probe: ", self.reason_of(killed))
        hung.go_on()


class Unreachable(RawScenario):
    """Nodes that cannot be connected to, or end every connection."""

    def test_a_node_that_accepts_and_closes_is_left_alone_for_a_while(self):
        node = self.scripted(lambda _line, _reader, _connection: None)
        tenfold = self.cache([node], SHORT, NO_HEALTH)
        client = self.client(tenfold)
        for _ in range(5):
            self.assertTrue(client.ask(b"get k\r\n").startswith(b"SERVER_ERROR"))
        self.assertLess(node.connections, 30)
        (row,) = wait_until(
            lambda: [row for row in self.service(tenfold)["nodes"] if "back_off" in row]
            or client.ask(b"incr k 1\r\n") is None,
            "status tells of it",
        )
        self.assertIn("no connection to it has brought a reply", row["back_off"])
        events = tenfold.admin_request("GET", "/v1/events").json()
        (event,) = [event for event in events if event["event"] == "node_backs_off"]
        self.assertIn(node.address, event["details"])

    def test_a_large_value_waits_for_another_node_when_there_is_no_connection(self):
        """Not one byte of it was sent: it is stored at the key's next node, and lives no longer there than it may."""
        nodes = self.memcached(2)
        health = 'health = { interval = "1h", fast_interval = "1h" }'
        tenfold = self.cache(nodes, 'gutter_ttl = "100s"', health, run="workers = 1")
        self.wait_for_ring(tenfold, nodes)
        keys = [f"key:{i}" for i in range(30)]
        of_dead = [key.encode() for key in keys if self.owner_of(tenfold, key) == nodes[0].address]
        self.assertTrue(of_dead)
        nodes[0].kill()
        client = self.client(tenfold)
        value = b"v" * 3000
        client.send(b"".join(b"set %s 0 0 3000\r\n%s\r\n" % (key, value) for key in of_dead))
        self.assertEqual([client.reply() for _ in of_dead], [b"STORED\r\n"] * len(of_dead))
        with RawClient(nodes[1].port) as node:
            for key in of_dead:
                self.assertRegex(node.ask(b"mg %s t\r\n" % key), rb"^HD t(100|9\d)\r\n$")
                self.assertEqual(client.get(key), value)


class SecondTry(RawScenario):
    """A lookup whose node fails waits for the next owner of its key, and is a miss then."""

    def check_with(self, count):
        nodes = self.memcached(3)
        tenfold = self.cache(nodes[:count], health=QUICK_HEALTH)
        self.wait_for_ring(tenfold, nodes[:count])
        keys = [b"key:%d" % i for i in range(100)]
        client = self.client(tenfold)
        for key in keys:
            self.assertEqual(client.set(key, b"value"), b"STORED\r\n")
        if count == 2:
            self.assertEqual(tenfold.cli("add", "cache.test", nodes[2].address)[0], 0)
        nodes[0].kill()
        replies = [client.ask(b"get %s\r\n" % key) for key in keys]
        hit = [b"VALUE %s 0 5\r\nvalue\r\nEND\r\n" % key for key in keys]
        self.assertEqual([reply for reply, whole in zip(replies, hit) if reply not in (whole, b"END\r\n")], [])
        self.assertGreater(replies.count(b"END\r\n"), 0)

    def test_a_get_of_a_failed_node_is_a_miss(self):
        self.check_with(3)

    def test_also_when_keys_have_just_moved(self):
        self.check_with(2)


def sent_out(connection):
    """Whether the other side has taken all that was sent."""
    return struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, b"\0" * 4))[0] == 0


if __name__ == "__main__":
    unittest.main()
