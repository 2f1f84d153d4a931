"""A listing belongs to the process that began it: its child would read the parent's connections."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime import ConnectionProblem

if TYPE_CHECKING:
    from collections.abc import Callable

    from components.conftest import Till
    from components.petshop_server import PetShop
    from connector_runtime import Page

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked there")
REFUSED, WENT_ON, WENT_WRONG = 0, 1, 2


def page_of(pages: Any, till: Any) -> Page:
    """Return the next page: in the till's event loop where it has one, without a till in a new one."""
    if not hasattr(pages, "__anext__"):
        return next(pages)  # type: ignore[no-any-return]

    async def following() -> Page:
        return await anext(pages)  # type: ignore[no-any-return]

    return till.loop.run(following()) if till is not None else asyncio.run(following())


def in_a_child(work: Callable[[], object]) -> int:
    """Return how some work ends in a forked process."""
    child = os.fork()
    if child == 0:
        code = WENT_WRONG
        try:
            work()
            code = WENT_ON
        except ConnectionProblem as problem:
            code = REFUSED if "before the process was forked" in problem.message else WENT_WRONG
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.plan("S-205")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("read", [0, 1], ids=["not yet read", "half read"])
def test_a_listing_refuses_in_a_child(till: Till, shop: PetShop, read: int) -> None:
    """Begun before a fork, it says so in the child, sends nothing there, and goes on in the parent."""
    pages = till.session.pages("listPets", {"size": 2})
    seen = [page_of(pages, till).number for _ in range(read)]
    asked = len(shop.asked)

    assert in_a_child(lambda: page_of(pages, None)) == REFUSED
    assert len(shop.asked) == asked
    while len(seen) < 3:
        seen.append(page_of(pages, till).number)
    assert seen == [1, 2, 3]


@pytest.mark.plan("S-205")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_closing_in_a_child_takes_nothing_from_the_parent(till: Till, shop: PetShop) -> None:
    """A child that leaves the session's block closes no connection on which the parent still works."""

    def close() -> None:
        if hasattr(till, "loop"):
            asyncio.run(till.session.aclose())  # type: ignore[union-attr]
        else:
            till.session.close()  # type: ignore[union-attr]

    till.run("listPets", {"size": 2})

    assert in_a_child(close) == WENT_ON
    assert till.run("listPets", {"size": 2}, deadline_s=20).attempts[-1].certainty == "answered"
    assert len(till.run("listPets", {"size": 2}, deadline_s=20).attempts) == 1


@pytest.mark.plan("S-205")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_session_refuses_in_a_child(till: Till) -> None:
    """So does everything else that a session of the parent is asked for."""
    for work in (lambda: till.run("listPets", {"size": 2}), lambda: till.pages("listPets", {})):
        assert in_a_child(work) == REFUSED
