# SPDX-License-Identifier: Apache-2.0
"""The servers of the lab, and the commands that are given to Tenfold."""

import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

import servers

PRODUCTS = 3000

TOPOLOGY = """\
# The lab's site. `tenfold add` writes into this file; so may you, and then `tenfold reload`.
[run]
access_log = "{folder}/access.log"
shutdown_grace = "0s"

[admin]
listen = "unix:{folder}/admin.sock"

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

[web.files]                  # the pictures: served from disk by Tenfold itself
listen = "127.0.0.1:{port}"
path = "/static/"
root = "{pictures}"
"""


class Cluster:
    def __init__(self, build):
        self.build = pathlib.Path(build).resolve()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tenfold-lab-"))
        self.pictures = self.folder / "pictures"
        self.servers = []
        self.port = servers.free_port()
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
        servers.stop_all(self.servers)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self):
        self.pictures.mkdir()
        self._say("starting MariaDB and memcached")
        self.database = self._keep(servers.start_mariadb(self.folder))
        self.memcached = self._keep(servers.start_memcached(self.folder))
        self._say(f"filling the shop with {PRODUCTS} products")
        servers.prepare_site(
            self.build / "site", self.folder, self.database.address, self.memcached.address, self.pictures, PRODUCTS
        )
        self._say("starting two application servers, and Tenfold")
        nodes = [self.start_site("site-1"), self.start_site("site-2")]
        self.write_topology([node.address for node in nodes])
        tenfold = servers.Server("tenfold", [str(self.build / "tenfold"), "run", "-c", str(self.file)], self.folder)
        tenfold.address = f"127.0.0.1:{self.port}"
        self.tenfold = self._keep(tenfold)
        tenfold.wait_until(lambda: servers.accepts(self.port) and self.run("status").returncode == 0)

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
                self.build / "site", self.folder, name, self.database.address, self.memcached.address, self.pictures
            )
        )

    def start_child(self, name, command):
        return self._keep(servers.Server(name, command, self.folder))

    def write_topology(self, nodes, extra=""):
        lines = "\n".join(f'  "{node}",' for node in nodes)
        text = TOPOLOGY.format(folder=self.folder, port=self.port, pictures=self.pictures, nodes=lines) + extra
        self.file.write_text(text, encoding="utf-8")

    def site(self, name):
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
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def table(self):
        rows = [
            ("server", "address", "pid", "log"),
            *((s.name, s.address or "", str(s.process.pid), str(s.log_path)) for s in self.servers),
        ]
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        return "\n" + "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows
        )
