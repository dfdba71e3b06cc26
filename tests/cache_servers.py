# SPDX-License-Identifier: Apache-2.0
"""Real memcached and Redis servers as private child processes on loopback, and a client that speaks their text."""

import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import urllib.parse

from harness import Connection, Scenario, free_port, wait_until


class Server:
    """A cache server that can be killed, stopped for a while, and started anew at the same port."""

    def __init__(self):
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.folder = tempfile.mkdtemp(prefix="tenfold-cache-")
        self.process = None
        self.start()

    def command(self):
        raise NotImplementedError

    def ask(self):
        """A question whose answer shows that it serves."""
        raise NotImplementedError

    def start(self):
        with open(os.path.join(self.folder, "server.log"), "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self.answers, f"{self.address} answers")

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.address} ended with {self.process.returncode}")
        try:
            return self.ask()
        except OSError:
            return None

    def client(self):
        return CacheClient(self.port)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def pause(self):
        """It keeps its connections and what it holds, and answers nothing until it goes on."""
        self.process.send_signal(signal.SIGSTOP)
        wait_until(self._has_stopped, f"{self.address} has stopped")

    def _has_stopped(self):
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            with open(f"/proc/{self.process.pid}/task/{task}/stat", encoding="utf-8") as file:
                if file.read().rpartition(")")[2].split()[0] != "T":
                    return False
        return True

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        if self.process.poll() is None:
            self.go_on()
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Memcached(Server):
    def command(self):
        return ["memcached", "-u", "nobody", "-l", "127.0.0.1", "-p", str(self.port), "-U", "0", "-t", "1", "-m", "64"]

    def ask(self):
        with self.client() as client:
            return client.line("version").startswith("VERSION")

    def keys(self):
        """The keys of all items that it holds."""
        with self.client() as client:
            client.send(b"lru_crawler metadump hash\r\n")
            keys = set()
            while (line := client.reader.readline().decode().rstrip()) != "END":
                keys.add(urllib.parse.unquote(line.split(" ")[0].removeprefix("key=")))
            return keys


class StillMemcached(Memcached):
    """To compare replies with: no thread looks at its items, for a number that a thread looks at does not stay in its
    place when it changes, and tells so by its size."""

    def command(self):
        return [*super().command(), "-o", "no_lru_maintainer,no_lru_crawler"]


class Redis(Server):
    def command(self):
        return [
            "redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
            "--dir", self.folder, "--enable-debug-command", "yes",
        ]  # fmt: skip

    def ask(self):
        with self.client() as client:
            return client.redis("PING") == "PONG"

    def keys(self):
        with self.client() as client:
            return set(client.redis("KEYS", "*"))


class Relay:
    """A network between Tenfold and one server. hold() keeps what the connections of that moment carry from arriving,
    as a bad line does; later ones pass. let_go() delivers what was not taken back meanwhile."""

    def __init__(self, server):
        self.server = server
        self.listener = socket.create_server(("127.0.0.1", 0))
        # Little has arrived, then: the rest is still with the sender, who may take it back.
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.gates = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                node = socket.create_connection(("127.0.0.1", self.server.port))
            except OSError:
                client.close()
                continue
            gate = threading.Event()
            gate.set()
            self.gates.append(gate)
            threading.Thread(target=self._pump, args=(client, node, gate), daemon=True).start()
            threading.Thread(target=self._pump, args=(node, client, gate), daemon=True).start()

    @staticmethod
    def _pump(source, sink, gate):
        try:
            while select.select([source], [], []) and gate.wait() and (data := source.recv(65536)):
                sink.sendall(data)
        except OSError:
            pass  # reset: what it carried is lost
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def hold(self):
        for gate in self.gates:
            gate.clear()

    def let_go(self):
        for gate in self.gates:
            gate.set()

    def stop(self):
        self.listener.close()
        self.let_go()


class CacheClient(Connection):
    """Reads replies of either protocol."""

    def read_line(self):
        line = self.reader.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError("the connection ended within a line")
        return line[:-2].decode("latin-1")

    def line(self, text):
        """Sends a line; returns the first line of the reply."""
        self.send(text.encode("latin-1") + b"\r\n")
        return self.read_line()

    # -- memcached -----------------------------------------------------------------------------------------------

    def set(self, key, value, expiry=0, flags=0, verb="set"):
        data = value if isinstance(value, bytes) else value.encode()
        self.send(f"{verb} {key} {flags} {expiry} {len(data)}\r\n".encode() + data + b"\r\n")
        return self.read_line()

    def get(self, key):
        """The value; None for a miss; an error is raised."""
        return self.get_many([key]).get(key)

    def get_many(self, keys):
        self.send(f"get {' '.join(keys)}\r\n".encode())
        values = {}
        while (line := self.read_line()) != "END":
            word, key, _, size = line.split(" ")[:4]
            if word != "VALUE":
                raise AssertionError(line)
            values[key] = self.reader.read(int(size)).decode("latin-1")
            self.reader.read(2)
        return values

    def meta(self, text, value=None):
        """Sends a meta command: (first line, value)."""
        self.send(text.encode() + b"\r\n" + (value.encode() + b"\r\n" if value is not None else b""))
        line = self.read_line()
        if not line.startswith("VA "):
            return line, None
        data = self.reader.read(int(line.split(" ")[1]))
        self.reader.read(2)
        return line, data.decode("latin-1")

    def stats(self):
        self.send(b"stats\r\n")
        rows = {}
        while (line := self.read_line()) != "END":
            _, name, value = line.split(" ", 2)
            rows[name] = value
        return rows

    # -- Redis ---------------------------------------------------------------------------------------------------

    def redis(self, *words):
        """A command and its reply; an error reply is raised."""
        self.send(redis_request(*words))
        return self.read_redis()

    def read_redis(self):
        line = self.read_line()
        kind, text = line[0], line[1:]
        if kind == "-":
            raise RedisError(text)
        if kind == "+":
            return text
        if kind == ":":
            return int(text)
        if kind == "$":
            if int(text) < 0:
                return None
            data = self.reader.read(int(text))
            self.reader.read(2)
            return data.decode("latin-1")
        if kind == "_":
            return None
        if kind == "%":
            return [self.read_redis() for _ in range(2 * int(text))]
        if kind in "*>":
            return [self.read_redis() for _ in range(int(text))]
        raise AssertionError(f"an unknown kind of reply: {line}")


class RedisError(Exception):
    pass


def redis_request(*words):
    request = f"*{len(words)}\r\n".encode()
    for word in words:
        data = word if isinstance(word, bytes) else str(word).encode("latin-1")
        request += b"$%d\r\n%s\r\n" % (len(data), data)
    return request


QUICK_HEALTH = 'health = { interval = "100ms", timeout = "1s", rise = 1, fall = 2 }'


class RingScenario(Scenario):
    """What a service of caches says of itself."""

    def service(self, tenfold, name="cache.test"):
        """The service's row of the status."""
        return tenfold.admin_request("GET", f"/v1/services/{name}").json()

    def wait_for_ring(self, tenfold, nodes, name="cache.test"):
        """Until the ring is steady with exactly these nodes."""
        wanted = sorted(node.address for node in nodes)

        def is_steady():
            ring = self.service(tenfold, name)["ring_state"]
            return ring["phase"] == "steady" and sorted(ring["nodes"]) == wanted

        wait_until(is_steady, f"the ring is steady with {wanted}")


class CacheScenario(RingScenario):
    """A test case with a cache service over real servers."""

    def memcached(self, count=1):
        return self.servers(Memcached, count)

    def still_memcached(self):
        return self.servers(StillMemcached, 1)[0]

    def redis(self, count=1):
        return self.servers(Redis, count)

    def servers(self, kind, count):
        servers = []
        for _ in range(count):
            servers.append(kind())
            self.addCleanup(servers[-1].stop)
        return servers

    def cache(self, nodes, settings="", health=QUICK_HEALTH, **options):
        """Tenfold with one cache service, cache.test, over the nodes."""
        protocol = "redis" if nodes and isinstance(nodes[0], Redis) else "memcached"
        addresses = ", ".join(f'"{node.address}"' for node in nodes)
        return self.tenfold(
            f'[cache.test]\nlisten = "127.0.0.1:{{port}}"\nprotocol = "{protocol}"\nnodes = [{addresses}]\n'
            f"{health}\n{settings}\n",
            **options,
        )

    def cache_client(self, tenfold):
        client = CacheClient(tenfold.port)
        self.addCleanup(client.close)
        return client
