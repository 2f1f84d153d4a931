"""What a caller names and gives: an action by its key, and inputs that are checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connector_runtime.errors import ConnectorError, error_of
from connector_runtime.inputs.inputs import outdated, take
from connector_runtime.inputs.refusals import did_you_mean

if TYPE_CHECKING:
    from connector_runtime.access.connections import Channel
    from connector_runtime.base.numbers import Numbers
    from connector_runtime.conversation.call import Call
    from connector_runtime.definition.model import Action, Model


def find_action(model: Model, key: str) -> Action:
    """Return an action by its key.

    Raises:
        InputError: There is none.
    """
    action = model.action(key) if isinstance(key, str) else None
    if action is None:
        wanted = key[:200] if isinstance(key, str) else type(key).__name__
        hint = did_you_mean(wanted, model.actions)
        raise error_of("input", f"There is no action called `{wanted}`.", hint=hint)
    return action


def numbers_of(given: Any) -> Numbers:
    """Return what becomes of fractions, as a session was told.

    Raises:
        ConnectionProblem: It is no such word.
    """
    if given in ("float", "exact"):
        found: Numbers = given
        return found
    message = "`numbers` of a session is neither `float` nor `exact`."
    hint = "Leave it out for numbers that compute, or give `exact` for a `decimal.Decimal` of every fraction."
    raise error_of("config", message, hint=hint)


def check_pages(call: Call) -> Call:
    """Return a call, unless its pages are wanted and it has none: what it did would be lost.

    Raises:
        InputError: It is no listing.
    """
    steps = call.action.program.steps
    unit = steps[-1].unit if steps else call.unit
    if call.stream and unit.paging is None:
        key = call.action.key
        message = f"The action `{key}` is no listing: it has no pages to be read one by one."
        raise error_of("input", message, hint="Do it with `run`.", action=key)
    return call


def warnings_of(
    action: Action, given: Mapping[str, Any], values: Mapping[str, Any], channel: Channel
) -> list[str]:
    """Return what a call uses that should not be used any more."""
    found = [f"The action `{action.key}` is deprecated: {action.deprecated}"] if action.deprecated else []
    return [*found, *outdated(action.inputs, given, values), *channel.warnings]


def take_inputs(  # noqa: PLR0913
    model: Model,
    action: Action,
    given: Mapping[str, Any],
    channel: Channel,
    *,
    trust_paths: bool,
    judges: bool = True,
    schemas: Any = None,
) -> dict[str, Any]:
    """Check what was given for an action and return what is meant.

    Args:
        model: The component.
        action: What will be done.
        given: Values by input key.
        channel: The connection.
        trust_paths: Whether `{path: …}` may name a file of this machine.
        judges: Whether record schemas judge.
        schemas: What knows record schemas; default those of the component.

    Raises:
        ConnectionProblem: The action does not work with this kind of connection.
        InputError: A value is missing, unknown or unusable.
    """
    connection = channel.definition.key
    if action.connections and connection not in action.connections:
        raise error_of(
            "config",
            f"The action does not work with the connection `{connection}`.",
            hint=f"Use one of: {', '.join(action.connections)}.",
            action=action.key,
        )
    if not isinstance(given, Mapping):
        message = f"The inputs are needed as a map of keys and values, and came as {type(given).__name__}."
        raise error_of("input", message, action=action.key)
    values = given
    if "connection" in given:
        values = {key: value for key, value in given.items() if key != "connection"}
    try:
        return take(
            action.inputs,
            values,
            connection=channel.connection,
            tables=model.tables,
            schemas=(schemas or model.schemas) if judges else None,
            trust_paths=trust_paths,
        )
    except ConnectorError as problem:
        problem.action = action.key
        raise
