"""What is wrong with what was entered, before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.base.values import ABSENT
from connector_runtime.errors import Fault, InputError
from connector_runtime.inputs.inputs import take
from connector_runtime.inputs.problems import InputProblem
from connector_runtime.session.given_inputs import take_inputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.access.connections import Channel
    from connector_runtime.definition.model import Action, Model


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
