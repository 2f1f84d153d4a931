"""Tools that record the names of every frame when a call times out, is cancelled or interrupted see no secret."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from pathlib import Path
from types import CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any, Self

import pytest

from canaries import MARK, canary
from connector_runtime.base.values import Secret
from connector_runtime.errors import ConnectorError
from connector_runtime.stores import MemoryStore
from connector_runtime.stores.token_state import grant_key
from faults.desk import NAME, WAYS, Desk, fetching, uploading
from faults.faultserver import FaultServer, hang, head, read_request, reply, send, stall
from frames import frames, is_ours, members
from meta.repository import RUNTIME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from connector_runtime.definition.model import Model

ACCESS, REFRESH, CLIENT = canary("access token"), canary("refresh token"), canary("client secret")
FRESH = canary("half of a fresh token")
ENDS = (TimeoutError, asyncio.CancelledError, KeyboardInterrupt)
# Definitions hold no secret, and what has come of a reply is kept until it is whole.
CLOSED = {"Model", "Intake"}


class Recorder:
    """Looks through the frames of every time-out, cancellation and interrupt at the moment it is raised.

    Attributes:
        moments: How many there were.
        found: The names of our frames that showed a canary.
    """

    def __init__(self) -> None:
        self.moments = 0
        self.found: list[str] = []
        self._last: Any = None

    def __enter__(self) -> Self:
        self._before = sys.gettrace()
        sys.settrace(self._trace)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)

    def _trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "exception" and issubclass(argument[0], ENDS) and argument[1] is not self._last:
            self._last = argument[1]
            self.look(frame)
        frame.f_trace_lines = False
        return self._trace

    def look(self, frame: FrameType | None) -> None:
        """Look at a frame and all that called it."""
        self.moments += 1
        seen: set[int] = set()
        while frame is not None:
            for one in (frame, *suspended(frame)):
                self.found += open_names(one, seen)
            frame = frame.f_back


def suspended(frame: FrameType) -> Iterator[FrameType]:
    """Yield the frames of generators and coroutines that a frame holds, and of those they wait for."""
    for held in list(frame.f_locals.values()):
        value = held
        while isinstance(value, GeneratorType | CoroutineType):
            is_generator = isinstance(value, GeneratorType)
            inner = value.gi_frame if is_generator else value.cr_frame
            if inner is not None and inner is not frame:
                yield inner
            value = value.gi_yieldfrom if is_generator else value.cr_await


def open_names(frame: FrameType, seen: set[int]) -> Iterator[str]:
    """Yield the names of one of our frames that show a canary, themselves or in what they hold."""
    if is_ours(frame):
        for name, value in list(frame.f_locals.items()):
            if is_open(value, seen):
                yield f"{frame.f_code.co_name}.{name}"


def is_open(value: Any, seen: set[int]) -> bool:
    """Return whether an object shows a canary, short of a secret's own slot."""
    if id(value) in seen or isinstance(value, Secret | type) or type(value).__name__ in CLOSED:
        return False
    seen.add(id(value))
    if isinstance(value, bytes | bytearray | memoryview):
        return MARK.encode() in bytes(value)
    if isinstance(value, dict | list | tuple | set | frozenset):
        return any(is_open(member, seen) for _, member in members(value))
    if MARK in f"{value!r} {value!s}":
        return True
    return any(is_open(member, seen) for _, member in members(value))


class Store(MemoryStore):
    """Holds a token already, and answers no write after the first ones in time."""

    def __init__(self, writes: int | None, token: dict[str, Any]) -> None:
        super().__init__()
        kept = {name: token[name] for name in ("access_token", "refresh_token", "expires_at")}
        super().write(str(grant_key(NAME, kept)), {"token": kept}, 0)
        self._writes = writes

    def write(self, key: str, document: Any, version: int) -> bool:
        if self._writes is not None:
            self._writes -= 1
            if self._writes <= 0:
                # What a store raises while it waits, in the middle of the call that hands it a token.
                raise TimeoutError
        return super().write(key, document, version)


@pytest.fixture(scope="module")
def models() -> dict[str, Model]:
    """Give a component that reads, and one that sends a file."""
    return {"read": fetching(), "upload": uploading()}


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """Give a fault server."""
    one = FaultServer()
    yield one
    one.close()


HALF = head("Content-Length: 500") + f'{{"access_token": "{FRESH}", "expi'.encode()
WHOLE = reply(f'{{"access_token": "{FRESH}", "expires_in": 3600}}'.encode())
# What the action is, whether its token has ended, and what the server does then.
FLIGHTS: dict[str, tuple[str, dict[str, Any], list[Any]]] = {
    "an action without a reply": ("read", {}, [read_request, hang]),
    "an upload that is not taken": ("upload", {}, [stall]),
    "a renewal without a reply": ("read", {"expires_at": 1.0}, [read_request, hang]),
    "a renewal with half a reply": ("read", {"expires_at": 1.0}, [read_request, send(HALF), hang]),
    "a renewal of a token in a store": ("read", {"expires_at": 1.0, "store": None}, [read_request, hang]),
    "a renewal that a store keeps at last": (
        "read",
        {"expires_at": 1.0, "store": 2},
        [read_request, send(WHOLE)],
    ),
}


def flown(
    flight: str, way: str, server: FaultServer, models: dict[str, Model], then: Callable[[Desk, Any], None]
) -> Recorder:
    """Fly, with every secret a canary, and end it; returns who looked on."""
    model, token, steps = FLIGHTS[flight]
    server.play(steps)
    token = {"access_token": ACCESS, "refresh_token": REFRESH, "client_secret": CLIENT, **token}
    if "store" in token:
        token["store"] = Store(token.pop("store"), token)
    desk = Desk(way, server, models[model], **token)
    with tempfile.NamedTemporaryFile(prefix="upload") as file, Recorder() as recorder:
        file.truncate(8_000_000)
        then(desk, {"file": Path(file.name)} if model == "upload" else {})
    if desk.way.startswith("async"):
        desk.spent(end_all())
    desk.close()
    return recorder


async def end_all() -> None:
    """Cancel what goes on, as a loop does that ends: a renewal belongs to nobody who gives up."""
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
        await asyncio.wait({task})


@pytest.mark.plan("S-193")
@pytest.mark.plan("S-199")
@pytest.mark.plan("S-192")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("flight", FLIGHTS)
def test_a_time_out_shows_no_secret(server, models, score, flight, way):
    """Sync, async, on lines of our own and through httpx: our frames hold no token in clear."""

    def timed_out(desk: Desk, inputs: Any) -> None:
        with pytest.raises(ConnectorError):
            desk.run(inputs, deadline_s=0.2)

    recorder = flown(flight, way, server, models, timed_out)

    assert recorder.found == []
    assert recorder.moments
    score("moments", 1)
    score("moments_open", len(recorder.found))


@pytest.mark.plan("S-193")
@pytest.mark.plan("S-199")
@pytest.mark.plan("S-192")
@pytest.mark.parametrize("way", [way for way in WAYS if way.startswith("async")])
@pytest.mark.parametrize("flight", FLIGHTS)
def test_a_cancellation_shows_no_secret(server, models, score, flight, way):
    """Whoever cancels a task and records its frames sees no token."""

    def cancelled(desk: Desk, inputs: Any) -> None:
        async def act() -> None:
            task = asyncio.create_task(desk.session.run("order", inputs))
            await asyncio.sleep(0.15)
            task.cancel()
            await asyncio.wait({task})
            await end_all()

        desk.spent(act())

    recorder = flown(flight, way, server, models, cancelled)

    assert recorder.found == []
    assert recorder.moments
    score("moments", 1)
    score("moments_open", len(recorder.found))


@pytest.mark.plan("S-192")
@pytest.mark.parametrize("way", [way for way in WAYS if way.startswith("sync")])
@pytest.mark.parametrize("flight", ["an action without a reply", "a renewal without a reply"])
def test_an_interrupt_shows_no_secret(server, models, score, flight, way):
    """Ctrl-C at a call that waits: neither its frames at that moment nor those of the error show a token."""
    model, token, _ = FLIGHTS[flight]
    FLIGHTS["interrupted"] = (
        model,
        token,
        [read_request, lambda _: os.kill(os.getpid(), signal.SIGUSR1), hang],
    )

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    carried: list[str] = []

    def interrupted(desk: Desk, inputs: Any) -> None:
        with pytest.raises(KeyboardInterrupt) as caught:
            desk.run(inputs, deadline_s=10)
        for frame in frames(caught.value):
            carried.extend(open_names(frame, set()))

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        recorder = flown("interrupted", way, server, models, interrupted)
    finally:
        signal.signal(signal.SIGUSR1, before)
        del FLIGHTS["interrupted"]

    assert recorder.found == carried == []
    assert recorder.moments
    score("moments", 1)
    score("moments_open", len(recorder.found))


@pytest.mark.plan("S-192")
@pytest.mark.parametrize(
    "held", [ACCESS, ACCESS.encode(), [("Authorization", ACCESS)], memoryview(ACCESS.encode())], ids=type
)
def test_the_recorder_finds_what_is_there(held):
    """The tests above would see a token that a waiting frame holds, in a name or in a generator."""
    namespace: dict[str, Any] = {}
    code = "def wait(held):\n    raise TimeoutError\ndef steps(held):\n    yield 1\n"
    # Compiled under a name of the runtime's, so that its frames count as ours.
    exec(compile(code, str(RUNTIME / "made_up.py"), "exec"), namespace)
    conversation = namespace["steps"](held)
    next(conversation)

    with Recorder() as recorder, pytest.raises(TimeoutError):
        namespace["wait"](held)

    kept = [name for frame in suspended(sys._getframe()) for name in open_names(frame, set())]
    assert (recorder.found, kept) == (["wait.held"], ["steps.held"])
