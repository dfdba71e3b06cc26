# SPDX-License-Identifier: Apache-2.0
"""The cache that is built in: beside memcached and Redis, over several workers, within its memory, and on its way to
servers of its own kind."""

import random
import re
import shutil
import subprocess
import threading
import unittest
import urllib.parse

from cache_servers import CacheClient, CacheScenario, Memcached, Redis, RedisError, redis_request
from harness import wait_until


class BuiltIn(CacheScenario):
    def built_in(self, protocol="memcached", workers=1, settings="allow_admin = true"):
        """Tenfold with one cache service, cache.test, that has no nodes."""
        return self.tenfold(
            f'[cache.test]\nlisten = "127.0.0.1:{{port}}"\nprotocol = "{protocol}"\n{settings}\n',
            run=f"workers = {workers}",
        )

    def wait_for_built_in(self, tenfold, workers):
        def is_steady():
            ring = self.service(tenfold)["ring_state"]
            return ring["phase"] == "steady" and ring["nodes"] == [f"built-in/{i}" for i in range(workers)]

        wait_until(is_steady, "the ring is steady with the built-in cache alone")


# -- memcached ------------------------------------------------------------------------------------------------------


def memcached_replies(client, trace):
    """What the whole trace is answered with."""
    client.send(trace + b"set the-end 0 0 1\r\nx\r\nget the-end\r\n")
    replies = b""
    while not replies.endswith(b"STORED\r\nVALUE the-end 0 1\r\nx\r\nEND\r\n"):
        replies += client.reader.readline()
    return replies


CLASSIC = b"""set a 5 0 3|abc|get a|gets a|add a 0 0 1|x|replace a 7 100 2|yz|get a b a|append a 9 9 1|!
prepend a 9 9 1|?|gets a|cas a 1 0 1 99999|x|cas none 1 0 1 1|x|touch a 50|touch none 50|gat 100 a none|gats 0 a
delete a|delete a|get a|append a 0 0 1|x|prepend a 0 0 1|x|replace a 0 0 1|x|incr a 1|decr a 1|set n 3 0 1|9|incr n 1
get n|decr n 1|get n|decr n 100|get n|incr n 18446744073709551615|incr n 3|get n|set n 0 0 3|abc|incr n 1|set n 0 0 3
  5|incr n 1|get n|set n 0 0 4|5 x |incr n 2|get n|set n 0 0 0||incr n 1|get n|set n 0 0 20|18446744073709551616
incr n 2|set n 0 0 3|-15|incr n 1|set gone 0 -1 1|x|get gone|set past 0 1000000000 1|x|get past|set later 0 2592000 1
x|get later|set e 0 100 1|x|mg e t|touch e -1|get e|set e 0 100 1|x|touch e 0|mg e t|set n 0 100 1|9|incr n 1|mg n t v
gets n|set a 0 0 1|x|flush_all|get a|set a 0 0 1|y|get a|flush_all 100|get a|flush_all -1|get a|flush_all x
verbosity 1|add a 1 0 1|z|gets a|stats sizes|stats foo"""

META = b"""mg miss v|mg miss v k O12|mg miss|mg miss N30 t c v f s|mg miss N30 t c v f s|ms k1 5 T100 F7 c|hello|mg k1
mg k1 v f t c s h l k O9|mg k1 h l|mg k1 x|mg k1 v v|mg k1 E5|mg k1 M|mg k1 Tabc|mg k1 T30 t|mg k1 t T60|mg k1 t
ms k1 5 T100 k O3 s t f|hello|ms k1 3 MA|abc|ms k1 3 MAB|abc|ms k1 3 MX|abc|ms nope 3 MA|abc|ms nope 3 MA N20|abc
ms nope2 3 Mp|abc|ms nope2 3 MR|abc|ms k1 3 MP|abc|ms k1 3 ME|abc|ms k1 3 C1|abc|ms nope3 3 C1|abc|mg k1 c v f t
ms k1 3 C1 I|abc|mg k1 c v t f|mg k1 v|ms k1 3 C999999 I c|abd|ms k1 3 I|abd|md k1 I T30 c|mg k1 v t c|mg k1 v t c
ms k1 3 I C1 c|abx|mg k1 v t c|md k1 C1|md k1 k O1|md k1 k O1|md k1 x|md k1 I|ma n1|ma n1 N0 J13 v t c
ma n1 N0 J13 v t c|ma n1 v k O4 t|ma n1 D5 v|ma n1 D100 MD v|ma n1 MX v|ma n1 Dx v|ma n1 M+ D18446744073709551615 v
ma n1 v|ma n1 v|ma n1 T5 t v|ma n1 C1|ma n1 C1 k O5 v c|ms k2 3|abc|ma k2|me none|mn|mg Zm9v b k v|ms Zm9v 2 b|hi
mg Zm9v b k v O1|mg foo v k|ma Zm9v b k|md Zm9v b O1 k|ms Zm9v 1|x|mg Zm9v k v
mg k2 O123456789012345678901234567890123456789012 v|set e 0 100 1|x|mg e R50 t v|mg e R200 t v|mg e R200 t v
md e C5 I T3|mg e t c|ms a 1 MR F5 T50 c|x|ms a 1 MS F5 T50 c|x|mg a f t v|ms a 1 MA F9 T70 c|y|mg a f t v s
ms a 1 MP C1|y|mg a c v|ms nn 1 MA C4|y|ms nn 1 MR C4|y|ms nn 1 ME C4|y|ms nn 1 h l N5 R5 s|y|ms nn 1 J5|y
mg nn J5 C4 I F5|mg nn Mx|mg nn S5|ma nn F5|ma nn S5|md nn N5 F5 S5|mg nn N5 R50 T9 v t|mg nn 5|mg nn k5|mg nn v9 t
ms u 1|x|mg u u v|mg u u h|mg u v|mg u u h|ms u 1 u L P/a|y|mg u v L P|ma n1 u|md u u
mg nn O|mg nn O k|mg nn T|mg nn N|md nn C|md nn T5|mg nn k|mg n2 T5 N9 t|mg n2 N9 t|set n 5 0 1|5
ma n f t c h l s k O5 v|ms k 1 C|x|ms k 1 Tx|x|ms k 1 T|x|ms k 1 Ix|x|ms k 1 M|x|ma n D0|ma n J|ma n N|ma n D-1
ma nx N5 Jabc|ma nz N5 J100 D5 v|ma nz D50 MD v s|mg nz s v|ms st 1|x|md st I T-1|mg st v|mg i O1 O2"""


def trace_of(text):
    return text.replace(b"\n", b"|").replace(b"|", b"\r\n") + b"\r\n"


def random_trace(rng, commands, counts):
    """Any commands on few keys, so that they meet; no time passes. With `counts` numbers are counted up, and items are
    not claimed: memcached does that in place, or in a new item without claims, as its own threads allow it."""
    trace = []
    for _ in range(commands):
        key = rng.choice(["a", "b", "n", "long-" + "x" * 40])
        value = rng.choice(["", "7", "41", "99", "text", "x" * rng.randrange(3000)])
        size = len(value)
        unique = rng.randrange(1, 400)
        store = rng.choice(["set", "set", "add", "replace", "append", "prepend"])
        flags = "".join(
            f" {flag}"
            for flag in rng.sample(
                ["v", "f", "c", "k", "s", "O1", "T100", "q"] + ([] if counts else ["h", "N50", "R150"]),
                rng.randrange(5),
            )
        )
        set_flags = "".join(
            f" {flag}"
            for flag in rng.sample(
                ["c", "k", "O2", "F5", "T90", "I", f"C{unique}", "q", rng.choice(["MS", "ME", "MA", "MP", "MR"])],
                rng.randrange(4),
            )
        )
        sum_flags = "".join(
            f" {flag}"
            for flag in rng.sample(
                ["v", "c", "k", "O3", rng.choice(["N60", "q"]), "J5", "D7", "T80", f"C{unique}", "MI"],
                rng.randrange(5),
            )
        )
        others = [
            f"incr {key} {rng.randrange(200)}\r\n", f"ma {key}{sum_flags}\r\n", f"ma {key}{sum_flags}\r\n",
        ] if counts else [f"md {key} I{rng.choice(['', ' T30', ' C5'])}\r\n"]  # fmt: skip
        trace.append(
            rng.choice([
                f"{store} {key} {rng.randrange(9)} {rng.choice([0, 0, 100, -1])} {size}\r\n{value}\r\n",
                f"cas {key} 1 0 {size} {unique}\r\n{value}\r\n",
                f"get {key} b a\r\n", f"gets {key}\r\n", f"gat 100 {key} n\r\n", f"touch {key} 50\r\n",
                f"delete {key}\r\n", *others,
                f"mg {key}{flags}\r\n", f"mg {key}{flags}\r\n", f"ms {key} {size}{set_flags}\r\n{value}\r\n",
                f"md {key}{rng.choice(['', ' q k', f' C{unique}'])}\r\n",
                f"set {key} 0 0 {size} noreply\r\n{value}\r\n",
            ])
        )  # fmt: skip
    return "".join(trace).encode()


def without_unique_numbers(replies):
    """Each worker counts its own."""
    replies = re.sub(rb"(?m)( c)[1-9]\d*", rb"\1N", replies)
    return re.sub(rb"(?m)^(VALUE \S+ \d+ \d+) \d+\r$", rb"\1 N\r", replies)


class AsMemcached(BuiltIn):
    def compare(self, workers, trace, simplify=lambda replies: replies):
        wanted = memcached_replies(self.still_memcached().client(), trace)
        with CacheClient(self.built_in(workers=workers).port) as client:
            got = memcached_replies(client, trace)
        self.assertEqual(simplify(got).split(b"\r\n"), simplify(wanted).split(b"\r\n"))

    def test_classic_commands(self):
        self.compare(1, trace_of(CLASSIC))

    def test_meta_commands(self):
        self.compare(1, trace_of(META))

    def test_classic_commands_over_four_workers(self):
        self.compare(4, trace_of(CLASSIC), without_unique_numbers)

    def test_random_commands(self):
        for seed in range(4):
            with self.subTest(seed=seed):
                self.compare(1, random_trace(random.Random(seed), 1500, counts=seed % 2 == 0))

    def test_memccapable_passes_27_of_27(self):
        program = shutil.which("memccapable")
        self.assertIsNotNone(program, "memccapable is of the package libmemcached-tools")
        for workers in (1, 4):
            with self.subTest(workers=workers):
                port = self.built_in(workers=workers).port
                done = subprocess.run(
                    [program, "-h", "127.0.0.1", "-p", str(port), "-a"],
                    capture_output=True, text=True, timeout=60, check=False,
                )  # fmt: skip
                self.assertEqual(done.stdout.count("[pass]"), 27, done.stdout + done.stderr)
                self.assertEqual(done.returncode, 0, done.stdout)

    def test_what_is_too_large_is_refused_and_the_stream_goes_on(self):
        tenfold = self.built_in()
        client = self.cache_client(tenfold)
        self.assertEqual(client.set("k", "x" * (1 << 20)), "STORED")
        self.assertEqual(client.set("k", "x" * ((1 << 20) + 1)), "SERVER_ERROR object too large for cache")
        self.assertEqual(client.set("k", "small"), "STORED")
        self.assertEqual(client.get("k"), "small")

    def test_times_of_expiry(self):
        tenfold = self.built_in(workers=2)
        client = self.cache_client(tenfold)
        for i in range(20):
            client.set(f"short:{i}", "v", expiry=1)
            client.set(f"long:{i}", "v", expiry=100)
        wait_until(lambda: client.get_many([f"short:{i}" for i in range(20)]) == {}, "short lives end")
        self.assertEqual(len(client.get_many([f"long:{i}" for i in range(20)])), 20)
        self.assertEqual(self.service(tenfold)["cache"]["built_in"]["items"], 20)

    def test_replies_keep_the_order_of_the_commands(self):
        client = self.cache_client(self.built_in(workers=4))
        for turn in range(20):
            client.send(b"".join(b"set k%d 0 0 %d\r\n%d\r\n" % (i, len(str(turn)), turn) for i in range(200)))
            client.send(b"".join(b"mg k%d k v\r\n" % i for i in range(200)))
            for _ in range(200):
                self.assertEqual(client.read_line(), "STORED")
            for i in range(200):
                self.assertEqual(client.read_line().split(" ")[2], f"kk{i}")
                self.assertEqual(client.read_line(), str(turn))

    def test_flush_all_is_for_operators(self):
        client = self.cache_client(self.built_in(settings=""))
        self.assertEqual(client.line("flush_all"), "CLIENT_ERROR flush_all not allowed")
        self.assertTrue(client.line("lru_crawler metadump hash 0").startswith("CLIENT_ERROR"))


# -- Redis ----------------------------------------------------------------------------------------------------------


def redis_replies(client, commands):
    """What each command is answered with; an error by its text."""
    client.send(b"".join(redis_request(*command) for command in commands))
    replies = []
    for _ in commands:
        try:
            replies.append(client.read_redis())
        except RedisError as error:
            replies.append(f"error: {error}")
    return replies


STRINGS = """SET k v|GET k|GET none|SET k w NX|SET none2 w XX|SET k w XX|GET k|SET k x GET|SET new x GET
SET k y NX GET|SET k z EX 100|TTL k|SET k z KEEPTTL|TTL k|SET k z|TTL k|SET k z PX 100000|TTL k|SET k z EX 0
SET k z EX -1|SET k z EX x|SET k z EX 9223372036854775807|SET k z EX 10 PX 10|SET k z NX XX|SET k z EX|SET k z FOO
SET k z EXAT 9000000000|TTL none|EXPIRETIME k|PEXPIRETIME k|SET k z PXAT 9000000000000|EXPIRETIME k|SET k z EXAT 1
GET k|SET k v KEEPTTL EX 10|SET k|SETNX k 1|SETNX k 2|GET k|SETEX k 100 v|TTL k|SETEX k 0 v|SETEX k x v
PSETEX k 100000 v|TTL k|PSETEX k -5 v|SETEX k 1|GETSET k w|TTL k|GETSET none3 w|GETDEL k|GETDEL k|SET k v EX 100
GETEX k|TTL k|GETEX k PERSIST|TTL k|GETEX k EX 50|TTL k|GETEX k PX 60000|TTL k|GETEX k EXAT 9000000000|EXPIRETIME k
GETEX none EX 5|GETEX k FOO|GETEX k EX|GETEX k EX 0|GETEX k EX x|MSET a 1 b 2 c 3|MGET a b none c|MSET a|MSET a 1 b
MGET|EXISTS a b none a|DEL a none b|DEL|UNLINK c c|TOUCH k none|MGET a b c|APPEND ap x|APPEND ap yz|GET ap|STRLEN ap
STRLEN none|SET ap v EX 100|APPEND ap w|TTL ap|GETRANGE ap 0 -1|SET r Hello|GETRANGE r 0 1|GETRANGE r 1 -2
GETRANGE r -3 -1|GETRANGE r -100 100|GETRANGE r 3 1|GETRANGE r 10 20|GETRANGE r -1 -3|GETRANGE none 0 -1
GETRANGE r x 1|SUBSTR r 0 0|GETRANGE r -100 -50|SETRANGE r 1 EY|GET r|SETRANGE r 10 end|STRLEN r|SETRANGE none5 3 ab
STRLEN none5|SETRANGE none6 3 |EXISTS none6|SETRANGE r -1 x|SETRANGE r 536870912 x|SETRANGE r 0 |STRLEN r|INCR n
INCR n|DECR n|INCRBY n 10|DECRBY n 20|GET n|INCRBY n x|INCR r|SET n 9223372036854775807|INCR n|DECRBY n -1
SET n -9223372036854775808|DECR n|DECRBY n -9223372036854775808|SET n 007|INCR n|SET n -0|INCR n|SET n +5|INCR n|SET n
SET n 99 EX 100|INCR n|TTL n|SET n 5 EX 100|INCR n|TTL n|INCRBYFLOAT f 1.5|INCRBYFLOAT f 0.1|INCRBYFLOAT f -1.6
INCRBYFLOAT f x|SET f 3.0e3|INCRBYFLOAT f 200|SET f 10.50|INCRBYFLOAT f 0.1|INCRBYFLOAT f -5|INCRBYFLOAT r 1
INCRBYFLOAT f inf|INCRBYFLOAT f nan|SET f 5|INCRBYFLOAT f 1e20|INCRBYFLOAT none7 1000000000000|STRLEN f|TYPE f
TYPE none|DEL f|TYPE f|PERSIST k|PERSIST k|SET e v|EXPIRE e 100|TTL e|EXPIRE e 200 NX|EXPIRE e 200 XX|TTL e
EXPIRE e 100 GT|EXPIRE e 300 GT|EXPIRE e 400 LT|EXPIRE e 50 LT|TTL e|EXPIRE e 10 NX XX|EXPIRE e 10 GT LT
EXPIRE e 10 FOO|EXPIRE e x|EXPIRE e 9223372036854775807|EXPIRE none 10|PERSIST e|EXPIRE e 10 GT|EXPIRE e 10 XX|TTL e
EXPIRE e 10 LT|TTL e|PEXPIRE e 99999|TTL e|EXPIREAT e 9000000000|EXPIRETIME e|PEXPIREAT e 9000000000000|PEXPIRETIME e
EXPIRE e 0|EXISTS e|SET e v|EXPIREAT e 1|GET e|SET e v|PEXPIRE e -1|GET e|MSETNX m1 1 m2 2|MSETNX m2 1 m3 2|EXISTS m3
MSETNX m1|FLUSHALL FOO|FLUSHDB ASYNC|EXISTS k|DBSIZE|SET x 1|DBSIZE|RANDOMKEY|KEYS *|KEYS y*|KEYS ?|KEYS [a-z]
KEYS [^x]|KEYS \\\\x|SCAN x|SCAN 0 COUNT 0|SCAN 0 COUNT x|SCAN 0 FOO 1|SCAN 0 MATCH|GET|GET a b|ECHO hi|FLUSHALL
DBSIZE|KEYS *|RANDOMKEY"""


def commands_of(text):
    return [command.split(" ") for command in text.replace("\n", "|").split("|")]


def random_commands(rng, count):
    commands = []
    for _ in range(count):
        key, other = rng.choice("abn"), rng.choice("abcn")
        value = rng.choice(["", "7", "41", "-99", "9223372036854775807", "1.5", "text", "y" * rng.randrange(2000)])
        number = rng.randrange(-50, 200)
        option = rng.choice(["", "NX", "XX", "GT", "LT", "KEEPTTL", "GET", "EX 100", "PX 100000"])
        commands.append(
            rng.choice([
                ["SET", key, value], ["SET", key, value, *option.split()], ["GET", key], ["GETDEL", key],
                ["GETSET", key, value], ["APPEND", key, value], ["STRLEN", key], ["INCRBY", key, number],
                ["DECR", key], ["INCRBYFLOAT", key, number / 4], ["GETRANGE", key, number - 60, number],
                ["SETRANGE", key, abs(number), value], ["MGET", key, other], ["MSET", key, value, other, "5"],
                ["MSETNX", key, value, "other", "5"], ["DEL", key, other], ["EXISTS", key, other],
                ["EXPIRE", key, 100 + number, *option.split()[:1]], ["TTL", key], ["PERSIST", key],
                ["SETNX", key, value],
                ["GETEX", key, "EX", 100], ["TYPE", key], ["DBSIZE"], ["SETEX", key, 70, value],
            ])
        )  # fmt: skip
    return commands


class AsRedis(BuiltIn):
    def compare(self, workers, commands):
        wanted = redis_replies(self.redis()[0].client(), commands)
        got = redis_replies(CacheClient(self.built_in("redis", workers).port), commands)
        for command, ours, theirs in zip(commands, got, wanted):
            with self.subTest(command=" ".join(str(word) for word in command)):
                self.assertEqual(ours, theirs)

    def test_strings_and_their_expiry(self):
        self.compare(1, commands_of(STRINGS))

    def test_random_commands(self):
        for seed in range(3):
            self.compare(1, random_commands(random.Random(seed), 1500))

    def test_over_four_workers(self):
        commands = [
            command
            for command in random_commands(random.Random(7), 1500)
            if command[0] != "MSETNX"  # its keys are not together
        ]
        self.compare(4, commands)

    def test_keys_of_all_workers_are_seen(self):
        client = self.cache_client(self.built_in("redis", workers=4))
        keys = {f"key:{i}" for i in range(500)}
        for key in keys:
            self.assertEqual(client.redis("SET", key, "v"), "OK")
        self.assertEqual(client.redis("DBSIZE"), 500)
        self.assertEqual(set(client.redis("KEYS", "*")), keys)
        seen, cursor = set(), "0"
        while True:
            cursor, some = client.redis("SCAN", cursor, "COUNT", 50)
            seen.update(some)
            if cursor == "0":
                break
        self.assertEqual(seen, keys)
        self.assertEqual(client.redis("EXISTS", *keys), 500)
        self.assertEqual(client.redis("DEL", *keys), 500)

    def test_resp3_has_its_own_null(self):
        client = self.cache_client(self.built_in("redis", workers=2))
        client.send(redis_request("HELLO", "3"))
        while not client.read_line().startswith("*0"):
            pass
        client.send(redis_request("GET", "none"))
        self.assertEqual(client.read_line(), "_")

    def test_other_types_are_refused_by_name(self):
        client = self.cache_client(self.built_in("redis"))
        commands = "LPUSH l 1|HSET h f v|RENAME a a|EVAL x 1 k|MULTI|SUBSCRIBE c|BLPOP l 1|XREAD s"
        for command in commands.split("|"):
            words = command.split(" ")
            with self.assertRaisesRegex(RedisError, f"ERR the built-in cache has no {words[0]}"):
                client.redis(*words)
        with self.assertRaisesRegex(RedisError, "unknown command"):
            client.redis("TENFOLD.TAKE", "k")
        self.assertEqual(client.redis("PING"), "PONG")


# -- Its room -------------------------------------------------------------------------------------------------------


def resident_bytes(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1)) * 1024


class Room(BuiltIn):
    def test_memory_is_never_exceeded_and_what_is_read_stays(self):
        tenfold = self.built_in(workers=2, settings='memory = "8MiB"')
        client = self.cache_client(tenfold)
        rng = random.Random(1)
        for i in range(100):
            client.set(f"hot:{i}", "h" * 500)
        for i in range(0, 40_000, 100):
            client.send(
                b"".join(
                    b"set cold:%d 0 0 %d noreply\r\n%s\r\n" % (i + k, size, b"x" * size)
                    for k in range(100)
                    for size in [rng.randrange(1500)]
                )
            )
            self.assertEqual(len(client.get_many([f"hot:{k}" for k in range(100)])), 100)
        built_in = self.service(tenfold)["cache"]["built_in"]
        self.assertLessEqual(built_in["used_bytes"], 8 << 20)
        self.assertGreater(built_in["used_bytes"], 6 << 20)
        self.assertGreater(built_in["evicted_items"], 10_000)
        self.assertEqual(built_in["memory_bytes"], 8 << 20)

    def test_a_smaller_memory_is_kept_to_on_reload(self):
        tenfold = self.built_in(workers=2, settings='memory = "16MiB"')
        client = self.cache_client(tenfold)
        for i in range(1000):
            client.set(f"key:{i}", "x" * 8000)
        topology = f'[cache.test]\nlisten = "127.0.0.1:{tenfold.port}"\nmemory = "2MiB"\n'
        tenfold.write(topology)
        self.assertEqual(tenfold.cli("reload")[0], 0)
        built_in = self.service(tenfold)["cache"]["built_in"]
        self.assertLessEqual(built_in["used_bytes"], 2 << 20)
        self.assertGreater(built_in["items"], 100)
        self.assertEqual(client.set("k", "v"), "STORED")

    def test_the_file_says_what_makes_no_sense(self):
        tenfold = self.built_in()
        for settings, problem in (
            ('protocol = "redis"\npersistent = true', "the built-in cache keeps nothing"),
            ("nodes = []", "cache.test has no nodes"),
            ('memory = "1KiB"', "'memory' is from 1MiB to 1TiB"),
        ):
            tenfold.write(f'[cache.test]\nlisten = "127.0.0.1:{{port}}"\n{settings}\n')
            code, _, err = tenfold.cli("check")
            self.assertEqual(code, 3)
            self.assertIn(problem, err)

    def test_explain_and_status_name_the_worker(self):
        tenfold = self.built_in(workers=2)
        code, out, _ = tenfold.cli("explain", "cache", "test", "some-key")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"built-in/[01]")
        rows = self.service(tenfold)["nodes"]
        self.assertEqual([(row["address"], row["state"]) for row in rows], [("built-in/0", "up"), ("built-in/1", "up")])
        self.assertEqual(tenfold.cli("status")[0], 0)


# -- Growing --------------------------------------------------------------------------------------------------------


class Writer(threading.Thread):
    """Writes and reads keys of its own, and holds every answer against what it has written last."""

    def __init__(self, port, name, keys, redis):
        super().__init__()
        self.client = CacheClient(port)
        self.rng = random.Random(name)
        self.names = [f"{name}:{i}" for i in range(keys)]
        self.redis = redis
        self.known = {}
        self.problems = []
        self.operations = 0
        self.told = threading.Event()

    def set(self, key, value):
        return self.client.redis("SET", key, value) if self.redis else self.client.set(key, value)

    def get(self, key):
        return self.client.redis("GET", key) if self.redis else self.client.get(key)

    def add_one(self, key):
        if self.redis:
            return str(self.client.redis("INCR", key))
        return self.client.line(f"incr {key} 1")

    def delete(self, key):
        if self.redis:
            return self.client.redis("DEL", key)
        return self.client.line(f"delete {key}")

    def fill(self):
        for key in self.names:
            self.set(key, "1")
            self.known[key] = "1"

    def run(self):
        try:
            while not self.told.is_set():
                self.step(self.rng.choice(self.names))
                self.operations += 1
        except (OSError, EOFError, AssertionError, RedisError) as error:
            self.problems.append(f"{type(error).__name__}: {error}")

    def step(self, key):
        what = self.rng.randrange(10)
        if what < 5:
            got, wanted = self.get(key), self.known.get(key)
        elif what < 7:
            value = str(self.rng.randrange(1_000_000))
            got, wanted = self.set(key, value), "OK" if self.redis else "STORED"
            self.known[key] = value
        elif what < 9 and key in self.known:
            wanted = self.known[key] = str(int(self.known[key]) + 1)
            got = self.add_one(key)
        else:
            was_there = self.known.pop(key, None) is not None
            got = self.delete(key)
            wanted = int(was_there) if self.redis else "DELETED" if was_there else "NOT_FOUND"
            if got == "DELETED":
                wanted = got  # perhaps the empty item of a key on its way (carry.h), which is no value
        if got != wanted:
            self.problems.append(f"{key}: {got!r}, not {wanted!r}")

    def end(self):
        self.told.set()
        self.join()
        self.client.close()


class Growing(BuiltIn):
    def grow(self, protocol, kind, workers):
        tenfold = self.built_in(protocol, workers)
        writers = [Writer(tenfold.port, f"w{i}", 400, protocol == "redis") for i in range(4)]
        for writer in writers:
            self.addCleanup(writer.client.close)
            writer.fill()
        for writer in writers:
            writer.start()
        try:
            first, second, third = self.servers(kind, 3)
            code, out, err = tenfold.cli("add", "cache.test", first.address)
            self.assertEqual(code, 0, out + err)
            self.wait_for_ring(tenfold, [first])
            at_one = sum(writer.operations for writer in writers)
            for server in (second, third):
                code, out, err = tenfold.cli("add", "cache.test", server.address)
                self.assertEqual(code, 0, out + err)
            self.wait_for_ring(tenfold, [first, second, third])
            enough = at_one + 2000
            wait_until(lambda: sum(writer.operations for writer in writers) > enough, "the load goes on")
        finally:
            for writer in writers:
                writer.end()
        self.assertEqual([problem for writer in writers for problem in writer.problems], [])
        with CacheClient(tenfold.port) as client:
            for writer in writers:
                writer.client = client
                for key, value in writer.known.items():
                    self.assertEqual(writer.get(key), value)
        wanted = {key for writer in writers for key in writer.known}
        held = {urllib.parse.unquote(key) for server in (first, second, third) for key in server.keys()}
        self.assertEqual(held, wanted)
        self.assertNotIn("built_in", self.service(tenfold)["cache"])
        return tenfold

    def test_to_one_and_to_three_memcached(self):
        tenfold = self.grow("memcached", Memcached, workers=4)
        with open(tenfold.file, encoding="utf-8") as file:
            self.assertIn("nodes = [", file.read())

    def test_to_one_and_to_three_redis(self):
        self.grow("redis", Redis, workers=4)

    def test_with_one_worker(self):
        self.grow("memcached", Memcached, workers=1)

    def test_times_of_expiry_go_along(self):
        for protocol, kind in (("memcached", Memcached), ("redis", Redis)):
            with self.subTest(protocol=protocol):
                tenfold = self.built_in(protocol, workers=2)
                client = self.cache_client(tenfold)
                server = self.servers(kind, 1)[0]
                if protocol == "redis":
                    client.redis("SET", "k", "v", "EX", 100)
                    client.redis("SET", "always", "v")
                else:
                    client.set("k", "v", expiry=100, flags=9)
                    client.set("always", "v")
                self.assertEqual(tenfold.cli("add", "cache.test", server.address)[0], 0)
                self.wait_for_ring(tenfold, [server])
                if protocol == "redis":
                    self.assertIn(client.redis("TTL", "k"), range(60, 101))
                    self.assertEqual(client.redis("TTL", "always"), -1)
                else:
                    word, flags, left = client.meta("mg k f t")[0].split(" ")
                    self.assertEqual((word, flags), ("HD", "f9"))
                    self.assertIn(int(left[1:]), range(60, 102))
                    self.assertEqual(client.meta("mg always t")[0], "HD t-1")

    def test_it_serves_until_a_node_can(self):
        for protocol, kind in (("memcached", Memcached), ("redis", Redis)):
            with self.subTest(protocol=protocol):
                tenfold = self.built_in(protocol, workers=2)
                client = self.cache_client(tenfold)
                read = (lambda: client.redis("GET", "k")) if protocol == "redis" else (lambda: client.get("k"))
                if protocol == "redis":
                    client.redis("SET", "k", "v")
                else:
                    client.set("k", "v")
                server = self.servers(kind, 1)[0]
                server.kill()
                tenfold.write(
                    f'[cache.test]\nlisten = "127.0.0.1:{{port}}"\nprotocol = "{protocol}"\n'
                    f'nodes = ["{server.address}"]\nhealth = {{ interval = "100ms", fall = 1, rise = 1 }}\n'
                )
                self.assertEqual(tenfold.cli("reload")[0], 0)
                wait_until(lambda: self.service(tenfold)["nodes"][0]["state"] == "down", "the node is known to be down")
                self.assertEqual(read(), "v")
                server.start()
                self.wait_for_ring(tenfold, [server])
                self.assertEqual(read(), "v")

    def test_a_redis_with_keys_of_its_own_is_kept_out(self):
        tenfold = self.built_in("redis", workers=2)
        client = self.cache_client(tenfold)
        client.redis("SET", "k", "v")
        server = self.redis(1)[0]
        with server.client() as direct:
            direct.redis("SET", "its", "own")
        tenfold.write(
            f'[cache.test]\nlisten = "127.0.0.1:{{port}}"\nprotocol = "redis"\nnodes = ["{server.address}"]\n'
        )
        self.assertEqual(tenfold.cli("reload")[0], 0)
        wait_until(lambda: self.service(tenfold)["ring_state"].get("kept_out"), "the node is kept out")
        self.assertEqual(client.redis("GET", "k"), "v")
        with server.client() as direct:
            direct.redis("FLUSHALL")
        self.wait_for_ring(tenfold, [server])
        self.assertEqual(client.redis("GET", "k"), "v")

    def test_back_to_the_built_in_cache(self):
        tenfold = self.cache(self.memcached(2), run="workers = 2")
        client = self.cache_client(tenfold)
        for i in range(300):
            client.set(f"key:{i}", f"value:{i}")
        tenfold.write('[cache.test]\nlisten = "127.0.0.1:{port}"\n')
        self.assertEqual(tenfold.cli("reload")[0], 0)
        self.wait_for_built_in(tenfold, 2)
        for i in range(300):
            self.assertEqual(client.get(f"key:{i}"), f"value:{i}")

    def test_the_last_node_is_not_removed(self):
        servers = self.memcached(1)
        tenfold = self.cache(servers)
        code, _, err = tenfold.cli("remove", "cache.test", servers[0].address)
        self.assertNotEqual(code, 0)
        self.assertIn("go back to the built-in cache", err)


if __name__ == "__main__":
    unittest.main()
