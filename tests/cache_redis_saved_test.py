# SPDX-License-Identifier: Apache-2.0
"""A Redis node that crashes while its keys move comes back with what it had saved: keys that have moved, and been
changed, since."""

import json
import unittest

from harness import wait_until
from redis_servers import RedisScenario

KEYS = [f"key{number}" for number in range(200)]
FILLERS = 60_000  # so that the keys of clients are moved by what they do, and not before


class Saved(RedisScenario):
    def test_what_has_moved_and_been_changed_stays_as_it_is(self):
        nodes = old, new = [self.server("--save", "100000 100000"), self.server()]
        with old.client() as direct:
            for begin in range(0, FILLERS, 1000):
                direct.pipeline(*[("SET", f"filler{number}", "x") for number in range(begin, begin + 1000)])
            for key in KEYS:
                direct.ask("SET", key, "old")
        tenfold = self.redis([old], "persistent = true")
        self.wait_for_ring(tenfold, [old])
        self.assertEqual(old.ask("SAVE"), b"OK")
        body = json.dumps({"address": new.address}).encode()
        tenfold.admin_request("POST", "/v1/services/cache.test/nodes", body=body)
        wait_until(lambda: self.service(tenfold)["ring_state"]["phase"] == "moving", "keys move")
        client = self.client(tenfold)
        for key in KEYS:
            self.assertEqual(client.ask("SET", key, "new"), b"OK")
        moved = [key for key in KEYS if new.ask("EXISTS", key) == 1]
        self.assertGreater(len(moved), 10)
        old.kill()
        old.start()
        self.wait_for_ring(tenfold, nodes)
        self.assertEqual({key: client.ask("GET", key) for key in moved}, dict.fromkeys(moved, b"new"))
        self.assertEqual([key for key in moved if old.ask("EXISTS", key) == 1], [])


if __name__ == "__main__":
    unittest.main()
