# SPDX-License-Identifier: Apache-2.0
"""Client libraries that sites use run their everyday operations against Tenfold in front of memcached."""

import os
import subprocess
import unittest

import node_packages
from cache_servers import CacheScenario
from harness import TENFOLD, wait_until

LIBMEMCACHED = os.path.join(os.path.dirname(os.path.abspath(TENFOLD)), "libmemcached_everyday")


class Clients(CacheScenario):
    def test_libmemcached(self):
        for count in (1, 3):
            tenfold = self.cache(self.memcached(count))
            done = subprocess.run(
                [LIBMEMCACHED, str(tenfold.port)], capture_output=True, text=True, timeout=60, check=False
            )
            self.assertEqual((done.returncode, done.stdout), (0, "everything as it should be\n"), done.stderr)

    def test_memcached_of_npm(self):
        for count in (1, 3):
            tenfold = self.cache(self.memcached(count))
            code, said = node_packages.run("memcached_everyday.js", tenfold.port)
            self.assertEqual((code, said), (0, "everything as it should be\n"), said)

    def test_memjs_speaks_the_binary_protocol_and_is_told_at_once(self):
        tenfold = self.cache(self.memcached(1))
        code, said = node_packages.run("memjs_is_told.js", tenfold.port)
        self.assertEqual(code, 0, said)
        wait_until(lambda: "binary protocol" in tenfold.log(), "the log tells of it")


if __name__ == "__main__":
    unittest.main()
