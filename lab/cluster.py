# SPDX-License-Identifier: Apache-2.0
"""The servers of the lab, and the commands that are given to Tenfold."""

import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

from ports import free_port
import servers

PRODUCTS = 3000
CACHE_NODES = 3

TOPOLOGY = """\
# The lab's site. `tenfold add` writes into this file; so may you, and then `tenfold reload`.
[run]
access_log = "{folder}/access.log"
shutdown_grace = "0s"

[admin]
listen = "unix:{folder}/admin.sock"

[cache.site]                 # sessions, and data that is dear to compute; the site believes it to be one memcached
listen = "127.0.0.1:{cache_port}"
nodes = [
{cache_nodes}
]

[web.files]                  # the pictures: served from disk by Tenfold itself
listen = "127.0.0.1:{port}"
path = "/static/"
root = "{pictures}"
"""

SHOP = """
[web.shop]
listen = "127.0.0.1:{port}"
node_connections = 96        # the application has 128 threads, and each connection takes one
nodes = [
{nodes}
]

[web.shop.health]
path = "/healthz"
interval = "1s"
slow_start = "5s"
"""


def listed(addresses):
    return "\n".join(f'  "{address}",' for address in addresses)


class Cluster:
    def __init__(self, build):
        self.build = pathlib.Path(build).resolve()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tenfold-lab-"))
        self.pictures = self.folder / "pictures"
        self.servers = []
        self.loads = []
        self.port = free_port()
        self.cache_port = free_port()
        self.cache_nodes = []
        self.url = f"http://127.0.0.1:{self.port}"
        self.file = self.folder / "tenfold.toml"

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for load in self.loads:
            load.kill()
            load.wait()
        servers.stop_all(servers.Server.started)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self):
        self.pictures.mkdir()
        self._say(f"starting MariaDB and {CACHE_NODES} memcached servers")
        self.database = self._keep(servers.start_mariadb(self.folder))
        self.cache_nodes = [self.start_cache_node(f"cache-{i + 1}").address for i in range(CACHE_NODES)]
        self._say(f"filling the shop with {PRODUCTS} products")
        servers.prepare_site(
            self.build / "site", self.folder, self.database.address, self.cache_nodes[0], self.pictures, PRODUCTS
        )
        # The site needs its cache, and Tenfold is that: so it starts with the cache alone, and gets the site then.
        self._say("starting Tenfold and two application servers")
        self.write_topology([])
        tenfold = servers.Server("tenfold", [str(self.build / "tenfold"), "run", "-c", str(self.file)], self.folder)
        tenfold.address = f"127.0.0.1:{self.port}"
        self.tenfold = self._keep(tenfold)
        tenfold.wait_until(lambda: servers.accepts(self.port) and self.run("status").returncode == 0)
        nodes = [self.start_site("site-1"), self.start_site("site-2")]
        self.write_topology([node.address for node in nodes])
        if self.run("reload").returncode != 0:
            raise servers.ServerFailed("tenfold does not take the site")
        tenfold.wait_until(lambda: self.status()["services"][0]["nodes"] and self.is_up("web.shop"))

    def _keep(self, server):
        self.servers.append(server)
        return server

    @staticmethod
    def _say(text):
        print(f"lab: {text}", file=sys.stderr, flush=True)

    def start_site(self, name):
        """One more application server; Tenfold does not know of it."""
        return self._keep(
            servers.start_site(
                self.build / "site", self.folder, name, self.database.address, self.cache_address, self.pictures
            )
        )

    @property
    def cache_address(self):
        """Where the site finds its cache: Tenfold."""
        return f"127.0.0.1:{self.cache_port}"

    def start_cache_node(self, name):
        """One more memcached; Tenfold does not know of it."""
        return self._keep(servers.start_memcached(self.folder, name))

    def start_child(self, name, command):
        return self._keep(servers.Server(name, command, self.folder))

    def write_topology(self, nodes, extra=""):
        text = TOPOLOGY.format(
            folder=self.folder,
            port=self.port,
            cache_port=self.cache_port,
            cache_nodes=listed(self.cache_nodes),
            pictures=self.pictures,
        )
        if nodes:
            text += SHOP.format(port=self.port, nodes=listed(nodes))
        self.file.write_text(text + extra, encoding="utf-8")

    def status(self):
        done = self.run("status", "--json")
        if not done.stdout:
            raise servers.ServerFailed(f"tenfold does not answer:\n{done.stderr}{self.tenfold.log()[-2000:]}")
        return json.loads(done.stdout)

    def service(self, name):
        return next(row for row in self.status()["services"] if row["name"] == name)

    def is_up(self, name):
        return all(node.get("state") == "up" for node in self.service(name)["nodes"])

    def child(self, name):
        return next(server for server in self.servers if server.name == name)

    def command(self, *words):
        """What a person would type."""
        return shlex.join([os.path.relpath(self.build / "tenfold"), *words, "-c", str(self.file)])

    def run(self, *words):
        return subprocess.run(
            [self.build / "tenfold", *words, "-c", self.file], capture_output=True, text=True, timeout=120, check=False
        )

    def load(self, duration, rate, connections):
        """Starts the load generator on pages of the shop and the forum, and on pictures."""
        picture = sorted(path.name for path in self.pictures.iterdir())[0]
        paths = ["/", "/shop/products", "/shop/products/7", "/forum/", "/shop/products/11.json", f"/static/{picture}"]
        command = [
            self.build / "load",
            "--target",
            f"127.0.0.1:{self.port}",
            "--duration",
            f"{duration}s",
            "--rate",
            str(rate),
            "--connections",
            str(connections),
            "--json",
        ]
        for path in paths:
            command += ["--path", path]
        with servers.uninterrupted():
            self.loads.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return self.loads[-1]

    def table(self):
        rows = [
            ("server", "address", "pid", "log"),
            *((s.name, s.address or "", str(s.process.pid), str(s.log_path)) for s in self.servers),
        ]
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        return "\n" + "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows
        )
