# SPDX-License-Identifier: Apache-2.0
"""Requests that wait for a node, and nodes that are added or come back meanwhile."""

import threading
import unittest

from harness import Node, Scenario, free_port, request_bytes, response, wait_until


class Waiting(Scenario):
    ONE_AT_A_TIME = 'node_connections = 1\nqueue_timeout = "8s"\nretry_budget_percent = 100\n'

    def held_node(self, name):
        """A node that answers with its name, once `released` is set."""
        node = self.node()
        node.released = threading.Event()
        self.addCleanup(node.released.set)

        def answer(request):
            node.released.wait(20)
            return response(200, name)

        node.answer = answer
        return node

    def send(self, tenfold, target):
        client = self.client(tenfold)
        client.send(request_bytes("GET", target))
        return client

    def queue(self, tenfold, count):
        """Clients whose requests wait, in the order in which they came."""
        clients = []
        for place in range(1, count + 1):
            clients.append(self.send(tenfold, f"/waiting/{place}"))
            wait_until(lambda place=place: self.status(tenfold)["queued"] == place, "the request waits")
        return clients

    def status(self, tenfold):
        return tenfold.admin_request("GET", "/v1/status").json()["services"][0]

    def test_a_node_that_is_added_serves_those_that_wait_already(self):
        busy, new = self.held_node(b"busy"), self.node(lambda request: response(200, b"new"))
        tenfold = self.web([busy], self.ONE_AT_A_TIME)
        first = self.send(tenfold, "/first")
        wait_until(lambda: busy.requests, "the node is busy")
        waiting = self.queue(tenfold, 5)
        code, _, problem = tenfold.cli("add", "web.test", new.address)
        self.assertEqual(code, 0, problem)
        self.assertEqual([client.read().body for client in waiting], [b"new"] * 5)
        self.assertEqual([request.target for request in new.requests], [f"/waiting/{place}" for place in range(1, 6)])
        busy.released.set()
        self.assertEqual(first.read().body, b"busy")

    def test_a_node_that_is_back_is_used_though_nobody_tells_of_it(self):
        busy, port = self.held_node(b"busy"), free_port()
        tenfold = self.tenfold(
            f'[web.test]\nlisten = "127.0.0.1:{{port}}"\nnodes = ["{busy.address}", "127.0.0.1:{port}"]\n'
            + self.ONE_AT_A_TIME
            + 'balancer = "round-robin"\nhealth = { enabled = false, eject_after = 0 }\n'
        )
        self.send(tenfold, "/first")
        wait_until(lambda: busy.requests, "the node is busy")
        *_, last = self.queue(tenfold, 3)
        back = Node(lambda request: response(200, b"back"), port=port)
        self.addCleanup(back.close)
        self.assertEqual(last.read().body, b"back")


if __name__ == "__main__":
    unittest.main()
