# SPDX-License-Identifier: Apache-2.0
"""Clients of a cache that read slowly, which is no failure."""

import socket
import time
import unittest

from harness import wait_until
from redis_servers import RedisScenario

VALUE_BYTES = 16_000_000
BYTES_A_SECOND = 5_000_000


class SlowClients(RedisScenario):
    def test_one_that_sends_no_more_gets_all_that_it_asked_for(self):
        """Far longer than nodes may take to answer."""
        tenfold = self.redis([self.server()], 'response_timeout = "200ms"')
        self.assertEqual(self.client(tenfold).ask("SET", "large", b"x" * VALUE_BYTES), b"OK")
        client = socket.socket()
        self.addCleanup(client.close)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        client.settimeout(20)
        client.connect(("127.0.0.1", tenfold.port))
        client.sendall(b"GET large\r\nPING\r\n")
        client.shutdown(socket.SHUT_WR)
        began = time.monotonic()
        reply = bytearray()
        while data := client.recv(1 << 16):
            reply += data
            due = began + len(reply) / BYTES_A_SECOND
            wait_until(lambda due=due: time.monotonic() >= due, "it is time to read on")
        self.assertEqual(len(reply), len(f"${VALUE_BYTES}\r\n\r\n+PONG\r\n") + VALUE_BYTES)
        self.assertTrue(reply.endswith(b"x\r\n+PONG\r\n"))


if __name__ == "__main__":
    unittest.main()
