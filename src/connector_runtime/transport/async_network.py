"""The same sockets as `network`, for an event loop.

The sender's own `asyncio.timeout` bounds every wait here, so a read costs no timer.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from connector_runtime.transport.network import (
    JOIN_BYTES,
    Traffic,
    address_share_s,
    is_readable,
    literal,
    reason_of,
    resolve,
)

if TYPE_CHECKING:
    import ssl

    from connector_runtime.transport.network import SocketAddress

# Reading stops above this and goes on below it, so that a fast server cannot fill the memory.
_BUFFER_BYTES = 256 * 1024
# So many reads in a row may find data waiting before others get their turn.
_TURN_READS = 16


class AsyncNetwork:
    """Opens the one connection of a line, for an event loop."""

    def __init__(self) -> None:
        self.traffic = Traffic()
        self._stream: AsyncStream | None = None

    async def connect(self, host: str, port: int, context: ssl.SSLContext | None) -> AsyncStream:
        """Connect to the first address that answers, and shake hands; raises as `SyncNetwork.connect`."""
        loop = asyncio.get_running_loop()
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
        answer: asyncio.Future[list[SocketAddress] | OSError] = loop.create_future()

        def settle(value: list[SocketAddress] | OSError) -> None:
            if not answer.done():
                answer.set_result(value)

        def done(value: list[SocketAddress] | OSError) -> None:
            # The caller may have given up and closed the loop.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(settle, value)

        self.traffic.reason = "the host name could not be looked up in time"
        resolve(host, port, done)
        addresses = await answer
        if isinstance(addresses, OSError):
            self.traffic.reason = reason_of(addresses)
            raise ConnectionError
        return addresses


class AsyncStream:
    """One socket, plain or TLS."""

    def __init__(self, protocol: _Protocol, traffic: Traffic) -> None:
        self._protocol = protocol
        self._traffic = traffic
        self._pending = b""
        self._reads = 0

    async def read(self, max_bytes: int) -> bytes:
        """Send what is pending, then return what comes, empty at the end."""
        if self._pending:
            await self._flush()
        self._reads += 1
        if self._reads % _TURN_READS == 0:
            await asyncio.sleep(0)
        self._traffic.left_s()
        return self._traffic.count(await self._protocol.read(max_bytes))

    async def write(self, data: bytes) -> None:
        """Take bytes; they go out once there are enough, or when an answer is read."""
        if len(self._pending) + len(data) > JOIN_BYTES:
            await self._flush()
        self._pending = self._pending + data if self._pending else data

    def close(self) -> None:
        """Close without waiting for anything."""
        self._pending = b""
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

    async def _flush(self) -> None:
        pending, self._pending = memoryview(self._pending), b""
        try:
            while pending and not self._traffic.broke:
                self._traffic.left_s()
                self._traffic.has_sent = True
                await self._protocol.write(pending[:JOIN_BYTES])
                pending = pending[JOIN_BYTES:]
        except TimeoutError:
            raise
        except OSError:
            # A server may refuse a body early, answer, and close: its answer is still read.
            self._traffic.broke = True


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

    async def read(self, max_bytes: int) -> bytes:
        """Return what is there, waiting for the first byte; empty at the end."""
        while not self._buffer and not self._has_ended:
            await self._wait()
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

    async def write(self, data: memoryview) -> None:
        """Send, waiting while the peer does not take more."""
        if self._has_ended:
            raise ConnectionResetError
        self.transport.write(data)
        while self._is_full and not self._has_ended:
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
