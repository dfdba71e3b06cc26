# SPDX-License-Identifier: Apache-2.0
"""How `tenfold run` begins, or why it does not."""

import os
import socket
import subprocess
import unittest

from harness import TENFOLD, Scenario, free_port, wait_until


class Starting(Scenario):
    def test_a_socket_that_is_about_to_go_is_waited_for(self):
        """As that of a process that was killed a moment ago."""
        tenfold = self.web([self.node()])
        tenfold.kill()
        os.unlink(tenfold.admin)
        with socket.socket(socket.AF_UNIX) as dying:
            dying.bind(tenfold.admin)
            dying.listen()
            dying.settimeout(20)
            tenfold.start(ready=False)
            dying.accept()[0].close()  # it has looked whether somebody is there
        wait_until(tenfold.is_ready, "it serves")

    def start(self, change):
        """Runs a file that `change` makes of a good one: (exit code, what it said)."""
        tenfold = self.web([self.node()])
        with open(tenfold.file, encoding="utf-8") as file:
            text = file.read().replace(f":{tenfold.port}", f":{free_port()}").replace("admin.sock", "other.sock")
        path = os.path.join(tenfold.folder, "other.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(change(text))
        done = subprocess.run([TENFOLD, "run", "-c", path], capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stderr, path

    def test_an_access_log_that_cannot_be_opened_fails_the_start(self):
        code, said, _ = self.start(lambda text: text.replace("access.log", "no/such/folder.log"))
        self.assertEqual(code, 1)
        self.assertIn("no/such/folder.log cannot be opened: No such file or directory", said)

    @unittest.skipUnless(os.geteuid() == 0, "only root changes its account")
    def test_an_account_that_is_not_there_is_said_before_anything_is_opened(self):
        code, said, path = self.start(lambda text: text.replace("[run]", '[run]\nuser = "no-such-account"'))
        self.assertEqual(code, 1)
        self.assertIn("there is no account no-such-account", said)
        self.assertNotIn("serving", said)
        done = subprocess.run([TENFOLD, "check", "-c", path], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0)
        self.assertIn("2:8: warning: there is no account no-such-account on this machine", done.stderr)


if __name__ == "__main__":
    unittest.main()
