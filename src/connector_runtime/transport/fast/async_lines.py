"""One connection for an event loop; see `lines`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector_runtime.transport.async_network import AsyncNetwork
from connector_runtime.transport.fast.lines import FastLine
from connector_runtime.transport.offload import offload

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from connector_runtime.base.messages import Outgoing
    from connector_runtime.base.values import Secret
    from connector_runtime.transport.host_check import Address
    from connector_runtime.transport.lines import Head


class AsyncLine(FastLine):
    """One connection, for an event loop."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__(AsyncNetwork(), context)

    async def begin(
        self, outgoing: Outgoing, address: Address, headers: list[tuple[str, str | Secret]]
    ) -> Head:
        """Send a request, or as much of it as the peer wants, as `SyncLine.begin`."""
        if not self._is_open():
            self.network.close()
            self._stream = await self.network.connect(address.host, address.tcp_port, self._context)
        stream, incoming = self._stream, self._incoming
        self._start(outgoing, address, headers)
        pieces = self._content(outgoing)
        is_on_disk = outgoing.body is not None and outgoing.body.is_on_disk
        while (piece := await offload(next, pieces, None) if is_on_disk else next(pieces, None)) is not None:
            if not stream.outbox.has_room(piece) and not await self._sent():
                break
            stream.outbox.add(piece)
        await self._sent()
        if incoming.head is not None:
            await stream.emptied()
        while incoming.head is None:
            incoming.feed(await stream.read())
        return incoming.head

    async def read(self, take: Callable[[bytes], None]) -> bool:
        """Hand some more of the reply's content on, as `SyncLine.read`."""
        incoming = self._incoming
        while not incoming.pieces:
            if incoming.is_whole:
                return False
            incoming.feed(await self._stream.read())
        take(incoming.pieces.popleft())
        return True

    async def _sent(self) -> bool:
        """Send what is in the outbox; returns whether the peer takes more."""
        while not await self._stream.flush(hears=self._incoming.head is None):
            if self._heard(self._stream.take()):
                break
        return not self.network.traffic.broke
