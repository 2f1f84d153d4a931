"""Lists and pages for people in a terminal."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from connector_runtime.component import Component
    from connector_runtime.model import Action


def action_table(component: Component) -> str:
    """Return the actions as a table: key, effect, label."""
    from rich.console import Console  # noqa: PLC0415  only for people
    from rich.table import Table  # noqa: PLC0415

    table = Table("action", "effect", "label", box=None, pad_edge=False)
    for action in component.actions.values():
        table.add_row(action.key, action.effect, action.label)
    stream = io.StringIO()
    Console(file=stream, width=100).print(table)
    return stream.getvalue().rstrip()


def action_page(component: Component, action: Action) -> str:
    """Return one action as YAML, with shared inputs and the component's defaults filled in."""
    defaults = component.model.component.get("defaults", {})
    page = {
        **{key: value for key, value in action.definition.items() if key != "tests"},
        "inputs": action.input_definitions,
        "retry": action.definition.get("retry", defaults.get("retry")),
        "errors": action.definition.get("errors", defaults.get("errors")),
        "scopes": list(action.scopes),
    }
    shown = {key: value for key, value in page.items() if value not in (None, [], {})}
    return yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=100).rstrip()
