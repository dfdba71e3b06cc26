# SPDX-License-Identifier: Apache-2.0
"""Tenfold without a free descriptor: it says so, and no node is blamed for it."""

import os
import shutil
import tempfile
import time
import unittest

from harness import Scenario, free_port, response, wait_until

DESCRIPTORS = 64


class NoDescriptorIsLeft(Scenario):
    def test_no_node_is_blamed_and_service_returns_by_itself(self):
        # Connections to nodes are not kept: each request needs a descriptor.
        answer = lambda request: response(200, b"hello", ["Connection: close"])
        nodes = [self.node(answer), self.node(answer)]
        addresses = ", ".join(f'"{node.address}"' for node in nodes)
        tenfold = self.tenfold(
            f'[web.test]\nlisten = "127.0.0.1:{{port}}"\nnodes = [{addresses}]\nbalancer = "round-robin"\n'
            'health = { interval = "100ms", fast_interval = "100ms", fall = 1, rise = 1 }\n'
            f'[web.gone]\nlisten = "127.0.0.1:{{port}}"\npath = "/gone/"\nnodes = ["127.0.0.1:{free_port()}"]\n',
            prefix=["prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}"],
            ready=False,  # one service has no node that is up
        )
        judged = lambda: tenfold.log().count(" node_state ") == 3
        wait_until(judged, "two nodes are up, and one is down")
        self.assertIn('few_descriptors limit="64" wanted=', tenfold.log())
        client = self.client(tenfold)
        # UBSan looks at what it has not seen before through a pipe, and takes it for broken when it can have none. So
        # all that is to come is done once while there are descriptors.
        self.assertEqual(client.get("/gone/").status, 502)
        for _ in range(4):
            self.assertEqual(client.get().status, 200)
        wait_until(tenfold.access_entries, "the access log is written")
        early = self.client(tenfold)
        early.send("G")
        early.close()
        metric = lambda: tenfold.admin_request("GET", "/v1/status").json()["connections"]
        wait_until(lambda: metric() == 1, "a client has gone")
        client.send("G")
        # A client is accepted with its first byte; those who come too late wait in the kernel's queue.
        crowd = [self.client(tenfold) for _ in range(DESCRIPTORS)]
        for one in crowd:
            one.send("G")
        open_now = lambda: len(os.listdir(f"/proc/{tenfold.process.pid}/fd"))
        wait_until(lambda: open_now() == DESCRIPTORS, "no descriptor is left")
        client.send("ET / HTTP/1.1\r\nHost: test\r\n\r\n")
        client.read()
        # Long enough for several probes, most of which cannot be made: one that was under way may leave a descriptor.
        replies = []
        end = time.monotonic() + 0.5
        while time.monotonic() < end or not replies:
            replies += [reply for reply in [client.get()] if reply.status != 200]
        for reply in replies:
            self.assertEqual((reply.status, reply.field("Retry-After")), (503, "1"))
            self.assertIn("no_resources: connect: out of resources (Too many open files)", reply.field("Proxy-Status"))
        for one in crowd:
            one.close()
        wait_until(lambda: client.get().status == 200, "there are descriptors again")
        before = [len(node.requests) for node in nodes]
        for _ in range(4):
            self.assertEqual(client.get().status, 200)
        after = [len(node.requests) for node in nodes]
        self.assertEqual(after, [count + 2 for count in before], "neither is passed over")
        services = tenfold.admin_request("GET", "/v1/status").json()["services"]
        for node in next(service for service in services if service["name"] == "web.test")["nodes"]:
            self.assertEqual((node["state"], node["failures"]), ("up", 0))
        self.assertEqual(tenfold.log().count(" node_state "), 3, tenfold.log())
        failures = lambda: [e for e in tenfold.access_entries() if e.get("failure") == "no_resources"]
        wait_until(failures, "the access log says so")

    def test_a_root_that_cannot_be_opened_is_not_a_missing_file(self):
        root = tempfile.mkdtemp(prefix="tenfold-root-")
        self.addCleanup(shutil.rmtree, root)
        with open(f"{root}/a.txt", "wb") as file:
            file.write(b"text")
        services = [
            f'[web.{name}]\nlisten = "127.0.0.1:{{port}}"\npath = "/{name}/"\nroot = "{root}"\n' for name in ("a", "b")
        ]
        limit = ["prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}"]
        tenfold = self.tenfold("".join(services), prefix=limit)
        client = self.client(tenfold)
        # UBSan has to see all once, as above.
        self.assertEqual([client.get(f"/a/{name}").status for name in ("a.txt", "missing")], [200, 404])
        wait_until(tenfold.access_entries, "the access log is written")
        crowd = self.crowd(tenfold)
        self.assertEqual(client.get("/b/a.txt").status, 503)
        for one in crowd:
            one.close()
        wait_until(lambda: client.get("/b/a.txt").status == 200, "there are descriptors again")
        refused = lambda: [entry for entry in tenfold.access_entries() if entry["status"] == 503]
        detail = wait_until(refused, "the access log says so")[0]["detail"]
        self.assertIn("the root: ", detail)
        self.assertIn("Too many open files", detail)

    def crowd(self, tenfold):
        """So many clients that no descriptor is left."""
        crowd = [self.client(tenfold) for _ in range(DESCRIPTORS)]
        for one in crowd:
            one.send("G")
        open_now = lambda: len(os.listdir(f"/proc/{tenfold.process.pid}/fd"))
        wait_until(lambda: open_now() == DESCRIPTORS, "no descriptor is left")
        return crowd

    def test_the_admin_api_answers_all_the_same(self):
        node = self.node()
        tenfold = self.web([node], prefix=["prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}"])
        paths = ("/livez", "/readyz", "/v1/status", "/metrics")
        ask = lambda path: tenfold.admin_request("GET", path).status
        # UBSan has to see all once, as above: the callers, and a client that comes and goes.
        self.assertEqual([ask(path) for path in paths], [200] * len(paths))
        early = self.client(tenfold)
        early.send("G")
        connections = lambda: tenfold.admin_request("GET", "/v1/status").json()["connections"]
        wait_until(lambda: connections() == 1, "a client has come")
        early.close()
        wait_until(lambda: connections() == 0, "a client has gone")
        crowd = [self.client(tenfold) for _ in range(2 * DESCRIPTORS)]
        for one in crowd:
            one.send("G")
        open_now = lambda: len(os.listdir(f"/proc/{tenfold.process.pid}/fd"))
        wait_until(lambda: open_now() == DESCRIPTORS, "no descriptor is left")
        for _ in range(5):  # whoever has been answered leaves the descriptor to the next caller, and not to the crowd
            self.assertEqual([ask(path) for path in paths], [200] * len(paths))
        for one in crowd:
            one.close()
        wait_until(lambda: open_now() < DESCRIPTORS // 2, "there are descriptors for its end")


if __name__ == "__main__":
    unittest.main()
