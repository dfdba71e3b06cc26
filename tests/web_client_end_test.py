# SPDX-License-Identifier: Apache-2.0
"""Clients that end before they have their answer: by halves, by a reset, in the queue and within an upload."""

import socket
import struct
import threading
import unittest

from harness import Node, Scenario, request_bytes, response, wait_until

# More than a client's side of a connection takes before it is read, and less than both sides do.
LARGE = b"x" * 2_000_000
NO_PROBES = "health = { enabled = false }\nnode_connections = 1"
# A node that is slower than this is one for whose answer the client is watched.
LONGER_THAN_THE_CLIENT_IS_UNWATCHED_SECONDS = 0.4


def reset(client):
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def half_close(client):
    client.socket.shutdown(socket.SHUT_WR)


class EarlyNode(Node):
    """Begins its answer before it has the request's body, and never ends it."""

    def serve(self, connection, reader):
        reader.readline()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nxyz")
        while reader.read1(65536):
            pass


class ClientEnds(Scenario):
    def setUp(self):
        self.cut_off = threading.Event()

    def answer(self, request):
        """/quick is answered at once, /slow later, and /never only by noticing that the connection was ended."""
        if request.target == "/slow":
            threading.Event().wait(LONGER_THAN_THE_CLIENT_IS_UNWATCHED_SECONDS)
            return response(200, b"slow")
        if request.target == "/large":
            return response(200, LARGE)
        if request.target == "/never":
            if request.connection.recv(1) == b"":
                self.cut_off.set()
            return None
        return response(200, request.body or b"quick")

    def start(self, settings=""):
        self.a_node = self.node(self.answer)
        return self.web([self.a_node], f"{NO_PROBES}\n{settings}")

    def has_reached_the_node(self, target):
        wait_until(lambda: any(request.target == target for request in self.a_node.requests), f"the node has {target}")

    def entries_of(self, tenfold, target):
        return wait_until(
            lambda: [entry for entry in tenfold.access_entries() if entry["target"] == target], f"a line for {target}"
        )

    def test_a_client_that_only_sends_no_more_gets_its_answer(self):
        tenfold = self.start()
        for requests_before in (0, 1):
            client = self.client(tenfold)
            for _ in range(requests_before):
                self.assertEqual(client.get("/quick").body, b"quick")
            client.send(request_bytes("GET", "/slow"))
            half_close(client)
            self.assertEqual(client.read().body, b"slow")
            self.assertTrue(client.at_end())

    def test_so_does_one_that_waits_in_the_queue(self):
        tenfold = self.start()
        first = self.client(tenfold)
        first.send(request_bytes("GET", "/slow"))
        self.has_reached_the_node("/slow")
        second = self.client(tenfold)
        second.send(request_bytes("GET", "/quick"))
        half_close(second)
        self.assertEqual(second.read().body, b"quick")
        self.assertEqual(first.read().body, b"slow")

    def test_so_does_one_with_an_upload(self):
        tenfold = self.start()
        body = b"x" * 100_000
        client = self.client(tenfold)
        client.send(request_bytes("POST", "/upload", body=body))
        half_close(client)
        self.assertEqual(client.read().body, body)

    def test_a_reset_frees_the_node(self):
        tenfold = self.start()
        for body in (b"", b"x" * 100_000):
            self.cut_off.clear()
            client = tenfold.client()
            client.send(request_bytes("POST", "/never", body=body))
            self.has_reached_the_node("/never")
            reset(client)
            self.assertTrue(self.cut_off.wait(10), "the node's connection ends")
            self.assertEqual(self.client(tenfold).get("/quick").status, 200)
            self.a_node.requests.clear()
        for entry in self.entries_of(tenfold, "/never"):
            self.assertEqual((entry["status"], entry["failure"]), (0, "client_closed"))

    def test_a_reset_takes_a_request_out_of_the_queue(self):
        tenfold = self.start("queue_length = 1\nqueue_timeout = '1m'")
        first = self.client(tenfold)
        first.send(request_bytes("GET", "/never"))
        self.has_reached_the_node("/never")
        waiting = lambda: tenfold.admin_request("GET", "/v1/status").json()["services"][0]["queued"]
        for target, body in (("/gone", b""), ("/gone-with-upload", b"x" * 100_000)):
            client = tenfold.client()
            client.send(request_bytes("POST", target, body=body))
            wait_until(lambda: waiting() == 1, "a request waits in the queue")
            reset(client)
            wait_until(lambda: waiting() == 0, "it has left the queue")
            entry = self.entries_of(tenfold, target)[0]
            self.assertEqual((entry["status"], entry["failure"], entry["attempts"]), (0, "client_closed", 0))
        reset(first)
        self.assertEqual(self.client(tenfold).get("/quick").status, 200)
        self.assertEqual({request.target for request in self.a_node.requests}, {"/never", "/quick"})

    def test_what_comes_behind_the_last_request_does_not_cut_its_answer_short(self):
        tenfold = self.start()
        for surplus in (b"\r\n", request_bytes("GET", "/quick")):
            with tenfold.client() as client:
                client.send(request_bytes("GET", "/large", ["Connection: close"]))
                self.has_reached_the_node("/large")
                client.send(surplus)
                self.assertEqual(client.read().body, LARGE)
                client.send(surplus)
                self.assertEqual(client.reader.read(), b"")
            self.a_node.requests.clear()

    def test_one_that_ends_within_its_body_is_said_to_have_ended(self):
        node = EarlyNode()
        self.addCleanup(node.close)
        tenfold = self.web([node], NO_PROBES)
        client = self.client(tenfold)
        client.send("POST /begun HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\nxyz")
        self.assertEqual(client.read_head().status, 200)
        half_close(client)
        entry = self.entries_of(tenfold, "/begun")[0]
        self.assertEqual((entry["status"], entry["failure"]), (200, "client_closed"))

    def test_one_that_ends_while_its_answer_pauses_frees_the_node(self):
        for settings, end in (("", reset), ("abort_on_close = true", half_close)):
            node = EarlyNode()
            self.addCleanup(node.close)
            tenfold = self.web([node], f"{NO_PROBES}\nbody_timeout = '1h'\n{settings}")
            client = tenfold.client()
            client.send(request_bytes("GET", "/events"))
            self.assertEqual(client.read_head().status, 200)
            end(client)
            wait_until(lambda node=node: not node.open_sockets, "the node's connection ends")
            entry = self.entries_of(tenfold, "/events")[0]
            self.assertEqual((entry["status"], entry["failure"]), (200, "client_closed"))
            client.close()

    def test_abort_on_close_takes_the_end_of_sending_for_the_end(self):
        tenfold = self.start("abort_on_close = true\nqueue_timeout = '1m'")
        first = self.client(tenfold)
        first.send(request_bytes("GET", "/never"))
        self.has_reached_the_node("/never")
        second = self.client(tenfold)
        second.send(request_bytes("GET", "/queued"))
        half_close(second)
        self.assertTrue(second.at_end())
        self.assertEqual(self.entries_of(tenfold, "/queued")[0]["failure"], "client_closed")
        half_close(first)
        self.assertTrue(self.cut_off.wait(10), "the node's connection ends")
        self.assertTrue(first.at_end())


class Unsent(Scenario):
    def test_what_could_not_be_sent_is_not_counted(self):
        gone = threading.Event()
        node = self.node(lambda _: gone.wait(20) and response(200, b"x" * 20_000))
        tenfold = self.web([node])
        client = self.client(tenfold)
        client.send(request_bytes("GET", "/"))
        wait_until(lambda: node.requests, "the request is under way")
        reset(client)
        gone.set()
        (entry,) = wait_until(tenfold.access_entries, "the access log is written")
        self.assertEqual((entry["failure"], entry["sent_bytes"]), ("client_closed", 0))


if __name__ == "__main__":
    unittest.main()
