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


class Traffic:
    """What one attempt may and did do on its connection.

    Attributes:
        deadline_at: `time.monotonic()` instant at which the attempt is over.
        cap_bytes: How much may be received.
        received_bytes: How much was.
        has_head: Whether the reply's head is complete.
        has_sent: Whether a byte of the request was given to the network.
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
        self.has_ended = False
        self.broke = False
        self.reason: str | None = None

    def expect(self, cap_bytes: int) -> None:
        """Let the body come, up to `cap_bytes` in all."""
        self.cap_bytes = cap_bytes
        self.has_head = True

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
        addresses = _resolved(host, port, traffic)
        for position, (family, address) in enumerate(addresses, start=1):
            channel = socket.socket(family, socket.SOCK_STREAM)
            try:
                channel.settimeout(address_share_s(traffic, len(addresses) - position))
                channel.connect(address)
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
    """One socket, plain or TLS."""

    def __init__(self, channel: socket.socket, traffic: Traffic) -> None:
        self.outbox = Outbox()
        self._socket = channel
        self._traffic = traffic

    def read(self) -> bytes:
        """Return what comes, empty at the end."""
        self._socket.settimeout(self._traffic.left_s())
        return self._traffic.count(self._socket.recv(READ_BYTES))

    def take(self) -> bytes | None:
        """Return what has come already, empty at the end; None if it was only TLS talking to itself."""
        self._socket.settimeout(0.0)
        try:
            return self._traffic.count(self._socket.recv(READ_BYTES))
        except _WOULD_BLOCK:
            return None

    def flush(self, *, hears: bool) -> bool:
        """Send the outbox; returns False when it `hears` the peer say something before that is done."""
        outbox, channel, traffic = self.outbox, self._socket, self._traffic
        try:
            if not traffic.has_sent:
                # Most requests are one packet, for which there is room: nothing to wait for.
                channel.settimeout(traffic.left_s())
                traffic.has_sent = True
                outbox.drop(channel.send(outbox.window()))
            while outbox.size_bytes:
                channel.settimeout(0.0)
                if _speaks_before_taking(channel, traffic.left_s(), hears=hears):
                    return False
                try:
                    outbox.drop(channel.send(outbox.window()))
                except _WOULD_BLOCK:
                    continue
        except TimeoutError:
            raise
        except OSError:
            # A server may refuse a body early, answer, and close: its answer is still read.
            traffic.broke = True
            outbox.clear()
        return True

    def close(self) -> None:
        """Close at once."""
        self.outbox.clear()
        self._socket.close()

    def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Shake hands; the certificate is always verified."""
        try:
            self._socket.settimeout(self._traffic.left_s())
            self._socket = context.wrap_socket(self._socket, server_hostname=host)
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
    number = channel.fileno()
    if number < 0:
        return True
    if not hasattr(select, "poll"):
        return bool(select.select([number], [], [], 0)[0])
    poll = select.poll()
    poll.register(number, select.POLLIN)
    return bool(poll.poll(0))


def _speaks_before_taking(channel: Any, left_s: float, *, hears: bool) -> bool:
    """Wait until a socket takes more; returns True when bytes or the end wait to be read before.

    Raises:
        TimeoutError: Neither in that time.
    """
    number = channel.fileno()
    if hears and isinstance(channel, ssl.SSLSocket) and channel.pending():
        return True
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(number, select.POLLOUT | (select.POLLIN if hears else 0))
        found = poll.poll(left_s * 1000)
        if found:
            return hears and bool(found[0][1] & select.POLLIN)
    else:
        readable, writable, _ = select.select([number] if hears else [], [number], [], left_s)
        if readable or writable:
            return bool(readable)
    raise TimeoutError


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
