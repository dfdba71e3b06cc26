# SPDX-License-Identifier: Apache-2.0
"""Changing what runs: the verbs, reloads under load, the admin API, shutdown."""

import json
import os
import select
import signal
import socket
import subprocess
import threading
import unittest

from harness import TENFOLD, Client, Scenario, free_port, request_bytes, response, wait_until


class Visitors:
    """Threads that ask without a pause, and note every answer that is not 200."""

    def __init__(self, tenfold, count=4):
        self.tenfold = tenfold
        self.ending = threading.Event()
        self.bad = []
        self.answered = 0
        self.threads = [threading.Thread(target=self._visit, daemon=True) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def _visit(self):
        with self.tenfold.client() as client:
            while not self.ending.is_set():
                try:
                    reply = client.get("/visit")
                    self.answered += 1
                    if reply.status != 200:
                        self.bad.append((reply.status, reply.field("Proxy-Status")))
                except (OSError, EOFError) as error:
                    self.bad.append(repr(error))
                    return

    def end(self):
        self.ending.set()
        for thread in self.threads:
            thread.join()
        return self.bad


class Growing(Scenario):
    def visitors(self, tenfold):
        visitors = Visitors(tenfold)
        self.addCleanup(visitors.end)
        wait_until(lambda: visitors.answered > 20, "visitors are served")
        return visitors

    def test_a_node_is_added_under_load_and_written_back(self):
        first, second = self.node(), self.node()
        tenfold = self.web([first], '# grown by hand\nhealth = { slow_start = "0s" }')
        visitors = self.visitors(tenfold)
        code, _, talk = tenfold.cli("add", "web.test", second.address, "--weight", "2")
        self.assertEqual(code, 0, talk)
        wait_until(lambda: len(second.requests) > 20, "the new node is visited")
        self.assertEqual(visitors.end(), [])
        with open(tenfold.file, encoding="utf-8") as file:
            text = file.read()
        self.assertIn(f'nodes = ["{first.address}", {{ address = "{second.address}", weight = 2 }}]', text)
        self.assertIn("# grown by hand", text)

    def test_a_node_that_is_down_is_added_without_traffic_and_the_command_says_why(self):
        node = self.node()
        tenfold = self.web([node])
        dead = f"127.0.0.1:{free_port()}"
        code, _, talk = tenfold.cli("add", "web.test", dead)
        self.assertEqual(code, 4)
        self.assertIn(f"GET http://{dead}/", talk)
        self.assertIn("Connection refused", talk)
        client = self.client(tenfold)
        self.assertEqual({client.get().status for _ in range(20)}, {200})

    def test_drain_and_remove_under_load(self):
        first, second = self.node(), self.node()
        tenfold = self.web([first, second])
        visitors = self.visitors(tenfold)
        code, _, talk = tenfold.cli("drain", "web.test", second.address)
        self.assertEqual(code, 0, talk)
        drained_at = len(second.requests)
        answered = visitors.answered
        wait_until(lambda: visitors.answered > answered + 100, "visitors go on")
        self.assertEqual(len(second.requests), drained_at)
        self.assertEqual(tenfold.cli("remove", "web.test", second.address)[0], 0)
        self.assertEqual(visitors.end(), [])
        with open(tenfold.file, encoding="utf-8") as file:
            self.assertIn(f'nodes = ["{first.address}"]', file.read())

    def test_a_killed_node_costs_idempotent_requests_nothing(self):
        first, second = self.node(), self.node()
        tenfold = self.web([first, second])
        visitors = self.visitors(tenfold)
        second.close()
        wait_until(lambda: self.state_of(tenfold, second) == "down", "the node is seen to be down")
        answered = visitors.answered
        wait_until(lambda: visitors.answered > answered + 100, "visitors go on")
        lost = [bad for bad in visitors.end() if "node_closed" not in str(bad)]
        self.assertEqual(lost, [])

    def state_of(self, tenfold, node):
        rows = tenfold.admin_request("GET", "/v1/status").json()["services"][0]["nodes"]
        return next(row["state"] for row in rows if row["address"] == node.address)

    def test_the_last_node_is_not_removed(self):
        node = self.node()
        tenfold = self.web([node])
        code, _, talk = tenfold.cli("remove", "web.test", node.address)
        self.assertEqual(code, 1)
        self.assertIn("last node", talk)

    def test_verbs_say_what_is_not_there(self):
        node = self.node()
        tenfold = self.web([node])
        for words in (
            ("add", "web.x", "127.0.0.1:1"),
            ("remove", "web.x", node.address),
            ("drain", "web.x", node.address),
            ("weight", "web.x", node.address, "2"),
        ):
            self.assertEqual(
                tenfold.cli(*words),
                (1, "", "tenfold: there is no service web.x; there is web.test\n"
                 "  `tenfold status` lists services and nodes\n"),
            )
        code, _, talk = tenfold.cli("remove", "web.test", "127.0.0.1:1")
        self.assertEqual((code, talk.splitlines()[0]), (1, "tenfold: web.test has no node 127.0.0.1:1"))

    def test_weight_and_enable(self):
        first, second = self.node(), self.node()
        tenfold = self.web([first, second])
        self.assertEqual(tenfold.cli("weight", "web.test", second.address, "0")[0], 0)
        client = self.client(tenfold)
        wait_until(lambda: self.status_of(tenfold, second)["takes_traffic"] is False, "weight 0 takes effect")
        before = len(second.requests)
        for _ in range(30):
            client.get()
        self.assertEqual(len(second.requests), before)
        self.assertEqual(tenfold.cli("drain", "web.test", first.address)[0], 4, "nobody is left")
        self.assertEqual(tenfold.cli("enable", "web.test", first.address)[0], 0)
        self.assertEqual(self.state_of(tenfold, first), "up")

    def status_of(self, tenfold, node):
        rows = tenfold.admin_request("GET", "/v1/status").json()["services"][0]["nodes"]
        return next(row for row in rows if row["address"] == node.address)


class Reloading(Scenario):
    def test_a_hundred_reloads_drop_nothing(self):
        def answer(request):
            if not request.field("Upgrade"):
                return response(200, str(len(request.body)).encode())
            request.connection.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n"
            )
            while data := request.reader.read1(4096):
                request.connection.sendall(data)
            return None

        node, other = self.node(answer), self.node(answer)
        tenfold = self.web([node], run="workers = 2")
        with open(tenfold.file, encoding="utf-8") as file:
            base = file.read()
        tunnel, upload = self.client(tenfold), self.client(tenfold)
        tunnel.send("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
        self.assertEqual(tunnel.read().status, 101)
        upload.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n")
        visitors = Visitors(tenfold)
        for i in range(100):
            extra = (
                f'[web.extra]\nlisten = "127.0.0.1:{{port}}"\npath = "/extra{i}/"\nnodes = ["{other.address}"]\n'
                if i % 2
                else ""
            )
            with open(tenfold.file, "w", encoding="utf-8") as file:
                file.write(base + extra.replace("{port}", str(tenfold.port)))
            reply = tenfold.admin_request("POST", "/v1/reload")
            self.assertEqual(reply.status, 200, reply.body)
            upload.send(b"x")
            tunnel.send(b"ping")
            self.assertEqual(tunnel.reader.read(4), b"ping")
        self.assertEqual(upload.read().body, b"100")
        self.assertEqual(visitors.end(), [])
        self.assertEqual(reply.json()["epoch"], 100, "the first reload changed nothing")

    def test_a_bad_file_keeps_the_old_topology_and_names_the_line(self):
        node = self.node()
        tenfold = self.web([node])
        with open(tenfold.file, "a", encoding="utf-8") as file:
            file.write('balancer = "p3c"\n')
        code, _, talk = tenfold.cli("reload")
        self.assertEqual(code, 3)
        self.assertIn("tenfold.toml:11:12: error: \"p3c\" is not a value of 'balancer'", talk)
        self.assertIn("did you mean 'p2c'?", talk)
        self.assertEqual(self.client(tenfold).get().status, 200)

    def test_listeners_come_and_go_and_a_taken_port_changes_nothing(self):
        node = self.node()
        tenfold = self.web([node])
        with open(tenfold.file, encoding="utf-8") as file:
            base = file.read()
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        port = free_port()
        service = f'[web.more]\nlisten = "127.0.0.1:%d"\nnodes = ["{node.address}"]\n'
        tenfold_text = lambda text: open(tenfold.file, "w", encoding="utf-8").write(text)  # noqa: E731
        tenfold_text(base + service % taken.getsockname()[1])
        code, _, talk = tenfold.cli("reload")
        self.assertEqual(code, 1)
        self.assertIn("cannot listen on", talk)
        tenfold_text(base + service % port)
        self.assertEqual(tenfold.cli("reload")[0], 0)
        with socket.create_connection(("127.0.0.1", port)) as more:
            more.sendall(request_bytes("GET", "/"))
            self.assertIn(b"200 OK", more.recv(4096))
            tenfold_text(base)
            self.assertEqual(tenfold.cli("reload")[0], 0)
            more.settimeout(10)
            self.assertEqual(more.recv(10), b"", "an idle connection ends with its listener")
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))

    def test_hosts_and_paths_are_routed(self):
        nodes = {
            name: self.node(lambda request, name=name: response(200, name.encode()))
            for name in ("any", "shop", "wild", "forum")
        }
        text = ""
        for name, rule in (
            ("any", ""),
            ("shop", 'host = "shop.example.com"'),
            ("wild", 'host = "*.example.com"'),
            ("forum", 'path = "/forum/"'),
        ):
            text += f'[web.{name}]\nlisten = "127.0.0.1:{{port}}"\nnodes = ["{nodes[name].address}"]\n{rule}\n'
        tenfold = self.tenfold(text)
        client = self.client(tenfold)
        for host, path, expected in (
            ("x", "/", "any"),
            ("SHOP.example.com:80", "/a", "shop"),
            ("a.b.example.com", "/", "wild"),
            ("x", "/forum/1", "forum"),
            ("x", "/forum", "forum"),
            ("x", "/forums", "any"),
            ("x", "/a/../forum/%31", "forum"),
            ("shop.example.com", "/forum/", "shop"),
        ):
            self.assertEqual(client.get(path, host=host).body.decode(), expected, (host, path))
        url = f"http://shop.example.com:{tenfold.port}/forum/"
        explained = json.loads(tenfold.cli("explain", "http", url, "--json")[1])
        why_not = {other["service"]: other["why_not"] for other in explained["not_chosen"]}
        other_host = "it takes any host, and shop.example.com is named by web.shop"
        self.assertEqual(
            why_not, {"web.any": other_host, "web.wild": "its host is *.example.com", "web.forum": other_host}
        )


class AdminApi(Scenario):
    def test_etags_methods_and_bad_bodies(self):
        first, second = self.node(), self.node()
        tenfold = self.web([first])
        topology = tenfold.admin_request("GET", "/v1/topology")
        nodes = "/v1/services/web.test/nodes"
        body = json.dumps({"address": second.address}).encode()
        self.assertEqual(tenfold.admin_request("POST", nodes, ['If-Match: "77"'], body).status, 412)
        self.assertEqual(
            tenfold.admin_request("POST", nodes, [f"If-Match: {topology.field('ETag')}"], body).status, 201
        )
        self.assertEqual(tenfold.admin_request("POST", nodes, [], body).status, 422, "it is there already")
        self.assertEqual(tenfold.admin_request("POST", nodes, [], b"{").status, 400)
        self.assertEqual(tenfold.admin_request("POST", nodes, [], b'{"address": "nowhere"}').status, 400)
        self.assertEqual(tenfold.admin_request("PATCH", f"{nodes}/{second.address}", [], b'{"weight": -1}').status, 400)
        self.assertEqual(tenfold.admin_request("DELETE", "/v1/topology").status, 405)
        self.assertEqual(tenfold.admin_request("GET", "/nothing").status, 404)
        with open(tenfold.file, "a", encoding="utf-8") as file:
            file.write("# changed by hand\n")
        self.assertEqual(tenfold.admin_request("DELETE", f"{nodes}/{second.address}").status, 409)

    def test_pages_of_other_sites_and_wrong_tokens_are_refused(self):
        node = self.node()
        port = free_port()
        text = f'[web.test]\nlisten = "127.0.0.1:{{port}}"\nnodes = ["{node.address}"]\n'
        tenfold = self.tenfold(text)
        with open(tenfold.file, encoding="utf-8") as file:
            base = file.read()
        other = os.path.join(tenfold.folder, "other.toml")
        with open(other, "w", encoding="utf-8") as file:
            file.write(
                base.replace(f'unix:{tenfold.admin}"', f'127.0.0.1:{port}"\ntoken = "secret"').replace(
                    str(tenfold.port), str(free_port())
                )
            )
        process = subprocess.Popen([TENFOLD, "run", "-c", other], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)

        def ask(fields):
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                    connection.sendall(
                        (
                            "GET /v1/status HTTP/1.1\r\nConnection: close\r\n"
                            + "".join(f + "\r\n" for f in fields)
                            + "\r\n"
                        ).encode()
                    )
                    return int(connection.makefile("rb").readline().split()[1])
            except ConnectionRefusedError:
                return None

        good = [f"Host: 127.0.0.1:{port}", "Authorization: Bearer secret"]
        wait_until(lambda: ask(good) == 200, "the token is taken")
        self.assertEqual(ask([f"Host: 127.0.0.1:{port}"]), 401)
        self.assertEqual(ask([f"Host: 127.0.0.1:{port}", "Authorization: Bearer secres"]), 401)
        self.assertEqual(ask([f"Host: 127.0.0.1:{port}", "Authorization: bearer secret"]), 200)
        self.assertEqual(ask(["Host: tenfold.example.com", "Authorization: Bearer secret"]), 200)
        self.assertEqual(ask(["Host: tenfold.example.com"]), 401)
        unread = [f"Host: 127.0.0.1:{port}", "Content-Length: 1000000"]
        self.assertEqual(ask(unread), 401, "a wrong token is refused before the body comes")
        self.assertEqual(ask([*good, "Origin: http://evil.example.com"]), 403)
        self.assertEqual(ask([*good, "X-Forwarded-For: 192.0.2.1"]), 200, "a proxy may pass on who has the token")

    def test_slow_callers_keep_nobody_out(self):
        tenfold = self.web([self.node()])
        slow = [Client(tenfold.admin) for _ in range(64)]
        for caller in slow:
            self.addCleanup(caller.close)
            caller.send("POST /v1/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
        for _ in range(3):
            self.assertEqual(tenfold.admin_request("GET", "/livez").status, 200)
        self.assertTrue(slow[0].at_end(), "who has been waited for the longest made room")

    def test_a_connection_is_used_for_several_requests(self):
        tenfold = self.web([self.node()])
        with Client(tenfold.admin) as client:
            asked = (("HEAD", "/livez"), ("GET", "/nothing"), ("GET", "/livez"))
            client.send(b"".join(request_bytes(method, path) for method, path in asked))
            head = client.read(head_request=True)
            self.assertEqual((head.status, head.field("Content-Length")), (200, "3"))
            self.assertEqual(client.read().status, 404)
            self.assertEqual(client.read().body, b"ok\n")
            client.send("POST /v1/reload HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            self.assertEqual(client.read_head().status, 100)
            client.send("{}")
            self.assertEqual(client.read().status, 200)

    def test_bytes_that_are_no_text_are_shown_and_refused(self):
        node = self.node()
        tenfold = self.web([node])
        for path in ("/v1/services/%ff", "/v1/services/web.test/nodes/%ff"):
            self.assertIn("\ufffd", tenfold.admin_request("GET", path).json()["error"])
        for words in ((b"web.test", b"127.0.0.1:\xff"), (b"web.test", b"127.0.0.1:1", b"--zone", b"\xff")):
            self.assertEqual(tenfold.cli("add", *words)[0], 2)
        self.assertEqual(tenfold.cli("drain", b"web.\xff", node.address)[0], 1)

    def test_metrics_explain_and_readiness(self):
        node = self.node()
        tenfold = self.web([node])
        client = self.client(tenfold)
        for _ in range(5):
            client.get("/counted")
        page = tenfold.admin_request("GET", "/metrics").body.decode()
        self.assertIn('tenfold_requests_total{service="web.test",class="2"} 5', page)
        self.assertIn(f'tenfold_node_requests_total{{service="web.test",node="{node.address}"}} 5', page)
        for line in page.splitlines():
            name = r"(tenfold|process)_\w+"
            self.assertRegex(line, rf"^(# (HELP|TYPE) {name} .+|{name}(\{{[^}}]*\}})? [0-9.e+-]+)$")
        self.assertEqual(tenfold.admin_request("GET", "/livez").body, b"ok\n")
        self.assertIn(b"[+]web.test ok", tenfold.admin_request("GET", "/readyz?verbose").body)
        code, text, _ = tenfold.cli("explain", "http", f"http://x:{tenfold.port}/a/../b")
        self.assertEqual(code, 0)
        self.assertIn("service: web.test", text)
        self.assertIn("target: /b", text)
        code, text, _ = tenfold.cli("status")
        self.assertEqual(code, 0)
        self.assertIn(node.address, text)
        self.assertEqual(tenfold.cli("status", "--json")[0], 0)
        node.close()
        wait_until(lambda: tenfold.admin_request("GET", "/readyz").status == 503, "readiness follows health")
        self.assertEqual(tenfold.cli("status")[0], 4)


class Stopping(Scenario):
    def test_a_request_under_way_is_finished(self):
        release = threading.Event()
        self.addCleanup(release.set)

        def answer(request):
            release.wait(20)
            return response(200, b"finished")

        node = self.node(answer)
        tenfold = self.web([node], run='workers = 2\nshutdown_grace = "300ms"')
        idle, busy = self.client(tenfold), self.client(tenfold)
        idle.send(request_bytes("GET", "/"))
        busy.send(request_bytes("GET", "/"))
        wait_until(lambda: len(node.requests) == 2, "both are under way")
        tenfold.process.send_signal(signal.SIGTERM)
        wait_until(lambda: tenfold.admin_request("GET", "/readyz").status == 503, "readiness says no")
        late = self.client(tenfold)
        late.send(request_bytes("GET", "/late"))
        wait_until(lambda: len(node.requests) == 3, "a client of the grace time is still served")
        release.set()
        for client in (idle, busy, late):
            self.assertEqual(client.read().body, b"finished")
        self.assertEqual(tenfold.process.wait(20), 0)

    def hanging(self, run):
        """Tenfold with a request under way that nobody answers."""
        release = threading.Event()
        self.addCleanup(release.set)

        def answer(request):
            release.wait(20)
            return response(200, b"late")

        node = self.node(answer)
        tenfold = self.web([node], run=run)
        client = self.client(tenfold)
        client.send(request_bytes("GET", "/"))
        wait_until(lambda: node.requests, "a request is under way")
        return tenfold

    def test_a_head_that_is_cut_off_is_not_the_clients_doing(self):
        tenfold = self.web([self.node()], run='workers = 1\nshutdown_grace = "0s"\nshutdown_limit = "200ms"')
        client = self.client(tenfold)
        client.send("GET / HT")
        connections = lambda: tenfold.admin_request("GET", "/v1/status").json()["connections"]
        wait_until(lambda: connections() == 1, "a client has come")
        tenfold.process.send_signal(signal.SIGTERM)
        self.assertEqual(client.read().status, 503)
        self.assertEqual(tenfold.process.wait(20), 0)
        self.assertEqual(tenfold.access_entries()[0]["failure"], "shutting_down")

    def has_admin_api(self, tenfold):
        try:
            return tenfold.admin_request("GET", "/livez").status == 200
        except (OSError, EOFError):
            return False

    def test_a_second_signal_ends_at_once_when_the_grace_is_over_too(self):
        tenfold = self.hanging('workers = 2\nshutdown_grace = "0s"\nshutdown_limit = "60s"')
        tenfold.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not self.has_admin_api(tenfold), "the grace is over")
        self.assertIsNone(tenfold.process.poll(), "the request may go on")
        tenfold.process.send_signal(signal.SIGTERM)
        self.assertEqual(tenfold.process.wait(5), 0)

    def is_refused(self, tenfold):
        try:
            self.client(tenfold)
        except ConnectionRefusedError:
            return True
        return False

    def test_who_comes_when_the_grace_is_over_is_refused(self):
        tenfold = self.hanging('workers = 2\nshutdown_grace = "0s"\nshutdown_limit = "60s"')
        tenfold.process.send_signal(signal.SIGTERM)
        wait_until(lambda: self.is_refused(tenfold), "nobody is left to wait for an answer", 5)
        self.assertIsNone(tenfold.process.poll(), "the request may go on")

    def test_the_times_of_the_last_reload_hold(self):
        tenfold = self.hanging('workers = 1\nshutdown_grace = "60s"\nshutdown_limit = "60s"')
        with open(tenfold.file, encoding="utf-8") as file:
            text = file.read().replace('grace = "60s"', 'grace = "0s"').replace('limit = "60s"', 'limit = "200ms"')
        with open(tenfold.file, "w", encoding="utf-8") as file:
            file.write(text)
        code, changes, _ = tenfold.cli("reload")
        self.assertEqual((code, changes.count("shutdown_")), (0, 2))
        tenfold.process.send_signal(signal.SIGTERM)
        self.assertEqual(tenfold.process.wait(5), 0)

    def test_what_is_wrong_at_the_start_is_said(self):
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        node = self.node()
        tenfold = self.tenfold(
            f'[web.a]\nlisten = "127.0.0.1:{taken.getsockname()[1]}"\nnodes = ["{node.address}"]\n', ready=False
        )
        self.assertEqual(tenfold.process.wait(20), 1)
        self.assertIn("Address already in use", tenfold.log())
        bad = self.tenfold("[web.a]\nlisten = 5\n", ready=False)
        self.assertEqual(bad.process.wait(20), 3)
        self.assertEqual(bad.cli("status")[0], 5)


# Runs Tenfold with a named pipe in the place of a log. It holds the other end itself, so that nobody reads there.
WITH_PIPE = 'pipe="${4%/*}/NAME"; mkfifo "$pipe"; exec 9<>"$pipe" REDIRECT "$@"'


class Logs(Scenario):
    def start(self, name, redirect):
        script = WITH_PIPE.replace("NAME", name).replace("REDIRECT", redirect)
        settings = 'workers = 1\nshutdown_grace = "0s"\nshutdown_limit = "1s"'
        tenfold = self.web([self.node()], run=settings, prefix=["sh", "-c", script, "sh"])
        pipe = os.open(os.path.join(tenfold.folder, name), os.O_RDWR)
        self.addCleanup(os.close, pipe)
        return tenfold, pipe

    @staticmethod
    def takes_no_more(pipe):
        return not select.select([], [pipe], [], 0)[1]

    def test_an_access_log_that_nobody_takes_holds_up_no_request_and_no_end(self):
        tenfold, pipe = self.start("access.log", "")
        client = self.client(tenfold)

        def is_full():
            self.assertEqual(client.get("/" + 2000 * "x").status, 200)
            return self.takes_no_more(pipe)

        wait_until(is_full, "the log takes no more")
        self.assertEqual(client.get().status, 200)
        tenfold.process.send_signal(signal.SIGTERM)
        self.assertEqual(tenfold.process.wait(20), 0)

    def test_events_that_nobody_takes_hold_nothing_up(self):
        tenfold, pipe = self.start("events", '2>"$pipe"')
        with open(tenfold.file, "a", encoding="utf-8") as file:
            file.write(f"{3000 * 'x'} = 1\n")

        def is_full():
            self.assertEqual(tenfold.admin_request("POST", "/v1/reload").status, 422)
            return self.takes_no_more(pipe)

        wait_until(is_full, "standard error takes no more")
        for _ in range(3):
            self.assertEqual(tenfold.admin_request("POST", "/v1/reload").status, 422)
        tenfold.process.send_signal(signal.SIGTERM)
        self.assertEqual(tenfold.process.wait(20), 0)

    def test_a_file_that_may_not_grow_costs_lines_and_no_more(self):
        tenfold = self.web([self.node()], prefix=["prlimit", "--fsize=16384"])
        client = self.client(tenfold)

        def has_failed():
            self.assertEqual(client.get("/" + 2000 * "x").status, 200)
            return "access_log_fails" in tenfold.log()

        wait_until(has_failed, "the log takes no more")
        self.assertEqual(client.get().status, 200)
        self.assertIsNone(tenfold.process.poll())

    def test_standard_streams_that_are_closed_are_nothing_else(self):
        tenfold = self.web([self.node()], prefix=["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"])
        for number in range(3):
            self.assertEqual(os.readlink(f"/proc/{tenfold.process.pid}/fd/{number}"), "/")
        done = subprocess.run(
            ["sh", "-c", 'exec "$@" >&-', "sh", TENFOLD, "status", "-c", tenfold.file],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertEqual(done.returncode, 1)
        self.assertIn("the output cannot be written: Bad file descriptor", done.stderr)


if __name__ == "__main__":
    unittest.main()
