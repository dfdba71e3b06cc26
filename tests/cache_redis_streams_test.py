# SPDX-License-Identifier: Apache-2.0
"""Streams over several nodes: partitions `name:{0}` to `name:{n}`, read one by one and all at once."""

import threading
import unittest

from harness import wait_until
from redis_servers import RedisError, RedisScenario, RespClient


class Streams(RedisScenario):
    def setUp(self):
        self.nodes = self.servers(3)
        self.tenfold_ = self.redis(self.nodes, run="workers = 2")
        self.one = self.client(self.tenfold_)
        self.streams = [f"s:{{{number}}}" for number in range(12)]
        for stream in self.streams:
            self.one.ask("XGROUP", "CREATE", stream, "g", 0, "MKSTREAM")

    def read_all(self, client, identifier, verb=("XREAD",), streams=None):
        streams = streams or self.streams
        return client.ask(*verb, "STREAMS", *streams, *[identifier] * len(streams))

    def test_partitions_are_spread(self):
        sizes = [node.ask("DBSIZE") for node in self.nodes]
        self.assertEqual(sum(sizes), 12)
        self.assertLess(max(sizes), 12)

    def test_reading_many_streams_joins_what_the_nodes_have(self):
        self.assertIsNone(self.read_all(self.one, "0"))
        for number in (11, 4, 7):
            self.one.ask("XADD", self.streams[number], "1-1", "n", number)
        expected = [[self.streams[number].encode(), [[b"1-1", [b"n", str(number).encode()]]]] for number in (4, 7, 11)]
        self.assertEqual(self.read_all(self.one, "0"), expected)
        backwards = self.read_all(self.one, "0", streams=self.streams[::-1])
        self.assertEqual(backwards, expected[::-1])
        self.assertIsNone(self.read_all(self.one, "1-1"))

    def test_the_shapes_of_resp3(self):
        self.one.ask("HELLO", "3")
        self.assertIsNone(self.read_all(self.one, "0"))
        for number in (11, 4):
            self.one.ask("XADD", self.streams[number], "1-1", "n", number)
        got = self.read_all(self.one, "0")
        self.assertIsInstance(got, dict)
        self.assertEqual(list(got), [self.streams[4].encode(), self.streams[11].encode()])
        self.assertEqual(got[self.streams[4].encode()], [[b"1-1", [b"n", b"4"]]])

    def test_what_a_group_was_given_is_told_though_another_node_fails(self):
        for stream in self.streams[:6]:
            self.one.ask("XADD", stream, "1-1", "n", "1")
        self.one.ask("XGROUP", "DESTROY", self.streams[11], "g")
        verb = ("XREADGROUP", "GROUP", "g", "c1", "NOACK")
        owner = {stream: next(node for node in self.nodes if node.ask("EXISTS", stream)) for stream in self.streams}
        elsewhere = [stream.encode() for stream in self.streams[:6] if owner[stream] is not owner[self.streams[11]]]
        self.assertTrue(elsewhere)
        self.assertEqual([stream for stream, _ in self.read_all(self.one, ">", verb)], elsewhere)
        self.assertIn("NOGROUP", self.read_all(self.one, ">", verb))

    def test_groups_take_acknowledge_and_claim(self):
        for number, stream in enumerate(self.streams):
            self.one.ask("XADD", stream, "*", "n", number)
        taken = self.read_all(self.one, ">", ("XREADGROUP", "GROUP", "g", "c1"))
        self.assertEqual([int(entries[0][1][1]) for _, entries in taken], list(range(12)))
        self.assertIsNone(self.read_all(self.one, ">", ("XREADGROUP", "GROUP", "g", "c2")))
        for stream, entries in taken[:6]:
            self.assertEqual(self.one.ask("XACK", stream, "g", entries[0][0]), 1)
        stream, entries = taken[6]
        self.assertEqual(self.one.ask("XCLAIM", stream, "g", "c2", 0, entries[0][0])[0][0], entries[0][0])
        stream, entries = taken[7]
        self.assertEqual(self.one.ask("XAUTOCLAIM", stream, "g", "c2", 0, 0)[1][0][0], entries[0][0])
        self.assertEqual(self.one.ask("XPENDING", taken[0][0], "g")[0], 0)
        self.assertEqual(self.one.ask("XPENDING", stream, "g")[0], 1)

    def test_blocking_on_streams_of_several_nodes_is_refused(self):
        for verb in (("XREAD", "BLOCK", 10), ("XREADGROUP", "GROUP", "g", "c", "BLOCK", 10)):
            reply = self.read_all(self.one, ">" if verb[0] == "XREADGROUP" else "$", verb)
            self.assertIn("live on different nodes", reply)
        self.assertIsNone(self.one.ask("XREAD", "BLOCK", 10, "STREAMS", self.streams[0], "$"))

    def test_a_node_that_is_down_is_an_error_and_no_absence(self):
        for stream in self.streams:
            self.one.ask("XADD", stream, "*", "n", 1)
        next(node for node in self.nodes if node.ask("DBSIZE") > 0).kill()
        self.assertIsInstance(self.read_all(self.one, "0"), RedisError)

    def test_errors_of_a_node_are_told(self):
        self.assertIn("NOGROUP", self.read_all(self.one, ">", ("XREADGROUP", "GROUP", "nobody", "c")))
        self.assertIsInstance(self.one.ask("XREAD", "STREAMS", *self.streams, "0"), RedisError)
        self.assertIsInstance(self.one.ask("XREAD", "COUNT", "1"), RedisError)

    def test_no_entry_is_lost_or_done_twice_while_a_node_joins(self):
        done, stop, failed = [], threading.Event(), []

        def work(partitions):
            with RespClient(self.tenfold_.port) as client:
                while not stop.is_set():
                    for stream in partitions:
                        got = client.ask("XREADGROUP", "GROUP", "g", "c", "BLOCK", 20, "STREAMS", stream, ">")
                        if isinstance(got, RedisError):
                            failed.append(got)
                            return
                        for identifier, fields in got[0][1] if got else []:
                            done.append(int(fields[1]))
                            client.ask("XACK", stream, "g", identifier)

        workers = [threading.Thread(target=work, args=(self.streams[number::4],)) for number in range(4)]
        for worker in workers:
            worker.start()
        newcomer = self.server()
        joining = threading.Thread(target=self.tenfold_.cli, args=("add", "cache.test", newcomer.address))
        sent = 0
        joining.start()
        while joining.is_alive() or sent < 500:
            self.assertIsInstance(self.one.ask("XADD", self.streams[sent % 12], "*", "n", sent), bytes)
            sent += 1
        joining.join()
        wait_until(lambda: failed or len(done) >= sent, "all entries are done")
        stop.set()
        for worker in workers:
            worker.join()
        self.assertEqual(failed, [])
        self.assertEqual(sorted(done), list(range(sent)))
        self.assertEqual(sum(node.ask("DBSIZE") for node in [*self.nodes, newcomer]), 12)


if __name__ == "__main__":
    unittest.main()
