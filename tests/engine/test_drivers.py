"""Both drivers carry out every step that a conversation may ask for."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from connector_runtime.conversation.io_steps import Give, Step
from connector_runtime.session.async_drivers import AsyncDriver
from connector_runtime.session.drivers import SyncDriver
from connector_runtime.stores import Budget
from connector_runtime.testing.cases import AsyncScriptedSender, Script, ScriptedSender, StillClock


@pytest.mark.parametrize(
    ("driver", "sender"), [(SyncDriver, ScriptedSender), (AsyncDriver, AsyncScriptedSender)], ids=["sync", "async"]
)
def test_a_driver_knows_every_step(driver: Any, sender: Any) -> None:
    """A new step that one driver lacks is noticed here, not by the first call that takes it."""
    found = driver(sender(Script([])), StillClock(), Budget())

    # A page is handed out by whoever reads the listing.
    assert set(found._ways) == set(get_args(Step)) - {Give}
