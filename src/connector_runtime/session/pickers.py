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
    from collections.abc import Mapping

    from connector_runtime.conversation.replies.results import Result
    from connector_runtime.definition.model import Action, DataSource, Model
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
    entry = next((entry for entry in action.inputs if entry.key == key), None)
    if entry is None:
        raise error_of("input", f"The action has no input called `{key}`.", action=action.key)
    wanted = entry.definition.get("choicesFrom", {})
    if "source" not in wanted:
        return Pick(None, {}, _fixed(entry, action, search))
    source = model.datasources[wanted["source"]]
    known = {one.key: one.constant for one in action.inputs if one.constant is not ABSENT}
    scope = {"inputs": {**known, **given}, "connection": {}, "tables": model.tables}
    names = names_for("action", ("inputs", key, "choicesFrom", "inputs"))
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


def _fixed(entry: Input, action: Action, search: str | None) -> list[dict[str, Any]]:
    if not entry.choices:
        raise error_of(
            "input", f"{entry.label} has nothing to choose from.", hint="Enter a value.",
            input=entry.key, action=action.key,
        )  # fmt: skip
    wanted = (search or "").casefold()
    return [
        {"value": choice.value, "label": choice.label}
        for choice in entry.choices
        if wanted in str(choice.label).casefold() or wanted in str(choice.value).casefold()
    ]
