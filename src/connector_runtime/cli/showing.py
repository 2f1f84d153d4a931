"""Lists and pages for people in a terminal."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import yaml

from connector_runtime.connections import Channel, Connection
from connector_runtime.errors import ConnectorError
from connector_runtime.health import granted_scopes, row_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector_runtime.component import Component
    from connector_runtime.model import Action


def action_table(component: Component) -> str:
    """Return the actions as a table: key, effect, label."""
    actions = component.actions.values()
    return table_of(("action", "effect", "label"), [(one.key, one.effect, one.label) for one in actions])


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


def connection_shape(component: Component, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what may be shown of a connection: nothing secret, and what its fields lead to."""
    shape: dict[str, Any] = {"name": given.get("name"), "key": given["key"]}
    definition = component.connections.get(given["key"])
    # What is no field any more may have been a secret.
    plain = {entry.key for entry in definition.inputs if entry.type != "secret"} if definition else set()
    shape["fields"] = {key: value for key, value in given["fields"].items() if key in plain}
    try:
        channel = Channel(component.model, Connection.from_dict(given))
    except ConnectorError as problem:
        return shape | {"problem": problem.message}
    rows = {name: channel.connection[name] for name in channel.definition.choose}
    shape["chosen"] = {name: {"key": row["key"], "name": row_name(row)} for name, row in rows.items()}
    shape["scopes"] = list(granted_scopes(channel, given.get("token") or {}))
    return shape
