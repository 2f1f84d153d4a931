"""The sandbox as one object: state, time, settings, users and connections."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoho_sandbox.clock import Clock, TimeSource
from zoho_sandbox.planting import plant, seed_document
from zoho_sandbox.settings import Settings
from zoho_sandbox.state import State

_KIND, _ID = "sandbox/control", "born"


class Sandbox:
    """A local imitation of Zoho's accounts server, CRM and Books.

    Args:
        path: SQLite file that keeps the state, or ``":memory:"``.
        seed: ``"default"``, ``"empty"``, a path to a YAML file, or a seed document. Only
            planted when the state is new, and again by :meth:`reset`.
        settings: Settings that differ from their defaults.
        clock: An object with ``now()`` in seconds since 1970.
        random_seed: Makes ids, tokens and fault lotteries repeatable.
    """

    def __init__(
        self,
        path: str | Path = ":memory:",
        *,
        seed: str | Path | Mapping[str, Any] = "default",
        settings: Mapping[str, Any] | None = None,
        clock: TimeSource | None = None,
        random_seed: int = 1,
    ) -> None:
        self.state = State(path)
        self.clock = Clock(self.state, clock)
        self.settings = Settings(self.state)
        self.random_seed = random_seed
        self.random = random.Random(random_seed)  # noqa: S311 - must be repeatable
        self.base_url = "http://127.0.0.1"
        self._seed = seed
        self._first_settings = dict(settings or {})
        with self.state.transaction():
            if self.state.get(_KIND, _ID) is None:
                self._plant()

    def reset(self, seed: str | Path | Mapping[str, Any] | None = None) -> None:
        """Forget everything, tokens and counters too, and plant the seed again.

        The first connection gets the same tokens as before, so a client may go on.
        """
        if seed is not None:
            self._seed = seed
        with self.state.transaction():
            self.state.wipe()
            self._plant()

    def secret_text(self, purpose: str) -> str:
        """Return the next of a repeatable row of unguessable-looking texts (48 hex digits)."""
        n = self.state.number(f"secret/{purpose}")
        return hashlib.sha256(f"{self.random_seed}/{purpose}/{n}".encode()).hexdigest()[:48]

    def close(self) -> None:
        """Close the state."""
        self.state.close()

    def _plant(self) -> None:
        self.state.put(_KIND, _ID, {"random_seed": self.random_seed})
        self.random.seed(self.random_seed)
        self.settings.change(self._first_settings)
        plant(self, seed_document(self._seed))
