"""What Whisker tells of changes: by time and identity, and a book of departures that has pages only.

It imports nothing of the runtime. Times are whole seconds by the shop's clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


def shown(seconds: float) -> str:
    """Return a time as Whisker writes it."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def meant(text: str) -> float:
    """Return the time that a text means."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() if len(text) == 10 else _instant(text)


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@dataclass(eq=False)
class ChangeBook:
    """Pets with the times of their changes.

    Attributes:
        now: The shop's clock.
        kept_s: How long a departure stays in the book.
    """

    now: float = 1_750_000_000.0
    kept_s: float = 720 * 3600
    pets: dict[str, dict[str, Any]] = field(default_factory=dict)
    departures: list[dict[str, Any]] = field(default_factory=list)
    _versions: int = 0

    def put(self, number: str, lag_s: float = 0) -> None:
        """Take a pet in, or change it; the index shows that some seconds later."""
        self._versions += 1
        known = self.pets.get(number, {"id": number, "added": self.now})
        name = f"{number}-{self._versions}"
        self.pets[number] = known | {"name": name, "changed": self.now, "shown": self.now + lag_s}

    def remove(self, number: str) -> None:
        """Give a pet away."""
        if self.pets.pop(number, None) is not None:
            self.departures.append({"id": number, "left": self.now})

    def take_back(self, number: str) -> None:
        """Let a pet return: its departure is struck out of the book."""
        if any(row["id"] == number for row in self.departures):
            self.departures = [row for row in self.departures if row["id"] != number]
            self.put(number)

    def changes(self, query: dict[str, str]) -> dict[str, Any]:
        """Return a page of changes, the oldest first, from a time and an identity on."""
        size = int(query.get("size", "2"))
        start = (meant(query["from"]) if "from" in query else 0.0, query.get("after", ""))
        rows = sorted(
            (int(pet["changed"]), number) for number, pet in self.pets.items() if pet["shown"] <= self.now
        )
        fitting = [number for at, number in rows if (at, number) > start or (at == start[0] and not start[1])]
        page = [
            {**self.pets[number], "added": shown(self.pets[number]["added"]),
             "changed": shown(self.pets[number]["changed"])}
            for number in fitting[:size]
        ]  # fmt: skip
        return {"ok": True, "changes": page, "more": len(fitting) > size}

    def gone(self, query: dict[str, str]) -> dict[str, Any]:
        """Return a page of departures, the latest first, from a day on."""
        size, page = int(query.get("size", "2")), int(query["page"])
        start = meant(query["from"]) if "from" in query else 0.0
        kept_from = max(start, self.now - self.kept_s)
        rows = [row for row in reversed(self.departures) if row["left"] >= kept_from]
        chosen = rows[(page - 1) * size : page * size]
        listed = [{"id": row["id"], "left": shown(row["left"])} for row in chosen]
        return {"gone": listed, "more": page * size < len(rows)}
