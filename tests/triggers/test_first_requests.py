"""What a poll would ask first can be seen beforehand: it is what it then asks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
import pytest

from components.petshop_server import PETSHOP
from connector_runtime import Component, ConnectorError
from connector_runtime.testing.cases import StillClock, connection_of
from meta.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

POLLED = [
    (folder, key)
    for folder in (ROOT, PETSHOP)
    for key, trigger in Component.load(folder).triggers.items()
    if trigger.poll is not None
]


@pytest.mark.parametrize("state", ["from now", "from the beginning", "2025-06-01T12:00:00Z"])
@pytest.mark.parametrize(("folder", "key"), POLLED, ids=lambda value: str(value).rpartition("/")[2])
def test_the_request_that_is_shown_is_the_one_that_is_sent(folder: Path, key: str, state: str) -> None:
    """Method, address and body are the same for each polled trigger, wherever it begins."""
    component = Component.load(folder)
    trigger = component.triggers[key]
    inputs = next(iter(trigger.examples.values()))["inputs"]
    connection = connection_of(component.model, trigger.asking, {})
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(400, json={})

    options = {"transport": httpx.MockTransport(answer), "clock": StillClock()}
    with component.session(connection, **options) as session:
        plan = session.plan_poll(key, inputs, state)
        unasked = len(sent)
        with pytest.raises(ConnectorError):
            session.poll(key, inputs, state)

    first = sent[0]
    assert unasked == 0
    assert (plan.method, plan.url) == (first.method, str(first.url))
    assert plan.body == (json.loads(first.content) if first.content else None)


def test_a_state_that_a_poll_would_refuse_is_refused() -> None:
    """What another trigger has kept is said to be so before anything is shown."""
    component = Component.load(PETSHOP)
    connection = connection_of(component.model, component.triggers["petChanged"].asking, {})

    with pytest.raises(ConnectorError, match="not one that a poll has given"):
        component.request("petChanged", {"branch": "17"}, connection, state={})
