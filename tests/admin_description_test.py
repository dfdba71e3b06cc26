# SPDX-License-Identifier: Apache-2.0
"""/openapi.json against what the admin API really answers."""

import json
import os
import re

from cache_servers import CacheScenario
from harness import Client, free_port, wait_until

TYPES = {
    "string": str,
    "boolean": bool,
    "array": list,
    "object": dict,
}


def has_type(value, name):
    if name in ("integer", "number"):
        return isinstance(value, int if name == "integer" else (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


class Description:
    """The document, and what of an answer it does not allow. It is stricter than JSON Schema: where the members of an
    object are listed, there is no other."""

    def __init__(self, document):
        self.document = document

    def resolved(self, value):
        while "$ref" in value:
            place = self.document
            for name in value["$ref"].removeprefix("#/").split("/"):
                place = place[name]
            value = place
        return value

    def operations(self):
        return [
            (method.upper(), path, operation)
            for path, item in self.document["paths"].items()
            for method, operation in item.items()
        ]

    def operation(self, method, target):
        """The one that a call is; None where there is none."""
        path = target.split("?")[0]
        for known, pattern, operation in self.operations():
            shape = re.escape(pattern).replace(r"\{service\}", "[^/]+").replace(r"\{address\}", ".+")
            if known == method and re.fullmatch(shape, path):
                return operation
        return None

    def wrong(self, value, schema, place=""):
        """The first thing that does not fit, as a sentence; None when all does."""
        schema = self.resolved(schema)
        if "type" in schema and not has_type(value, schema["type"]):
            return f"{place} is no {schema['type']}: {value!r}"
        if "enum" in schema and value not in schema["enum"]:
            return f"{place} is {value!r}, none of {schema['enum']}"
        if "minimum" in schema and value < schema["minimum"]:
            return f"{place} is {value}, less than {schema['minimum']}"
        parts = []
        if isinstance(value, list):
            parts = [(f"{place}[{i}]", part, schema["items"]) for i, part in enumerate(value)]
        elif isinstance(value, dict):
            missing = [name for name in schema.get("required", ()) if name not in value]
            if missing:
                return f"{place} has no {missing}"
            known, others = schema.get("properties"), schema.get("additionalProperties")
            for name, part in value.items():
                if known is None and others is None:
                    continue
                member = (known or {}).get(name) or others
                if not member:
                    return f"{place}.{name} is not described"
                parts.append((f"{place}.{name}", part, member))
        return next(filter(None, (self.wrong(part, of, at) for at, part, of in parts)), None)


class Answers(CacheScenario):
    def described(self, tenfold):
        return Description(tenfold.admin_request("GET", "/openapi.json").json())

    def ask(self, tenfold, description, method, target, fields=(), body=b""):
        reply = tenfold.admin_request(method, target, fields, body)
        self.check(description, method, target, reply)
        return reply.status

    def check(self, description, method, target, reply):
        call = f"{method} {target}: {reply.status}"
        responses = description.operation(method, target)["responses"]
        self.assertIn(str(reply.status), responses, call)
        response = description.resolved(responses[str(reply.status)])
        media_type = reply.field("Content-Type").split(";")[0]
        self.assertIn(media_type, response["content"], call)
        if media_type == "application/json":
            schema = response["content"][media_type]["schema"]
            self.assertIsNone(description.wrong(reply.json(), schema), call)
        for name in response.get("headers", {}):
            self.assertTrue(reply.field(name), f"{call} has no {name}")

    def test_the_answers_of_a_web_service_are_as_described(self):
        first, second = self.node(), self.node()
        tenfold = self.web([first])
        description = self.described(tenfold)
        ask = lambda *words: self.ask(tenfold, description, *words)
        nodes = "/v1/services/web.test/nodes"
        for target in ("/livez", "/readyz", "/readyz?verbose", "/metrics", "/openapi.json"):
            self.assertEqual(ask("GET", target), 200)
        for target in ("topology", "status", "events", "diff", "services/web.test"):
            self.assertEqual(ask("GET", f"/v1/{target}"), 200)
        self.assertEqual(ask("GET", f"{nodes}/{first.address}"), 200)
        self.assertEqual(ask("GET", f"/v1/explain/http?url=http://x:{tenfold.port}/"), 200)
        self.assertEqual(ask("GET", "/v1/explain/http?url=http://x:1/"), 200)
        self.assertEqual(ask("GET", "/v1/explain/http?url=x"), 400)
        self.assertEqual(ask("GET", "/v1/explain/cache?service=x&key=y"), 400)
        self.assertEqual(ask("GET", "/v1/services/web.other"), 404)
        self.assertEqual(ask("GET", f"{nodes}/127.0.0.1:1"), 404)
        body = json.dumps({"address": second.address}).encode()
        self.assertEqual(ask("DELETE", f"{nodes}/127.0.0.1:1"), 404)
        self.assertEqual(ask("POST", nodes, (), body), 201)
        self.assertEqual(ask("POST", nodes, (), body), 422)
        self.assertEqual(ask("POST", nodes, (), b"{"), 400)
        self.assertEqual(ask("PATCH", f"{nodes}/{second.address}", ['If-Match: "7"'], b'{"weight": 2}'), 412)
        self.assertEqual(ask("PATCH", f"{nodes}/{second.address}", (), b'{"weight": 2}'), 200)
        self.assertEqual(ask("DELETE", f"{nodes}/{second.address}", ["Tenfold-File: /other.toml"]), 421)
        self.assertEqual(ask("DELETE", f"{nodes}/{second.address}"), 200)
        self.assertEqual(ask("POST", "/v1/reload"), 200)
        with open(tenfold.file, "a", encoding="utf-8") as file:
            file.write('balancer = "p3c"\n')
        self.assertEqual(ask("POST", "/v1/reload"), 422)
        self.assertEqual(ask("GET", "/v1/diff"), 422)
        self.assertEqual(ask("DELETE", f"{nodes}/{first.address}"), 422, "the last node")
        self.assertEqual(ask("POST", nodes, (), body), 409)

    def test_the_answers_of_a_cache_service_are_as_described(self):
        nodes = ", ".join(f'"{server.address}"' for server in self.memcached(2))
        tenfold = self.tenfold(
            f'[cache.front]\nlisten = "127.0.0.1:{{port}}"\nnodes = [{nodes}]\nroutes = {{ "b:" = "cache.built" }}\n'
            f'[cache.built]\nlisten = "127.0.0.1:{free_port()}"\n'
        )
        description = self.described(tenfold)
        for target in ("/v1/topology", "/v1/status", "/v1/services/cache.front", "/v1/services/cache.built"):
            self.assertEqual(self.ask(tenfold, description, "GET", target), 200)
        for key in ("a", "b:1", "x" * 251):
            self.assertEqual(self.ask(tenfold, description, "GET", f"/v1/explain/cache?service=front&key={key}"), 200)

    def test_every_operation_is_there_and_written_down(self):
        tenfold = self.web([self.node()])
        description = self.described(tenfold)
        reference = os.path.join(os.path.dirname(__file__), "..", "docs", "reference", "admin-api.md")
        with open(reference, encoding="utf-8") as file:
            page = file.read()
        for method, path, _ in description.operations():
            self.assertIn(path, page)
            target = path.replace("{service}", "web.none").replace("{address}", "127.0.0.1:1")
            reply = tenfold.admin_request(method, target)
            self.assertNotEqual(reply.status, 405, (method, path))
            self.check(description, method, target, reply)
            self.assertNotIn("nothing at this path", reply.body.decode(), (method, path))

    def test_who_may_not_call_is_answered_as_described(self):
        node, port = self.node(), free_port()
        tenfold = self.web([node])
        with open(tenfold.file, encoding="utf-8") as file:
            text = file.read().replace(f'"unix:{tenfold.admin}"', f'"127.0.0.1:{port}"\ntoken = "secret"')
        tenfold.process.terminate()
        self.assertEqual(tenfold.process.wait(20), 0)
        with open(tenfold.file, "w", encoding="utf-8") as file:
            file.write(text)

        def ask(*lines):
            with Client(port) as client:
                client.send("\r\n".join(lines) + "\r\n\r\n")
                return client.read()

        def answers():
            try:
                return ask("GET /livez HTTP/1.1", host)
            except OSError:
                return None

        host = f"Host: 127.0.0.1:{port}"
        token = "Authorization: Bearer secret"
        tenfold.start(ready=False)
        wait_until(answers, "the admin API answers at its port")
        description = Description(ask("GET /openapi.json HTTP/1.1", host, token).json())
        for status, method, target, *fields in (
            (401, "GET", "/v1/status", host),
            (403, "GET", "/livez", "Host: tenfold.example.com"),
            (403, "GET", "/v1/status", host, token, "Origin: http://evil.example.com"),
            (400, "GET", "/v1/status", "Host : x"),
            (413, "POST", "/v1/reload", host, token, "Content-Length: 99999999"),
            (414, "GET", "/v1/services/" + "x" * 20_000, host),
            (417, "POST", "/v1/reload", host, token, "Expect: more"),
            (431, "GET", "/v1/status", host, *(f"X-{i}: x" for i in range(1000))),
        ):
            reply = ask(f"{method} {target} HTTP/1.1", *fields)
            self.assertEqual(reply.status, status, (method, target))
            self.check(description, method, target, reply)
        reply = ask("GET /livez HTTP/2.0", host)
        self.assertEqual(reply.status, 505)
        self.check(description, "GET", "/livez", reply)
        other = description.document["components"]["responses"]["MethodNotAllowed"]
        reply = ask("DELETE /v1/topology HTTP/1.1", host, token)
        self.assertEqual((reply.status, reply.field("Allow")), (405, "GET"))
        self.assertIsNone(description.wrong(reply.json(), other["content"]["application/json"]["schema"]))
