"""What was read of a kind of record, kept in memory until it changes.

A page of a list depends on every record of its kind. Parsing and sorting ten thousand
of them again for each page would take most of its time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from zoho_sandbox.core.jsontext import parse_json
from zoho_sandbox.core.orders import Order

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

Kept = TypeVar("Kept")

# More conclusions than a client draws in turn from one kind: orders, mostly.
_MOST_CONCLUSIONS = 16


@dataclass(slots=True)
class _Look:
    """One kind: its records by id, in insertion order, and what was concluded from them."""

    records: dict[str, dict[str, Any]] | None = None
    unread: dict[str, str] = field(default_factory=dict)
    conclusions: dict[Hashable, Any] = field(default_factory=dict)
    orders: dict[tuple[str, str | None], Order] = field(default_factory=dict)


class Looks:
    """The kinds that were looked at. Not safe for threads: the state's lock guards it."""

    def __init__(self) -> None:
        self._kinds: dict[str, _Look] = {}
        # None stands for every kind.
        self._changed: set[str | None] = set()

    def records(self, kind: str, read: Callable[[], Iterable[tuple[str, str]]]) -> list[dict[str, Any]]:
        """Return the records of a kind; ``read`` gives ids and texts when none are kept."""
        look = self._kinds.setdefault(kind, _Look())
        if look.records is None:
            look.records = {record_id: parse_json(text) for record_id, text in read()}
        for record_id, text in look.unread.items():
            look.records[record_id] = parse_json(text)
        look.unread.clear()
        return list(look.records.values())

    def conclusion(self, kind: str, name: Hashable, draw: Callable[[], Kept]) -> Kept:
        """Return what ``draw`` gives, drawn once until a record of the kind changes."""
        look = self._kinds.setdefault(kind, _Look())
        if name not in look.conclusions:
            if len(look.conclusions) >= _MOST_CONCLUSIONS:
                # All go, not the oldest: to keep an order of use costs more than to draw a few anew.
                look.conclusions.clear()
            look.conclusions[name] = draw()
        kept: Kept = look.conclusions[name]
        return kept

    def order(
        self, kind: str, by: str, parent: str | None, read: Callable[[], Iterable[tuple[str, Any]]]
    ) -> Order:
        """Return the records of a kind in an order; ``read`` gives ids and values when it is not kept."""
        orders = self._kinds.setdefault(kind, _Look()).orders
        if (by, parent) not in orders:
            orders[by, parent] = Order(by, parent, read())
        return orders[by, parent]

    # -- changes -----------------------------------------------------------------

    def put(self, kind: str, record_id: str, text: str, parent: str) -> None:
        """Note a record that is new or changed."""
        look = self._change(kind)
        if look is not None and look.orders:
            record = parse_json(text)
            for order in look.orders.values():
                order.put(record_id, record, parent)
        if look is not None and look.records is not None:
            # A changed record keeps its place in the order, a new one gets the last.
            look.records.setdefault(record_id, {})
            look.unread[record_id] = text

    def delete(self, kind: str, record_id: str) -> None:
        """Note a record that is gone."""
        look = self._change(kind)
        for order in look.orders.values() if look is not None else ():
            order.drop(record_id)
        if look is not None and look.records is not None:
            look.records.pop(record_id, None)
            look.unread.pop(record_id, None)

    def forget(self, kind: str | None) -> None:
        """Note that all records of a kind, or of every kind, changed."""
        self._changed.add(kind)
        if kind is None:
            self._kinds.clear()
        else:
            self._kinds.pop(kind, None)

    def settle(self) -> None:
        """Note that the changes so far are there to stay."""
        self._changed.clear()

    def undo(self) -> None:
        """Forget what was seen of kinds that have unsettled changes."""
        for kind in list(self._changed):
            self.forget(kind)

    def _change(self, kind: str) -> _Look | None:
        self._changed.add(kind)
        look = self._kinds.get(kind)
        if look is not None:
            look.conclusions.clear()
        return look
