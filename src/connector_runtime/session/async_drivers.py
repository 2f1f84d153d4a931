"""The driver for an event loop; see `drivers`."""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from connector_runtime.base.saved_files import DraftError, FileDraft
from connector_runtime.base.side_threads import too_slow
from connector_runtime.conversation.io_steps import (
    AcquireSlot,
    FlightEnd,
    Give,
    HandToken,
    OpenDraft,
    PauseSlots,
    PlaceDraft,
    ReadToken,
    ReleaseSlot,
    Send,
    SingleFlight,
    Sleep,
    WriteToken,
)
from connector_runtime.errors import error_of
from connector_runtime.session.async_store_calls import AsyncStoreCalls
from connector_runtime.session.drivers import Raised, go_on, opened, outcome_for_others, placed
from connector_runtime.stores.token_state import opened as opened_document
from connector_runtime.transport.offload import offload_if_possible

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from connector_runtime.base.values import Clock
    from connector_runtime.conversation.io_steps import Conversation
    from connector_runtime.conversation.replies.results import Page
    from connector_runtime.stores.ports import AsyncTokenStore, RequestBudget, TokenStore
    from connector_runtime.transport.async_transport import AsyncSender

T = TypeVar("T")
# A flight of an event loop belongs to nobody, so it has an end of its own.
FLIGHT_S = 90.0


class AsyncDriver:
    """Runs conversations in an event loop."""

    def __init__(
        self,
        sender: AsyncSender,
        clock: Clock,
        budget: RequestBudget,
        store: TokenStore | AsyncTokenStore | None = None,
        on_token: Callable[[dict[str, Any]], Any] | None = None,
    ) -> None:
        self._store_calls = AsyncStoreCalls(clock, budget, store)
        self._flight: asyncio.Task[Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._flight_rests = self._flight_asks_store = self._is_closing = False
        self._running = 0
        self._strays: set[asyncio.Future[Any]] = set()
        self._lock = threading.Lock()
        self._ways: dict[type, Callable[[Any, Any], Awaitable[Any]]] = {
            Send: lambda step, _: sender.send(step.outgoing, timeout_s=step.timeout_s, sink=step.sink),
            Sleep: lambda step, _: self._rest(clock, step),
            AcquireSlot: self._store_calls.take,
            ReleaseSlot: self._store_calls.release,
            PauseSlots: lambda step, _: self._store_calls.pause(step),
            ReadToken: lambda step, _: self._of_store(self._store_calls.read(step)),
            WriteToken: lambda step, held: self._of_store(self._store_calls.write(step, held)),
            HandToken: lambda step, _: _handed(on_token, step),
            OpenDraft: _open_draft,
            PlaceDraft: lambda step, _: offload_if_possible(placed, step.draft),
            SingleFlight: lambda step, _: self._single_flight(step),
        }

    async def run(self, conversation: Conversation[T]) -> T:
        """Run a conversation to its result; pages it gives are dropped."""
        held = self._begun(conversation)
        answers: list[Any] = [None]
        try:
            while True:
                try:
                    step = go_on(conversation, answers)
                except StopIteration as end:
                    result: T = end.value
                    return result
                try:
                    is_page = isinstance(step, Give)
                    answers.append(None if is_page else await self._ways[type(step)](step, held))
                except BaseException as fault:  # noqa: BLE001  who speaks judges it, even a signal
                    answers.append(Raised(fault))
        finally:
            await self._end(conversation, held)

    async def pages(self, conversation: Conversation[Any], check: Callable[[], None]) -> AsyncIterator[Page]:
        """Run a conversation, handing out its pages, as `SyncDriver.pages`."""
        check()
        held = self._begun(conversation)
        answers: list[Any] = [None]
        try:
            while True:
                try:
                    step = go_on(conversation, answers)
                except StopIteration:
                    return
                if isinstance(step, Give):
                    yield step.page
                    check()
                    answers.append(None)
                    continue
                try:
                    answers.append(await self._ways[type(step)](step, held))
                except BaseException as fault:  # noqa: BLE001
                    answers.append(Raised(fault))
        finally:
            await self._end(conversation, held)

    async def aclose(self) -> None:
        """Wait for a renewal that is under way: what was sent must be kept, but nothing is sent any more."""
        self._store_calls.close()
        flight = self._flight
        if flight is not None and not flight.done() and self._loop is asyncio.get_running_loop():
            self._is_closing = True
            if self._flight_rests:
                flight.cancel()
            await asyncio.wait({flight})
            self._is_closing = False

    async def _rest(self, clock: Clock, step: Sleep) -> None:
        """Wait; a renewal waits for its next request only as long as nobody closes the session."""
        if asyncio.current_task() is not self._flight:
            return await clock.asleep(step.seconds)
        if self._is_closing:
            raise asyncio.CancelledError
        self._flight_rests = True
        try:
            await clock.asleep(step.seconds)
        finally:
            self._flight_rests = False

    async def _of_store(self, answer: Awaitable[Any]) -> Any:
        """Await what the token store answers; of a renewal it is noted that this is what it waits for."""
        if asyncio.current_task() is not self._flight:
            return await answer
        self._flight_asks_store = True
        try:
            return await answer
        finally:
            self._flight_asks_store = False

    def _begun(self, conversation: Conversation[Any]) -> dict[Any, Any]:
        """Note that a conversation runs in this event loop; return where it keeps what it holds.

        Raises:
            ConnectionProblem: Others of the session run in another one.
        """
        loop = asyncio.get_running_loop()
        with self._lock:
            if loop is not self._loop:
                if self._running:
                    conversation.close()
                    raise error_of(
                        "config",
                        "The session is in use in another event loop.",
                        hint="Open one session for each event loop.",
                    )
                self._loop, self._flight = loop, None
            self._running += 1
        return {}

    async def _end(self, conversation: Conversation[Any], held: dict[Any, Any]) -> None:
        """Free what a conversation holds, however it ended, and close it."""
        try:
            while held:
                last = next(reversed(held))
                await held[last]()
                held.pop(last, None)
        except BaseException:
            # Cancelled once more: the rest is given back all the same.
            for give_back in reversed(held.values()):
                stray = asyncio.ensure_future(give_back())
                self._strays.add(stray)
                stray.add_done_callback(self._strays.discard)
            raise
        finally:
            with self._lock:
                self._running -= 1
            conversation.close()

    async def _single_flight(self, step: SingleFlight) -> Any:
        flight = self._flight
        is_mine = flight is None or flight.done()
        if flight is None or flight.done():
            flight = self._flight = asyncio.ensure_future(self.run(step.flight(FLIGHT_S)))
            flight.add_done_callback(_noticed)
        elif not step.waits:
            return FlightEnd.BUSY
        try:
            async with asyncio.timeout(step.limit_s):
                outcome = await asyncio.shield(flight)
        except TimeoutError:
            if flight.done() and not flight.cancelled():
                return flight.result()  # it ended at the same moment, and knows why
            return too_slow() if self._flight_asks_store and flight is self._flight else FlightEnd.LATE
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if flight.cancelled() and not (task and task.cancelling()):
                return FlightEnd.AGAIN  # the flight was given up, not this call
            raise
        return outcome if is_mine else outcome_for_others(outcome)


async def _handed(on_token: Callable[[dict[str, Any]], Any] | None, step: HandToken) -> Exception | None:
    """Hand a token over, as `drivers.handed`; one who answers with an awaitable is awaited."""
    assert on_token is not None  # noqa: S101  no token is handed to nobody
    try:
        async with asyncio.timeout(step.limit_s):
            answer = on_token(opened_document(step.document)["token"])
            if hasattr(answer, "__await__"):
                await answer
    except Exception as fault:  # noqa: BLE001  a foreign program: anything may come
        return fault.with_traceback(None)
    return None


async def _open_draft(step: OpenDraft, held: dict[Any, Any]) -> FileDraft | DraftError:
    """Open a draft, to be discarded when the conversation ends."""
    draft = FileDraft(step.target, step.judged_bytes)
    held[draft] = partial(offload_if_possible, draft.discard)
    return await offload_if_possible(opened, draft)


def _noticed(flight: asyncio.Task[Any]) -> None:
    """Look at how a flight ended, even if everybody who wanted to know is gone."""
    if not flight.cancelled():
        flight.exception()
