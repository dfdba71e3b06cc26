# SPDX-License-Identifier: Apache-2.0
"""What the lab shows under load. Each scenario returns the exit code: 1 when a request failed that must not."""

import json
import os
import signal
import socket
import sys
import time

from members import Members
from ports import free_port
import servers


def setting(name, usual, least):
    """A whole number of the environment."""
    text = os.environ.get(name, str(usual))
    if not text.isascii() or not text.isdigit() or int(text) < least:
        raise SystemExit(f"lab: {name} is a whole number, at least {least}; it is '{text}'")
    return int(text)


DURATION = setting("DURATION", 60, 12)  # a third of it is not all slow start
RATE = setting("RATE", 400, 1)
CONNECTIONS = 32
MEMBERS = 60  # visitors who are logged in, in the scenario `cache`
UPLOAD_STEP_BYTES = 1000  # a slow upload, but above body_min_rate


def say(text):
    print(text, flush=True)


def wait_seconds(seconds):
    """The load goes on; there is nothing to wait for but its time."""
    time.sleep(seconds)


def finish(load):
    """The load generator's report, when it has ended."""
    text, _ = load.communicate(timeout=DURATION + 60)
    return json.loads(text)


def print_report(report):
    latency = report["latency_ms"]
    say(f"requests {report['requests']}   answered {report['answered']}   failures {report['failed']}")
    say(f"latency  p50 {latency['p50']:.1f} ms   p99 {latency['p99']:.1f} ms   max {latency['max']:.1f} ms")
    for kind, count in (report["failures"] or {}).items():
        say(f"failed   {count}  {kind}")


def share(report, server, first, last):
    """The server's part of the answers that named one, in the seconds from first to last."""
    of_server = total = 0
    for second in report["seconds"][first:last]:
        shares = second["shares"] or {}
        of_server += shares.get(server, 0)
        total += sum(shares.values())
    return of_server / total if total else 0.0


def run_verb(cluster, *words):
    say(f"$ {cluster.command(*words)}")
    done = cluster.run(*words)
    say("".join(f"  {line}\n" for line in (done.stdout + done.stderr).splitlines()).rstrip())
    return done.returncode == 0


def add(cluster):
    third = cluster.start_site("site-3")
    load = cluster.load(DURATION, RATE, CONNECTIONS)
    wait_seconds(DURATION / 3)
    added = run_verb(cluster, "add", "web.shop", third.address)
    report = finish(load)
    before, after = share(report, "site-3", 0, DURATION // 3), share(report, "site-3", DURATION * 2 // 3, DURATION)
    print_report(report)
    say(f"share of site-3: {before:.0%} before, {after:.0%} in the last third")
    return 0 if added and report["failed"] == 0 and before == 0 and after > 0.15 else 1


def drain(cluster):
    node = cluster.child("site-2")
    load = cluster.load(DURATION, RATE, CONNECTIONS)
    wait_seconds(DURATION / 3)
    done = run_verb(cluster, "drain", "web.shop", node.address) and run_verb(
        cluster, "remove", "web.shop", node.address
    )
    node.stop()
    report = finish(load)
    print_report(report)
    before, after = share(report, "site-2", 0, DURATION // 3), share(report, "site-2", DURATION * 2 // 3, DURATION)
    say(f"share of site-2: {before:.0%} before, {after:.0%} in the last third")
    return 0 if done and report["failed"] == 0 else 1


def kill(cluster):
    node = cluster.child("site-2")
    load = cluster.load(DURATION, RATE, CONNECTIONS)
    wait_seconds(DURATION / 3)
    # It hangs first, so that requests are under way on it when it is killed.
    node.process.send_signal(signal.SIGSTOP)
    node.wait_until(lambda: outstanding_on(cluster, node.address) >= 4)
    outstanding = outstanding_on(cluster, node.address)
    node.process.kill()
    say(f"killed {node.name} with {outstanding} requests under way on it")
    report = finish(load)
    print_report(report)
    # A request that the node had taken may have run: only those may fail, and each is told so (502). The load has this
    # many connections, and each has one request under way at most.
    say(f"failures allowed: requests in flight on the node, at most {CONNECTIONS}, all 502")
    return 0 if report["failed"] <= CONNECTIONS and set(report["failures"] or {}) <= {"status 502"} else 1


def outstanding_on(cluster, address):
    rows = cluster.service("web.shop")["nodes"]
    return next(row["outstanding"] for row in rows if row["address"] == address)


class Echo:
    """A WebSocket-like upgraded connection and a slow upload, open while the topology changes."""

    def __init__(self, port):
        self.tunnel = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.tunnel.sendall(b"GET /live/echo HTTP/1.1\r\nHost: lab\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.tunnel.recv(1)
        if b" 101 " not in head:
            raise servers.ServerFailed(f"no upgrade: {head!r}")
        self.upload = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.upload.sendall(
            b"POST /live/upload HTTP/1.1\r\nHost: lab\r\nContent-Length: %d\r\n\r\n" % (100 * UPLOAD_STEP_BYTES)
        )

    def step(self):
        """One message through the tunnel and back, and one step of the upload."""
        try:
            self.upload.sendall(b"x" * UPLOAD_STEP_BYTES)
            self.tunnel.sendall(b"ping")
            received = b""
            while len(received) < 4 and (part := self.tunnel.recv(4 - len(received))):
                received += part
            return received == b"ping"
        except OSError:
            return False

    def upload_answer(self):
        try:
            return self.upload.recv(65536)
        except OSError:
            return b""


def service_text(cluster, name, path, node):
    return f'\n[web.{name}]\nlisten = "127.0.0.1:{cluster.port}"\npath = "{path}"\nnodes = ["{node}"]\n'


def reload(cluster):
    port = free_port()
    echo = cluster.start_child(
        "echo", [sys.executable, os.path.join(os.path.dirname(__file__), "echo_server.py"), str(port)]
    )
    echo.wait_until(lambda: servers.accepts(port))
    nodes = [cluster.child("site-1").address, cluster.child("site-2").address]
    live = service_text(cluster, "live", "/live/", f"127.0.0.1:{port}") + "health = { enabled = false }\n"
    cluster.write_topology(nodes, live)
    good = run_verb(cluster, "reload")
    load = cluster.load(DURATION, RATE, CONNECTIONS)
    open_throughout = Echo(cluster.port)
    reloaded = kept = 0
    for i in range(100):
        wait_seconds(max(DURATION - 5, 1) / 100)
        extra = service_text(cluster, "extra", f"/extra-{i}/", nodes[0])
        cluster.write_topology(nodes if i % 2 else nodes[::-1], live + extra)
        reloaded += cluster.run("reload").returncode == 0
        kept += open_throughout.step()
    answer = open_throughout.upload_answer()
    report = finish(load)
    uploaded = answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"%d" % (100 * UPLOAD_STEP_BYTES))
    say(f"reloads {reloaded} of 100; the upgraded connection answered {kept} of 100 times")
    say(f"the slow upload of {100 * UPLOAD_STEP_BYTES} bytes ended {'whole' if uploaded else 'badly'}")
    print_report(report)
    return 0 if good and reloaded == kept == 100 and uploaded and report["failed"] == 0 else 1


def hit_ratio(before, after):
    hits, misses = (after["cache"][key] - before["cache"][key] for key in ("hits", "misses"))
    return hits / max(hits + misses, 1)


def wait_until_steady(cluster, nodes):
    def is_steady():
        ring = cluster.service("cache.site")["ring_state"]
        return ring["phase"] == "steady" and len(ring["nodes"]) == nodes

    cluster.tenfold.wait_until(is_steady)


def cache(cluster):
    members = Members(cluster, MEMBERS)
    load = cluster.load(DURATION, RATE, CONNECTIONS)
    wait_seconds(DURATION / 3)
    at_add = cluster.service("cache.site")
    began = time.monotonic()
    fourth = cluster.start_cache_node("cache-4")
    added = run_verb(cluster, "add", "cache.site", fourth.address)
    wait_until_steady(cluster, len(cluster.cache_nodes) + 1)
    after_add = cluster.service("cache.site")
    say(f"the ring is steady with 4 nodes, {time.monotonic() - began:.1f} s after the fourth was started")
    wait_seconds(DURATION / 3)
    at_kill = cluster.service("cache.site")
    lost_on_add = members.lost
    cluster.child("cache-1").process.kill()
    say("killed cache-1")
    report = finish(load)
    at_end = cluster.service("cache.site")
    members.stop()
    print_report(report)
    say(
        f"hits     {hit_ratio({'cache': dict.fromkeys(('hits', 'misses'), 0)}, at_add):.1%} before, "
        f"{hit_ratio(at_add, after_add):.1%} while the fourth joined, {hit_ratio(after_add, at_kill):.1%} with it, "
        f"{hit_ratio(at_kill, at_end):.1%} after one was killed"
    )
    say(f"members  {members.pages} pages, {members.failed} failed")
    say(
        f"log-ins  {lost_on_add} of {MEMBERS} lost on add, {members.lost - lost_on_add} by the kill (its sessions died)"
    )
    good = added and report["failed"] == members.failed == lost_on_add == 0
    return 0 if good and members.pages > DURATION else 1


ALL = {"add": add, "drain": drain, "kill": kill, "reload": reload, "cache": cache}
