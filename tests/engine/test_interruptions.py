"""A listener never changes what comes of a call, and a call that is stopped says what is undecided."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime.access.connections import Connection
from connector_runtime.errors import ConnectorError, problem_of
from connector_runtime.session.async_session import AsyncSession
from connector_runtime.session.session import Options
from connector_runtime.testing.cases import Script, StillClock
from engine.shop import SENT, Shop, action, model_of

if TYPE_CHECKING:
    from collections.abc import Callable

MODELS = {
    effect: model_of(action(effect, **({} if effect == "read" else {"identity": "name=${ inputs.name }"})))
    for effect in ("read", "create", "update", "upsert", "delete")
}
CONNECTION = {"key": "key", "fields": {"key": "shop-key-123456"}}


class Interrupting(Script):
    """A wire that is stopped from outside while a request is on it."""

    def __init__(self, stop: BaseException) -> None:
        super().__init__([SENT])
        self.stop = stop

    def next(self, outgoing: Any) -> Any:
        """Be interrupted."""
        self.sent.append(outgoing)
        raise self.stop


def stopped(effect: str, stop: BaseException) -> tuple[BaseException, list[Any], Interrupting]:
    """Run an order that is stopped while it is under way; return what came of it."""
    shop = Shop(MODELS[effect])
    script = Interrupting(stop)
    shop.session._sender.script = script  # type: ignore[union-attr]
    with pytest.raises(type(stop)) as caught:
        shop.run(name="Anna")
    return caught.value, shop.events, script


def raising(_event: Any) -> None:
    """Raise what telemetry raises when its backend is down."""
    raise RuntimeError("the token shop-key-123456 cannot be sent")


class Hanging:
    """A wire for asyncio that never answers; it tells when a request is on it."""

    def __init__(self) -> None:
        self.sent = asyncio.Semaphore(0)

    async def send(self, *_args: Any, **_more: Any) -> Any:
        """Wait for ever."""
        self.sent.release()
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Do nothing."""


async def awaiting(_event: Any) -> None:
    """Be a hook that nobody awaits."""


@pytest.mark.plan("S-154")
@pytest.mark.parametrize("hook", [raising, awaiting], ids=["raises", "is a coroutine function"])
def test_a_listener_that_does_not_work_loses_no_result(
    hook: Callable[[Any], Any], caplog: pytest.LogCaptureFixture
) -> None:
    """The write is done and returned; the listener's fault is said once, without its own words."""
    shop = Shop(MODELS["create"], SENT, on_event=hook)

    results = [shop.run() for _ in range(3)]

    assert [result.outcome for result in results] == ["done"] * 3
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1
    assert said[0].startswith("on_event raised ")
    assert "shop-key" not in said[0]


@pytest.mark.plan("S-154")
def test_a_listener_that_does_not_work_changes_no_error() -> None:
    """What the vendor has said is raised, not what the listener says."""
    shop = Shop(MODELS["create"], {"status": 422, "json": {}}, on_event=raising)

    with pytest.raises(ConnectorError) as caught:
        shop.run()

    assert caught.value.kind == "validation"


@pytest.mark.plan("S-154")
def test_a_logger_that_does_not_work_loses_no_result(caplog: pytest.LogCaptureFixture) -> None:
    """Debug Request is a wish; the write is not."""

    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise OSError("no space left on device")

    logger = logging.getLogger("a broken logger")
    logger.handlers, logger.propagate = [Broken()], False
    logger.setLevel(logging.INFO)
    model = model_of(
        action("create", inputs={**action("create")["inputs"], "debug": {"type": "boolean", "label": "D"}}),
        defaults={"debug": "${ inputs.debug }"},
    )
    shop = Shop(model, SENT, logger=logger)

    result = shop.run(debug=True)

    assert result.outcome == "done"
    assert "OSError" in caplog.text


@pytest.mark.plan("S-155")
@pytest.mark.parametrize("stop", [KeyboardInterrupt(), SystemExit(3)], ids=["interrupt", "exit"])
def test_an_interrupted_create_says_what_to_look_up(stop: BaseException) -> None:
    """The interrupt goes on as it is, with a note; the listeners learn how the call ended."""
    error, events, _ = stopped("create", stop)

    problem = problem_of(error)
    assert problem is not None
    assert (problem.kind, problem.identity, problem.action) == ("outcome_unknown", "name=Anna", "order")
    assert "Look for name=Anna" in "".join(error.__notes__)
    assert [(event.kind, event.outcome) for event in events] == [
        ("start", "started"),
        ("attempt", "network"),
        ("action", "outcome_unknown"),
    ]
    assert [(one.certainty, one.message) for one in problem.attempts] == [
        ("unknown", "The call was stopped before an answer came.")
    ]


@pytest.mark.plan("S-155")
@pytest.mark.parametrize("effect", ["update", "upsert", "delete"])
def test_an_interrupted_write_that_may_be_repeated_says_so(effect: str) -> None:
    """Nobody knows whether it was done; sending it again does no harm."""
    error, _, _ = stopped(effect, KeyboardInterrupt())

    problem = problem_of(error)
    assert problem is not None
    assert problem.kind == "outcome_unknown"
    assert "Repeating the same call is harmless" in str(problem.hint)


def test_an_interrupted_read_leaves_nothing_undecided() -> None:
    """The listeners learn that it was cancelled; there is nothing to look up."""
    error, events, _ = stopped("read", KeyboardInterrupt())

    assert problem_of(error) is None
    assert events[-1].outcome == "cancelled"


@pytest.mark.plan("S-155")
@pytest.mark.parametrize("own_timeout", [False, True], ids=["cancelled", "own time-out"])
def test_a_cancelled_create_says_what_to_look_up(own_timeout: bool) -> None:
    """A task that is cancelled while its create is on the wire tells it, and so does a time-out around it."""
    events: list[Any] = []

    class Hanging:
        async def send(self, *_args: Any, **_more: Any) -> Any:
            await asyncio.Event().wait()

        async def aclose(self) -> None:
            """Nothing is open."""

    async def run() -> None:
        session = AsyncSession(
            MODELS["create"], Connection.from_dict(CONNECTION), Options(clock=StillClock(), on_event=events.append),
            sender=Hanging(),  # type: ignore[arg-type]
        )  # fmt: skip
        if own_timeout:
            async with asyncio.timeout(0.01):
                await session.run("order", {"name": "Anna"})
        task = asyncio.ensure_future(session.run("order", {"name": "Anna"}))
        await asyncio.sleep(0.01)
        task.cancel()
        await task

    with pytest.raises((asyncio.CancelledError, TimeoutError)) as caught:
        asyncio.run(run())

    problem = problem_of(caught.value)
    assert problem is not None
    assert (problem.kind, problem.identity) == ("outcome_unknown", "name=Anna")
    assert [event.outcome for event in events] == ["started", "network", "outcome_unknown"]


def test_an_interrupted_raw_request_is_to_be_looked_at() -> None:
    """Nobody but the user knows what it does, so nothing is said to be harmless."""
    shop = Shop(model_of(action("raw")))
    shop.session._sender.script = Interrupting(KeyboardInterrupt())  # type: ignore[union-attr]

    with pytest.raises(KeyboardInterrupt) as caught:
        shop.run()

    problem = problem_of(caught.value)
    assert problem is not None
    assert (problem.kind, "harmless" in str(problem.hint)) == ("outcome_unknown", False)
    assert str(problem.hint).startswith("Look whether the change was made at about 2025-06-15 15:06:40 UTC")


@pytest.mark.plan("S-155")
@pytest.mark.parametrize("stop", [KeyboardInterrupt(), SystemExit(3)], ids=["interrupt", "exit"])
def test_an_interrupt_while_a_listener_hears_of_a_finished_create_says_so(stop: BaseException) -> None:
    """A signal may come at any moment, also when the result is on its way back."""

    def hearing(event: Any) -> None:
        if event.kind == "action":
            raise stop

    shop = Shop(MODELS["create"], SENT, on_event=hearing)

    with pytest.raises(type(stop)) as caught:
        shop.run(name="Anna")

    problem = problem_of(caught.value)
    assert problem is not None
    assert (problem.kind, problem.identity) == ("outcome_unknown", "name=Anna")


@pytest.mark.plan("S-154")
@pytest.mark.parametrize("error", [asyncio.CancelledError(), GeneratorExit()], ids=["cancelled", "closed"])
def test_what_a_listener_raises_is_no_cancellation(error: BaseException) -> None:
    """Only who waits for a call can cancel it."""

    def hearing(_event: Any) -> None:
        raise error

    shop = Shop(MODELS["create"], SENT, on_event=hearing)

    assert shop.run().outcome == "done"


@pytest.mark.plan("S-155")
def test_an_interrupt_between_two_steps_says_what_to_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even when the conversation does not meet it: the driver was putting something back."""
    shop = Shop(MODELS["create"], SENT)

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("connector_runtime.session.drivers._end", interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        shop.run(name="Anna")

    assert problem_of(caught.value) is not None


@pytest.mark.parametrize(
    "second",
    [{"status": 400, "json": {}}, {"status": 403, "json": {}}, {"status": 429, "json": {}}, {"status": 503, "text": ""}],
)
def test_a_raw_request_says_that_its_first_attempt_may_have_been_carried_out(second: dict[str, Any]) -> None:
    """Whatever the second came to, the first was not answered: nobody is told to simply try again."""
    shop = Shop(model_of(action("raw")), {"error": "disconnect"}, second)

    with pytest.raises(ConnectorError) as caught:
        shop.run(retries=1)

    assert str(caught.value.hint).startswith("The change may have been made: the request was sent 2 times.")


def test_a_duplicate_of_a_repeated_raw_request_may_be_our_own() -> None:
    """Giving it another name would make a second one."""
    shop = Shop(
        model_of(action("raw")), {"error": "disconnect"}, {"status": 400, "json": {"code": "taken", "id": "9"}}
    )

    with pytest.raises(ConnectorError) as caught:
        shop.run(retries=1)

    assert (caught.value.kind, caught.value.existing_id) == ("outcome_unknown", "9")


@pytest.mark.plan("S-155")
@pytest.mark.parametrize("how", ["gathered", "in a group"])
def test_of_several_calls_each_task_tells_of_its_own(how: str) -> None:
    """Neither `gather` nor a group hands on what is said of a cancelled write; its task does, once."""

    async def both() -> list[Any]:
        sender: Any = Hanging()
        session = AsyncSession(
            MODELS["create"], Connection.from_dict(CONNECTION), Options(clock=StillClock()), sender=sender
        )
        orders = [session.run("order", {"name": name}) for name in ("Anna", "Bea")]
        run = _gathered if how == "gathered" else _grouped
        return [_told(task) for task in await run(orders, sender.sent)]

    told = asyncio.run(both())

    assert [(one.kind, one.identity) for one in told] == [
        ("outcome_unknown", "name=Anna"),
        ("outcome_unknown", "name=Bea"),
    ]


async def _gathered(orders: list[Any], sent: asyncio.Semaphore) -> list[asyncio.Task[Any]]:
    tasks = [asyncio.create_task(order) for order in orders]
    for _ in tasks:
        await sent.acquire()
    for task in tasks:
        task.cancel()
    given = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(one, asyncio.CancelledError) for one in given)
    return tasks


async def _grouped(orders: list[Any], sent: asyncio.Semaphore) -> list[asyncio.Task[Any]]:
    tasks: list[asyncio.Task[Any]] = []

    async def grouped() -> None:
        async with asyncio.TaskGroup() as group:
            for order in orders:
                tasks.append(group.create_task(order))
                await sent.acquire()
            raise ValueError

    with pytest.raises(ExceptionGroup) as caught:
        await grouped()
    assert [type(one) for one in caught.value.exceptions] == [ValueError]
    return tasks


def _told(task: asyncio.Task[Any]) -> Any:
    with pytest.raises(asyncio.CancelledError) as caught:
        task.result()
    return problem_of(caught.value)
