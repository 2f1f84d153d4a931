"""One connection for an event loop; see `lines`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import h11

from connector_runtime.transport.async_network import AsyncNetwork
from connector_runtime.transport.lines import Line
from connector_runtime.transport.offload import offload

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from connector_runtime.base.messages import Outgoing
    from connector_runtime.base.values import Secret
    from connector_runtime.transport.envelope import Address


class AsyncLine(Line):
    """One connection, for an event loop."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__(AsyncNetwork(), context)

    async def begin(
        self, outgoing: Outgoing, address: Address, headers: list[tuple[str, str | Secret]]
    ) -> h11.Response:
        """Send a request, or as much of it as the peer wants, as `SyncLine.begin`."""
        stream = self._stream
        if not self._is_open():
            self.network.close()
            stream = self._started(await self.network.connect(address.host, address.tcp_port, self._context))
        self._head(outgoing, address, headers)
        pieces = self._content(outgoing)
        is_on_disk = outgoing.body is not None and outgoing.body.is_on_disk
        while (piece := await offload(next, pieces, None) if is_on_disk else next(pieces, None)) is not None:
            if not stream.outbox.has_room(piece) and not await self._sent():
                break
            stream.outbox.add(piece)
        await self._sent()
        if self._early is not None:
            await stream.emptied()
            return self._early
        event = await self._next()
        while type(event) is not h11.Response:
            # One read may hold thousands of interim replies.
            await asyncio.sleep(0)
            event = await self._next()
        return event

    async def read(self, take: Callable[[bytes], None]) -> bool:
        """Hand some more of the reply's content on, as `SyncLine.read`."""
        event = await self._next()
        if type(event) is h11.Data:
            take(bytes(event.data))
        return type(event) is h11.Data

    async def _sent(self) -> bool:
        """Send what is in the outbox; returns whether the peer takes more."""
        while not await self._stream.flush(hears=self._early is None):
            if self._heard(self._stream.take()):
                break
        return not self.network.traffic.broke

    async def _next(self) -> Any:
        messages = self._messages
        while (event := messages.next_event()) is h11.NEED_DATA:
            messages.receive_data(await self._stream.read())
        return event
