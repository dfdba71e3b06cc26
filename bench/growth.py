# SPDX-License-Identifier: Apache-2.0
"""The growth part: the hit ratio of every second while a fourth memcached node joins and leaves, and stale reads.

An application gets keys by Zipf's law at a fixed rate and fills what it misses, in a cache that also holds many keys
which nobody asks for, and which have to move all the same. A fourth node joins the three behind Tenfold, is drained
again and removed; beside it nutcracker is started anew with four servers, as its users have to.
Then nodes are killed, paused and cut off from Tenfold, which is killed and started again, too, while every value that
is read is checked: it must be as new as the last acknowledged write of its key.
"""

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import cache
from measure import Bench, at_least_one
from ports import free_port

KEYS, RATE, EXPONENT, EXPIRY_SECONDS = 200_000, 8_000, 1.0, 360
IDLE_KEYS, IDLE_BATCH = 1_000_000, 1000  # of the cache, beside those of the application
BEFORE_SECONDS, AFTER_SECONDS = 6, 14  # of load around each change
CHANGE_SECONDS_MOST = 60
FAULT_SECONDS = (0.1, 4.0)  # how long a node is away
QUIET_SECONDS = (0.1, 1.5)  # between two faults

TENFOLD = """
[run]
workers = {workers}
io = "{io}"

[admin]
listen = "unix:{folder}/admin.sock"

[cache.bench]
listen = "127.0.0.1:{port}"
nodes = [{nodes}]
health = {{ interval = "200ms", fast_interval = "100ms", timeout = "500ms", fall = 2 }}
response_timeout = "1s"
"""


def add_arguments(parser):
    parser.add_argument("--io", choices=("auto", "epoll", "uring"), default="auto", help="of Tenfold")
    parser.add_argument("--only", choices=("join", "stale"), help="one of the two")
    reads = "values to check; 10000000 is the promise"
    parser.add_argument("--reads", type=at_least_one, default=1_000_000, help=reads)
    parser.add_argument("--seed", type=int, default=1, help="of the faults")


def run(options):
    if options.only in (None, "join"):
        print(f"\nGrowth: {KEYS} keys by Zipf's law ({EXPONENT}), {RATE} gets a second, expiry {EXPIRY_SECONDS} s")
        print(f"{IDLE_KEYS} more keys that nobody asks for")
        join_behind_tenfold(options)
        join_behind_twemproxy(options)
    if options.only in (None, "stale"):
        check_stale_reads(options)


# -- Growth ------------------------------------------------------------------------------------------------------------


class Application:
    """The load, and the hit ratio of its seconds so far."""

    def __init__(self, bench, build, port):
        command = [os.path.join(build, "cache_load"), "application", "--target", f"127.0.0.1:{port}"]
        command += ["--keys", KEYS, "--rate", RATE, "--exponent", EXPONENT, "--expiry-seconds", EXPIRY_SECONDS]
        command += ["--duration", "10m", "--connections", 50, "--timeout", "5s"]
        self.child = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True)
        bench.children.append(self.child)
        self.seconds = []  # (hit ratio, failed, slowest in ms)
        self.more = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.child.stdout:
            found = re.match(r"second \d+ gets \d+ hit_ratio ([\d.]+) failed (\d+) slowest_ms ([\d.]+)", line)
            with self.more:
                self.seconds.append(tuple(map(float, found.groups())))
                self.more.notify()

    def wait_for(self, count):
        """Until so many more seconds have been told."""
        with self.more:
            until = len(self.seconds) + count
            if not self.more.wait_for(lambda: len(self.seconds) >= until, timeout=count + 120):
                raise SystemExit("bench: the load has stopped")
            return until


def fill_with_idle_keys(port):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        reader = connection.makefile("rb")
        for begin in range(0, IDLE_KEYS, IDLE_BATCH):
            keys = range(begin, begin + IDLE_BATCH)
            connection.sendall(b"".join(b"set idle:%07d 0 0 20\r\n%020d\r\n" % (key, key) for key in keys))
            for _ in keys:
                if reader.readline() != b"STORED\r\n":
                    raise SystemExit("bench: the cache does not store")


def count_idle_keys(port):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        reader = connection.makefile("rb")
        found = 0
        for begin in range(0, IDLE_KEYS, IDLE_BATCH):
            keys = range(begin, begin + IDLE_BATCH)
            connection.sendall(b"".join(b"get idle:%07d\r\n" % key for key in keys))
            for _ in keys:
                while (line := reader.readline()) != b"END\r\n":
                    found += line.startswith(b"VALUE")
        return found


def print_change(application, name, begun, ended):
    before = [ratio for ratio, _, _ in application.seconds[:begun]]
    after = application.seconds[begun:ended]
    usual = sum(before[-BEFORE_SECONDS:]) / len(before[-BEFORE_SECONDS:])
    lowest = min(ratio for ratio, _, _ in after)
    failed = sum(failed for _, failed, _ in after)
    slowest_ms = max(slow for _, _, slow in after)
    print(f"\n{name}: {usual:.2f} % of gets hit before")
    print(f"  lowest second {lowest:.2f} %, {usual - lowest:.2f} points less")
    print(f"  {failed:.0f} gets failed; the slowest took {slowest_ms:.0f} ms")
    print("  " + " ".join(f"{ratio:.1f}" for ratio, _, _ in after), flush=True)


class Tenfold:
    def __init__(self, bench, options, nodes, workers=1):
        self.bench = bench
        self.program = os.path.join(options.build, "tenfold")
        self.port = free_port()
        listed = ", ".join(f'"127.0.0.1:{node}"' for node in nodes)
        text = TENFOLD.format(workers=workers, io=options.io, folder=bench.folder, port=self.port, nodes=listed)
        self.file = bench.write("tenfold.toml", text)
        self.start()

    def start(self):
        self.child = self.bench.start("0-1", self.port, [self.program, "run", "-c", self.file])

    def kill(self):
        self.child.kill()
        self.child.wait()

    def change(self, *verb):
        """A verb that waits until its change is done."""
        ended = self.try_change(*verb)
        if ended.returncode != 0:
            raise SystemExit(f"bench: {' '.join(verb)}: {ended.stdout}{ended.stderr}")

    def try_change(self, *verb):
        command = [self.program, *verb, "-c", self.file]
        return subprocess.run(command, capture_output=True, text=True, timeout=CHANGE_SECONDS_MOST)


def join_behind_tenfold(options):
    with Bench() as bench:
        nodes = cache.start_nodes(bench, "memcached", 4)
        tenfold = Tenfold(bench, options, nodes[:3])
        fill_with_idle_keys(tenfold.port)
        application = Application(bench, options.build, tenfold.port)
        fourth = f"127.0.0.1:{nodes[3]}"
        for verb, name in (("add", "a fourth node joins"), ("drain", "it is drained"), ("remove", "it is removed")):
            begun = application.wait_for(BEFORE_SECONDS)
            started = time.monotonic()
            tenfold.change(verb, "cache.bench", fourth)
            took = time.monotonic() - started
            print_change(application, f"Tenfold, {name} ({took:.1f} s)", begun, application.wait_for(AFTER_SECONDS))
        left = count_idle_keys(tenfold.port)
        print(f"\n{left} of {IDLE_KEYS} keys that nobody asked for are still there", flush=True)


def join_behind_twemproxy(options):
    with Bench() as bench:
        nodes = cache.start_nodes(bench, "memcached", 4)
        port = free_port()
        first = cache.start_twemproxy(bench, "memcached", port, nodes[:3])
        fill_with_idle_keys(port)
        application = Application(bench, options.build, port)
        begun = application.wait_for(BEFORE_SECONDS)
        first.terminate()
        first.wait()
        cache.start_twemproxy(bench, "memcached", port, nodes)
        print_change(application, "twemproxy, started anew with four", begun, application.wait_for(AFTER_SECONDS))


# -- Stale reads -------------------------------------------------------------------------------------------------------


class FaultyNode:
    """A memcached, and a bare relay in front of it: without the relay Tenfold loses it, and it keeps what it holds."""

    def __init__(self, bench, build):
        self.tenfold = None  # set when it runs
        self.bench = bench
        self.port, self.relay_port = free_port(), free_port()
        self.node = self._start_node()
        self.relay_command = [os.path.join(build, "bench_relay"), self.relay_port, self.port]
        self.relay = self._start_relay()

    def _start_node(self):
        return self.bench.start("0-1", self.port, cache.node_command("memcached", self.port))

    def _start_relay(self):
        return self.bench.start("0-1", self.relay_port, self.relay_command)

    def kill(self, pause):
        self.node.kill()
        self.node.wait()
        time.sleep(pause)
        self.node = self._start_node()

    def cut_off(self, pause):
        self.relay.kill()
        self.relay.wait()
        time.sleep(pause)
        self.relay = self._start_relay()

    def stop(self, pause):
        self._pause(self.node, pause)

    def stop_relay(self, pause):
        self._pause(self.relay, pause)

    def leave(self, pause):
        """It is drained and enabled again; either may be refused while another node is away."""
        address = f"127.0.0.1:{self.relay_port}"
        self.tenfold.try_change("drain", "cache.bench", address)
        time.sleep(pause)
        self.tenfold.try_change("enable", "cache.bench", address)

    def outlive_tenfold(self, pause):
        """Tenfold dies, and another process takes its place."""
        self.tenfold.kill()
        time.sleep(pause / 10)
        self.tenfold.start()

    def come_back_to_another(self, pause):
        """It is cut off, Tenfold dies meanwhile, and the next process finds it there."""
        self.relay.kill()
        self.relay.wait()
        time.sleep(pause)
        self.tenfold.kill()
        self.relay = self._start_relay()
        self.tenfold.start()

    def wake_for_another(self, pause):
        """It is paused, Tenfold dies meanwhile, and what that had sent is still to be carried out."""
        self.node.send_signal(signal.SIGSTOP)
        time.sleep(pause / 10)
        self.outlive_tenfold(pause)
        time.sleep(pause / 10)
        self.node.send_signal(signal.SIGCONT)

    @staticmethod
    def _pause(child, pause):
        child.send_signal(signal.SIGSTOP)
        time.sleep(pause)
        child.send_signal(signal.SIGCONT)


FAULTS = {
    "killed": FaultyNode.kill,
    "paused": FaultyNode.stop,
    "cut off": FaultyNode.cut_off,
    "silent": FaultyNode.stop_relay,
    "drained and enabled": FaultyNode.leave,
    "there while Tenfold died": FaultyNode.outlive_tenfold,
    "cut off while Tenfold died": FaultyNode.come_back_to_another,
    "paused while Tenfold died": FaultyNode.wake_for_another,
}


def check_stale_reads(options):
    draws = random.Random(options.seed)
    with Bench() as bench:
        nodes = [FaultyNode(bench, options.build) for _ in range(3)]
        tenfold = Tenfold(bench, options, [node.relay_port for node in nodes], workers=2)
        for node in nodes:
            node.tenfold = tenfold
        command = [os.path.join(options.build, "cache_load"), "check", "--target", f"127.0.0.1:{tenfold.port}"]
        command += ["--keys", 20_000, "--commands", options.reads, "--connections", 32, "--pipeline", 8]
        command += ["--timeout", "10s", "--seed", options.seed]
        load = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True)
        bench.children.append(load)
        faults = dict.fromkeys(FAULTS, 0)
        while load.poll() is None:
            time.sleep(draws.uniform(*QUIET_SECONDS))
            name = draws.choice(list(FAULTS))
            faults[name] += 1
            FAULTS[name](draws.choice(nodes), draws.uniform(*FAULT_SECONDS))
        told = json.loads(load.stdout.read().splitlines()[-1])
    stale = sum(count for what, count in told["failures"].items() if what.startswith("STALE"))
    happened = ", ".join(f"{count} times {name}" for name, count in faults.items())
    print(f"\nStale reads (seed {options.seed}): {stale} in {told['hits']} values read; {told['misses']} misses")
    print(f"  nodes were {happened}")
    for what, count in told["failures"].items():
        print(f"  {count:8} {what}")
    sys.stdout.flush()
    if stale:
        raise SystemExit(1)
