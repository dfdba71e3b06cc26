# SPDX-License-Identifier: Apache-2.0
"""The proxies that are measured beside each other: one worker each, the same two nodes, keep-alive on both sides.

The peers run twice: as bare as they can be, and with the same on as Tenfold.
"""

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
{same}
backend nodes
  option httpchk GET /
  balance leastconn
  server first 127.0.0.1:{nodes[0]}{check}
  server second 127.0.0.1:{nodes[1]}{check}
"""

# What Tenfold does without being asked: an access log to a file, forwarded fields, and health checks.
HAPROXY_SAME = """
  log stdout format raw local0
  option httplog
  option forwardfor
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
"""

NGINX = """
worker_processes 1;
daemon off;
master_process off;
pid {folder}/nginx-{port}.pid;
error_log {folder}/nginx-{port}.log;
events {{ worker_connections 9000; }}
http {{
  access_log {log};
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
    location / {{ proxy_pass http://nodes; proxy_http_version 1.1; proxy_set_header Connection "";{same} }}
  }}
}}
"""

# As HAPROXY_SAME; this nginx has no health checks of its own.
NGINX_SAME = """
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $host;
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
    """Starts haproxy and nginx, bare and with the same on as Tenfold; the bare relay; Tenfold with both back ends."""
    facts = {"folder": bench.folder, "nodes": nodes}
    proxies = []

    def start(name, command_of):
        port = ports.pop()
        proxies.append(Proxy(name, port, bench.start(processor, port, command_of(port))))

    def haproxy(port, **more):
        return ["haproxy", "-db", "-f", bench.write(f"haproxy-{port}.cfg", HAPROXY.format(port=port, **facts, **more))]

    def nginx(port, **more):
        return ["nginx", "-c", bench.write(f"nginx-{port}.conf", NGINX.format(port=port, **facts, **more))]

    def tenfold(port, io):
        text = TENFOLD.format(port=port, io=io, **facts)
        return [os.path.join(build, "tenfold"), "run", "-c", bench.write(f"tenfold-{io}.toml", text)]

    log = f"{bench.path('nginx-access.log')} combined buffer=64k flush=1s"
    start("haproxy", lambda port: haproxy(port, same="", check=""))
    start("nginx", lambda port: nginx(port, same="", log="off"))
    start("haproxy, same on", lambda port: haproxy(port, same=HAPROXY_SAME, check=" check"))
    start("nginx, same on", lambda port: nginx(port, same=NGINX_SAME, log=log))
    start("relay", lambda port: [os.path.join(build, "bench_relay"), port, nodes[0]])
    for io in ("epoll", "uring"):
        start(f"tenfold {io}", lambda port, io=io: tenfold(port, io))
    return proxies
