"""Pickers: what an input offers to choose from, fixed or asked of the vendor."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.base.values import ABSENT
from connector_runtime.conversation.replies.results import check_records
from connector_runtime.definition.evaluation import safely
from connector_runtime.errors import error_of
from connector_runtime.language.expressions.operators import kind_of
from connector_runtime.language.templates import compile_node
from connector_runtime.language.visible_names import names_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector_runtime.conversation.replies.results import Result
    from connector_runtime.definition.model import Action, ConnectionModel, DataSource, Model
    from connector_runtime.inputs.inputs import Input

# Nobody chooses from more, and what makes them of records runs with nobody else's turn.
OFFERED_MAX = 10_000


class Pick(NamedTuple):
    """What is to be offered: `options` as they are, or what `source` gives for `inputs`."""

    source: DataSource | None
    inputs: Mapping[str, Any]
    options: list[dict[str, Any]]
    scope: Mapping[str, Any] = MappingProxyType({})


def pick(action: Action, key: str, given: Mapping[str, Any], search: str | None, *, model: Model) -> Pick:
    """Say where an input's options come from.

    Args:
        action: The action the input belongs to.
        key: The input's key.
        given: What has been entered so far, by input key.
        search: What the person typed, or None.
        model: The component.

    Raises:
        InputError: There is no such input, or it offers nothing to choose from.
    """
    entry = _entry(action.inputs, key, f"The action has no input called `{key}`.", action.key)
    if "source" not in entry.definition.get("choicesFrom", {}):
        return Pick(None, {}, _fixed(entry, search, action.key))
    known = {one.key: one.constant for one in action.inputs if one.constant is not ABSENT}
    return _asked(entry, "action", {**known, **given}, search, model)


def pick_for_connection(
    definition: ConnectionModel, key: str, given: Mapping[str, Any], search: str | None, *, model: Model
) -> Pick:
    """Say where the options of a connection's own input come from; arguments and errors as `pick`."""
    entry = _entry(definition.inputs, key, f"The connection has no input called `{key}`.")
    if "source" not in entry.definition.get("choicesFrom", {}):
        return Pick(None, {}, _fixed(entry, search))
    return _asked(entry, "connection", given, search, model)


def _entry(inputs: Iterable[Input], key: str, otherwise: str, action: str | None = None) -> Input:
    entry = next((entry for entry in inputs if entry.key == key), None)
    if entry is None:
        raise error_of("input", otherwise, action=action)
    return entry


def _asked(entry: Input, kind: str, known: Mapping[str, Any], search: str | None, model: Model) -> Pick:
    wanted = entry.definition["choicesFrom"]
    source = model.datasources[wanted["source"]]
    scope = {"inputs": known, "connection": {}, "tables": model.tables}
    names = names_for(kind, ("inputs", entry.key, "choicesFrom", "inputs"))
    values = compile_node(wanted.get("inputs", {}), names).render(scope)
    takes = {one.key for one in source.action.inputs}
    if search and "search" in takes:
        values["search"] = search
    return Pick(source, values, [], scope=source.action.scope(inputs=values))


def offered(wanted: Pick, result: Result) -> list[dict[str, Any]]:
    """Return the options that a data source's records make; those without a value are left out."""
    assert wanted.source is not None  # noqa: S101  the caller has asked
    return options_of(wanted.source, result, wanted.scope)


def options_of(
    source: DataSource, result: Result, scope: Mapping[str, Any] = MappingProxyType({})
) -> list[dict[str, Any]]:
    """Return one option a record: `{value, label}`, and `schema` where the data source says one.

    The value is the label where there is none.

    Raises:
        UnreadableReply: There is no list of records, or one with something else among them.
        ReplyTooLarge: There are more than `OFFERED_MAX`.
    """
    if not isinstance(result.data, list):
        what = kind_of(result.data) if result.data is not None else "nothing"
        raise error_of("contract", f"The reply has {what} where the choices should be.", action=source.key)
    if len(result.data) > OFFERED_MAX:
        message = f"There are {len(result.data):,} choices; {OFFERED_MAX:,} are the most."
        raise error_of("limit", message, hint="Enter the value, or search for it.", action=source.key)
    check_records(result.data)
    options = []
    for item in result.data:
        value = safely(source.value, {**scope, "item": item})
        if value is None:
            continue
        label = safely(source.label, {**scope, "item": item})
        option = {"value": value, "label": str(value if label is None else label)}
        if source.schema is not None:
            option["schema"] = safely(source.schema, {**scope, "item": item}) or {}
        options.append(option)
    return options


def _fixed(entry: Input, search: str | None, action: str | None = None) -> list[dict[str, Any]]:
    if not entry.choices:
        raise error_of(
            "input", f"{entry.label} has nothing to choose from.", hint="Enter a value.",
            input=entry.key, action=action,
        )  # fmt: skip
    wanted = (search or "").casefold()
    return [
        {"value": choice.value, "label": choice.label}
        for choice in entry.choices
        if wanted in str(choice.label).casefold() or wanted in str(choice.value).casefold()
    ]
