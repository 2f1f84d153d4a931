"""A server that plays a script over a raw socket, so that it can break every rule of HTTP.

Each connection plays the next script, the last one again and again. A script is a
list of steps; a step is a small function that gets the connection.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable

    Step = Callable[["Peer"], None]

# Longer than any test gives a call, and yet an end: without a deadline a test fails, and does not hang.
DRIPS_FOR_S = 15.0


class Peer:
    """One accepted connection; `request` is the last one read from it."""

    def __init__(self, channel: socket.socket, server: FaultServer) -> None:
        self.channel = channel
        self.server = server
        self.buffer = b""
        self.request = b""

    def receive(self) -> bytes:
        """Return what comes; the peer's end is an `OSError`."""
        data = self.channel.recv(65_536)
        if not data:
            raise ConnectionResetError
        return data


class FaultServer:
    """Listens on loopback until closed.

    Attributes:
        requests: Every complete request, head and body.
        accepted: How many connections were made.
        sent_bytes: How many bytes of scripts were sent.
        stopped: Set when it is time to stop.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.accepted = 0
        self.sent_bytes = 0
        self._context = context
        self._scripts: list[list[Step]] = []
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        self.stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads.append(threading.Thread(target=self._accept, daemon=True))
        self._threads[0].start()

    @property
    def origin(self) -> str:
        """Return scheme, address and port."""
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}"

    def play(self, *scripts: Iterable[Step]) -> None:
        """Set what the connections from now on play, one script each."""
        self._scripts = [list(script) for script in scripts]

    def is_forsaken(self, timeout_s: float = 5.0) -> bool:
        """Return whether the client has closed all its connections, waiting for it to happen."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._open, timeout_s)

    def wait_for_requests(self, count: int, timeout_s: float = 5.0) -> bool:
        """Return whether so many requests have come, waiting for them."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.requests) >= count, timeout_s)

    def wait_for_sent(self, size_bytes: int, timeout_s: float = 5.0) -> bool:
        """Return whether so many bytes of scripts were sent, waiting for it."""
        with self._changed:
            return self._changed.wait_for(lambda: self.sent_bytes >= size_bytes, timeout_s)

    def close(self) -> None:
        """Stop, and wait for every thread."""
        self.stopped.set()
        _shut(self._listener)
        self._listener.close()
        with self._changed:
            channels = list(self._open)
        for channel in channels:
            _shut(channel)
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while not self.stopped.is_set():
            try:
                channel, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            thread = threading.Thread(target=self._serve, args=(channel, self._next_script()), daemon=True)
            self._threads.append(thread)
            with self._changed:
                self._open.add(channel)
            thread.start()

    def _next_script(self) -> list[Step]:
        return self._scripts.pop(0) if len(self._scripts) > 1 else list(self._scripts[0])

    def _serve(self, channel: socket.socket, script: list[Step]) -> None:
        plain = channel
        try:
            channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context is not None:
                channel = self._context.wrap_socket(channel, server_side=True)
            peer = Peer(channel, self)
            for step in script:
                step(peer)
            _drain(channel)
        except OSError:
            pass
        finally:
            channel.close()
            plain.close()
            with self._changed:
                self._open.discard(plain)
                self._changed.notify_all()

    def note_sent(self, size_bytes: int) -> None:
        """Count what was sent and wake who waits for it."""
        with self._changed:
            self.sent_bytes += size_bytes
            self._changed.notify_all()

    def note_request(self, request: bytes) -> None:
        """Keep a request and wake who waits for it."""
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()


def read_request(peer: Peer) -> None:
    """Read one whole request."""
    while b"\r\n\r\n" not in peer.buffer:
        peer.buffer += peer.receive()
    head, _, rest = peer.buffer.partition(b"\r\n\r\n")
    size_bytes = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            size_bytes = int(line.partition(b":")[2])
    while len(rest) < size_bytes:
        rest += peer.receive()
    peer.buffer = rest[size_bytes:]
    peer.request = head + b"\r\n\r\n" + rest[:size_bytes]
    peer.server.note_request(peer.request)


def read_some(size_bytes: int) -> Step:
    """Read at least so many bytes of a request, whatever they are."""

    def step(peer: Peer) -> None:
        while len(peer.buffer) < size_bytes:
            peer.buffer += peer.receive()

    return step


def send(data: bytes) -> Step:
    """Send bytes as they are."""

    def step(peer: Peer) -> None:
        peer.channel.sendall(data)
        peer.server.note_sent(len(data))

    return step


def drip(data: bytes, *, every_s: float) -> Step:
    """Send the data byte by byte, again and again, for longer than any test may wait; then hang up."""

    def step(peer: Peer) -> None:
        position, end = 0, time.monotonic() + DRIPS_FOR_S
        while not peer.server.stopped.is_set() and time.monotonic() < end:
            send(data[position : position + 1])(peer)
            position = (position + 1) % len(data)
            peer.server.stopped.wait(every_s)
        close(peer)

    return step


def flood(data: bytes) -> Step:
    """Send the same bytes until the client goes away."""

    def step(peer: Peer) -> None:
        while not peer.server.stopped.is_set():
            send(data)(peer)

    return step


def hang(peer: Peer) -> None:
    """Keep the connection open, say nothing, until the client goes away."""
    _drain(peer.channel)


def stall(peer: Peer) -> None:
    """Keep the connection open and read nothing."""
    peer.server.stopped.wait()


def half_close(peer: Peer) -> None:
    """End our direction; the client may go on sending."""
    peer.channel.shutdown(socket.SHUT_WR)


def close(peer: Peer) -> None:
    """Close at once."""
    peer.channel.close()


def reset(peer: Peer) -> None:
    """Close with RST instead of FIN."""
    peer.channel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.channel.close()


def reply(
    body: bytes = b'{"ok":true}',
    *,
    status: str = "200 OK",
    headers: Iterable[str] = (),
    length: int | None = None,
) -> bytes:
    """Return a whole reply, by default an honest one."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def head(*headers: str, status: str = "200 OK") -> bytes:
    """Return the head of a reply."""
    return "\r\n".join([f"HTTP/1.1 {status}", *headers]).encode("latin-1") + b"\r\n\r\n"


def serving(*replies: bytes) -> list[Step]:
    """Return a script that answers one request after another on one connection."""
    script: list[Step] = []
    for answer in replies:
        script += [read_request, send(answer)]
    return script


def _drain(channel: socket.socket) -> None:
    while channel.recv(65_536):
        pass


def _shut(channel: socket.socket) -> None:
    with contextlib.suppress(OSError):
        channel.shutdown(socket.SHUT_RDWR)
