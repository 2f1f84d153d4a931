"""Asking a connection's account which fields its records have, before a call that wants to know."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from connector_runtime.base.values import ABSENT, Deadline
from connector_runtime.definition.account_schemas import ANSWER_S, schema_of, wanted_by
from connector_runtime.errors import ConnectorError, error_of
from connector_runtime.session.pickers import options_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping

    from connector_runtime.base.values import Clock
    from connector_runtime.conversation.call import Call
    from connector_runtime.conversation.replies.results import Result
    from connector_runtime.definition.account_schemas import Fields, Wanted
    from connector_runtime.definition.model import Action, Model
    from connector_runtime.inputs.records import SchemaFrom

NOBODY_ANSWERED = "The fields of this account could not be asked for: no answer came in time."


def origins_of(action: Action) -> Iterator[SchemaFrom]:
    """Yield every place from which an action takes a record schema."""
    for entry in action.inputs:
        if entry.schema_from is not None:
            yield entry.schema_from
    for body in action.program.unit.request.bodies:
        if body.schema_from is not None:
            yield body.schema_from


def unknown_to(fields: Fields, action: Action, scope: Mapping[str, Any]) -> list[Wanted]:
    """Return what has to be asked before a call with these inputs; each record type once."""
    wanted = {one.key: one for origin in origins_of(action) if (one := wanted_by(origin, scope)) is not None}
    return [one for one in wanted.values() if fields.entry(one) is None]


def learned(model: Model, wanted: Wanted, result: Result) -> dict[str, Any] | str:
    """Return the JSON Schema that a data source's answer makes, or why there is none."""
    source = model.datasources[wanted.source]
    try:
        options = options_of(source, result, source.action.scope(inputs=wanted.inputs))
    except ConnectorError as problem:
        return problem.message
    return schema_of(options)


def note_fields(call: Call) -> None:
    """Warn of what the account's own metadata says about the records of a call."""
    fields = call.fields
    if fields is None:
        return
    scope = call.scope()
    noted: dict[str, None] = {}
    for entry in call.action.inputs:
        if entry.schema_from is not None and call.inputs.get(entry.key) is not None:
            noted |= dict.fromkeys(fields.notes(entry.schema_from, call.inputs[entry.key], scope))
    call.warnings += noted


def own_deadline(deadline_s: float | None, usual_s: float | None, clock: Clock) -> Deadline | None:
    """Return the deadline that somebody has set for a call, counted from now; None where nobody has."""
    limit_s = usual_s if deadline_s is None else deadline_s
    # What nobody has set, the steps of an action may lengthen.
    return None if limit_s is None else Deadline.after(limit_s, clock)


class Form:
    """What a form has to know of the record that an input holds.

    Raises:
        InputError: There is no such input, or it holds no record that anything is known of.
    """

    def __init__(
        self,
        fields: Fields,
        model: Model,
        action: Action,
        key: str,
        given: Mapping[str, Any],
        *,
        connection: Mapping[str, Any],
    ) -> None:
        entry = next((one for one in action.inputs if one.key == key), None)
        if entry is None:
            raise error_of("input", f"The action has no input called `{key[:200]}`.", action=action.key)
        if entry.schema is None and entry.schema_from is None:
            raise error_of("input", f"Nothing is known of the fields of {entry.label}.", action=action.key)
        known = {one.key: one.constant for one in action.inputs if one.constant is not ABSENT}
        self._fields, self._model, self._entry = fields, model, entry
        self._scope = action.scope(inputs={**known, **given}, connection=connection)
        self._wanted = wanted_by(entry.schema_from, self._scope) if entry.schema_from else None

    @property
    def unknown(self) -> list[Wanted]:
        """Return what has to be asked first."""
        return [self._wanted] if self._wanted and self._fields.entry(self._wanted) is None else []

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the record: the account's own, else the packaged one, else {}."""
        known = self._fields.entry(self._wanted)
        if known is not None and known.validator is not None:
            return dict(known.schema)
        render = self._entry.schema.render if self._entry.schema else None
        if self._entry.schema_from is not None:
            render = self._entry.schema_from.fallback
        name = render(self._scope) if render is not None else ABSENT
        found = self._model.schemas.find(name) if isinstance(name, str) else None
        return dict(found.schema) if found is not None else {}


class _Time:
    """How long one call may spend on questions about fields, all of them together."""

    def __init__(self, fields: Fields, deadline: Deadline | None) -> None:
        # The call itself needs time, too: it goes on whatever is known by then.
        limit_s = ANSWER_S if deadline is None else min(ANSWER_S, deadline.left_s() / 2)
        self._end = Deadline.after(limit_s, fields.clock)
        self.missed: list[str] = []

    def left_s(self) -> float:
        return self._end.left_s()

    def is_over(self) -> bool:
        """Return whether no time is left; the call is then told that it goes on without an answer."""
        if self.left_s() > 0:
            return False
        self.missed = [NOBODY_ANSWERED]
        return True


def learn(
    fields: Fields,
    wanted: Iterable[Wanted],
    deadline: Deadline | None,
    ask: Callable[[Wanted, float], Result],
    model: Model,
) -> list[str]:
    """Ask for fields that are not known yet: one thread asks, the others wait for its answer.

    Returns:
        Warnings for a call that goes on without an answer because its time for this was over.
    """
    time = _Time(fields, deadline)
    for one in wanted:
        turn = fields.turn(one, threading.Lock)
        try:
            if not turn.acquire(timeout=time.left_s()):
                time.missed = [NOBODY_ANSWERED]
                continue
            try:
                if fields.entry(one) is None and not time.is_over():
                    fields.keep(one, learned(model, one, ask(one, time.left_s())))
            except ConnectorError as problem:
                fields.keep(one, problem.message)
            finally:
                turn.release()
        finally:
            fields.leave(one)
    return time.missed


async def learn_async(
    fields: Fields,
    wanted: Iterable[Wanted],
    deadline: Deadline | None,
    ask: Callable[[Wanted, float], Awaitable[Result]],
    model: Model,
) -> list[str]:
    """Ask for fields that are not known yet, as `learn`, without blocking the event loop."""
    import asyncio  # noqa: PLC0415  synchronous users never pay for it

    time = _Time(fields, deadline)
    for one in wanted:
        turn = fields.turn(one, asyncio.Lock)
        try:
            try:
                async with asyncio.timeout(time.left_s()):
                    await turn.acquire()
            except TimeoutError:
                time.missed = [NOBODY_ANSWERED]
                continue
            try:
                if fields.entry(one) is None and not time.is_over():
                    fields.keep(one, learned(model, one, await ask(one, time.left_s())))
            except ConnectorError as problem:
                fields.keep(one, problem.message)
            finally:
                turn.release()
        finally:
            fields.leave(one)
    return time.missed
