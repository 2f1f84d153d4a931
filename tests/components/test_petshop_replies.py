"""Replies of the second vendor's desk: a login and a renewal understand each of them alike."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from components.petshop_server import Mishap, PetShop
from components.test_petshop_login import BACK, form, visit
from connector_runtime.access.token_replies import REPLY_MAX_BYTES
from connector_runtime.base.values import Secret
from connector_runtime.errors import ConnectionProblem, ConnectorError, ReconnectNeeded
from connector_runtime.logins import Logins
from connector_runtime.stores import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from components.conftest import Till
    from connector_runtime import Component
    from connector_runtime.testing.cases import StillClock

LONG = "x" * REPLY_MAX_BYTES
TOKEN = {"access_token": "a-new-token", "refresh_token": "a-new-grant", "expires_in": 600}
REPLIES: dict[str, tuple[int, str, str]] = {
    "a token": (200, json.dumps(TOKEN), "good"),
    "a token with status 201": (201, json.dumps(TOKEN), "good"),
    "half a character beside it": (200, json.dumps({**TOKEN, "member": "\ud800"}), "good"),
    "a line break in the token": (200, json.dumps({**TOKEN, "access_token": "a\r\nX-Evil: 1"}), "contract"),
    "a line break in the grant": (200, json.dumps({**TOKEN, "refresh_token": "a\nb"}), "contract"),
    "half a character in the token": (200, json.dumps({**TOKEN, "access_token": "a\ud800"}), "contract"),
    "half a character in the grant": (200, json.dumps({**TOKEN, "refresh_token": "a\ud800"}), "contract"),
    "a token in letters of no header": (200, json.dumps({**TOKEN, "access_token": "tökén"}), "contract"),
    "a blank after the token": (200, json.dumps({**TOKEN, "access_token": "a "}), "contract"),
    "a number for a token": (200, json.dumps({**TOKEN, "access_token": 7}), "contract"),
    "a list for a grant": (200, json.dumps({**TOKEN, "refresh_token": ["a"]}), "contract"),
    "true for a grant": (200, json.dumps({**TOKEN, "refresh_token": True}), "contract"),
    "a token of nine thousand letters": (200, json.dumps({**TOKEN, "access_token": "a" * 9_000}), "contract"),
    "a grant of nine thousand letters": (
        200,
        json.dumps({**TOKEN, "refresh_token": "a" * 9_000}),
        "contract",
    ),
    "256 KiB beside the token": (200, json.dumps({**TOKEN, "more": LONG}), "contract"),
    "the token twice": (200, '{"access_token": "a", "access_token": "b", "refresh_token": "c"}', "contract"),
    "a list": (200, "[]", "contract"),
    "no JSON": (200, "<html>Welcome</html>", "contract"),
    "a word of the component's": (200, '{"error": "grant_gone"}', "auth_revoked"),
    "a word of the standard's": (400, '{"error": "invalid_client"}', "config"),
    "a word of nobody's": (400, '{"error": "out_of_tea"}', "server"),
    "the component's word in an outage": (503, '{"error": "grant_gone"}', "server"),
    "an outage of 300 KB": (502, LONG + LONG, "server"),
    "too many": (429, "slow down", "auth_throttled"),
}


def dead(shop: PetShop) -> dict[str, Any]:
    """Return a connection whose token has ended."""
    connection = shop.by_login()
    connection["token"] |= {"expires_at": 1.0, "member": "m-7"}
    return {**connection, "name": "ada"}


@pytest.mark.plan("S-144")
@pytest.mark.parametrize("name", REPLIES)
def test_a_login_refuses_what_a_renewal_refuses(
    any_till: Callable[..., Till], component: Component, shop: PetShop, clock: StillClock, name: str
) -> None:
    """One reader: what comes of a reply does not depend on what was asked."""
    status, text, wanted = REPLIES[name]
    logins = Logins(component.model, clock=clock)
    begun = logins.begin(form(shop), BACK)
    query = visit(begun.url)

    def outcome(asking: Callable[[], Any]) -> str:
        shop.mishaps[:] = [Mishap(status=status, text=text)] * 20
        try:
            asking()
        except ConnectorError as problem:
            return problem.kind
        finally:
            shop.mishaps.clear()
        return "good"

    till = any_till("sync", dead(shop))
    renew = till.session._driver  # type: ignore[union-attr]
    by_login = outcome(lambda: logins.finish(form(shop), begun, query))
    by_renewal = outcome(lambda: renewed(till, renew))

    assert (by_login, by_renewal) == (wanted, wanted)


def renewed(till: Till, driver: Any) -> None:
    """Have a session's token renewed, and nothing else; raises what came instead."""
    from connector_runtime.conversation.tokens.renewal import Renewal

    session = till.session
    problem = driver.run(Renewal(session._channel, session._clock, session._random).run(60.0))
    if problem is not None:
        raise problem


@pytest.mark.plan("S-141")
def test_no_rule_can_end_a_connection_in_an_outage(
    open_till: Callable[..., Till], shop: PetShop, clock: StillClock
) -> None:
    """The component's own word for the end, with a status that says "not now": the permission is still good."""
    store = MemoryStore()
    shop.mishaps[:] = [Mishap(status=status, text='{"error": "grant_gone"}') for status in (500, 503, 429)]

    till = open_till(dead(shop), token_store=store)

    assert till.run("getPet", {"pet": "p-1001"}).data["name"] == "Ada"
    assert len(clock.waits) == 3
    ((_, entry),) = store._entries.items()
    assert set(entry.document) == {"token"}


@pytest.mark.plan("S-143")
def test_a_login_without_a_refresh_token_is_refused(
    component: Component, shop: PetShop, clock: StillClock
) -> None:
    """Its connection would end within minutes: the person is told what the login page must ask for."""
    logins = Logins(component.model, clock=clock)
    begun = logins.begin(form(shop), BACK)
    shop.desk.refresh_token = ""

    with pytest.raises(ConnectionProblem) as caught:
        logins.finish(form(shop), begun, visit(begun.url))

    assert caught.value.kind == "config"
    assert "offline access" in str(caught.value.hint)
    assert "consent" in str(caught.value.hint)


@pytest.mark.plan("S-143")
def test_a_client_of_its_own_needs_no_refresh_token(
    component: Component, shop: PetShop, clock: StillClock
) -> None:
    """It asks for another token whenever it wants one."""
    connection = Logins(component.model, clock=clock).as_client(form(shop, "localRobot"))

    assert "refresh_token" not in connection["token"]


def test_a_robot_survives_a_stumble(open_till: Callable[..., Till], shop: PetShop, clock: StillClock) -> None:
    """A client's own token is asked for again, too, and its refusal ends nothing."""
    connection = {**form(shop, "localRobot"), "token": {"access_token": "old", "expires_at": 1.0}}
    shop.mishaps[:] = [Mishap(status=503, text='{"error": "grant_gone"}')]

    assert open_till(connection).check().data["you"] == "me"
    assert len(clock.waits) == 1


def test_an_outage_leaves_what_was_to_be_given_back(
    component: Component, shop: PetShop, clock: StillClock
) -> None:
    """A vendor that stumbles has taken nothing back, and nobody is told that the token was bad."""
    shop.mishaps[:] = [Mishap(status=503, text='{"error": "grant_gone"}')]

    with pytest.raises(ConnectorError) as caught:
        Logins(component.model, clock=clock).revoke(shop.by_login())

    assert caught.value.kind == "server"
    assert Logins(component.model, clock=clock).revoke(shop.by_login()) is True


def test_a_token_that_is_no_good_any_more_is_said_to_be_none(
    component: Component, shop: PetShop, clock: StillClock
) -> None:
    """Vendors that do not answer as the standard wants say so in these words."""
    shop.mishaps[:] = [Mishap(status=400, text='{"error": "invalid_token"}')]

    assert Logins(component.model, clock=clock).revoke(shop.by_login()) is False


@pytest.mark.plan("S-146")
@pytest.mark.parametrize("member", ["access_token", "refresh_token"])
@pytest.mark.parametrize(
    "value", ["half \ud800", "a\r\nb", "tökén", " a", 7, ["a"], {"a": 1}, True, "a" * 9_000]
)
def test_a_connection_with_a_token_that_cannot_be_sent_is_refused(
    component: Component, shop: PetShop, member: str, value: Any
) -> None:
    """A platform hears it when it opens the session, not as a foreign exception in the middle of a call."""
    connection = shop.by_login()
    connection["token"][member] = value

    with pytest.raises(ConnectionProblem) as caught:
        component.session(connection)

    assert (caught.value.kind, member in caught.value.message) == ("config", True)
    assert "half" not in caught.value.message


@pytest.mark.plan("S-146")
def test_a_code_with_half_a_character_is_refused(component: Component, shop: PetShop) -> None:
    """Whatever a person pastes, nothing is sent, and the refusal is in our words."""
    with pytest.raises(ConnectionProblem):
        Logins(component.model).with_code(form(shop), Secret("half \ud800"))

    assert shop.asked == []


def test_a_permission_that_is_gone_is_still_gone(open_till: Callable[..., Till], shop: PetShop) -> None:
    """The desk's own word, in a refusal: one request, and a person is asked for."""
    shop.desk.refresh_token = "another"

    with pytest.raises(ReconnectNeeded):
        open_till(dead(shop)).run("getPet", {"pet": "p-1001"})

    assert [one.path for one in shop.asked] == ["/login/token"]
