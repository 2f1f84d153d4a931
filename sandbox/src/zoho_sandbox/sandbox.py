"""The sandbox as one object: an imitated world, and the ways to ask it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from zoho_sandbox.oauth import accounts
from zoho_sandbox.pages import control
from zoho_sandbox.serving.asgi import AsgiApp
from zoho_sandbox.serving.gateway import Gateway
from zoho_sandbox.serving.server import running
from zoho_sandbox.world import World

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


class Sandbox(World):
    """A local imitation of Zoho's accounts server, CRM and Books.

    Args:
        path: SQLite file that keeps the state, ``":memory:"``, or an open state.
        seed: ``"default"``, ``"empty"``, a path to a YAML file, or a seed document. Only
            planted when the state is new, and again by :meth:`reset`.
        settings: Settings that differ from their defaults.
        clock: An object with ``now()`` in seconds since 1970.
        random_seed: Makes ids, tokens and fault lotteries repeatable.
        fresh: Forget what the file keeps.

    Raises:
        ValueError: the file is something else, or was kept by another version.
    """

    @cached_property
    def gateway(self) -> Gateway:
        """The way that every request takes, whatever front it comes by."""
        return Gateway(self, {"oauth": accounts.answer, "sandbox": control.answer})

    @cached_property
    def app(self) -> AsgiApp:
        """The ASGI application, e.g. for ``httpx.ASGITransport``."""
        return AsgiApp(self.gateway)

    def running(self, port: int = 0) -> AbstractContextManager[str]:
        """Serve from a background thread on loopback; the context gives the URL."""
        return running(self, self.gateway, port)

    def copy(self) -> Sandbox:
        """Return a sandbox in memory that goes on from here by itself.

        Much quicker than planting a seed again, so one filled sandbox can serve many tests.
        """
        made = Sandbox(
            self.state.copy(),
            seed=self._seed,
            settings=self._first_settings,
            clock=self.clock.source,
            random_seed=self.random_seed,
        )
        made.random.setstate(self.random.getstate())
        return made
