# SPDX-License-Identifier: Apache-2.0
"""Listeners that were open before Tenfold began, and a new process that takes over from the running one."""

import os
import re
import shutil
import signal
import socket
import tempfile
import threading
import unittest

import harness
from harness import Client, Scenario, is_alive, response, wait_until

# What a service manager does: descriptor 3 is a listener, and LISTEN_PID names the process that it is for.
ACTIVATE = 'exec 3<&"$0"; [ "$0" = 3 ] || eval "exec $0<&-"; LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"'


class SocketActivation(Scenario):
    def test_a_listener_of_the_service_manager_is_used(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            os.set_inheritable(listener.fileno(), True)
            port = listener.getsockname()[1]
            # It is bound already: a Tenfold that opened its own could not start.
            tenfold = self.tenfold(
                f'[web.test]\nlisten = "127.0.0.1:{port}"\nnodes = ["{self.node().address}"]\n',
                prefix=["sh", "-c", ACTIVATE, str(listener.fileno())],
                pass_fds=[listener.fileno()],
            )
            client = Client(port)
            self.addCleanup(client.close)
            self.assertEqual(wait_until(lambda: client.get(), "an answer").status, 200)
        self.assertNotIn("unused_listener", tenfold.log())

    def test_one_that_no_service_names_is_told_of_and_closed(self):
        listener = socket.create_server(("127.0.0.1", 0))
        os.set_inheritable(listener.fileno(), True)
        port = listener.getsockname()[1]
        tenfold = self.web(
            [self.node()], prefix=["sh", "-c", ACTIVATE, str(listener.fileno())], pass_fds=[listener.fileno()]
        )
        listener.close()
        self.assertIn(f"unused_listener address=127.0.0.1:{port}", tenfold.log().replace('"', ""))
        with self.assertRaises(ConnectionRefusedError):
            Client(port)


class Visitors:
    """Clients that ask until they are told to stop: half of them keep their connections, half open one a request."""

    def __init__(self, port, count=8):
        self.port = port
        self.stop = threading.Event()
        self.problems = []
        self.answers = 0
        self.threads = [threading.Thread(target=self._visit, args=(i % 2 == 0,)) for i in range(count)]
        for thread in self.threads:
            thread.start()

    def _visit(self, keeps):
        client = None
        while not self.stop.is_set():
            try:
                client = client or Client(self.port)
                reply = client.get()
                if reply.status != 200 or reply.body != b"hello":
                    self.problems.append(reply.status)
                self.answers += 1
                if not keeps or reply.field("Connection") == "close":
                    client.close()
                    client = None
            except (OSError, EOFError) as problem:
                self.problems.append(repr(problem))
                client = None
        if client:
            client.close()

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()


class Upgrade(Scenario):
    def start(self, answer=None):
        tenfold = self.web([self.node(answer), self.node(answer)], run='workers = 2\nshutdown_grace = "500ms"')
        self.addCleanup(tenfold.end_successors)
        return tenfold

    def test_a_new_process_takes_over_under_load_and_no_request_fails(self):
        tenfold = self.start()
        visitors = Visitors(tenfold.port)
        self.addCleanup(visitors.end)
        wait_until(lambda: visitors.answers > 100, "visitors are on the site")
        first = tenfold.process
        first.send_signal(signal.SIGUSR2)
        self.assertEqual(first.wait(timeout=30), 0, tenfold.log())
        so_far = visitors.answers
        wait_until(lambda: visitors.answers > so_far + 100, "visitors are still served")
        visitors.end()
        self.assertEqual(visitors.problems, [])
        (second,) = tenfold.successors()
        self.assertTrue(is_alive(second))
        self.assertEqual(tenfold.admin_request("GET", "/readyz").status, 200)
        os.kill(second, signal.SIGUSR2)
        wait_until(lambda: not is_alive(second), f"it can be succeeded in turn\n{tenfold.log()}")
        self.assertEqual(tenfold.admin_request("GET", "/readyz").status, 200)
        self.assertEqual(self.client(tenfold).get().status, 200)

    def test_what_is_under_way_in_the_old_process_is_finished_there(self):
        release = threading.Event()
        self.addCleanup(release.set)

        def answer(request):
            if request.target == "/slow":
                release.wait(20)
            return response(200, b"hello")

        tenfold = self.start(answer)
        slow = self.client(tenfold)
        slow.send("GET /slow HTTP/1.1\r\nHost: test\r\n\r\n")
        tenfold.process.send_signal(signal.SIGUSR2)
        wait_until(lambda: "handed_over" in tenfold.log(), f"a successor serves\n{tenfold.log()}")
        self.assertEqual(self.client(tenfold).get().status, 200)
        self.assertIsNone(tenfold.process.poll())
        release.set()
        self.assertEqual(slow.read().status, 200)
        self.assertEqual(tenfold.process.wait(timeout=30), 0)

    def test_a_successor_that_cannot_start_changes_nothing(self):
        tenfold = self.start()
        good = f"{tenfold.file}.good"
        shutil.copy(tenfold.file, good)
        with open(tenfold.file, "a", encoding="utf-8") as file:
            file.write("nonsense = 1\n")
        tenfold.process.send_signal(signal.SIGUSR2)
        failed = lambda: re.search(r"upgrade_failed problem=.*it ended with exit code 3", tenfold.log())
        wait_until(failed, f"the upgrade is given up\n{tenfold.log()}")
        self.assertEqual(self.client(tenfold).get().status, 200)
        shutil.copy(good, tenfold.file)
        tenfold.process.send_signal(signal.SIGUSR2)
        self.assertEqual(tenfold.process.wait(timeout=30), 0, "the next one succeeds")
        self.assertEqual(self.client(tenfold).get().status, 200)

    def test_a_successor_that_fails_late_has_taken_no_client(self):
        # Nodes take long enough for a client to be cut off when a process ends.
        tenfold = self.start(lambda request: threading.Event().wait(0.02) or response(200, b"hello"))
        visitors = Visitors(tenfold.port, count=12)
        self.addCleanup(visitors.end)
        wait_until(lambda: visitors.answers > 100, "visitors are on the site")
        os.unlink(tenfold.access_log)
        os.mkdir(tenfold.access_log)
        for count in range(1, 6):
            tenfold.process.send_signal(signal.SIGUSR2)
            failed = lambda: tenfold.log().count(" upgrade_failed ") == count  # pylint: disable=cell-var-from-loop
            wait_until(failed, f"the upgrade is given up\n{tenfold.log()}")
        visitors.end()
        self.assertEqual(visitors.problems, [])
        self.assertIn("access.log cannot be opened: Is a directory", tenfold.log())
        self.assertEqual(tenfold.log().count(" serving "), 1, "no successor has served")

    def test_who_asks_for_readiness_sees_nothing_of_it(self):
        tenfold = self.start()
        stop = threading.Event()
        answers, problems = [], []

        def ask():
            while not stop.is_set():
                try:
                    answers.append(tenfold.admin_request("GET", "/readyz").status)
                except (OSError, EOFError) as problem:
                    problems.append(repr(problem))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        self.addCleanup(lambda: (stop.set(), [thread.join() for thread in threads]))
        for thread in threads:
            thread.start()
        process = tenfold.process.pid
        for count in range(1, 6):
            os.kill(process, signal.SIGUSR2)
            served = lambda: tenfold.log().count(" handed_over ") == count  # pylint: disable=cell-var-from-loop
            wait_until(served, f"a successor serves\n{tenfold.log()}")
            process = tenfold.successors()[-1]
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual((problems, set(answers)), ([], {200}))

    def test_however_many_listeners_there_are_the_successor_gets_them(self):
        folder = tempfile.mkdtemp(prefix="tenfold-listeners-")
        self.addCleanup(shutil.rmtree, folder)
        node = self.node()
        listeners = ", ".join(f'"unix:{folder}/{number}"' for number in range(1500))
        tenfold = self.web(
            [node],
            f'[web.many]\nlisten = [{listeners}]\nnodes = ["{node.address}"]\n',
            run='workers = 1\nshutdown_grace = "100ms"',
        )
        self.addCleanup(tenfold.end_successors)
        tenfold.process.send_signal(signal.SIGUSR2)
        self.assertEqual(tenfold.process.wait(timeout=30), 0, tenfold.log())
        with Client(f"{folder}/1499") as client:
            self.assertEqual(client.get().status, 200)

    def start_from(self, versions, first):
        """Runs a version by the path of a symbolic link, as packages that keep several versions do. Each is a shell
        script's text, or None for the program itself."""
        folder = tempfile.mkdtemp(prefix="tenfold-versions-")
        self.addCleanup(shutil.rmtree, folder)
        for name, script in versions.items():
            path = os.path.join(folder, name)
            if script is None:
                shutil.copy(harness.TENFOLD, path)
                continue
            with open(path, "w", encoding="utf-8") as file:
                file.write(f"#!/bin/sh\n{script}\n")
            os.chmod(path, 0o755)
        self.addCleanup(setattr, harness, "TENFOLD", harness.TENFOLD)
        harness.TENFOLD = os.path.join(folder, "current")
        self.link(first)
        return self.start()

    @staticmethod
    def link(version):
        os.symlink(version, f"{harness.TENFOLD}.new")
        os.rename(f"{harness.TENFOLD}.new", harness.TENFOLD)

    def test_the_version_that_a_symbolic_link_leads_to_is_started(self):
        script = f'echo "the second version" >&2; exec "{harness.TENFOLD}" "$@"'
        tenfold = self.start_from({"1": None, "2": script}, "1")
        self.link("2")
        tenfold.process.send_signal(signal.SIGUSR2)
        self.assertEqual(tenfold.process.wait(timeout=30), 0, tenfold.log())
        self.assertIn("the second version", tenfold.log())
        self.assertEqual(self.client(tenfold).get().status, 200)

    def test_who_stops_the_old_process_stops_the_successor_that_does_not_serve_yet(self):
        tenfold = self.start_from({"1": None, "slow": "exec sleep 600"}, "1")
        self.link("slow")
        tenfold.process.send_signal(signal.SIGUSR2)
        wait_until(lambda: tenfold.successors(), "an upgrade has begun")
        (successor,) = tenfold.successors()
        tenfold.process.send_signal(signal.SIGTERM)
        self.assertEqual(tenfold.process.wait(timeout=30), 0, tenfold.log())
        wait_until(lambda: not is_alive(successor), "the successor has ended too")


if __name__ == "__main__":
    unittest.main()
