"""The component of this repository and a served sandbox, as a user has them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime import Component
from connector_runtime.testing.cases import StillClock
from zoho_sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connector_runtime import Session


@pytest.fixture(scope="session")
def zoho() -> Component:
    """The catalogue of this repository."""
    return Component.load(Path(__file__).resolve().parents[2])


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A fresh sandbox, served on loopback."""
    sandbox = Sandbox()
    with sandbox.running():
        yield sandbox
    sandbox.close()


@pytest.fixture
def open_session(zoho: Component, sandbox: Sandbox) -> Iterator[Callable[..., Session]]:
    """Open sessions with the sandbox; waits cost no time."""
    opened = []

    def opening(**options: Any) -> Session:
        opened.append(zoho.session(sandbox.connection(), **{"clock": StillClock(), **options}))
        return opened[-1]

    yield opening
    for one in opened:
        one.close()


@pytest.fixture
def session(open_session: Callable[..., Session]) -> Session:
    """A session with the sandbox."""
    return open_session()
