"""What the tests about tokens share: the component, clocks, and what the sandbox was asked."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Any

from connector_runtime import Component
from meta.repository import ROOT

if TYPE_CHECKING:
    from zoho_sandbox import Sandbox

HOUR_S = 3600.0
_STEP_S = 0.002


@functools.cache
def component() -> Component:
    """Return the component of this repository."""
    return Component.load(ROOT)


class SandboxClock:
    """The sandbox's time; a wait moves it, so waits cost nothing."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.waits: list[float] = []

    def now(self) -> float:
        return self.sandbox.clock.now()

    monotonic = now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.sandbox.clock.advance(seconds)

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)


class SteppedClock:
    """Time that only tests move; whoever waits, waits a moment of real time and looks again."""

    def __init__(self, now: float | None = None) -> None:
        self.time = time.time() if now is None else now

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        del seconds
        time.sleep(_STEP_S)

    async def asleep(self, seconds: float) -> None:
        import asyncio

        del seconds
        await asyncio.sleep(_STEP_S)


class NoJitter:
    """Randomness without surprises."""

    def random(self) -> float:
        return 0.0


def entries(sandbox: Sandbox, product: str, after: int = 0) -> list[dict[str, Any]]:
    """Return what one face of the sandbox was asked after the given entry."""
    return [entry for entry in sandbox.ledger(after=after) if entry["product"] == product]


def renewals(sandbox: Sandbox, after: int = 0) -> list[dict[str, Any]]:
    """Return the requests for a token."""
    return [entry for entry in entries(sandbox, "oauth", after) if entry["path"].endswith("/token")]


def last(sandbox: Sandbox) -> int:
    """Return the number of the newest entry."""
    return max((entry["n"] for entry in sandbox.ledger()), default=0)
