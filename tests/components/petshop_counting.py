"""How Whisker counts its pets: a job that is asked for, looked at, and then read page by page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

# So many pets a look.
_AT_ONCE = 2


@dataclass(slots=True)
class Counting:
    """The counts that are under way, by number: how many pets were counted so far."""

    counts: dict[str, int] = field(default_factory=dict)

    def begin(self) -> dict[str, Any]:
        """Begin another count."""
        number = f"c-{len(self.counts) + 1}"
        self.counts[number] = 0
        return {"ok": True, "job": {"id": number, "state": "counting"}}

    def look(self, number: str, pets: int) -> dict[str, Any]:
        """Say how far a count is, one look further on."""
        self.counts[number] = counted = min(self.counts[number] + _AT_ONCE, pets)
        state = "done" if counted == pets else "counting"
        return {"ok": True, "job": {"id": number, "state": state, "counted": counted}}


def listed(pets: Iterable[str], after: str) -> dict[str, Any]:
    """Return one page of what was counted."""
    found = [{"id": number} for number in sorted(pets) if number > after]
    page = {"ok": True, "pets": found[:_AT_ONCE]}
    return page | ({"next": found[_AT_ONCE - 1]["id"]} if len(found) > _AT_ONCE else {})
