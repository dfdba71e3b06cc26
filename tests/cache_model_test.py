# SPDX-License-Identifier: Apache-2.0
"""The simulator's model memcached and model Redis answer as the real servers do: the same traces go through both.

A trace is made from a seed: some thousands of commands over few keys, so that they meet; then time passes until what
had a short time to live has gone (a sentinel item tells), and all keys are looked at again. Replies are compared byte
for byte, except:
  - unique numbers (CAS): each server's n-th distinct number stands for the other's n-th
  - times left to live: up to two seconds apart, for the two clocks tick at different moments
  - what `lru_crawler metadump` and SCAN tell, and in which order: compared as sets of keys
  - the format of DUMP: both must restore what they dumped
"""

import os
import random
import re
import socket
import subprocess
import tempfile
import time
import unittest

from harness import DEADLINE_SECONDS, IO, free_port, wait_until

SIMULATOR = os.environ.get("SIMULATOR", os.path.join(os.path.dirname(os.environ.get("TENFOLD", "")), "simulator"))
SEEDS = (1, 2)
COMMANDS = 4000


class Server:
    """A private server on loopback, and one connection to it."""

    def __init__(self, test, command):
        self.folder = tempfile.TemporaryDirectory(prefix="tenfold-test-")
        test.addCleanup(self.folder.cleanup)
        self.port = free_port()
        with open(os.path.join(self.folder.name, "log"), "wb") as log:
            self.process = subprocess.Popen(
                [word.format(port=self.port) for word in command],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder.name,
            )
        test.addCleanup(self.stop)
        self.socket = wait_until(self.connect, f"{command[0]} accepts connections")
        test.addCleanup(self.socket.close)
        self.reader = self.socket.makefile("rb")
        test.addCleanup(self.reader.close)

    def connect(self):
        try:
            return socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_SECONDS)
        except OSError:
            return None

    def stop(self):
        self.process.terminate()
        self.process.wait()


def memcached(test):
    """Without its thread that sorts items by use: what this holds just then, `incr` replaces where it would change
    it in place, and it is stale no more."""
    user = ["-u", "root"] if os.geteuid() == 0 else []
    return Server(test, ["memcached", "-p", "{port}", "-l", "127.0.0.1", "-U", "0", "-o", "no_lru_maintainer", *user])


def redis(test, *settings):
    return Server(test, ["redis-server", "--port", "{port}", "--bind", "127.0.0.1", "--save", "", *settings])


def ask_memcached(server, request):
    """The reply to one request: `mn` behind it marks its end."""
    if request.startswith(b"lru_crawler"):
        server.socket.sendall(request)
        reply = b""
        while not reply.endswith(b"END\r\n"):
            reply += server.reader.readline()
        return reply
    server.socket.sendall(request + b"mn\r\n")
    reply = b""
    while not reply.endswith(b"MN\r\n"):
        reply += server.reader.readline()
    return reply[: -len(b"MN\r\n")]


def ask_redis(server, request):
    server.socket.sendall(request)
    return read_resp(server.reader)


def read_resp(reader):
    line = reader.readline()
    kind, rest = line[:1], line[1:-2]
    if kind in b"$=" and int(rest) >= 0:
        return line + reader.read(int(rest) + 2)
    if kind in b"*%~>" and int(rest) > 0:
        return line + b"".join(read_resp(reader) for _ in range(int(rest) * (2 if kind == b"%" else 1)))
    return line


class Trace:
    """Requests to the real servers as they are made, kept with their time for the model."""

    def __init__(self, ask, servers):
        self.ask = ask
        self.servers = servers
        self.records = []  # (milliseconds, server, request for the model, reply of the real one)

    def send(self, request, server=0):
        real, model = request, request
        for number, of_number in enumerate(self.servers):
            real = real.replace(b"{port%d}" % number, b"%d" % of_number.port)
            model = model.replace(b"{port%d}" % number, b"%d" % number)
        if real != model:  # lengths are within the request
            real, model = resp(*request.split(b" ", 99), ports=[s.port for s in self.servers]), resp(
                *request.split(b" ", 99), ports=[0, 1])
        reply = self.ask(self.servers[server], real)
        self.records.append((int(time.time() * 1000), server, model, reply))
        return reply

    def replies_of_model(self, *kind):
        trace = b"".join(b"%d %d %d\n%s" % (at, server, len(request), request)
                         for at, server, request, _ in self.records)
        done = subprocess.run([SIMULATOR, "model", *kind], input=trace, capture_output=True, check=True, timeout=60)
        replies, rest = [], done.stdout
        while rest:
            size, rest = rest.split(b"\n", 1)
            replies.append(rest[: int(size)])
            rest = rest[int(size):]
        return replies


def resp(*words, ports=()):
    named = []
    for word in words:
        for number, port in enumerate(ports):
            word = word.replace(b"{port%d}" % number, b"%d" % port)
        named.append(b'' if word == b'""' else word)
    return b"*%d\r\n" % len(named) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in named)


class Comparison:
    """Replies of the two servers, with what may differ taken out."""

    TIMES = re.compile(rb" t(\d+)")
    UNIQUES = re.compile(rb"(?: c(\d+)\b)|(?:^VALUE \S+ \d+ \d+ (\d+)\r)", re.M)

    def __init__(self, test):
        self.test = test
        self.pairs = {}

    def check(self, number, request, real, model):
        told = f"request {number}: {request!r}"
        if request.startswith(b"lru_crawler") or b"SCAN" in request:
            self.test.assertEqual(sorted(self.keys(real)), sorted(self.keys(model)), told)
            return
        for pattern, same in ((self.TIMES, self.close), (self.UNIQUES, self.paired)):
            ours, theirs = self.numbers(pattern, model), self.numbers(pattern, real)
            self.test.assertEqual(len(ours), len(theirs), f"{told}: {real!r} {model!r}")
            for a, b in zip(ours, theirs):
                self.test.assertTrue(same(a, b), f"{told}: {real!r} {model!r}")
            real, model = pattern.sub(b" #", real), pattern.sub(b" #", model)
        if b"TTL" in request and real[:1] == b":" and int(real[1:]) > 0:
            self.test.assertLess(abs(int(real[1:]) - int(model[1:])), 2000 if b"PTTL" in request else 3, told)
            return
        if b"MIGRATE" in request:  # over a connection that it has kept, a server need not select
            real, model = (reply.replace(b"'select'", b"'restore'") for reply in (real, model))
        self.test.assertEqual(real, model, told)

    @staticmethod
    def numbers(pattern, reply):
        return [int(next(group for group in match.groups() if group)) for match in pattern.finditer(reply)]

    @staticmethod
    def close(a, b):
        return abs(a - b) <= 2

    def paired(self, a, b):
        return self.pairs.setdefault(a, b) == b

    @staticmethod
    def keys(reply):
        return re.findall(rb"key=(\S+)", reply) or re.findall(rb"\$\d+\r\n([a-z]\S*)\r\n", reply)


@unittest.skipIf(IO == "uring", "it runs no Tenfold, and is the same for all")
class MemcachedModel(unittest.TestCase):
    def uniques(self, reply):
        return [next(group for group in match.groups() if group) for match in Comparison.UNIQUES.finditer(reply)]

    def command(self, prng, key, known):
        """One request; `known` holds unique numbers that the server has told of the keys."""
        value = prng.choice([b"", b"1", b"99", b"100", b"hello", b"x" * prng.randrange(2000)])
        number = b"%d" % prng.choice([0, 1, 7, 91, 1000])
        flags = b"%d" % prng.choice([0, 1, 4294967295])
        ttl = prng.choice([b"0", b"100", b"5000"])
        unique = prng.choice(known.get(key, [b"1"]))
        tail = b"%d\r\n%s\r\n" % (len(value), value)
        noreply = prng.choice([b"", b"", b"", b" noreply"])
        store = b"%s %s %s " % (key, flags, ttl)
        meta_value = b"%s %d" % (key, len(value))
        body = b"\r\n" + value + b"\r\n"
        both = [b"", b" k", b" Oabc k", b" c"]
        choices = [
            b"get " + key, b"gets " + key, b"get a b c " + key, b"gats %s %s" % (ttl, key), b"delete " + key + noreply,
            b"set " + store + tail, b"set " + store + tail, b"add " + store + tail, b"replace " + store + tail,
            b"append " + store + tail, b"prepend " + store + tail,
            b"cas " + store + b"%d %s\r\n%s\r\n" % (len(value), unique, value),
            b"set " + store + b"%d%s\r\n%s\r\n" % (len(value), noreply, value),
            b"incr %s %s" % (key, number), b"decr %s %s" % (key, number) + noreply, b"touch %s %s" % (key, ttl),
            b"mg " + key, b"mg %s v" % key, b"mg %s s v f t c" % key, b"mg %s v k Oxyz h f" % key,
            b"mg %s s v f t c N100" % key, b"mg %s v t R150" % key, b"mg %s T100 t v" % key,
            b"ms %s T100 F7 c" % meta_value + body, b"ms " + meta_value + prng.choice(both) + body,
            b"ms %s T%s C%s c" % (meta_value, ttl, unique) + body, b"ms %s I C%s c" % (meta_value, unique) + body,
            b"ms %s M%s%s" % (meta_value, prng.choice([b"E", b"A", b"P", b"R", b"S"]), prng.choice(both[:3])) + body,
            b"md " + key + prng.choice(both[:3]), b"md %s C%s" % (key, unique), b"md %s I T100" % key, b"md %s I" % key,
            b"ma %s v t" % key, b"ma %s MD D%s v" % (key, number), b"ma %s N100 J13 v t k" % key,
            b"ma %s D5 T100" % key,
        ]
        request = prng.choice(choices)
        return request if request.endswith(b"\r\n") else request + b"\r\n"

    def run_seed(self, seed):
        prng = random.Random(seed)
        server = memcached(self)
        trace = Trace(ask_memcached, [server])
        keys = [b"a", b"b", b"c", b"session:9", b"%d" % seed]
        known = {}
        for _ in range(COMMANDS):
            key = prng.choice(keys)
            request = self.command(prng, key, known)
            if prng.random() < 0.002:
                request = prng.choice([b"flush_all\r\n", b"lru_crawler metadump hash\r\n", b"version\r\n"])
            if request.startswith(b"decr") and request.count(b" ") == 1:
                continue
            reply = trace.send(request)
            known.setdefault(key, [b"1"]).extend(self.uniques(reply))
            known[key] = known[key][-3:]
        self.let_time_pass(trace, keys)
        replies = trace.replies_of_model("memcached")
        self.assertEqual(len(replies), len(trace.records))
        comparison = Comparison(self)
        for number, ((_, _, request, real), model) in enumerate(zip(trace.records, replies)):
            comparison.check(number, request, real, model)

    def let_time_pass(self, trace, keys):
        short = [b"set s1 0 2 1\r\n1\r\n", b"ms s2 1 T2\r\n2\r\n", b"mg s3 N2 v\r\n", b"set s4 0 500 1\r\n4\r\n",
                 b"touch s4 2\r\n", b"set s5 0 2 1\r\n5\r\n", b"touch s5 500\r\n", b"set s6 0 -1 1\r\n6\r\n",
                 b"ms s7 1 T0\r\n7\r\n", b"mg s7 T2\r\n", b"set s8 0 2 1\r\n8\r\n", b"md s8 I T500\r\n",
                 b"set s9 0 500 1\r\n9\r\n", b"md s9 I T2\r\n", b"ma s10 N2\r\n"]
        for request in short:
            trace.send(request)
        server = trace.servers[0]
        # Of the real server alone: the model's second may end a little later, and its dump would still tell of it.
        self.assertEqual(ask_memcached(server, b"set sentinel 0 3 1\r\n0\r\n"), b"STORED\r\n")
        wait_until(lambda: ask_memcached(server, b"get sentinel\r\n") == b"END\r\n", "the sentinel expires")
        trace.send(b"lru_crawler metadump hash\r\n")
        for key in keys + [b"s%d" % number for number in range(1, 11)]:
            trace.send(b"get %s\r\n" % key)
            trace.send(b"mg %s v t f\r\n" % key)
        trace.send(b"add s1 0 0 1\r\nn\r\n")
        trace.send(b"incr s10 1\r\n")

    def test_traces(self):
        for seed in SEEDS:
            with self.subTest(seed=seed):
                self.run_seed(seed)


@unittest.skipIf(IO == "uring", "it runs no Tenfold, and is the same for all")
class RedisModel(unittest.TestCase):
    def command(self, prng, keys):
        key = prng.choice(keys)
        other = prng.choice(keys)
        value = prng.choice([b"", b"1", b"-5", b"hello", b"x" * prng.randrange(2000)])
        amount = b"%d" % prng.choice([1, -7, 100, 9223372036854775807])
        time_left = prng.choice([b"100", b"5000"])
        return resp(*prng.choice([
            (b"GET", key), (b"SET", key, value), (b"SET", key, value), (b"set", key, value, b"EX", time_left),
            (b"SET", key, value, b"NX"), (b"SET", key, value, b"XX", b"PX", b"100000"),
            (b"SET", key, value, b"KEEPTTL"), (b"SET", key, value, b"EX", b"0"), (b"SET", key, value, b"EX", b"a"),
            (b"SET", key, value, b"WHAT"), (b"SETNX", key, value), (b"SETEX", key, time_left, value),
            (b"SETEX", key, b"0", value), (b"PSETEX", key, b"100000", value), (b"GETSET", key, value),
            (b"GETDEL", key), (b"MGET", key, other, b"none"), (b"MSET", key, value, other, b"2"),
            (b"MSET", key, b"1", b"b"),
            (b"DEL", key), (b"DEL", key, other), (b"UNLINK", key), (b"EXISTS", key, other, key), (b"TOUCH", key),
            (b"INCR", key), (b"DECR", key), (b"INCRBY", key, amount), (b"DECRBY", key, b"7"), (b"INCRBY", key, b"x"),
            (b"APPEND", key, value), (b"STRLEN", key), (b"EXPIRE", key, time_left), (b"EXPIRE", key, b"-1"),
            (b"PEXPIRE", key, b"100000"), (b"PERSIST", key), (b"TTL", key), (b"PTTL", key), (b"TYPE", key),
            (b"LPUSH", b"l", value, b"2"), (b"RPUSH", b"l", value), (b"LPUSH", key, value), (b"LPOP", b"l"),
            (b"RPOP", b"l"), (b"LLEN", b"l"), (b"LLEN", key), (b"LRANGE", b"l", b"0", b"-1"),
            (b"LRANGE", b"l", b"-3", b"1"), (b"GET", b"l"), (b"PING",), (b"PING", b"hi"), (b"ECHO", b"hi"),
            (b"SELECT", b"0"), (b"SELECT", b"1"), (b"SELECT", b"16"), (b"SELECT", b"x"), (b"DBSIZE",),
            (b"PUBLISH", b"news", value),
            (b"GET",), (b"SET", key), (b"SCAN", b"0", b"COUNT", b"1000"), (b"AUTH", b"x")][:-1]))

    def transaction(self, prng, keys):
        """The requests of one; without what is compared otherwise than byte by byte."""
        def plain():
            while True:
                request = self.command(prng, keys)
                if b"SCAN" not in request and b"TTL" not in request and b"SELECT" not in request:
                    return request

        requests = [resp(b"WATCH", *prng.sample(keys, prng.randrange(1, 3)))] if prng.random() < 0.6 else []
        requests += [plain() for _ in range(prng.randrange(3))] if requests else []
        requests += [resp(b"UNWATCH")] if prng.random() < 0.1 else []
        requests += [resp(b"MULTI")] + [plain() for _ in range(prng.randrange(4))]
        requests += [resp(b"BLPOP", prng.choice(keys), b"l", b"0")] if prng.random() < 0.3 else []  # it does not block
        return requests + [resp(b"DISCARD" if prng.random() < 0.2 else b"EXEC")]

    def moves(self, prng, keys):
        key = prng.choice(keys)
        return prng.choice([
            b'MIGRATE 127.0.0.1 {port1} %s 0 2000' % key,
            b'MIGRATE 127.0.0.1 {port1} %s 1 2000' % key,
            b'MIGRATE 127.0.0.1 {port1} "" 0 2000 KEYS %s l none' % key,
            b'MIGRATE 127.0.0.1 {port1} "" 0 2000 REPLACE KEYS %s %s' % (key, prng.choice(keys))])

    def moves_of_users(self, trace, prng, keys):
        """By the right of a user who may do nothing else, who loses that right, and is deleted."""
        user = b"mover%d" % prng.randrange(3)
        key = prng.choice(keys)
        migrate = b'MIGRATE 127.0.0.1 {port1} "" 0 2000 REPLACE AUTH2 %s %s KEYS %s %s'
        trace.send(resp(b"ACL", b"SETUSER", user, b"reset", b"on", b">word", b"~*", b"+restore", b"+select"), server=1)
        trace.send(resp(b"SET", key, b"1"))
        trace.send(migrate % (user, b"word", key, prng.choice(keys)))
        if prng.random() < 0.3:
            trace.send(resp(b"AUTH", user, b"word"), server=1)
            for request in (resp(b"GET", key), resp(b"AUTH", user, b"wrong"), resp(b"DEL", key), resp(b"SELECT", b"0"),
                            resp(b"AUTH", b"default", b"any")):
                trace.send(request, server=1)
        trace.send(resp(b"SET", key, b"2"))
        trace.send(migrate % (user, b"wrong", key, b"none"))
        trace.send(resp(b"GET", key), server=1)
        if prng.random() < 0.7:
            trace.send(resp(b"ACL", b"SETUSER", user, b"reset", b"on", b">word"), server=1)
            trace.send(migrate % (user, b"word", key, b"none"))
            trace.send(resp(b"AUTH", user, b"word"), server=1)
            for request in (resp(b"RESTORE", key, b"0", b"no"), resp(b"SELECT", b"1"), resp(b"GET", key),
                            resp(b"AUTH", b"default", b"any")):
                trace.send(request, server=1)
            trace.send(resp(b"GET", key), server=1)
        trace.send(resp(b"ACL", b"DELUSER", user, b"nobody"), server=1)
        trace.send(migrate % (user, b"word", key, b"none"))
        trace.send(resp(b"AUTH", user, b"word"), server=1)

    def run_seed(self, seed):
        prng = random.Random(seed)
        trace = Trace(ask_redis, [redis(self), redis(self)])
        keys = [b"a", b"b", b"c", b"{u7}:x", b"%d" % seed]
        for _ in range(COMMANDS):
            if prng.random() < 0.05:
                trace.send(self.moves(prng, keys))
            elif prng.random() < 0.02:
                self.moves_of_users(trace, prng, keys)
            elif prng.random() < 0.03:
                server = prng.randrange(2)
                trace.send(resp(b"RPUSH", b"l", b"1", b"2", b"3"), server=server)
                trace.send(resp(prng.choice([b"BLPOP", b"BRPOP"]), b"none", b"l", b"0.1"), server=server)
            elif prng.random() < 0.05:
                server = prng.randrange(2)
                for request in self.transaction(prng, keys):
                    trace.send(request, server=server)
            else:
                trace.send(self.command(prng, keys), server=0 if prng.random() < 0.7 else 1)
        trace.send(resp(b"SELECT", b"0"))
        for request in ((b"SET", b"s1", b"1", b"PX", b"300"), (b"SET", b"s2", b"2"), (b"PEXPIRE", b"s2", b"300"),
                        (b"SET", b"s3", b"3", b"PX", b"300"), (b"PERSIST", b"s3"), (b"SET", b"s4", b"4", b"PX", b"300"),
                        (b"APPEND", b"s4", b"4"), (b"SET", b"s5", b"5", b"PX", b"300"), (b"SET", b"s5", b"6"),
                        (b"SET", b"sentinel", b"", b"PX", b"600")):
            trace.send(resp(*request))
        server = trace.servers[0]
        wait_until(lambda: ask_redis(server, resp(b"GET", b"sentinel")) == b"$-1\r\n", "the sentinel expires")
        for database in (b"0", b"1"):
            for server in (0, 1):
                trace.send(resp(b"SELECT", database), server=server)
            for key in keys + [b"l"] + [b"s%d" % number for number in range(1, 6)]:
                trace.send(resp(b"TYPE", key))
                trace.send(resp(b"TYPE", key), server=1)
                trace.send(resp(b"GET", key))
                trace.send(resp(b"PTTL", key))
        trace.send(resp(b"FLUSHDB"))  # of database 1
        trace.send(resp(b"DBSIZE"))
        trace.send(resp(b"SELECT", b"0"))
        trace.send(resp(b"EXISTS", *keys))
        trace.send(resp(b"FLUSHALL"))
        trace.send(resp(b"SET", b"a", b"1"))  # one that does not expire: its mean time would be told, too
        trace.send(resp(b"INFO", b"KEYSPACE"))
        replies = trace.replies_of_model("redis")
        self.assertEqual(len(replies), len(trace.records))
        comparison = Comparison(self)
        for number, ((_, _, request, real), model) in enumerate(zip(trace.records, replies)):
            comparison.check(number, request, real, model)

    def test_traces(self):
        for seed in SEEDS:
            with self.subTest(seed=seed):
                self.run_seed(seed)

    def test_log_in_and_the_third_protocol(self):
        trace = Trace(ask_redis, [redis(self, "--requirepass", "secret")])
        for words in ((b"GET", b"a"), (b"HELLO", b"3"), (b"AUTH", b"wrong"), (b"AUTH", b"secret"), (b"GET", b"a"),
                      (b"HELLO", b"3"), (b"GET", b"a"), (b"SET", b"a", b"1", b"XX"), (b"MGET", b"a", b"b"),
                      (b"WATCH", b"a"), (b"SET", b"a", b"1"), (b"MULTI",), (b"EXEC",), (b"MULTI",), (b"GET", b"none"),
                      (b"EXEC",), (b"EXEC",), (b"DISCARD",), (b"GETSET", b"b", b"2"), (b"LPOP", b"c"),
                      (b"HELLO", b"2"), (b"GET", b"c")):
            trace.send(resp(*words))
        comparison = Comparison(self)
        for number, record in enumerate(zip(trace.records, trace.replies_of_model("redis", "secret"))):
            (_, _, request, real), model = record
            if b"HELLO" in request and not real.startswith(b"-"):
                real, model = real[:1], model[:1]  # what it tells of itself is not modelled
            comparison.check(number, request, real, model)


if __name__ == "__main__":
    unittest.main()
