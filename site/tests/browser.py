# SPDX-License-Identifier: Apache-2.0
"""A visitor of the site, as tests and the lab need one."""

import http.client
import json
import urllib.parse

TIMEOUT_S = 20


class Reply:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)


class Browser:
    """A visitor with a cookie, who may talk to any node."""

    def __init__(self, node):
        self.node = node
        self.cookie = None
        self.csrf = None

    def request(self, method, path, body=None, headers=None, node=None):
        connection = http.client.HTTPConnection("127.0.0.1", (node or self.node).port, timeout=TIMEOUT_S)
        fields = dict(headers or {})
        if self.cookie:
            fields["Cookie"] = self.cookie
        try:
            connection.request(method, path, body, fields)
            raw = connection.getresponse()
            reply = Reply(raw.status, raw.headers, raw.read())
        finally:
            connection.close()
        if raw.headers["Set-Cookie"]:
            self.cookie = raw.headers["Set-Cookie"].split(";")[0]
        return reply

    def get(self, path, node=None):
        return self.request("GET", path, node=node)

    def post(self, path, fields, node=None):
        body = urllib.parse.urlencode({"csrf": self.csrf or "", **fields})
        return self.request("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"}, node)

    def enter(self, verb, name, password, **more):
        self.csrf = self.get(f"/account/{verb}.json").json["csrf"]
        reply = self.post(f"/account/{verb}.json", {"name": name, "password": password, **more})
        if reply.status == 200:
            self.csrf = reply.json["csrf"]
        return reply

    def fill_cart(self, product, quantity):
        return self.post("/shop/cart.json", {"product": product, "quantity": quantity})

    def order_form(self):
        cart = self.get("/shop/cart.json").json
        return {"form_key": cart["form_key"], "total_cents": cart["total_cents"]}
