"""A person with a browser: goes to the login page, decides, and is sent back."""

from __future__ import annotations

import http.client
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(slots=True)
class Visitor:
    """What the person does and sees.

    Attributes:
        decision: `accept` or `reject`.
        before: Called with the callback's address before the person comes there; when it
            returns True the person never does.
        address: Where the login page was.
        callback: Where it sent the person.
        pages: What the browser showed on this machine: status and text.
    """

    decision: str = "accept"
    before: Callable[[str], Any] | None = None
    address: str = ""
    callback: str = ""
    _pages: list[tuple[int, str]] = field(default_factory=list)
    _is_back: threading.Event = field(default_factory=threading.Event)

    @property
    def pages(self) -> list[tuple[int, str]]:
        """Return what was shown; the command may end before the browser has read its last page."""
        if self.address:
            self._is_back.wait(30)
        return self._pages

    def open(self, url: str, *_: Any) -> bool:
        """Do as `webbrowser.open`: go to the page, decide, follow the way back to its end."""
        self.address = url
        try:
            self._visit(url)
        finally:
            self._is_back.set()
        return True

    def _visit(self, url: str) -> None:
        place = urlsplit(url)
        if place.path.startswith("/login/"):  # a shop's desk needs no decision
            self.callback = ask(url)[1]["Location"]
        else:
            fields = {**dict(parse_qsl(place.query)), "decision": self.decision}
            page = f"{place.scheme}://{place.netloc}{place.path}"
            self.callback = ask(page, "POST", urlencode(fields), FORM)[1]["Location"]
        if self.before is None or self.before(self.callback) is not True:
            self.follow(self.callback)

    def follow(self, url: str) -> None:
        """Go to an address of this machine, and on to where it leads."""
        status, headers, text = ask(url)
        self._pages.append((status, text))
        if status == 303:
            place = urlsplit(url)
            self.follow(f"{place.scheme}://{place.netloc}{headers['Location']}")


def ask(
    url: str, method: str = "GET", body: str | None = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], str]:
    """Send one request; returns status, headers and text of the answer. Nothing is followed."""
    place = urlsplit(url)
    line = http.client.HTTPConnection(place.netloc, timeout=30)
    try:
        target = f"{place.path}?{place.query}" if place.query else place.path
        line.request(method, target, body, headers or {})
        answer = line.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()
    finally:
        line.close()
