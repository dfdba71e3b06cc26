# SPDX-License-Identifier: Apache-2.0
"""What clients of memcached do every day, and what they do wrong: through Tenfold, to one node and to three."""

import base64
import subprocess
import time
import unittest

from cache_harness import NO_HEALTH, RawScenario, values_of
from harness import request_bytes, wait_until

BAD_FORMAT = b"CLIENT_ERROR bad command line format\r\n"
TOO_LARGE = b"SERVER_ERROR object too large for cache\r\n"


class Everyday(RawScenario):
    """Each test runs in front of one node and of three."""

    def each(self, settings=""):
        for count in (1, 3):
            self.nodes = self.memcached(count)
            self.tenfold_ = self.cache(self.nodes, settings)
            yield self.client(self.tenfold_)

    def talk(self, client, *exchanges):
        for request, reply in exchanges:
            self.assertEqual(client.ask(request), reply, request)

    def test_every_classic_command(self):
        for client in self.each():
            self.talk(
                client,
                (b"get k\r\n", b"END\r\n"),
                (b"set k 7 0 5\r\nhello\r\n", b"STORED\r\n"),
                (b"get k\r\n", b"VALUE k 7 5\r\nhello\r\nEND\r\n"),
                (b"add k 0 0 1\r\nx\r\n", b"NOT_STORED\r\n"),
                (b"add new 0 0 1\r\nx\r\n", b"STORED\r\n"),
                (b"replace k 8 0 3\r\nabc\r\n", b"STORED\r\n"),
                (b"replace none 8 0 3\r\nabc\r\n", b"NOT_STORED\r\n"),
                (b"append k 0 0 1\r\nd\r\n", b"STORED\r\n"),
                (b"prepend k 0 0 1\r\n_\r\n", b"STORED\r\n"),
                (b"get k\r\n", b"VALUE k 8 5\r\n_abcd\r\nEND\r\n"),
                (b"set n 0 0 2\r\n10\r\n", b"STORED\r\n"),
                (b"incr n 5\r\n", b"15\r\n"),
                (b"decr n 20\r\n", b"0\r\n"),
                (b"incr none 1\r\n", b"NOT_FOUND\r\n"),
                (b"incr k 1\r\n", b"CLIENT_ERROR cannot increment or decrement non-numeric value\r\n"),
                (b"touch n 100\r\n", b"TOUCHED\r\n"),
                (b"touch none 100\r\n", b"NOT_FOUND\r\n"),
                (b"gat 100 n\r\n", b"VALUE n 0 2\r\n0 \r\nEND\r\n"),
                (b"delete n\r\n", b"DELETED\r\n"),
                (b"delete n\r\n", b"NOT_FOUND\r\n"),
                (b"verbosity 0\r\n", b"OK\r\n"),
            )
            self.assertTrue(client.ask(b"version\r\n").startswith(b"VERSION 1.6"))
            unique = client.ask(b"gets k\r\n").split()[4]
            self.talk(
                client,
                (b"cas k 0 0 2 %s\r\nc1\r\n" % unique, b"STORED\r\n"),
                (b"cas k 0 0 2 %s\r\nc2\r\n" % unique, b"EXISTS\r\n"),
                (b"cas none 0 0 2 %s\r\nc2\r\n" % unique, b"NOT_FOUND\r\n"),
            )
            self.assertEqual(client.ask(b"gats 100 k\r\n")[:14], b"VALUE k 0 2 " + client.ask(b"gets k\r\n")[12:14])
            client.send(b"quit\r\n")
            self.assertTrue(client.at_end())

    def test_every_meta_command(self):
        for client in self.each():
            self.talk(
                client,
                (b"mg k v\r\n", b"EN\r\n"),
                (b"ms k 5 T0 F3 Oop k\r\nhello\r\n", b"HD Oop kk\r\n"),
                (b"mg k v f t s k Oxx\r\n", b"VA 5 f3 t-1 s5 kk Oxx\r\nhello\r\n"),
                (b"mg k\r\n", b"HD\r\n"),
                (b"ms k 1 ME\r\nx\r\n", b"NS\r\n"),
                (b"ms k 1 MA\r\n!\r\n", b"HD\r\n"),
                (b"ms none 1 MR\r\nx\r\n", b"NS\r\n"),
                (b"ms k 1 C1\r\nx\r\n", b"EX\r\n"),
                (b"mg k v\r\n", b"VA 6\r\nhello!\r\n"),
                (b"ma n\r\n", b"NF\r\n"),
                (b"ma n N0 J10 v\r\n", b"VA 2\r\n10\r\n"),
                (b"ma n D5 v\r\n", b"VA 2\r\n15\r\n"),
                (b"ma n MD D20 v\r\n", b"VA 1\r\n0\r\n"),
                (b"md n\r\n", b"HD\r\n"),
                (b"md n\r\n", b"NF\r\n"),
                (b"mn\r\n", b"MN\r\n"),
                (b"ms YSBi 3 b\r\nbin\r\n", b"HD\r\n"),  # the key "a b"
                (b"mg YSBi b k v\r\n", b"VA 3 kYSBi b\r\nbin\r\n"),
                (b"ms cGxhaW4= 1 b\r\n1\r\n", b"HD\r\n"),  # the key "plain", found under both its names
                (b"get plain\r\n", b"VALUE plain 0 1\r\n1\r\nEND\r\n"),
                (b"mg lease N30 v\r\n", b"VA 0 W\r\n\r\n"),
                (b"mg lease N30 v\r\n", b"VA 0 Z\r\n\r\n"),
                (b"md k I T30\r\n", b"HD\r\n"),
                (b"mg k s\r\n", b"HD s6 X W\r\n"),
            )
            self.assertTrue(client.ask(b"me k\r\n").startswith(b"ME k exp="))
            self.assertEqual(client.ask(b"me none\r\n"), b"EN\r\n")

    def test_a_time_that_is_over_may_lack_its_sign(self):
        """So libmemcached writes -1, and with it Django and PHP what is to expire at once."""
        for client in self.each():
            self.talk(
                client,
                (b"set k 0 4294967295 1\r\nv\r\n", b"STORED\r\n"),
                (b"get k\r\n", b"END\r\n"),
                (b"set k 0 0 1\r\nv\r\n", b"STORED\r\n"),
                (b"touch k 4294967295\r\n", b"TOUCHED\r\n"),
                (b"get k\r\n", b"END\r\n"),
            )

    def test_a_time_that_is_over_has_its_sign_at_the_node(self):
        """Not every memcached reads it without: one that refuses it would take the value for commands."""
        lines = []

        def answer(line, reader, _):
            lines.append(line)
            if line.startswith(b"set"):
                reader.readline()
            return b"STORED\r\n"

        tenfold = self.cache([self.scripted(answer)])
        self.ask(tenfold, b"set k 0 4294967295 1\r\nv\r\n")
        self.assertEqual(lines, [b"set k 0 -1 1\r\n"])

    def test_noreply_gets_no_reply_and_is_done(self):
        for client in self.each():
            client.send(b"set a 0 0 1 noreply\r\n1\r\nadd a 0 0 1 noreply\r\n2\r\nincr a 5 noreply\r\n")
            client.send(b"append a 0 0 1 noreply\r\n0\r\ntouch a 100 noreply\r\ndelete none noreply\r\n")
            client.send(b"set b 0 0 1 noreply\r\n1\r\ndelete b noreply\r\nincr a x noreply\r\nset a 0 0 x noreply\r\n")
            with self.client(self.tenfold_) as other:
                other.send(b"set z 0 0 1 noreply\r\n1\r\nget z\r\n")
                self.assertEqual(other.reply(), b"VALUE z 0 1\r\n1\r\nEND\r\n")
                other.send(b"set z\tz 0 0 5 noreply\r\nhello\r\nget z\r\n")
                self.assertEqual(other.reply(), b"VALUE z 0 1\r\n1\r\nEND\r\n")
                self.assertEqual(other.get_many([b"a", b"b"]), {b"a": b"60"})

    def test_quiet_flags_hide_the_usual_and_tell_the_rest(self):
        for client in self.each():
            client.send(b"mg none q v\r\nms a 1 q\r\nx\r\nms a 1 q ME\r\nx\r\nms n 1 q\r\n5\r\nma n q\r\nmd none q\r\n")
            client.send(b"md n q\r\nmg a q v k\r\nms a 1 q C999\r\nz\r\nmg none qq k\r\nms a 1 q\r\nxyz\r\nmn\r\n")
            wanted = [b"NS\r\n", b"NF\r\n", b"VA 1 ka\r\nx\r\n", b"EX\r\n", b"CLIENT_ERROR bad data chunk\r\n"]
            wanted += [b"ERROR\r\n", b"MN\r\n"]  # behind the bad chunk stands an empty line
            self.assertEqual([client.reply() for _ in wanted], wanted)

    def test_keys_that_look_like_words_of_the_protocol(self):
        for client in self.each():
            for key in (b"noreply", b"q", b"b", b"0", b"END", b"VALUE", b"get"):
                client.send(b"set %s 0 0 3 noreply\r\nabc\r\n" % key)
                self.talk(client, (b"get %s\r\n" % key, b"VALUE %s 0 3\r\nabc\r\nEND\r\n" % key))
                self.talk(client, (b"mg %s q v k\r\n" % key, b"VA 3 k%s\r\nabc\r\n" % key))
                client.send(b"ms %s 2 q\r\nde\r\n" % key)
                self.talk(client, (b"get %s\r\n" % key, b"VALUE %s 0 2\r\nde\r\nEND\r\n" % key))
                client.send(b"delete %s noreply\r\n" % key)
                self.talk(client, (b"get %s\r\n" % key, b"END\r\n"))

    def test_a_get_of_many_keys_is_split_and_joined(self):
        for client in self.each():
            stored = {b"key:%d" % i: b"value %d" % i for i in range(300)}
            client.send(b"".join(b"set %s 0 0 %d noreply\r\n%s\r\n" % (k, len(v), v) for k, v in stored.items()))
            asked = [b"key:%d" % i for i in range(0, 600, 2)]
            wanted = {key: stored[key] for key in asked if key in stored}
            self.assertEqual(client.get_many(asked), wanted)
            self.assertEqual(list(client.get_many(asked[::-1])), list(wanted)[::-1], "in the order of the request")
            self.assertEqual(values_of(client.ask(b"gat 100 " + b" ".join(asked[:100]) + b"\r\n")),
                             {key: stored[key] for key in asked[:100]})
            many = [b"k" * 30 + b"%d" % i for i in range(20_000)]
            self.assertEqual(client.get_many([*many, b"key:1"]), {b"key:1": b"value 1"})
            self.assertEqual(client.ask(b"get key:1 key:1\r\n").count(b"VALUE key:1"), 2)
            if len(self.nodes) > 1:
                counts = [len(node.keys()) for node in self.nodes]
                self.assertEqual(sum(counts), 300)
                self.assertGreater(min(counts), 50)

    def test_values_of_any_bytes(self):
        for client in self.each():
            for i, value in enumerate((b"\0", b"\r\n", b"\r\nEND\r\n", b"END\r\n" * 100, bytes(range(256)) * 300)):
                self.assertEqual(client.set(b"k%d" % i, value), b"STORED\r\n")
                self.assertEqual(client.get(b"k%d" % i), value)
                self.assertEqual(client.ask(b"mg k%d v\r\n" % i), b"VA %d\r\n%s\r\n" % (len(value), value))

    def test_pipelined_replies_come_in_the_order_of_the_requests(self):
        for client in self.each():
            requests = []
            replies = []
            for i in range(3000):
                key = b"k%d" % (i % 50)
                requests += [b"set %s %d 0 %d\r\n%s\r\n" % (key, i, i % 70, b"x" * (i % 70)), b"get %s\r\n" % key]
                replies += [b"STORED\r\n", b"VALUE %s %d %d\r\n%s\r\nEND\r\n" % (key, i, i % 70, b"x" * (i % 70))]
                if i % 10 == 0:
                    requests += [b"mn\r\n", b"nonsense\r\n", b"get n%d m%d\r\n" % (i, i), b"verbosity 1\r\n"]
                    replies += [b"MN\r\n", b"ERROR\r\n", b"END\r\n", b"OK\r\n"]
            client.send(b"".join(requests))
            for i, reply in enumerate(replies):
                self.assertEqual(client.reply(), reply, i)

    def test_stats_of_all_nodes_are_one_answer(self):
        for client in self.each():
            for i in range(60):
                client.set(b"k%d" % i, b"v")
            stats = dict(line.split(b" ", 2)[1:] for line in client.ask(b"stats\r\n").split(b"\r\n")[:-2])
            self.assertEqual(stats[b"curr_items"], b"60")
            self.assertEqual(stats[b"cmd_set"], b"60")
            self.assertTrue(stats[b"version"].startswith(b"1.6"))
            settings = client.ask(b"stats settings\r\n")
            self.assertIn(b"STAT maxbytes 67108864\r\n", settings)
            self.assertEqual(client.ask(b"stats nonsense\r\n"), self.ask(self.nodes[0], b"stats nonsense\r\n"))
            self.assertTrue(client.ask(b"stats items\r\n").endswith(b"END\r\n"))

    def test_what_is_for_operators_is_refused_unless_allowed(self):
        admin = [b"shutdown", b"slabs automove 0", b"lru mode flat", b"lru_crawler metadump all", b"watch fetchers"]
        admin += [b"cache_memlimit 100", b"stats reset", b"stats detail on", b"stats cachedump 1 0"]
        cut_short = b"stats reset\0"  # by memcached
        for client in self.each():
            client.set(b"k", b"v")
            self.assertEqual(client.ask(b"flush_all\r\n"), b"CLIENT_ERROR flush_all not allowed\r\n")
            for command in admin:
                self.assertTrue(client.ask(command + b"\r\n").startswith(b"CLIENT_ERROR "), command)
            self.assertEqual(client.ask(cut_short + b"\r\n"), b"ERROR\r\n")
            client.send(b"flush_all noreply\r\n")
            self.assertEqual(client.get(b"k"), b"v")
        for client in self.each("allow_admin = true"):
            for i in range(30):
                client.set(b"p:%d" % i, b"v")
            self.talk(client, (b"flush_all\r\n", b"OK\r\n"), (b"get p:1 p:2 p:3\r\n", b"END\r\n"))
            client.set(b"k", b"v")
            client.send(b"flush_all noreply\r\n")
            self.talk(client, (b"get k\r\n", b"END\r\n"), (b"stats reset\r\n", b"RESET\r\n"))
            # memcached would not answer these, and all replies behind would be for somebody else.
            self.talk(client, (b"flush_all noreply\0\r\n", b"ERROR\r\n"), (b"get k\r\n", b"END\r\n"))
            client.send(b"flush_all noreply noreply\r\n")
            self.talk(client, (b"get k\r\n", b"END\r\n"), (b"mn\r\n", b"MN\r\n"))

    def test_two_tenfolds_agree_on_placement(self):
        nodes = self.memcached(3)
        for settings in ("", 'ring = "ketama"', 'ring = "twemproxy"', 'ring = "modula"'):
            one, other = (self.client(self.cache(nodes, settings)) for _ in range(2))
            for i in range(300):
                one.set(b"%d-" % i + settings[8:12].encode(), b"v%d" % i)
            keys = [b"%d-" % i + settings[8:12].encode() for i in range(300)]
            self.assertEqual(len(other.get_many(keys)), 300, settings)

    def test_other_settings_keep_the_connections_to_nodes(self):
        def opened(client):
            reply = client.ask(b"stats\r\n")
            return int(reply.split(b"STAT total_connections ")[1].split(b"\r\n")[0])

        [node] = self.memcached(1)
        settings = ["", 'response_timeout = "3s"', 'response_timeout = "1s"\nitem_max = "1KiB"\nlease = "1s"']
        service = f'[cache.test]\nlisten = "127.0.0.1:{{port}}"\nnodes = ["{node.address}"]\n{NO_HEALTH}\n'
        tenfold = self.tenfold(service, run="workers = 1")
        client = self.client(tenfold)
        client.set(b"k", b"v" * 2000)
        before = opened(client)
        for text in settings:
            tenfold.write(service + text + "\n")
            code, out, err = tenfold.cli("reload")
            self.assertEqual(code, 0, out + err)
            self.assertEqual(client.get(b"k"), b"v" * 2000)
        self.assertEqual(client.set(b"k", b"v" * 2000), TOO_LARGE)  # the new settings are in force
        self.assertEqual(opened(client), before)
        tenfold.write(service + "node_connections = 2\n")
        self.assertEqual(tenfold.cli("reload")[0], 0)
        self.assertIsNone(client.get(b"k"))
        self.assertGreater(opened(client), before)

    def test_memccapable_passes_27_of_27(self):
        for _ in self.each("allow_admin = true"):
            done = subprocess.run(
                ["memccapable", "-h", "127.0.0.1", "-p", str(self.tenfold_.port), "-a"],
                capture_output=True, text=True, timeout=60, check=False,
            )
            self.assertEqual((done.returncode, done.stdout.count("[pass]")), (0, 27), done.stdout + done.stderr)


class Wrong(RawScenario):
    """Bad input gets an error, and loses nothing that came before or comes after."""

    def setUp(self):
        self.nodes = self.memcached(3)
        self.tenfold_ = self.cache(self.nodes, 'item_max = "2MiB"')
        self.client_ = self.client(self.tenfold_)

    def still_serves(self, client=None):
        client = client or self.client_
        self.assertEqual(client.set(b"still", b"here"), b"STORED\r\n")
        self.assertEqual(client.get(b"still"), b"here")

    def test_unknown_commands_keep_the_connection_and_earlier_replies(self):
        client = self.client_
        client.set(b"k", b"v")
        client.send(b"get k\r\nnonsense\r\n\r\nget\r\nset k\r\nget k\r\n")
        for wanted in (b"VALUE k 0 1\r\nv\r\nEND\r\n", *[b"ERROR\r\n"] * 4, b"VALUE k 0 1\r\nv\r\nEND\r\n"):
            self.assertEqual(client.reply(), wanted)

    def test_web_clients_are_hung_up_on(self):
        for method in ("GET", "POST", "PATCH", "OPTIONS", "X"):
            with self.client(self.tenfold_) as client:
                client.send(request_bytes(method, "/", body=b"set hacked 0 0 1\r\n1\r\n"))
                self.assertTrue(client.at_end())
        self.assertIsNone(self.client_.get(b"hacked"))

    def test_a_client_that_mixes_in_the_binary_protocol_is_hung_up_on_and_the_log_says_why(self):
        self.nodes[0].pause()
        with self.client(self.tenfold_) as client:
            client.send(b"".join(b"get %d\r\n" % i for i in range(60)) + b"\x80")  # of some, the node is silent
            wait_until(lambda: "binary protocol" in self.tenfold_.log(), "the log tells of it")
            self.nodes[0].go_on()
            for _ in range(60):
                client.reply()
            self.assertTrue(client.at_end())
        with self.client(self.tenfold_) as client:  # with nothing under way
            self.still_serves(client)
            client.send(b"\x80" + bytes(23))
            self.assertTrue(client.at_end())
        self.still_serves()

    def test_long_keys_are_refused_and_their_values_dropped(self):
        client = self.client_
        long = b"k" * 251
        for request in (b"get " + long, b"delete " + long, b"incr %s 1" % long, b"mg " + long, b"gat 0 " + long):
            self.assertEqual(client.ask(request + b"\r\n"), BAD_FORMAT)
        self.assertEqual(client.ask(b"set %s 0 0 9\r\nflush_all\r\n" % long), BAD_FORMAT)
        self.assertEqual(client.ask(b"ms %s 9\r\nflush_all\r\n" % long), BAD_FORMAT)
        self.assertEqual(client.set(b"k" * 250, b"v"), b"STORED\r\n")
        self.assertEqual(client.get(b"k" * 250), b"v")
        for key in (b"a\x01", b"a\x7f", b"a\0b", b"a\rb"):
            self.assertEqual(client.ask(b"get %s\r\n" % key), BAD_FORMAT)
        self.still_serves()

    def test_lines_without_end_are_bounded(self):
        for line in (b"x" * 3000, b"set " + b"k" * 3000, b"gat 0 " + b"k " * 2000, b"get " + b"k " * 600_000):
            with self.client(self.tenfold_) as client:
                client.send(line)
                self.assertEqual(client.reply(), b"CLIENT_ERROR line too long\r\n")
                self.assertTrue(client.at_end())

    def test_a_value_is_never_read_as_commands_by_a_node(self):
        """Lines that memcached refuses alone, and would go on reading at their value."""
        client = self.client_
        client.set(b"k", b"v")
        inject = b"set injected 0 0 1\r\n1\r\n"
        lines = [
            b"set k 0 9223372036854775808 %d",
            b"set k 4294967296 0 %d",
            b"set k -1 0 %d",
            b"cas k 0 0 %d 99999999999999999999",
            b"ms k %d" + b" v f t s k c h l u I T1 N1 R1 O1 F1 C1 D1",
        ]
        for line in lines:
            client.send(line % len(inject) + b"\r\n" + inject + b"\r\n")
            self.assertTrue(client.reply().startswith(b"CLIENT_ERROR"), line)
        self.assertIsNone(client.get(b"injected"))
        self.assertEqual(client.get(b"k"), b"v")

    def test_a_key_with_line_ends_forges_no_replies(self):
        """memcached tells such a key as it is, when it has made the item itself: the rest would pass for replies."""
        client = self.client_
        key = base64.b64encode(b"\r\nVALUE k 0 6\r\nforged\r\nEND\r\n")
        client.set(b"k", b"true")
        for make in (b"mg %s b N60", b"ma %s b N60", b"ms %s 0 b\r\n"):
            self.assertEqual(client.ask(make % key + b"\r\n")[:2], b"HD")
            self.assertEqual(client.ask(b"mg %s k b s Oabc\r\n" % key)[:3], b"HD ")
            self.assertIn(b" k%s b\r\n" % key, client.ask(b"mg %s b k q v\r\n" % key))
            self.assertEqual(client.ask(b"me %s b\r\n" % key), BAD_FORMAT)
            self.assertEqual(client.ask(b"me %s b\0\r\n" % key), BAD_FORMAT)
            for command in (b"stats cachedump 1 0", b"stats detail dump"):
                self.assertTrue(client.ask(command + b"\r\n").startswith(b"CLIENT_ERROR"))
            self.assertEqual(client.get(b"k"), b"true")
            self.assertEqual(client.ask(b"md %s b k\r\n" % key), b"HD k%s b\r\n" % key)
        client.send(b"mg %s b k q\r\nmn\r\n" % key)
        self.assertEqual(client.reply(), b"MN\r\n")

    def test_impossible_lengths(self):
        for length in (b"-1", b"-2147483648"):
            self.assertEqual(self.client_.ask(b"set k 0 0 %s\r\n" % length), BAD_FORMAT)
        for length in (b"2147483648", b"4294967301", b"18446744073709551616", b"1e3", b"99999999999999999999"):
            with self.client(self.tenfold_) as client:
                self.assertEqual(client.ask(b"set k 0 0 %s\r\nhello\r\n" % length), BAD_FORMAT)
                self.assertTrue(client.at_end())
        self.still_serves()

    def test_values_that_are_too_large_leave_the_stream_whole_and_no_old_value(self):
        client = self.client_
        for size, whose in ((1_100_000, "the node's limit"), (3_000_000, "item_max")):
            for line in (b"set k 0 0 %d", b"ms k %d", b"set k 0 0 %d noreply"):
                client.set(b"k", b"old")
                client.send(line % size + b"\r\n" + b"flush_all\r\n" * (size // 11) + b"x" * (size % 11) + b"\r\n")
                if b"noreply" not in line:
                    self.assertEqual(client.reply(), TOO_LARGE, whose)
                self.assertIsNone(client.get(b"k"), whose)
            client.set(b"k", b"old")
            self.assertEqual(client.set(b"other", b"x" * size), TOO_LARGE)
            self.assertEqual(client.ask(b"add k 0 0 %d\r\n%s\r\n" % (size, b"x" * size)), TOO_LARGE)
            self.assertEqual(client.get(b"k"), b"old")

    def test_a_bad_data_chunk(self):
        client = self.client_
        client.set(b"k", b"old")
        self.assertEqual(client.ask(b"set k 0 0 3\r\nabcde"), b"CLIENT_ERROR bad data chunk\r\n")
        self.assertEqual(client.ask(b"\r\n"), b"ERROR\r\n")
        self.assertEqual(client.get(b"k"), b"old")

    def test_lines_that_end_with_a_line_feed_only(self):
        self.assertEqual(self.client_.ask(b"set k 0 0 5\nhello\r\n"), b"STORED\r\n")
        self.assertEqual(self.client_.ask(b"get k\n"), b"VALUE k 0 5\r\nhello\r\nEND\r\n")

    def test_a_client_that_takes_no_replies_is_not_served_without_bound(self):
        client = self.client_
        client.set(b"big", b"x" * 1_000_000)
        sent = 0
        client.socket.setblocking(False)
        request = b"get big\r\n" * 400
        with self.assertRaises(BlockingIOError):
            while sent < 64 << 20:
                sent += client.socket.send(request)
        wait_until(lambda: self.service(self.tenfold_)["cache"]["clients"] == 1, "the client is there")
        with open(f"/proc/{self.tenfold_.process.pid}/status", encoding="ascii") as file:
            resident = next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))
        self.assertLess(resident, 800 * 1024)  # AddressSanitizer keeps much of what was freed
        with self.client(self.tenfold_) as other:
            self.still_serves(other)

    def test_a_reply_too_large_to_hold_is_an_error(self):
        client = self.client_
        client.set(b"big", b"x" * 1_000_000)
        self.assertRegex(client.ask(b"get%s\r\n" % (b" big" * 70)), b"^SERVER_ERROR node .* its reply is too large")
        self.assertEqual(len(client.ask(b"get%s\r\n" % (b" big" * 50))), 50 * 1_000_023 + 5)
        self.still_serves()


class Away(RawScenario):
    """Nodes that are not there."""

    def test_all_nodes_of_a_key_down_is_an_error_and_never_a_miss(self):
        for count in (1, 3):
            nodes = self.memcached(count)
            tenfold = self.cache(nodes, 'response_timeout = "50ms"', NO_HEALTH)
            client = self.client(tenfold)
            client.set(b"k", b"v")
            for node in nodes:
                node.kill()
            requests = [b"get k", b"gets k", b"get k l", b"gat 0 k", b"set k 0 0 0\r\n", b"delete k", b"incr k 1"]
            requests += [b"touch k 1", b"mg k v", b"mg k q v", b"ms k 0\r\n", b"md k q", b"ma k q"]
            requests += [b"version", b"stats"]
            for request in requests:
                reply = client.ask(request + b"\r\n")
                self.assertTrue(reply.startswith(b"SERVER_ERROR node 127.0.0.1:"), (request, reply))
            client.send(b"set k 0 0 0 noreply\r\n\r\ndelete k noreply\r\nmn\r\n")
            self.assertEqual(client.reply(), b"MN\r\n")

    def test_nobody_waits_for_another_node_when_all_are_down(self):
        """As long as applications wait for a cache that is not there, they serve nobody."""
        for count in (1, 3):
            nodes = self.memcached(count)
            tenfold = self.cache(nodes, 'response_timeout = "8s"')
            client, waiting = self.client(tenfold), self.client(tenfold)
            client.set(b"k", b"v")
            for node in nodes:
                node.kill()
            begin = time.monotonic()
            waiting.send(b"get k\r\nget k l m n\r\n")
            for _ in range(2):
                self.assertIn(b"SERVER_ERROR node", waiting.reply())
            self.assertLess(time.monotonic() - begin, 6, "until the nodes are known to be down")
            wait_until(lambda: all(one["state"] == "down" for one in self.service(tenfold)["nodes"]), "all are down")
            begin = time.monotonic()
            for request in (b"get k\r\n", b"set k 0 0 1\r\nv\r\n", b"get k l m n\r\n", b"incr k 1\r\n", b"mg k v\r\n"):
                self.assertIn(b" is down: ", client.ask(request))
            self.assertLess(time.monotonic() - begin, 1)
            for node in nodes:
                node.start()
            wait_until(lambda: client.ask(b"set k 0 0 1\r\nv\r\n") == b"STORED\r\n", "they are back")

    def test_a_get_of_which_one_node_failed_is_an_error(self):
        nodes = self.memcached(3)
        tenfold = self.cache(nodes, 'response_timeout = "50ms"', NO_HEALTH)
        client = self.client(tenfold)
        keys = [b"key:%d" % i for i in range(60)]
        for key in keys:
            client.set(key, b"v")
        nodes[0].kill()
        reply = client.ask(b"get " + b" ".join(keys) + b"\r\n")
        self.assertTrue(reply.startswith(b"SERVER_ERROR"), reply)
        answers = [client.ask(b"get %s\r\n" % key) for key in keys]
        errors = [reply for reply in answers if reply.startswith(b"SERVER_ERROR")]
        hits = [reply for reply in answers if reply.startswith(b"VALUE")]
        self.assertEqual(len(errors) + len(hits), 60)  # and no miss
        self.assertGreater(min(len(errors), len(hits)), 5)
        nodes[0].start()
        wait_until(lambda: not client.ask(b"get " + b" ".join(keys) + b"\r\n").startswith(b"SERVER"), "it is back")


if __name__ == "__main__":
    unittest.main()
