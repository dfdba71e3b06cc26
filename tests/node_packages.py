# SPDX-License-Identifier: Apache-2.0
"""Runs a script of tests/node/ with the packages that its package-lock.json pins. They are installed once, beside the
build, by npm with whatever registry it is configured for."""

import fcntl
import filecmp
import os
import shutil
import subprocess

from harness import TENFOLD

SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "node")
FOLDER = os.path.join(os.path.dirname(os.path.abspath(TENFOLD)), "node")


def install():
    os.makedirs(FOLDER, exist_ok=True)
    with open(os.path.join(FOLDER, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # scenarios run side by side
        done = os.path.join(FOLDER, "installed.json")
        wanted = os.path.join(SCRIPTS, "package-lock.json")
        if os.path.exists(done) and filecmp.cmp(done, wanted, shallow=False):
            return
        for name in ("package.json", "package-lock.json"):
            shutil.copy(os.path.join(SCRIPTS, name), FOLDER)
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=FOLDER, check=True, timeout=120)
        shutil.copy(wanted, done)


def run(script, *arguments):
    """What the script has said: (exit code, stdout and stderr)."""
    install()
    environment = {**os.environ, "NODE_PATH": os.path.join(FOLDER, "node_modules")}
    done = subprocess.run(
        ["node", os.path.join(SCRIPTS, script), *map(str, arguments)],
        capture_output=True, text=True, timeout=60, check=False, env=environment,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr
