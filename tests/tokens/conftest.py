"""A served sandbox with its limits on, and sessions with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tokens.scene import SandboxClock, component
from zoho_sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector_runtime import Component


@pytest.fixture
def zoho() -> Component:
    """The component of this repository."""
    return component()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox on loopback whose time stands still."""
    sandbox = Sandbox()
    sandbox.clock.freeze()
    with sandbox.running():
        yield sandbox
    sandbox.close()


@pytest.fixture
def clock(sandbox: Sandbox) -> SandboxClock:
    """The sandbox's time."""
    return SandboxClock(sandbox)


@pytest.fixture
def connection(sandbox: Sandbox) -> dict[str, Any]:
    """A connection with live tokens."""
    return {**sandbox.connection(), "name": "tenant"}
