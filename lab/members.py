# SPDX-License-Identifier: Apache-2.0
"""Visitors who are logged in, and look at their account again and again."""

import threading
import time

from browser import Browser

PAUSE_SECONDS = 0.01


class Members:
    """Logs so many visitors in, through Tenfold, and keeps looking whether the site still knows them.

    pages: answers so far; failed: those that were neither a page nor "log in first"; lost: members who are not known
    any more.
    """

    def __init__(self, cluster, count):
        self.pages = self.failed = self.lost = 0
        self.problems = []
        self.browsers = [self.log_in(cluster) for _ in range(count)]
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)
        self.thread.start()

    @staticmethod
    def log_in(cluster):
        browser = Browser(cluster)
        reply = browser.enter("login", "ann", "password-ann")
        if reply.status != 200:
            raise RuntimeError(f"no log-in: {reply.status} {reply.body!r}")
        return browser

    def look(self):
        while not self.stopping.is_set() and self.browsers:
            for browser in list(self.browsers):
                self.look_once(browser)
                time.sleep(PAUSE_SECONDS)

    def look_once(self, browser):
        try:
            status = browser.get("/account.json").status
        except OSError as error:
            status = str(error)
        self.pages += 1
        if status == 401:
            self.lost += 1
            self.browsers.remove(browser)
        elif status != 200:
            self.failed += 1
            self.problems.append(status)

    def stop(self):
        self.stopping.set()
        self.thread.join()
