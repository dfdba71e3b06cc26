# SPDX-License-Identifier: Apache-2.0
"""Clients of memcached's binary protocol: the same packets go to a memcached and through Tenfold, and the replies are
the same but for the unique numbers of items; and what they do wrong, or meet when nodes fail and keys move."""

import collections
import random
import shutil
import struct
import subprocess
import threading
import unittest

from cache_harness import NO_HEALTH, RawClient, RawScenario
from harness import free_port

GET, SET, ADD, REPLACE, DELETE, INCR, DECR, QUIT, FLUSH, GETQ, NOOP, VERSION, GETK, GETKQ, APPEND, PREPEND = range(16)
STAT, SETQ, ADDQ, REPLACEQ, DELETEQ, INCRQ, DECRQ, QUITQ, FLUSHQ, APPENDQ, PREPENDQ, VERBOSITY = range(16, 28)
TOUCH, GAT, GATQ = range(28, 31)
SASL_LIST, GATK, GATKQ = 0x20, 0x23, 0x24
OK, NOT_FOUND, EXISTS, TOO_LARGE, INVALID, NOT_STORED, NO_NUMBER = range(7)
UNKNOWN, NOT_SUPPORTED, INTERNAL = 0x81, 0x83, 0x84
MAKE_NOTHING = 0xFFFFFFFF
HEADER = struct.Struct(">BBHBBHIIQ")

Packet = collections.namedtuple("Packet", "opcode status extras key value opaque unique")


def packet(opcode, key=b"", value=b"", extras=b"", unique=0, opaque=0):
    body = extras + key + value
    return HEADER.pack(0x80, opcode, len(key), len(extras), 0, 0, len(body), opaque, unique) + body


def stored(flags=0, expiry=0):
    return struct.pack(">II", flags, expiry)


def counted(delta, initial=0, expiry=0):
    return struct.pack(">QQI", delta, initial, expiry)


class BinaryClient(RawClient):
    def packet(self):
        """The next whole packet."""
        magic, opcode, key_size, extras_size, _, status, body_size, opaque, unique = HEADER.unpack(self.bytes(24))
        assert magic == 0x81, magic
        body = self.bytes(body_size)
        key_end = extras_size + key_size
        return Packet(opcode, status, body[:extras_size], body[extras_size:key_end], body[key_end:], opaque, unique)

    def until_noop(self, request):
        """All replies to the requests."""
        self.send(request + packet(NOOP, opaque=0xFFFFFF))
        replies = []
        while (reply := self.packet()).opaque != 0xFFFFFF:
            replies.append(reply)
        return replies

    def one(self, *arguments, **more):
        self.send(packet(*arguments, **more))
        return self.packet()

    def put(self, key, value, **more):
        return self.one(SET, key, value, stored(), **more)

    def value(self, key):
        """None for a miss; an error is raised."""
        reply = self.one(GET, key)
        assert reply.status in (OK, NOT_FOUND), reply
        return reply.value if reply.status == OK else None


class BinaryScenario(RawScenario):
    def client(self, server):
        client = BinaryClient(server.port)
        self.addCleanup(client.close)
        return client


class Trace:
    """Requests made from a seed. The unique numbers in them are those that the same client was told last.

    A number that memcached makes in the binary protocol has spaces behind it, and one of the text protocol has none:
    such keys are not appended to, and spaces behind values are not compared. Of numbers beyond 2**63 memcached 1.6.18
    looks for a sign behind their end, and may find one: they are left out."""

    KEYS = [b"key:0", b"key:1", b"key:2", b"a b", b"\0\r\n", b"k" * 250, "größe".encode(), b"VALUE"]
    NUMBERS = [b"n:1", b"n 2"]
    VALUES = [b"", b"0", b"17", b"5 ", b"x", b"4611686018427387904", b"a\r\nHD\r\n", b"\x81" * 30]
    VALUES += [b"y" * 4096, b"z" * 40_000]
    EXPIRIES = [0, 0, 1000, 2_592_001, 2_147_483_647]

    def __init__(self, seed):
        self.random = random.Random(seed)

    def requests(self, count):
        return [self.request() for _ in range(count)]

    def request(self):
        """(packet fields, whether the last unique number of the key is to be compared)"""
        choose = self.random.choice
        key = choose(self.KEYS + self.NUMBERS * 3)
        has_unique = self.random.random() < 0.2
        opcode = choose([GET, GETQ, GETK, GETKQ, GET, GETK, SET, SETQ, SET, ADD, ADDQ, REPLACE, REPLACEQ, DELETE,
                         DELETEQ, INCR, INCRQ, DECR, DECRQ, APPEND, APPENDQ, PREPEND, PREPENDQ, TOUCH, GAT, GATQ,
                         GATK, GATKQ, NOOP, VERSION, SASL_LIST, 0x77])  # fmt: skip
        fields = {"opcode": opcode, "key": key, "opaque": self.random.randrange(0xFFFFFF)}
        if opcode in (SET, SETQ, ADD, ADDQ, REPLACE, REPLACEQ):
            fields["extras"] = stored(self.random.randrange(2**32), choose(self.EXPIRIES))
        elif opcode in (INCR, INCRQ, DECR, DECRQ):
            fields["key"] = choose(self.NUMBERS)
            expiry = choose([0, 1000, MAKE_NOTHING])
            fields["extras"] = counted(choose([0, 1, 7, 2**40]), choose([0, 10, 2**40]), expiry)
        elif opcode in (TOUCH, GAT, GATQ, GATK, GATKQ):
            fields["extras"] = struct.pack(">I", choose(self.EXPIRIES))
        elif opcode in (NOOP, VERSION, SASL_LIST, 0x77):
            fields["key"] = b""  # memcached loses its way behind an unknown opcode with a body
        elif opcode in (APPEND, APPENDQ, PREPEND, PREPENDQ):
            fields["key"] = choose(self.KEYS)
        if opcode in (SET, SETQ, ADD, ADDQ, REPLACE, REPLACEQ, APPEND, APPENDQ, PREPEND, PREPENDQ):
            fields["value"] = choose(self.VALUES)
        # Neither an addition nor a lookup compares.
        return fields, has_unique and opcode not in (ADD, ADDQ, GET, GETQ, GETK, GETKQ, TOUCH, GAT, GATQ, GATK, GATKQ)


class Differential(BinaryScenario):
    @staticmethod
    def answers(server, requests, cut):
        """All replies, without their unique numbers: to one request after the other, and to all of them in one stream
        that is cut at random places."""
        with BinaryClient(server.port) as client:
            numbers = {}
            replies = []
            for fields, compares in requests:
                if compares:
                    fields = {**fields, "unique": numbers.get(fields["key"], 10**9)}
                for reply in client.until_noop(packet(**fields)):
                    if reply.status == OK and reply.unique:
                        numbers[fields["key"]] = reply.unique
                    replies.append(reply._replace(unique=bool(reply.unique), value=reply.value.rstrip(b" ")))
            whole = b"".join(packet(**fields) for fields, _ in requests)
            while whole:
                size = cut.choice([1, 7, 24, 25, 1000, 50_000])
                client.send(whole[:size])
                whole = whole[size:]
            for reply in client.until_noop(b""):
                replies.append(reply._replace(unique=bool(reply.unique), value=reply.value.rstrip(b" ")))
            return replies

    def test_replies_are_those_of_memcached(self):
        for count in (1, 3):
            for seed in range(4):
                requests = Trace(seed).requests(600)
                [lonely] = self.memcached(1)
                wanted = self.answers(lonely, requests, random.Random(seed))
                got = self.answers(self.cache(self.memcached(count)), requests, random.Random(seed))
                self.assertGreater(len({reply.status for reply in wanted}), 5)
                for i, (mine, other) in enumerate(zip(got, wanted)):
                    self.assertEqual(mine, other, (count, seed, i))
                self.assertEqual(len(got), len(wanted))

    def test_values_that_are_too_large_leave_the_stream_whole_and_no_old_value(self):
        [lonely] = self.memcached(1)
        for item_max in ("16MiB", "64KiB"):  # the node refuses it, or Tenfold does
            for server in (lonely, self.cache(self.memcached(3), f'item_max = "{item_max}"')):
                client = self.client(server)
                self.assertEqual(client.put(b"k", b"old").status, OK)
                self.assertEqual(client.put(b"k", b"x" * 1_048_577).status, TOO_LARGE)
                self.assertIsNone(client.value(b"k"))


class Everyday(BinaryScenario):
    def each(self, settings=""):
        for count in (1, 3):
            self.nodes = self.memcached(count)
            self.tenfold_ = self.cache(self.nodes, settings)
            yield self.client(self.tenfold_)

    def test_memccapable_passes_27_of_27(self):
        program = shutil.which("memccapable")
        self.assertIsNotNone(program, "memccapable is of the package libmemcached-tools")
        built_in = self.tenfold('[cache.test]\nlisten = "127.0.0.1:{port}"\nallow_admin = true\n', run="workers = 1")
        ports = [built_in.port, *(self.tenfold_.port for _ in self.each("allow_admin = true"))]
        for port in ports:
            done = subprocess.run(
                [program, "-h", "127.0.0.1", "-p", str(port), "-b"],
                capture_output=True, text=True, timeout=60, check=False,
            )  # fmt: skip
            self.assertEqual((done.returncode, done.stdout.count("[pass]")), (0, 27), done.stdout + done.stderr)

    def test_text_and_binary_clients_share_what_they_store(self):
        for client in self.each():
            text = RawClient(self.tenfold_.port)
            self.addCleanup(text.close)
            self.assertEqual(text.ask(b"set k 7 0 5\r\nhello\r\n"), b"STORED\r\n")
            reply = client.one(GETK, b"k", opaque=9)
            self.assertEqual(reply[:6], (GETK, OK, struct.pack(">I", 7), b"k", b"hello", 9))
            self.assertEqual(client.one(SET, b"k", b"new", stored(3), unique=reply.unique).status, OK)
            self.assertEqual(client.one(SET, b"k", b"late", stored(3), unique=reply.unique).status, EXISTS)
            self.assertEqual(text.ask(b"get k\r\n"), b"VALUE k 3 3\r\nnew\r\nEND\r\n")

    def test_a_get_of_many_keys_is_quiet_about_those_that_are_missing(self):
        for client in self.each():
            for i in range(100):
                client.send(packet(SETQ, b"key:%d" % i, b"value %d" % i, stored()))
            replies = client.until_noop(b"".join(packet(GETKQ, b"key:%d" % i) for i in range(150)))
            wanted = [(b"key:%d" % i, b"value %d" % i) for i in range(100)]
            self.assertEqual([(reply.key, reply.value) for reply in replies], wanted)

    def test_statistics_end_with_an_empty_row(self):
        for client in self.each():
            client.send(packet(STAT))
            rows = {}
            while (row := client.packet()).key:
                rows[row.key] = row.value
            self.assertEqual(row.value, b"")
            self.assertIn(b"curr_items", rows)
            self.assertEqual(client.one(STAT, b"detail dump").status, NOT_SUPPORTED)
            self.assertEqual(client.one(FLUSH).status, NOT_SUPPORTED)

    def test_quit_says_so_and_ends(self):
        for client in self.each():
            client.send(packet(SETQ, b"k", b"v", stored()) + packet(GET, b"k") + packet(QUIT, opaque=5) + packet(NOOP))
            self.assertEqual(client.packet().value, b"v")
            self.assertEqual(client.packet()[:2], (QUIT, OK))
            self.assertTrue(client.at_end())


class Wrong(BinaryScenario):
    def setUp(self):
        self.nodes = self.memcached(3)

    def test_wrong_lengths_are_refused_and_the_connection_kept(self):
        client = self.client(self.cache(self.nodes))
        for wrong in (
            packet(GET), packet(GET, b"k" * 251), packet(GET, b"k", b"value"), packet(SET, b"k", b"v" * 9000),
            packet(INCR, b"k", extras=b"123"), packet(NOOP, b"k"), packet(GET, b" " * 190), packet(STAT, b"a\nb"),
        ):  # fmt: skip
            replies = client.until_noop(wrong)
            self.assertEqual([reply.status for reply in replies], [INVALID], wrong)
        self.assertEqual(client.one(0x50, b"k", b"v" * 9000).status, UNKNOWN)
        self.assertEqual(client.one(VERBOSITY, extras=b"\0\0\0\1").status, OK)
        self.assertEqual(client.put(b"k", b"v").status, OK)

    def test_lengths_that_cannot_be_end_the_connection_behind_earlier_replies(self):
        client = self.client(self.cache(self.nodes))
        impossible = HEADER.pack(0x80, GET, 5, 0, 0, 0, 3, 0, 0) + b"abc"
        client.send(packet(SET, b"k", b"v", stored()) + impossible + packet(NOOP))
        self.assertEqual(client.packet()[:2], (SET, OK))
        self.assertEqual(client.packet()[:2], (GET, INVALID))
        self.assertTrue(client.at_end())

    def test_who_mixes_the_protocols_is_hung_up_on(self):
        tenfold = self.cache(self.nodes)
        client = self.client(tenfold)
        self.assertEqual(client.put(b"k", b"v").status, OK)
        client.send(b"get k\r\n")
        self.assertTrue(client.at_end())

    def test_a_service_that_comes_to_speak_another_protocol(self):
        topology = '[cache.test]\nlisten = "127.0.0.1:{port}"\nprotocol = "%s"\n'
        tenfold = self.tenfold(topology % "memcached")
        client = self.client(tenfold)
        self.assertEqual(client.put(b"k", b"v").status, OK)
        tenfold.write(topology % "redis")
        self.assertEqual(tenfold.cli("reload")[0], 0)
        self.assertTrue(client.at_end())
        with RawClient(tenfold.port) as other:
            self.assertEqual((other.send(b"PING\r\n"), other.line())[1], b"+PONG\r\n")
            tenfold.write(topology % "memcached")
            self.assertEqual(tenfold.cli("reload")[0], 0)
            self.assertTrue(other.at_end())
        self.assertEqual(self.client(tenfold).put(b"k", b"v").status, OK)

    def test_a_node_that_is_down_is_an_error_and_never_a_miss(self):
        client = self.client(self.cache(self.nodes, 'response_timeout = "50ms"', NO_HEALTH))
        keys = [b"key:%d" % i for i in range(60)]
        for key in keys:
            client.put(key, b"v")
        self.nodes[0].kill()
        replies = client.until_noop(b"".join(packet(GETKQ, key) for key in keys))
        self.assertEqual(len(replies), 60)
        self.assertEqual({reply.status for reply in replies}, {OK, INTERNAL})
        self.assertIn(b"node 127.0.0.1:", next(reply.value for reply in replies if reply.status == INTERNAL))
        for node in self.nodes:
            node.kill()
        requests = [(GET, b""), (GETQ, b""), (SETQ, stored()), (DELETEQ, b""), (INCRQ, counted(1)), (STAT, b"")]
        for opcode, extras in requests:
            [reply] = client.until_noop(packet(opcode, b"" if opcode == STAT else b"k", extras=extras))
            self.assertEqual((reply.opcode, reply.status), (opcode, INTERNAL))


class Growing(BinaryScenario):
    def test_nothing_is_lost_while_keys_move(self):
        nodes = self.memcached(2)
        tenfold = self.cache(nodes, run="workers = 2")
        self.wait_for_ring(tenfold, nodes)
        client = self.client(tenfold)
        wanted = {}
        for i in range(1200):
            wanted[b"key %d" % i] = b"value %d" % i
            client.send(packet(SETQ, b"key %d" % i, b"value %d" % i, stored()))
        client.until_noop(b"")
        nodes += self.memcached(1)
        adding = threading.Thread(target=tenfold.cli, args=("add", "cache.test", nodes[-1].address))
        adding.start()
        made = random.Random(5)
        for _ in range(3000):
            key = b"key %d" % made.randrange(1200)
            kind = made.choice([GET, GET, GET, SET, DELETE, APPEND, GAT])
            if kind == SET:
                wanted[key] = b"new"
                self.assertEqual(client.put(key, b"new").status, OK)
            elif kind == DELETE:
                self.assertEqual(client.one(DELETE, key).status, OK if wanted.pop(key, None) else NOT_FOUND)
            elif kind == APPEND:
                self.assertEqual(client.one(APPEND, key, b"+").status, OK if key in wanted else NOT_STORED)
                if key in wanted:
                    wanted[key] += b"+"
            elif kind == GAT:
                self.assertEqual(client.one(GAT, key, extras=b"\0\0\0\0").value, wanted.get(key, b"Not found"))
            else:
                self.assertEqual(client.value(key), wanted.get(key))
        adding.join()
        self.wait_for_ring(tenfold, nodes)
        self.assertEqual({key: client.value(key) for key in wanted}, wanted)

    def test_keys_go_where_their_prefix_says(self):
        front, pages = self.memcached(2)
        tenfold = self.tenfold(
            f'[cache.front]\nlisten = "127.0.0.1:{{port}}"\nnodes = ["{front.address}"]\n'
            'routes = { "page:" = "cache.pages" }\n'
            f'[cache.pages]\nlisten = "127.0.0.1:{free_port()}"\nnodes = ["{pages.address}"]\nitem_max = "1KiB"\n'
        )
        client = self.client(tenfold)
        for key in (b"a", b"page:a"):
            self.assertEqual(client.put(key, key).status, OK)
            self.assertEqual(client.value(key), key)
        self.assertEqual((front.keys(), pages.keys()), ({"a"}, {"page:a"}))
        self.assertEqual(client.put(b"page:a", b"x" * 5000).status, TOO_LARGE)
        self.assertIsNone(client.value(b"page:a"))
        self.assertEqual(client.put(b"a", b"x" * 5000).status, OK)


if __name__ == "__main__":
    unittest.main()
