"""A name with its password, and a key in the address: both prove who calls, and neither is shown anywhere."""

from __future__ import annotations

import json
import logging
from base64 import b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import pytest

from components.petshop_desk import MEMBER, TICKET
from components.petshop_server import Mishap
from connector_runtime import Component, ConnectorError

if TYPE_CHECKING:
    from collections.abc import Callable

    from components.conftest import Till
    from components.petshop_server import PetShop

BASIC = b64encode(":".join(MEMBER).encode()).decode()
BY_KEY = {
    "localTicket": (TICKET, quote(TICKET, ""), quote_plus(TICKET)),
    "localMember": (MEMBER[1], BASIC, BASIC.rstrip("=")),
}
SECRETS = (*BY_KEY["localTicket"], *BY_KEY["localMember"])


@pytest.fixture(params=["localMember", "localTicket"])
def given(request: pytest.FixtureRequest, shop: PetShop) -> dict[str, Any]:
    """A connection of either kind."""
    return shop.by(request.param)


def test_a_name_and_its_password_travel_as_basic(open_till: Callable[..., Till], shop: PetShop) -> None:
    """Both stand in one header, as base64."""
    open_till(shop.by("localMember")).check()

    assert shop.asked[0].headers["authorization"] == f"Basic {BASIC}"


def test_a_key_travels_in_the_query(open_till: Callable[..., Till], shop: PetShop) -> None:
    """It stands behind the query of the request, encoded, once; no header has it."""
    found = open_till(shop.by("localTicket")).run("listPets", {"size": 2})

    assert len(found.data["pets"]) == 2
    assert shop.asked[0].tickets == [TICKET]
    assert shop.asked[0].query["size"] == ["2"]
    assert leaks(json.dumps(shop.asked[0].headers)) == []


def test_a_link_to_the_next_page_shows_no_key_and_is_followed(
    open_till: Callable[..., Till], shop: PetShop
) -> None:
    """The shop repeats the key in its links; it is taken out, and goes out once all the same."""
    pet = shop.put("Kim")
    shop.visits[pet] = [{"day": day} for day in range(5)]

    page = open_till(shop.by("localTicket")).first_page("listVisits", {"pet": pet})
    whole = open_till(shop.by("localTicket")).run("listVisits", {"pet": pet, "everything": True})

    assert "ticket=***" in page.next["link"]
    assert len(whole.data) == 5
    assert [asked.tickets for asked in shop.asked] == [[TICKET]] * 4


def test_a_user_cannot_give_another_key(open_till: Callable[..., Till], shop: PetShop) -> None:
    """A query of the user's own with the same name is left out: the connection says who calls."""
    open_till(shop.by("localTicket")).run(
        "callWhisker", {"path": "/branches?ticket=mine", "more": {"ticket": "too"}}
    )

    assert shop.asked[0].tickets == [TICKET]


def test_nothing_that_is_shown_has_a_secret(
    open_till: Callable[..., Till], shop: PetShop, given: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Logs, events, errors, replies and headers that echo the request are all without them."""
    caplog.set_level(logging.DEBUG)
    events: list[Any] = []
    told = " ".join(BY_KEY[given["key"]])
    good = json.dumps({"ok": True, "pets": []})
    is_ticket = given["key"] == "localTicket"
    echoed = f"/v2/pets?ticket={quote(TICKET, '')}" if is_ticket else f"Basic {BASIC}"
    where = (("Location", echoed), ("X-Asked", echoed))
    shop.mishaps += [
        Mishap(status=302, text=told, headers=where),
        Mishap(status=200, text=good, headers=where),
    ]
    till = open_till(given, on_event=events.append)

    with pytest.raises(ConnectorError) as caught:
        till.run("listPets", {"talkative": True})
    result = till.run("listPets", {"talkative": True})

    error = caught.value
    shown = [
        str(error),
        repr(error),
        json.dumps(error.to_dict(), default=str),
        repr(vars(error)),
        caplog.text,
    ]
    shown += [repr(events), json.dumps(result.to_dict(), default=str), repr(result.attempts)]
    assert [leaks(text) for text in shown] == [[]] * len(shown)


def test_a_preview_shows_a_mask(component: Component, given: dict[str, Any]) -> None:
    """The request, its curl command and its JSON have `***` where the secret goes out."""
    plan = component.request("listPets", {}, given)

    shown = [str(plan), plan.curl(), json.dumps(plan.to_dict()), repr(plan)]
    assert [leaks(text) for text in shown] == [[]] * 4
    assert (
        "ticket=***" in plan.url if given["key"] == "localTicket" else plan.headers["Authorization"] == "***"
    )


def test_an_address_within_an_address_shows_no_key(
    open_till: Callable[..., Till], shop: PetShop, caplog: pytest.LogCaptureFixture
) -> None:
    """A vendor that sends its own address along, escaped once more, tells nobody the key in it."""
    caplog.set_level(logging.DEBUG)
    twice = quote(quote(TICKET, ""), "")
    told = f"log in at https://login.example/?next={twice} or {TICKET.replace('+', '&#43;')}"
    shop.mishaps.append(
        Mishap(status=400, text=json.dumps({"ok": False, "error": {"code": "x", "text": told}}))
    )

    with pytest.raises(ConnectorError) as caught:
        open_till(shop.by("localTicket")).run("listPets", {"talkative": True})

    assert str(caught.value).count("***") == 2
    for shown in (str(caught.value), json.dumps(caught.value.to_dict(), default=str), caplog.text):
        assert twice not in shown
        assert "&#43;" not in shown


def leaks(text: str) -> list[str]:
    """Return the secrets that a text holds."""
    return [secret for secret in SECRETS if secret in text]


def test_a_name_with_a_colon_is_refused(component: Component, shop: PetShop) -> None:
    """The colon ends the name: what stands behind it would become part of the password."""
    given = shop.by("localMember")

    with pytest.raises(ConnectorError, match="Member"):
        component.session({**given, "fields": {**given["fields"], "member": "ada:lace"}})
