# SPDX-License-Identifier: Apache-2.0
"""Nodes that take a large request slowly, which is no failure, and such as take none of it."""

import socket
import threading
import time
import unittest

from harness import wait_until
from redis_servers import Line, RedisScenario, end

VALUE_BYTES = 16_000_000
BYTES_A_SECOND = 5_000_000
TIMEOUT_SECONDS = 0.5
SETTINGS = f'response_timeout = "{round(TIMEOUT_SECONDS * 1000)}ms"'


class SlowLine(Line):
    """The network to one Redis server: it carries so much in a second, to the server, until it is cut."""

    def __init__(self, server):
        self.carried = 0
        self.cut_at = None  # after so many bytes, nothing more is carried
        self.over = threading.Event()
        super().__init__(server)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)

    def to_server(self, client, server):
        with client, server:
            began, sent = time.monotonic(), 0
            while data := client.recv(65536):
                server.sendall(data)
                sent += len(data)
                self.carried += len(data)
                if self.cut_at is not None and self.carried >= self.cut_at:
                    self.over.wait()
                    return
                due = began + sent / BYTES_A_SECOND
                wait_until(lambda due=due: time.monotonic() >= due, "it is time to read on")
            end(server)

    def stop(self):
        self.over.set()
        super().stop()


class SlowNodes(RedisScenario):
    def start(self, settings=""):
        self.line = SlowLine(self.server())
        self.addCleanup(self.line.stop)
        return self.redis([self.line], f"{SETTINGS}\n{settings}")

    def set_large(self, tenfold):
        """A client's large SET, which is under way: the thread that waits for the reply, and where that will be."""
        replies = []
        client = self.client(tenfold)

        def ask():
            try:
                replies.append(client.ask("SET", "large", b"x" * VALUE_BYTES))
            except OSError as error:
                replies.append(error)

        before = self.line.carried
        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        wait_until(lambda: self.line.carried > before + 100_000, "the node takes it")
        return thread, replies

    def test_one_that_goes_on_taking_it_gets_it_whole(self):
        tenfold = self.start()
        other = self.client(tenfold)
        self.assertEqual(other.ask("SET", "small", "before"), b"OK")
        began = time.monotonic()
        thread, replies = self.set_large(tenfold)
        self.assertEqual(other.ask("GET", "small"), b"before", "who shares the connection waits for it, and no longer")
        waited = time.monotonic() - began
        thread.join()
        self.assertEqual(replies, [b"OK"])
        self.assertGreater(time.monotonic() - began, 5 * TIMEOUT_SECONDS)
        self.assertLess(waited, 2 * VALUE_BYTES / BYTES_A_SECOND)
        self.assertEqual(self.line.server.ask("STRLEN", "large"), VALUE_BYTES)
        self.assertNotIn(' to="down"', tenfold.log())

    def test_those_of_another_connection_do_not_wait(self):
        tenfold = self.start("node_connections = 2")
        others = [self.client(tenfold) for _ in range(2)]
        for other in others:
            self.assertEqual(other.ask("SET", "small", "before"), b"OK")
        thread, replies = self.set_large(tenfold)
        answered = []

        def get(other):
            if other.ask("GET", "small") == b"before" and not replies:
                answered.append(other)

        threads = [threading.Thread(target=get, args=(other,), daemon=True) for other in others]
        for one in threads:
            one.start()
        wait_until(lambda: answered, "one of two has the other connection")
        self.assertEqual(replies, [])
        for one in [thread, *threads]:
            one.join()
        self.assertEqual(replies, [b"OK"])

    def test_one_that_takes_no_more_is_given_up(self):
        tenfold = self.start()
        self.assertEqual(self.client(tenfold).ask("SET", "small", "before"), b"OK")
        self.line.cut_at = 4_000_000
        thread, replies = self.set_large(tenfold)
        wait_until(lambda: self.line.carried >= self.line.cut_at, "it takes no more")
        stopped = time.monotonic()
        thread.join()
        self.assertIsInstance(replies[0], (str, Exception))
        self.assertNotEqual(replies, [b"OK"])
        self.assertLess(time.monotonic() - stopped, 3 * TIMEOUT_SECONDS + 1)


if __name__ == "__main__":
    unittest.main()
