"""What all parts of a sandbox share: its state, time, settings, chance and address."""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING

from zoho_sandbox.core.clock import Clock, TimeSource
from zoho_sandbox.core.settings import Settings
from zoho_sandbox.core.state import State

if TYPE_CHECKING:
    from pathlib import Path


class Site:
    """The ground that products stand on; what they are called with knows no more.

    Args:
        path: SQLite file that keeps the state, ``":memory:"``, or an open state.
        clock: An object with ``now()`` in seconds since 1970.
        random_seed: Makes ids, tokens and fault lotteries repeatable.
    """

    def __init__(
        self, path: str | Path | State, *, clock: TimeSource | None = None, random_seed: int = 1
    ) -> None:
        self.state = path if isinstance(path, State) else State(path)
        self.clock = Clock(self.state, clock)
        self.settings = Settings(self.state)
        self.random_seed = random_seed
        self.random = random.Random(random_seed)  # noqa: S311 - must be repeatable
        self.base_url = "http://127.0.0.1"

    def secret_text(self, purpose: str) -> str:
        """Return the next of a repeatable row of unguessable-looking texts (48 hex digits)."""
        n = self.state.number(f"secret/{purpose}")
        return hashlib.sha256(f"{self.random_seed}/{purpose}/{n}".encode()).hexdigest()[:48]
