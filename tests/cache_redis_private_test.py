# SPDX-License-Identifier: Apache-2.0
"""What is private to a Redis client: transactions, commands that block, subscriptions; and what a change of the nodes
does to them."""

import socket
import threading
import unittest

from harness import wait_until
from redis_servers import Push, RedisError, RedisScenario, RespClient, encode


class Transactions(RedisScenario):
    def setUp(self):
        self.nodes = self.servers(3)
        self.tenfold_ = self.redis(self.nodes)
        self.keys = self.keys_by_server(self.tenfold_, self.nodes)
        self.one = self.client(self.tenfold_)

    def test_a_transaction_runs_on_the_node_of_its_keys(self):
        key = self.keys[1]
        self.assertEqual(self.one.ask("MULTI"), b"OK")
        self.assertEqual(self.one.ask("SET", key, 1), b"QUEUED")
        self.assertEqual(self.one.ask("INCR", key), b"QUEUED")
        self.assertEqual(self.one.ask("MGET", key, key), b"QUEUED")
        self.assertEqual(self.one.ask("EXEC"), [b"OK", 2, [b"2", b"2"]])
        self.assertEqual(self.one.ask("GET", key), b"2")
        self.assertEqual(self.nodes[1].ask("GET", key), b"2")

    def test_pipelined_transactions_keep_their_place_among_other_commands(self):
        key = self.keys[0]
        commands = []
        for number in range(50):
            commands += [["SET", key, number], ["MULTI"], ["INCR", key], ["GET", self.keys[0]], ["EXEC"], ["GET", key]]
        replies = self.one.pipeline(*commands)
        for number in range(50):
            after = str(number + 1).encode()
            expected = [b"OK", b"OK", b"QUEUED", b"QUEUED", [number + 1, after], after]
            self.assertEqual(replies[number * 6 : number * 6 + 6], expected)

    def test_keys_of_another_node_spoil_it_and_nothing_is_done(self):
        self.assertEqual(self.one.ask("MULTI"), b"OK")
        self.assertEqual(self.one.ask("SET", self.keys[0], "x"), b"QUEUED")
        self.assertIn("live on different nodes", self.one.ask("SET", self.keys[1], "x"))
        self.assertIn("live on different nodes", self.one.ask("MSET", self.keys[0], "x", self.keys[2], "x"))
        self.assertTrue(self.one.ask("EXEC").startswith("EXECABORT"))
        self.assertEqual(self.one.ask("EXISTS", *self.keys.values()), 0)
        self.assertEqual(self.one.pipeline(["MULTI"], ["INCR", self.keys[1]], ["EXEC"])[2], [1])

    def test_errors_of_the_node_spoil_it_as_usual(self):
        key = self.keys[0]
        self.one.ask("MULTI")
        self.assertIsInstance(self.one.ask("SET", key), RedisError)
        self.assertIn("unknown command", self.one.ask("NOSUCHCOMMAND"))
        self.assertTrue(self.one.ask("EXEC").startswith("EXECABORT"))
        self.one.ask("MULTI")
        self.one.ask("SET", key, "text")
        self.one.ask("INCR", key)
        done = self.one.ask("EXEC")
        self.assertEqual(done[0], b"OK")
        self.assertIsInstance(done[1], RedisError)

    def test_an_error_before_multi_spoils_nothing(self):
        key = self.keys[0]
        replies = self.one.pipeline(["WATCH", key], ["NOSUCHCOMMAND"], ["MULTI"], ["INCR", key], ["EXEC"])
        self.assertIn("unknown command", replies[1])
        self.assertEqual(replies[4], [1])

    def test_watch_sees_what_others_write(self):
        key = self.keys[2]
        self.one.ask("SET", key, 1)
        self.assertEqual(self.one.ask("WATCH", key), b"OK")
        self.assertEqual(self.one.ask("GET", key), b"1")
        with RespClient(self.tenfold_.port) as other:
            other.ask("SET", key, 5)
        self.assertEqual(self.one.pipeline(["MULTI"], ["SET", key, 2], ["EXEC"]), [b"OK", b"QUEUED", None])
        self.assertEqual(self.one.pipeline(["WATCH", key], ["MULTI"], ["SET", key, 2], ["EXEC"])[3], [b"OK"])
        self.one.ask("WATCH", key)
        self.one.ask("SET", key, 3)
        self.assertEqual(self.one.ask("UNWATCH"), b"OK")
        self.assertEqual(self.one.pipeline(["MULTI"], ["INCR", key], ["EXEC"])[2], [4])
        self.assertIn("live on different nodes", self.one.ask("WATCH", self.keys[0], self.keys[1]))

    def test_a_counter_by_watch_loses_no_step(self):
        key = self.keys[0]
        self.one.ask("SET", key, 0)

        def count():
            with RespClient(self.tenfold_.port) as client:
                for _ in range(25):
                    done = None
                    while done is None:
                        client.ask("WATCH", key)
                        value = int(client.ask("GET", key))
                        done = client.pipeline(["MULTI"], ["SET", key, value + 1], ["EXEC"])[2]

        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(self.one.ask("GET", key), b"100")

    def test_commands_about_transactions_in_the_wrong_place(self):
        self.assertIn("EXEC without MULTI", self.one.ask("EXEC"))
        self.assertIn("DISCARD without MULTI", self.one.ask("DISCARD"))
        self.assertEqual(self.one.ask("UNWATCH"), b"OK")
        self.one.ask("MULTI")
        self.assertIn("can not be nested", self.one.ask("MULTI"))
        self.assertIn("WATCH inside MULTI", self.one.ask("WATCH", "a"))
        self.assertEqual(self.one.ask("EXEC"), [])
        self.one.ask("MULTI")
        self.one.ask("SET", self.keys[0], "x")
        self.assertEqual(self.one.ask("DISCARD"), b"OK")
        self.assertIsNone(self.one.ask("GET", self.keys[0]))
        self.one.ask("MULTI")
        self.assertIn("not allowed inside", self.one.ask("SUBSCRIBE", "a"))
        self.assertTrue(self.one.ask("EXEC").startswith("EXECABORT"))

    def test_commands_without_a_key_wait_for_the_node(self):
        replies = self.one.pipeline(["MULTI"], ["PING"], ["ECHO", "x"], ["SET", self.keys[1], "y"], ["TIME"], ["EXEC"])
        self.assertEqual(replies[1:4], [b"QUEUED"] * 3)
        self.assertEqual(replies[5][:3], [b"PONG", b"x", b"OK"])
        self.assertEqual(self.one.pipeline(["MULTI"], ["PING"], ["EXEC"])[2], [b"PONG"])

    def test_the_node_dies_and_the_transaction_says_so(self):
        key = self.keys[0]
        self.one.ask("MULTI")
        self.one.ask("SET", key, "x")
        self.nodes[0].kill()
        replies = [self.one.ask("SET", key, "y"), self.one.ask("EXEC")]
        self.assertTrue(all(isinstance(reply, RedisError) for reply in replies), replies)
        self.assertEqual(self.one.ask("SET", self.keys[1], "z"), b"OK")

    def test_links_are_few_and_shared_in_turn(self):
        for _ in range(30):
            with RespClient(self.tenfold_.port) as client:
                client.pipeline(["MULTI"], ["INCR", self.keys[0]], ["EXEC"])
        self.assertLessEqual(private_connections(self.tenfold_), 2)


def private_connections(tenfold):
    return tenfold.admin_request("GET", "/v1/status").json()["services"][0]["cache"]["private_connections"]


class Blocking(RedisScenario):
    def setUp(self):
        self.nodes = self.servers(2)
        self.tenfold_ = self.redis(self.nodes)
        self.keys = self.keys_by_server(self.tenfold_, self.nodes)
        self.one, self.two = self.client(self.tenfold_), self.client(self.tenfold_)

    def blocked(self, server, verb):
        """The server's connections that wait in a command."""
        return [row for row in server.clients() if row["cmd"] == verb and "b" in row["flags"]]

    def wait_blocked(self, server, verb, count=1):
        wait_until(lambda: len(self.blocked(server, verb)) == count, f"{count} connection(s) wait in {verb}")

    def test_each_command_that_blocks_gets_its_element(self):
        key = self.keys[0]
        tag = "{" + key + "}"
        for words, push, reply in (
            (["BLPOP", key, 0], ["RPUSH", key, "a"], [key.encode(), b"a"]),
            (["BRPOP", key, "other" + tag, 0], ["RPUSH", "other" + tag, "a"], [f"other{tag}".encode(), b"a"]),
            (["BLMOVE", key, "to" + tag, "LEFT", "RIGHT", 0], ["RPUSH", key, "a"], b"a"),
            (["BRPOPLPUSH", key, "to" + tag, 0], ["RPUSH", key, "a"], b"a"),
            (["BZPOPMIN", "z" + tag, 0], ["ZADD", "z" + tag, 1, "m"], [f"z{tag}".encode(), b"m", b"1"]),
            (["BZPOPMAX", "z" + tag, 0], ["ZADD", "z" + tag, 1, "m"], [f"z{tag}".encode(), b"m", b"1"]),
            (["BLMPOP", 0, 1, key, "LEFT"], ["RPUSH", key, "a"], [key.encode(), [b"a"]]),
            (["BZMPOP", 0, 1, "z" + tag, "MIN"], ["ZADD", "z" + tag, 1, "m"], [f"z{tag}".encode(), [[b"m", b"1"]]]),
        ):
            self.one.send_command(*words)
            self.wait_blocked(self.nodes[0], words[0].lower())
            self.two.ask(*push)
            self.assertEqual(self.one.read(), reply, words)
        self.assertEqual(self.one.pipeline(["PING"], ["BLPOP", key, "0.05"], ["PING"]), [b"PONG", None, b"PONG"])

    def test_later_requests_wait_in_order(self):
        key = self.keys[0]
        self.one.send(encode("SET", self.keys[1], "1") + encode("BLPOP", key, 0) + encode("GET", self.keys[1]))
        self.assertEqual(self.one.read(), b"OK")
        self.wait_blocked(self.nodes[0], "blpop")
        self.one.send_command("PING")
        self.two.ask("SET", self.keys[1], "2")
        self.two.ask("RPUSH", key, "x")
        self.assertEqual([self.one.read() for _ in range(3)], [[key.encode(), b"x"], b"2", b"PONG"])

    def test_keys_of_several_nodes_are_refused(self):
        self.assertIn("live on different nodes", self.one.ask("BLPOP", self.keys[0], self.keys[1], 0))
        self.assertIn("wrong number of arguments", self.one.ask("BLPOP", "a"))
        for time in ("soon", "nan", "-nan", "1e400", "-1"):
            self.assertIsInstance(self.one.ask("BLPOP", "a", time), RedisError)
        self.assertEqual(self.one.ask("PING"), b"PONG")

    def test_a_client_that_goes_takes_no_element_with_it(self):
        key = self.keys[0]
        self.one.send_command("BLPOP", key, 0)
        self.wait_blocked(self.nodes[0], "blpop")
        self.one.close()
        self.wait_blocked(self.nodes[0], "blpop", 0)
        self.two.ask("RPUSH", key, "x")
        self.assertEqual(self.two.ask("LLEN", key), 1)

    def test_a_client_that_only_sends_no_more_is_hung_up_on(self):
        """So some libraries disconnect (ioredis): an error would be taken for the reply, and told as one."""
        for words in (["BLPOP", self.keys[0], 0], ["XREAD", "BLOCK", 0, "STREAMS", self.keys[0], "0"]):
            with RespClient(self.tenfold_.port) as client:
                client.send_command(*words)
                self.wait_blocked(self.nodes[0], words[0].lower())
                client.socket.shutdown(socket.SHUT_WR)
                self.assertEqual(client.reader.read(), b"")
                self.wait_blocked(self.nodes[0], words[0].lower(), 0)

    def test_a_hundred_that_block_do_not_hold_each_other_up(self):
        key = self.keys[1]
        waiting = [self.client(self.tenfold_) for _ in range(100)]
        for client in waiting:
            client.send_command("BLPOP", key, 0)
        self.wait_blocked(self.nodes[1], "blpop", 100)
        self.assertEqual(self.two.ask("RPUSH", key, *range(100)), 100)
        got = sorted(int(client.read()[1]) for client in waiting)
        self.assertEqual(got, list(range(100)))

    def test_too_many_are_told_so(self):
        tenfold = self.redis(self.nodes, "private_connections = 2")
        waiting = [self.client(tenfold) for _ in range(3)]
        for client in waiting[:2]:
            client.send_command("BLPOP", self.keys[0], 0)
        self.wait_blocked(self.nodes[0], "blpop", 2)
        self.assertIn("private_connections", waiting[2].ask("BLPOP", self.keys[0], 0))
        self.two.ask("RPUSH", self.keys[0], 1, 2)
        self.assertEqual(sorted(client.read()[1] for client in waiting[:2]), [b"1", b"2"])
        self.assertIsNone(waiting[2].ask("BLPOP", self.keys[0], "0.01"))

    def test_a_node_that_dies_ends_it_with_an_error(self):
        self.one.send_command("BLPOP", self.keys[0], 0)
        self.wait_blocked(self.nodes[0], "blpop")
        self.nodes[0].kill()
        self.assertIsInstance(self.one.read(), RedisError)
        self.assertEqual(self.one.ask("PING"), b"PONG")

    def test_a_node_that_hangs_ends_it_with_an_error(self):
        self.one.send_command("BLPOP", self.keys[0], 0)
        self.wait_blocked(self.nodes[0], "blpop")
        self.nodes[0].pause()
        self.assertIsInstance(self.one.read(), RedisError)
        self.nodes[0].go_on()

    def test_the_service_goes_and_the_client_is_told(self):
        self.one.send_command("BLPOP", self.keys[0], 0)
        self.wait_blocked(self.nodes[0], "blpop")
        self.tenfold_.process.terminate()
        self.assertIn("UNBLOCKED", self.one.read())
        self.assertTrue(self.one.at_end())


class Growing(RedisScenario):
    """Nodes join and leave while clients have something private; what their clients see of it."""

    def setUp(self):
        self.nodes = self.servers(2)
        self.tenfold_ = self.redis(self.nodes, run="workers = 2")
        self.one, self.two = self.client(self.tenfold_), self.client(self.tenfold_)

    def grow(self):
        node = self.server()
        self.nodes.append(node)
        code, _, error = self.tenfold_.cli("add", "cache.test", node.address)
        self.assertEqual(code, 0, error)
        return node

    def blocked_count(self):
        return sum("b" in row["flags"] for node in self.nodes for row in node.clients())

    def test_workers_that_block_see_nothing_of_a_node_that_joins(self):
        keys = [f"queue{number}" for number in range(40)]
        waiting = [self.client(self.tenfold_) for _ in keys]
        for client, key in zip(waiting, keys):
            client.send_command("BLPOP", key, 0)
        wait_until(lambda: self.blocked_count() == 40, "all wait")
        node = self.grow()
        for number, key in enumerate(keys):
            self.assertGreaterEqual(self.two.ask("RPUSH", key, number), 0)
        for number, (client, key) in enumerate(zip(waiting, keys)):
            self.assertEqual(client.read(), [key.encode(), str(number).encode()])
        self.assertGreater(len(node.clients()), 1)

    def test_what_remains_of_a_timeout_is_kept(self):
        self.one.send_command("BLPOP", "queue", "2")
        wait_until(lambda: self.blocked_count() == 1, "it blocks")
        self.grow()
        self.assertIsNone(self.one.read())

    def test_no_element_is_lost_while_nodes_join_and_leave(self):
        stop = threading.Event()
        got = []

        def work():
            with RespClient(self.tenfold_.port) as client:
                while not stop.is_set():
                    for queue in range(4):
                        reply = client.ask("BLPOP", f"queue{queue}", "0.02")
                        if isinstance(reply, list):
                            got.append(int(reply[1]))
                        elif reply is not None:
                            self.fail(reply)

        workers = [threading.Thread(target=work) for _ in range(8)]
        for worker in workers:
            worker.start()
        sent = 0
        for _ in range(300):
            self.two.ask("RPUSH", f"queue{sent % 4}", sent)
            sent += 1
        node = self.grow()
        for _ in range(300):
            self.two.ask("RPUSH", f"queue{sent % 4}", sent)
            sent += 1
        code, _, error = self.tenfold_.cli("drain", "cache.test", node.address)
        self.assertEqual(code, 0, error)
        for _ in range(300):
            self.two.ask("RPUSH", f"queue{sent % 4}", sent)
            sent += 1
        wait_until(lambda: len(got) >= sent, "all elements came")
        stop.set()
        for worker in workers:
            worker.join()
        self.assertEqual(sorted(got), list(range(sent)))

    def test_watched_keys_count_as_changed_and_others_are_discarded(self):
        key = "key0"
        self.one.ask("WATCH", key)
        self.two.ask("MULTI")
        self.two.ask("SET", key, "two")
        self.grow()
        self.assertEqual(self.one.pipeline(["MULTI"], ["SET", key, "one"], ["EXEC"]), [b"OK", b"QUEUED", None])
        self.assertIsInstance(self.two.ask("SET", key, "more"), RedisError)
        self.assertTrue(self.two.ask("EXEC").startswith("EXECABORT"))
        self.assertIsNone(self.one.ask("GET", key))
        self.assertEqual(self.one.pipeline(["MULTI"], ["SET", key, "one"], ["EXEC"])[2], [b"OK"])

    def test_subscribers_whose_channels_move_connect_anew(self):
        channels = [f"channel{number}" for number in range(30)]
        subscribers = [self.client(self.tenfold_) for _ in channels]
        for client, channel in zip(subscribers, channels):
            self.assertEqual(client.ask("SUBSCRIBE", channel), [b"subscribe", channel.encode(), 1])
        everything = self.client(self.tenfold_)
        self.assertEqual(everything.ask("PSUBSCRIBE", "*"), [b"psubscribe", b"*", 1])
        self.grow()
        self.assertTrue(everything.at_end())
        moved = 0
        for client, channel in zip(subscribers, channels):
            if self.two.ask("PUBLISH", channel, "hello") == 0:
                self.assertTrue(client.at_end())
                moved += 1
            else:
                self.assertEqual(client.read(), [b"message", channel.encode(), b"hello"])
        self.assertTrue(0 < moved < 30, moved)


class Secured(RedisScenario):
    def test_links_of_a_client_log_in_too(self):
        servers = self.servers(2, "--requirepass", "secret")
        tenfold = self.redis(servers, 'node_password = "secret"')
        one, two = self.client(tenfold), self.client(tenfold)
        self.assertEqual(one.pipeline(["MULTI"], ["SET", "a", 1], ["EXEC"])[2], [b"OK"])
        self.assertEqual(one.ask("SUBSCRIBE", "news"), [b"subscribe", b"news", 1])
        self.assertEqual(two.ask("PUBLISH", "news", "hi"), 1)
        self.assertEqual(one.read(), [b"message", b"news", b"hi"])
        self.assertIsNone(two.ask("BLPOP", "list", "0.01"))

    def test_what_the_nodes_forbid_is_said(self):
        rights = ["--user", "default", "on", "nopass", "+@all", "~*", "resetchannels", "-client|unblock"]
        server = self.server(*rights)
        tenfold = self.redis([server])
        one, two = self.client(tenfold), self.client(tenfold)
        self.assertIn("NOPERM", one.ask("SUBSCRIBE", "news"))
        self.assertEqual(one.ask("PING"), b"PONG")
        two.send_command("BLPOP", "list", 0)
        wait_until(lambda: any("b" in row["flags"] for row in server.clients()), "it blocks")
        node = self.server()
        code, _, error = tenfold.cli("add", "cache.test", node.address)
        self.assertEqual(code, 0, error)
        self.assertIn("UNBLOCKED", two.read())


class PubSub(RedisScenario):
    def setUp(self):
        self.nodes = self.servers(3)
        self.tenfold_ = self.redis(self.nodes)
        self.keys = self.keys_by_server(self.tenfold_, self.nodes)
        self.one, self.two = self.client(self.tenfold_), self.client(self.tenfold_)

    def test_messages_arrive_from_every_node_in_resp2(self):
        channels = list(self.keys.values())
        self.one.send_command("SUBSCRIBE", *channels)
        for number, channel in enumerate(channels):
            self.assertEqual(self.one.read(), [b"subscribe", channel.encode(), number + 1])
        self.assertEqual(self.one.ask("PSUBSCRIBE", "k*"), [b"psubscribe", b"k*", 4])
        for channel in channels:
            self.assertEqual(self.two.ask("PUBLISH", channel, "hi"), 2)
            got = sorted([self.one.read(), self.one.read()], key=len)
            self.assertEqual(got[0], [b"message", channel.encode(), b"hi"])
            self.assertEqual(got[1], [b"pmessage", b"k*", channel.encode(), b"hi"])
        self.assertIn("Can't execute", self.one.ask("GET", "a"))
        self.assertEqual(self.one.ask("PING"), [b"pong", b""])
        self.assertEqual(self.one.ask("UNSUBSCRIBE", channels[0]), [b"unsubscribe", channels[0].encode(), 3])
        self.assertEqual(self.two.ask("PUBLISH", channels[0], "hi"), 1)
        self.assertEqual(self.one.read()[0], b"pmessage")
        self.one.send_command("UNSUBSCRIBE")
        rest = sorted([self.one.read(), self.one.read()], key=lambda reply: -reply[2])
        self.assertEqual([reply[2] for reply in rest], [2, 1])
        self.assertEqual(self.one.ask("PUNSUBSCRIBE"), [b"punsubscribe", b"k*", 0])
        self.assertIsNone(self.one.ask("GET", "a"))  # an ordinary client again
        self.assertEqual(self.one.ask("UNSUBSCRIBE"), [b"unsubscribe", None, 0])

    def test_what_nodes_tell_of_their_keys_comes_from_each(self):
        channels = ["__keyevent@0__:set", *(f"__keyspace@0__:{key}" for key in self.keys.values())]
        for node in self.nodes:
            node.ask("CONFIG", "SET", "notify-keyspace-events", "KE$")
        self.one.send_command("SUBSCRIBE", *channels, "news")
        self.assertEqual([self.one.read()[2] for _ in range(5)], [1, 2, 3, 4, 5])
        for key in self.keys.values():
            self.two.ask("SET", key, "v")
            told = sorted(self.one.read()[1:] for _ in range(2))
            wanted = [[b"__keyevent@0__:set", key.encode()], [f"__keyspace@0__:{key}".encode(), b"set"]]
            self.assertEqual(told, wanted)
        self.one.send_command("UNSUBSCRIBE", *channels)
        self.assertEqual([self.one.read()[2] for _ in range(4)], [4, 3, 2, 1])
        self.two.ask("SET", self.keys[0], "v")
        self.two.ask("PUBLISH", "news", "hi")
        self.assertEqual(self.one.read(), [b"message", b"news", b"hi"])

    def test_who_hears_of_keys_connects_anew_when_a_node_joins(self):
        self.one.ask("SUBSCRIBE", "__keyevent@0__:expired")
        code, _, error = self.tenfold_.cli("add", "cache.test", self.server().address)
        self.assertEqual(code, 0, error)
        self.assertTrue(self.one.at_end())

    def test_messages_are_pushes_in_resp3_and_commands_go_on(self):
        self.one.ask("HELLO", "3")
        reply = self.one.ask("SUBSCRIBE", "news")
        self.assertEqual((type(reply), reply), (Push, [b"subscribe", b"news", 1]))
        self.assertEqual(self.one.ask("SET", "a", "1"), b"OK")
        self.assertEqual(self.two.ask("PUBLISH", "news", b"x" * 100_000), 1)
        reply = self.one.read()
        self.assertEqual((type(reply), reply[0], len(reply[2])), (Push, b"message", 100_000))
        self.assertEqual(self.one.ask("GET", "a"), b"1")
        self.assertEqual(self.one.ask("SSUBSCRIBE", "shard"), [b"ssubscribe", b"shard", 1])
        self.assertEqual(self.two.ask("SPUBLISH", "shard", "hi"), 1)
        self.assertEqual(self.one.read(), [b"smessage", b"shard", b"hi"])
        self.assertEqual(self.one.ask("SUNSUBSCRIBE", "shard"), [b"sunsubscribe", b"shard", 0])

    def test_many_messages_come_in_order(self):
        self.one.ask("SUBSCRIBE", "news")
        for start in range(0, 2000, 500):
            self.two.pipeline(*[["PUBLISH", "news", number] for number in range(start, start + 500)])
        self.assertEqual([int(self.one.read()[2]) for _ in range(2000)], list(range(2000)))

    def test_what_is_asked_about_channels(self):
        first, second, _ = self.keys.values()
        self.one.send_command("SUBSCRIBE", first, second)
        self.one.read(), self.one.read()
        self.one.ask("PSUBSCRIBE", "x*")
        self.assertEqual(sorted(self.two.ask("PUBSUB", "CHANNELS")), sorted([first.encode(), second.encode()]))
        self.assertEqual(self.two.ask("PUBSUB", "NUMPAT"), 1)
        asked = self.two.ask("PUBSUB", "NUMSUB", second, "nobody", first)
        self.assertEqual(asked, [second.encode(), 1, b"nobody", 0, first.encode(), 1])

    def test_a_subscriber_whose_node_dies_is_closed(self):
        self.one.ask("SUBSCRIBE", self.keys[0])
        self.two.ask("SUBSCRIBE", self.keys[1])
        self.nodes[0].kill()
        self.assertTrue(self.one.at_end())
        with RespClient(self.tenfold_.port) as client:
            self.assertEqual(client.ask("PUBLISH", self.keys[1], "hi"), 1)
        self.assertEqual(self.two.read()[0], b"message")

    def test_links_go_with_the_subscriber(self):
        self.one.ask("PSUBSCRIBE", "*")
        self.assertEqual(private_connections(self.tenfold_), 3)
        self.one.close()
        wait_until(lambda: private_connections(self.tenfold_) == 0, "the links are closed")

    def test_reset_makes_a_subscriber_an_ordinary_client(self):
        self.one.ask("SUBSCRIBE", "a")
        self.assertEqual(self.one.ask("RESET"), b"RESET")
        self.assertIsNone(self.one.ask("GET", "a"))
        wait_until(lambda: self.two.ask("PUBLISH", "a", "x") == 0, "nobody is subscribed")

    def test_a_subscriber_that_takes_no_messages_is_sent_away(self):
        self.one.ask("SUBSCRIBE", "a")
        message = b"x" * 1_000_000
        wait_until(lambda: self.two.ask("PUBLISH", "a", message) == 0, "the subscriber is gone")


if __name__ == "__main__":
    unittest.main()
