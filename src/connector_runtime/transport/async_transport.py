"""The sender for an event loop; everything but the waiting is `transport`'s."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Self

from connector_runtime.base.messages import DEFAULT_LIMITS, Failure, Limits, Outgoing, Reply
from connector_runtime.base.values import Certainty
from connector_runtime.transport.intake import Intake, ReplyError
from connector_runtime.transport.offload import offload
from connector_runtime.transport.sync_transport import Sender
from connector_runtime.transport.wire_attempt import WireAttempt
from connector_runtime.transport.wires import load_given

if TYPE_CHECKING:
    from collections.abc import Collection
    from types import TracebackType

    from connector_runtime.base.saved_files import FileDraft
    from connector_runtime.base.values import Secret
    from connector_runtime.transport.host_check import Address

# So much of a reply is gathered for each visit to the thread that saves it.
_BATCH_BYTES = 512 * 1024
# After so many pieces others get their turn: one read may hold ten thousand, and waits for nothing.
_TURN_PIECES = 128


class AsyncSender(Sender):
    """Sends from one event loop; arguments as for `SyncSender`."""

    def __init__(self, hosts: Collection[str], **options: Any) -> None:
        super().__init__(hosts, **options)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._slots = asyncio.Semaphore(self._size)

    async def send(
        self,
        outgoing: Outgoing,
        *,
        timeout_s: float,
        sink: FileDraft | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Reply | Failure:
        """Send once, as `SyncSender.send` does; cancelling closes the connection."""
        started_at = time.monotonic()
        try:
            address, dress = await self._dressed_there(outgoing, timeout_s)
        except ReplyError as refusal:
            return Failure(Certainty.NOT_SENT, refusal.kind, refusal.message)
        self._adopt(asyncio.get_running_loop())
        try:
            async with asyncio.timeout(timeout_s):
                await self._slots.acquire()
        except TimeoutError:
            return self._busy()
        try:
            intake = Intake(limits, sink, form=outgoing.form)
            attempt = WireAttempt(address, outgoing, started_at, started_at + timeout_s, intake)
            if self._given is not None:
                return await self._through_given(dress, attempt)
            return await self._through_line(outgoing, address, dress, attempt)
        finally:
            self._slots.release()

    async def aclose(self) -> None:
        """Close idle connections; a given transport stays open, it is its giver's."""
        self._close_idle()
        # The loop closes sockets in its next round.
        await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _adopt(self, loop: asyncio.AbstractEventLoop) -> None:
        """Forget what belongs to an event loop that is gone."""
        if loop is not self._loop:
            self._loop = loop
            self._slots = asyncio.Semaphore(self._size)
            self._idle.drain()

    async def _dressed_there(self, outgoing: Outgoing, timeout_s: float) -> tuple[Address, Any]:
        """Dress a request where it may read a file: for given transports it does."""
        if self._given is None or outgoing.body is None or not outgoing.body.is_on_disk:
            return self._dressed(outgoing, timeout_s)
        try:
            async with asyncio.timeout(timeout_s):
                return await offload(self._dressed, outgoing, timeout_s)
        except TimeoutError:
            raise ReplyError("timeout", "The file to send was not read in time.") from None

    async def _through_line(
        self,
        outgoing: Outgoing,
        address: Address,
        headers: list[tuple[str, str | Secret]],
        attempt: WireAttempt,
    ) -> Reply | Failure:
        route = self._routes[address.origin]
        line = self._idle.take(address.origin) or route.async_line(self._context_for(address))
        attempt.use(line.network.traffic, route.module)
        result: Reply | Failure | None = None
        try:
            async with asyncio.timeout(attempt.left_s()):
                attempt.start(await line.begin(outgoing, address, headers))
                batch = _Batch(attempt)
                while await line.read(batch.add):
                    await batch.passed_on()
                result = await batch.finished()
        except route.module.CAUGHT as error:
            result = attempt.failure(error)
        finally:
            self._put_back(line, address, result)
        return result

    async def _through_given(self, request: Any, attempt: WireAttempt) -> Reply | Failure:
        given = load_given()
        quiet = given.is_sending.set(True)
        attempt.course = given.Course()
        request.extensions["trace"] = attempt.course.anote
        try:
            async with asyncio.timeout(attempt.left_s()):
                response = await self._given.handle_async_request(request)
                try:
                    attempt.start(given.head_of(response))
                    batch = _Batch(attempt)
                    async for chunk in response.stream:
                        batch.add(chunk)
                        del chunk  # it may be a token, and the next one is waited for
                        await batch.passed_on()
                finally:
                    await response.stream.aclose()
                return await batch.finished()
        except given.CAUGHT as error:
            return attempt.failure(error)
        finally:
            given.is_sending.reset(quiet)


class _Batch:
    """Pieces of a reply on their way to a disk, which is a thread's business; others are taken at once."""

    def __init__(self, attempt: WireAttempt) -> None:
        self._attempt = attempt
        self._pieces: list[bytes] = []
        self._size_bytes = 0
        self._count = 0

    def add(self, piece: bytes) -> None:
        """Take a piece."""
        if self._attempt.is_on_disk:
            self._pieces.append(piece)
            self._size_bytes += len(piece)
        else:
            self._attempt.feed(piece)

    async def passed_on(self) -> None:
        """Have saved what has gathered, once it is worth the way; and let others run now and then."""
        self._count += 1
        if self._count % _TURN_PIECES == 0:
            await asyncio.sleep(0)
        if self._size_bytes >= _BATCH_BYTES:
            await offload(self._save)

    async def finished(self) -> Reply:
        """Have the rest saved; returns the reply."""
        if not self._attempt.is_on_disk:
            return self._attempt.finish()
        await offload(self._save)
        return await offload(self._attempt.finish)

    def _save(self) -> None:
        pieces, self._pieces, self._size_bytes = self._pieces, [], 0
        for piece in pieces:
            self._attempt.feed(piece)
