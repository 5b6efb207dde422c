"""A headless Chromium, driven through its DevTools protocol over two pipes."""

import base64
import collections.abc as abc
import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SECONDS = 60.0
# Chromium reads commands from descriptor 3 and answers on 4.
_TO_3_AND_4 = """
import os, sys
read, write, *command = sys.argv[1:]
for given, free in ((read, 100), (write, 101)):
    os.dup2(int(given), free, inheritable=False)
for free, wanted in ((100, 3), (101, 4)):
    os.dup2(free, wanted)
os.execv(command[0], command)
"""


def find_chromium() -> str:
    """Its path; skips the test, saying so, where there is none."""
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return path
    pytest.skip("no Chromium here: apt-get install chromium")


class Browser:
    """One page of one browser.

    Attributes:
        events: everything that the browser reported of the page, in order.
    """

    def __init__(self, read: int, write: int) -> None:
        self._read, self._write = read, write
        self._buffer = b""
        self._count = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []

    def open_tab(self) -> None:
        """Take a fresh page and report what goes on in it."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Call a method and wait for its answer; events on the way are kept."""
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method}
        message["params"] = parameters
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            found = self._next()
            if found.get("id") == self._count:
                assert "error" not in found, found["error"]
                result: dict[str, Any] = found["result"]
                return result
            self.events.append(found)

    def wait_for(self, method: str) -> None:
        """Wait for an event that has not come yet."""
        while True:
            found = self._next()
            self.events.append(found)
            if found.get("method") == method:
                return

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            chunk = os.read(self._read, 1 << 20)
            assert chunk, "the browser has ended"
            self._buffer += chunk
        message, _, self._buffer = self._buffer.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found

    def show(self, path: Path, width: int, dark: bool) -> None:
        """Load a file in a window of this width, in light or dark."""
        self.events.clear()
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width < 700,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=path.resolve().as_uri())
        self.wait_for("Page.loadEventFired")

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        answer = self.call(
            "Runtime.evaluate",
            expression=expression,
            returnByValue=True,
            awaitPromise=True,
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def screenshot(self, path: Path, whole: bool = True) -> None:
        """Save the page as a PNG."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    def pdf(self, path: Path) -> None:
        """Print the page."""
        printed = self.call("Page.printToPDF", preferCSSPageSize=True)
        path.write_bytes(base64.b64decode(printed["data"]))

    def problems(self, path: Path) -> list[str]:
        """Errors in the console, exceptions, and requests for anything but the page."""
        own = path.resolve().as_uri()
        found = []
        for event in self.events:
            method, what = event.get("method", ""), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                found.append(str(what["exceptionDetails"])[:300])
            elif method == "Log.entryAdded" and what["entry"]["level"] == "error":
                found.append(what["entry"]["text"])
            elif method == "Runtime.consoleAPICalled" and what["type"] == "error":
                found.append(str(what["args"])[:300])
            elif method == "Network.requestWillBeSent":
                url = what["request"]["url"]
                if url != own and not url.startswith("data:"):
                    found.append(f"request: {url}")
        return found


@contextmanager
def chromium(profile: Path) -> abc.Iterator[Browser]:
    """A browser with one page, its own profile and no network."""
    path = find_chromium()
    to_browser, commands = os.pipe()
    answers, from_browser = os.pipe()
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", _TO_3_AND_4, str(to_browser), str(from_browser)),
            path,
            *("--headless=new", "--no-sandbox", "--disable-gpu"),
            *("--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars"),
            *("--proxy-server=127.0.0.1:9", "--disable-background-networking"),
            "--disable-component-update",
            f"--user-data-dir={profile}",
            "--remote-debugging-pipe",
            "about:blank",
        ],
        pass_fds=(to_browser, from_browser),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser)
    os.close(from_browser)
    try:
        browser = Browser(answers, commands)
        browser.open_tab()
        yield browser
        browser.call("Page.close")
    finally:
        process.terminate()
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(answers)
        os.close(commands)
        time.sleep(0.2)  # its helpers let go of the profile
