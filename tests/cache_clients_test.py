# SPDX-License-Identifier: Apache-2.0
"""Client libraries that sites use run their everyday operations against Tenfold in front of memcached."""

import os
import subprocess
import unittest

import node_packages
from cache_servers import CacheScenario
from harness import TENFOLD

LIBMEMCACHED = os.path.join(os.path.dirname(os.path.abspath(TENFOLD)), "libmemcached_everyday")


class Clients(CacheScenario):
    def test_libmemcached(self):
        for count, words in ((1, []), (3, []), (1, ["binary"]), (3, ["binary"])):
            tenfold = self.cache(self.memcached(count))
            done = subprocess.run(
                [LIBMEMCACHED, str(tenfold.port), *words], capture_output=True, text=True, timeout=60, check=False
            )
            self.assertEqual((done.returncode, done.stdout), (0, "everything as it should be\n"), done.stderr)

    def test_memcached_of_npm(self):
        built_in = self.tenfold('[cache.test]\nlisten = "127.0.0.1:{port}"\n')
        for tenfold in (built_in, *(self.cache(self.memcached(count)) for count in (1, 3))):
            code, said = node_packages.run("memcached_everyday.js", tenfold.port)
            self.assertEqual((code, said), (0, "everything as it should be\n"), said)

    def test_memjs_which_speaks_the_binary_protocol(self):
        for count in (1, 3):
            tenfold = self.cache(self.memcached(count), "allow_admin = true")
            said = node_packages.run("memjs_everyday.js", tenfold.port)
            self.assertEqual(said, (0, "everything as it should be\n"))


if __name__ == "__main__":
    unittest.main()
