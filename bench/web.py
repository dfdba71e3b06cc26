# SPDX-License-Identifier: Apache-2.0
"""The web part: CPU per request of Tenfold, HAProxy, nginx and a bare relay, driven by wrk."""

import os
import re
import socket
import statistics
import subprocess

from measure import (
    LOAD_PROCESSOR,
    PROXY_PROCESSOR,
    Bench,
    at_least_one,
    cpu_seconds,
    in_turn,
    paired_ratio,
    print_idle_memory,
)
from ports import free_port
import web_proxies

WORKS = [(64, 64), (64, 256), (64, 1024), (16384, 64)]  # body bytes, connections
PEERS = ("haproxy", "nginx")
PEERS_SAME = ("haproxy, same on", "nginx, same on")  # with access log, forwarded fields and checks, as Tenfold


def add_arguments(parser):
    parser.add_argument("--only", help="one of the works: BODY_BYTES:CONNECTIONS, as 64:256")
    parser.add_argument("--rounds", type=at_least_one, default=15)
    parser.add_argument("--seconds", type=at_least_one, default=1, help="of load in each measurement")
    parser.add_argument("--idle", type=at_least_one, default=4000, help="idle connections to measure memory with")


def chosen_works(only):
    if not only:
        return WORKS
    chosen = [work for work in WORKS if f"{work[0]}:{work[1]}" == only]
    if not chosen:
        raise SystemExit("bench: no such work; there are " + ", ".join(f"{body}:{count}" for body, count in WORKS))
    return chosen


def load(port, connections, seconds):
    """Requests answered by wrk's account; anything but 2xx, or a socket error, ends the benchmark."""
    command = [
        "taskset",
        "-c",
        str(LOAD_PROCESSOR),
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds}s",
        f"http://127.0.0.1:{port}/",
    ]
    text = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 30).stdout
    if re.search(r"Non-2xx|Socket errors", text):
        raise SystemExit(f"bench: port {port} gave errors:\n{text}")
    return int(re.search(r"(\d+) requests in", text).group(1))


def measure(proxy, connections, seconds):
    """Microseconds of CPU for one request."""
    before = cpu_seconds(proxy.pid)
    requests = load(proxy.port, connections, seconds)
    return (cpu_seconds(proxy.pid) - before) / requests * 1e6


def print_work(body_bytes, connections, times):
    medians = {name: statistics.median(values) for name, values in times.items()}
    bare, same = (times[min(peers, key=medians.get)] for peers in (PEERS, PEERS_SAME))
    print(f"\nHTTP/1.1 keep-alive, {body_bytes} B bodies, {connections} connections")
    columns = ("µs CPU/request", "of best peer", "with same on", "of relay", "lowest", "highest")
    print(f"  {'':18}" + "".join(f"{column:>15}" for column in columns))
    for name, median in medians.items():
        ratios = [paired_ratio(times[name], other) for other in (bare, same, times["relay"])]
        values = (median, *ratios, min(times[name]), max(times[name]))
        print(f"  {name:18}" + "".join(f"{value:15.2f}" for value in values), flush=True)


def measure_work(body_bytes, connections, options):
    with Bench() as bench:
        ports = [free_port() for _ in range(10)]
        nodes = [ports.pop(), ports.pop()]
        for node in nodes:
            bench.start(LOAD_PROCESSOR, node, [os.path.join(options.build, "bench_origin"), node, body_bytes])
        running = web_proxies.start_all(bench, options.build, ports, nodes, PROXY_PROCESSOR)
        times = {proxy.name: [] for proxy in running}
        for proxy in running:
            load(proxy.port, connections, 1)  # fills pools and caches; not counted
        for proxy in in_turn(running, options.rounds):
            times[proxy.name].append(measure(proxy, connections, options.seconds))
        print_work(body_bytes, connections, times)
        if (body_bytes, connections) == WORKS[-1]:
            proxies = [proxy for proxy in running if proxy.name != "relay"]
            print_idle_memory("idle keep-alive connection", proxies, options.idle, idle_connection)


def idle_connection(port):
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n")
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, body = received.split(b"\r\n\r\n", 1)
    left = int(re.search(rb"(?i)content-length: *(\d+)", head).group(1)) - len(body)
    while left > 0:
        left -= len(connection.recv(65536))
    return connection


def run(options):
    print(f"Web: {options.rounds} rounds of {options.seconds} s, medians; ratios within a round, medians")
    for body_bytes, connections in chosen_works(options.only):
        measure_work(body_bytes, connections, options)
