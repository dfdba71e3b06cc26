# SPDX-License-Identifier: Apache-2.0
"""How an upgraded connection ends: in order, or so that the other side sees that it was cut off; the log says why."""

import signal
import socket
import struct
import unittest

from harness import Scenario, wait_until

SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n"


def reset(connection):
    """Closes it in the hard way."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class Ends(Scenario):
    def open_tunnel(self, settings="", **options):
        """Tenfold, and both ends of a tunnel through it. The node's is gone with the test."""
        ends = []

        def answer(request):
            ends.append((request.connection, request.reader))
            request.connection.sendall(SWITCH)
            wait_until(lambda: request.connection.fileno() < 0 or done, "the test ends")
            return None

        done = []
        self.addCleanup(done.append, True)
        tenfold = self.web([self.node(answer)], settings, **options)
        client = self.client(tenfold)
        client.send("GET /ws HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
        self.assertEqual(client.read().status, 101)
        client.send(b"hello")
        self.assertEqual(ends[0][1].read(5), b"hello")
        return tenfold, client, ends[0]

    def entry(self, tenfold):
        (entry,) = wait_until(tenfold.access_entries, "the access log is written")
        return entry

    def test_in_order(self):
        tenfold, client, (node, reader) = self.open_tunnel()
        client.socket.shutdown(socket.SHUT_WR)
        self.assertEqual(reader.read(), b"")
        node.sendall(b"bye")
        node.shutdown(socket.SHUT_WR)
        self.assertEqual(client.reader.read(), b"bye")
        entry = self.entry(tenfold)
        self.assertEqual((entry["status"], entry.get("failure"), entry.get("detail")), (101, None, None))

    def test_the_node_breaks_off(self):
        tenfold, client, (node, reader) = self.open_tunnel("health = { enabled = false, eject_after = 1 }")
        reader.close()
        reset(node)
        with self.assertRaises(ConnectionResetError):
            client.reader.read()
        entry = self.entry(tenfold)
        self.assertEqual((entry["status"], entry["failure"]), (101, "node_closed"))
        self.assertIn("within the tunnel: receive: ", entry["detail"])
        (row,) = tenfold.admin_request("GET", "/v1/services/web.test").json()["nodes"]
        self.assertEqual(row["failures"], 0, "it had answered")

    def test_the_client_breaks_off(self):
        tenfold, client, (_, reader) = self.open_tunnel()
        client.reader.close()
        reset(client.socket)
        with self.assertRaises(ConnectionResetError):
            reader.read()
        self.assertEqual(self.entry(tenfold)["failure"], "client_closed")

    def test_nothing_moves(self):
        tenfold, client, _ = self.open_tunnel('tunnel_timeout = "200ms"')
        self.assertEqual(client.reader.read(), b"")
        entry = self.entry(tenfold)
        self.assertNotIn("failure", entry)
        self.assertEqual(entry["detail"], "nothing moved in the tunnel for tunnel_timeout")

    def test_a_shutdown_cuts_it_off(self):
        run = 'workers = 1\nshutdown_grace = "0s"\nshutdown_limit = "200ms"'
        tenfold, client, _ = self.open_tunnel(run=run)
        tenfold.process.send_signal(signal.SIGTERM)
        with self.assertRaises(ConnectionResetError):
            client.reader.read()
        self.assertEqual(tenfold.process.wait(20), 0)
        self.assertEqual(self.entry(tenfold)["failure"], "shutting_down")


if __name__ == "__main__":
    unittest.main()
