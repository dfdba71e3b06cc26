# SPDX-License-Identifier: Apache-2.0
"""A MIGRATE breaks off, with its keys on the network between two Redis nodes. They are moved again, and deleted, and
then what was late arrives: it must bring nothing back."""

import socket
import threading
import unittest

from harness import wait_until
from redis_servers import Line, RedisScenario, end, receive

KEYS = [f"key{number}" for number in range(400)]


class SlowLine(Line):
    """The network to one Redis server. After so many MIGRATEs of clients' keys it keeps the next one back, and all that
    follows over its connection; arrive() lets them go on to the server."""

    def __init__(self, server, before):
        self.before = before
        self.late = None  # the connection to the server, and what is to arrive there
        self.lock = threading.Lock()
        super().__init__(server)

    def is_kept(self, server, data):
        with self.lock:
            if self.late is not None:
                return self.late[0] is server
            if b"RESTORE\r\n" not in data or b"tenfold-trial-" in data:
                return False
            self.before -= 1
            if self.before >= 0:
                return False
            self.late = (server, [])
            return True

    def to_server(self, client, server):
        kept = False
        while data := receive(client):
            kept = kept or self.is_kept(server, data)
            if kept:
                self.late[1].append(data)
            else:
                server.sendall(data)
        if not kept:
            end(server)

    def arrive(self):
        """Returns what has arrived, once the server has done all of it that it does."""
        server, data = self.late
        sent = b"".join(data)
        try:
            server.sendall(sent)
            server.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it has ended the connection long ago
        here = b" addr=127.0.0.1:%d " % server.getsockname()[1]
        wait_until(lambda: here not in self.server.ask("CLIENT", "LIST"), "the server has read all of it")
        return sent

    def begin_again(self, sent):
        """As a node does that hung with the MIGRATE in its queue: it connects when it wakes. Returns the replies."""
        with socket.create_connection(("127.0.0.1", self.server.port)) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: receive(connection), b""))


def those_who_may_move(server):
    """Of the users that Tenfold has made at the server."""
    rows = [row.split() for row in server.ask("ACL", "LIST")]
    return [row[1] for row in rows if row[1].startswith(b"tenfold-move-") and row[-1] != b"-@all"]


class Late(RedisScenario):
    def check(self, before, settings, *server_settings):
        old, new = self.servers(2, *server_settings)
        line = SlowLine(new, before)
        self.addCleanup(line.stop)
        tenfold = self.redis([old], f'response_timeout = "300ms"\n{settings}', run="workers = 2")
        client = self.client(tenfold)
        self.wait_for_ring(tenfold, [old])
        client.ask("MSET", *[word for key in KEYS for word in (key, f"value of {key}")])
        adding = threading.Thread(target=tenfold.cli, args=("add", "cache.test", line.address))
        adding.start()
        wait_until(lambda: line.late is not None, "a MIGRATE is on its way")
        self.wait_for_ring(tenfold, [old, line])
        adding.join()
        self.assertEqual(client.ask("MGET", *KEYS), [f"value of {key}".encode() for key in KEYS])
        self.assertGreater(new.ask("DBSIZE"), len(KEYS) // 5)
        self.assertEqual(client.ask("DEL", *KEYS), len(KEYS))
        late = line.arrive()
        self.assertIn(b"RESTORE", late)
        self.assertEqual(client.ask("EXISTS", *KEYS), 0)
        self.assertIn(b"NOPERM", line.begin_again(late))
        self.assertEqual(client.ask("EXISTS", *KEYS), 0)
        self.assertEqual((old.ask("DBSIZE"), new.ask("DBSIZE")), (0, 0))
        for server in (old, new):
            self.assertEqual(those_who_may_move(server), [])
        return tenfold

    def test_over_a_connection_that_has_moved_keys_before(self):
        self.check(2, "")

    def test_over_a_new_connection(self):
        self.check(0, "")

    def test_of_a_cache(self):
        self.check(1, "persistent = false")


class WithoutRights(RedisScenario):
    def test_keys_move_and_the_log_says_what_is_missing(self):
        old, new = self.servers(2)
        new.ask("ACL", "SETUSER", "default", "-acl")
        tenfold = self.redis([old])
        client = self.client(tenfold)
        self.wait_for_ring(tenfold, [old])
        client.ask("MSET", *[word for key in KEYS for word in (key, f"value of {key}")])
        code, out, error = tenfold.cli("add", "cache.test", new.address)
        self.assertEqual(code, 0, out + error)
        self.wait_for_ring(tenfold, [old, new])
        self.assertEqual(client.ask("MGET", *KEYS), [f"value of {key}".encode() for key in KEYS])
        self.assertGreater(new.ask("DBSIZE"), len(KEYS) // 5)
        events = tenfold.admin_request("GET", "/v1/events").json()
        (event,) = [event for event in events if event["event"] == "moves_cannot_be_called_back"]
        self.assertIn(f'node="{new.address}"', event["details"])
        self.assertIn("NOPERM", event["details"])


if __name__ == "__main__":
    unittest.main()
