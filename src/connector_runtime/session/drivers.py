"""The driver that carries a conversation out in a thread; `async_drivers` has its twin for an event loop.

Whatever a conversation holds (a slot, the lease of a token) is the driver's to free:
on return, error, close and cancellation.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from connector_runtime.base.latches import Latch
from connector_runtime.base.saved_files import DraftError, FileDraft
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
from connector_runtime.errors import StoreError
from connector_runtime.session.store_calls import SyncStoreCalls
from connector_runtime.stores.token_state import opened as opened_document

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from connector_runtime.base.values import Clock
    from connector_runtime.conversation.io_steps import Conversation, Step
    from connector_runtime.conversation.replies.results import Page
    from connector_runtime.stores.ports import RequestBudget, TokenStore
    from connector_runtime.transport.sync_transport import SyncSender

T = TypeVar("T")


class _Flight:
    """A flight of threads: the first one flies, the others wait for it to land."""

    def __init__(self) -> None:
        self.landed = Latch()
        self.outcome: Any = FlightEnd.AGAIN


class Raised(NamedTuple):
    """A step that raised instead of answering."""

    error: BaseException


def go_on(conversation: Conversation[Any], answers: list[Any]) -> Step:
    """Hand an answer to a conversation, a fault as an exception; returns its next step.

    It is taken out of the list, so that an error's frames do not hold what the vendor has said.
    """
    if type(answers[-1]) is Raised:
        return conversation.throw(answers.pop().error)
    return conversation.send(answers.pop())


class SyncDriver:
    """Runs conversations in the calling thread."""

    def __init__(
        self,
        sender: SyncSender,
        clock: Clock,
        budget: RequestBudget,
        store: TokenStore | None = None,
        on_token: Callable[[dict[str, Any]], Any] | None = None,
    ) -> None:
        self._store_calls = SyncStoreCalls(clock, budget, store)
        self._flight: _Flight | None = None
        self._lock = threading.Lock()
        self._ways: dict[type, Callable[[Any, Any], Any]] = {
            Send: lambda step, _: sender.send(step.outgoing, timeout_s=step.timeout_s, sink=step.sink),
            Sleep: lambda step, _: clock.sleep(step.seconds),
            AcquireSlot: self._store_calls.take,
            ReleaseSlot: self._store_calls.release,
            PauseSlots: lambda step, _: self._store_calls.pause(step),
            ReadToken: lambda step, _: self._store_calls.read(step),
            WriteToken: self._store_calls.write,
            HandToken: lambda step, _: handed(on_token, step),
            OpenDraft: open_draft,
            PlaceDraft: lambda step, _: placed(step.draft),
            SingleFlight: lambda step, _: self._single_flight(step),
        }

    def run(self, conversation: Conversation[T]) -> T:
        """Run a conversation to its result; pages it gives are dropped."""
        held: dict[Any, Any] = {}
        answers: list[Any] = [None]
        try:
            try:
                while True:
                    try:
                        step = go_on(conversation, answers)
                    except StopIteration as end:
                        result: T = end.value
                        return result
                    try:
                        is_page = isinstance(step, Give)
                        answers.append(None if is_page else self._ways[type(step)](step, held))
                    except BaseException as fault:  # noqa: BLE001  who speaks judges it, even a signal
                        answers.append(Raised(fault))
            finally:
                _end(conversation, held)
        finally:
            # A signal may have come in the midst of that.
            _free(held)

    def pages(self, conversation: Conversation[T], check: Callable[[], None]) -> Generator[Page, None, T]:
        """Run a conversation, handing out its pages; a caller may fork between them: `check` says no."""
        held: dict[Any, Any] = {}
        answers: list[Any] = [None]
        try:
            try:
                check()
                while True:
                    try:
                        step = go_on(conversation, answers)
                    except StopIteration as end:
                        result: T = end.value
                        return result
                    if isinstance(step, Give):
                        yield step.page
                        check()
                        answers.append(None)
                        continue
                    try:
                        answers.append(self._ways[type(step)](step, held))
                    except BaseException as fault:  # noqa: BLE001
                        answers.append(Raised(fault))
            finally:
                _end(conversation, held)
        finally:
            _free(held)

    def close(self) -> None:
        """Try nothing more in the background."""
        self._store_calls.close()

    def _single_flight(self, step: SingleFlight) -> Any:
        mine: _Flight | None = None
        try:
            with self._lock:
                flight = self._flight
                if flight is None:
                    flight = self._flight = mine = _Flight()
            if mine is not None:
                mine.outcome = self.run(step.flight(step.limit_s))
                return mine.outcome
        finally:
            # Here, so that whoever is interrupted at any moment leaves nobody waiting for him.
            if mine is not None:
                self._flight = None
                mine.landed.set()
        if not step.waits:
            return FlightEnd.BUSY
        if not flight.landed.wait(step.limit_s):
            return FlightEnd.LATE
        return outcome_for_others(flight.outcome)


def outcome_for_others(outcome: Any) -> Any:
    """Return how a flight ended for one who only waited: whoever flew may have had less time."""
    is_store_late = isinstance(outcome, StoreError) and outcome.kind == "timeout"
    return FlightEnd.AGAIN if outcome is FlightEnd.LATE or is_store_late else outcome


def handed(on_token: Callable[[dict[str, Any]], Any] | None, step: HandToken) -> Exception | None:
    """Hand a token over; returns what its keeper raised, without the frames that hold it."""
    assert on_token is not None  # noqa: S101  no token is handed to nobody
    try:
        answer = on_token(opened_document(step.document)["token"])
        if hasattr(answer, "__await__"):
            getattr(answer, "close", str)()
            raise TypeError("it is a coroutine function, which nobody awaits")
    except Exception as fault:  # noqa: BLE001  a foreign program: anything may come
        return fault.with_traceback(None)
    return None


def open_draft(step: OpenDraft, held: dict[Any, Any]) -> FileDraft | DraftError:
    """Open a draft, to be discarded when the conversation ends."""
    draft = FileDraft(step.target, step.judged_bytes)
    held[draft] = draft.discard
    return opened(draft)


def opened(draft: FileDraft) -> FileDraft | DraftError:
    """Open a draft; returns it, or why it cannot be."""
    try:
        draft.open()
    except DraftError as problem:
        return problem.with_traceback(None)
    return draft


def placed(draft: FileDraft) -> DraftError | None:
    """Put a draft in its file's place; returns why it cannot be, and keeps what it holds."""
    try:
        draft.place()
    except DraftError as problem:
        problem.kept = draft.keep()
        return problem.with_traceback(None)
    return None


def _end(conversation: Conversation[Any], held: dict[Any, Any]) -> None:
    """Free what a conversation holds, however it ended, and close it."""
    try:
        _free(held)
    finally:
        conversation.close()


def _free(held: dict[Any, Any]) -> None:
    """Give everything back; what was interrupted stays held, and giving back twice does no harm."""
    while held:
        last = next(reversed(held))
        held[last]()
        held.pop(last, None)
