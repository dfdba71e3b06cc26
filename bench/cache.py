# SPDX-License-Identifier: Apache-2.0
"""The cache part: CPU per command of Tenfold, nutcracker (twemproxy) and a bare relay, and memory of idle clients.

The load is cache_load, which sends its commands as redis-benchmark does: each connection waits for the replies to all
it has sent. What clients saw stands beside the CPU: the commands of a second, and the median time of a round trip.
"""

import collections
import json
import os
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

KEYS = 100_000
CONNECTIONS = 64
LOAD_SECONDS_MOST = 120

Work = collections.namedtuple("Work", "name protocol nodes command pipeline keys_per_get commands")
WORKS = [
    Work("memcached-get", "memcached", 2, "get", 1, 1, 150_000),
    Work("memcached-set", "memcached", 2, "set", 1, 1, 150_000),
    Work("memcached-get-16", "memcached", 2, "get", 16, 1, 1_000_000),
    Work("memcached-set-16", "memcached", 2, "set", 16, 1, 1_500_000),
    Work("memcached-multi-get", "memcached", 4, "get", 1, 100, 30_000),
    Work("redis-get", "redis", 2, "get", 1, 1, 150_000),
    Work("redis-set", "redis", 2, "set", 1, 1, 150_000),
    Work("redis-get-16", "redis", 2, "get", 16, 1, 1_500_000),
    Work("redis-set-16", "redis", 2, "set", 16, 1, 1_500_000),
    Work("redis-mget", "redis", 4, "get", 1, 100, 30_000),
]
Measured = collections.namedtuple("Measured", "cpu_us rate median_us")
Proxy = collections.namedtuple("Proxy", "name port pid")

TWEMPROXY = """
bench:
  listen: 127.0.0.1:{port}
  hash: fnv1a_64
  distribution: ketama
  redis: {redis}
  servers:
{servers}
"""

TENFOLD = """
[run]
workers = 1
io = "{io}"

[admin]
listen = "unix:{folder}/admin-{io}.sock"

[cache.bench]
listen = "127.0.0.1:{port}"
protocol = "{protocol}"
nodes = [{nodes}]
"""


def add_arguments(parser):
    names = [*(work.name for work in WORKS), "idle"]
    parser.add_argument("--only", choices=names, metavar="WORK", help="one of the works: " + ", ".join(names))
    parser.add_argument("--rounds", type=at_least_one, default=5)
    parser.add_argument("--idle", type=at_least_one, default=4000, help="idle connections to measure memory with")


def run(options):
    rounds = f"{options.rounds} rounds, medians; ratios within a round, medians"
    print(f"\nCaches: {CONNECTIONS} connections, values of 100 bytes, {KEYS} keys; {rounds}")
    if options.only in (None, "idle"):
        with Bench() as bench:
            running = start_proxies(bench, options.build, "memcached", start_nodes(bench, "memcached", 2))
            proxies = [proxy for proxy in running if proxy.name != "relay"]
            print_idle_memory("idle client", proxies, options.idle, idle_connection)
    for protocol, nodes in (("memcached", 2), ("memcached", 4), ("redis", 2), ("redis", 4)):
        works = [work for work in WORKS if (work.protocol, work.nodes) == (protocol, nodes)]
        works = [work for work in works if options.only in (None, work.name)]
        if not works:
            continue
        with Bench() as bench:
            running = start_proxies(bench, options.build, protocol, start_nodes(bench, protocol, nodes))
            for proxy in running:
                load(options.build, proxy, protocol, "fill")
            for work in works:
                measure_work(options, running, work)


# -- What runs ---------------------------------------------------------------------------------------------------------


def start_nodes(bench, protocol, count):
    ports = [free_port() for _ in range(count)]
    for port in ports:
        bench.start(LOAD_PROCESSOR, port, node_command(protocol, port))
    return ports


def node_command(protocol, port):
    if protocol == "redis":
        return ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    command = ["memcached", "-l", "127.0.0.1", "-p", port, "-U", "0", "-t", "1", "-c", "4096"]
    return [*command, "-u", "nobody"] if os.geteuid() == 0 else command


def start_twemproxy(bench, protocol, port, nodes):
    servers = "\n".join(f"   - 127.0.0.1:{node}:1" for node in nodes)
    text = TWEMPROXY.format(port=port, redis="true" if protocol == "redis" else "false", servers=servers)
    path = bench.write(f"nutcracker-{port}.yml", text)
    stats_port = free_port()
    return bench.start(PROXY_PROCESSOR, port, ["nutcracker", "-c", path, "-s", stats_port, "-m", "16384"])


def start_proxies(bench, build, protocol, nodes):
    ports = [free_port() for _ in range(4)]
    proxies = [Proxy("twemproxy", ports[0], start_twemproxy(bench, protocol, ports[0], nodes).pid)]
    relay = bench.start(PROXY_PROCESSOR, ports[1], [os.path.join(build, "bench_relay"), ports[1], nodes[0]])
    proxies.append(Proxy("relay", ports[1], relay.pid))
    for io, port in zip(("epoll", "uring"), ports[2:]):
        listed = ", ".join(f'"127.0.0.1:{node}"' for node in nodes)
        text = TENFOLD.format(io=io, folder=bench.folder, port=port, protocol=protocol, nodes=listed)
        command = [os.path.join(build, "tenfold"), "run", "-c", bench.write(f"tenfold-{io}.toml", text)]
        proxies.append(Proxy(f"tenfold {io}", port, bench.start(PROXY_PROCESSOR, port, command).pid))
    return proxies


# -- CPU ---------------------------------------------------------------------------------------------------------------


def load(build, proxy, protocol, mode, **options):
    """Runs cache_load against a proxy; what it counted. Any failure ends the benchmark."""
    command = ["taskset", "-c", LOAD_PROCESSOR, os.path.join(build, "cache_load"), mode]
    command += ["--target", f"127.0.0.1:{proxy.port}", "--protocol", protocol, "--keys", KEYS]
    for name, value in options.items():
        command += ["--" + name.replace("_", "-"), value]
    ended = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=LOAD_SECONDS_MOST)
    if ended.returncode != 0:
        raise SystemExit(f"bench: {proxy.name}, {protocol} {mode}: {ended.stdout[-1000:]}{ended.stderr[-1000:]}")
    return json.loads(ended.stdout.splitlines()[-1])


def measure(build, proxy, work):
    before = cpu_seconds(proxy.pid)
    counted = load(
        build,
        proxy,
        work.protocol,
        work.command,
        connections=CONNECTIONS,
        pipeline=work.pipeline,
        keys_per_get=work.keys_per_get,
        commands=work.commands,
    )
    cpu_us = (cpu_seconds(proxy.pid) - before) / counted["commands"] * 1e6
    return Measured(cpu_us, counted["commands"] / counted["seconds"], counted["p50_us"])


def measure_work(options, running, work):
    # A relay has one node: it cannot share the keys of one command out.
    proxies = [proxy for proxy in running if work.keys_per_get == 1 or proxy.name != "relay"]
    rounds = {proxy.name: [] for proxy in proxies}
    for proxy in in_turn(proxies, options.rounds):
        rounds[proxy.name].append(measure(options.build, proxy, work))
    medians = {name: Measured(*map(statistics.median, zip(*values))) for name, values in rounds.items()}
    keys = f" of {work.keys_per_get} keys" if work.keys_per_get > 1 else ""
    print(f"\n{work.protocol} {work.command}{keys}, pipeline {work.pipeline}, {work.nodes} nodes")
    print(f"  {'':16}{'µs CPU/command':>16}{'of twemproxy':>14}{'commands/s':>12}{'median ms':>11}")
    for name, median in medians.items():
        ratio = paired_ratio(*([measured.cpu_us for measured in rounds[of]] for of in (name, "twemproxy")))
        print(
            f"  {name:16}{median.cpu_us:16.2f}{ratio:14.2f}{median.rate:12.0f}{median.median_us / 1000:11.2f}",
            flush=True,
        )


# -- Memory ------------------------------------------------------------------------------------------------------------


def idle_connection(port):
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(b"get key:000000000000\r\n")
    received = b""
    while not received.endswith(b"END\r\n"):
        received += connection.recv(65536)
    return connection
