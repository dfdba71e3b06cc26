# SPDX-License-Identifier: Apache-2.0
"""The whole site against a real MariaDB and memcached: two nodes, one shop.

usage: site_whole_test.py PATH_OF_SITE
"""

import concurrent.futures
import http.client
import json
import pathlib
import socket
import struct
import sys
import tempfile
import time
import unittest
import urllib.parse
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "tools")]
import servers  # noqa: E402
from browser import TIMEOUT_S, Browser  # noqa: E402

PRODUCTS = 300


def small_png():
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0abc")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


class SiteTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.started = []
        cls.temporary = tempfile.TemporaryDirectory(prefix="site-test-")
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.addClassCleanup(lambda: servers.stop_all(cls.started))
        folder = pathlib.Path(cls.temporary.name)
        cls.folder = folder
        cls.pictures = folder / "pictures"
        cls.mariadb = cls.keep(servers.start_mariadb(folder))
        cls.memcached = cls.keep(servers.start_memcached(folder))
        servers.prepare_site(BINARY, folder, cls.mariadb.address, cls.memcached.address, cls.pictures, PRODUCTS)
        cls.one = cls.keep(cls.start("one"))
        cls.two = cls.keep(cls.start("two"))
        cls.names = 0

    @classmethod
    def keep(cls, server):
        cls.started.append(server)
        return server

    @classmethod
    def start(cls, name, **more):
        options = {"memcached": cls.memcached.address, **more}
        return servers.start_site(BINARY, cls.folder, name, cls.mariadb.address, pictures=cls.pictures, **options)

    def sql(self, text):
        return servers.run_sql(self.mariadb.socket, f"USE site; {text}").strip()

    def customer(self, node=None):
        """A new account, logged in."""
        type(self).names += 1
        browser = Browser(node or self.one)
        reply = browser.enter("register", f"visitor {self.names}", "a long password")
        self.assertEqual(reply.status, 200, reply.body)
        return browser

    def seller(self, node=None):
        browser = Browser(node or self.one)
        self.assertEqual(browser.enter("login", "seller", "password-seller").status, 200)
        return browser

    def new_item(self, stock, price=500):
        """A product of its own for a test."""
        fields = {"name": "Thing", "category": "Toys", "description": "A thing.", "price_cents": price, "stock": stock}
        reply = self.seller().post("/seller/items.json", fields)
        self.assertEqual(reply.status, 200, reply.body)
        return reply.json["item"]

    # Pages

    def test_pages_are_shown_to_people_and_programs(self):
        visitor = Browser(self.one)
        for path in [
            "/",
            "/shop/products",
            "/shop/products?q=tea&page=1",
            "/shop/products?category=Toys",
            "/shop/products/1",
            "/forum/",
            "/forum/threads/1",
            "/account/login",
            "/account/register",
        ]:
            reply = visitor.get(path)
            self.assertEqual(reply.status, 200, path)
            self.assertIn("</html>", reply.text)
            self.assertEqual(reply.headers["X-Site-Node"], "one")
        for path in [
            "/index.json",
            "/shop/products.json",
            "/shop/products/1.json",
            "/forum/index.json",
            "/forum/threads/1.json",
        ]:
            self.assertIsInstance(visitor.get(path).json, dict, path)

    def test_the_list_has_pages_and_a_search(self):
        visitor = Browser(self.one)
        first = visitor.get("/shop/products.json").json
        second = visitor.get("/shop/products.json?page=2").json
        self.assertEqual(len(first["products"]), 24)
        self.assertTrue(first["more"])
        self.assertFalse({row["id"] for row in first["products"]} & {row["id"] for row in second["products"]})
        for wanted in first["products"][:5]:
            words = wanted["name"].lower().split()
            found = visitor.get("/shop/products.json?q=" + urllib.parse.quote(wanted["name"])).json["products"]
            self.assertIn(wanted["id"], [row["id"] for row in found], wanted["name"])
            for row in found:
                self.assertTrue(set(words) <= set(row["name"].lower().split()), row["name"])
        for odd in ['"+-*(', "' OR 1=1 -- ", "\\'", "the", "a"]:
            self.assertEqual(visitor.get("/shop/products.json?q=" + urllib.parse.quote(odd)).status, 200, odd)
        for odd in ["%ff%fe", "%c3%a9" * 30, "x" * 2000, "%00"]:
            self.assertEqual(visitor.get(f"/shop/products?q={odd}&category={odd}").status, 200, odd)
        self.assertEqual(visitor.get("/shop/products.json?q=nosuchthing").json["products"], [])

    def test_what_is_not_there_is_404(self):
        visitor = Browser(self.one)
        for path in [
            "/nothing",
            "/shop/products/999999",
            "/shop/products/0",
            "/forum/threads/999999",
            "/static/../schema.sql",
            "/static/none",
        ]:
            self.assertEqual(visitor.get(path).status, 404, path)

    def test_who_has_logged_in_is_known_on_pages_that_are_not_there(self):
        self.assertIn("Log out", self.customer().get("/nothing").text)

    def test_pictures_are_files(self):
        name = Browser(self.one).get("/shop/products/1.json").json["picture"]
        reply = Browser(self.two).get(f"/static/{name}")
        self.assertEqual(reply.status, 200)
        self.assertEqual(reply.body, (self.pictures / name).read_bytes())
        self.assertEqual(reply.headers["Content-Type"], "image/png")

    def test_head_has_no_body(self):
        reply = Browser(self.one).request("HEAD", "/")
        self.assertEqual((reply.status, reply.body), (200, b""))
        self.assertGreater(int(reply.headers["Content-Length"]), 1000)

    def test_a_node_serves_only_its_modules(self):
        node = self.start("forum-only", modules="forum")
        try:
            self.assertEqual(Browser(node).get("/forum/").status, 200)
            self.assertEqual(Browser(node).get("/shop/products").status, 404)
            self.assertEqual(Browser(node).get("/account/login").status, 200)
        finally:
            self.assertEqual(node.stop(), 0)

    def talk(self, *pieces):
        """What a node answers to these bytes, sent one after another, each when something came for the one before."""
        with socket.create_connection(("127.0.0.1", self.one.port), timeout=TIMEOUT_S) as client:
            answer = b""
            for i, piece in enumerate(pieces):
                client.sendall(piece)
                if i + 1 < len(pieces):
                    answer += client.recv(65536)
            while part := client.recv(65536):
                answer += part
            return answer

    def test_a_body_that_is_not_read_is_never_a_request(self):
        inner = b"GET /api/ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        for line in [b"OPTIONS /", b"FOO /", b"DELETE /", b"PUT /", b"GET /", b"HEAD /", b"GET /static/none.png"]:
            length = b"Content-Length: %d" % len(inner)
            for fields in [length, b"Content-Length: 0\r\n" + length, b"Transfer-Encoding: chunked"]:
                answer = self.talk(line + b" HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n\r\n", inner)
                self.assertNotIn(b'{"node"', answer, line)
                self.assertEqual(answer.count(b"HTTP/1.1 "), 1, line)
                self.assertIn(b"Connection: close", answer, line)

    def test_other_methods_are_refused_as_a_page_or_as_json(self):
        for method in ["PUT", "PATCH", "DELETE", "OPTIONS"]:
            reply = Browser(self.one).request(method, "/shop/products/1.json")
            self.assertEqual((reply.status, reply.json), (405, {"error": f"This page takes no {method}."}))
            reply = Browser(self.one).request(method, "/shop/products/1")
            self.assertEqual(reply.status, 405)
            self.assertIn("</html>", reply.text)

    def test_a_post_without_a_length_has_no_body(self):
        browser = self.customer()
        fields = f"Host: a\r\nCookie: {browser.cookie}\r\nX-CSRF-Token: {browser.csrf}\r\n"
        head = f"POST /account/logout.json HTTP/1.1\r\n{fields}\r\n"
        ping = b"GET /api/ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        answer = self.talk(head.encode(), ping)
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer)
        self.assertIn(b'{"node":"one"}', answer)
        self.assertEqual(browser.get("/account.json").status, 401)

    def test_a_page_is_never_a_part_of_itself(self):
        visitor = Browser(self.one)
        for path in ["/", "/forum/", "/shop/products/1.json", "/site.css"]:
            reply = visitor.request("GET", path, headers={"Range": "bytes=0-9"})
            self.assertEqual((reply.status, reply.body), (200, visitor.get(path).body), path)
        name = visitor.get("/shop/products/1.json").json["picture"]
        reply = visitor.request("GET", f"/static/{name}", headers={"Range": "bytes=0-7"})
        self.assertEqual((reply.status, reply.body), (206, b"\x89PNG\r\n\x1a\n"))

    def test_a_picture_is_never_shown_as_a_page(self):
        visitor = Browser(self.one)
        name = visitor.get("/shop/products/1.json").json["picture"]
        self.assertEqual(visitor.get(f"/static/{name}%00.html").status, 404)
        self.assertEqual(visitor.get(f"/static/{name}").headers["X-Content-Type-Options"], "nosniff")

    def test_what_is_compressed_for_one_is_not_kept_for_all(self):
        reply = Browser(self.one).request("GET", "/site.css", headers={"Accept-Encoding": "gzip"})
        self.assertEqual((reply.headers["Content-Encoding"], reply.headers["Vary"]), ("gzip", "Accept-Encoding"))

    # Accounts

    def test_a_visitor_of_one_node_is_known_to_the_other(self):
        browser = self.customer(self.one)
        other = browser.get("/account.json", self.two).json
        self.assertEqual(other["name"], browser.get("/account.json").json["name"])
        self.assertEqual(browser.post("/account/logout.json", {}, self.two).status, 200)
        self.assertEqual(browser.get("/account.json").status, 401)

    def test_a_session_gets_a_new_name_at_log_in(self):
        browser = Browser(self.one)
        browser.get("/account/login")
        before = browser.cookie
        self.assertEqual(browser.enter("login", "ann", "password-ann").status, 200)
        self.assertNotEqual(browser.cookie, before)

    def test_wrong_passwords_and_taken_names_are_refused(self):
        self.assertEqual(Browser(self.one).enter("login", "ann", "password-ben").status, 403)
        self.assertEqual(Browser(self.one).enter("login", "nobody", "password").status, 403)
        self.assertEqual(Browser(self.one).enter("register", "ann", "a long password").status, 409)
        self.assertEqual(Browser(self.one).enter("register", "shorty", "short").status, 422)

    def test_a_form_without_its_token_is_refused(self):
        browser = self.customer()
        for token in ["", "0" * 32, self.customer().csrf]:
            browser.csrf = token
            self.assertEqual(browser.fill_cart(1, 1).status, 403)

    def test_log_in_leads_back_only_to_this_site(self):
        for target, expected in [
            ("/shop/cart", "/shop/cart"),
            ("//evil.example/", "/"),
            ("https://evil.example/", "/"),
            ("/\\evil.example", "/"),
            ("/\tx", "/"),
        ]:
            browser = Browser(self.one)
            browser.csrf = browser.get("/account/login.json").json["csrf"]
            reply = browser.post("/account/login", {"name": "ben", "password": "password-ben", "next": target})
            self.assertEqual((reply.status, reply.headers["Location"]), (303, expected))

    # Orders

    def test_an_order_takes_stock_and_empties_the_cart(self):
        product = self.new_item(stock=5, price=250)
        browser = self.customer()
        self.assertEqual(Browser(self.two).get(f"/shop/products/{product}.json").json["stock"], 5)
        browser.fill_cart(product, 2)
        order = browser.post("/shop/orders.json", browser.order_form(), self.two).json["order"]
        shown = browser.get(f"/shop/orders/{order}.json").json
        self.assertEqual(shown["total_cents"], 500)
        self.assertEqual([(line["product_id"], line["quantity"]) for line in shown["lines"]], [(product, 2)])
        self.assertEqual(browser.get("/shop/cart.json").json["lines"], [])
        self.assertEqual(Browser(self.one).get(f"/shop/products/{product}.json").json["stock"], 3)
        self.assertEqual(self.customer().get(f"/shop/orders/{order}").status, 404)

    def test_a_form_sent_again_is_the_same_order(self):
        product = self.new_item(stock=50)
        browser = self.customer()
        browser.fill_cart(product, 1)
        form = browser.order_form()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            nodes = [self.one, self.two] * 8
            replies = list(pool.map(lambda node: browser.post("/shop/orders.json", form, node), nodes))
        self.assertEqual({reply.status for reply in replies}, {200})
        self.assertEqual(len({reply.json["order"] for reply in replies}), 1)
        self.assertEqual(self.sql(f"SELECT stock FROM product WHERE id = {product}"), "49")

    def test_the_last_items_are_never_oversold(self):
        first = self.new_item(stock=7)
        second = self.new_item(stock=9)
        browsers = [self.customer(node) for node in [self.one, self.two] * 10]
        forms = []
        for browser in browsers:
            browser.fill_cart(second, 1)
            browser.fill_cart(first, 1)
            forms.append(browser.order_form())
        with concurrent.futures.ThreadPoolExecutor(len(browsers)) as pool:
            replies = list(pool.map(lambda pair: pair[0].post("/shop/orders.json", pair[1]), zip(browsers, forms)))
        statuses = [reply.status for reply in replies]
        self.assertEqual((statuses.count(200), statuses.count(409)), (7, 13), statuses)
        self.assertEqual(self.sql(f"SELECT stock FROM product WHERE id = {first}"), "0")
        self.assertEqual(self.sql(f"SELECT stock FROM product WHERE id = {second}"), "2")
        sold = self.sql(f"SELECT SUM(quantity) FROM purchase_line WHERE product_id IN ({first}, {second})")
        self.assertEqual(sold, "14")

    def test_an_order_is_for_the_price_that_was_seen(self):
        product = self.new_item(stock=5, price=100)
        browser = self.customer()
        browser.fill_cart(product, 1)
        form = browser.order_form()
        self.seller().post(f"/seller/items/{product}.json", {"price_cents": 900, "stock": 5})
        self.assertEqual(browser.post("/shop/orders.json", form).status, 409)
        self.assertEqual(self.sql(f"SELECT stock FROM product WHERE id = {product}"), "5")
        self.assertEqual(browser.post("/shop/orders.json", browser.order_form()).status, 200)

    def test_what_was_sold_since_a_seller_looked_stays_sold(self):
        product = self.new_item(stock=10, price=100)
        page = self.seller().get("/seller/items").text
        self.assertIn('name="stock_seen" value="', page)
        browser = self.customer()
        browser.fill_cart(product, 4)
        self.assertEqual(browser.post("/shop/orders.json", browser.order_form()).status, 200)
        for stock, left in [(10, 6), (12, 8), (0, 0)]:
            change = {"price_cents": 100, "stock": stock, "stock_seen": 10}
            self.assertEqual(self.seller().post(f"/seller/items/{product}.json", change).json["stock"], left)
            self.assertEqual(self.sql(f"SELECT stock FROM product WHERE id = {product}"), str(left))
            self.sql(f"UPDATE product SET stock = 6 WHERE id = {product}")

    def test_an_empty_cart_cannot_be_ordered(self):
        browser = self.customer()
        self.assertEqual(browser.post("/shop/orders.json", browser.order_form()).status, 409)
        self.assertEqual(browser.get("/shop/orders.json").json["orders"], [])

    # Forum

    def test_threads_and_replies_are_escaped_and_kept(self):
        browser = self.customer()
        title = "<script>alert('1')</script> & ?"
        text = 'It\'s \\ "so"; -- ?\u00e9'
        thread = browser.post("/forum/threads.json", {"title": title, "text": text}).json["thread"]
        self.assertEqual(browser.post(f"/forum/threads/{thread}.json", {"text": "<b>bold</b>"}, self.two).status, 200)
        shown = Browser(self.two).get(f"/forum/threads/{thread}.json").json
        self.assertEqual(shown["title"], title)
        self.assertEqual([post["body"] for post in shown["posts"]], [text, "<b>bold</b>"])
        page = Browser(self.one).get(f"/forum/threads/{thread}").text
        self.assertNotIn("<script>", page)
        self.assertNotIn("<b>bold", page)
        newest = Browser(self.one).get("/forum/index.json").json["threads"][0]
        self.assertEqual((newest["id"], newest["replies"]), (thread, 1))

    def test_only_members_write_and_only_text(self):
        self.assertEqual(Browser(self.one).post("/forum/threads.json", {"title": "x", "text": "y"}).status, 403)
        browser = self.customer()
        self.assertEqual(browser.post("/forum/threads.json", {"title": " ", "text": "y"}).status, 422)
        self.assertEqual(browser.post("/forum/threads.json", {"title": "x" * 121, "text": "y"}).status, 422)
        self.assertEqual(browser.post("/forum/threads.json", {"title": b"\xff\xfe", "text": "y"}).status, 422)
        self.assertEqual(browser.post("/forum/threads/999999.json", {"text": "y"}).status, 404)

    def test_texts_are_as_long_as_the_forms_say_in_every_script(self):
        browser = self.customer()
        for letter in ["x", "\u0436", "\u5b57", "\U0001f600"]:
            sent = {"title": letter * 120, "text": letter * 7998 + "\r\n" + letter}
            reply = browser.post("/forum/threads.json", sent)
            self.assertEqual(reply.status, 200, reply.body)
            shown = browser.get(f"/forum/threads/{reply.json['thread']}.json").json
            self.assertEqual(shown["title"], sent["title"])
            self.assertEqual(shown["posts"][0]["body"], sent["text"].replace("\r", ""))
            self.assertEqual(browser.post("/forum/threads.json", {"title": letter * 121, "text": "x"}).status, 422)
            searched = browser.get("/shop/products.json?q=" + urllib.parse.quote(letter * 60)).json
            self.assertEqual((searched["search"], searched["products"]), (letter * 60, []))
        type(self).names += 1
        name = f"{self.names} ".ljust(32, "\u0436")
        for verb in ["register", "login"]:
            self.assertEqual(Browser(self.one).enter(verb, name, "\u5b57" * 120).status, 200)
        self.assertEqual(Browser(self.one).enter("register", "shorter", "\u5b57" * 7).status, 422)

    # Sellers

    def test_a_change_of_stock_and_price_is_seen_at_once(self):
        product = self.new_item(stock=4, price=100)
        visitor = Browser(self.two)
        search = f"/shop/products/{product}.json"
        self.assertEqual(visitor.get(search).json["stock"], 4)
        before = visitor.get("/shop/products.json?q=Thing&category=Toys").json["products"]
        self.assertIn(product, [row["id"] for row in before])
        reply = self.seller(self.one).post(f"/seller/items/{product}.json", {"price_cents": 777, "stock": 0})
        self.assertEqual(reply.status, 200)
        self.assertEqual(visitor.get(search).json["stock"], 0)
        after = visitor.get("/shop/products.json?q=Thing&category=Toys").json["products"]
        self.assertIn((product, 777, 0), [(row["id"], row["price_cents"], row["available"]) for row in after])

    def test_only_the_owner_edits_an_item(self):
        other = Browser(self.one)
        type(self).names += 1
        self.assertEqual(other.enter("register", f"rival {self.names}", "a long password", seller=1).status, 200)
        product = self.new_item(stock=4)
        self.assertEqual(other.post(f"/seller/items/{product}.json", {"price_cents": 1, "stock": 1}).status, 404)
        self.assertEqual(self.customer().get("/seller/items.json").status, 403)
        free = self.seller().post(f"/seller/items/{product}.json", {"price_cents": 0, "stock": 1})
        self.assertEqual(free.status, 422)

    def test_the_sales_report_counts_what_was_sold(self):
        seller = self.seller()
        before = seller.get("/seller/sales.json").json
        product = self.new_item(stock=9, price=1000)
        browser = self.customer()
        browser.fill_cart(product, 3)
        self.assertEqual(browser.post("/shop/orders.json", browser.order_form()).status, 200)
        after = seller.get("/seller/sales.json").json
        self.assertEqual(after["sold"] - before["sold"], 3)
        self.assertEqual(after["income_cents"] - before["income_cents"], 3000)
        self.assertEqual(seller.get("/seller/sales").status, 200)
        self.assertEqual(seller.get("/seller/items").status, 200)

    def multipart(self, token, picture):
        parts = [
            b'--X\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n' + token.encode(),
            b'--X\r\nContent-Disposition: form-data; name="picture"; filename="a.png"\r\n'
            b"Content-Type: image/png\r\n\r\n" + picture,
            b"--X--\r\n",
        ]
        return b"\r\n".join(parts), {"Content-Type": "multipart/form-data; boundary=X"}

    def test_a_picture_is_uploaded_as_a_form_or_as_a_body(self):
        product = self.new_item(stock=1)
        seller = self.seller()
        path = f"/seller/items/{product}/picture.json"
        for body, headers in [
            self.multipart(seller.csrf, small_png()),
            (small_png(), {"X-CSRF-Token": seller.csrf, "Content-Type": "image/png"}),
        ]:
            reply = seller.request("POST", path, body, headers)
            self.assertEqual(reply.status, 200, reply.body)
            name = Browser(self.two).get(f"/shop/products/{product}.json").json["picture"]
            self.assertEqual(name, reply.json["picture"])
            self.assertEqual(Browser(self.two).get(f"/static/{name}").body, small_png())

    def test_a_bad_upload_leaves_nothing_behind(self):
        product = self.new_item(stock=1)
        seller = self.seller()
        path = f"/seller/items/{product}/picture.json"
        token = {"X-CSRF-Token": seller.csrf, "Content-Type": "image/png"}
        before = sorted(self.pictures.iterdir())
        big = small_png() + bytes(8 * 1024 * 1024)
        self.assertEqual(seller.request("POST", path, b"GIF89a" * 20, token).status, 422)
        self.assertEqual(seller.request("POST", path, big, token).status, 413)
        self.assertEqual(seller.request("POST", path, *self.multipart("0" * 32, small_png())).status, 403)
        self.assertEqual(self.customer().request("POST", path, small_png(), token).status, 403)
        for much in [big, small_png() + bytes(12 * 1024 * 1024)]:
            self.assertEqual(seller.request("POST", path, *self.multipart(seller.csrf, much)).status, 413)
        self.assertEqual(sorted(self.pictures.iterdir()), before)

    # Operation

    def test_connections_are_kept_after_an_upload_was_refused(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.one.port, timeout=TIMEOUT_S)
        connection.request("POST", "/seller/items/1/picture", bytes(300000), {"Content-Type": "image/png"})
        reply = connection.getresponse()
        reply.read()
        self.assertEqual(reply.status, 403)
        kept = connection.sock
        connection.request("GET", "/api/ping")
        self.assertEqual(json.loads(connection.getresponse().read()), {"node": "one"})
        self.assertIs(connection.sock, kept)
        connection.close()

    def test_a_form_that_is_too_large_is_refused(self):
        body = b"a=" + b"x" * 200000
        reply = Browser(self.one).request(
            "POST", "/account/login", body, {"Content-Type": "application/x-www-form-urlencoded"}
        )
        self.assertEqual(reply.status, 413)
        self.assertIn("</html>", reply.text)
        reply = Browser(self.one).request("POST", "/account/login.json", body)
        self.assertEqual((reply.status, reply.json), (413, {"error": "The form is too large."}))
        reply = Browser(self.one).request("POST", "/account/login", b"a", {"Content-Type": "multipart/form-data"})
        self.assertEqual(reply.status, 400)

    def test_a_body_without_end_is_not_read_for_ever(self):
        chunk = b"10000\r\n" + bytes(0x10000) + b"\r\n"
        head = b"POST /account/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        answer = self.talk(head + chunk * 160)
        self.assertTrue(answer.startswith(b"HTTP/1.1 413 "), answer[:200])

    def test_without_memcached_the_shop_stays_open_and_says_so(self):
        memcached = servers.start_memcached(self.folder, "memcached-short")
        node = self.start("lonely", memcached=memcached.address)
        try:
            browser = self.customer(node)
            memcached.stop()
            self.assertEqual(browser.get("/shop/products/1").status, 200)
            self.assertEqual(browser.get("/account/login").status, 503)
            for path in ["/account", "/account.json", "/shop/cart", "/shop/orders.json"]:
                self.assertEqual(browser.get(path).status, 503, path)  # and not "log in first"
            health = browser.get("/healthz")
            self.assertEqual((health.status, health.json["database"]), (503, "ok"))
            self.assertNotEqual(health.json["memcached"], "ok")
        finally:
            memcached.stop()
            self.assertEqual(node.stop(), 0)

    def test_lost_database_connections_are_replaced(self):
        browser = self.customer()
        ids = self.sql("SELECT id FROM information_schema.processlist WHERE user = 'site'").split()
        self.assertTrue(ids)
        self.sql("".join(f"KILL {connection};" for connection in ids))
        self.assertEqual(browser.get("/shop/orders").status, 200)
        self.assertEqual(browser.post("/shop/cart.json", {"product": 1, "quantity": 1}, self.two).status, 200)

    def test_a_node_that_is_told_to_stop_answers_what_it_has(self):
        node = self.start("leaving")
        product = self.new_item(stock=1)
        seller = self.seller(node)
        connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=TIMEOUT_S)
        picture = small_png()
        connection.putrequest("POST", f"/seller/items/{product}/picture.json")
        for name, value in [
            ("Cookie", seller.cookie),
            ("X-CSRF-Token", seller.csrf),
            ("Content-Type", "image/png"),
            ("Content-Length", str(len(picture))),
        ]:
            connection.putheader(name, value)
        connection.endheaders()
        connection.send(picture[:40])
        hidden = f".item-{product}-"
        node.wait_until(lambda: any(file.name.startswith(hidden) for file in self.pictures.iterdir()))
        node.process.terminate()
        deadline = time.monotonic() + TIMEOUT_S
        while servers.accepts(node.port) and time.monotonic() < deadline:
            pass
        connection.send(picture[40:])
        reply = connection.getresponse()
        self.assertEqual(reply.status, 200, reply.read())
        self.assertEqual(reply.headers["Connection"], "close")
        connection.close()
        self.assertEqual(node.stop(), 0)


if __name__ == "__main__":
    BINARY = sys.argv.pop(1)
    unittest.main(verbosity=2)
