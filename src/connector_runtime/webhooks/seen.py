"""Which changes were handed on: a push and the catch-up may both tell of one, in different words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connector_runtime.errors import error_of
from connector_runtime.instants import instant_s

if TYPE_CHECKING:
    from collections.abc import Iterable

# A gap has fewer records; the oldest are forgotten first, and would at worst be told twice.
CREATED, UPDATED, DELETED = "created", "updated", "deleted"
MAX_RECORDS = 10_000


class Seen:
    """Drops events that tell nothing new; for pushes and polls alike.

    The instant of a push is when it was sent, that of a poll when the record was changed. So an
    event is known when the same change of its record was told before, and something of it that
    is as late or later; and a record that was told as created is told as updated from then on,
    unless it was deleted in between. Without `at`, or with a day only, an event is always new.
    Not to be shared between threads.

    Args:
        state: What `to_dict` gave, or None to begin with.
        limit: How many records are remembered.

    Raises:
        ConnectionProblem: The state is none.
    """

    def __init__(self, state: Mapping[str, Any] | None = None, *, limit: int = MAX_RECORDS) -> None:
        self._limit = limit
        self._told: dict[str, dict[str, str]] = {}
        for number, changes in ({} if state is None else _checked(state)).items():
            self._told[number] = dict(changes)

    def __repr__(self) -> str:
        return f"Seen({len(self._told)} records)"

    def new(self, events: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return those events that tell something new, and remember them.

        Args:
            events: As `component.receive` and `session.poll` give them.
        """
        return [told for event in events if (told := self._told_of(event)) is not None]

    def to_dict(self) -> dict[str, Any]:
        """Return what to keep, JSON-ready: by record, the latest instant of each kind of change."""
        return {number: dict(changes) for number, changes in self._told.items()}

    def _told_of(self, event: Mapping[str, Any]) -> dict[str, Any] | None:
        number, at = str(event["id"]), event.get("at")
        change = str(event["change"]) if instant_s(at) is None else self._meant(number, event)
        return {**event, "change": change} if self._notes(number, change, at) else None

    def _meant(self, number: str, event: Mapping[str, Any]) -> str:
        """Return what has happened: a record is made once, and a poll sees only how it stands now."""
        told, change = self._told.get(number, {}), str(event["change"])
        created, deleted = instant_s(told.get(CREATED)), instant_s(told.get(DELETED))
        if change != CREATED or created is None or (deleted is not None and deleted > created):
            return change
        return UPDATED

    def _notes(self, number: str, change: str, at: Any) -> bool:
        instant = instant_s(at)
        if instant is None:
            return True
        # Taken out and put in again: what was told last is forgotten last.
        told = self._told.pop(number, {})
        self._told[number] = told
        latest = max((instant_s(text) or 0 for text in told.values()), default=instant)
        # Whoever was told of a record's making knows how it stood then.
        if (change in told or (change == UPDATED and CREATED in told)) and latest >= instant:
            return False
        before = instant_s(told.get(change))
        if before is None or before < instant:
            told[change] = str(at)
        while len(self._told) > self._limit:
            del self._told[next(iter(self._told))]
        return True


def _checked(state: Mapping[str, Any]) -> Mapping[str, Mapping[str, str]]:
    good = isinstance(state, Mapping) and all(
        isinstance(changes, Mapping) and all(instant_s(at) is not None for at in changes.values())
        for changes in state.values()
    )
    if not good:
        raise error_of(
            "config",
            "What was kept of the changes that were told cannot be read.",
            hint="Give what `to_dict` returned, or nothing: some changes may then be told twice.",
        )
    return state
