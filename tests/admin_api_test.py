# SPDX-License-Identifier: Apache-2.0
"""What operators see of the process itself in the admin API."""

import os
import re
import stat

from harness import Scenario


class AdminApi(Scenario):
    def test_a_unix_socket_is_for_its_owner_and_group_whatever_the_umask_is(self):
        for umask in ("000", "022", "077"):
            tenfold = self.tenfold(
                f'[web.test]\nlisten = ["127.0.0.1:{{port}}", "unix:{{folder}}/web.sock"]\n'
                f'nodes = ["{self.node().address}"]\n',
                prefix=("sh", "-c", f'umask {umask}; exec "$@"', "sh"),
            )
            mode = lambda path: stat.S_IMODE(os.stat(path).st_mode)
            self.assertEqual(mode(tenfold.admin), 0o660, umask)
            listener = os.path.join(tenfold.folder, "web.sock")
            self.assertEqual(mode(listener), 0o777 & ~int(umask, 8), "that of a service is as the umask has it")

    def test_metrics_tell_of_the_process_and_its_version(self):
        tenfold = self.web([self.node()])
        page = tenfold.admin_request("GET", "/metrics").body.decode()
        version = tenfold.admin_request("GET", "/v1/status").json()["version"]
        self.assertIn(f'\ntenfold_build_info{{version="{version}"}} 1\n', page)
        types = dict(re.findall(r"^# TYPE (process_\w+) (\w+)$", page, re.MULTILINE))
        values = {name: float(value) for name, value in re.findall(r"^(process_\w+) (\S+)$", page, re.MULTILINE)}
        self.assertEqual(
            types,
            {
                "process_cpu_seconds_total": "counter",
                "process_resident_memory_bytes": "gauge",
                "process_open_fds": "gauge",
                "process_max_fds": "gauge",
                "process_start_time_seconds": "gauge",
            },
        )
        self.assertEqual(values.keys(), types.keys())
        process = f"/proc/{tenfold.process.pid}"
        with open(f"{process}/limits", encoding="utf-8") as file:
            limit = re.search(r"Max open files +(\d+)", file.read())[1]
        self.assertEqual(values["process_max_fds"], float(limit))
        self.assertAlmostEqual(values["process_open_fds"], len(os.listdir(f"{process}/fd")), delta=5)
        self.assertGreater(values["process_cpu_seconds_total"], 0)
        self.assertLess(values["process_cpu_seconds_total"], 60)
        self.assertGreater(values["process_resident_memory_bytes"], 1 << 20)
        started = values["process_start_time_seconds"]
        self.assertAlmostEqual(started, os.stat(tenfold.file).st_mtime, delta=60)
        again = tenfold.admin_request("GET", "/metrics").body.decode()
        start = lambda text: re.findall(r"^process_start_time_seconds .*", text, re.MULTILINE)
        self.assertEqual(start(again), start(page))

    def test_each_phase_of_a_ring_is_a_series(self):
        tenfold = self.tenfold('[cache.test]\nlisten = "127.0.0.1:{port}"\n')
        page = tenfold.admin_request("GET", "/metrics").body.decode()
        series = r'^tenfold_cache_ring_phase{service="cache.test",phase="(\w+)"} (\d)$'
        phases = dict(re.findall(series, page, re.MULTILINE))
        self.assertEqual(phases, {"steady": "1", "hold": "0", "moving": "0"})

    def test_without_a_token_nobody_is_served_through_a_proxy(self):
        tenfold = self.web([self.node()])
        for field in ("X-Forwarded-For: 192.0.2.1", "forwarded: for=192.0.2.1", "Via: 1.1 proxy"):
            refused = tenfold.admin_request("GET", "/v1/status", [field])
            self.assertEqual(refused.status, 403, field)
            self.assertIn(b"passed on by a proxy", refused.body)
        self.assertEqual(tenfold.admin_request("GET", "/v1/status").status, 200)
