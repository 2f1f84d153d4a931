"""Sockets that keep one deadline, count bytes and know what was sent.

A timeout for each read and none for the whole would let a server that drips hold a
call for ever, and name resolution has no limit at all. Here every wait is
bounded by what is left of one deadline. `Traffic` also knows whether a single byte
of the request left this machine, which decides what may be repeated.
"""

from __future__ import annotations

import os
import select
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any

from connector_runtime.transport.intake import ReplyError, too_large
from connector_runtime.transport.outbox import Outbox
from connector_runtime.transport.resolver import NoThread, resolve

if TYPE_CHECKING:
    from connector_runtime.transport.resolver import Answer, SocketAddress

# A head with all its interim replies; known servers need a fraction of it.
HEAD_MAX_BYTES = 128 * 1024
READ_BYTES = 64 * 1024
# A first address that does not answer must not use up the time of the next.
_ADDRESS_MAX_S = 5.0
_WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
# What is waited for on a socket; where there is no `poll` (Windows) the numbers are only ours.
_IN, _OUT = getattr(select, "POLLIN", 1), getattr(select, "POLLOUT", 4)


class Traffic:
    """What one attempt may and did do on its connection.

    Attributes:
        deadline_at: `time.monotonic()` instant at which the attempt is over.
        cap_bytes: How much may be received.
        received_bytes: How much was.
        has_head: Whether the reply's head is complete.
        has_sent: Whether a byte of the request was given to the network.
        is_ahead: Whether what is sent is for a proxy yet, and not the request.
        is_used: Whether anything was asked of the network at all.
        has_ended: Whether the peer has said that nothing more will come.
        broke: Whether the peer refused the request, or stopped taking it, before its end.
        reason: Why there is no connection, in plain words, or None.
    """

    __slots__ = (
        "broke",
        "cap_bytes",
        "deadline_at",
        "has_ended",
        "has_head",
        "has_sent",
        "is_ahead",
        "is_used",
        "reason",
        "received_bytes",
    )

    def __init__(self) -> None:
        self.begin(0.0)

    def begin(self, deadline_at: float) -> None:
        """Start an attempt; until its head is complete only `HEAD_MAX_BYTES` may arrive."""
        self.deadline_at = deadline_at
        self.cap_bytes = HEAD_MAX_BYTES
        self.has_head = False
        self.received_bytes = 0
        self.has_sent = False
        self.is_ahead = False
        self.is_used = False
        self.has_ended = False
        self.broke = False
        self.reason: str | None = None

    def expect(self, cap_bytes: int) -> None:
        """Let the body come, up to `cap_bytes` in all."""
        self.cap_bytes = cap_bytes
        self.has_head = True

    def note_sent(self) -> None:
        """Note that bytes are given to the network now."""
        self.is_used = True
        self.has_sent = self.has_sent or not self.is_ahead

    def left_s(self) -> float:
        """Return the seconds left; `TimeoutError` when none are."""
        left = self.deadline_at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def count(self, data: bytes) -> bytes:
        """Count what was received and return it; nothing is the end; `ReplyError` beyond the cap."""
        self.has_ended = not data
        self.received_bytes += len(data)
        if self.received_bytes > self.cap_bytes:
            if self.has_head:
                raise too_large(self.cap_bytes)
            raise ReplyError("contract", "The server sent too much before its reply began.")
        return data


class SyncNetwork:
    """Opens the one connection of a line, for a thread."""

    def __init__(self) -> None:
        self.traffic = Traffic()
        self._stream: SyncStream | None = None

    def connect(self, host: str, port: int, context: ssl.SSLContext | None) -> SyncStream:
        """Connect to the first address that answers, and shake hands if there is a TLS context.

        Raises:
            TimeoutError, ConnectionError: It could not be; `traffic.reason` says why.
        """
        traffic = self.traffic
        traffic.is_used = True
        addresses = _resolved(host, port, traffic)
        for position, (family, address) in enumerate(addresses, start=1):
            channel = socket.socket(family, socket.SOCK_STREAM)
            try:
                channel.settimeout(address_share_s(traffic, len(addresses) - position))
                channel.connect(address)
                # Head and body may be two writes; Nagle's algorithm may hold the second one up for 40 ms.
                channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                channel.close()
                traffic.reason = reason_of(error)
            except BaseException:
                channel.close()
                raise
            else:
                self._stream = SyncStream(channel, traffic)
                if context is not None:
                    self._stream.start_tls(context, host)
                return self._stream
        raise ConnectionError

    def close(self) -> None:
        """Close the socket, whatever state it is in."""
        if self._stream is not None:
            self._stream.close()


class SyncStream:
    """One socket, plain or TLS; it never blocks, every wait is a `poll` of what is left of the deadline."""

    def __init__(self, channel: socket.socket, traffic: Traffic) -> None:
        # Python's own timeouts begin anew with each call; only a poll can keep one deadline for all.
        channel.settimeout(0.0)
        self.outbox = Outbox()
        self._socket = channel
        self._traffic = traffic

    def read(self) -> bytes:
        """Return what comes, empty at the end."""
        channel, traffic = self._socket, self._traffic
        while True:
            left_s = traffic.left_s()
            # What TLS has decrypted already no longer shows on the socket: a poll would wait for nothing.
            if not (isinstance(channel, ssl.SSLSocket) and channel.pending()):
                _wait(channel, _IN, left_s)
            try:
                return traffic.count(channel.recv(READ_BYTES))
            except _WOULD_BLOCK:
                continue

    def take(self) -> bytes | None:
        """Return what has come already, empty at the end; None if it was only TLS talking to itself."""
        try:
            return self._traffic.count(self._socket.recv(READ_BYTES))
        except _WOULD_BLOCK:
            return None

    def flush(self, *, hears: bool) -> bool:
        """Send the outbox; returns False when it `hears` the peer say something before that is done."""
        outbox, traffic = self.outbox, self._traffic
        try:
            if not traffic.has_sent:
                # Most requests are one packet, for which there is room: nothing to wait for.
                traffic.left_s()
                traffic.note_sent()
                self._send_some()
            while outbox.size_bytes:
                if _speaks_before_taking(self._socket, traffic.left_s(), hears=hears):
                    return False
                self._send_some()
        # An OSError as well, but it says that our time is over and not that the peer broke off.
        except TimeoutError:
            raise
        except OSError:
            # A server may refuse a body early, answer, and close: its answer is still read.
            traffic.broke = True
            outbox.clear()
        return True

    def _send_some(self) -> None:
        try:
            self.outbox.drop(self._socket.send(self.outbox.window()))
        except _WOULD_BLOCK:
            return

    def close(self) -> None:
        """Close at once."""
        self.outbox.clear()
        self._socket.close()

    def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Shake hands; the certificate is always verified."""
        try:
            self._socket.settimeout(self._traffic.left_s())
            self._socket = context.wrap_socket(self._socket, server_hostname=host)
            self._socket.settimeout(0.0)
        except OSError as error:
            self._socket.close()
            self._traffic.reason = reason_of(error)
            raise ConnectionError from None
        except BaseException:
            self._socket.close()
            raise

    def is_readable(self) -> bool:
        """Return whether bytes or the end wait to be read."""
        return is_readable(self._socket)

    @property
    def tls(self) -> ssl.SSLSocket | None:
        """The TLS layer, or None."""
        return self._socket if isinstance(self._socket, ssl.SSLSocket) else None


def literal(host: str, port: int) -> list[SocketAddress] | None:
    """Return the address of a loopback literal, which needs no resolver."""
    if host == "127.0.0.1":
        return [(socket.AF_INET, (host, port))]
    if host == "::1":
        return [(socket.AF_INET6, (host, port))]
    return None


def address_share_s(traffic: Traffic, others: int) -> float:
    """Return how many seconds one address may take while `others` remain to be tried.

    Raises:
        TimeoutError: None are left.
    """
    left = traffic.left_s()
    return min(_ADDRESS_MAX_S, left / (others + 1)) if others else left


def reason_of(error: OSError) -> str:
    """Return why a connection could not be made, in words that hold no secret."""
    if isinstance(error, NoThread):
        return "the machine gives no thread to look up the host name in"
    verify = getattr(error, "verify_message", None)
    if verify:
        return f"the certificate is not accepted: {verify}"
    if isinstance(error, socket.gaierror):
        return "the host name was not found"
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    handshake = getattr(error, "reason", None)
    if handshake:
        return f"TLS failed: {str(handshake).lower().replace('_', ' ')}"
    return os.strerror(error.errno).lower() if error.errno else "the connection failed"


def is_readable(channel: Any) -> bool:
    """Return whether bytes or the end wait on a socket; a closed one counts as readable."""
    if channel.fileno() < 0:
        return True
    return bool(_ready(channel, _IN, 0.0))


def _speaks_before_taking(channel: Any, left_s: float, *, hears: bool) -> bool:
    """Wait until a socket takes more; returns True when bytes or the end wait to be read before.

    Raises:
        TimeoutError: Neither in that time.
    """
    if hears and isinstance(channel, ssl.SSLSocket) and channel.pending():
        return True
    found = _wait(channel, _OUT | _IN if hears else _OUT, left_s)
    return hears and bool(found & _IN)


def _wait(channel: Any, events: int, left_s: float) -> int:
    """Wait for one of the events on a socket and return which; `TimeoutError` when none comes in time."""
    found = _ready(channel, events, left_s)
    if not found:
        raise TimeoutError
    return found


def _ready(channel: Any, events: int, wait_s: float) -> int:
    """Return which of the events a socket has, after so many seconds at most."""
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(channel, events)
        found = poll.poll(wait_s * 1000)
        return found[0][1] if found else 0
    readable, writable, _ = select.select(
        [channel] if events & _IN else [], [channel] if events & _OUT else [], [], wait_s
    )
    return (_IN if readable else 0) | (_OUT if writable else 0)


def _resolved(host: str, port: int, traffic: Traffic) -> list[SocketAddress]:
    found = literal(host, port)
    if found is not None:
        return found
    answers: list[Answer] = []
    # A plain lock, held until there is an answer: an event of Python's, interrupted at the wrong
    # instruction, stays locked, and with it the thread that brings the answer.
    ready = threading.Lock()
    ready.acquire()

    def done(answer: Answer) -> None:
        answers.append(answer)
        ready.release()

    call_off = resolve(host, port, done)
    try:
        if not ready.acquire(timeout=traffic.left_s()):
            traffic.reason = "the host name could not be looked up in time"
            raise TimeoutError
    finally:
        call_off()
    if isinstance(answers[0], OSError):
        traffic.reason = reason_of(answers[0])
        raise ConnectionError
    return answers[0]
