"""Lists of rows merged by a key: what a vendor takes only as a whole is changed row by row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector_runtime.language.expressions.operators import EvaluationError, kind_of

# A record has fewer rows. What has more came to keep a process busy.
MERGED_MAX = 10_000


def merged(value: Any, rows: Any, key: Any) -> Any:
    """Return a list of maps with the rows merged into it: one that has its `key` there changes that entry.

    Others are new, and come last. What is changed keeps its place and all members that the row leaves out.
    """
    found = list(_maps_of(value, "merged"))
    places: dict[str, int] = {}
    for at, row in enumerate(found):
        if (name := _name(row.get(key))) is not None:
            places.setdefault(name, at)
    for row in _maps_of(rows, "merged"):
        name = _name(row.get(key))
        if name in places:
            old = found[places[name]]
            # The vendor's own way to write the key stays.
            found[places[name]] = {**old, **row, key: old[key]}
            continue
        if name is not None:
            places[name] = len(found)
        found.append(row)
    return found


def _maps_of(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list | tuple) or not all(isinstance(row, Mapping) for row in value):
        raise EvaluationError(f"`{name}` needs lists of maps, not {kind_of(value)}")
    if len(value) > MERGED_MAX:
        raise EvaluationError(f"`{name}` looks through {MERGED_MAX:,} entries at most")
    return list(value)


def _name(value: Any) -> str | None:
    """Return a key as text, so that `7` finds `"7"`: people enter ids as numbers; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        return None
    return str(value)
