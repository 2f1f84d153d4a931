"""A shop whose pets change while it is asked, without a wire: a scripted sender."""

from __future__ import annotations

import json
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from components.petshop_changes import ChangeBook
from components.petshop_server import PETSHOP
from connector_runtime import Component
from connector_runtime.access.connections import Connection
from connector_runtime.base.messages import Failure, Reply
from connector_runtime.base.values import Certainty
from connector_runtime.session.session import Options, Session
from connector_runtime.testing.cases import StillClock
from triggers.odd_rows import CONNECTION, Rows, component_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector_runtime.base.messages import Outgoing


class Counter:
    """Answers requests from a book of changes; something may happen before each answer."""

    def __init__(self, book: ChangeBook) -> None:
        self.book = book
        self.asked: list[str] = []
        self.size = 2
        self.skew_s = 0.0
        self.before: Callable[[], str | int | None] = lambda: None

    def send(self, outgoing: Outgoing, *, timeout_s: float, sink: Any = None) -> Reply | Failure:
        """Answer one request."""
        del timeout_s, sink
        self.asked.append(outgoing.url)
        trouble = self.before()
        if trouble in ("fail", "late"):
            kind = "network" if trouble == "fail" else "timeout"
            return Failure(Certainty.NOT_SENT, kind, "the server could not be reached")
        if isinstance(trouble, int):
            return Reply(trouble, (("content-type", "application/json"),), b"{}", size_bytes=2)
        address = urlsplit(outgoing.url)
        query = dict(parse_qsl(address.query)) | {"size": str(self.size)}
        what = self.book.changes if address.path.endswith("/changes") else self.book.gone
        body = json.dumps(what(query)).encode()
        date = formatdate(self.book.now + self.skew_s, usegmt=True)
        headers = (("content-type", "application/json"), ("date", date))
        return Reply(200, headers, body, size_bytes=len(body))

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture(scope="session")
def petshop() -> Component:
    """The invented component."""
    return Component.load(PETSHOP)


@pytest.fixture(scope="session")
def odd_triggers(tmp_path_factory: pytest.TempPathFactory) -> Component:
    """The invented component with triggers that ask a vendor of rows."""
    return component_in(tmp_path_factory.mktemp("odd") / "petshop")


@pytest.fixture
def rows(odd_triggers: Component) -> Rows:
    """A vendor without rows."""
    return Rows(odd_triggers)


@pytest.fixture
def book() -> ChangeBook:
    """An empty book of changes."""
    return ChangeBook()


@pytest.fixture
def counter(book: ChangeBook) -> Counter:
    """Who answers from the book."""
    return Counter(book)


@pytest.fixture
def session(petshop: Component, counter: Counter) -> Session:
    """A session with the counter, on a clock that only moves when somebody waits."""
    return session_with(petshop, counter)


def session_with(component: Component, counter: Counter, now: float | None = None, **more: Any) -> Session:
    """Return a session whose wire is a counter."""
    clock = StillClock(counter.book.now if now is None else now)
    options = Options(clock=clock, **more)
    return Session(component.model, Connection.from_dict(CONNECTION), options, sender=counter)  # type: ignore[arg-type]
