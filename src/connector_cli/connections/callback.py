"""The place on this machine where the login page sends a person back to.

It listens on 127.0.0.1 only, takes one answer, and then is gone. Whoever comes with
something else is turned away and changes nothing: another page of the browser cannot end
or steal a login. The page that is shown has no code in its address.

Source:
    RFC 8252, sections 7.3 and 8.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from connector_runtime.errors import error_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Registered once with the vendor; no well-known service uses it.
DEFAULT_PORT = 8976
PATH = "/callback"
_END_PATH = "/done"
# How long a browser may take to send one request.
_REQUEST_TIMEOUT_S = 10.0
# How long the last page waits for the code's exchange.
_PAGE_TIMEOUT_S = 60.0
# How long the end waits for a browser that was sent on to the last page.
_LAST_LOOK_S = 3.0
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:18vh auto 0;padding:0 1.5rem;
color:#1c2733;background:#f6f8fa}}main{{background:#fff;border:1px solid #d5dce3;border-radius:.75rem;
padding:1.5rem 2rem}}h1{{font-size:1.4rem;margin:.2rem 0 .6rem}}p{{margin:.4rem 0}}
@media(prefers-color-scheme:dark){{body{{color:#e6edf3;background:#0d1117}}main{{background:#161b22;
border-color:#30363d}}}}</style></head>
<body><main><h1>{title}</h1><p>{text}</p></main></body></html>
"""
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    "Content-Type": "text/html; charset=utf-8",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Waiting:
    """A place that waits for one answer.

    Attributes:
        redirect_uri: Where the login page is to send the person.
    """

    def __init__(self, port: int, accepts: Callable[[str], bool]) -> None:
        self.server = _server(port, self)
        self._port = int(self.server.server_address[1])
        self.redirect_uri = redirect_uri(self._port)
        self._accepts = accepts
        self._answers: queue.Queue[str] = queue.Queue()
        self._is_answered = threading.Lock()
        self._end = ("The login was ended", "Look into the terminal.")
        self._ended, self._shown = threading.Event(), threading.Event()

    def wait(self, timeout_s: float) -> str:
        """Return the query of the answer.

        Raises:
            DeadlineExceeded: Nobody came in time.
        """
        end = time.monotonic() + timeout_s
        while (left_s := end - time.monotonic()) > 0:
            try:
                # Short waits: on some systems nothing else lets Ctrl-C through.
                return self._answers.get(timeout=min(left_s, 0.5))
            except queue.Empty:
                continue
        raise error_of("timeout", "Nobody came back from the login page in time.", hint="Connect again.")

    def tell(self, title: str, text: str) -> None:
        """Say on the page how it ended."""
        self._end = (title, text)
        self._ended.set()

    def close(self) -> None:
        """Show the last page to a browser that is about to ask for it, then be gone."""
        self._ended.set()
        if self._is_answered.locked():
            self._shown.wait(_LAST_LOOK_S)
        self.server.shutdown()
        self.server.server_close()

    def answer(self, target: str, host: str | None) -> tuple[int, str, str]:
        """Return status, page and, for a 303, where to go on, for what a browser asks."""
        if host not in (f"127.0.0.1:{self._port}", f"localhost:{self._port}"):
            return 421, _page("Wrong address", "This is not the place you meant."), ""
        place = urlsplit(target)
        if place.path == _END_PATH and self._is_answered.locked():
            self._ended.wait(_PAGE_TIMEOUT_S)
            return 200, _page(*self._end), ""
        if place.scheme or place.netloc or place.path != PATH:
            return 404, _page("Nothing here", "The login that was started ends at another address."), ""
        if not self._accepts(place.query):
            return 400, _page("Not the answer", "This does not belong to the login that was started."), ""
        if not self._is_answered.acquire(blocking=False):
            return 409, _page("Already answered", "The login that was started has had its answer."), ""
        self._answers.put(place.query)
        return 303, "", _END_PATH

    def was_shown(self) -> None:
        """Note that the last page has been sent; whoever asked for it too early or wrongly does not count."""
        self._shown.set()


def redirect_uri(port: int) -> str:
    """Return the address to register with the vendor."""
    return f"http://127.0.0.1:{port}{PATH}"


@contextmanager
def waiting(port: int, accepts: Callable[[str], bool]) -> Iterator[Waiting]:
    """Wait on 127.0.0.1 for the answer to a login.

    Args:
        port: 0 takes any free one.
        accepts: Whether a query is the answer to what was begun.

    Raises:
        ConnectionProblem: The port is taken (kind `config`).
    """
    place = Waiting(port, accepts)
    options = {"poll_interval": 0.05}
    thread = threading.Thread(target=place.server.serve_forever, kwargs=options, daemon=True)
    thread.start()
    try:
        yield place
    finally:
        place.close()
        thread.join()


class _Desk(BaseHTTPRequestHandler):
    """Takes one request of a browser."""

    timeout = _REQUEST_TIMEOUT_S
    place: Waiting

    def do_GET(self) -> None:
        """Answer, without a word about the software that does."""
        status, page, onward = self.place.answer(self.path, self.headers.get("Host"))
        content = page.encode()
        self.send_response_only(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        if onward:
            self.send_header("Location", onward)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()
        if status == 200:
            self.place.was_shown()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the library's own name
        """Say nothing: the address holds a code."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Elsewhere the option would let another program listen beside us.
    allow_reuse_address = os.name != "nt"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: browsers open connections that they never use."""


def _server(port: int, place: Waiting) -> _Server:
    try:
        return _Server(("127.0.0.1", port), type("_Desk", (_Desk,), {"place": place}))
    except OSError as problem:
        why = problem.strerror
    raise error_of(
        "config",
        f"Port {port} of this machine cannot be used: {why}.",
        hint="Is another login waiting there? Else choose another one with --port, and register its address.",
    )


def _page(title: str, text: str) -> str:
    return _PAGE.format(title=escape(title), text=escape(text))
