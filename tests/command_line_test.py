# SPDX-License-Identifier: Apache-2.0
"""The command line: its words and help, the program that a verb acts on, and how a verb ends."""

import json
import os
import pty
import re
import signal
import subprocess
import tempfile
import termios
import threading
import unittest

from cache_servers import Memcached
from harness import TENFOLD, Scenario, free_port, request_bytes, response, wait_until


class CommandLine(unittest.TestCase):
    """What needs no running program."""

    def run_verb(self, *words, **options):
        done = subprocess.run([TENFOLD, *words], capture_output=True, text=True, timeout=60, check=False, **options)
        return done.returncode, done.stdout, done.stderr

    def test_the_help_of_a_verb(self):
        for words in (["add", "--help"], ["help", "add"]):
            code, text, _ = self.run_verb(*words)
            self.assertEqual(code, 0)
            self.assertIn("usage: tenfold add SERVICE ADDRESS [--weight N] [--zone Z]", text)
            self.assertIn("--zone Z", text)
            self.assertNotIn("--timeout", text)
            self.assertIn("exit codes: 0 ok", text)
        self.assertEqual(self.run_verb("help")[1], self.run_verb("--help")[1])
        code, text, talk = self.run_verb("stauts", "--help")
        self.assertEqual((code, text), (2, ""))
        self.assertIn("did you mean 'status'?", talk)

    def test_words_and_options_that_a_verb_does_not_have(self):
        for words, said in (
            (["status", "extra"], "operands"),
            (["add", "web.a"], "operands"),
            (["explain", "ftp", "x"], "operands"),
            (["explain", "cache", "x"], "operands"),
            (["reload", "--weight", "3"], "reload has no option --weight"),
            (["check", "--page"], "check has no option --page"),
            (["weight", "web.a", "127.0.0.1:1", "-1"], "-1 is not a weight: a whole number from 0 to 1000"),
            (["weight", "web.a", "127.0.0.1:1", "1001"], "1001 is not a weight: a whole number from 0 to 1000"),
            (["drain", "web.a", "127.0.0.1:1", "--timeout", "5"], "5 is not a time"),
            (["drain", "web.a", "127.0.0.1:1", "--timeout=5"], "5 is not a time"),
            (["drain", "web.a", "127.0.0.1:1", "--timeout", ""], "--timeout needs a value"),
            (["add", "web.a", "127.0.0.1:1", "--weight="], "--weight needs a value"),
            (["add", "web.a", "127.0.0.1:1", "--wieght=3"], "unknown option --wieght; did you mean '--weight'?"),
            (["add", "web.a", "nonsense"], "'nonsense' is not an address: the port is missing"),
            (["remove", "web.a", "unix:/a/../b"], "the path holds '.' or '..'"),
            (["status", "--json=yes"], "--json takes no value"),
            (["status", "--admin", "nonsense"], "'nonsense' is not an address"),
            (["check", "--admin", "127.0.0.1:1"], "check has no option --admin"),
            (["weight", "web.a", "127.0.0.1:1", "--", "--json"], "--json is not a weight"),
            (["schema", "--page", "--man"], "one of them"),
        ):
            code, _, talk = self.run_verb(*words)
            self.assertEqual(code, 2, words)
            self.assertIn(said, talk)

    def test_the_page_is_what_the_table_of_verbs_generates(self):
        page = os.path.join(os.path.dirname(__file__), "..", "docs", "reference", "command-line.md")
        with open(page, encoding="utf-8") as file:
            self.assertEqual(self.run_verb("completion", "--page")[1], file.read(), "run `make docs`")

    def test_check_prints_one_document_and_says_when_it_cannot(self):
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write('[web.a]\nlisten = ":1"\nnodes = ["127.0.0.1:2"]\n')
            file.flush()
            code, text, _ = self.run_verb("check", "--json", "--effective", "-c", file.name)
            self.assertEqual(code, 0)
            self.assertIn("[web.a]", json.loads(text)["effective"])
            self.assertEqual(json.loads(self.run_verb("check", "--json", "-c", file.name)[1]), [])
            with open("/dev/full", "w", encoding="utf-8") as full:
                command = [TENFOLD, "check", "--effective", "-c", file.name]
                done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("the output cannot be written: No space left on device", done.stderr)


class NamedFile(Scenario):
    """Verbs act on the program that runs the named file, or on none."""

    def other_file(self, tenfold, text):
        path = os.path.join(tenfold.folder, "other.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def cli(self, path, *arguments):
        command = [TENFOLD, *arguments, "-c", path]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stderr

    def test_a_file_that_does_not_tell_the_address_calls_nobody(self):
        tenfold = self.web([self.node()])
        missing = os.path.join(tenfold.folder, "missing.toml")
        code, talk = self.cli(missing, "status")
        self.assertEqual(code, 3)
        self.assertIn(f"cannot read {missing}", talk)
        broken = self.other_file(tenfold, f'[admin]\nlisten = "unix:{tenfold.admin}"\n[web.a\n')
        code, talk = self.cli(broken, "status")
        self.assertEqual(code, 3)
        self.assertIn(f"{broken}:3:7: error:", talk)
        secret = self.other_file(tenfold, '[admin]\ntoken = "env:TENFOLD_NOT_SET"\n')
        code, talk = self.cli(secret, "status")
        self.assertEqual(code, 3)
        self.assertIn("the environment has no TENFOLD_NOT_SET", talk)
        for file in (missing, broken, secret):
            code, talk = self.cli(file, "status", "--admin", f"unix:{tenfold.admin}")
            self.assertEqual(code, 0, talk)
        self.assertEqual(self.cli("", "status")[0], 2)

    def test_another_file_than_the_one_that_runs_changes_nothing(self):
        first, second = self.node(), self.node()
        tenfold = self.web([first, second])
        other = self.other_file(tenfold, f'[admin]\nlisten = "unix:{tenfold.admin}"\n')
        before = tenfold.admin_request("GET", "/v1/topology").body
        for words in (["remove", "web.test", second.address], ["reload"], ["diff"]):
            code, talk = self.cli(other, *words)
            self.assertEqual(code, 3, words)
            ours, meant = os.path.realpath(tenfold.file), os.path.realpath(other)
            self.assertIn(f"what runs here is {ours}, and not {meant}", talk)
        self.assertEqual(tenfold.admin_request("GET", "/v1/topology").body, before)
        self.assertEqual(self.cli(other, "status")[0], 0, "what only reads what runs is told that")
        link = os.path.join(tenfold.folder, "link.toml")
        os.symlink(tenfold.file, link)
        self.assertEqual(self.cli(link, "diff")[0], 0, "a link to the file is the file")


    def test_a_program_that_hangs_is_not_waited_for_long(self):
        tenfold = self.web([self.node()])
        os.kill(tenfold.process.pid, signal.SIGSTOP)
        try:
            code, talk = self.cli(tenfold.file, "status")
        finally:
            os.kill(tenfold.process.pid, signal.SIGCONT)
        self.assertEqual(code, 5)
        self.assertRegex(talk, r"no tenfold answers at unix:.* after 5\d\d\d ms")
        self.assertIn("--admin ADDRESS", talk)

    def test_a_web_service_is_no_cache(self):
        tenfold = self.web([self.node()])
        code, talk = self.cli(tenfold.file, "explain", "cache", "web.test", "key")
        self.assertEqual(code, 1)
        self.assertIn("web.test is no cache", talk)


class BothFamilies(Memcached):
    def command(self):
        return [*super().command(), "-l", "::1"]


class Outcomes(Scenario):
    """A verb that leaves a service without a node that can serve says so, and why."""

    def test_the_last_node_that_serves(self):
        node = self.node()
        tenfold = self.web([node])
        for words in (["drain", "web.test", node.address], ["drain", "web.test", node.address, "--timeout", "0s"]):
            code, _, talk = tenfold.cli(*words)
            self.assertEqual(code, 4, words)
            self.assertIn(f"web.test has no node that can serve: {node.address} is draining", talk)
        self.assertEqual(tenfold.cli("enable", "web.test", node.address)[0], 0)
        dead = f"127.0.0.1:{free_port()}"
        self.assertEqual(tenfold.cli("add", "web.test", dead)[0], 4)
        code, _, talk = tenfold.cli("remove", "web.test", node.address)
        self.assertEqual(code, 4)
        self.assertIn(f"{dead} is down", talk)
        code, _, talk = tenfold.cli("reload")
        self.assertEqual(code, 4)
        self.assertIn("web.test has no node that can serve", talk)

    def test_explain_refuses_what_no_node_takes(self):
        node = self.node()
        tenfold = self.web([node])
        url = f"http://a:{tenfold.port}/"
        explained = json.loads(tenfold.cli("explain", "http", url, "--json")[1])
        self.assertEqual(explained["result"], "proxied")
        self.assertEqual(tenfold.cli("drain", "web.test", node.address)[0], 4, "no node is left")
        self.assertEqual(self.client(tenfold).get("/").status, 503)
        explained = json.loads(tenfold.cli("explain", "http", url, "--json")[1])
        self.assertEqual((explained["result"], explained["status"]), ("refused", 503))
        self.assertIn("no_node", explained["why"])
        self.assertEqual([row["state"] for row in explained["nodes"]], ["draining"])

    def test_output_that_cannot_be_written_is_a_failure_whatever_it_was_to_tell(self):
        last = self.node()
        tenfold = self.web([last])
        dead = f"127.0.0.1:{free_port()}"
        self.assertEqual(tenfold.cli("add", "web.test", dead)[0], 4)
        last.close()
        wait_until(lambda: tenfold.cli("status")[0] == 4, "the service is degraded")
        for words in (
            ["status"],
            ["status", "--json"],
            ["top"],
            ["diff", "--json"],
            ["explain", "http", "http://a/"],
            ["reload", "--json"],
            ["drain", "web.test", dead, "--json"],
            ["remove", "web.test", dead],
        ):
            with open("/dev/full", "w", encoding="utf-8") as full:
                command = [TENFOLD, *words, "-c", tenfold.file]
                done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 1, (words, done.stderr))
            self.assertIn("the output cannot be written: No space left on device", done.stderr)

    def test_a_node_at_a_unix_socket(self):
        """Its address has slashes, as the paths of the admin API have."""
        node = self.node()
        tenfold = self.web([node])
        dead = f"unix:{tempfile.gettempdir()}/no such socket"
        code, _, talk = tenfold.cli("add", "web.test", dead)
        self.assertEqual(code, 4, talk)
        self.assertIn("No such file", talk)
        self.assertEqual(tenfold.cli("weight", "web.test", dead, "3")[0], 0)
        self.assertEqual(tenfold.cli("remove", "web.test", dead)[0], 0)

    def test_a_node_of_a_cache_is_followed_however_its_address_is_typed(self):
        nodes = [Memcached(), BothFamilies()]
        for node in nodes:
            self.addCleanup(node.stop)
        tenfold = self.tenfold(f'[cache.test]\nlisten = "127.0.0.1:{{port}}"\nnodes = ["{nodes[0].address}"]\n')
        for verb, said in (("add", "has joined"), ("drain", "has left"), ("enable", "has joined")):
            code, _, talk = tenfold.cli(verb, "cache.test", f"[0:0::0:1]:{nodes[1].port}")
            self.assertEqual(code, 0, talk)
            self.assertIn(f"[::1]:{nodes[1].port} {said} the ring", talk)

    def test_top_tells_how_many_a_second(self):
        tenfold = self.web([self.node()])
        client = self.client(tenfold)
        command = [TENFOLD, "top", "-c", tenfold.file]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as top:
            self.addCleanup(top.kill)
            shown = (re.search(r"(\d+) requests?(?: \((\d+)/s\))?", line) for line in top.stdout)
            counts = (found.groups() for found in shown if found)
            self.assertEqual(next(counts), ("0", None), "there is nothing to compare with yet")
            for _ in range(50):
                client.get()
            rates = []
            while sum(rates) < 50 and len(rates) < 20:
                rates.append(int(next(counts)[1]))
            top.kill()
        self.assertEqual(sum(rates), 50)

    def test_top_cuts_its_lines_to_the_width_of_the_terminal(self):
        tenfold = self.web([self.node()])
        whole = tenfold.cli("status")[1].splitlines()
        columns = 50
        self.assertGreater(max(map(len, whole)), columns)
        main, terminal = pty.openpty()
        self.addCleanup(os.close, main)
        termios.tcsetwinsize(terminal, (24, columns))
        with subprocess.Popen([TENFOLD, "top", "-c", tenfold.file], stdout=terminal) as top:
            self.addCleanup(top.kill)
            os.close(terminal)
            text = b""
            while text.count(b"\x1b[H\x1b[2J") < 2:
                text += os.read(main, 4096)
            top.kill()
        shown = text.decode().split("\x1b[H\x1b[2J")[1].splitlines()
        self.assertEqual(len(shown), len(whole))
        self.assertEqual({len(line) for line in shown if len(line) >= columns}, {columns})
        self.assertEqual(shown[0][:30], whole[0][:30])

    def test_one_of_a_thing_is_told_as_one(self):
        node, cache_node = self.node(), Memcached()
        self.addCleanup(cache_node.stop)
        tenfold = self.tenfold(
            f'[web.test]\nlisten = "127.0.0.1:{{port}}"\nnodes = ["{node.address}"]\n'
            f'[cache.test]\nlisten = "127.0.0.1:{free_port()}"\nnodes = ["{cache_node.address}"]\n'
            'health = { interval = "100ms", fast_interval = "100ms", fall = 1 }\n',
        )
        self.client(tenfold).get()
        text = tenfold.cli("status")[1]
        self.assertRegex(text, r", 1 worker, .*, 1 connection, file ")
        self.assertIn("\n  1 request, 5xx 0", text)
        self.assertIn("\n  0 clients, 0 commands, ", text)
        self.assertRegex(text, r"\n  ring steady for \d+s, 1 node\n")
        cache_node.kill()
        wait_until(lambda: "1 probe failed in a row; the last: " in tenfold.log(), "the log tells of one probe")

    def test_requests_under_way_are_counted_without_waiting(self):
        release = threading.Event()
        self.addCleanup(release.set)
        node, other = self.node(lambda _: release.wait(20) and response(200)), self.node()
        tenfold = self.web([node, other])
        client = self.client(tenfold)
        while not node.requests:
            client = self.client(tenfold)
            client.send(request_bytes("GET", "/"))
            wait_until(lambda: node.requests or other.requests, "a request arrives")
            other.requests.clear()
        code, _, talk = tenfold.cli("drain", "web.test", node.address, "--timeout", "0s")
        self.assertEqual(code, 4)
        self.assertIn("still has 1 request under way", talk)

    def test_nodes_that_are_never_probed_and_nodes_of_no_weight(self):
        first, second, third = self.node(), self.node(), self.node()
        tenfold = self.web([first], "health = { enabled = false }")
        code, _, talk = tenfold.cli("add", "web.test", second.address)
        self.assertEqual((code, talk.count("unknown:")), (0, 0), talk)
        code, _, talk = tenfold.cli("add", "web.test", third.address, "--weight", "0")
        self.assertEqual(code, 0, talk)
        self.assertIn("has weight 0 and gets no traffic", talk)
        self.assertNotIn("probes succeed", talk)


if __name__ == "__main__":
    unittest.main()
