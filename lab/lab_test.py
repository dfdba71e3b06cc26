# SPDX-License-Identifier: Apache-2.0
"""The lab is gone without a trace, whenever it is interrupted, and says what it cannot work with. BUILD names the
folder of the programs."""

import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

LAB = pathlib.Path(__file__).parent / "lab"
DEADLINE_S = 120


def commands_with(text):
    """The command lines of processes that name this text."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
        except OSError:  # it has just ended
            continue
        if text.encode() in command:
            found.append(command.replace(b"\0", b" ").decode(errors="replace"))
    return found


class Lab(unittest.TestCase):
    def start(self, folder, *words, **environment):
        return subprocess.Popen(
            [LAB, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "TMPDIR": folder, **environment},
        )

    def interrupt(self, number, when, *words):
        """Sends the signal, to the lab alone, when it has said a line that begins so; everything that it said."""
        with tempfile.TemporaryDirectory(prefix="lab-test-") as folder:
            said = []
            with self.start(folder, *words) as lab:
                for line in lab.stdout:
                    said.append(line)
                    if line.startswith(when):
                        lab.send_signal(number)
                        lab.send_signal(number)  # by an impatient person
                code = lab.wait(DEADLINE_S)
            self.assertEqual(os.listdir(folder), [], said)
            deadline = time.monotonic() + DEADLINE_S
            while commands_with(folder) and time.monotonic() < deadline:
                time.sleep(0.05)
            self.assertEqual(commands_with(folder), [], said)
        self.assertNotIn("Traceback", "".join(said))
        return code

    def test_it_is_gone_when_it_is_interrupted_at_its_start(self):
        self.assertEqual(self.interrupt(signal.SIGINT, "lab: starting MariaDB"), 128 + signal.SIGINT)
        self.assertEqual(self.interrupt(signal.SIGTERM, "lab: filling"), 128 + signal.SIGTERM)
        self.assertEqual(self.interrupt(signal.SIGHUP, "lab: starting Tenfold"), 128 + signal.SIGHUP)

    def test_it_is_gone_when_it_is_interrupted_while_it_serves(self):
        self.assertEqual(self.interrupt(signal.SIGINT, "Ctrl-C stops"), 0)
        self.assertEqual(self.interrupt(signal.SIGTERM, "$ ", "drain"), 128 + signal.SIGTERM)

    def test_what_it_cannot_work_with(self):
        for words, environment, said in [
            (["nosuch"], {}, "there is no scenario nosuch"),
            (["add", "drain"], {}, "there is no scenario add drain"),
            (["add"], {"DURATION": "soon"}, "DURATION is a whole number"),
            (["add"], {"RATE": "0"}, "RATE is a whole number"),
            ([], {"BUILD": "/nowhere"}, "/nowhere has no tenfold, site, load"),
        ]:
            with tempfile.TemporaryDirectory(prefix="lab-test-") as folder:
                with self.start(folder, *words, **environment) as lab:
                    text = lab.communicate(timeout=DEADLINE_S)[0]
                self.assertIn(said, text)
                self.assertNotIn("Traceback", text)
                self.assertNotEqual(lab.returncode, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
