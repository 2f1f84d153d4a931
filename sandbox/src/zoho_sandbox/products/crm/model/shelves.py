"""The rows of settings that are lists under one key, such as roles: the first ones, and what was changed.

Only what differs from the data file is kept: a changed or new row, or a mark that one is gone.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.documents import package_yaml
from zoho_sandbox.products.crm.model.schema import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoho_sandbox.core.state import State
    from zoho_sandbox.products.crm.model.answers import Json

_GONE = {"gone": True}


@cache
def lists() -> Mapping[str, Mapping[str, Any]]:
    """Return how each keyed list is asked for and what its rows hold."""
    table: Mapping[str, Mapping[str, Any]] = package_yaml(PACKAGE, "data", "keyed_lists.yaml")
    return table


def rows(state: State, name: str) -> list[Json]:
    """Return the rows of a list, oldest first, references as ``{"id": …}``."""
    found = {row["id"]: whole(name, row) for row in lists()[name]["rows"]}
    for row in state.scan(_kind(name)):
        found[row["id"]] = row
    return [row for row in found.values() if not row.get("gone")]


def find(state: State, name: str, row_id: str) -> Json | None:
    """Return one row by id, or by API name where the list allows that."""
    keys = ("id", "api_name") if lists()[name].get("by_name") else ("id",)
    return next((row for row in rows(state, name) if row_id in [row.get(key) for key in keys]), None)


def named(state: State, name: str, text: str) -> Json | None:
    """Return one row by its name."""
    return next((row for row in rows(state, name) if row.get("name") == text), None)


def keep(state: State, name: str, row: Json) -> None:
    """Store a new or changed row."""
    state.put(_kind(name), row["id"], row)


def drop(state: State, name: str, row_id: str) -> None:
    """Remove a row, whether it came from the data file or was made."""
    state.put(_kind(name), row_id, {"id": row_id, **_GONE})


def whole(name: str, row: Mapping[str, Any]) -> Json:
    """Return a row with all the keys that rows of its list have."""
    spec = lists()[name]
    made = {**dict.fromkeys([*spec.get("people", ()), *spec.get("times", ())]), **spec["row"], **row}
    for key, source in spec.get("derived", {}).items():
        if key not in row:
            made[key] = "_".join(str(row[source]).split()) if key == "api_name" else row[source]
    return made


def _kind(name: str) -> str:
    return f"crm/settings/{name}"
