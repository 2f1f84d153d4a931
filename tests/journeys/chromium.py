"""A real browser, driven over a pipe: go somewhere, click, read, take a picture.

Only for tests, and only where Chromium is installed; it reaches nothing but this machine.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE_S = 60.0
_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--no-default-browser-check", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-extensions", "--disable-default-apps", "--metrics-recording-only", "--mute-audio",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", "--remote-debugging-pipe", "--window-size=900,700",
)  # fmt: skip
_HOMES = ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
# The browser reads commands from file 3 and writes answers to file 4.
_START = "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])"


def installed() -> str | None:
    """Return where the browser is, or None."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Page:
    """One tab of the browser."""

    def __init__(self, ask: Callable[..., Any]) -> None:
        target = ask("Target.createTarget", url="about:blank")["targetId"]
        session = ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._ask = lambda method, **given: ask(method, session=session, **given)

    def go(self, url: str) -> None:
        """Go to an address, and wait until the page is there."""
        self._ask("Page.navigate", url=url)
        self.wait("document.readyState == 'complete' && location.href != 'about:blank'")

    def wait(self, condition: str) -> None:
        """Wait until a JavaScript condition holds, across navigations."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if self.value(condition) is True:
                return
            time.sleep(0.05)
        raise TimeoutError(f"{condition} never held; the page shows {self.text()!r} at {self.address!r}")

    def value(self, expression: str) -> Any:
        """Return a JavaScript value; None while the page changes."""
        answer = self._ask("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer.get("result", {}).get("value")

    def click(self, selector: str) -> None:
        """Click an element in its middle, as a person does."""
        box = self.value(
            f"(() => {{ const r = document.querySelector({selector!r}).getBoundingClientRect();"
            " return [r.x + r.width / 2, r.y + r.height / 2] })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self._ask("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    def picture(self, path: Path) -> None:
        """Save what is seen as a PNG."""
        path.write_bytes(base64.b64decode(self._ask("Page.captureScreenshot", format="png")["data"]))

    def text(self) -> str:
        """Return the words of the page."""
        return str(self.value("document.body ? document.body.innerText : ''"))

    @property
    def address(self) -> str:
        """Return what stands in the address bar."""
        return str(self.value("location.href"))


@contextmanager
def browser(program: str) -> Iterator[Page]:
    """Start a browser with a profile of its own; gives a page."""
    with tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True) as profile:
        reads, sends = _pipe()
        hears, writes = _pipe()
        words = [program, *_FLAGS, f"--user-data-dir={profile}/profile", "about:blank"]
        running = subprocess.Popen(
            [sys.executable, "-c", _START, str(reads), str(writes), *words],
            pass_fds=(reads, writes),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **dict.fromkeys(_HOMES, profile)},
        )
        os.close(reads)
        os.close(writes)
        line = _Line(sends, hears)
        try:
            yield Page(line.ask)
        finally:
            line.close()
            running.terminate()
            try:
                running.wait(10)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()


class _Line:
    """Commands and answers, told apart by number."""

    def __init__(self, sends: int, hears: int) -> None:
        self._sends, self._hears = sends, hears
        self._number = 0
        self._heard = b""

    def ask(self, method: str, *, session: str | None = None, **given: Any) -> dict[str, Any]:
        """Send a command; returns its result, empty for one that came too late."""
        self._number += 1
        command = {"id": self._number, "method": method, "params": given} | (
            {"sessionId": session} if session else {}
        )
        os.write(self._sends, json.dumps(command).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                return answer.get("result", {})

    def close(self) -> None:
        """Hang up; the browser ends."""
        os.close(self._sends)
        os.close(self._hears)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._heard:
            assert select.select([self._hears], [], [], PATIENCE_S)[0], "the browser says nothing"
            piece = os.read(self._hears, 1 << 16)
            assert piece, "the browser has ended"
            self._heard += piece
        message, _, self._heard = self._heard.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found


def _pipe() -> tuple[int, int]:
    """Return a pipe whose numbers are out of the way of 3 and 4."""
    ends = os.pipe()
    high = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)
    return high[0], high[1]
