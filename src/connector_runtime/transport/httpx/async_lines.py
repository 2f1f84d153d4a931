"""One connection of httpx's for an event loop; see `lines`."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

from connector_runtime.transport.async_network import AsyncNetwork
from connector_runtime.transport.httpx.given import head_of
from connector_runtime.transport.httpx.lines import HttpxLine, Single, sealed

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from connector_runtime.base.bodies import Piece
    from connector_runtime.base.messages import Outgoing
    from connector_runtime.base.values import Secret
    from connector_runtime.transport.host_check import Address
    from connector_runtime.transport.lines import Head


class OneConnection(Single):
    """In place of httpcore's pool, as the one for threads."""

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request over the connection, opened anew where it must be."""
        if not self._is_usable():
            self.connections = [httpcore.AsyncHTTPConnection(request.url.origin, **self._how)]
        found: httpcore.Response = await self.connections[0].handle_async_request(request)
        return found


class AsyncLine(HttpxLine):
    """One connection, for an event loop."""

    _kind, _single = httpx.AsyncHTTPTransport, OneConnection

    def __init__(self, context: ssl.SSLContext | None, proxy: Secret | None = None) -> None:
        super().__init__(Network(self), context, proxy)

    async def begin(
        self, outgoing: Outgoing, address: Address, headers: list[tuple[str, str | Secret]]
    ) -> Head:
        """Send a request, or as much of it as the peer wants, as `SyncLine.begin`."""
        request = self._request(outgoing, address, headers)
        if self._proxy is not None:
            self.network.traffic.is_ahead = True
            request.extensions["trace"] = self._trace
        self._reply = await self._transport.handle_async_request(request)
        self._pieces = aiter(self._reply.stream)
        return head_of(self._reply)

    async def read(self, take: Callable[[bytes], None]) -> bool:
        """Hand some more of the reply's content on, as `SyncLine.read`."""
        async for piece in self._pieces:
            take(piece)
            return True
        await self._reply.stream.aclose()
        return False

    async def write(self, piece: Piece) -> None:
        """Take what httpcore writes, as `SyncLine.write`."""
        if self.network.traffic.broke:
            raise httpcore.WriteError
        if not self.stream.outbox.has_room(piece):
            await self.send()
        self.stream.outbox.add(piece)

    async def send(self) -> None:
        """Send what is in the outbox, as `SyncLine.send`."""
        while not await self.stream.flush(hears=not self._has_answer):
            if self._heard(self.stream.take()):
                break
        if self.network.traffic.broke:
            raise httpcore.WriteError

    async def receive(self) -> bytes:
        """Return what comes; first what has come while the request was sent."""
        if self.stream.outbox.size_bytes:
            with contextlib.suppress(httpcore.WriteError):
                await self.send()
            if self._has_answer:
                await self.stream.emptied()
        if self._early:
            return self._early.pop(0)
        found: bytes = await self.stream.read()
        return found

    async def _trace(self, event: str, info: dict[str, Any]) -> None:
        self._phase(event, info)


class Network(AsyncNetwork, httpcore.AsyncNetworkBackend):
    """Our network, as httpcore's pool asks for one."""

    def __init__(self, line: AsyncLine) -> None:
        super().__init__()
        self._line = line

    async def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        """Connect within what is left of the attempt."""
        self.close()
        self._line.stream = await self.connect(host, port, None)
        return _Stream(self._line)


class _Stream(httpcore.AsyncNetworkStream):
    """The connection of a line, as httpcore uses one."""

    def __init__(self, line: AsyncLine) -> None:
        self._line = line

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002, ASYNC109
        return await self._line.receive()

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109
        if not buffer:
            return
        piece = sealed(buffer)
        del buffer
        await self._line.write(piece)

    async def aclose(self) -> None:
        self._line.network.close()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        await self._line.stream.start_tls(ssl_context, server_hostname or "")
        return self

    def get_extra_info(self, info: str) -> Any:
        return self._line.info(info)
