# SPDX-License-Identifier: Apache-2.0
"""The proxies that are measured beside each other: one worker each, the same two nodes, keep-alive on both sides."""

import os

HAPROXY = """
global
  nbthread 1
  maxconn 8000
defaults
  mode http
  timeout connect 5s
  timeout client 75s
  timeout server 60s
  timeout http-keep-alive 75s
  http-reuse always
frontend clients
  bind 127.0.0.1:{port}
  default_backend nodes
backend nodes
  balance leastconn
  server first 127.0.0.1:{nodes[0]}
  server second 127.0.0.1:{nodes[1]}
"""

NGINX = """
worker_processes 1;
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 9000; }}
http {{
  access_log off;
  keepalive_requests 100000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream nodes {{
    least_conn;
    server 127.0.0.1:{nodes[0]};
    server 127.0.0.1:{nodes[1]};
    keepalive 256;
    keepalive_requests 100000000;
  }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://nodes; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
"""

# Everything that users get is on: parsing, forwarded fields, deadlines, health checks, and the access log to a file.
TENFOLD = """
[run]
workers = 1
io = "{io}"
access_log = "{folder}/access-{io}.log"

[admin]
listen = "unix:{folder}/admin-{io}.sock"

[web.bench]
listen = "127.0.0.1:{port}"
nodes = ["127.0.0.1:{nodes[0]}", "127.0.0.1:{nodes[1]}"]
"""


class Proxy:
    def __init__(self, name, port, child):
        self.name = name
        self.port = port
        self.pid = child.pid


def start_all(bench, build, ports, nodes, processor):
    """Starts haproxy, nginx, the bare relay, and Tenfold with both of its back ends."""
    facts = {"folder": bench.folder, "nodes": nodes}
    proxies = []

    def start(name, command_of):
        port = ports.pop()
        proxies.append(Proxy(name, port, bench.start(processor, port, command_of(port))))

    start(
        "haproxy", lambda port: ["haproxy", "-db", "-f", bench.write("haproxy.cfg", HAPROXY.format(port=port, **facts))]
    )
    start("nginx", lambda port: ["nginx", "-c", bench.write("nginx.conf", NGINX.format(port=port, **facts))])
    start("relay", lambda port: [os.path.join(build, "bench_relay"), port, nodes[0]])
    for io in ("epoll", "uring"):
        start(
            f"tenfold {io}",
            lambda port, io=io: [
                os.path.join(build, "tenfold"),
                "run",
                "-c",
                bench.write(f"tenfold-{io}.toml", TENFOLD.format(port=port, io=io, **facts)),
            ],
        )
    return proxies
