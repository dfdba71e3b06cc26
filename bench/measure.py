# SPDX-License-Identifier: Apache-2.0
"""Starts programs pinned to a processor, and reads what the kernel accounts to them."""

import argparse
import os
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
START_DEADLINE_SECONDS = 10
PROXY_PROCESSOR, LOAD_PROCESSOR = 0, 1


def at_least_one(text):
    """A number of rounds, seconds or connections, for argparse."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of at least 1")
    return int(text)


class Bench:
    """A temporary folder and the child processes of one benchmark; leaves nothing behind."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="tenfold-bench-")
        self.children = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for child in self.children:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in self.children:
            try:
                child.wait(timeout=5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def start(self, processor, port, command):
        """Starts a command on one processor and waits until it listens on the port."""
        log = open(self.path(f"port-{port}.log"), "wb")
        child = subprocess.Popen(
            ["taskset", "-c", str(processor), *map(str, command)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        log.close()
        self.children.append(child)
        deadline = time.monotonic() + START_DEADLINE_SECONDS
        while not listens(port):
            if child.poll() is not None or time.monotonic() > deadline:
                with open(self.path(f"port-{port}.log"), encoding="utf-8", errors="replace") as text:
                    raise SystemExit(f"bench: {command[0]} does not listen on {port}:\n{text.read()[-2000:]}")
            time.sleep(0.02)
        return child


def listens(port):
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def family_of(pid):
    """The process and its children: nginx and haproxy may work in one."""
    ids = [pid]
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8") as file:
                    fields = file.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == pid:
                ids.append(int(entry))
    return ids


def cpu_seconds(pid):
    """User and system time of the process, all its threads, and its children."""
    ticks = 0
    for member in family_of(pid):
        with open(f"/proc/{member}/stat", encoding="utf-8") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS_PER_SECOND


def in_turn(proxies, rounds):
    """Every proxy once in each round, each round in another order, so that no one always follows the same other."""
    for number in range(rounds):
        first = number % len(proxies)
        yield from proxies[first:] + proxies[:first]


def paired_ratio(values, reference):
    """The median of the ratios of single rounds: what disturbs the machine for longer than a round cancels out."""
    return statistics.median(value / other for value, other in zip(values, reference, strict=True))


def user_memory_bytes(pid):
    """Resident anonymous memory: what the program itself holds, without the kernel's socket buffers."""
    total = 0
    for member in family_of(pid):
        with open(f"/proc/{member}/status", encoding="utf-8") as file:
            for line in file:
                if line.startswith("RssAnon:"):
                    total += int(line.split()[1]) * 1024
    return total


def print_idle_memory(title, proxies, count, connect):
    """What each connection costs a proxy while it is silent: `connect(port)` opens one and asks one thing over it."""
    print(f"\nUser memory of one {title} ({count} connections, each after one request)")
    for proxy in proxies:
        connect(proxy.port).close()  # what the first one makes is not counted
        before = user_memory_bytes(proxy.pid)
        connections = [connect(proxy.port) for _ in range(count)]
        print(f"  {proxy.name:18}{(user_memory_bytes(proxy.pid) - before) / count / 1024:8.2f} KiB", flush=True)
        for connection in connections:
            connection.close()
