# SPDX-License-Identifier: Apache-2.0
"""For scenarios that look at every byte: a client of memcached that sends exactly what it is given and reads whole
replies as they came, and a node that does what it is told."""

import json
import socket
import threading

import cache_servers
from harness import DEADLINE_SECONDS, ScriptedServer, wait_until

NO_HEALTH = "health = { enabled = false, eject_after = 0 }"
MORE_LINES = (b"STAT ", b"ITEM ", b"PREFIX ", b"key=")


class RawClient(cache_servers.CacheClient):
    def __init__(self, port, timeout=DEADLINE_SECONDS):
        super().__init__(port, timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def line(self):
        line = self.reader.readline()
        if not line.endswith(b"\n"):
            raise EOFError(f"the connection ended within a reply: {line!r}")
        return line

    def bytes(self, count):
        data = self.reader.read(count)
        if len(data) < count:
            raise EOFError(f"the connection ended within a value: {len(data)} of {count} bytes")
        return data

    def reply(self):
        """The next whole reply, as it came."""
        whole = b""
        while True:
            line = self.line()
            whole += line
            if line.startswith(b"VALUE "):
                whole += self.bytes(int(line.split()[3]) + 2)
            elif line.startswith(b"VA "):
                return whole + self.bytes(int(line.split()[1]) + 2)
            elif not line.startswith(MORE_LINES):
                return whole

    def ask(self, request):
        self.send(request)
        return self.reply()

    def set(self, key, value):
        return self.ask(b"set %s 0 0 %d\r\n%s\r\n" % (key, len(value), value))

    def get(self, key):
        """The value; None for a miss; an error is raised."""
        return self.get_many([key]).get(key)

    def get_many(self, keys):
        return values_of(self.ask(b"get " + b" ".join(keys) + b"\r\n"))


def values_of(reply):
    """The items of a reply to get or gets: {key: value}."""
    values = {}
    while not reply.startswith(b"END\r\n"):
        line, _, rest = reply.partition(b"\r\n")
        words = line.split()
        if words[0] != b"VALUE":
            raise AssertionError(f"no reply to get: {line!r}")
        size = int(words[3])
        values[words[1]] = rest[:size]
        reply = rest[size + 2 :]
    return values


class ScriptedNode(ScriptedServer):
    """A node whose `answer(line, reader, connection)` returns the bytes of the reply to one line, or None to close the
    connection. `version`, which is how Tenfold asks for health, is answered here."""

    def __init__(self, answer):
        self.answer = answer
        super().__init__()

    def serve(self, connection, reader):
        while line := reader.readline():
            reply = b"VERSION 1.6.18\r\n" if line == b"version\r\n" else self.answer(line, reader, connection)
            if reply is None:
                return
            connection.sendall(reply)


class RawScenario(cache_servers.CacheScenario):
    def scripted(self, answer):
        node = ScriptedNode(answer)
        self.addCleanup(node.close)
        return node

    def client(self, server):
        client = RawClient(server.port)
        self.addCleanup(client.close)
        return client

    def ask(self, server, request):
        """One question to a server, on a connection of its own."""
        with RawClient(server.port) as client:
            return client.ask(request)

    @staticmethod
    def owner_of(tenfold, key):
        """The address of the node that has a key."""
        code, out, err = tenfold.cli("explain", "cache", "test", key, "--json")
        assert code == 0, err
        return json.loads(out)["owner"]["address"]


class Moving(RawScenario):
    """Keys that move for as long as a test wants."""

    @staticmethod
    def has_no_keys(line):
        return b"NF\r\n" if line.startswith(b"md ") else b"EN\r\n"

    def begin_to_move(self, old_node=has_no_keys):
        """Tenfold, a new node, and names of keys that move to that one. Their old node, which answers each line as
        `old_node` says, does not tell its keys until end_moving()."""
        self.released = threading.Event()
        self.addCleanup(self.released.set)

        def answer(line, _reader, _connection):
            if not line.startswith(b"lru_crawler"):
                return old_node(line)
            self.released.wait(20)
            return b"END\r\n"

        new = self.memcached()[0]
        tenfold = self.cache([self.scripted(answer)])
        self.adding = threading.Thread(target=tenfold.cli, args=("add", "cache.test", new.address))
        self.adding.start()
        wait_until(lambda: self.service(tenfold)["ring_state"]["phase"] == "moving", "keys move")
        keys = (key for key in (f"page:{i}" for i in range(1000)) if self.owner_of(tenfold, key) == new.address)
        return tenfold, new, keys

    def end_moving(self, tenfold):
        self.released.set()
        self.adding.join(20)
        wait_until(lambda: self.service(tenfold)["ring_state"]["phase"] == "steady", "no key moves any more")
