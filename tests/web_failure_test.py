# SPDX-License-Identifier: Apache-2.0
"""What happens when nodes, clients or limits fail: the status, the reason, and what is never sent twice."""

import threading
import unittest

from harness import Node, Scenario, free_port, request_bytes, response, wait_until


class DeadNode:
    """An address on which nobody listens."""

    def __init__(self):
        self.address = f"127.0.0.1:{free_port()}"


class Probed(Scenario):
    HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"

    def test_early_hints_are_not_yet_the_answer(self):
        node = self.node()
        node.answer_probe = lambda request: self.HINTS + self.HINTS + response(200, b"well")
        tenfold = self.web([node])
        self.assertEqual(self.client(tenfold).get().status, 200)
        self.assertNotIn(" down ", tenfold.log())

    def test_a_node_is_asked_by_a_host_that_it_can_read(self):
        for listen, settings, host in (
            ("127.0.0.1", "", "127.0.0.1"),
            ("::1", "", "[::1]"),
            ("::1", 'host = "shop.example.com"', "shop.example.com"),
            ("::1", 'host = "*.example.com"', "tenfold-health.example.com"),
        ):
            hosts = []
            node = Node(listen=listen)
            self.addCleanup(node.close)
            node.answer_probe = lambda request, hosts=hosts: hosts.append(request.field("Host")) or response(200)
            self.web([node], settings)
            self.assertEqual(hosts[0], host)

    def test_hints_without_an_end_are_no_answer(self):
        node = self.node()
        node.answer_probe = lambda request: self.HINTS * 2000
        settings = 'health = { interval = "100ms", fast_interval = "100ms", fall = 1 }'
        tenfold = self.web([node], settings, ready=False)
        wait_until(lambda: "interim responses go on and on" in tenfold.log(), "the node is down")


    def test_a_shorter_interval_does_not_wait_for_the_longer_one(self):
        well, dead = self.node(), DeadNode()
        topology = '[web.test]\nlisten = "127.0.0.1:{port}"\nnodes = ["%s", "%s"]\nhealth = { interval = "%s", %s }\n'
        rest = 'fast_interval = "1h", rise = 1, fall = 1'
        tenfold = self.tenfold(topology % (well.address, dead.address, "1h", rest))
        nodes = lambda: tenfold.admin_request("GET", "/v1/services/web.test").json()["nodes"]
        wait_until(lambda: nodes()[1]["state"] == "down", "the node is down")
        node = Node(port=int(dead.address.rpartition(":")[2]))
        self.addCleanup(node.close)
        rest = rest.replace("1h", "100ms")
        tenfold.write(topology % (well.address, dead.address, "100ms", rest))
        self.assertEqual(tenfold.cli("reload")[0], 0)
        client = self.client(tenfold)
        wait_until(lambda: client.get().status == 200 and node.requests, "the node is up, and gets requests")


class Failing(Scenario):
    NO_PROBES = "health = { enabled = false, eject_after = 0 }"

    def test_an_unreachable_node_is_passed_over(self):
        node = self.node()
        client = self.client(self.web([DeadNode(), node], "health = { enabled = false }"))
        for _ in range(100):
            self.assertEqual(client.get().status, 200)

    def test_a_post_too_goes_to_the_next_node_when_none_of_it_was_sent(self):
        node = self.node()
        client = self.client(self.web([DeadNode(), node], self.NO_PROBES + "\nretry_budget_percent = 100"))
        for _ in range(20):
            client.send(request_bytes("POST", "/", body=b"x" * 10_000))
            self.assertEqual(client.read().status, 200)

    def test_no_node_at_all_is_502_with_the_reason(self):
        tenfold = self.web([DeadNode()], self.NO_PROBES)
        client = self.client(tenfold)
        reply = client.get()
        self.assertEqual(reply.status, 502)
        self.assertIn("error=connection_refused", reply.field("Proxy-Status"))
        self.assertIn("connect_failed", reply.field("Proxy-Status"))
        entry = wait_until(tenfold.access_entries, "the log has a line")[0]
        self.assertEqual((entry["status"], entry["failure"]), (502, "connect_failed"))
        self.assertIn("Connection refused", entry["detail"])

    def test_a_post_that_was_sent_is_never_sent_again(self):
        closing = self.node(lambda request: None)
        other = self.node()
        client = self.client(self.web([closing, other], self.NO_PROBES + '\nbalancer = "round-robin"'))
        statuses = []
        for _ in range(10):
            client.send(request_bytes("POST", "/", body=b"order"))
            statuses.append(client.read().status)
        self.assertEqual(sorted(set(statuses)), [200, 502])
        self.assertEqual(len(closing.requests) + len(other.requests), 10)

    def test_a_connection_closed_while_idle_costs_a_get_nothing(self):
        node = self.node()
        # On a busy machine, most requests may be sent before Tenfold has heard of the end, and cost a retry.
        client = self.client(self.web([node], self.NO_PROBES + "\nretry_budget_percent = 100"))
        for _ in range(20):
            self.assertEqual(client.get().status, 200)
            node.close_connections()

    def test_a_cut_body_is_never_made_to_look_whole(self):
        for head in (b"Content-Length: 1000\r\n", b"Transfer-Encoding: chunked\r\n"):

            def answer(request, head=head):
                request.connection.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n3\r\nabc\r\n")
                return None

            client = self.client(self.web([self.node(answer)], self.NO_PROBES))
            client.send(request_bytes("GET", "/"))
            with self.assertRaises((EOFError, ConnectionResetError, ValueError)):
                client.read()

    def test_a_silent_node_is_504(self):
        release = threading.Event()
        self.addCleanup(release.set)

        def answer(request):
            release.wait(20)
            return None

        client = self.client(self.web([self.node(answer)], self.NO_PROBES + '\nresponse_timeout = "200ms"'))
        reply = client.get()
        self.assertEqual(reply.status, 504)
        self.assertIn("node_timeout", reply.field("Proxy-Status"))

    def test_an_answer_of_our_own_says_that_its_listener_has_gone(self):
        release = threading.Event()
        self.addCleanup(release.set)
        node = self.node(lambda request: release.wait(20) and None)
        settings = self.NO_PROBES + '\nresponse_timeout = "1s"'
        tenfold = self.web([node], settings)
        client = self.client(tenfold)
        client.send(request_bytes("GET", "/"))
        wait_until(lambda: node.requests, "the node has the request")
        elsewhere = f'[web.test]\nlisten = "127.0.0.1:{free_port()}"\nnodes = ["{node.address}"]\n{settings}\n'
        tenfold.write(elsewhere)
        self.assertEqual(tenfold.cli("reload")[0], 0)
        reply = client.read()
        self.assertEqual((reply.status, reply.field("Connection")), (504, "close"))

    def test_a_client_that_goes_away_frees_its_node(self):
        ended = threading.Event()

        def answer(request):
            if request.target == "/quick":
                return response(200, b"quick")
            if request.connection.recv(1) == b"":
                ended.set()
            return None

        node = self.node(answer)
        tenfold = self.web([node], self.NO_PROBES + "\nnode_connections = 1\nabort_on_close = true")
        for requests_before in (0, 1):
            client = tenfold.client()
            for _ in range(requests_before):
                self.assertEqual(client.get("/quick").body, b"quick")
            ended.clear()
            client.send(request_bytes("GET", "/slow"))
            wait_until(lambda: node.requests and node.requests[-1].target == "/slow", "the node has the request")
            client.close()
            self.assertTrue(ended.wait(10), "the node's connection ends")
            self.assertEqual(self.client(tenfold).get("/quick").status, 200)
        entry = wait_until(
            lambda: [entry for entry in tenfold.access_entries() if entry["target"] == "/slow"], "the log has a line"
        )[0]
        self.assertEqual((entry["status"], entry["failure"]), (0, "client_closed"))
        status = tenfold.admin_request("GET", "/v1/status").json()["services"][0]
        self.assertEqual(status["nodes"][0]["failures"], 0, "the node did nothing wrong")

    def test_a_malformed_response_is_502(self):
        for text in (
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
            b"SSH-2.0-server\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\nzz\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nContent-Length: 2\r\n\r\n",
        ):
            client = self.client(self.web([self.node(lambda request, text=text: text)], self.NO_PROBES))
            reply = client.get()
            self.assertEqual(reply.status, 502)
            self.assertIn("node_malformed", reply.field("Proxy-Status"))

    def test_a_full_queue_is_503_with_retry_after(self):
        release = threading.Event()
        self.addCleanup(release.set)

        def answer(request):
            release.wait(20)
            return response(200, b"late")

        node = self.node(answer)
        tenfold = self.web([node], self.NO_PROBES + "\nnode_connections = 1\nqueue_length = 1")
        first, second, third = (self.client(tenfold) for _ in range(3))
        first.send(request_bytes("GET", "/1"))
        wait_until(lambda: len(node.requests) == 1, "the node has the first")
        second.send(request_bytes("GET", "/2"))
        wait_until(
            lambda: tenfold.admin_request("GET", "/v1/status").json()["services"][0]["queued"] == 1, "the second waits"
        )
        reply = third.get("/3")
        self.assertEqual((reply.status, reply.field("Retry-After")), (503, "1"))
        self.assertIn("queue_full", reply.field("Proxy-Status"))
        release.set()
        self.assertEqual((first.read().body, second.read().body), (b"late", b"late"))

    def test_waiting_too_long_is_503(self):
        release = threading.Event()
        self.addCleanup(release.set)

        def answer(request):
            release.wait(20)
            return response(200)

        node = self.node(answer)
        tenfold = self.web([node], self.NO_PROBES + '\nnode_connections = 1\nqueue_timeout = "100ms"')
        first, second = self.client(tenfold), self.client(tenfold)
        first.send(request_bytes("GET", "/1"))
        wait_until(lambda: len(node.requests) == 1, "the node has the first")
        self.assertIn("queue_timeout", second.get("/2").field("Proxy-Status"))

    def test_an_empty_line_behind_a_request_begins_no_other(self):
        tenfold = self.web([self.node()], "idle_timeout = '500ms'", run='workers = 1\nheader_timeout = "200ms"')
        for with_it, later in ((b"\r\n", b""), (b"", b"\r\n")):
            client = self.client(tenfold)
            for _ in range(2):
                client.send(request_bytes("POST", "/", body=b"x") + with_it)
                self.assertEqual(client.read().status, 200)
                client.send(later)
            self.assertTrue(client.at_end())
        self.assertEqual({entry["status"] for entry in tenfold.access_entries()} | {200}, {200})

    def test_a_slow_head_is_408_and_closed(self):
        tenfold = self.web([self.node()], run='workers = 1\nheader_timeout = "200ms"')
        client = self.client(tenfold)
        client.send("GET / HTTP/1.1\r\nHost:")
        self.assertEqual(client.read().status, 408)
        self.assertTrue(client.at_end())

    def test_a_body_over_the_limit_is_413(self):
        tenfold = self.web([self.node()], 'body_max = "1KiB"')
        client = self.client(tenfold)
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n")
        client.send(b"x" * 100_000)
        self.assertEqual(client.read().status, 413)
        client = self.client(tenfold)
        client.send(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n" + "x" * 4096 + "\r\n0\r\n\r\n"
        )
        self.assertEqual(client.read().status, 413)

    def test_a_dead_node_that_nobody_has_judged_yet_costs_hardly_a_retry(self):
        for balancer in ("p2c", "round-robin", "least-request", "random", "hash"):
            nodes = [DeadNode(), self.node()]
            tenfold = self.web(nodes, self.NO_PROBES + f'\nbalancer = "{balancer}"')
            client = self.client(tenfold)
            statuses = {client.get(f"/{i}").status for i in range(300)}
            self.assertEqual(statuses, {200}, balancer)

    def test_retries_stay_within_their_budget(self):
        tenfold = self.web([DeadNode() for _ in range(4)], self.NO_PROBES + "\nretries = 3")
        client = self.client(tenfold)
        reasons = [client.get().field("Proxy-Status") for _ in range(200)]
        self.assertIn("connect_failed", reasons[0])
        self.assertIn("retry_budget", reasons[-1], "the budget ends")
        status = tenfold.admin_request("GET", "/v1/status").json()["services"][0]
        self.assertLessEqual(status["retries"], 10 + 200 * 0.2)

    def test_five_failures_in_a_row_eject_a_node_and_half_stay(self):
        bad = self.node(lambda request: None)
        good = self.node()
        tenfold = self.web([bad, good], 'balancer = "round-robin"\nhealth = { eject_for = "60s" }')
        client = self.client(tenfold)

        def states():
            nodes = tenfold.admin_request("GET", "/v1/status").json()["services"][0]["nodes"]
            return {node["address"]: node["state"] for node in nodes}

        wait_until(lambda: set(states().values()) == {"up"}, "both are up")
        for _ in range(40):
            client.send(request_bytes("GET", "/"))
            client.read()
            if states()[bad.address] == "ejected":
                break
        self.assertEqual(states(), {bad.address: "ejected", good.address: "up"})
        self.assertEqual({client.get().status for _ in range(20)}, {200})
        events = tenfold.admin_request("GET", "/v1/events").json()
        self.assertTrue(any("requests failed in a row" in event["details"] for event in events))

    def test_event_streams_that_pause_are_cut_and_no_fault_of_their_node(self):
        release = threading.Event()
        self.addCleanup(release.set)

        def answer(request):
            request.connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            release.wait(20)
            return None

        nodes = [self.node(answer), self.node(answer)]
        tenfold = self.web(nodes, 'body_timeout = "100ms"\nhealth = { eject_for = "60s" }')
        for _ in range(12):
            with tenfold.client() as client:
                client.send(request_bytes("GET", "/"))
                with self.assertRaises((EOFError, ConnectionResetError)):
                    client.read()
        entries = wait_until(lambda: len(found := tenfold.access_entries()) == 12 and found, "all are logged")
        self.assertEqual({entry["failure"] for entry in entries}, {"node_timeout"})
        states = tenfold.admin_request("GET", "/v1/status").json()["services"][0]["nodes"]
        self.assertNotIn("ejected", [node["state"] for node in states])


if __name__ == "__main__":
    unittest.main()
