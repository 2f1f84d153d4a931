"""A server of somebody's own, as small as can be: it hands what comes to `Component.receive`."""

from __future__ import annotations

import queue
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connector_runtime import Component, Received, Subscription

WAIT_S = 10


class Receiver:
    """A receiver on loopback; `is_down` makes it fail as a server does that is being restarted."""

    def __init__(self, component: Component, trigger: str) -> None:
        self.component = component
        self.trigger = trigger
        self.subscription: Subscription | dict[str, Any] | None = None
        self.is_down = False
        self.received: queue.Queue[Received] = queue.Queue()
        self.port = 0

    @property
    def url(self) -> str:
        """Return where to push."""
        return f"http://127.0.0.1:{self.port}/told?tenant=7"

    def next(self) -> Received:
        """Return what came of the next push, waiting for it."""
        return self.received.get(timeout=WAIT_S)

    @staticmethod
    def wait_until(is_so: Callable[[], object], limit_s: float = WAIT_S) -> None:
        """Wait until something is so, at most for a while."""
        until = time.monotonic() + limit_s
        while not is_so() and time.monotonic() < until:
            time.sleep(0.01)

    def take(self, headers: Any, query: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Take a push; returns what to answer."""
        if self.is_down or self.subscription is None:
            return 503, {}, b""
        received = self.component.receive(
            self.trigger, self.subscription, headers=headers, query=query, body=body
        )
        self.received.put(received)
        return received.reply.status, dict(received.reply.headers), received.reply.body


@contextmanager
def receiving(component: Component, trigger: str) -> Iterator[Receiver]:
    """Serve a receiver on a free port of 127.0.0.1."""
    receiver = Receiver(component, trigger)

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            answer = receiver.take(list(self.headers.items()), self.path.partition("?")[2], body)
            self.send_response(answer[0])
            for name, value in {**answer[1], "Content-Length": str(len(answer[2]))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer[2])

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    receiver.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
