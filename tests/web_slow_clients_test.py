# SPDX-License-Identifier: Apache-2.0
"""Clients that read slowly, which is no failure, and clients that read no more."""

import shutil
import socket
import tempfile
import time
import unittest

from harness import Scenario, request_bytes, response, wait_until

SIZE_BYTES = 5_000_000
PAUSE_SECONDS = 0.4
SETTINGS = f'body_timeout = "{round(PAUSE_SECONDS * 1000)}ms"'


class SlowClients(Scenario):
    """Of files; and what the classes below serve instead."""

    def serve(self):
        """Tenfold with SIZE_BYTES to be had at /big.bin."""
        folder = tempfile.mkdtemp(prefix="tenfold-files-")
        self.addCleanup(shutil.rmtree, folder)
        with open(f"{folder}/big.bin", "wb") as file:
            file.write(b"b" * SIZE_BYTES)
        return self.tenfold(f'[web.test]\nlisten = "127.0.0.1:{{port}}"\nroot = "{folder}"\n{SETTINGS}\n')

    def download(self):
        """A client with a small window, which has asked for it."""
        tenfold = self.serve()
        client = socket.socket()
        self.addCleanup(client.close)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        client.settimeout(20)
        client.connect(("127.0.0.1", tenfold.port))
        client.sendall(request_bytes("GET", "/big.bin"))
        return tenfold, client

    def test_one_that_goes_on_reading_gets_all(self):
        tenfold, client = self.download()
        # So slow that the kernel calls the server's socket writable less often than body_timeout has it.
        bytes_a_second = 1_500_000
        began = time.monotonic()
        received = 0
        while received < SIZE_BYTES and (data := client.recv(16384)):
            received += len(data)
            due = began + received / bytes_a_second
            wait_until(lambda: time.monotonic() >= due, "it is time to read on")
        self.assertGreaterEqual(received, SIZE_BYTES, tenfold.access_entries())

    def test_one_that_reads_no_more_is_reset(self):
        tenfold, client = self.download()
        client.recv(1)
        failures = lambda: [entry.get("failure") for entry in tenfold.access_entries()]
        wait_until(lambda: failures() == ["client_too_slow"], "it is given up")
        with self.assertRaises(ConnectionResetError):
            while client.recv(65536):
                pass


class SlowClientsOfNodes(SlowClients):
    def answer(self, _):
        return response(200, b"b" * SIZE_BYTES)

    def serve(self):
        return self.web([self.node(self.answer)], SETTINGS)


class SlowClientsOfNodesInChunks(SlowClientsOfNodes):
    def answer(self, _):
        chunk = b"186a0\r\n" + b"b" * 100_000 + b"\r\n"
        return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * (SIZE_BYTES // 100_000) + b"0\r\n\r\n"


class ManySlowClients(Scenario):
    def test_others_are_answered(self):
        """Whose responses come faster than they are taken must not have all the buffers of a worker."""
        size = {"/big": 3_000_000}
        node = self.node(lambda request: response(200, b"b" * size.get(request.target, 5)))
        tenfold = self.web([node], 'node_connections = 1000\nbody_timeout = "60s"')
        crowd = []
        for _ in range(700):
            client = socket.socket()
            self.addCleanup(client.close)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(20)
            client.connect(("127.0.0.1", tenfold.port))
            client.sendall(request_bytes("GET", "/big"))
            crowd.append(client)
        for client in crowd:
            self.assertTrue(client.recv(1))
        self.assertEqual(self.client(tenfold).get().body, b"bbbbb")


if __name__ == "__main__":
    unittest.main()
