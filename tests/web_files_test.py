# SPDX-License-Identifier: Apache-2.0
"""Files served from a folder."""

import os
import shutil
import tempfile
import unittest

from harness import Scenario, request_bytes, wait_until


class Files(Scenario):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="tenfold-files-")
        self.addCleanup(shutil.rmtree, self.root)
        os.mkdir(f"{self.root}/sub")
        os.makedirs(f"{self.root}/.well-known/acme-challenge")
        for name, data in (
            ("a.txt", b"0123456789"),
            ("index.html", b"<p>root"),
            ("sub/index.html", b"<p>index"),
            (".secret", b"no"),
            (".well-known/acme-challenge/token", b"proof"),
            (".well-known/.secret", b"no"),
            ("big.bin", b"b" * 3_000_000),
        ):
            with open(f"{self.root}/{name}", "wb") as file:
                file.write(data)
        os.symlink("/etc/passwd", f"{self.root}/escape")
        os.mkfifo(f"{self.root}/fifo")
        tenfold = self.tenfold(f'[web.files]\nlisten = "127.0.0.1:{{port}}"\npath = "/static/"\nroot = "{self.root}"\n')
        self.client_ = self.client(tenfold)

    def test_files_ranges_and_conditions(self):
        client = self.client_
        whole = client.get("/static/a.txt")
        self.assertEqual(
            (whole.status, whole.body, whole.field("Content-Type")), (200, b"0123456789", "text/plain; charset=utf-8")
        )
        part = client.get("/static/a.txt", ["Range: bytes=2-4"])
        self.assertEqual((part.status, part.body, part.field("Content-Range")), (206, b"234", "bytes 2-4/10"))
        self.assertEqual(client.get("/static/a.txt", ["Range: bytes=-3"]).body, b"789")
        beyond = client.get("/static/a.txt", ["Range: bytes=20-"])
        self.assertEqual((beyond.status, beyond.field("Content-Range")), (416, "bytes */10"))
        self.assertEqual(beyond.field("Content-Type"), "text/plain; charset=utf-8", "that of the answer alone")
        self.assertEqual(client.get("/static/a.txt", [f"If-None-Match: {whole.field('ETag')}"]).status, 304)
        self.assertEqual(
            client.get("/static/a.txt", [f"If-Modified-Since: {whole.field('Last-Modified')}"]).status, 304
        )
        self.assertEqual(client.get("/static/a.txt", ['If-Match: "other"']).status, 412)
        self.assertEqual(client.get("/static/big.bin").body, b"b" * 3_000_000)
        client.send(request_bytes("HEAD", "/static/a.txt"))
        self.assertEqual(client.read(head_request=True).field("Content-Length"), "10")

    def test_folders(self):
        self.assertEqual(self.client_.get("/static/sub/").body, b"<p>index")
        moved = self.client_.get("/static/sub")
        self.assertEqual((moved.status, moved.field("Location")), (301, "/static/sub/"))
        moved = self.client_.get("/static/sub?q=1/2")
        self.assertEqual((moved.status, moved.field("Location")), (301, "/static/sub/?q=1/2"))

    def test_the_root_is_a_folder_too(self):
        self.assertEqual(self.client_.get("/static/").body, b"<p>root")
        for target in ("/static", "/static?q=1"):
            moved = self.client_.get(target)
            self.assertEqual((moved.status, moved.field("Location")), (301, target.replace("static", "static/")))

    def test_what_is_well_known_is_not_hidden(self):
        self.assertEqual(self.client_.get("/static/.well-known/acme-challenge/token").body, b"proof")

    def test_nothing_outside_or_hidden_is_served(self):
        for path in (
            "/static/escape",
            "/static/.secret",
            "/static/.well-known/.secret",
            "/static/sub/.well-known/x",
            "/static/fifo",
            "/static/none",
            "/static/../static/../a.txt",
            "/static/%2e%2e/etc/passwd",
            "/static//etc/passwd",
        ):
            self.assertEqual(self.client_.get(path).status, 404, path)
        self.client_.send(request_bytes("POST", "/static/a.txt", body=b"x"))
        self.assertEqual(self.client_.read().status, 405)


class Prefixes(Scenario):
    def test_a_path_with_an_escape_is_taken_off_whole(self):
        folder = tempfile.mkdtemp(prefix="tenfold-files-")
        self.addCleanup(shutil.rmtree, folder)
        for name in ("file.txt", "le.txt"):
            with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
                file.write(name)
        topology = f'[web.files]\nlisten = "127.0.0.1:{{port}}"\npath = "/a%20%62/"\nroot = "{folder}"\n'
        client = self.client(self.tenfold(topology))
        for path in ("/a%20b/file.txt", "/%61%20b//file.txt"):
            self.assertEqual(client.get(path).body, b"file.txt", path)


class Roots(Scenario):
    def test_a_folder_is_never_taken_for_a_host(self):
        folder = tempfile.mkdtemp(prefix="tenfold-files-")
        self.addCleanup(shutil.rmtree, folder)
        os.mkdir(f"{folder}/evil.example")
        with open(f"{folder}/evil.example/index.html", "wb"):
            pass
        client = self.client(self.tenfold(f'[web.files]\nlisten = "127.0.0.1:{{port}}"\nroot = "{folder}"\n'))
        for path in ("//evil.example", "///evil.example", "/x/..//evil.example"):
            moved = client.get(path)
            self.assertEqual((moved.status, moved.field("Location")), (301, "/evil.example/"), path)

    def test_a_release_that_is_switched_by_a_link_is_served(self):
        folder = tempfile.mkdtemp(prefix="tenfold-files-")
        self.addCleanup(shutil.rmtree, folder)
        for release in ("1", "2"):
            os.mkdir(f"{folder}/{release}")
            with open(f"{folder}/{release}/release.txt", "w", encoding="utf-8") as file:
                file.write(release)
        os.symlink("1", f"{folder}/current")
        topology = f'[web.files]\nlisten = "127.0.0.1:{{port}}"\nroot = "{folder}/current"\n'
        client = self.client(self.tenfold(topology))
        self.assertEqual(client.get("/release.txt").body, b"1")
        os.symlink("2", f"{folder}/next")
        os.rename(f"{folder}/next", f"{folder}/current")
        wait_until(lambda: client.get("/release.txt").body == b"2", "the new release is served")

    def test_a_file_that_becomes_shorter_is_cut_off_and_the_client_not_blamed(self):
        folder = tempfile.mkdtemp(prefix="tenfold-files-")
        self.addCleanup(shutil.rmtree, folder)
        with open(f"{folder}/long.bin", "wb") as file:
            file.truncate(60_000_000)
        tenfold = self.tenfold(f'[web.files]\nlisten = "127.0.0.1:{{port}}"\nroot = "{folder}"\n')
        client = self.client(tenfold)
        client.send(request_bytes("GET", "/long.bin"))
        self.assertEqual(client.read_head().status, 200)
        os.truncate(f"{folder}/long.bin", 40_000_000)
        with self.assertRaises(ConnectionResetError):
            client.reader.read()
        entry = wait_until(tenfold.access_entries, "the log has a line")[0]
        self.assertEqual(entry["failure"], "internal")
        self.assertIn("it became shorter", entry["detail"])


if __name__ == "__main__":
    unittest.main()
