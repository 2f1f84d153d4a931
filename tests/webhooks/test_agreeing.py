"""What a service has agreed to: by its clock, in its words, with doubts said."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from components.petshop_server import PETSHOP
from connector_runtime import Component, ConnectorError
from connector_runtime.base.values import system_random
from connector_runtime.conversation.replies.results import Result
from connector_runtime.errors import error_of
from connector_runtime.triggers.webhooks.subscribing import agreed, begin, begin_again, is_gone
from connector_runtime.triggers.webhooks.subscription import Subscription

if TYPE_CHECKING:
    from connector_runtime.definition.model import Model

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


def agreed_with(model: Model, said: dict[str, Any], *, date: str = "Wed, 10 Jun 2026 12:00:00 GMT") -> Subscription:
    """Subscribe, and have the service answer in its own way."""
    begun = begin(model.triggers["petTold"], {"branch": "17"}, URL, secret=None, now=NOON, random=system_random())
    return agreed(begun, Result(said, 200, {"date": date}, outcome="done"), now=NOON)


@pytest.mark.parametrize(
    "until",
    [10**400, Decimal("1e999"), float("inf"), 10**30, 253_402_300_800, "9999-12-31T23:59:59-12:00"],
)
def test_an_end_that_no_calendar_has_loses_nothing(model: Model, until: Any) -> None:
    """The service has agreed: its id and the secret are kept, and what is odd is said."""
    one = agreed_with(model, {"id": "h-1", "expires": until})

    assert (one.id, bool(one.secret)) == ("h-1", True)
    assert "beyond any calendar" in " ".join(one.warnings)
    assert Subscription.from_dict(json.loads(json.dumps(one.to_dict()))).expires == one.expires


@pytest.mark.parametrize("date", ["Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1981 00:00:00 GMT"])
def test_a_service_whose_clock_is_wrong_once_loses_nothing(model: Model, date: str) -> None:
    """By our own clock it has not ended, and its catch-up begins no later than now."""
    one = agreed_with(model, {"id": "h-1", "expires": "2026-06-13T12:00:00Z"}, date=date)

    assert one.id == "h-1"
    assert (one.expires, one.state <= "2026-06-10T12:00:00+00:00") == (datetime(2026, 6, 13, 12, tzinfo=UTC), True)
    assert "more than a day apart" in " ".join(one.warnings)


@pytest.mark.parametrize(("given", "number"), [("h-1", "h-1"), (17, "17"), (Decimal("1.5"), "1.5"), (1.5, "1.5")])
def test_an_id_is_a_text_or_a_number(model: Model, given: Any, number: str) -> None:
    """A number is taken as it is written."""
    one = agreed_with(model, {"id": given, "expires": "2026-06-13T12:00:00Z"})

    assert (one.id, one.is_id_known, one.warnings) == (number, True, ())


@pytest.mark.parametrize("given", [{"a": 1}, [], True, None, ""])
def test_an_id_that_cannot_be_read_is_said_and_remembered(model: Model, given: Any) -> None:
    """Its pushes are proven all the same; under another id nobody would find it."""
    one = agreed_with(model, {"id": given, "expires": "2026-06-13T12:00:00Z"})
    again = Subscription.from_dict(json.loads(json.dumps(one.to_dict())))

    assert "end it at the service" in " ".join(one.warnings)
    assert (again.is_id_known, again.id) == (False, one.id)
    # A renewal that says the id makes up for it, and one without leaves a known id as it is.
    renewed = begin_again(model.triggers["petTold"], again, now=NOON)
    known = agreed(renewed, Result({"id": "h-1"}, 200, {}, outcome="done"), now=NOON)
    kept = agreed(
        begin_again(model.triggers["petTold"], known, now=NOON), Result({"id": given}, 200, {}, outcome="done"), now=NOON
    )
    assert [(one.id, one.is_id_known) for one in (known, kept)] == [("h-1", True)] * 2


def test_what_was_never_known_was_not_gone_already(model: Model) -> None:
    """The service finds nothing under an id that is none: it may push all the same."""
    one = agreed_with(model, {"id": {"a": 1}, "expires": "2026-06-13T12:00:00Z"})
    gone = error_of("not_found", "No such hook.")

    assert not is_gone(gone, one)
    assert is_gone(gone, replace(one, is_id_known=True))


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00"])
def test_a_kept_instant_that_utc_does_not_have_is_said(model: Model, text: str) -> None:
    """And not found when it is to be written again."""
    kept = agreed_with(model, {"id": "h-1", "expires": "2026-06-13T12:00:00Z"}).to_dict() | {"expires": text}

    with pytest.raises(ConnectorError, match="no instant under `expires`"):
        Subscription.from_dict(kept)
