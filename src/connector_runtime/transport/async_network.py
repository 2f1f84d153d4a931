"""The same sockets as `network`, for an event loop.

The sender's own `asyncio.timeout` bounds every wait here, so a read costs no timer.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from connector_runtime.transport.network import (
    READ_BYTES,
    Traffic,
    address_share_s,
    is_readable,
    literal,
    reason_of,
)
from connector_runtime.transport.outbox import JOIN_BYTES, Outbox
from connector_runtime.transport.resolver import resolve

if TYPE_CHECKING:
    import ssl

    from connector_runtime.transport.resolver import Answer, SocketAddress

# Reading stops above this and goes on below it, so that a fast server cannot fill the memory.
_BUFFER_BYTES = 256 * 1024
# So many reads in a row may find data waiting before others get their turn.
_TURN_READS = 16
# How long to wait before looking again whether a socket has taken the rest, after an early reply.
_LOOK_S = 0.002


class AsyncNetwork:
    """Opens the one connection of a line, for an event loop."""

    def __init__(self) -> None:
        self.traffic = Traffic()
        self._stream: AsyncStream | None = None

    async def connect(self, host: str, port: int, context: ssl.SSLContext | None) -> AsyncStream:
        """Connect to the first address that answers, and shake hands; raises as `SyncNetwork.connect`."""
        loop = asyncio.get_running_loop()
        self.traffic.is_used = True
        addresses = await self._resolved(host, port)
        for position, (_, address) in enumerate(addresses, start=1):
            try:
                async with asyncio.timeout(address_share_s(self.traffic, len(addresses) - position)):
                    _, protocol = await loop.create_connection(_Protocol, address[0], address[1])
            except OSError as error:
                self.traffic.reason = reason_of(error)
            else:
                self._stream = AsyncStream(protocol, self.traffic)
                if context is not None:
                    await self._stream.start_tls(context, host)
                return self._stream
        raise ConnectionError

    def close(self) -> None:
        """Close the socket, whatever state it is in."""
        if self._stream is not None:
            self._stream.close()

    async def _resolved(self, host: str, port: int) -> list[SocketAddress]:
        found = literal(host, port)
        if found is not None:
            return found
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()

        def settle(value: Answer) -> None:
            if not answer.done():
                answer.set_result(value)

        def done(value: Answer) -> None:
            # The caller may have given up and closed the loop.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(settle, value)

        self.traffic.reason = "the host name could not be looked up in time"
        call_off = resolve(host, port, done)
        try:
            addresses = await answer
        finally:
            call_off()
        if isinstance(addresses, OSError):
            self.traffic.reason = reason_of(addresses)
            raise ConnectionError
        return addresses


class AsyncStream:
    """One socket, plain or TLS."""

    def __init__(self, protocol: _Protocol, traffic: Traffic) -> None:
        self.outbox = Outbox()
        self._protocol = protocol
        self._traffic = traffic
        self._reads = 0

    async def read(self) -> bytes:
        """Return what comes, empty at the end."""
        self._reads += 1
        if self._reads % _TURN_READS == 0:
            await asyncio.sleep(0)
        self._traffic.left_s()
        await self._protocol.until_readable()
        return self._traffic.count(self._protocol.take(READ_BYTES))

    def take(self) -> bytes:
        """Return what has come already."""
        return self._traffic.count(self._protocol.take(READ_BYTES))

    async def flush(self, *, hears: bool) -> bool:
        """Send the outbox; returns False when it `hears` the peer say something before that is done."""
        outbox, protocol, traffic = self.outbox, self._protocol, self._traffic
        try:
            while outbox.size_bytes:
                await protocol.until_writable(hears=hears)
                if hears and protocol.has_data():
                    return False
                traffic.left_s()
                traffic.note_sent()
                outbox.drop(protocol.send(outbox.window()[:JOIN_BYTES]))
        except TimeoutError:
            raise
        except OSError:
            # A server may refuse a body early, answer, and close: its answer is still read.
            traffic.broke = True
            outbox.clear()
        return True

    async def emptied(self) -> None:
        """Wait until asyncio has handed on what it was given: nothing else says that the peer takes it."""
        protocol = self._protocol
        # A refusal has broken it off already.
        while not self._traffic.broke and protocol.holds_bytes():  # noqa: ASYNC110  asyncio tells nobody
            await asyncio.sleep(_LOOK_S)
        if protocol.has_failed():
            self._traffic.broke = True

    def close(self) -> None:
        """Close without waiting for anything."""
        self.outbox.clear()
        self._protocol.abort()

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Shake hands; the certificate is always verified."""
        loop = asyncio.get_running_loop()
        protocol = self._protocol
        left_s = self._traffic.left_s()
        try:
            transport = await loop.start_tls(
                protocol.transport,
                protocol,
                context,
                server_hostname=host,
                ssl_handshake_timeout=left_s,
            )
        except OSError as error:
            self.close()
            self._traffic.reason = reason_of(error)
            raise ConnectionError from None
        except BaseException:
            self.close()
            raise
        if transport is None:
            raise ConnectionError
        protocol.transport = transport

    def is_readable(self) -> bool:
        """Return whether bytes or the end wait to be read."""
        return self._protocol.is_readable()

    @property
    def tls(self) -> ssl.SSLObject | None:
        """The TLS layer, or None."""
        found: ssl.SSLObject | None = self._protocol.transport.get_extra_info("ssl_object")
        return found


class _Protocol(asyncio.Protocol):
    """A buffer between the loop's callbacks and one reader or writer."""

    def __init__(self) -> None:
        self.transport: Any = None
        self._buffer = bytearray()
        self._has_ended = False
        self._error: OSError | None = None
        self._is_full = False
        self._is_paused = False
        self._waiter: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) > _BUFFER_BYTES and not self._is_paused:
            self._is_paused = True
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._has_ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._has_ended = True
        self._error = exc if isinstance(exc, OSError) else None
        self._wake()

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        self._wake()

    def has_data(self) -> bool:
        """Return whether bytes wait to be taken."""
        return bool(self._buffer)

    def has_failed(self) -> bool:
        """Return whether the connection broke, rather than ended."""
        return self._error is not None

    def holds_bytes(self) -> bool:
        """Return whether something written waits in this process; TLS stands on a transport of its own."""
        inner = getattr(getattr(self.transport, "_ssl_protocol", None), "_transport", None)
        return any(one.get_write_buffer_size() for one in (self.transport, inner) if one is not None)

    async def until_readable(self) -> None:
        """Wait for the first byte, or the end."""
        while not self._buffer and not self._has_ended:
            await self._wait()

    def take(self, max_bytes: int) -> bytes:
        """Return what is there; empty at the end."""
        if not self._buffer:
            if self._error is not None:
                raise self._error
            return b""
        data = bytes(self._buffer[:max_bytes])
        del self._buffer[:max_bytes]
        if self._is_paused and len(self._buffer) <= _BUFFER_BYTES // 2:
            self._is_paused = False
            self.transport.resume_reading()
        return data

    def send(self, data: bytes | memoryview) -> int:
        """Send what `until_writable` has made room for; returns how much that is."""
        if self._has_ended:
            raise ConnectionResetError
        self.transport.write(data)
        return len(data)

    async def until_writable(self, *, hears: bool) -> None:
        """Wait while the peer does not take more; or until it says something, for who `hears`."""
        while self._is_full and not self._has_ended and not (hears and self._buffer):
            await self._wait()

    def is_readable(self) -> bool:
        """Return whether bytes or the end wait to be read."""
        if self._buffer or self._has_ended or self.transport.is_closing():
            return True
        return is_readable(self.transport.get_extra_info("socket"))

    def abort(self) -> None:
        """Close at once, without sending what is left."""
        if self.transport.is_closing():
            return
        try:
            self.transport.abort()
        except RuntimeError:
            _forsake(self.transport)

    async def _wait(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _forsake(transport: Any) -> None:
    """Close the socket of a transport whose event loop is gone; asyncio itself offers no way."""
    inner = getattr(getattr(transport, "_ssl_protocol", None), "_transport", transport)
    channel = getattr(inner, "_sock", None)
    if channel is not None:
        channel.close()
        inner._sock = None  # noqa: SLF001  or it would warn that nobody has closed it
