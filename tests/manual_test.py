# SPDX-License-Identifier: Apache-2.0
"""The manual pages: mandoc finds nothing to say of them, and they name every key and every verb."""

import json
import subprocess
import unittest

from harness import TENFOLD


def run(*command, text=None):
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)


def manual(verb):
    return run(TENFOLD, verb, "--man").stdout


class ManualPages(unittest.TestCase):
    def test_they_are_well_formed(self):
        for verb in ("schema", "completion"):
            found = run("mandoc", "-T", "lint", "-W", "warning", text=manual(verb))
            # A page that is the same for every build of a version has no date.
            problems = [line for line in found.stdout.splitlines() if "missing date" not in line]
            self.assertEqual(problems, [], verb)
            self.assertIn("missing date", found.stdout, "mandoc has read the page")

    def test_the_page_of_the_file_names_every_key(self):
        text = manual("schema")

        def keys_of(schema):
            for name, value in schema.get("properties", {}).items():
                yield name
                yield from keys_of(value)
            if isinstance(schema.get("additionalProperties"), dict):
                yield from keys_of(schema["additionalProperties"])

        keys = set(keys_of(json.loads(run(TENFOLD, "schema").stdout)))
        self.assertGreater(len(keys), 60)
        missing = [key for key in keys - {"run", "admin", "web", "cache"} if f".B {key}\n" not in text]
        self.assertEqual(missing, [])

    def test_the_page_of_the_program_names_every_verb(self):
        text = manual("completion")
        verbs = [line.split()[0] for line in run(TENFOLD, "--help").stdout.splitlines()[2:] if line.startswith("  ")]
        self.assertIn("explain", verbs)
        missing = [verb for verb in verbs if not verb.startswith("-") and f'.BI "{verb} "' not in text]
        self.assertEqual(missing, [])


if __name__ == "__main__":
    unittest.main()
