"""What a service has agreed to: by its clock, in its words, with doubts said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from components.petshop_server import PETSHOP
from connector_runtime import Component, ConnectorError
from connector_runtime.base.values import system_random
from connector_runtime.conversation.replies.results import Result
from connector_runtime.triggers.webhooks.subscribing import agreed, begin

if TYPE_CHECKING:
    from connector_runtime.definition.model import Model
    from connector_runtime.triggers.webhooks.subscription import Subscription

NOON = 1_781_092_800.0  # 2026-06-10T12:00:00Z
URL = "https://hooks.example.com/told"


@pytest.fixture(scope="module")
def model() -> Model:
    """The invented component."""
    return Component.load(PETSHOP).model


def subscribed(model: Model, *, until: str, took_s: float = 0.0, outcome: Any = "done", secret: Any = None) -> Subscription:
    """Subscribe, and have the service agree."""
    begun = begin(model.triggers["petTold"], {"branch": "17"}, URL, secret=secret, now=NOON, random=system_random())
    headers = {"date": "Wed, 10 Jun 2026 12:00:00 GMT"}
    result = Result({"id": "h-1", "expires": until}, 200, headers, outcome=outcome)
    return agreed(begun, result, now=NOON + took_s)


@pytest.mark.plan("S-277")
@pytest.mark.parametrize(("took_s", "since"), [(0, "11:59:59"), (30, "11:59:29"), (-7200, "11:59:59")])
def test_the_catch_up_begins_before_the_service_agreed(model: Model, took_s: float, since: str) -> None:
    """By its clock, less what the asking took; a clock of ours that goes back meanwhile takes nothing away."""
    one = subscribed(model, until="2026-06-13T12:00:00Z", took_s=took_s)

    assert one.state == f"2026-06-10T{since}+00:00"


@pytest.mark.plan("S-277")
@pytest.mark.parametrize(("until", "warns"), [("12:01:00", False), ("12:01:01", True), ("11:59:00", False), ("11:58:59", True)])
def test_a_minute_more_or_less_is_as_was_asked_for(model: Model, until: str, warns: bool) -> None:
    """Vendors round; what is further off is said."""
    one = subscribed(model, until=f"2026-06-13T{until}Z")

    assert bool(one.warnings) is warns


@pytest.mark.plan("S-277")
@pytest.mark.parametrize(("until", "ago"), [("2026-06-10T12:00:00Z", "0.0 s"), ("2026-06-10T11:00:00Z", "3,600 s")])
def test_one_that_has_ended_already_is_named_as_the_service_knows_it(model: Model, until: str, ago: str) -> None:
    """Whoever is to end it looks for that id."""
    with pytest.raises(ConnectorError, match=f"ended {ago} before") as caught:
        subscribed(model, until=until)

    assert caught.value.existing_id == "h-1"


@pytest.mark.plan("S-277")
@pytest.mark.parametrize(
    ("outcome", "secret", "warns"),
    [("found", None, True), ("found", "a-secret-of-ones-own", False), ("done", None, False)],
)
def test_one_that_was_found_may_have_another_secret(model: Model, outcome: str, secret: Any, warns: bool) -> None:
    """A fresh secret is known to the service only if the lost request has arrived; one's own may be there before."""
    one = subscribed(model, until="2026-06-13T12:00:00Z", outcome=outcome, secret=secret)

    assert any("another secret" in warning for warning in one.warnings) is warns
