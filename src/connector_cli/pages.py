"""Lists and pages for people in a terminal."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import yaml

from connector_runtime.component import describe_action, describe_trigger, event_schema, state_schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector_runtime import Component
    from connector_runtime.component import Action, Trigger


def table(component: Component) -> str:
    """Return the actions as a table: key, effect, label; below it the triggers: key, how, label."""
    actions = [(one.key, one.effect, one.label) for one in component.actions.values()]
    triggers = [(one.key, _how(one), one.label) for one in component.triggers.values()]
    shown = table_of(("action", "effect", "label"), actions)
    return f"{shown}\n\n{table_of(('trigger', 'how', 'label'), triggers)}" if triggers else shown


def listing(component: Component) -> list[dict[str, Any]]:
    """Return actions and triggers as data; `kind` tells one from the other."""
    actions = [describe_action(action, with_sample=False) for action in component.actions.values()]
    return [
        *(_listed(action, kind="action") for action in actions),
        *(
            _listed(describe_trigger(trigger), kind="trigger", how=_how(trigger))
            for trigger in component.triggers.values()
        ),
    ]


def _listed(described: Mapping[str, Any], **more: str) -> dict[str, Any]:
    shown = ("key", "label", "type", "required", "default")
    inputs = [{key: entry.get(key) for key in shown} for entry in described["inputs"]]
    return {
        "key": described["key"],
        "label": described["label"],
        "group": described.get("group", ""),
        "effect": described["effect"],
        "scopes": described["scopes"],
        "inputs": [{**entry, "required": bool(entry["required"])} for entry in inputs],
        **more,
    }


def _how(trigger: Trigger) -> str:
    return "poll" if "poll" in trigger.definition else "webhook"


def table_of(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows as a table for a terminal."""
    from rich.console import Console  # noqa: PLC0415  only for people
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(*heads, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(Text, row))
    stream = io.StringIO()
    Console(file=stream, width=100).print(table)
    return stream.getvalue().rstrip()


def action_page(component: Component, action: Action) -> str:
    """Return one action as YAML, with shared inputs and the component's defaults filled in."""
    return _page(component, action, action.input_definitions)


def trigger_page(component: Component, trigger: Trigger) -> str:
    """Return one trigger so, and what its events and what is kept for it look like."""
    shapes = {"eventSchema": event_schema(trigger), "stateSchema": state_schema(trigger)}
    for shape in shapes.values():
        del shape["$schema"]  # which is for programs
    return _page(component, trigger, trigger.asking.input_definitions, shapes)


def _page(
    component: Component,
    one: Action | Trigger,
    inputs: Mapping[str, Any],
    more: Mapping[str, Any] | None = None,
) -> str:
    defaults = component.model.component.get("defaults", {})
    page = {
        **{key: value for key, value in one.definition.items() if key != "tests"},
        "inputs": inputs,
        "retry": one.definition.get("retry", defaults.get("retry")),
        "errors": one.definition.get("errors", defaults.get("errors")),
        "scopes": list(one.scopes),
        **(more or {}),
    }
    shown = {key: value for key, value in page.items() if value not in (None, [], {})}
    return yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=100).rstrip()
