# SPDX-License-Identifier: Apache-2.0
"""Redis servers for scenarios, real ones and scripted ones, and a client that speaks RESP2 and RESP3."""

import socket
import threading

from cache_servers import Redis, RingScenario
from harness import Connection, ScriptedServer


class RedisServer(Redis):
    """One with further settings, as on its command line, and asked in its own protocol."""

    def __init__(self, *settings):
        self.settings = settings
        super().__init__()

    def command(self):
        return [*super().command(), *self.settings]

    def answers(self):
        try:
            return self.ask("PING") in (b"PONG", "NOAUTH Authentication required.")
        except OSError:
            return False

    def client(self):
        return RespClient(self.port)

    def ask(self, *words):
        """One command straight to the server."""
        with self.client() as client:
            return client.ask(*words)

    def clients(self):
        """The connections that the server has, but for the one that asks: a dict of CLIENT LIST's fields each."""
        lines = self.ask("CLIENT", "LIST").decode().splitlines()
        rows = [dict(field.split("=", 1) for field in line.split(" ")) for line in lines]
        return [row for row in rows if not row["cmd"].startswith("client")]


class ScriptedRedis(ScriptedServer):
    """A node that does what the test says: `answer(words, connection)` returns the bytes to send, or None to close.

    PING, as probes send it, is answered by itself; all other commands are recorded in `commands`.
    """

    def __init__(self, answer):
        self.answer = answer
        self.commands = []
        super().__init__()

    def serve(self, connection, reader):
        while words := read_command(reader):
            if words[0].upper() == b"PING":
                connection.sendall(b"+PONG\r\n")
                continue
            self.commands.append(words)
            reply = self.answer(words, connection)
            if reply is None:
                return
            connection.sendall(reply)


class Line:
    """The network to one Redis server. `to_server(client, server)` carries what a client of it sends, and ends."""

    def __init__(self, server):
        self.server = server
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.carry, args=(client,), daemon=True).start()

    def carry(self, client):
        try:
            server = socket.create_connection(("127.0.0.1", self.server.port))
            threading.Thread(target=self.to_client, args=(server, client), daemon=True).start()
            self.to_server(client, server)
        except OSError:
            end(client)  # one of the two has gone

    @staticmethod
    def to_client(server, client):
        while data := receive(server):
            try:
                client.sendall(data)
            except OSError:
                break
        end(client)

    def stop(self):
        self.listener.close()


def receive(source):
    """What comes next over a connection of a line; b"" when it has ended."""
    try:
        return source.recv(65536)
    except OSError:
        return b""


def end(sink):
    """Ends a connection of a line."""
    try:
        sink.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def read_command(reader):
    line = reader.readline().strip()
    if not line:
        return None
    if not line.startswith(b"*"):
        return line.split()
    words = []
    for _ in range(int(line[1:])):
        size = int(reader.readline()[1:])
        words.append(reader.read(size + 2)[:-2])
    return words


class RedisError(str):
    """An error reply: its text without the `-`."""


class Push(list):
    """A push of RESP3."""


class RespClient(Connection):
    """Speaks RESP2, or RESP3 behind HELLO 3. Replies: bytes, int, list, dict, None, and RedisError."""

    def send_command(self, *words):
        self.send(encode(*words))

    def ask(self, *words):
        self.send_command(*words)
        return self.read()

    def pipeline(self, *commands):
        self.send(b"".join(encode(*command) for command in commands))
        return [self.read() for _ in commands]

    def read(self):
        line = self.reader.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError(f"the connection ended in a reply: {line!r}")
        kind, text = line[:1], line[1:-2]
        if kind == b"+":
            return text
        if kind == b"-":
            return RedisError(text.decode("latin-1"))
        if kind == b":":
            return int(text)
        if kind == b"_":
            return None
        if kind == b"#":
            return text == b"t"
        if kind == b",":
            return float(text)
        if kind in b"$=":
            if text == b"-1":
                return None
            value = self.reader.read(int(text) + 2)
            return value[:-2]
        if kind in b"*~>":
            if text == b"-1":
                return None
            values = [self.read() for _ in range(int(text))]
            return Push(values) if kind == b">" else values
        if kind == b"%":
            return {key_of(self.read()): self.read() for _ in range(int(text))}
        raise AssertionError(f"no reply begins like {line!r}")


def key_of(value):
    return tuple(value) if isinstance(value, list) else value


def encode(*words):
    """A command as an array of bulk strings."""
    data = [b"*%d\r\n" % len(words)]
    for word in words:
        if not isinstance(word, bytes):
            word = str(word).encode()
        data.append(b"$%d\r\n%s\r\n" % (len(word), word))
    return b"".join(data)


class RedisScenario(RingScenario):
    """Tenfold with one cache service over real Redis servers."""

    def server(self, *settings):
        server = RedisServer(*settings)
        self.addCleanup(server.stop)
        return server

    def servers(self, count, *settings):
        return [self.server(*settings) for _ in range(count)]

    def redis(self, servers, settings="", **options):
        """Over the servers; keys are kept together by what stands between braces."""
        return self.tenfold(redis_service(servers, settings), **options)

    def client(self, tenfold):
        client = RespClient(tenfold.port)
        self.addCleanup(client.close)
        return client

    def keys_by_server(self, tenfold, servers, name="key"):
        """One key for each server: {0: b"key3", 1: …}."""
        keys = {}
        number = 0
        with RespClient(tenfold.port) as client:
            while len(keys) < len(servers):
                key = f"{name}{number}"
                number += 1
                client.ask("SET", key, "x")
                for index, server in enumerate(servers):
                    if server.ask("EXISTS", key) == 1:
                        keys.setdefault(index, key)
                client.ask("DEL", key)
        return keys


def redis_service(servers, settings=""):
    nodes = ", ".join(f'"{server.address}"' for server in servers)
    return (
        f'[cache.test]\nlisten = "127.0.0.1:{{port}}"\nprotocol = "redis"\nnodes = [{nodes}]\n'
        f'hash_tag = "{{}}"\nhealth = {{ interval = "100ms", fast_interval = "20ms", timeout = "500ms" }}\n{settings}\n'
    )
