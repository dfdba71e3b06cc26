# SPDX-License-Identifier: Apache-2.0
"""What the whole-program scenarios share: a Tenfold process, nodes that do what they are told, and raw clients.

Every server is a child or a thread of the test, on loopback with a port of its own, in a temporary folder, and is
stopped by the test. Nothing here sleeps: wait_until() polls a condition up to a deadline.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))

from ports import free_port  # noqa: E402

TENFOLD = os.environ.get("TENFOLD", "build/dev/tenfold")
IO = os.environ.get("TENFOLD_IO", "auto")
DEADLINE_SECONDS = 20.0


def wait_until(condition, what, deadline_seconds=DEADLINE_SECONDS):
    """Returns the condition's first true value."""
    deadline = time.monotonic() + deadline_seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {deadline_seconds} s")
        threading.Event().wait(0.01)


class ScriptedServer:
    """A server that does what a test says: `serve(connection, reader)` is the life of one connection, in a thread of
    its own. The connection is closed behind it."""

    def __init__(self, listen="127.0.0.1", port=0):
        self.connections = 0
        self.open_sockets = set()
        is_ipv6 = ":" in listen
        family = socket.AF_INET6 if is_ipv6 else socket.AF_INET
        self.listener = socket.create_server((listen, port), family=family, backlog=256)
        self.port = self.listener.getsockname()[1]
        self.address = f"[{listen}]:{self.port}" if is_ipv6 else f"{listen}:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.open_sockets.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def serve(self, connection, reader):
        raise NotImplementedError

    def _serve(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = connection.makefile("rb")
        try:
            self.serve(connection, reader)
        except (OSError, ValueError):
            pass  # the connection ended, perhaps within a request
        finally:
            self.open_sockets.discard(connection)
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            reader.close()
            connection.close()

    def close_connections(self):
        for connection in list(self.open_sockets):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.close_connections()


class Node(ScriptedServer):
    """An HTTP/1.1 server: `answer(request)` returns the raw bytes of the response, or None to close.

    Requests are recorded in the order in which they came. Tenfold's health probes are counted, answered by
    `answer_probe`, and not recorded.
    """

    def __init__(self, answer=None, listen="127.0.0.1", port=0):
        self.answer = answer or (lambda request: response(200, b"hello"))
        self.answer_probe = lambda request: response(200, b"well")
        self.probes = 0
        self.requests = []
        super().__init__(listen, port)

    def serve(self, connection, reader):
        while request := Request.read(reader, connection):
            if request.field("User-Agent") == "tenfold-health":
                self.probes += 1
                reply = self.answer_probe(request)
            else:
                self.requests.append(request)
                reply = self.answer(request)
            if reply is None:
                return
            connection.sendall(reply)


class Request:
    """A request as a node saw it. The body is read whole unless `Expect` or `Upgrade` asks the test to do it."""

    def __init__(self, line, fields, connection, reader):
        self.line = line
        self.method, self.target, self.version = line.split(" ")
        self.fields = fields
        self.connection = connection
        self.reader = reader
        self.body = b""
        self.trailers = []

    def field(self, name):
        """The values of a field, joined as RFC 9110 says; None when there is none."""
        values = [value for key, value in self.fields if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    @staticmethod
    def read(reader, connection):
        line = reader.readline()
        if not line:
            return None
        fields = []
        while text := reader.readline().decode("latin-1").rstrip("\r\n"):
            name, value = text.split(":", 1)
            fields.append((name, value.strip()))
        request = Request(line.decode("latin-1").rstrip("\r\n"), fields, connection, reader)
        if not request.field("Expect") and not request.field("Upgrade"):
            request.body = request.read_body()
        return request

    def read_body(self):
        if self.field("Transfer-Encoding"):
            return read_chunked(self.reader, self.trailers)
        return self.reader.read(int(self.field("Content-Length") or 0))


def read_chunked(reader, trailers=None):
    """The content of a chunked body; the lines of its trailer section are added to `trailers`."""
    trailers = [] if trailers is None else trailers
    body = b""
    while size := int(reader.readline().split(b";")[0], 16):
        body += reader.read(size)
        reader.readline()
    while (line := reader.readline()) not in (b"\r\n", b""):
        trailers.append(line)
    return body


def response(status, body=b"", fields=(), reason="OK"):
    head = [f"HTTP/1.1 {status} {reason}", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


class Reply:
    """A response as a client saw it."""

    def __init__(self, status, fields, body):
        self.status = status
        self.fields = fields
        self.body = body

    def field(self, name):
        values = [value for key, value in self.fields if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    def json(self):
        return json.loads(self.body)


class Connection:
    """A raw connection, to a port of this machine or to the path of a Unix socket. It sends exactly what it is given;
    what comes back is read from `reader`."""

    def __init__(self, to, timeout=DEADLINE_SECONDS):
        is_path = isinstance(to, str)
        self.socket = socket.socket(socket.AF_UNIX if is_path else socket.AF_INET)
        self.socket.settimeout(timeout)
        try:
            self.socket.connect(to if is_path else ("127.0.0.1", to))
        except OSError:
            self.socket.close()
            raise
        self.reader = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        """Bytes, or text whose characters are bytes."""
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def at_end(self):
        """True when the server has closed, and nothing more comes."""
        try:
            return self.reader.read(1) == b""
        except ConnectionResetError:
            return True

    def close(self):
        self.reader.close()
        self.socket.close()


class Client(Connection):
    """Reads whole responses of HTTP."""

    def read_head(self):
        line = self.reader.readline().decode("latin-1")
        if not line:
            raise EOFError("the connection ended before a response")
        status = int(line.split(" ")[1])
        fields = []
        while text := self.reader.readline().decode("latin-1").rstrip("\r\n"):
            name, value = text.split(":", 1)
            fields.append((name, value.strip()))
        return Reply(status, fields, b"")

    def read(self, head_request=False):
        """The next final response; interim ones are kept in `interim`."""
        self.interim = []
        reply = self.read_head()
        while 100 <= reply.status < 200 and reply.status != 101:
            self.interim.append(reply)
            reply = self.read_head()
        if head_request or reply.status in (101, 204, 304):
            return reply
        if reply.field("Transfer-Encoding"):
            reply.body = read_chunked(self.reader)
        elif reply.field("Content-Length") is not None:
            length = int(reply.field("Content-Length"))
            reply.body = self.reader.read(length)
            if len(reply.body) < length:
                raise EOFError("the body was cut short")
        else:
            reply.body = self.reader.read()
        return reply

    def get(self, target="/", fields=(), host="test"):
        self.send(request_bytes("GET", target, fields, host=host))
        return self.read()


def request_bytes(method, target="/", fields=(), body=b"", host="test"):
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *fields]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


class Tenfold:
    """`tenfold run` with a topology of the test's own. `{port}` in the text is the port that clients use,
    `{folder}` that of its files."""

    def __init__(self, topology, run="workers = 1", ready=True, prefix=(), pass_fds=()):
        """`prefix` is a command that runs it, such as prlimit; `pass_fds` are descriptors that stay open in it."""
        self.folder = tempfile.mkdtemp(prefix="tenfold-test-")
        self.port = free_port()
        self.file = os.path.join(self.folder, "tenfold.toml")
        self.admin = os.path.join(self.folder, "admin.sock")
        self.access_log = os.path.join(self.folder, "access.log")
        self.run_settings = run
        self.write(topology)
        self.log_path = os.path.join(self.folder, "tenfold.log")
        self.prefix = prefix
        self.start(pass_fds, ready)

    def start(self, pass_fds=(), ready=True):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, TENFOLD, "run", "-c", self.file],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=pass_fds,
            )
        if ready:
            wait_until(self.is_ready, f"tenfold is ready\n{self.log()}")

    def kill(self):
        """Ends it as a crash does."""
        self.process.kill()
        self.process.wait()

    def write(self, topology):
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(f'[run]\n{self.run_settings}\nio = "{IO}"\naccess_log = "{self.access_log}"\n')
            file.write(f'[admin]\nlisten = "unix:{self.admin}"\n')
            file.write(topology.replace("{port}", str(self.port)).replace("{folder}", self.folder))

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"tenfold ended with {self.process.returncode}:\n{self.log()}")
        try:
            return self.admin_request("GET", "/readyz").status == 200
        except OSError:
            return False

    def admin_request(self, method, target, fields=(), body=b""):
        with Client(self.admin) as client:
            client.send(request_bytes(method, target, ["Connection: close", *fields], body, host="localhost"))
            return client.read()

    def cli(self, *arguments):
        """Runs a verb against this process: (exit code, stdout, stderr)."""
        done = subprocess.run(
            [TENFOLD, *arguments, "-c", self.file], capture_output=True, text=True, timeout=60, check=False
        )
        return done.returncode, done.stdout, done.stderr

    def client(self):
        return Client(self.port)

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as log:
                return log.read()
        except OSError:
            return ""

    def access_entries(self):
        """The access log so far; it is handed on about once a second."""
        try:
            with open(self.access_log, encoding="utf-8") as log:
                return [json.loads(line) for line in log if line.endswith("\n")]
        except OSError:
            return []

    def successors(self):
        """The processes that upgrades have started, in their order."""
        return [int(number) for number in re.findall(r' upgrading .*process="?(\d+)', self.log())]

    def end_successors(self):
        for process_id in self.successors():
            if is_alive(process_id):
                os.kill(process_id, signal.SIGKILL)
            wait_until(lambda: not is_alive(process_id), "the successor ends")  # pylint: disable=cell-var-from-loop

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(timeout=DEADLINE_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        text = self.log()
        shutil.rmtree(self.folder, ignore_errors=True)
        if "Sanitizer" in text or "assertion failed" in text:
            raise AssertionError(f"tenfold ended badly:\n{both_ends(text)}")


def is_alive(process_id):
    """False for one that has ended, and is only not waited for yet."""
    try:
        with open(f"/proc/{process_id}/stat", encoding="utf-8") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def both_ends(text, most=12_000):
    """A long text without its middle: what went wrong first, and how it ended."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}\n[… {len(text) - 2 * half} characters are left out …]\n{text[-half:]}"


class Scenario(unittest.TestCase):
    """A test case with servers that are stopped at its end, whatever happens."""

    def node(self, answer=None):
        node = Node(answer)
        self.addCleanup(node.close)
        return node

    def tenfold(self, topology, **options):
        tenfold = Tenfold(topology, **options)
        self.addCleanup(tenfold.stop)
        return tenfold

    def web(self, nodes, settings="", **options):
        """Tenfold with one web service over the nodes."""
        addresses = ", ".join(f'"{node.address}"' for node in nodes)
        return self.tenfold(
            f'[web.test]\nlisten = "127.0.0.1:{{port}}"\nnodes = [{addresses}]\n{settings}\n', **options
        )

    def client(self, tenfold):
        client = tenfold.client()
        self.addCleanup(client.close)
        return client
