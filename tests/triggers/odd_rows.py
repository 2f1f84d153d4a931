"""A vendor of rows that tells little: no clock, days only, odd times; and triggers that ask it."""

from __future__ import annotations

import json
import shutil
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from components.petshop_server import PETSHOP
from connector_runtime import Component
from connector_runtime.access.connections import Connection
from connector_runtime.base.instants import instant_s, instant_text
from connector_runtime.base.messages import Failure, Reply
from connector_runtime.base.values import Certainty
from connector_runtime.session.session import Options, Session
from connector_runtime.testing.cases import StillClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from connector_runtime import Poll

CONNECTION: dict[str, Any] = {
    "key": "apiKey",
    "fields": {"site": "north", "branch": "17", "apiKey": "example"},
}
NOON = 1_781_092_800  # 2026-06-10T12:00:00Z
HOUR = 3600

FRAME = """
trigger: {key}
label: Row Changed
description: Tells of rows.
inputs: {{ branch: {{ use: branch }} }}
poll:
  overlap: 5m
  sources:
    rows:
      request: {{ service: shop, path: /rows, query: {{ from: "${{ since.at }}", {query} }} }}
{how}
      identity: ${{ item.id }}
      made: ${{ item.at }}
      change: updated
examples: {{ all: {{ label: All, inputs: {{ branch: "17" }} }} }}
"""
WALK = "      items: ${ reply.json.rows }"
PAGES = """      paginate:
        start: { number: 1 }
        next: { number: "${ page.number + 1 }" }
        while: ${ reply.json.more }
        items: ${ reply.json.rows }
        max: { pages: 100, items: 5000 }"""
# In front of the other one, a source that may read a single page.
CROWDED = """    first:
      request: {{ service: shop, path: /rows, query: {{ page: "${{ page.number }}" }} }}
      paginate:
        start: {{ number: 1 }}
        next: {{ number: "${{ page.number + 1 }}" }}
        while: ${{ reply.json.more }}
        items: ${{ reply.json.rows }}
        max: {{ pages: 1, items: 5000 }}
      identity: ${{ item.id }}
      made: ${{ item.at }}
      change: created
"""
BY_NUMBER = 'page: "${ page.number }"'
TRIGGERS = {
    "unsaid": ("size: 3", WALK),
    "said": ("size: 3", WALK + "\n      while: ${ reply.json.more }"),
    "walk": ('after: "${ since.id }"', WALK + "\n      while: ${ reply.json.more }"),
    "days": (BY_NUMBER, "      since: { as: date }\n" + PAGES),
    "daysByMoment": (BY_NUMBER, PAGES),
    "month": (BY_NUMBER, PAGES + "\n      memory: 720h"),
}


def component_in(place: Path) -> Component:
    """Return the invented component, copied to a place, with a few more triggers."""
    shutil.copytree(PETSHOP, place)
    for key, (query, how) in TRIGGERS.items():
        text = FRAME.format(key=key, query=query, how=how)
        (place / "triggers" / f"{key}.yaml").write_text(text, encoding="utf-8")
    crowded = FRAME.replace("  sources:\n", "  sources:\n" + CROWDED)
    text = crowded.format(key="crowded", query=TRIGGERS["walk"][0], how=TRIGGERS["walk"][1])
    (place / "triggers" / "crowded.yaml").write_text(text, encoding="utf-8")
    return Component.load(place)


class Rows:
    """A vendor with rows, a clock that it may keep to itself, and ours beside."""

    def __init__(self, component: Component) -> None:
        self.component = component
        self.now, self.ahead = NOON, 0
        self.date: Callable[[], int | None] = lambda: self.now
        self.rows: list[dict[str, Any]] = []
        self.size, self.asked = 100, 0
        self.since: str | None = None
        self.fails: Callable[[dict[str, str], int], bool] = lambda _query, _number: False

    def add(self, name: str, second: float) -> None:
        """Add a row that was changed so many seconds after noon."""
        self.rows.append({"id": name, "at": instant_text(NOON + second)})

    def send(self, outgoing: Any, *, timeout_s: float, sink: Any = None) -> Reply | Failure:
        """Answer one request."""
        del timeout_s, sink
        self.asked += 1
        query = dict(parse_qsl(urlsplit(outgoing.url).query))
        self.since = query.get("from")
        if self.fails(query, self.asked):
            return Failure(Certainty.NOT_SENT, "network", "no")
        rows = sorted((row for row in self.rows if self._is_wanted(row, query)), key=_place)
        start = (int(query.get("page", 1)) - 1) * self.size
        body = json.dumps({"rows": rows[start : start + self.size], "more": len(rows) > start + self.size})
        date = self.date()
        headers = [("content-type", "application/json")]
        headers += [] if date is None else [("date", formatdate(date, usegmt=True))]
        return Reply(200, tuple(headers), body.encode(), size_bytes=len(body))

    def close(self) -> None:
        """Nothing is open."""

    def _is_wanted(self, row: dict[str, Any], query: dict[str, str]) -> bool:
        since = query.get("from")
        if since is None:
            return True
        if len(since) == len("2026-06-10"):
            return bool(row["at"][:10] >= since)
        wanted = (instant_s(since), query.get("after", ""))
        return _place(row) > wanted if wanted[1] else _place(row)[0] >= wanted[0]

    def poll(self, key: str, state: Any, **how: Any) -> Poll:
        """Poll once."""
        options = Options(clock=StillClock(self.now + self.ahead))
        connection = Connection.from_dict(CONNECTION)
        session = Session(self.component.model, connection, options, sender=self)  # type: ignore[arg-type]
        return session.poll(key, {"branch": "17", "tries": 0}, state, **how)


def _place(row: dict[str, Any]) -> tuple[Any, str]:
    return instant_s(row["at"]) or row["at"], row["id"]


def rows_in(folder: Path, frame: str) -> Rows:
    """Return a vendor without rows whose trigger `walk` is written in another way."""
    place = folder / "petshop"
    shutil.copytree(PETSHOP, place)
    query, how = TRIGGERS["walk"]
    text = frame.format(key="walk", query=query, how=how)
    (place / "triggers" / "walk.yaml").write_text(text, encoding="utf-8")
    return Rows(Component.load(place))


def ids(poll: Poll) -> list[str]:
    return [event["id"] for event in poll.events]
