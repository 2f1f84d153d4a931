"""Requests on the wire: the only module that imports httpx.

Drives httpx's transports themselves: no cookies, no redirects, no environment proxies,
no event hooks. One transport, and so one connection, per slot: httpx's own pool searches
quadratically, and a connection that misbehaves poisons nobody else's.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any, Literal

import certifi
import httpcore
import httpx

from connector_runtime.bodies import BodyError
from connector_runtime.intake import Intake, ReplyRefused
from connector_runtime.messages import DEFAULT_LIMITS, Failure, Limits, Reply
from connector_runtime.values import Certainty, Secret

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from connector_runtime.bodies import Body
    from connector_runtime.messages import Outgoing

SLOTS = 64
# Zoho and most others close idle connections after a minute; ours go first.
KEEP_ALIVE_S = 30.0
_LOOPBACK = frozenset({"127.0.0.1", "[::1]"})
_PIECE_BYTES = 65_536

_log = logging.getLogger(__name__)
# httpx writes whole URLs at INFO and httpcore whole headers at DEBUG.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

_NOT_SENT = (
    httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol,
    httpx.LocalProtocolError, httpx.InvalidURL,
)  # fmt: skip

_context: ssl.SSLContext | None = None
_context_lock = threading.Lock()


def shared_context() -> ssl.SSLContext:
    """Return the one TLS context of the process: certificates and host names are always checked.

    Made once: a context costs 15 ms and 0.8 MB.
    """
    global _context  # noqa: PLW0603  one for the process, guarded by its lock
    with _context_lock:
        if _context is None:
            _context = ssl.create_default_context(cafile=certifi.where())
            _context.minimum_version = ssl.TLSVersion.TLSv1_2
        return _context


class _Fence:
    """Whom a session may talk to; checked once more where requests leave."""

    def __init__(self, hosts: frozenset[str], *, loopback: bool) -> None:
        self._hosts = hosts
        self._loopback = loopback

    def refusal(self, outgoing: Outgoing) -> Failure | None:
        scheme, _, rest = outgoing.url.partition("://")
        authority = rest.partition("/")[0].partition("?")[0]
        host = authority.rpartition(":")[0] if authority.rpartition(":")[2].isdigit() else authority
        local = self._loopback and scheme == "http" and host in _LOOPBACK
        if f"{scheme}://{authority}" in self._hosts and (local or (scheme == "https" and not self._loopback)):
            return None
        return Failure(
            Certainty.NOT_SENT, "config", f"{host[:100]} is not a host that this connection may talk to"
        )


class _Stream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body as httpx wants it, opened anew for every attempt."""

    def __init__(self, body: Body | None) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body.chunks()) if self._body is not None else iter(())

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._body.chunks() if self._body is not None else ():
            yield chunk


def _request(outgoing: Outgoing, timeout_s: float) -> httpx.Request:
    url = httpx.URL(outgoing.url)
    headers = [(b"Host", url.netloc), (b"Accept-Encoding", b"gzip"), (b"Connection", b"keep-alive")]
    for name, value in outgoing.headers:
        text = value.reveal() if isinstance(value, Secret) else value
        headers.append((name.encode("ascii"), text.encode("ascii")))
    body = outgoing.body
    if body is not None:
        headers.append((b"Content-Length", str(body.size_bytes).encode()))
    elif outgoing.method in ("POST", "PUT", "PATCH"):
        headers.append((b"Content-Length", b"0"))
    timeouts = dict.fromkeys(("connect", "read", "write", "pool"), timeout_s)
    return httpx.Request(
        outgoing.method, url, headers=headers, stream=_Stream(body), extensions={"timeout": timeouts}
    )


def _start(intake: Intake, response: httpx.Response) -> None:
    raw = response.headers.raw
    intake.count_wire(sum(len(name) + len(value) + 4 for name, value in raw))
    intake.start(
        response.status_code,
        [(name.decode("ascii", "replace").lower(), value.decode("latin-1")) for name, value in raw],
    )


def _failure(problem: Exception) -> Failure:
    """Say what an exception of the wire means, without keeping it."""
    if isinstance(problem, ReplyRefused):
        return Failure(Certainty.UNKNOWN, problem.kind, problem.message)
    if isinstance(problem, BodyError):
        return Failure(Certainty.NOT_SENT, "input", str(problem))
    certainty = Certainty.NOT_SENT if isinstance(problem, _NOT_SENT) else Certainty.UNKNOWN
    if isinstance(problem, httpx.TimeoutException | TimeoutError):
        phase = "connection" if certainty is Certainty.NOT_SENT else "reply"
        return Failure(certainty, "timeout", f"no {phase} came within the time for this attempt")
    kind: Literal["contract", "network"] = "network"
    if isinstance(problem, httpx.RemoteProtocolError) and "disconnected" not in str(problem):
        kind = "network" if "without sending" in str(problem) or "incomplete" in str(problem) else "contract"
    text = " ".join(str(problem).split())[:160] or type(problem).__name__
    return Failure(certainty, kind, f"{_words(problem)}: {text}")


def _words(problem: Exception) -> str:
    if isinstance(problem, _NOT_SENT):
        return "the server could not be reached"
    if isinstance(problem, httpx.WriteError):
        return "the connection broke while the request was sent"
    return "the connection broke before the reply was complete"


def _has_surplus(transport: Any) -> bool:
    """Return whether a server sent more than its reply; what follows would be nobody's.

    httpcore hands such bytes to the next request. Where its insides are not as
    expected the answer is yes, and the connection is given up.
    """
    try:
        connections = transport._pool.connections  # noqa: SLF001
        states = [one._connection._h11_state for one in connections if one._connection is not None]  # noqa: SLF001
        return any(state.trailing_data[0] for state in states)
    except AttributeError:
        return True


class _DeadlineStream(httpcore.NetworkStream):
    """A socket whose every operation gets only what is left of the attempt."""

    def __init__(self, stream: httpcore.NetworkStream, slot: _Slot) -> None:
        self._stream = stream
        self._slot = slot

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE_BYTES):
            piece = buffer[start : start + _PIECE_BYTES]
            self._stream.write(piece, self._left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left_s = self._left(timeout, httpcore.ConnectTimeout)
        return _DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, left_s), self._slot)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def _left(self, timeout: float | None, late: type[Exception]) -> float:
        left_s = self._slot.ends_at - time.monotonic()
        if left_s <= 0.0:
            raise late
        return left_s if timeout is None else min(timeout, left_s)


class _DeadlineBackend(httpcore.SyncBackend):
    """Opens sockets that keep to the attempt's deadline."""

    def __init__(self, slot: _Slot) -> None:
        super().__init__()
        self._slot = slot

    def connect_tcp(self, *args: Any, **more: Any) -> httpcore.NetworkStream:
        return _DeadlineStream(super().connect_tcp(*args, **more), self._slot)


class _Slot(httpx.HTTPTransport):
    """One connection at a time, and the end of the attempt that uses it."""

    def __init__(self) -> None:
        self.ends_at = 0.0
        self._pool = httpcore.ConnectionPool(
            ssl_context=shared_context(),
            max_connections=1,
            max_keepalive_connections=1,
            keepalive_expiry=KEEP_ALIVE_S,
            network_backend=_DeadlineBackend(self),
        )


class SyncSender:
    """Sends from threads; idle connections are kept for the next request.

    Args:
        hosts: Origins that may be talked to.
        loopback: Whether these are http origins of this machine.
        transport: An httpx transport to use as it is, instead of own connections.
        size: Most connections at once.
    """

    def __init__(
        self,
        hosts: frozenset[str],
        *,
        loopback: bool = False,
        transport: httpx.BaseTransport | None = None,
        size: int = SLOTS,
    ) -> None:
        self._fence = _Fence(hosts, loopback=loopback)
        self._given = transport
        self._free = threading.Semaphore(size)
        self._idle: list[_Slot] = []
        self._closed = False

    def send(
        self,
        outgoing: Outgoing,
        *,
        timeout_s: float,
        sink: Path | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Reply | Failure:
        """Send a request; returns its reply, or what is known when there is none. Never raises.

        Args:
            timeout_s: From now to the last byte, in seconds.
            sink: File for the content of a 2xx, written whole or not at all.
        """
        refused = self._fence.refusal(outgoing)
        if refused is not None:
            return refused
        if self._given is not None:
            return self._exchange(self._given, outgoing, timeout_s, Intake(limits, sink))
        if not self._free.acquire(timeout=timeout_s):
            return Failure(Certainty.NOT_SENT, "timeout", "no connection came free in time")
        slot = self._idle.pop() if self._idle else _Slot()
        slot.ends_at = time.monotonic() + timeout_s
        sound = False
        try:
            got = self._exchange(slot, outgoing, timeout_s, Intake(limits, sink))
            sound = isinstance(got, Reply) and not self._closed and not _noticed(slot)
            return got
        finally:
            if sound:
                self._idle.append(slot)
            else:
                slot.close()
            self._free.release()

    def close(self) -> None:
        """Close every idle connection; those in use close when they are done."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def _exchange(
        self, transport: httpx.BaseTransport, outgoing: Outgoing, timeout_s: float, intake: Intake
    ) -> Reply | Failure:
        started = time.monotonic()
        try:
            response = transport.handle_request(_request(outgoing, timeout_s))
            try:
                _start(intake, response)
                assert isinstance(response.stream, httpx.SyncByteStream)  # noqa: S101  a blocking transport
                for chunk in response.stream:
                    intake.count_wire(len(chunk))
                    intake.feed(chunk)
            finally:
                response.close()
            return intake.finish(time.monotonic() - started)
        except (httpx.TransportError, httpx.InvalidURL, ReplyRefused, BodyError, TimeoutError) as problem:
            return _failure(problem)
        finally:
            intake.discard()


class AsyncSender:
    """Sends from one event loop; otherwise as `SyncSender`."""

    def __init__(
        self,
        hosts: frozenset[str],
        *,
        loopback: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
        size: int = SLOTS,
    ) -> None:
        self._fence = _Fence(hosts, loopback=loopback)
        self._given = transport
        self._free = asyncio.Semaphore(size)
        self._idle: list[httpx.AsyncHTTPTransport] = []
        self._closed = False

    async def send(
        self,
        outgoing: Outgoing,
        *,
        timeout_s: float,
        sink: Path | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Reply | Failure:
        """Send a request, as `SyncSender.send`; cancellation closes its connection."""
        refused = self._fence.refusal(outgoing)
        if refused is not None:
            return refused
        if self._given is not None:
            return await self._exchange(self._given, outgoing, timeout_s, Intake(limits, sink))
        ends_at = time.monotonic() + timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                await self._free.acquire()
        except TimeoutError:
            return Failure(Certainty.NOT_SENT, "timeout", "no connection came free in time")
        slot = self._idle.pop() if self._idle else _async_slot()
        sound = False
        try:
            left_s = max(0.0, ends_at - time.monotonic())
            got = await self._exchange(slot, outgoing, left_s, Intake(limits, sink))
            sound = isinstance(got, Reply) and not self._closed and not _noticed(slot)
            return got
        finally:
            self._free.release()
            if sound:
                self._idle.append(slot)
            else:
                await asyncio.shield(slot.aclose())

    async def aclose(self) -> None:
        """Close every idle connection; those in use close when they are done."""
        self._closed = True
        while self._idle:
            await self._idle.pop().aclose()

    async def _exchange(
        self, transport: httpx.AsyncBaseTransport, outgoing: Outgoing, timeout_s: float, intake: Intake
    ) -> Reply | Failure:
        started = time.monotonic()
        try:
            async with asyncio.timeout(timeout_s):
                response = await transport.handle_async_request(_request(outgoing, timeout_s))
                try:
                    _start(intake, response)
                    assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101  an async transport
                    async for chunk in response.stream:
                        intake.count_wire(len(chunk))
                        intake.feed(chunk)
                finally:
                    await response.aclose()
            return intake.finish(time.monotonic() - started)
        except (httpx.TransportError, httpx.InvalidURL, ReplyRefused, BodyError, TimeoutError) as problem:
            return _failure(problem)
        finally:
            intake.discard()


def _async_slot() -> httpx.AsyncHTTPTransport:
    limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEP_ALIVE_S)
    return httpx.AsyncHTTPTransport(verify=shared_context(), limits=limits, trust_env=False)


def _noticed(slot: Any) -> bool:
    """Return whether a connection must not be used again, and say so in the log."""
    if not _has_surplus(slot):
        return False
    _log.warning("a server sent more than its reply; the connection was closed")
    return True
