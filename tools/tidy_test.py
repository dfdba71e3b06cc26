# SPDX-License-Identifier: Apache-2.0
"""Each check of tools/tidy finds what it is for, and lets good code pass."""

import importlib.machinery
import importlib.util
import os
import unittest

LOADER = importlib.machinery.SourceFileLoader("tidy", os.path.join(os.path.dirname(os.path.abspath(__file__)), "tidy"))
tidy = importlib.util.module_from_spec(importlib.util.spec_from_loader("tidy", LOADER))
LOADER.exec_module(tidy)
os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))


class Checks(unittest.TestCase):
    def found(self, check, *arguments):
        findings = tidy.Findings()
        check(*arguments, findings)
        return findings.lines

    def test_layers(self):
        layers = {"base": [], "runtime": ["base"], "planes/web": ["base"], "planes/cache": ["base"]}
        check = lambda path, text: self.found(tidy.check_layers, path, text, layers)  # noqa: E731
        self.assertEqual(check("src/runtime/a.h", '#include "base/result.h"\n#include <vector>\n'), [])
        self.assertIn("base may not include runtime", check("src/base/a.h", '\n#include "runtime/io.h"\n')[0])
        self.assertTrue(check("src/base/a.h", '\n#include "runtime/io.h"\n')[0].startswith("src/base/a.h:2: error:"))
        self.assertIn("there is no src/base/none.h", check("src/runtime/a.h", '#include "base/none.h"\n')[0])
        self.assertIn("may not include", check("src/runtime/a.h", '#include "planes/web/worker.h"\n')[0])
        self.assertIn("may not include", check("src/runtime/a_test.cc", '#include "planes/web/worker.h"\n')[0])
        layers["tests"] = ["runtime"]
        self.assertEqual(check("src/base/a_test.cc", '#include "runtime/io.h"\n'), [])
        self.assertIn("may not include", check("src/base/a.cc", '#include "runtime/io.h"\n')[0])
        self.assertIn("no line of src/LAYERS", check("src/nowhere/a.h", "")[0])

    def test_spawned_coroutines(self):
        check = lambda parameters: self.found(  # noqa: E731
            tidy.check_spawned,
            "a.cc",
            f"Task<void> go({parameters}) {{\n}}\nvoid start() {{\n  scope.spawn(go(a, b));\n}}\n",
        )
        self.assertEqual(check("Io* io, std::string text, void (*then)(Client&)"), [])
        self.assertIn("a.cc:1: error: 'go' is spawned and takes '&'", check("Io& io")[0])
        self.assertIn("takes '&'", check("Io* io,\n    const std::string& text")[0])
        self.assertIn("takes 'std::string_view'", check("Io* io, std::string_view text")[0])
        awaited = "Task<void> go(Io& io) {\n}\nTask<void> start() {\n  co_await go(io);\n}\n"
        self.assertEqual(self.found(tidy.check_spawned, "a.cc", awaited), [])

    def test_lengths(self):
        self.assertEqual(self.found(tidy.check_lengths, "a.cc", "x\n" * 600), [])
        self.assertIn("601 lines", self.found(tidy.check_lengths, "a.cc", "x\n" * 601)[0])
        self.assertIn("121 columns", self.found(tidy.check_lengths, "a.cc", "x" * 121)[0])
        self.assertIn("white space", self.found(tidy.check_lengths, "a.cc", "x ")[0])

    def test_functions(self):
        front, back = "namespace a {\nclass B {\nint f(int x) {\n", "}\n};\n}\n"
        body = lambda lines: front + "g();\n" * lines + back  # noqa: E731
        self.assertEqual(self.found(tidy.check_functions, "a.cc", body(68)), [])
        self.assertIn("a.cc:3: error: the function has 71 lines", self.found(tidy.check_functions, "a.cc", body(69))[0])
        made = "namespace a {\nB::B(int x) : a_{x}, b_(T{1}) {\n" + "g();\n" * 69 + "}\n}\n"
        self.assertIn("a.cc:2: error: the function has 71 lines", self.found(tidy.check_functions, "a.cc", made)[0])
        table = "const T kTable[] = {\n" + "{1, 2},\n" * 100 + "};\n"
        self.assertEqual(self.found(tidy.check_functions, "a.cc", table), [])

    def banned(self, path, line):
        return self.found(tidy.check_banned, path, line, tidy.without_text(line))

    def test_banned_calls(self):
        for line, instead in (
            ("auto t = std::chrono::steady_clock::now();", "Io::now()"),
            ("int r = rand();", "Prng"),
            ("std::thread t;", "runtime::native::Thread"),
            ("assert(x);", "TENFOLD_ASSERT"),
            ("sprintf(a, b);", "fmt"),
            ("throw 1;", "Result"),
            ("std::mutex m;", "Io::post()"),
            ("usleep(1);", "Io::sleep_for()"),
            ("sleep(1);", "Io::sleep_for()"),
            ("auto t = std::time(nullptr);", "Io::now()"),
            ("auto t = ::time(nullptr);", "Io::now()"),
            ("std::default_random_engine e;", "Prng"),
            ("std::condition_variable c;", "Io::post()"),
            ("std::timed_mutex m;", "Io::post()"),
            ("int s = ::socket(a, b, c);", "Io"),
            ("int s = socket(AF_INET, b, c);", "Io"),
            ("static_cast<void>(::write(1, a, b));", "Io"),
            ("int f = ::open(path, O_RDONLY);", "Io"),
            ("int slave_count = 0;", "primary"),
            ("class MasterNode;", "primary"),
        ):
            self.assertIn(instead, self.banned("src/base/a.cc", line)[0], line)
        good = ("static_assert(x);", "// rand() is banned", '"throw"', "wait_time(x);", "io.wall_time();")
        for line in (*good, "io.send(x);", "Io::open(x);"):
            self.assertEqual(self.banned("src/base/a.cc", line), [], line)
        allowed = "throw 1;  // tidy: allow(banned) because the library asks for it"
        self.assertEqual(self.banned("src/base/a.cc", allowed), [])
        self.assertEqual(len(self.banned("src/base/a.cc", "throw 1;  // tidy: allow(banned)")), 1, "a reason is needed")

    def test_coroutines(self):
        check = lambda line: self.found(tidy.check_coroutines, "a.cc", line, tidy.without_text(line))  # noqa: E731
        self.assertEqual(check("const auto x = co_await f(a, b);"), [])
        self.assertEqual(check("co_return co_await Thing::f(a);"), [])
        self.assertIn("?:", check("co_await f(a ? b : c);")[0])
        self.assertIn("capturing lambda", check("co_await f([&x](int y) { return x; });")[0])
        self.assertIn("capturing lambda", check("co_await f([&] { return x; });")[0])
        for line in (
            'auto x = co_await f(a, {"b", c});',
            "co_await f(Wait{a, b});",
            "co_await Event{a};",
            "f({.a = co_await g(), .b = 1});",
            "f({.b = g(1), .a = co_await g()});",
            "f(Wait{a, b}, co_await g());",
            "if (!co_await f(a, {}, [] { return 1; })) {",
            "for (;;) {\n  while (co_await f(Wait{a, b})) {\n",
        ):
            self.assertIn("braces", check(line)[0], line)
        for line in (
            "if (a) {\n  if (!(co_await f(b))) {\n    g({1, 2});\n  }\n}",
            "const T t{1, 2};\nco_await f(t);",
            "scope.spawn([](Io* io) -> Task<void> {\n  co_await f(io);\n}(&io));",
            "Task<void> f() const {\n  co_await g(a[0]);\n}",
            "case 1: {\n  co_return co_await g();\n}",
            "for (T t : {1, 2}) {\n  co_await f(t);\n}",
            "for (int i = 0; i < 2; ++i) {\n  co_await f(i);\n}\nco_await f(2);",
            "if (a) {\n  g();\n} else if (co_await f()) {\n}",
            "Awaiter operator co_await() && {\n  return {*this};\n}",
        ):
            self.assertEqual(check(line), [], line)

    def test_words_licence_and_headers(self):
        self.assertIn("unfinished", self.found(tidy.check_words, "a.cc", "// TODO: more")[0])
        self.assertIn("licence", self.found(tidy.check_first_line, "a.cc", "int x;")[0])
        self.assertEqual(self.found(tidy.check_first_line, "a", "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0"), [])
        self.assertIn("#pragma once", self.found(tidy.check_header, "a.h", "int x;")[0])

    def test_a_header_is_built_alone_when_its_own_source_begins_with_it(self):
        own = '// SPDX\n#include "base/a.h"\n\n#include <vector>\n'
        self.assertTrue(tidy.is_built_alone("src/base/a.h", own))
        later = '#include <vector>\n#include "base/a.h"\n'
        self.assertFalse(tidy.is_built_alone("src/base/a.h", later))
        self.assertFalse(tidy.is_built_alone("src/base/a.h", "int x;\n"))


if __name__ == "__main__":
    unittest.main()
