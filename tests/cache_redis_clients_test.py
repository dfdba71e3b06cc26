# SPDX-License-Identifier: Apache-2.0
"""Client libraries that sites use run their everyday operations against Tenfold in front of Redis."""

import os
import subprocess
import unittest

import node_packages
from harness import TENFOLD
from redis_servers import RedisScenario

HIREDIS = os.path.join(os.path.dirname(os.path.abspath(TENFOLD)), "hiredis_everyday")


class Clients(RedisScenario):
    def test_hiredis(self):
        for count in (1, 3):
            tenfold = self.redis(self.servers(count))
            for database in ("0", "3"):
                command = [HIREDIS, str(tenfold.port), database]
                done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
                self.assertEqual((done.returncode, done.stdout), (0, "everything as it should be\n"), done.stderr)

    def test_ioredis(self):
        for count in (1, 3):
            tenfold = self.redis(self.servers(count))
            for database in (0, 3):
                said = node_packages.run("redis_everyday.js", tenfold.port, database)
                self.assertEqual(said, (0, "everything as it should be\n"))


if __name__ == "__main__":
    unittest.main()
