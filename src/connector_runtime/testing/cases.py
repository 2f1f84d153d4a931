"""Embedded tests: an action's own file says what it sends and what comes of each reply.

Offline and on a clock that costs no time. Every test runs twice, over the
blocking and over the awaiting driver.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from connector_runtime.access.connections import Connection
from connector_runtime.base.instants import instant_s
from connector_runtime.base.messages import Failure, Reply
from connector_runtime.base.values import Certainty
from connector_runtime.conversation.replies.results import Result
from connector_runtime.errors import ConnectorError
from connector_runtime.errors.json_shapes import json_ready
from connector_runtime.language.documents.document import dump_json
from connector_runtime.language.schemas.outputs import output_validator
from connector_runtime.session.async_session import AsyncSession
from connector_runtime.session.pickers import options_of
from connector_runtime.session.session import Options, Session
from connector_runtime.testing.comparison import differences, plain
from connector_runtime.testing.pushed_cases import ask, compare_answer, shown, told
from connector_runtime.triggers.state import FROM_THE_BEGINNING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connector_runtime.base.messages import Outgoing
    from connector_runtime.base.saved_files import FileDraft
    from connector_runtime.definition.model import Action, DataSource, Model
    from connector_runtime.definition.program.trigger import Trigger
    from connector_runtime.triggers import Poll

_FAILURES = {
    "connect": (Certainty.NOT_SENT, "network", "the server could not be reached"),
    "timeout": (Certainty.UNKNOWN, "timeout", "no reply came in time"),
    "disconnect": (Certainty.UNKNOWN, "network", "the connection broke before the reply"),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One embedded test of an action, or of a data source or trigger and the action inside it.

    With `is_example` it is an example by itself: only the shape of its output is judged.
    """

    owner: str
    name: str
    definition: Mapping[str, Any]
    action: Action
    source: DataSource | None = None
    trigger: Trigger | None = None
    is_example: bool = False


@dataclass(slots=True)
class Script:
    """What the vendor answers, what was sent to it, and what it has answered last.

    Where `is_counted`, each reply is for one request; otherwise the last one is for all further ones.
    """

    replies: list[Mapping[str, Any]]
    is_counted: bool = False
    sent: list[Outgoing] = field(default_factory=list)
    last: Mapping[str, Any] = field(default_factory=dict)

    def next(self, outgoing: Outgoing) -> Reply | Failure:
        self.sent.append(outgoing)
        if not self.replies:
            return Failure(Certainty.NOT_SENT, "network", "the test has no reply for this request")
        entry = self.last = (
            self.replies.pop(0) if self.is_counted or len(self.replies) > 1 else self.replies[0]
        )
        if "error" in entry:
            certainty, kind, message = _FAILURES[entry["error"]]
            return Failure(certainty, kind, message)  # type: ignore[arg-type]
        body = dump_json(entry["json"]).encode() if "json" in entry else str(entry.get("text", "")).encode()
        headers = [(name.lower(), str(value)) for name, value in entry.get("headers", {}).items()]
        if "json" in entry and not any(name == "content-type" for name, _ in headers):
            headers.append(("content-type", "application/json"))
        return Reply(entry.get("status", 200), tuple(headers), body, size_bytes=len(body))


class ScriptedSender:
    """A sender whose wire is a script; blocking."""

    def __init__(self, script: Script) -> None:
        self.script = script

    def send(self, outgoing: Outgoing, *, timeout_s: float, sink: FileDraft | None = None) -> Reply | Failure:
        del timeout_s, sink
        return self.script.next(outgoing)

    def close(self) -> None:
        """Nothing is open."""


class AsyncScriptedSender:
    """A sender whose wire is a script; awaiting."""

    def __init__(self, script: Script) -> None:
        self.script = script

    async def send(
        self, outgoing: Outgoing, *, timeout_s: float, sink: FileDraft | None = None
    ) -> Reply | Failure:
        del timeout_s, sink
        return self.script.next(outgoing)

    async def aclose(self) -> None:
        """Nothing is open."""


class StillClock:
    """A clock that only moves when somebody waits; it keeps the waits."""

    def __init__(self, now: float = 1_750_000_000.0) -> None:
        self.waits: list[float] = []
        self._now = now

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self._now += seconds

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)


class _NoJitter:
    def random(self) -> float:
        return 0.0


def cases_of(model: Model) -> Iterator[Case]:
    """Yield every embedded test of a component, one with `each` once for each of its entries.

    Where an action says what shape its output has, each of its examples is one, too.
    """
    for key, action in model.actions.items():
        for test in model.written_tests(action.definition).tests():
            yield Case(key, test.name, test.definition, action)
        for name, example in action.examples.items():
            if output_schema(action) is not None and "reply" in example:
                yield Case(key, f"example: {name}", {"example": name}, action, is_example=True)
    for key, source in model.datasources.items():
        for test in model.written_tests(source.definition).tests():
            yield Case(key, test.name, test.definition, source.action, source)
    for key, trigger in model.triggers.items():
        for test in model.written_tests(trigger.definition).tests():
            yield Case(key, test.name, test.definition, trigger.asking, trigger=trigger)


def run_case(model: Model, case: Case) -> list[str]:
    """Run one test over both drivers; returns what was not as it should be, at most a few lines."""
    if case.trigger is not None and "request" in case.definition:
        return list(_push(model, case, case.trigger))
    failures: dict[str, list[str]] = {}
    for how in ("sync", "async"):
        given = _replies(case)
        script, clock = Script([*given], is_counted=len(given) > 1), _clock_of(case)
        outcome = _play(model, case, script, clock, how)
        found = [] if case.trigger else [*_misfits(model, case.action, outcome)]
        if case.is_example and isinstance(outcome, ConnectorError):
            found += [f"gives no output: {outcome.kind}: {outcome}"]
        if not case.is_example:
            found += differences(case.definition, script, clock, _picked(case, outcome))
        found += _miscounts(given, script, may_be_fewer=_may_be_fewer(case))
        for text in found:
            failures.setdefault(text, []).append(how)
    # What both drivers say is said once.
    return [text if len(hows) > 1 else f"{hows[0]}: {text}" for text, hows in failures.items()]


def sample_of(model: Model, action: Action) -> Any:
    """Return what an action gives for its first example, as JSON; None where it gives no such thing."""
    name, example = next(iter(action.examples.items()), ("", {}))
    if "reply" not in example:
        return None
    case = Case(action.key, name, {"example": name}, action)
    outcome = _play(model, case, Script(_replies(case)), StillClock(), "sync")
    if isinstance(outcome, ConnectorError) or isinstance(outcome.data, bytes):
        return None
    return plain(json_ready(outcome.data, exact=True))


def output_schema(action: Action) -> Any:
    """Return what an action's file says of the shape of its output: a schema, its name, or None.

    Of several steps the last one makes the output.
    """
    owner = next(reversed(action.definition.get("steps", {"": action.definition}).values()))
    return owner.get("reply", {}).get("schema")


def _misfits(model: Model, action: Action, outcome: Result | ConnectorError) -> Iterator[str]:
    schema = output_schema(action)
    if schema is None or isinstance(outcome, ConnectorError) or isinstance(outcome.data, bytes):
        return
    judge = output_validator(schema, model.schemas)
    for found in judge.violations(plain(outcome.data)) if judge else ():
        place = "/".join(map(str, found.pointer))
        yield f"output does not fit `reply.schema`: {place + ': ' if place else ''}{found.message}"


def _play(model: Model, case: Case, script: Script, clock: StillClock, how: str) -> Result | ConnectorError:
    options = Options(clock=clock, random=_NoJitter(), trust_paths=False)
    inputs = inputs_of(case.action, case.definition)
    try:
        connection = connection_of(model, case.action, case.definition)
        if how == "sync":
            session = Session(model, connection, options, sender=ScriptedSender(script))  # type: ignore[arg-type]
            if case.trigger is not None:
                if case.trigger.webhook:
                    return shown(ask(session, case.trigger, _what(case), inputs))
                return _polled(case, session.poll(case.trigger.key, inputs, _state_of(case)))
            return session.run_action(case.action, inputs)

        async def play() -> Result:
            session = AsyncSession(model, connection, options, sender=AsyncScriptedSender(script))  # type: ignore[arg-type]
            if case.trigger is not None:
                if case.trigger.webhook:
                    return shown(await ask(session, case.trigger, _what(case), inputs))
                return _polled(case, await session.poll(case.trigger.key, inputs, _state_of(case)))
            return await session.run_action(case.action, inputs)

        return asyncio.run(play())
    except ConnectorError as problem:
        return problem


def _push(model: Model, case: Case, trigger: Trigger) -> Iterator[str]:
    """Push what a test says; nothing is sent, so that once is enough."""
    inputs = inputs_of(case.action, case.definition)
    outcome, answer = told(trigger, inputs, case.definition["request"], model.tables)
    wanted = {key: value for key, value in case.definition.items() if key != "sends"}
    yield from differences(wanted, Script([]), StillClock(), outcome)
    sends = case.definition.get("sends", {})
    if isinstance(sends, list):
        yield "a push is answered once: `sends` is one answer, no list"
    else:
        yield from compare_answer(sends, answer)


def _what(case: Case) -> str:
    return str(case.definition.get("webhook", "subscribe"))


def _picked(case: Case, outcome: Result | ConnectorError) -> Result | ConnectorError:
    """Return a data source's records as the options they make; anything else as it is."""
    if case.source is None or isinstance(outcome, ConnectorError):
        return outcome
    scope = case.action.scope(inputs=inputs_of(case.action, case.definition))
    try:
        return replace(outcome, data=options_of(case.source, outcome, scope))
    except ConnectorError as problem:
        return problem


def _clock_of(case: Case) -> StillClock:
    """Return the clock of a test: a poll comes an hour after the one before."""
    since = instant_s(case.definition.get("since"))
    return StillClock() if since is None else StillClock(float(since) + 3600)


def _state_of(case: Case) -> str:
    return str(case.definition.get("since", FROM_THE_BEGINNING))


def _polled(case: Case, poll: Poll) -> Result:
    """Return what a poll gave, as far as the test asks: of the state, up to when each source is known."""
    shape = poll.to_dict()
    sources = poll.state["sources"]
    shape["state"] = {key: source["mark"] for key, source in sources.items() if "mark" in source}
    if poll.error is not None:
        shape["error"] = poll.error.kind
    wanted = case.definition.get("output")
    return Result(data={key: shape.get(key) for key in wanted} if isinstance(wanted, dict) else shape)


def inputs_of(action: Action, definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return a test's inputs: those of its example, replaced and taken away by its own."""
    example = action.examples.get(definition.get("example", ""), {})
    own = definition.get("inputs", {})
    merged = {**example.get("inputs", {}), **own}
    base = example.get("inputs", {})
    return {key: value for key, value in merged.items() if not (value is None and key in own and key in base)}


def connection_of(model: Model, action: Action, definition: Mapping[str, Any]) -> Connection:
    """Return the connection a test uses: the first example of one, with its own fields on top."""
    example = action.examples.get(definition.get("example", ""), {})
    wanted = definition.get("connection", example.get("connection"))
    key = wanted if isinstance(wanted, str) else next(iter(action.connections or model.connections))
    examples = model.connections[key].definition.get("examples", {})
    base: Mapping[str, Any] = next(iter(examples.values()), {})
    own = wanted if isinstance(wanted, dict) else {}
    if not own.keys() <= {"key", "fields", "token", "context"}:
        own = {"fields": own}
    fields = {**base.get("fields", {}), **own.get("fields", {})}
    return Connection.from_dict({**base, **own, "key": own.get("key", key), "fields": fields})


def _told(case: Case) -> Any:
    """Return what a test, or else its example, has under `reply`: one reply, or a list of them."""
    example = case.action.examples.get(case.definition.get("example", ""), {})
    return case.definition.get("reply", example.get("reply", []))


def _replies(case: Case) -> list[Mapping[str, Any]]:
    replies = _told(case)
    return [replies] if isinstance(replies, dict) else list(replies)


def _may_be_fewer(case: Case) -> bool:
    """Return whether a test may ask less often than there are replies: its example's, for other inputs."""
    is_changed = "reply" not in case.definition and bool(case.definition.get("inputs"))
    return is_changed or not isinstance(_told(case), list)


def _miscounts(given: list[Mapping[str, Any]], script: Script, *, may_be_fewer: bool) -> Iterator[str]:
    """Yield how many replies of a list nobody came for, or how many requests had none."""
    asked = len(script.sent)
    if 1 < len(given) < asked:
        yield f"{asked} requests were sent, and there are {len(given)} replies"
    if asked < len(given) and not may_be_fewer:
        yield f"{len(given) - asked} of the {len(given)} replies were not used: {asked} requests were sent"
