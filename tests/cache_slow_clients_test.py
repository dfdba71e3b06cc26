# SPDX-License-Identifier: Apache-2.0
"""Clients of a cache that read slowly, which is no failure, and such as do not read at all."""

import socket
import threading
import time
import unittest

from harness import wait_until
from redis_servers import RedisScenario

VALUE_BYTES = 16_000_000
BYTES_A_SECOND = 5_000_000


def read_slowly(client, bytes_most=None):
    """All that comes, or so many bytes."""
    began = time.monotonic()
    received = bytearray()
    while (bytes_most is None or len(received) < bytes_most) and (data := client.recv(1 << 16)):
        received += data
        due = began + len(received) / BYTES_A_SECOND
        wait_until(lambda due=due: time.monotonic() >= due, "it is time to read on")
    return received


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
        reply = read_slowly(client)
        self.assertEqual(len(reply), len(f"${VALUE_BYTES}\r\n\r\n+PONG\r\n") + VALUE_BYTES)
        self.assertTrue(reply.endswith(b"x\r\n+PONG\r\n"))


MEMORY_BYTES = 24 << 20


class GreedyClients(RedisScenario):
    """Who asks for much, and takes none of it, costs a bounded amount of memory."""

    def start(self, item_bytes=1_000_000):
        tenfold = self.redis([self.server()], 'clients_memory = "24MiB"\nresponse_timeout = "20s"')
        self.assertEqual(self.client(tenfold).ask("SET", "item", b"i" * item_bytes), b"OK")
        return tenfold

    def connect(self, tenfold):
        client = socket.socket()
        self.addCleanup(client.close)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.settimeout(20)
        client.connect(("127.0.0.1", tenfold.port))
        return client

    def counters(self, tenfold):
        return self.service(tenfold)["cache"]

    def answered(self, tenfold):
        """How many commands were, when no more are under way."""
        node = self.service(tenfold)["nodes"][0]
        return 0 if node["outstanding"] else node["requests"]

    def test_one_begins_few_commands_while_nothing_is_known_of_its_replies(self):
        tenfold = self.start()
        before = self.counters(tenfold)["commands"]
        client = self.connect(tenfold)
        client.sendall(b"GET item\r\n" * 1000)
        wait_until(lambda: self.counters(tenfold)["clients_dropped"] == 1, "it takes nothing, and is closed")
        self.assertLess(self.counters(tenfold)["commands"] - before, 50)
        self.assertIn(" client_warning ", tenfold.log())
        self.assertIn("a client is closed: ", tenfold.log())
        self.assertEqual(self.counters(tenfold)["held_bytes"], 0)
        self.assertIn(", 1 client dropped", tenfold.cli("status")[1])
        self.assertIn("tenfold_cache_clients_dropped_total{service=\"cache.test\"} 1", self.metrics(tenfold))

    def test_one_whose_replies_are_small_gets_all_of_many(self):
        tenfold = self.start()
        client = self.client(tenfold)
        count = 2000
        client.send(b"".join(b"SET key%d %d\r\nGET key%d\r\n" % (i, i, i) for i in range(count)))
        for i in range(count):
            self.assertEqual(client.read(), b"OK")
            self.assertEqual(client.read(), b"%d" % i)

    def test_all_together_are_bounded_and_who_goes_on_reading_gets_all(self):
        item_bytes = 200_000
        tenfold = self.start(item_bytes)
        client = self.client(tenfold)
        self.assertEqual(client.ask("SET", "large", b"x" * VALUE_BYTES), b"OK")
        reader = self.connect(tenfold)
        reader.sendall(b"GET large\r\n")
        wanted = len(f"${VALUE_BYTES}\r\n\r\n") + VALUE_BYTES
        received = []
        thread = threading.Thread(target=lambda: received.append(len(read_slowly(reader, wanted))), daemon=True)
        thread.start()
        held = []
        while thread.is_alive():
            before = self.answered(tenfold)
            self.connect(tenfold).sendall(b"GET item\r\n" * 1000)
            wait_until(lambda before=before: self.answered(tenfold) > before, "it is answered")
            held.append(self.counters(tenfold)["held_bytes"])
        self.assertEqual(received, [wanted], tenfold.log())
        self.assertGreater(sum(held) / len(held), MEMORY_BYTES / 4)
        self.assertLess(max(held), 2 * MEMORY_BYTES)
        wait_until(lambda: self.counters(tenfold)["held_bytes"] <= MEMORY_BYTES, "the others are closed")
        self.assertGreater(self.counters(tenfold)["clients_dropped"], 0)
        self.assertEqual(client.ask("GET", "item"), b"i" * item_bytes, "all others are served")

    def test_many_that_take_nothing_leave_others_their_buffers(self):
        """Small replies, which are copied into blocks that everything else of a worker needs, too."""
        tenfold = self.redis([self.server()], 'clients_memory = "1GiB"\nresponse_timeout = "20s"')
        client = self.client(tenfold)
        self.assertEqual(client.ask("SET", "item", b"i" * 4000), b"OK")
        for _ in range(160):
            before = self.answered(tenfold)
            self.connect(tenfold).sendall(b"GET item\r\n" * 1500)
            wait_until(lambda before=before: self.answered(tenfold) > before, "it is answered")
        self.assertGreater(self.counters(tenfold)["held_bytes"], 4096 * 32768, "more than there are blocks")
        self.assertEqual(client.ask("GET", "item"), b"i" * 4000)
        self.assertEqual((self.counters(tenfold)["errors"], self.counters(tenfold)["clients_dropped"]), (0, 0))

    def metrics(self, tenfold):
        return tenfold.admin_request("GET", "/metrics").body.decode()


if __name__ == "__main__":
    unittest.main()
