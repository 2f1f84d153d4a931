"""What is wrong with what was entered, and what is asked for then, before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.base.values import ABSENT
from connector_runtime.errors import Fault, InputError
from connector_runtime.inputs.former import renamed
from connector_runtime.inputs.inputs import take, take_plain, take_shown
from connector_runtime.inputs.problems import InputProblem
from connector_runtime.language.expressions.expression import EvaluationError
from connector_runtime.session.given_inputs import take_inputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.access.connections import Channel
    from connector_runtime.definition.model import Action, Model
    from connector_runtime.inputs.inputs import Inputs
    from connector_runtime.language.templates import Template


class Asked(NamedTuple):
    """What a form does with an input.

    Attributes:
        shown: Whether it is asked for; None where only a connection tells.
        required: Whether it must be given then; None where only a connection tells.
    """

    shown: bool | None
    required: bool | None


def asked_of(
    plan: Inputs, given: Mapping[str, Any], connection: Mapping[str, Any] | None, tables: Mapping[str, Any]
) -> dict[str, Asked]:
    """Return by key what a form asks for after some values were entered; wrong ones count as not given.

    Args:
        plan: What `build_inputs` returned.
        given: Values by key.
        connection: As `take` takes it, or None for none.
        tables: As `take` takes it.

    Raises:
        InputError: An input is given by two of its names, with two values.
    """
    problems: list[InputError] = []
    given = renamed(plan, given) if plan.former else given
    values = take_plain(plan, given, connection or {}, problems, trust_paths=False)
    scope = {"inputs": values, "connection": connection, "tables": tables}
    shown: dict[str, bool | None] = {}
    for entry in plan.conditional.values():
        shown[entry.key] = _told(entry.show_if, scope)
        if shown[entry.key]:
            take_shown(entry, given, {**scope, "connection": connection or {}}, problems, trust_paths=False)
    return {
        entry.key: Asked(shown.get(entry.key, True), entry.required or _told(entry.required_if, scope))
        for entry in plan
    }


def _told(condition: Template | None, scope: Mapping[str, Any]) -> bool | None:
    """Return what a condition says, False where there is none, None where it cannot be judged."""
    if condition is None:
        return False
    if scope["connection"] is None and any(one.path[0] == "connection" for one in condition.references):
        return None
    try:
        return bool(condition.render(scope))
    except EvaluationError:
        return None


def problems_of(
    model: Model, action: Action, inputs: Mapping[str, Any], channel: Channel | None, *, trust_paths: bool
) -> list[InputProblem]:
    """Return every problem with the inputs of an action; without a connection those that need none."""
    try:
        if channel is not None:
            take_inputs(model, action, inputs, channel, trust_paths=trust_paths)
        else:
            take(
                action.inputs,
                {key: value for key, value in inputs.items() if key != "connection"},
                connection={},
                tables=model.tables,
                schemas=model.schemas,
                trust_paths=trust_paths,
            )
    except InputError as problem:
        found = InputProblem.all_of(problem)
    except Fault as fault:  # of a condition, which may read what the connection would say
        found = [] if channel is None else [InputProblem(None, fault.message, fault.hint)]
    else:
        return []
    if channel is not None:
        return found
    # A connection may fill these in.
    filled = {entry.key for entry in action.inputs if entry.default is not None}
    return [one for one in found if one.input not in filled or not _is_missing(inputs.get(one.input, ABSENT))]


def _is_missing(value: Any) -> bool:
    return value is ABSENT or value is None or value == ""
