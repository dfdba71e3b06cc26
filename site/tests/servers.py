# SPDX-License-Identifier: Apache-2.0
"""Starts private servers for tests and the lab, each a child process with its files in a folder of its own.

Each start_* function waits until the server answers, and raises ServerFailed with the end of its log if it does not
within DEADLINE_S; when it is interrupted, it takes the server with it. A Server is stopped by its process id;
stop_all() stops in the reverse order of starting. Ports are free ones on the loopback interface.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.request

from ports import free_port

DEADLINE_S = 60
STOP_S = 15
POLL_S = 0.02


class ServerFailed(Exception):
    """A server ended or stayed silent; the text says which, and ends with its log."""


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def uninterrupted():
    """A signal that comes within the block is handled behind it: a child that was started is known by then."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came = []
    handlers = {number: signal.signal(number, lambda number, _: came.append(number)) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number in came:
            signal.raise_signal(number)


class Server:
    """A child process. `address` is what clients connect to."""

    started = []  # all that this program has started, whether anybody has got them or was interrupted just then

    def __init__(self, name, command, folder, environment=None):
        self.name = name
        self.address = None
        self.log_path = pathlib.Path(folder) / f"{name}.log"
        with open(self.log_path, "wb") as log, uninterrupted():
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **(environment or {})}
            )
            Server.started.append(self)

    def log(self):
        return self.log_path.read_text(errors="replace")

    def wait_until(self, is_ready):
        """Calls is_ready until it returns something true, and returns that."""
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise ServerFailed(f"{self.name} ended with {self.process.returncode}:\n{self.log()[-2000:]}")
            ready = is_ready()
            if ready:
                return ready
            time.sleep(POLL_S)
        raise ServerFailed(f"{self.name} is not ready after {DEADLINE_S} s:\n{self.log()[-2000:]}")

    def stop(self, signal_number=signal.SIGTERM):
        """Asks the process to end, insists after STOP_S, and returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait()


def stop_all(servers):
    for server in reversed(servers):
        server.stop()


def accepts(port):
    """Whether someone listens on this port of the loopback interface."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def program(name):
    """The path of an installed program; Debian keeps servers where users' PATH may not lead."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if not found:
        raise ServerFailed(f"{name} is not installed")
    return found


def _run_family(command):
    """Runs a program that starts others, to its end; none of them is left when it is interrupted."""
    child = None
    try:
        with uninterrupted():
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        said, _ = child.communicate(timeout=DEADLINE_S)
    except BaseException:
        if child is not None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        raise
    if child.returncode != 0:
        raise ServerFailed(f"{command[0]} ended with {child.returncode}:\n{said.decode(errors='replace')[-2000:]}")


def run_sql(socket_path, sql):
    """Runs statements as root through the Unix socket, and returns what they print, without column names."""
    command = [
        program("mariadb"),
        "--no-defaults",
        f"--socket={socket_path}",
        "--user=root",
        "--skip-column-names",
        "--batch",
        f"--execute={sql}",
    ]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=DEADLINE_S).stdout


def start_mariadb(folder, name="mariadb", extra=()):
    """A MariaDB with an empty database `site` and the account site/site. Has .socket, .port and .address."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / f"{name}.data"
    # A MariaDB that starts removes what looks like another one's temporary tables.
    temporary = folder / f"{name}.tmp"
    temporary.mkdir(exist_ok=True)
    user = [f"--user={'root' if os.getuid() == 0 else os.environ.get('USER', str(os.getuid()))}"]
    _run_family(
        [
            program("mariadb-install-db"),
            "--no-defaults",
            f"--datadir={data}",
            "--skip-test-db",
            "--auth-root-authentication-method=normal",
            f"--tmpdir={temporary}",
            *user,
        ]
    )
    socket_path = folder / f"{name}.sock"

    port = free_port()
    server = Server(
        name,
        [
            program("mariadbd"),
            "--no-defaults",
            f"--datadir={data}",
            f"--tmpdir={temporary}",
            f"--socket={socket_path}",
            f"--port={port}",
            "--bind-address=127.0.0.1",
            f"--pid-file={folder / name}.pid",
            "--innodb-buffer-pool-size=64M",
            "--innodb-flush-log-at-trx-commit=2",
            "--max-connections=500",
            "--skip-name-resolve",
            *user,
            *extra,
        ],
        folder,
    )
    server.socket = str(socket_path)
    server.port = port
    server.address = f"127.0.0.1:{port}"
    try:
        server.wait_until(lambda: "ready for connections" in server.log() and socket_path.exists())
        run_sql(
            server.socket,
            "CREATE DATABASE IF NOT EXISTS site CHARACTER SET utf8mb4;"
            "CREATE USER IF NOT EXISTS site@'%' IDENTIFIED BY 'site';"
            "CREATE USER IF NOT EXISTS site@localhost IDENTIFIED BY 'site';"
            "GRANT ALL ON site.* TO site@'%'; GRANT ALL ON site.* TO site@localhost;",
        )
    except BaseException:
        server.stop()
        raise
    return server


def start_memcached(folder, name="memcached", megabytes=64):
    """A memcached on a free port. Has .port and .address."""
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    user = ["-u", "root"] if os.getuid() == 0 else []

    port = free_port()
    server = Server(
        name,
        [program("memcached"), "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-m", str(megabytes), *user],
        folder,
    )
    try:
        server.wait_until(lambda: accepts(port))
    except BaseException:
        server.stop()
        raise
    server.port = port
    server.address = f"127.0.0.1:{port}"
    return server


def site_arguments(database, memcached, pictures):
    """The options of `site` that all its nodes and its set-up share, and the environment they need."""
    arguments = [
        "--db",
        f"{database},site,SITE_DB_PASSWORD,site",
        "--memcached",
        memcached,
        "--pictures",
        str(pictures),
    ]
    return arguments, {"SITE_DB_PASSWORD": "site"}


def prepare_site(binary, folder, database, memcached, pictures, products=3000):
    """Creates the tables and fills them."""
    arguments, environment = site_arguments(database, memcached, pictures)
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    server = Server("prepare", [str(binary), "--migrate", "--seed", str(products), *arguments], folder, environment)
    try:
        code = server.process.wait(DEADLINE_S)
    except BaseException:
        server.stop()
        raise
    if code != 0:
        raise ServerFailed(f"preparing the site ended with {code}:\n{server.log()[-2000:]}")


def start_site(
    binary, folder, name, database, memcached, pictures, modules="shop,forum,seller", listen="127.0.0.1:0", extra=()
):
    """A node of the site. `database` and `memcached` are addresses. Has .port, .address and .url."""
    arguments, environment = site_arguments(database, memcached, pictures)
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    server = Server(
        name,
        [
            str(binary),
            "--listen",
            listen,
            "--modules",
            modules,
            "--name",
            name,
            "--static",
            str(pictures),
            *arguments,
            *extra,
        ],
        folder,
        environment,
    )

    def port_from_log():
        for line in server.log().splitlines():
            if line.startswith(f"{name}: listening: "):
                return int(line.rsplit(":", 1)[1])
        return None

    def is_healthy():
        try:
            with urllib.request.urlopen(f"{server.url}/healthz", timeout=5) as reply:
                return reply.status == 200
        except OSError:
            return False

    try:
        server.port = server.wait_until(port_from_log)
        server.address = f"127.0.0.1:{server.port}"
        server.url = f"http://{server.address}"
        server.wait_until(is_healthy)
    except BaseException:
        server.stop()
        raise
    return server
