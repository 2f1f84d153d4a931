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
import threading
import time
from typing import TYPE_CHECKING, Any

from connector_runtime.transport.intake import ReplyError, too_large

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

# A head with all its interim replies; known servers need a fraction of it.
HEAD_MAX_BYTES = 128 * 1024
# Small writes wait for one another up to this size, so head and body share a packet.
JOIN_BYTES = 64 * 1024
# A first address that does not answer must not use up the time of the next.
_ADDRESS_MAX_S = 5.0

SocketAddress = tuple[socket.AddressFamily, tuple[Any, ...]]


class Traffic:
    """What one attempt may and did do on its connection.

    Attributes:
        deadline_at: `time.monotonic()` instant at which the attempt is over.
        cap_bytes: How much may be received.
        received_bytes: How much was.
        has_head: Whether the reply's head is complete.
        has_sent: Whether a byte of the request was given to the network.
        has_ended: Whether the peer has said that nothing more will come.
        broke: Whether the peer stopped taking the request before its end.
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
        self._socket = channel
        self._traffic = traffic
        self._pending = b""

    def read(self, max_bytes: int) -> bytes:
        """Send what is pending, then return what comes, empty at the end."""
        if self._pending:
            self._flush()
        self._socket.settimeout(self._traffic.left_s())
        return self._traffic.count(self._socket.recv(max_bytes))

    def write(self, data: bytes) -> None:
        """Take bytes; they go out once there are enough, or when an answer is read."""
        if len(self._pending) + len(data) > JOIN_BYTES:
            self._flush()
        self._pending = self._pending + data if self._pending else data

    def close(self) -> None:
        """Close at once."""
        self._pending = b""
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

    def _flush(self) -> None:
        pending, self._pending = memoryview(self._pending), b""
        try:
            while pending and not self._traffic.broke:
                self._socket.settimeout(self._traffic.left_s())
                self._traffic.has_sent = True
                pending = pending[self._socket.send(pending) :]
        except TimeoutError:
            raise
        except OSError:
            # A server may refuse a body early, answer, and close: its answer is still read.
            self._traffic.broke = True


def resolve(host: str, port: int, done: Callable[[list[SocketAddress] | OSError], None]) -> None:
    """Look up a host in a thread of its own and call `done` there, with addresses or an error.

    The system's resolver cannot be interrupted; the thread that waits for it is left behind.
    """

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            done(error if isinstance(error, OSError) else OSError("the host name is not valid"))
        else:
            done([(family, address) for family, _, _, _, address in found])

    threading.Thread(target=look_up, name="connector-resolve", daemon=True).start()


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


def _resolved(host: str, port: int, traffic: Traffic) -> list[SocketAddress]:
    found = literal(host, port)
    if found is not None:
        return found
    answers: list[list[SocketAddress] | OSError] = []
    ready = threading.Event()

    def done(answer: list[SocketAddress] | OSError) -> None:
        answers.append(answer)
        ready.set()

    resolve(host, port, done)
    if not ready.wait(traffic.left_s()):
        traffic.reason = "the host name could not be looked up in time"
        raise TimeoutError
    if isinstance(answers[0], OSError):
        traffic.reason = reason_of(answers[0])
        raise ConnectionError
    return answers[0]
