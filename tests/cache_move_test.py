# SPDX-License-Identifier: Apache-2.0
"""Nodes of memcached join, drain and leave under load: no key is lost, none has two values, none that was deleted
comes back."""

import concurrent.futures
import json
import random
import socket
import threading
import unittest

from cache_harness import Moving, RawClient, RawScenario
from cache_servers import CacheScenario, Memcached, Redis
from harness import wait_until

IDLE_KEYS = 1500
QUIET_HEALTH = 'health = { interval = "100ms", rise = 1, eject_for = "1h" }'


class Member(threading.Thread):
    """A client that has keys of its own, and knows what each must be."""

    def __init__(self, port, name, stop):
        super().__init__()
        self.client = RawClient(port)
        self.name_ = name
        self.stop = stop
        self.random = random.Random(name)
        self.model = {}
        self.done = 0
        self.problems = []

    def run(self):
        try:
            while not self.stop.is_set() and not self.problems:
                self.step()
                self.done += 1
        except (OSError, EOFError, AssertionError, IndexError) as problem:
            self.problems.append(repr(problem))

    def expect(self, request, reply):
        got = self.client.ask(request)
        if got != reply:
            self.problems.append(f"{request!r} gave {got!r} and not {reply!r}")

    def step(self):
        key = b"%s:%d" % (self.name_, self.random.randrange(60))
        value = b"%d" % self.random.randrange(10**6)
        old = self.model.get(key)
        kind = self.random.choice(["get", "get", "get", "set", "delete", "add", "append", "incr", "cas", "many", "meta",
                                   "meta_delete", "noreply", "replace", "gat", "touch", "meta_add", "ma"])  # fmt: skip
        getattr(self, kind)(key, value, old)

    def get(self, key, _value, old):
        self.expect(b"get %s\r\n" % key, self.item(key, old) + b"END\r\n")

    @staticmethod
    def item(key, value):
        return b"" if value is None else b"VALUE %s 7 %d\r\n%s\r\n" % (key, len(value), value)

    def set(self, key, value, _old):
        self.expect(b"set %s 7 0 %d\r\n%s\r\n" % (key, len(value), value), b"STORED\r\n")
        self.model[key] = value

    def noreply(self, key, value, _old):
        self.client.send(b"set %s 7 0 1 noreply\r\nx\r\n" % key)
        self.client.send(b"set %s 7 0 %d noreply\r\n%s\r\n" % (key, len(value), value))
        self.model[key] = value
        self.get(key, value, value)

    def add(self, key, value, old):
        reply = b"STORED\r\n" if old is None else b"NOT_STORED\r\n"
        self.expect(b"add %s 7 0 %d\r\n%s\r\n" % (key, len(value), value), reply)
        self.model.setdefault(key, value)

    def append(self, key, _value, old):
        self.expect(b"append %s 0 0 1\r\n1\r\n" % key, b"NOT_STORED\r\n" if old is None else b"STORED\r\n")
        if old is not None:
            self.model[key] = (old + b"1")[:15]
            if len(old) >= 15:
                self.set(key, old[:3], old)

    def replace(self, key, value, old):
        reply = b"NOT_STORED\r\n" if old is None else b"STORED\r\n"
        self.expect(b"replace %s 7 0 %d\r\n%s\r\n" % (key, len(value), value), reply)
        if old is not None:
            self.model[key] = value

    def gat(self, key, _value, old):
        self.expect(b"gat 0 %s\r\n" % key, self.item(key, old) + b"END\r\n")

    def touch(self, key, _value, old):
        self.expect(b"touch %s 0\r\n" % key, b"NOT_FOUND\r\n" if old is None else b"TOUCHED\r\n")

    def meta_add(self, key, value, old):
        reply = b"HD\r\n" if old is None else b"NS\r\n"
        self.expect(b"ms %s %d ME F7\r\n%s\r\n" % (key, len(value), value), reply)
        self.model.setdefault(key, value)

    def ma(self, key, _value, old):
        if old is None:
            self.expect(b"ma %s\r\n" % key, b"NF\r\n")
        else:
            self.model[key] = b"%d" % (int(old) + 1)
            self.expect(b"ma %s v\r\n" % key, b"VA %d\r\n%s\r\n" % (len(self.model[key]), self.model[key]))
            if len(self.model[key]) < len(old):
                self.set(key, self.model[key], old)

    def incr(self, key, _value, old):
        if old is None:
            self.expect(b"incr %s 3\r\n" % key, b"NOT_FOUND\r\n")
            return
        self.model[key] = b"%d" % (int(old) + 3)
        self.expect(b"incr %s 3\r\n" % key, self.model[key] + b"\r\n")
        if len(self.model[key]) < len(old):  # memcached keeps the length of what had leading zeros
            self.set(key, self.model[key], old)

    def delete(self, key, _value, old):
        self.expect(b"delete %s\r\n" % key, b"NOT_FOUND\r\n" if old is None else b"DELETED\r\n")
        self.model.pop(key, None)

    def meta_delete(self, key, _value, old):
        self.expect(b"md %s\r\n" % key, b"NF\r\n" if old is None else b"HD\r\n")
        self.model.pop(key, None)

    def meta(self, key, value, old):
        wanted = b"EN\r\n" if old is None else b"VA %d f7\r\n%s\r\n" % (len(old), old)
        self.expect(b"mg %s v f\r\n" % key, wanted)
        self.expect(b"ms %s %d F7\r\n%s\r\n" % (key, len(value), value), b"HD\r\n")
        self.model[key] = value

    def cas(self, key, value, old):
        """The number may be of a node that has the key no more: then the value is not stored, and the client told."""
        reply = self.client.ask(b"gets %s\r\n" % key)
        if old is None or reply == b"END\r\n":
            self.expect(b"gets %s\r\n" % key, b"END\r\n" if old is None else self.item(key, old))
            return
        line = reply.split(b"\r\n")[0].split()
        stored = self.client.ask(b"cas %s 7 0 %d %s\r\n%s\r\n" % (key, len(value), line[4], value))
        if stored == b"STORED\r\n":
            self.model[key] = value
        elif stored != b"EXISTS\r\n":
            self.problems.append(f"cas of {key!r} gave {stored!r}")

    def many(self, _key, _value, _old):
        keys = [b"%s:%d" % (self.name_, self.random.randrange(60)) for _ in range(8)]
        got = {}
        reply = self.client.ask(b"get " + b" ".join(keys) + b"\r\n")
        while reply.startswith(b"VALUE"):
            line, _, rest = reply.partition(b"\r\n")
            size = int(line.split()[3])
            got[line.split()[1]] = rest[:size]
            reply = rest[size + 2 :]
        wanted = {key: self.model[key] for key in keys if key in self.model}
        if got != wanted:
            self.problems.append(f"get of {keys!r} gave {got!r} and not {wanted!r}")


class Moves(RawScenario):
    def setUp(self):
        self.nodes = self.memcached(2)
        self.tenfold_ = self.cache(self.nodes, run="workers = 2")
        self.wait_for_ring(self.tenfold_, self.nodes)
        self.stop = threading.Event()
        self.members = []
        self.addCleanup(self.end)

    def begin(self, count=4):
        client = self.client(self.tenfold_)
        for i in range(IDLE_KEYS):
            expiry = b"0" if i % 2 else b"5000"
            client.send(b"set idle:%d %d %s 9 noreply\r\nvalue%04d\r\n" % (i, i, expiry, i))
        self.assertEqual(client.ask(b"mn\r\n"), b"MN\r\n")
        self.members = [Member(self.tenfold_.port, b"member%d" % i, self.stop) for i in range(count)]
        for member in self.members:
            member.start()

    def end(self):
        self.stop.set()
        for member in self.members:
            member.join()
            member.client.close()

    def verb(self, *words):
        code, out, err = self.tenfold_.cli(*words)
        self.assertEqual(code, 0, out + err)
        return out + err

    def check(self):
        for member in self.members:
            self.assertEqual(member.problems, [])
        self.end()
        client = self.client(self.tenfold_)
        for i in range(IDLE_KEYS):
            reply = client.ask(b"mg idle:%d v f t\r\n" % i)
            line, value, _ = reply.split(b"\r\n")
            self.assertEqual((line[:4], value), (b"VA 9", b"value%04d" % i))
            self.assertIn(b" f%d " % i, line)
            left = int(line.split(b" t")[1])
            self.assertTrue(left == -1 if i % 2 else 4900 < left <= 5000, line)
        for member in self.members:
            for key, value in member.model.items():
                self.assertEqual(client.get(key), value)
        # Every key is once in the cache, and nothing else is.
        keys = [key for node in self.nodes for key in node.keys()]
        self.assertEqual(len(keys), len(set(keys)))
        self.assertEqual(len(keys), IDLE_KEYS + sum(len(member.model) for member in self.members))
        self.assertGreater(min(member.done for member in self.members), 50)

    def test_nodes_join_drain_and_leave_under_load(self):
        self.begin()
        self.nodes += self.memcached(1)
        # What a new node holds is somebody else's.
        self.ask(self.nodes[2], b"set idle:5 0 0 5\r\nwrong\r\n")
        told = self.verb("add", "cache.test", self.nodes[2].address)
        self.assertIn("keys", told)
        self.wait_for_ring(self.tenfold_, self.nodes)
        self.verb("drain", "cache.test", self.nodes[0].address)
        self.wait_for_ring(self.tenfold_, self.nodes[1:])
        self.assertEqual(self.nodes[0].keys(), set())
        self.verb("remove", "cache.test", self.nodes[0].address)
        self.verb("add", "cache.test", self.nodes[0].address)
        self.wait_for_ring(self.tenfold_, self.nodes)
        self.assertGreater(len(self.nodes[0].keys()), IDLE_KEYS // 6)
        self.check()

    def test_weights_and_rings_change_under_load(self):
        self.begin(2)
        for settings in ('ring = "ketama"', 'ring = "modula"', ""):
            addresses = ", ".join(f'"{node.address}"' for node in self.nodes)
            self.tenfold_.write(
                f'[cache.test]\nlisten = "127.0.0.1:{{port}}"\nnodes = [{addresses}]\n{settings}\n'
                'health = { interval = "100ms", rise = 1 }\n'
            )
            self.verb("reload")
            self.wait_for_ring(self.tenfold_, self.nodes)
        told = self.verb("weight", "cache.test", self.nodes[0].address, "3")
        self.assertIn(f"{self.nodes[0].address} has weight 3 in the ring", told)
        ring = self.service(self.tenfold_, "cache.test")["ring_state"]
        self.assertEqual((ring["phase"], ring["weights"][self.nodes[0].address]), ("steady", 3))
        told = self.verb("weight", "cache.test", self.nodes[0].address, "0")
        self.assertIn(f"{self.nodes[0].address} has left the ring", told)
        self.assertEqual(self.nodes[0].keys(), set())
        self.assertIn("has weight 0", self.verb("enable", "cache.test", self.nodes[0].address))
        self.check()

    def test_what_was_deleted_while_keys_move_stays_deleted(self):
        client = self.client(self.tenfold_)
        for turn in range(3):
            for i in range(800):
                client.send(b"set k:%d 0 0 3 noreply\r\nold\r\n" % i)
            self.assertEqual(client.ask(b"mn\r\n"), b"MN\r\n")
            self.nodes += self.memcached(1)
            adding = threading.Thread(target=self.verb, args=("add", "cache.test", self.nodes[-1].address))
            adding.start()
            for i in range(800):
                request = b"delete k:%d\r\n" if i % 2 else b"md k:%d\r\n"
                self.assertIn(client.ask(request % i), (b"DELETED\r\n", b"HD\r\n"), (turn, i))
                self.assertIsNone(client.get(b"k:%d" % i))
                self.assertIn(client.ask(request % i), (b"NOT_FOUND\r\n", b"NF\r\n"), (turn, i))
            adding.join()
            self.wait_for_ring(self.tenfold_, self.nodes)
            self.assertEqual([key for node in self.nodes for key in node.keys()], [])


LONG_KEYS = 80_000
LONG_KEY = b"long:%06d:" + b"k" * 230


class MuchToTell(RawScenario):
    def test_nodes_with_more_keys_than_a_socket_holds_lose_none(self):
        """memcached tells of 26 MB of keys. While nobody reads them, it answers no command; and they are more than
        Tenfold remembers at a time (8 MiB)."""
        nodes = self.servers(Roomy, 2)
        tenfold = self.cache(nodes[:1])
        self.wait_for_ring(tenfold, nodes[:1])
        with socket.create_connection(("127.0.0.1", nodes[0].port)) as direct:
            for begin in range(0, LONG_KEYS, 1000):
                direct.sendall(
                    b"".join(b"set " + LONG_KEY % i + b" 0 0 1 noreply\r\nv\r\n" for i in range(begin, begin + 1000))
                )
            direct.sendall(b"mn\r\n")
            self.assertEqual(direct.recv(16), b"MN\r\n")
        code, out, err = tenfold.cli("add", "cache.test", nodes[1].address)
        self.assertEqual(code, 0, out + err)
        self.wait_for_ring(tenfold, nodes)
        counts = [len(node.keys()) for node in nodes]
        self.assertEqual(sum(counts), LONG_KEYS)
        self.assertGreater(min(counts), LONG_KEYS // 3)


class NewOwnerDies(RawScenario):
    def test_a_get_of_a_key_on_its_way_is_asked_for_again(self):
        """The new owner is asked for the key by whoever moves keys and by a client, and dies."""
        (old,) = self.memcached()
        asked = []
        dies = threading.Event()

        def answer(line, _reader, _connection):
            if line.startswith(b"flush_all"):
                return b"OK\r\n"
            asked.append(line)
            dies.wait(20)
            new.listener.shutdown(socket.SHUT_RDWR)
            new.listener.close()

        new = self.scripted(answer)
        tenfold = self.cache([old], 'response_timeout = "10s"', QUIET_HEALTH)
        self.wait_for_ring(tenfold, [old])
        client = self.client(tenfold)
        for i in range(50):
            self.assertEqual(client.set(b"k:%d" % i, b"v"), b"STORED\r\n")
        added = tenfold.admin_request(
            "POST", "/v1/services/cache.test/nodes", body=json.dumps({"address": new.address}).encode()
        )
        self.assertIn(added.status, (200, 201))
        wait_until(lambda: asked, "keys are being moved")
        moving = next(i for i in range(50) if self.owner_of(tenfold, f"k:{i}") == new.address)
        client.send(b"get k:%d\r\n" % moving)

        def outstanding():
            rows = self.service(tenfold)["nodes"]
            return next(row["outstanding"] for row in rows if row["address"] == new.address)

        wait_until(lambda: outstanding() > 1, "the new owner is asked by the client, too")
        dies.set()
        self.assertEqual(client.reply(), b"VALUE k:%d 0 1\r\nv\r\nEND\r\n" % moving)


class Roomy(Memcached):
    def command(self):
        return [*super().command(), "-m", "256"]


class WithoutUniques(Memcached):
    def command(self):
        return [*super().command(), "-C"]


class Untold(RawScenario):
    def begin(self, nodes, settings=""):
        """Keys at the first node, some of which are to move to the second; Tenfold, and one of its clients."""
        tenfold = self.cache(nodes[:1], settings)
        self.wait_for_ring(tenfold, nodes[:1])
        client = self.cache_client(tenfold)
        for i in range(50):
            client.set(f"key:{i}", "v")
        tenfold.admin_request(
            "POST", "/v1/services/cache.test/nodes", body=json.dumps({"address": nodes[1].address}).encode()
        )
        return tenfold, client

    def test_a_node_that_counts_no_cas_numbers_is_told_of(self):
        nodes = self.servers(WithoutUniques, 2)
        tenfold, client = self.begin(nodes, 'response_timeout = "10s"')
        problem = wait_until(lambda: self.service(tenfold)["ring_state"].get("problem"), "it is told")
        self.assertIn("counts no cas numbers (memcached -C)", problem)
        for i in range(50):
            self.assertEqual(client.get(f"key:{i}"), "v")
        moving = next(f"key:{i}" for i in range(50) if self.owner_of(tenfold, f"key:{i}") == nodes[1].address)
        self.assertIn("memcached -C", client.line(f"incr {moving} 1"))
        # Without these numbers memcached flushes, as it was when it joined, what is stored until its next second.
        wait_until(lambda: client.set(moving, "w") == "STORED" and client.get(moving) == "w", "it is stored")
        self.assertEqual(client.line(f"delete {moving}"), "DELETED")
        self.assertIsNone(client.get(moving))

    def test_a_node_that_does_not_tell_its_keys_is_named(self):
        """Keys that are asked for still move; the rest waits, and the operator sees why."""
        nodes = [self.still_memcached(), *self.memcached(1)]
        tenfold, client = self.begin(nodes)
        problem = wait_until(lambda: self.service(tenfold)["ring_state"].get("problem"), "it is told")
        self.assertEqual(
            problem,
            f"node {nodes[0].address} does not tell its keys: lru_crawler metadump: CLIENT_ERROR lru crawler disabled",
        )
        for i in range(50):
            self.assertEqual(client.get(f"key:{i}"), "v")
        self.assertTrue(nodes[1].keys())

    def test_a_node_that_fails_before_its_keys_were_moved_is_told_of(self):
        nodes = [self.still_memcached(), *self.memcached(1)]
        tenfold = self.cache(nodes[:1], "", 'health = { interval = "100ms", rise = 1 }')
        self.wait_for_ring(tenfold, nodes[:1])
        with concurrent.futures.ThreadPoolExecutor() as pool:
            adding = pool.submit(tenfold.cli, "add", "cache.test", nodes[1].address)
            wait_until(lambda: self.service(tenfold)["ring_state"].get("problem"), "keys are being moved")
            nodes[0].kill()
            code, out, err = adding.result(30)
        self.assertEqual(code, 4, out + err)
        self.assertRegex(err, f"meanwhile {nodes[0].address} has failed .*: keys that only it held were not moved")


class Claimed(RawScenario):
    """Between our look at a missing key and its addition, somebody who takes keys over looks for it at its new owner,
    and leaves an empty item there for a moment."""

    def begin(self, old, refusal, settings=""):
        self.claims, self.asked = 1, []

        def answer(line, reader, _connection):
            words = line.split()
            self.asked.append(line)
            if words[0] != b"flush_all" and not words[1].startswith(b"k:"):
                return b"CLIENT_ERROR which key?\r\n"
            if words[0] in (b"add", b"ms"):
                reader.read(int(words[4] if words[0] == b"add" else words[2]) + 2)
            if words[0] == b"flush_all":
                return b"OK\r\n"
            if words[0] == b"mg" and words[-1].startswith(b"N"):
                return b"VA 0 s0 f0 t5 c7 W\r\n\r\n"
            if words[0] == b"mg":
                self.claims -= 1
                return b"VA 0 t5 c9 Z\r\n\r\n"
            if words[0] == b"md":
                return b"HD\r\n"
            if words[0] in (b"add", b"ms", b"ma"):
                done = b"STORED\r\n" if words[0] == b"add" else b"HD\r\n"
                return refusal if self.claims else done
            return b"ERROR\r\n"

        new = self.scripted(answer)
        tenfold = self.cache([old], settings, QUIET_HEALTH)
        self.wait_for_ring(tenfold, [old])
        body = json.dumps({"address": new.address}).encode()
        tenfold.admin_request("POST", "/v1/services/cache.test/nodes", body=body)
        wait_until(lambda: self.service(tenfold)["ring_state"]["phase"] == "moving", "keys move")
        key = next(f"k:{i}" for i in range(50) if self.owner_of(tenfold, f"k:{i}") == new.address)
        return self.client(tenfold), key.encode()

    def check(self, request, refusal, reply):
        client, key = self.begin(self.still_memcached(), refusal)
        self.assertEqual(client.ask(request % key), reply % key if b"%" in reply else reply)
        self.assertEqual(self.claims, 0, "it was asked again")

    def test_add(self):
        self.check(b"add %s 0 0 1\r\nv\r\n", b"NOT_STORED\r\n", b"STORED\r\n")

    def test_ms_that_adds(self):
        self.check(b"ms %s 1 ME\r\nv\r\n", b"NS\r\n", b"HD\r\n")

    def test_ma_that_makes_a_number(self):
        refusal = b"CLIENT_ERROR cannot increment or decrement non-numeric value\r\n"
        self.check(b"ma %s N0 J5\r\n", refusal, b"HD\r\n")

    def test_one_that_was_left_over_is_removed(self):
        nodes = self.memcached(2)
        tenfold = self.cache(nodes[:1], "", QUIET_HEALTH)
        self.wait_for_ring(tenfold, nodes[:1])
        self.assertEqual(tenfold.cli("add", "cache.test", nodes[1].address)[0], 0)
        key = next(f"k:{i}" for i in range(50) if self.owner_of(tenfold, f"k:{i}") == nodes[1].address).encode()
        self.assertIn(b" W", self.ask(nodes[1], b"mg %s s v f t c N5\r\n" % key))
        client = self.client(tenfold)
        self.assertEqual(client.ask(b"add %s 0 0 1\r\nv\r\n" % key), b"STORED\r\n")
        self.assertEqual(client.ask(b"add %s 0 0 1\r\nw\r\n" % key), b"NOT_STORED\r\n")
        self.assertEqual(client.get(key), b"v")

    def test_what_needs_an_item_is_not_sent_on(self):
        client, key = self.begin(self.still_memcached(), b"HD\r\n")
        for request, reply in (
            (b"ms %s 1 MA O1 k\r\nv\r\n", b"NS O1 k%s\r\n"),
            (b"ms %s 1 MR q\r\nv\r\n", b"NS\r\n"),
            (b"ma %s k O2\r\n", b"NF k%s O2\r\n"),
        ):
            self.assertEqual(client.ask(request % key), reply % key if b"%" in reply else reply)
        self.assertEqual([line for line in self.asked if line.startswith((b"ms", b"ma"))], [])


class Flushed(CacheScenario):
    """What was there before a flush_all that was acknowledged does not come back, though its keys were on their way."""

    def check(self, servers, set_all, flush, found):
        for _ in range(3):
            nodes = self.servers(servers, 2)
            tenfold = self.cache(nodes, "allow_admin = true", run="workers = 2")
            self.wait_for_ring(tenfold, nodes)
            client, reader = self.cache_client(tenfold), self.cache_client(tenfold)
            set_all(client)
            nodes += self.servers(servers, 1)
            adding = threading.Thread(target=tenfold.cli, args=("add", "cache.test", nodes[-1].address))
            adding.start()
            wait_until(lambda: nodes[-1].address in self.service(tenfold)["ring_state"]["nodes"], "it joins")
            reading = threading.Thread(target=found, args=(reader,))  # brings keys over meanwhile
            reading.start()
            flush(client)
            self.assertEqual(found(client), 0)
            reading.join()
            adding.join()
            self.wait_for_ring(tenfold, nodes)
            self.assertEqual([key for node in nodes for key in node.keys()], [])

    def test_memcached(self):
        def set_all(client):
            for i in range(8000):
                client.send(b"set k:%d 0 0 3 noreply\r\nold\r\n" % i)
            self.assertEqual(client.line("mn"), "MN")

        def found(client):
            return sum(client.get(f"k:{i}") is not None for i in range(0, 8000, 8))

        self.check(Memcached, set_all, lambda client: self.assertEqual(client.line("flush_all"), "OK"), found)

    def test_redis(self):
        def set_all(client):
            client.redis("MSET", *[word for i in range(8000) for word in (f"k:{i}", "old")])

        def found(client):
            return sum(client.redis("GET", f"k:{i}") is not None for i in range(0, 8000, 8))

        self.check(Redis, set_all, lambda client: self.assertEqual(client.redis("FLUSHALL"), "OK"), found)


class Numbers(Moving):
    """The numbers of `cas` are each node's own."""

    def test_a_number_of_the_old_node_does_not_win_at_the_new_one(self):
        """The new node's counter stands where the copy gets a number that another value had at the old node."""

        def old_node(line):
            if line.startswith(b"mg "):
                return b"VA 3 f0 t-1 c%d\r\nold\r\n" % 9009
            return b"HD\r\n" if line.startswith(b"md ") else b"END\r\n"

        tenfold, new, moving = self.begin_to_move(old_node)
        client = self.client(tenfold)
        requests = (
            (1000, "cas {} 0 0 3 1000\r\nnew\r\n", b"EXISTS\r\n"),
            (2000, "ms {} 3 C2000\r\nnew\r\n", b"EX\r\n"),
            (3000, "md {} C3000\r\n", b"EX\r\n"),
        )
        for superseded, request, reply in requests:
            key = next(moving)
            with RawClient(new.port) as beside:
                number = 0
                while number < superseded - 2:
                    beside.set(b"filler", b"x")
                    number = int(beside.ask(b"gets filler\r\n").split()[4])
            self.assertEqual(number, superseded - 2)
            self.assertEqual(client.ask(request.format(key).encode()), reply, request)
            self.assertEqual(client.get(key.encode()), b"old")
            number = int(client.ask(f"gets {key}\r\n".encode()).split()[4])
            self.assertEqual(number, superseded, "the accident is prepared")
        self.end_moving(tenfold)


if __name__ == "__main__":
    unittest.main()
