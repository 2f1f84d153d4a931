"""A served pet shop, and sessions with it: blocking and awaiting behind one face."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from components.petshop_server import PETSHOP, PetShop, open_shop
from connector_runtime import Component
from connector_runtime.testing.cases import StillClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from connector_runtime import Page, Result


class NoJitter:
    """Randomness without surprises."""

    def random(self) -> float:
        """Return the number that makes every wait its longest."""
        return 0.0


class BlockingTill:
    """A session for threads."""

    def __init__(self, component: Component, connection: Mapping[str, Any], options: dict[str, Any]) -> None:
        self.session = component.session(connection, **options)

    def run(self, action: str, inputs: Mapping[str, Any] | None = None, **how: Any) -> Result:
        return self.session.run(action, inputs, **how)

    def run_all(self, calls: list[tuple[str, Mapping[str, Any]]]) -> list[Result]:
        """Run several actions at the same time."""
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(len(calls)) as threads:
            return list(threads.map(lambda call: self.session.run(*call), calls))

    def pages(self, action: str, inputs: Mapping[str, Any] | None = None, **how: Any) -> list[Page]:
        return list(self.session.pages(action, inputs, **how))

    def first_page(self, action: str, inputs: Mapping[str, Any] | None = None) -> Page:
        """Read one page of a stream and leave the rest."""
        stream = self.session.pages(action, inputs)
        return next(iter(stream))

    def choices(self, *words: Any, **how: Any) -> list[dict[str, Any]]:
        return self.session.choices(*words, **how)

    def check(self) -> Result:
        return self.session.check()

    def call(self, name: str, *words: Any, **how: Any) -> Any:
        """Call any other method of the session."""
        return getattr(self.session, name)(*words, **how)

    @property
    def token(self) -> dict[str, Any]:
        return self.session.token

    def close(self) -> None:
        self.session.close()


class AwaitingTill:
    """A session for an event loop, driven from outside one."""

    def __init__(self, component: Component, connection: Mapping[str, Any], options: dict[str, Any]) -> None:
        self.loop = asyncio.Runner()
        self.session = component.async_session(connection, **options)

    def run(self, action: str, inputs: Mapping[str, Any] | None = None, **how: Any) -> Result:
        return self.loop.run(self.session.run(action, inputs, **how))

    def run_all(self, calls: list[tuple[str, Mapping[str, Any]]]) -> list[Result]:
        """Run several actions at the same time."""

        async def gathered() -> list[Result]:
            return await asyncio.gather(*(self.session.run(*call) for call in calls))

        return self.loop.run(gathered())

    def pages(self, action: str, inputs: Mapping[str, Any] | None = None, **how: Any) -> list[Page]:
        async def collected() -> list[Page]:
            return [page async for page in self.session.pages(action, inputs, **how)]

        return self.loop.run(collected())

    def first_page(self, action: str, inputs: Mapping[str, Any] | None = None) -> Page:
        """Read one page of a stream and leave the rest."""

        async def first() -> Page:
            stream = self.session.pages(action, inputs)
            try:
                return await anext(aiter(stream))
            finally:
                await stream.aclose()  # type: ignore[attr-defined]  the stream is a generator

        return self.loop.run(first())

    def choices(self, *words: Any, **how: Any) -> list[dict[str, Any]]:
        return self.loop.run(self.session.choices(*words, **how))

    def check(self) -> Result:
        return self.loop.run(self.session.check())

    def call(self, name: str, *words: Any, **how: Any) -> Any:
        """Call any other method of the session."""
        return self.loop.run(getattr(self.session, name)(*words, **how))

    @property
    def token(self) -> dict[str, Any]:
        return self.session.token

    def close(self) -> None:
        self.loop.run(self.session.aclose())
        self.loop.close()


Till = BlockingTill | AwaitingTill
TILLS: dict[str, type[Till]] = {"sync": BlockingTill, "async": AwaitingTill}


@pytest.fixture(scope="session")
def component() -> Component:
    """The pet shop's component."""
    return Component.load(PETSHOP)


@pytest.fixture
def shop() -> Iterator[PetShop]:
    """A fresh shop with four dogs and a cat, on loopback."""
    with open_shop() as shop:
        shop.stock()
        yield shop


@pytest.fixture
def clock() -> StillClock:
    """A clock that only moves when somebody waits."""
    return StillClock()


@pytest.fixture
def any_till(component: Component, clock: StillClock) -> Iterator[Callable[..., Till]]:
    """Open a session of a kind: `any_till("sync", connection, **options)`."""
    with ExitStack() as opened:

        def opening(kind: str, connection: Mapping[str, Any], **options: Any) -> Till:
            made = TILLS[kind](component, connection, {"clock": clock, "random": NoJitter(), **options})
            opened.callback(made.close)
            return made

        yield opening


@pytest.fixture(params=TILLS)
def open_till(request: pytest.FixtureRequest, any_till: Callable[..., Till]) -> Callable[..., Till]:
    """Open a session of each kind in turn: `open_till(connection, **options)`."""
    return lambda connection, **options: any_till(request.param, connection, **options)


@pytest.fixture
def till(open_till: Callable[..., Till], shop: PetShop) -> Till:
    """A session with the shop by key, of each kind in turn."""
    return open_till(shop.by_key())
