"""Which changes were handed on: a push and the catch-up may both tell of one, in different words."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connector_runtime.base.instants import instant_s
from connector_runtime.base.numbers import digestible
from connector_runtime.errors import error_of

if TYPE_CHECKING:
    from collections.abc import Iterable

CREATED, UPDATED, DELETED = "created", "updated", "deleted"
# A gap has fewer records; the oldest are forgotten first, and would at worst be told twice.
MAX_RECORDS = 10_000
# Under which the data that were told are known; no kind of change is called so.
_DATA = ""
_DATA_MAX = 8
# The digest of the names, that of the data, and up to when they were told.
_ENTRY = re.compile(r"[0-9a-f]{16}(@-?[0-9]{1,14}(\.[0-9]{1,15})?)?")


class Seen:
    """Drops events that tell nothing new; for pushes and polls alike.

    The instant of a push is when it was sent, that of a poll when the record was changed. So an
    event is known when the same change of its record was told before, and something of it that
    is as late or later, where a deletion counts for deletions only: a record may be restored.
    A record that was told as created is told as updated from then on, unless it was deleted in
    between. Data of the same members that differ from the last that were told are new whatever the
    instant, for a push may be sent later than the next change, unless they were told before with
    this instant or a later one. Without `at`, or with a day only, an event is
    always new. Not to be shared between threads.

    Args:
        state: What `to_dict` gave, or None to begin with.
        limit: How many records are remembered.

    Raises:
        ConnectionProblem: The state is none.
    """

    def __init__(self, state: Mapping[str, Any] | None = None, *, limit: int = MAX_RECORDS) -> None:
        self._limit = limit
        self._told: dict[str, dict[str, Any]] = {}
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
        """Return what to keep, JSON-ready: by record, the latest instant of each kind of change.

        What was told as data stands there as digests.
        """
        return {number: dict(changes) for number, changes in self._told.items()}

    def _told_of(self, event: Mapping[str, Any]) -> dict[str, Any] | None:
        number, at = str(event["id"]), event.get("at")
        change = str(event["change"]) if instant_s(at) is None else self._meant(number, event)
        return {**event, "change": change} if self._notes(number, change, event) else None

    def _meant(self, number: str, event: Mapping[str, Any]) -> str:
        """Return what has happened: a record is made once, and a poll sees only how it stands now."""
        told, change = self._told.get(number, {}), str(event["change"])
        created, deleted = instant_s(told.get(CREATED)), instant_s(told.get(DELETED))
        if change != CREATED or created is None or (deleted is not None and deleted >= created):
            return change
        return UPDATED

    def _notes(self, number: str, change: str, event: Mapping[str, Any]) -> bool:
        at = event.get("at")
        instant = instant_s(at)
        if instant is None:
            return True
        # Taken out and put in again: what was told last is forgotten last.
        told = self._told.pop(number, {})
        self._told[number] = told
        differs = _notes_data(told, event.get("data"), instant)
        if _is_known(told, change, instant) and not differs:
            return False
        before = instant_s(told.get(change))
        if before is None or before < instant:
            told[change] = str(at)
        while len(self._told) > self._limit:
            del self._told[next(iter(self._told))]
        return True


def _is_known(told: Mapping[str, Any], change: str, instant: Any) -> bool:
    # Whoever was told of a record's making knows how it stood then.
    if change not in told and not (change == UPDATED and CREATED in told):
        return False
    kinds = [DELETED] if change == DELETED else [kind for kind in told if kind not in (DELETED, _DATA)]
    return any((instant_s(told[kind]) or 0) >= instant for kind in kinds)


def _notes_data(told: dict[str, Any], data: Any, instant: int | Decimal) -> bool:
    """Note what is told of a record; returns whether it is other than what was told in the same words.

    A record may go back to what it was: what was told before the last is known up to its instant only.
    """
    if data is None:
        return False
    members = sorted(map(str, data)) if isinstance(data, Mapping) else type(data).__name__
    words = _digest(members, 2)
    name = words + _digest(data, 6)
    entries: list[str] = list(told.get(_DATA, ()))
    alike = [entry for entry in entries if entry.startswith(words)]
    same = next((entry for entry in entries if _parted(entry)[0] == name), None)
    told_until = None if same is None else _parted(same)[1]
    if same is not None and same != alike[-1] and told_until is not None and instant <= told_until:
        # A copy of what was told then: the last that was told stays the last.
        return False
    latest = instant if told_until is None else max(instant, told_until)
    told[_DATA] = [*(entry for entry in entries if entry != same), f"{name}@{latest}"][-_DATA_MAX:]
    return bool(alike) and same != alike[-1]


def _parted(entry: str) -> tuple[str, Decimal | None]:
    """Return the name of data and up to when they were told; earlier versions have not kept that."""
    name, _, until = entry.partition("@")
    return name, Decimal(until) if until else None


def _digest(value: Any, size: int) -> str:
    text = json.dumps(value, sort_keys=True, default=digestible)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).hexdigest()


def _is_kept(kind: Any, told: Any) -> bool:
    if kind == _DATA:
        return isinstance(told, list) and all(isinstance(one, str) and _ENTRY.fullmatch(one) for one in told)
    return instant_s(told) is not None


def _checked(state: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    good = isinstance(state, Mapping) and all(
        isinstance(changes, Mapping) and all(_is_kept(*entry) for entry in changes.items())
        for changes in state.values()
    )
    if not good:
        raise error_of(
            "config",
            "What was kept of the changes that were told cannot be read.",
            hint="Give what `to_dict` returned, or nothing: some changes may then be told twice.",
        )
    return state
