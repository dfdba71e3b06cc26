# SPDX-License-Identifier: Apache-2.0
"""The same traces go to a memcached, and through Tenfold to one and to three: the replies are the same, byte for byte.

Traces are made from a seed, and sent cut in two at every byte, byte by byte, or cut at many random places. What is
known to differ is left out of the traces, and stands in docs/cache-safety.md; unique numbers of items, and times that
run, are compared by their form.
"""

import base64
import random
import re
import select
import unittest

from cache_harness import MORE_LINES, RawScenario
from harness import DEADLINE_SECONDS

PLAIN_KEYS = [
    *[b"key:%d" % i for i in range(8)],
    b"noreply",
    b"q",
    b"0",
    b"b",
    b"END",
    b"VALUE",
    b"k" * 250,
    "größe:ключ".encode(),
    b"\xff\xfe\x80",
]
NUMBER_KEYS = [b"n:1", b"n:2"]  # of those that begin so alone, numbers are counted up and down
BINARY_KEYS = [b"a b", b"\0", b"\rget x\r", b"q\t", b"key:1"]
WORDS = [b"", b"0", b"5", b"17 ", b"x", b"18446744073709551615", b"END\r\n", b"a\r\nSTORED\r\n", b"\0\0\0", b"\xff" * 9]
SIZES = [100, 2046, 2047, 2048, 4090, 4096, 4097, 16_380, 16_384, 32_760, 32_768, 65_537, 200_000]
TOO_LARGE = 1_048_577
EXPIRIES = [b"0", b"0", b"0", b"1000", b"-1", b"2592001", b"2147483647", b"2147483648", b"4294967295"]
NUMBERS = [b"0", b"1", b"7", b"4294967296"]
# What memcached 1.6.18 makes of a number from 2^63 on depends on memory that is not the item's: it looks for a minus
# sign (safe_strtoull of util.c) up to the next zero byte, which may be in what an older item has left there, or in the
# item behind. So no number of these traces grows so large; those are compared by themselves, in memory that is new.
LARGE = b"18446744073709551615"


class Trace:
    """Commands made from a seed, as bytes."""

    def __init__(self, seed, small):
        self.random = random.Random(seed)
        self.small = small

    def commands(self, count):
        makers = [
            (8, self.storage),
            (8, self.get),
            (2, self.get_and_touch),
            (2, self.delete),
            (3, self.arithmetic),
            (1, self.touch),
            (5, self.meta_get),
            (5, self.meta_set),
            (2, self.meta_delete),
            (3, self.meta_arithmetic),
            (1, self.meta_debug),
            (2, self.other),
        ]
        weights = [weight for weight, _ in makers]
        return [self.random.choices(makers, weights)[0][1]() for _ in range(count)]

    def key(self):
        return self.random.choice(PLAIN_KEYS[:4] if self.small else PLAIN_KEYS)

    def any_key(self):
        return self.key() if self.random.random() < 0.8 else self.random.choice(NUMBER_KEYS)

    def value(self):
        kind = self.random.random()
        if self.small or kind < 0.8:
            return self.random.choice(WORDS)
        size = TOO_LARGE if kind > 0.995 else self.random.choice(SIZES)
        return self.random.randbytes(size)

    def noreply(self):
        return self.random.choice([b"", b"", b"", b" noreply"])

    def spaces(self, line):
        return line.replace(b" ", b"  ") if self.random.random() < 0.1 else line

    def end(self):
        return self.random.choice([b"\r\n", b"\r\n", b"\r\n", b"\n"])

    def storage(self):
        verb = self.random.choice([b"set", b"set", b"set", b"add", b"replace", b"append", b"prepend", b"cas"])
        value = self.value()
        flags = self.random.choice([b"0", b"1", b"4294967295"])
        key = self.key() if verb in (b"append", b"prepend") or value == LARGE else self.any_key()
        line = b"%s %s %s %s %d" % (verb, key, flags, self.random.choice(EXPIRIES), len(value))
        if verb == b"cas":
            line += b" " + self.random.choice([b"0", b"99999999999", b"18446744073709551615"])  # nobody has it
        line = self.spaces(line + self.noreply())
        data_end = b"\r\n" if self.random.random() < 0.97 or len(value) == TOO_LARGE else b"xx"  # one mistake at a time
        return line + self.end() + value + data_end

    def get(self):
        count = self.random.choice([1, 1, 1, 2, 3, 20])
        line = b" ".join([self.random.choice([b"get", b"gets"]), *[self.any_key() for _ in range(count)]])
        return self.spaces(line) + self.end()

    def get_and_touch(self):
        expiry = self.random.choice([*EXPIRIES, b"x"])
        keys = b" ".join(self.key() for _ in range(self.random.choice([1, 1, 3])))
        return b"%s %s %s" % (self.random.choice([b"gat", b"gats"]), expiry, keys) + self.end()

    def delete(self):
        words = self.random.choice([b"", b"", b" 0", b" noreply", b" 0 noreply", b" 1", b" noreply 0", b" 0 0 0"])
        return b"delete %s%s" % (self.key(), words) + self.end()

    def arithmetic(self):
        delta = self.random.choice([*NUMBERS, b"-1", b"x", b"18446744073709551616"])
        verb, key = self.random.choice([b"incr", b"decr"]), self.random.choice(NUMBER_KEYS)
        return b"%s %s %s%s" % (verb, key, delta, self.noreply()) + self.end()

    def touch(self):
        expiry = self.random.choice([*EXPIRIES, b"x"])
        return b"touch %s %s%s" % (self.key(), expiry, self.noreply()) + self.end()

    def meta_key(self):
        """A key as a word, and the flag that it needs."""
        if self.random.random() < 0.7:
            return self.key(), []
        return base64.b64encode(self.random.choice(BINARY_KEYS)), [b"b"]

    def flags(self, of, need):
        flags = [*self.random.sample(of, self.random.randrange(min(len(of), 7))), *need]
        self.random.shuffle(flags)
        kind = self.random.random() if len(of) > 3 else 1
        if kind < 0.03:
            flags += [flags[0]] if flags else []
        elif kind < 0.06:
            flags += [self.random.choice([b"x", b"!", b"\xff", b"Z9"])]
        elif kind < 0.08:
            flags += [b"O" + b"p" * self.random.choice([31, 32, 40])]
        elif kind < 0.09:
            flags = [bytes([letter]) for letter in b"vfstkchluOqvfstkch"]
        return b"".join(b" " + flag for flag in flags)

    def meta_get(self):
        key, need = self.meta_key()
        of = [b"v", b"f", b"s", b"t", b"k", b"c", b"h", b"l", b"u", b"q", b"qq", b"Oab", b"N30", b"R20", b"T100", b"Tx"]
        return b"mg " + key + self.flags(of, need) + self.end()

    def meta_set(self):
        key, need = self.meta_key()
        value = self.value()
        mode = self.random.choice([b"ME", b"MA", b"MP", b"MR", b"MS", b"MX", b"M"])
        of = [b"F7", b"T100", b"T0", b"c", b"k", b"q", b"q1", b"Oop", b"C99999999999", b"I", b"Fx", mode]
        if self.random.random() < 0.03 and len(value) < TOO_LARGE:  # of two mistakes, memcached tells the other one
            return b"ms %s %d%s" % (key, len(value), self.flags([b"c", b"k", b"q"], need)) + self.end() + value + b"xx"
        flags = self.flags(of, need)
        while len(flags.split()) > 16:  # memcached takes the value for commands
            flags = self.flags(of, need)
        return b"ms %s %d%s" % (key, len(value), flags) + self.end() + value + b"\r\n"

    def meta_delete(self):
        key, need = self.meta_key()
        return b"md " + key + self.flags([b"q", b"k", b"Oxy", b"I", b"T30", b"C99999999999"], need) + self.end()

    def meta_arithmetic(self):
        key, need = self.random.choice(NUMBER_KEYS), []
        mode = self.random.choice([b"MI", b"M+", b"MD", b"M-", b"Mx"])
        # With q as well, memcached tells of an item that it has made, and of none that it has changed. And no T: it is
        # lost, or not, when the number does not stay in its place, as while a thread of memcached's looks at the item.
        first = self.random.choice([b"q", b"N60"])
        of = [first, b"v", b"t", b"c", b"k", b"Oz", b"D3", b"J10", b"Dx", mode]
        return b"ma " + key + self.flags(of, need) + self.end()

    def meta_debug(self):
        key, need = self.meta_key()
        return b"me " + b" ".join([key, *need]) + self.end()

    def other(self):
        lines = [b"mn", b"mn", b"", b"nonsense", b"mz k", b"g", b"get", b"set k 0 0", b"mg", b"ms", b"ms k", b"me"]
        lines += [b"incr k", b"touch k", b"version", b"verbosity 1", b"verbosity", b"delete"]
        lines += [b"delete " + b"k" * 251, b"mg " + b"k" * 251, b"gat 0", b"SET k 0 0 1", b"verbosity 1 noreply"]
        lines += [b"incr k 1 2 3"]
        return self.random.choice(lines) + self.end()


def replies_of(stream):
    """Cuts what came back into replies."""
    replies = []
    at = 0
    while at < len(stream):
        begin = at
        while True:
            line_end = stream.index(b"\n", at) + 1
            line = stream[at:line_end]
            at = line_end
            if line.startswith(b"VALUE "):
                at += int(line.split()[3]) + 2
            elif line.startswith(b"VA "):
                at += int(line.split()[1]) + 2
                break
            elif not line.startswith(MORE_LINES):
                break
        replies.append(stream[begin:at])
    return replies


def items_of(reply):
    """The items of a reply to get, with gets' unique numbers taken out, and the last line."""
    items = []
    while reply.startswith(b"VALUE "):
        line, _, rest = reply.partition(b"\r\n")
        words = line.split(b" ")
        value_end = int(words[3]) + 2
        unique = [b"#"] if len(words) == 5 else []
        if words[1].startswith(b"n:"):  # memcached keeps the length of a number that shrinks, or does not
            items.append(b" ".join(words[:3] + unique) + b"\r\n" + rest[: value_end - 2].rstrip() + b"\r\n")
        else:
            items.append(b" ".join(words[:4] + unique) + b"\r\n" + rest[:value_end])
        reply = rest[value_end:]
    return [*items, reply]


def canonical(reply):
    if reply.startswith(b"VALUE "):
        return b"".join(items_of(reply))
    line, _, rest = reply.partition(b"\r\n")
    if line[:2] in (b"VA", b"HD", b"EX", b"NS", b"NF"):
        line = re.sub(rb" (c|l)\d+", rb" \1#", line)
        line = re.sub(rb" t\d+", b" t#", line)
    if line.startswith(b"ME "):
        line = re.sub(rb" (exp=-|la=|cas=)\d+", rb" \1#", line)
    return line + b"\r\n" + rest


class Differential(RawScenario):
    def setUp(self):
        self.direct = self.still_memcached()
        self.groups = []
        for count in (1, 3):
            nodes = self.memcached(count)
            self.groups.append((count, nodes, self.cache(nodes)))

    def run_trace(self, server, nodes, pieces):
        """All that comes back, to the end."""
        for node in nodes:
            self.assertEqual(self.ask(node, b"flush_all\r\n"), b"OK\r\n")
        with self.client(server) as client:
            client.reader.close()
            received = bytearray()
            for piece in [*pieces, b"quit\r\n"]:
                received += self.exchange(client.socket, piece)
            while data := client.socket.recv(1 << 20):
                received += data
        return bytes(received)

    @staticmethod
    def exchange(connection, piece):
        """Sends a piece, and takes what comes meanwhile: neither side waits for the other with full buffers."""
        connection.setblocking(False)
        received = bytearray()
        while piece:
            readable, writable, _ = select.select([connection], [connection], [], DEADLINE_SECONDS)
            if not readable and not writable:
                raise TimeoutError("nothing is taken or given")
            if readable:
                part = connection.recv(1 << 20)
                if not part:
                    break
                received += part
            if writable:
                piece = piece[connection.send(piece) :]
        connection.settimeout(DEADLINE_SECONDS)
        return received

    def compare(self, commands, cuts, what):
        stream = b"".join(commands)
        bounds = [0, *cuts, len(stream)]
        pieces = [stream[a:b] for a, b in zip(bounds, bounds[1:]) if a < b]
        if not hasattr(self, "wanted") or self.wanted[0] != commands:
            self.wanted = commands, replies_of(self.run_trace(self.direct, [self.direct], pieces))
        for count, nodes, tenfold in self.groups:
            got = replies_of(self.run_trace(tenfold, nodes, pieces))
            for i, (one, other) in enumerate(zip(self.wanted[1], got)):
                wanted, reply = canonical(one), canonical(other)
                if wanted != reply:
                    at = next((k for k, (a, b) in enumerate(zip(wanted, reply)) if a != b), 0)
                    part = slice(max(at - 100, 0), at + 200)
                    self.fail(
                        f"{what}, {count} nodes, reply {i}, from byte {at}: {reply[part]} where memcached says "
                        f"{wanted[part]}\nrequests: {self.shown(commands)}"
                    )
            self.assertEqual(len(got), len(self.wanted[1]), f"{what}, {count} nodes: {got[-2:]}")

    @staticmethod
    def shown(commands):
        return "\n".join(repr(command[:120]) for command in commands[-400:])

    def test_numbers_from_two_to_the_63rd_on(self):
        """Nothing was stored before, and no chunk of memory is used twice: behind each number there is a zero byte."""
        commands = []
        for i, number in enumerate([2**63 - 1, 2**63, 2**63 + 1, 2**64 - 2, 2**64 - 1, 2**64, 10**20]):
            for j, step in enumerate([b"incr %s 1", b"incr %s 2", b"decr %s 1", b"incr %s 18446744073709551615",
                                      b"decr %s 18446744073709551615", b"ma %s v D9223372036854775808",
                                      b"ma %s v MD D18446744073709551615", b"incr %s 18446744073709551616"]):
                key = b"n:large:%d:%d" % (i, j)
                text = b"%d" % number
                commands += [b"set %s 0 0 %d\r\n%s\r\n" % (key, len(text), text), step % key + b"\r\n"]
                commands.append(b"get %s\r\n" % key)
        self.compare(commands, [], "large numbers")

    def test_short_traces_cut_at_every_byte(self):
        for seed in range(4):
            commands = Trace(seed, small=True).commands(10)
            for cut in range(1, len(b"".join(commands))):
                self.compare(commands, [cut], f"seed {seed} cut at {cut}")

    def test_short_traces_byte_by_byte(self):
        for seed in range(100, 110):
            commands = Trace(seed, small=True).commands(20)
            self.compare(commands, range(1, len(b"".join(commands))), f"seed {seed} byte by byte")

    def test_long_traces_cut_at_random(self):
        for seed in range(1000, 1012):
            commands = Trace(seed, small=False).commands(600)
            size = len(b"".join(commands))
            cutter = random.Random(seed)
            cuts = sorted(cutter.sample(range(1, size), 60))
            self.compare(commands, cuts, f"seed {seed}")

    def test_values_of_every_size_about_the_buffers(self):
        commands = []
        for size in [*range(4060, 4110), *range(32_700, 32_780), *range(65_500, 65_540)]:
            commands += [b"set k 0 0 %d\r\n%s\r\n" % (size, b"v" * size), b"get k\r\n", b"mg k v\r\n"]
            commands.append(b"get k none k\r\n")
        for seed in range(3):
            cutter = random.Random(seed)
            cuts = sorted(cutter.sample(range(1, len(b"".join(commands))), 500))
            self.compare(commands, cuts, f"sizes, cut by seed {seed}")


if __name__ == "__main__":
    unittest.main()
