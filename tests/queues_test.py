# SPDX-License-Identifier: Apache-2.0
"""docs/how-to/queues.md does what it says: its service is served, and its commands are run as they stand there."""

import os
import re
import subprocess
import unittest

from harness import TENFOLD
from redis_servers import RedisScenario, RespClient

PAGE = os.path.join(os.path.dirname(__file__), "..", "docs", "how-to", "queues.md")


class Queues(RedisScenario):
    def test_the_page(self):
        with open(PAGE, encoding="utf-8") as file:
            page = file.read()
        ports = {f"638{number}": server.port for number, server in enumerate(self.servers(4), start=1)}
        tenfold = self.tenfold(self.with_ports("\n".join(self.blocks(page, "toml")), ports))
        ports["6380"] = tenfold.port
        script = self.with_ports("\n".join(self.blocks(page, "sh")), ports)
        path = f"{os.path.dirname(os.path.abspath(TENFOLD))}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", script + "\nwait\n"],
            cwd=tenfold.folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=120,
            check=False,
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("ERR", done.stdout)
        self.all_orders_were_worked_on(tenfold)
        self.assertEqual(sum(self.size(ports[f"638{number}"]) for number in range(1, 5)), 12)

    def all_orders_were_worked_on(self, tenfold):
        """By the workers, or by the poller, who has not acknowledged what he took."""
        with open(os.path.join(tenfold.folder, "done.txt"), encoding="utf-8") as file:
            worked = [tuple(line.split()) for line in file]
        self.assertEqual(len(worked), len(set(worked)))
        orders, pending = set(), 0
        with RespClient(tenfold.port) as client:
            for partition in range(12):
                stream = f"orders:{{{partition}}}"
                pending += client.ask("XPENDING", stream, "billing")[0]
                orders |= {int(fields[1]) for _, fields in client.ask("XRANGE", stream, "-", "+")}
        self.assertEqual(orders, set(range(1, 241)))
        self.assertEqual(len(worked) + pending, 240)

    @staticmethod
    def size(port):
        with RespClient(port) as server:
            return server.ask("DBSIZE")

    @staticmethod
    def blocks(page, language):
        return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)

    @staticmethod
    def with_ports(text, ports):
        return re.sub(r"\b638\d\b", lambda found: str(ports.get(found[0], "{port}")), text)


if __name__ == "__main__":
    unittest.main()
