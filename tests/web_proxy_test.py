# SPDX-License-Identifier: Apache-2.0
"""One web service: what passes through, what is changed on the way, and in whose order."""

import email.utils
import os
import socket
import tempfile
import time
import unittest

from harness import Client, Scenario, request_bytes, response, wait_until


class Proxying(Scenario):
    def test_many_requests_share_a_client_and_a_node_connection(self):
        node = self.node(lambda request: response(200, request.target.encode()))
        client = self.client(self.web([node]))
        for i in range(50):
            self.assertEqual(client.get(f"/item/{i}?q=1").body, f"/item/{i}?q=1".encode())
        self.assertEqual(node.connections, 1 + node.probes)

    def test_pipelined_requests_are_answered_in_order(self):
        node = self.node(lambda request: response(200, request.target.encode()))
        client = self.client(self.web([node]))
        client.send(b"".join(request_bytes("GET", f"/{i}") for i in range(20)))
        self.assertEqual([client.read().body for _ in range(20)], [f"/{i}".encode() for i in range(20)])

    def test_a_request_may_come_byte_by_byte(self):
        node = self.node(lambda request: response(200, request.body))
        client = self.client(self.web([node]))
        for byte in request_bytes("POST", "/slow", body=b"abcdef"):
            client.send(bytes([byte]))
        self.assertEqual(client.read().body, b"abcdef")

    def test_bodies_of_each_framing_pass_whole_both_ways(self):
        node = self.node(lambda request: response(200, request.body))
        client = self.client(self.web([node]))
        for size in (0, 1, 4095, 4096, 4097, 32768, 1_000_000):
            body = bytes(i % 251 for i in range(size))
            client.send(request_bytes("PUT", "/length", body=body))
            self.assertEqual(client.read().body, body)
            client.send(request_bytes("PUT", "/chunked", ["Transfer-Encoding: chunked"]))
            for start in range(0, size, 7777):
                part = body[start : start + 7777]
                client.send(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            client.send(b"0\r\n\r\n")
            self.assertEqual(client.read().body, body)

    def test_a_chunked_response_is_chunked_to_the_client_with_its_trailers(self):
        node = self.node(
            lambda request: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
            b"5\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 11\r\n\r\n"
        )
        client = self.client(self.web([node]))
        client.send(request_bytes("GET", "/", ["TE: trailers"]))
        head = client.read_head()
        self.assertEqual(head.field("Transfer-Encoding"), "chunked")
        rest = b""
        while not rest.endswith(b"\r\n\r\n"):
            rest += client.reader.read1(4096)
        self.assertIn(b"X-Sum: 11\r\n", rest)
        self.assertEqual(client.get().status, 200, "the connection is still good")

    def test_nothing_comes_back_in_trailers_that_is_taken_from_heads(self):
        node = self.node(
            lambda request: b"HTTP/1.1 200 OK\r\nConnection: X-Private\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"0\r\nX_Sum: 11\r\nX-Private: 2\r\nKeep-Alive: timeout=5\r\n\r\n"
        )
        client = self.client(self.web([node]))
        client.send(
            "POST / HTTP/1.1\r\nHost: test\r\nConnection: TE, X-Secret\r\nTE: trailers\r\n"
            "Transfer-Encoding: chunked\r\n\r\n0\r\nX-Forwarded-For: 6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\n"
            "X-Secret: 1\r\nProxy-Authorization: x\r\nX-Sum: 3\r\n\r\n"
        )
        self.assertEqual(client.read_head().status, 200)
        self.assertEqual([client.reader.readline() for _ in range(3)], [b"0\r\n", b"X_Sum: 11\r\n", b"\r\n"])
        self.assertEqual(node.requests[0].trailers, [b"X-Sum: 3\r\n"])

    def test_a_response_until_close_reaches_the_client_whole(self):
        def answer(request):
            request.connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"z" * 100_000)
            return None

        client = self.client(self.web([self.node(answer)]))
        self.assertEqual(client.get().body, b"z" * 100_000)

    def test_an_http_1_0_client_gets_no_chunks_and_a_close(self):
        node = self.node(
            lambda request: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        )
        client = self.client(self.web([node]))
        client.send("GET / HTTP/1.0\r\nHost: test\r\n\r\n")
        reply = client.read()
        self.assertIsNone(reply.field("Transfer-Encoding"))
        self.assertEqual(reply.body, b"hello")
        self.assertTrue(client.at_end())

    def test_head_has_the_length_but_no_body(self):
        node = self.node(
            lambda request: b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
            + (b"" if request.method == "HEAD" else b"hello")
        )
        client = self.client(self.web([node]))
        client.send(request_bytes("HEAD", "/"))
        self.assertEqual(client.read(head_request=True).field("Content-Length"), "5")
        self.assertEqual(client.get().body, b"hello")

    def test_204_and_304_have_no_body(self):
        node = self.node(lambda request: f'HTTP/1.1 {request.target[1:]} X\r\nETag: "a"\r\n\r\n'.encode())
        client = self.client(self.web([node]))
        for status in (204, 304, 204):
            self.assertEqual(client.get(f"/{status}").status, status)

    def test_early_hints_and_continue_are_passed_on(self):
        def answer(request):
            if request.field("Expect"):
                request.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                request.body = request.read_body()
            return b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + response(200, request.body)

        client = self.client(self.web([self.node(answer)]))
        client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        self.assertEqual(client.read_head().status, 100)
        client.send("abc")
        reply = client.read()
        self.assertEqual([hint.status for hint in client.interim], [103])
        self.assertEqual(reply.body, b"abc")

    def test_an_upgraded_connection_is_a_tunnel(self):
        def answer(request):
            request.connection.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nhi "
            )
            while data := request.reader.read1(65536):
                request.connection.sendall(data.upper())
            return None

        client = self.client(self.web([self.node(answer)]))
        client.send("GET /ws HTTP/1.1\r\nHost: test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: echo\r\n\r\nearly ")
        reply = client.read()
        self.assertEqual((reply.status, reply.field("Upgrade")), (101, "echo"))
        self.assertEqual(client.reader.read(9), b"hi EARLY ")
        client.send(b"later")
        self.assertEqual(client.reader.read(5), b"LATER")
        client.socket.shutdown(socket.SHUT_WR)
        self.assertTrue(client.at_end())

    def test_a_node_may_only_switch_to_a_protocol_that_was_offered(self):
        node = self.node()
        tenfold = self.web([node], "health = { enabled = false, eject_after = 0 }")
        for fields, reason in (
            ("X:1", "101 without an Upgrade field"),
            ("Upgrade:echo", "101 without an Upgrade field"),
            ("Connection:upgrade\r\nUpgrade:ssh", "not offered"),
            ("Connection:upgrade\r\nUpgrade:echo,ssh", "not offered"),
            ("Connection:upgrade\r\nUpgrade:ECHO", None),
            ("Connection:upgrade\r\nUpgrade:other/2,echo", None),
        ):
            node.answer = lambda request, fields=fields: f"HTTP/1.1 101 Switch\r\n{fields}\r\n\r\n".encode()
            with self.subTest(fields), tenfold.client() as client:
                reply = client.get(fields=["Connection: upgrade", "Upgrade: echo, other/2"])
                self.assertEqual(reply.status, 502 if reason else 101)
                self.assertIn(reason or "", reply.body.decode())

    def test_heads_of_a_response_may_be_large(self):
        large = f"X-Large: {'a' * 60_000}"

        def answer(request):
            request.connection.sendall(f"HTTP/1.1 103 Early Hints\r\n{large}\r\n\r\n".encode())
            if not request.field("Upgrade"):
                return response(200, b"hello", [large])
            switch = f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n{large}\r\n\r\nhi"
            request.connection.sendall(switch.encode())
            return None

        client = self.client(self.web([self.node(answer)]))
        upgrade = ["Connection: Upgrade", "Upgrade: echo"]
        for fields, status in (([], 200), (upgrade, 101)):
            reply = client.get(fields=fields)
            heads = [*client.interim, reply]
            self.assertEqual([head.status for head in heads], [103, status])
            self.assertEqual([len(head.field("X-Large")) for head in heads], [60_000, 60_000])
        self.assertEqual(client.reader.read(2), b"hi")

    def test_an_upgrade_waits_for_the_end_of_its_request(self):
        def answer(request):
            request.connection.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nhi "
            )
            request.connection.sendall(request.read_body())
            while data := request.reader.read1(65536):
                request.connection.sendall(data.upper())
            return None

        node = self.node(answer)
        tenfold = self.web([node], "health = { enabled = false }")

        def begin(framing, body):
            client = self.client(tenfold)
            client.send(f"GET /ws HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n{framing}\r\n\r\n")
            wait_until(lambda: node.requests, "the node has the request")
            node.requests.clear()
            client.send(body)
            return client

        for framing, body in (
            ("Content-Length: 5", b"body early "),
            ("Transfer-Encoding: chunked", b"5\r\nbody \r\n0\r\n\r\nearly "),
        ):
            client = begin(framing, body)
            self.assertEqual(client.read().status, 101)
            self.assertEqual(client.reader.read(14), b"hi body EARLY ")
            client.send(b"later")
            self.assertEqual(client.reader.read(5), b"LATER")
            client.socket.shutdown(socket.SHUT_WR)
            self.assertTrue(client.at_end())
        self.assertEqual(begin("Transfer-Encoding: chunked", b"5\r\nbody \r\nzz").read().status, 400)
        reply = begin("Content-Length: 5\r\nExpect: 100-continue", b"").read()
        self.assertEqual(reply.status, 502)
        self.assertIn(b"still waits for its 100", reply.body)

    def test_a_large_download_does_not_need_the_client_to_be_fast(self):
        size = 30_000_000
        node = self.node(lambda request: response(200, b"x" * size))
        tenfold = self.web([node])
        slow, quick = self.client(tenfold), self.client(tenfold)
        slow.send(request_bytes("GET", "/big"))
        wait_until(lambda: [r for r in node.requests if r.target == "/big"], "the node has the request")
        self.assertEqual(len(quick.get("/other").body), size)
        self.assertEqual(len(slow.read().body), size)


class Targets(Scenario):
    def test_a_url_becomes_what_its_server_is_asked(self):
        node = self.node()
        client = self.client(self.web([node]))
        for method, url, target in (
            ("GET", "http://real/a?b", "/a?b"),
            ("GET", "http://real", "/"),
            ("GET", "http://real?b=/../c", "/?b=/../c"),
            ("OPTIONS", "http://real", "*"),
            ("OPTIONS", "http://real?b", "/?b"),
            ("OPTIONS", "*", "*"),
        ):
            client.send(request_bytes(method, url, host="real"))
            self.assertEqual(client.read().status, 200, url)
            self.assertEqual((node.requests[-1].target, node.requests[-1].field("Host")), (target, "real"))


class Redirects(Scenario):
    def test_a_redirect_names_what_was_asked_for_at_the_node(self):
        settings = 'mode = "redirect"'
        node = self.node()
        client = self.client(self.web([node], settings))
        for method, target, place in (
            ("GET", "/a?b", "/a?b"),
            ("GET", "http://other?b", "/?b"),
            ("OPTIONS", "*", ""),
        ):
            client.send(request_bytes(method, target))
            self.assertEqual(client.read().field("Location"), f"http://{node.address}{place}")

    def test_explain_tells_where_a_redirect_goes_and_how_it_can_fail(self):
        node = self.node()
        tenfold = self.web([node], 'mode = "redirect"')
        code, text, _ = tenfold.cli("explain", "http", f"http://x:{tenfold.port}/x")
        self.assertEqual(code, 0)
        self.assertIn("result: redirected", text)
        self.assertIn("status: 302", text)
        self.assertIn(node.address, text)
        self.assertIn("503 no_node", text)
        self.assertNotIn("502", text)
        with tenfold.client() as client:
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000000\r\n\r\n")
            self.assertEqual(client.read().status, 413, "as explain says")
        self.assertEqual(tenfold.cli("drain", "web.test", node.address)[0], 4)
        with tenfold.client() as client:
            reply = client.get("/")
        self.assertEqual(reply.status, 503)
        self.assertIn("no_node", reply.field("Proxy-Status"))

    def test_a_node_at_a_unix_socket_needs_a_public_url(self):
        tenfold = self.web([self.node()], 'mode = "redirect"')
        code, _, talk = tenfold.cli("add", "web.test", "unix:/run/n.sock")
        self.assertNotEqual(code, 0)
        self.assertIn("no client can be sent to unix:/run/n.sock", talk)
        with tenfold.client() as client:
            self.assertEqual(client.get("/").status, 302)


class Fields(Scenario):
    def seen(self, fields, settings=""):
        node = self.node()
        client = self.client(self.web([node], settings))
        client.send(request_bytes("GET", "/fields", fields))
        self.assertEqual(client.read().status, 200)
        return next(request for request in node.requests if request.target == "/fields")

    def test_hop_by_hop_fields_stop_here(self):
        seen = self.seen(
            [
                "Connection: keep-alive, X-Private",
                "X-Private: 1",
                "Keep-Alive: timeout=5",
                "Proxy-Connection: close",
                "TE: gzip",
                "X-Public: 2",
            ]
        )
        for name in ("X-Private", "Keep-Alive", "Proxy-Connection", "TE"):
            self.assertIsNone(seen.field(name), name)
        self.assertEqual(seen.field("X-Public"), "2")

    def test_trailers_are_taken_by_who_says_so(self):
        for fields, said in (
            (["TE: gzip", "TE: deflate, Trailers"], "trailers"),
            (["TE: trailersX"], None),
            (['TE: a;b="c, trailers, d"'], None),
        ):
            self.assertEqual(self.seen([*fields, "Connection: TE"]).field("TE"), said, fields)

    def test_a_response_without_a_date_gets_one(self):
        theirs = "Thu, 01 Jan 1970 00:00:00 GMT"
        dated = response(200, fields=[f"date: {theirs}"])
        node = self.node(lambda request: dated if request.target == "/dated" else response(200))
        client = self.client(self.web([node]))
        self.assertEqual(client.get("/dated").field("Date"), theirs)
        ours = email.utils.parsedate_to_datetime(client.get("/").field("Date"))
        self.assertLess(abs(ours.timestamp() - time.time()), 60)

    def test_an_expectation_of_http_1_0_is_ignored(self):
        node = self.node(lambda request: response(200, request.body))
        client = self.client(self.web([node]))
        client.send("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc")
        self.assertEqual(client.read().body, b"abc")
        self.assertIsNone(node.requests[-1].field("Expect"))

    def test_http_2_is_not_offered_to_nodes(self):
        settings = "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"
        seen = self.seen(["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", settings])
        for name in ("Connection", "Upgrade", "HTTP2-Settings"):
            self.assertIsNone(seen.field(name), name)
        seen = self.seen(["Connection: Upgrade", "Upgrade: H2C , websocket,h2c/1, echo/2", settings])
        self.assertEqual((seen.field("Connection"), seen.field("Upgrade")), ("upgrade", "websocket, echo/2"))
        self.assertIsNone(seen.field("HTTP2-Settings"))

    def test_what_an_unknown_client_says_of_itself_is_replaced(self):
        seen = self.seen(
            [
                "X-Forwarded-For: 6.6.6.6",
                "X-Forwarded-Proto: https",
                "X-Forwarded-Host: evil",
                "Forwarded: for=6.6.6.6",
                "X-Forwarded-Prefix: /x",
                "X-Real-IP: 6.6.6.6",
            ]
        )
        self.assertEqual(seen.field("X-Forwarded-For"), "127.0.0.1")
        self.assertEqual(seen.field("X-Forwarded-Proto"), "http")
        self.assertEqual(seen.field("X-Forwarded-Host"), "test")
        self.assertNotIn("6.6.6.6", str(seen.fields))
        self.assertIsNone(seen.field("X-Forwarded-Prefix"))

    def test_what_a_trusted_proxy_says_is_kept_and_added_to(self):
        seen = self.seen(
            ["X-Forwarded-For: 6.6.6.6, 10.0.0.9", "X-Forwarded-Proto: https"],
            'trusted_proxies = ["127.0.0.0/8", "10.0.0.0/8"]',
        )
        self.assertEqual(seen.field("X-Forwarded-For"), "6.6.6.6, 10.0.0.9, 127.0.0.1")
        self.assertEqual(seen.field("X-Forwarded-Proto"), "https")

    def test_a_proxy_at_a_unix_listener_is_believed_by_its_word_and_has_no_address(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "web.sock")
            fields = ["X-Forwarded-For: 6.6.6.6, 1.2.3.4", "X-Forwarded-Proto: https", "Forwarded: for=1.2.3.4"]
            for trusted, addresses, proto, forwarded in (
                ('"unix:", "10.0.0.0/8"', "6.6.6.6, 1.2.3.4", "https", "for=1.2.3.4, for=unknown;host=test;proto=http"),
                ('"0.0.0.0/0"', None, "http", "for=unknown;host=test;proto=http"),
            ):
                node = self.node()
                tenfold = self.tenfold(
                    f'[web.test]\nlisten = ["127.0.0.1:{{port}}", "unix:{path}"]\nnodes = ["{node.address}"]\n'
                    f"forwarded = true\ntrusted_proxies = [{trusted}]\n"
                )
                with Client(path) as client:
                    self.assertEqual(client.get("/", fields).status, 200)
                    seen = node.requests[-1]
                    self.assertEqual(seen.field("X-Forwarded-For"), addresses)
                    self.assertEqual(seen.field("X-Forwarded-Proto"), proto)
                    self.assertEqual(seen.field("Forwarded"), forwarded)
                    self.assertEqual(client.get("/").status, 200)
                    self.assertIsNone(node.requests[-1].field("X-Forwarded-For"))
                visitor = "1.2.3.4" if addresses else "unix:"
                entry = wait_until(tenfold.access_entries, "the request is logged")[0]
                self.assertEqual(entry["client"], visitor)
                effective = tenfold.cli("check", "--effective")[1]
                self.assertIn(f"trusted_proxies = [{trusted}]", effective)
                with tenfold.client() as client:
                    self.assertEqual(client.get("/", fields).status, 200)
                tenfold.stop()

    def test_a_request_that_names_no_host_is_for_the_address_that_it_came_to(self):
        node = self.node()
        tenfold = self.web([node])
        client = self.client(tenfold)
        client.send("GET / HTTP/1.0\r\n\r\n")
        self.assertEqual(client.read().status, 200)
        self.assertEqual(node.requests[0].field("Host"), f"127.0.0.1:{tenfold.port}")

    def test_the_host_is_kept_and_the_trace_passed_on(self):
        trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        seen = self.seen([f"traceparent: {trace}"])
        self.assertEqual(seen.field("Host"), "test")
        self.assertEqual(seen.field("traceparent").split("-")[1], trace.split("-")[1])

    def test_a_trace_is_made_where_there_is_none(self):
        self.assertRegex(self.seen([]).field("traceparent"), r"^00-[0-9a-f]{32}-[0-9a-f]{16}-01$")


class Malformed(Scenario):
    CASES = {
        "two lengths": "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        "length and chunked": "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "signed length": "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx",
        "chunked twice": "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        "another coding": "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "bare line feed": "GET / HTTP/1.1\nHost: a\n\n",
        "space before colon": "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "folded field": "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n",
        "no host": "GET / HTTP/1.1\r\n\r\n",
        "two hosts": "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "underscore": "GET / HTTP/1.1\r\nHost: a\r\nX_Auth_User: root\r\n\r\n",
        "fragment": "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n",
        "escaped slash": "GET /a%2fb HTTP/1.1\r\nHost: a\r\n\r\n",
        "escaped dots": "GET /a%2f..%2fb HTTP/1.1\r\nHost: a\r\n\r\n",
        "chunked in 1.0": "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    }

    def test_each_is_refused_and_no_node_hears_of_it(self):
        node = self.node()
        tenfold = self.web([node])
        for name, text in self.CASES.items():
            with self.subTest(name), tenfold.client() as client:
                client.send(text)
                reply = client.read()
                self.assertEqual(reply.status, 400)
                self.assertIn("http_request_error", reply.field("Proxy-Status"))
                self.assertTrue(client.at_end())
        self.assertEqual([r for r in node.requests if r.field("Host") == "a"], [])

    def test_the_log_names_what_was_refused_and_nobody_elses_trace(self):
        tenfold = self.web([self.node()])
        with tenfold.client() as client:
            self.assertEqual(client.get("/first").status, 200)
            self.assertEqual(client.get("/a%2Fb").status, 400)
        first, refused = wait_until(lambda: len(found := tenfold.access_entries()) == 2 and found, "both are logged")
        self.assertEqual((refused["status"], refused["target"], refused["method"]), (400, "/a%2Fb", "GET"))
        self.assertIn("escaped_slashes is not set", refused["detail"])
        self.assertNotEqual(refused.get("trace"), first["trace"])

    def test_escaped_slashes_are_passed_on_where_the_service_wants_them(self):
        node = self.node()
        tenfold = self.web([node], "escaped_slashes = true")
        with tenfold.client() as client:
            self.assertEqual(client.get("/@a%2fb/../c%2Fd?x=%2f").status, 200)
        self.assertEqual(node.requests[-1].target, "/c%2Fd?x=%2f")
        with tenfold.client() as client:
            self.assertEqual(client.get("/a%2f..%2fb").status, 400)
        code, text, _ = tenfold.cli("explain", "http", f"http://x:{tenfold.port}/a%2fb")
        self.assertEqual((code, "/a%2Fb" in text), (0, True), text)
        tenfold = self.web([node])
        code, text, _ = tenfold.cli("explain", "http", f"http://x:{tenfold.port}/a%2fb")
        self.assertIn("escaped_slashes is not set", text)

    def test_broken_chunks_end_the_request(self):
        node = self.node(lambda request: response(200, request.body))
        with self.web([node]).client() as client:
            client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n")
            self.assertEqual(client.read().status, 400)
            self.assertTrue(client.at_end())

    def test_limits_have_their_own_status(self):
        tenfold = self.web([self.node()])
        for status, text in (
            (414, f"GET /{'a' * 20000} HTTP/1.1\r\nHost: a\r\n\r\n"),
            (431, "GET / HTTP/1.1\r\nHost: a\r\n" + "X: 1\r\n" * 200 + "\r\n"),
            (431, f"GET / HTTP/1.1\r\nHost: a\r\nX: {'a' * 70000}\r\n\r\n"),
            (505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
            (501, "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
        ):
            with self.subTest(status), tenfold.client() as client:
                client.send(text)
                self.assertEqual(client.read().status, status)


if __name__ == "__main__":
    unittest.main()
