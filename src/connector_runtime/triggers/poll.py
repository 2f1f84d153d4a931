"""A poll: every source of a trigger asked for what has changed since the last one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector_runtime.base.values import ABSENT
from connector_runtime.errors import ConnectorError, error_of
from connector_runtime.errors.json_shapes import json_ready
from connector_runtime.errors.json_writing import dump_json
from connector_runtime.triggers.changes import worked_out
from connector_runtime.triggers.moments import SECOND
from connector_runtime.triggers.state import Owner, Window, digest, read_state
from connector_runtime.triggers.windows import WindowReading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.base.values import Clock
    from connector_runtime.conversation.call import Call
    from connector_runtime.conversation.io_steps import Conversation
    from connector_runtime.definition.model import Action
    from connector_runtime.definition.program.trigger import PollSource, Trigger
    from connector_runtime.triggers.changes import Ask
    from connector_runtime.triggers.windows import Gap

ENOUGH = 1_000

# What one source has run into others may not: a request that it refuses, pages that cannot be read.
# All else is for the whole poll to wait, or for a person to mend.
_OF_ONE_SOURCE = frozenset(
    {
        "permission",
        "not_found",
        "validation",
        "conflict",
        "unsupported",
        "limit",
        "cursor_expired",
        "server",
        "network",
        "contract",
    }
)


@dataclass(frozen=True, slots=True)
class Poll:
    """What a poll gave.

    Attributes:
        events: Changes `{id, at, change, data}`, the earliest first: the record's identity, when it was
            changed (in UTC, or a day), what has happened, and what is told of it.
        state: To be kept once the events are handed on, and given to the next poll: JSON
            without secrets, at most 64 KB a source.
        more: Whether there are more changes already: poll again without waiting. False where the
            poll broke off at a limit (kind `limit`), for then polling again does not help.
        gaps: Times `(source, start, end)` of which the vendor tells nothing any more; their changes
            are lost, and only reading all records anew makes up for them.
        error: Why the poll, or the first of its sources that did, broke off after something was read,
            or None; `state` goes on from there.
    """

    events: list[dict[str, Any]]
    state: dict[str, Any]
    more: bool = False
    gaps: tuple[Gap, ...] = ()
    error: ConnectorError | None = None

    def to_dict(self, *, exact: bool = False) -> dict[str, Any]:
        """Return the one JSON shape of a poll, without empty members; `json.dumps` takes it.

        Args:
            exact: Leave decimals as they are, for a writer that knows them.
        """
        return {
            "events": json_ready(self.events, exact=exact),
            "state": self.state,
            "more": self.more,
            **({"gaps": [gap._asdict() for gap in self.gaps]} if self.gaps else {}),
            **({"error": self.error.to_dict(exact=exact)} if self.error else {}),
        }

    def to_json(self, *, indent: int | None = None) -> str:
        """Return the JSON shape as text, every number with all its digits.

        Args:
            indent: Spaces per level, or None for one line.
        """
        return dump_json(self.to_dict(exact=True), indent=indent)


def poll_changes(
    trigger: Trigger, given: Any, ask: Ask, clock: Clock, *, enough: int = ENOUGH
) -> Conversation[Poll]:
    """Ask every source of a trigger for what has changed.

    Args:
        trigger: A trigger that is polled.
        given: The state of the last poll, or how to begin, as `read_state` takes it.
        ask: Gives the call that sends a source's request.
        clock: Ours; the vendor's is taken from its replies.
        enough: A source that has told so many events goes on the next time.

    Raises:
        ConnectorError: The state cannot be used, or all that was asked for failed.
    """
    program = trigger.poll
    if program is None:
        raise error_of("input", f"The trigger `{trigger.key}` is not polled.")
    first = ask(program.sources[0].action, {"since": {}})
    state = read_state(given, _owner(trigger, first), tuple(source.key for source in program.sources))
    before = state.to_json()["sources"]
    readings = [
        WindowReading(
            source=source,
            state=state.sources[source.key],
            overlap=int(program.overlap_s * SECOND),
            ask=ask,
            here=lambda: int(clock.now()) * SECOND,
            enough=enough,
        )
        for source in _in_turn(program.sources, state.last)
        if _is_wanted(source, first)
    ]
    problems: list[ConnectorError] = []
    stuck: list[WindowReading] = []
    for reading in readings:
        try:
            yield from reading.run()
        except ConnectorError as problem:
            problems.append(problem)
            # Polling again does not help.
            stuck += [reading] if problem.kind == "limit" else []
            state.last = reading.source.key
        _begin_together(readings)
        if problems and problems[-1].kind not in _OF_ONE_SOURCE:
            break
    events = sorted((entry for reading in readings for entry in reading.events), key=lambda entry: entry[0])
    gaps = tuple(gap for reading in readings for gap in reading.gaps)
    after = state.to_json()
    # Time that one source used up is no reason to ask it first again.
    others_wait = len(problems) == 1 and problems[0].kind == "timeout" and reading is not readings[-1]
    if problems and not events and after["sources"] == before and not others_wait:
        raise problems[0]
    return Poll(
        events=[event for _, event in events],
        state=after,
        more=not all(reading.is_finished or reading in stuck for reading in readings),
        gaps=gaps,
        error=problems[0] if problems else None,
    )


def _in_turn(sources: tuple[PollSource, ...], last: str | None) -> tuple[PollSource, ...]:
    """Return the sources, that behind the one that broke off first: it may have used up what all share."""
    start = next((at + 1 for at, source in enumerate(sources) if source.key == last), 0)
    return sources[start:] + sources[:start]


def first_asked(trigger: Trigger, given: Any, ask: Ask, clock: Clock) -> Call:
    """Return the call that a poll begins with; nothing is sent.

    Args:
        trigger, given, ask, clock: As for `poll_changes`.

    Raises:
        ConnectorError: As the poll would, before sending.
    """
    asked: list[Call] = []

    def noting(action: Action, names: Mapping[str, Any]) -> Call:
        asked.append(ask(action, names))
        return asked[-1]

    polling = poll_changes(trigger, given, noting, clock)
    next(polling, None)
    polling.close()
    return asked[-1]


def _begin_together(readings: list[WindowReading]) -> None:
    """Let all sources start from the same moment, when the first one answered."""
    states = [(reading, reading.state) for reading in readings]
    clocks = [state.window.clock if state.window else state.clock for _, state in states]
    begun = min((clock for clock in clocks if clock is not None), default=None)
    is_ours = any(state.window.is_ours for _, state in states if state.window)
    for reading, state in states:
        if begun is not None and state.is_quiet and state.window is None:
            here = reading.here()
            since = (min(begun, here) - reading.overlap) // SECOND * SECOND
            state.window = Window(since, begun, is_ours=is_ours, here=here)


def _is_wanted(source: PollSource, call: Call) -> bool:
    if source.when is None:
        return True
    with worked_out(source):
        wanted = source.when(call.scope())
    return wanted is not ABSENT and bool(wanted)


def _owner(trigger: Trigger, call: Call) -> Owner:
    """Return what a state belongs to; of the inputs those that say what is told, not those about repeats."""
    own: Mapping[str, Any] = trigger.definition.get("inputs", {})
    usual = {entry.key: entry.constant for entry in trigger.inputs}
    kept = {key: value for key, value in call.inputs.items() if key in own and value != usual.get(key)}
    inputs = digest(kept)
    return Owner(trigger.key, inputs, call.channel.proof(f"poll\0{trigger.key}\0{inputs}"))
