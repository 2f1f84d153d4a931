"""Records of a kind in the order of one of their values, kept in order while they change.

Sorting a hundred thousand records anew after each write would take most of the time of a list.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Key = tuple[str, str]


class Order:
    """Keys `(value as text, id)` of the records of a kind, ascending.

    Args:
        by: The JSON key of the value: text, or `id`.
        parent: Whose records; None for all of the kind.
        rows: Ids and values to begin with.
    """

    def __init__(self, by: str, parent: str | None, rows: Iterable[tuple[str, Any]]) -> None:
        self._by = by
        self._parent = parent
        self._of: dict[str, Key] = {record_id: (str(value), record_id) for record_id, value in rows}
        self.keys: list[Key] = sorted(self._of.values())

    def of(self, record_id: str) -> Key | None:
        """Return the key of one record, None where it is not among them."""
        return self._of.get(record_id)

    def put(self, record_id: str, record: Mapping[str, Any], parent: str) -> None:
        """Move a record to where it belongs now."""
        if self._parent not in (None, parent):
            self.drop(record_id)
            return
        key = (str(record.get(self._by)), record_id)
        if self._of.get(record_id) == key:
            return
        self.drop(record_id)
        self._of[record_id] = key
        insort(self.keys, key)

    def drop(self, record_id: str) -> None:
        """Take a record out, if it is in."""
        key = self._of.pop(record_id, None)
        if key is not None:
            del self.keys[bisect_left(self.keys, key)]
