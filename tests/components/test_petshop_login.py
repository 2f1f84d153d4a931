"""Logging in to the second vendor: codes with and without proof, robots, sites, giving back.

Not a line of the runtime was written for it; the shop's desk stands on loopback.
"""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from components.petshop_desk import CLIENT, REFRESH_TOKEN
from components.petshop_server import PETSHOP, PetShop, open_shop
from connector_runtime import Component, ConnectionProblem
from connector_runtime.conversation.tokens.oauth import Authorization, challenge_of
from connector_runtime.logins import Logins

if TYPE_CHECKING:
    from pathlib import Path

    from connector_runtime.testing.cases import StillClock

BACK = "https://platform.example/callback"


@pytest.fixture
def logins(component: Component, clock: StillClock) -> Logins:
    """Logins at a known time."""
    return Logins(component.model, clock=clock)


def form(shop: PetShop, key: str = "localLogin", **fields: Any) -> dict[str, Any]:
    """Return a connection as a person has filled it in."""
    client_id, client_secret = CLIENT
    return {
        "key": key,
        "name": "ada",
        "fields": {"port": shop.port, "clientId": client_id, "clientSecret": client_secret, **fields},
    }


def visit(url: str) -> str:
    """Go to the login page as a browser does; returns the query it sends the person back with."""
    place = urlsplit(url)
    line = http.client.HTTPConnection(place.netloc, timeout=10)
    line.request("GET", f"{place.path}?{place.query}")
    target = line.getresponse().getheader("Location", "")
    line.close()
    assert target.startswith(BACK + "?")
    return urlsplit(target).query


def sent_form(shop: PetShop) -> dict[str, str]:
    """Return the fields of the last request."""
    return dict(parse_qsl(shop.asked[-1].body.decode()))


def test_a_login_becomes_a_connection(
    component: Component, logins: Logins, shop: PetShop, clock: StillClock
) -> None:
    """The code that comes back is exchanged, and the connection has token, context and all."""
    begun = logins.begin(form(shop), BACK)

    connection = logins.finish(form(shop), begun, visit(begun.url))

    assert connection["token"] == {
        "access_token": "token-1",
        "refresh_token": REFRESH_TOKEN,
        "expires_in": 600,
        "token_type": "Bearer",
        "member": "m-7",
        "issued_at": 1_750_000_000,
    }
    assert connection["context"] == {"site": "Here"}
    assert connection["name"] == "ada"
    with component.session(connection, clock=clock) as session:
        assert session.check().data == {"ok": True, "you": "me"}


def test_the_login_page_is_told_all_it_needs(logins: Logins, shop: PetShop) -> None:
    """The address has the fixed parameters of the file, the standard's, and a proof of the exchange."""
    begun = logins.begin(form(shop), BACK)

    asked = {name: values[0] for name, values in parse_qs(urlsplit(begun.url).query).items()}
    assert begun.verifier is not None
    assert asked == {
        "prompt": "consent",
        "response_type": "code",
        "client_id": CLIENT[0],
        "redirect_uri": BACK,
        "scope": "pets.read pets.write",
        "state": begun.state,
        "code_challenge": challenge_of(begun.verifier),
        "code_challenge_method": "S256",
    }


def test_the_proof_is_sent_with_the_code(logins: Logins, shop: PetShop) -> None:
    """A vendor that offers PKCE gets the verifier; a code without it is worth nothing."""
    begun = logins.begin(form(shop), BACK)
    query = visit(begun.url)
    stolen = Authorization(begun.url, begun.redirect_uri, begun.state)

    with pytest.raises(ConnectionProblem):
        logins.finish(form(shop), stolen, query)

    assert "code_verifier" not in sent_form(shop)
    logins.finish(form(shop), begun, visit(begun.url))
    assert sent_form(shop)["code_verifier"] == begun.verifier.reveal()  # type: ignore[union-attr]


def test_a_vendor_without_proofs_gets_none(shop: PetShop, tmp_path: Path) -> None:
    """A connection that does not name `pkce` sends no challenge and no verifier."""
    file = PETSHOP / "connections" / "localLogin.yaml"
    (tmp_path / "connections").mkdir()
    text = file.read_text().replace("authorization_code, pkce, refresh_token", "authorization_code")
    (tmp_path / "connections" / file.name).write_text(text)
    logins = Logins(Component.load(PETSHOP, tmp_path).model)

    begun = logins.begin(form(shop), BACK)
    connection = logins.finish(form(shop), begun, visit(begun.url))

    assert "code_challenge" not in begun.url
    assert "code_verifier" not in sent_form(shop)
    assert connection["token"]["access_token"] == "token-1"


def test_a_platform_may_wait_in_between(logins: Logins, shop: PetShop) -> None:
    """What must be remembered until the person is back can be kept as JSON."""
    begun = logins.begin(form(shop), BACK)

    again = Authorization.from_dict(begun.to_dict())

    assert again == begun
    assert logins.finish(form(shop), again, visit(begun.url))["token"]["access_token"] == "token-1"


def test_every_login_has_secrets_of_its_own(logins: Logins, shop: PetShop) -> None:
    """Neither state nor verifier is ever used twice, and both are hard to guess."""
    first, second = (logins.begin(form(shop), BACK) for _ in range(2))

    assert first.state != second.state
    assert first.verifier != second.verifier
    assert len(first.state) >= 43


def test_a_person_of_another_site_is_followed_there(
    component: Component, logins: Logins, shop: PetShop, clock: StillClock
) -> None:
    """The callback's site is a row of the connection: code and secret go there and nowhere else."""
    with open_shop() as south:
        south.desk.codes = shop.desk.codes
        shop.desk.site = "South"
        given = form(shop, southPort=south.port)
        begun = logins.begin(given, BACK)

        connection = logins.finish(given, begun, visit(begun.url))

        assert [one.path for one in shop.asked] == ["/login/authorize"]
        assert [one.path for one in south.asked] == ["/login/token"]
        with component.session(connection, clock=clock) as session:
            session.check()
        assert [one.path for one in south.asked] == ["/login/token", "/v2/me"]


def test_a_site_that_is_in_no_row_gets_nothing(logins: Logins, shop: PetShop) -> None:
    """A callback that names a foreign place is refused before code or secret are sent."""
    shop.desk.site = "http://127.0.0.1.example.com"
    begun = logins.begin(form(shop), BACK)
    query = visit(begun.url)

    with pytest.raises(ConnectionProblem, match="not in the list"):
        logins.finish(form(shop), begun, query)

    assert [one.path for one in shop.asked] == ["/login/authorize"]


def test_a_person_who_says_no_is_understood(logins: Logins, shop: PetShop) -> None:
    """A refusal at the login page is said in plain words, and nothing is exchanged."""
    shop.desk.answers = False
    begun = logins.begin(form(shop), BACK)
    query = visit(begun.url)

    with pytest.raises(ConnectionProblem, match="The permission was not given") as caught:
        logins.finish(form(shop), begun, query)

    assert (caught.value.kind, caught.value.code) == ("permission", "access_denied")
    assert [one.path for one in shop.asked] == ["/login/authorize"]


def test_a_code_works_once(logins: Logins, shop: PetShop) -> None:
    """A refusal with status 200 is a refusal, and says what is wrong with the code."""
    begun = logins.begin(form(shop), BACK)
    query = visit(begun.url)
    logins.finish(form(shop), begun, query)

    with pytest.raises(ConnectionProblem, match="The code is not accepted") as caught:
        logins.finish(form(shop), begun, query)

    assert (caught.value.kind, caught.value.status) == ("auth_revoked", 200)


def test_secrets_travel_in_form_bodies_only(logins: Logins, shop: PetShop) -> None:
    """Neither code nor secrets stand in an address or a header of what the runtime sends."""
    begun = logins.begin(form(shop), BACK)
    connection = logins.finish(form(shop), begun, visit(begun.url))
    logins.revoke(connection)

    exchanged, revoked = shop.asked[1:]
    assert [one.path for one in (exchanged, revoked)] == ["/login/token", "/login/revoke"]
    for one in (exchanged, revoked):
        assert one.query == {}
        assert not {CLIENT[1], "code-1", REFRESH_TOKEN} & set(one.headers.values())


def test_a_robot_needs_no_person(
    component: Component, logins: Logins, shop: PetShop, clock: StillClock
) -> None:
    """Where the vendor offers it, the client itself gets a token for the scopes of the file."""
    connection = logins.as_client(form(shop, "localRobot"))

    assert sent_form(shop) == {
        "grant_type": "client_credentials",
        "scope": "pets.read",
        "client_id": CLIENT[0],
        "client_secret": CLIENT[1],
    }
    with component.session(connection, clock=clock) as session:
        assert session.check().data["you"] == "me"


def test_a_stranger_among_robots_is_refused(logins: Logins, shop: PetShop) -> None:
    """What the connection's own rules say of a refusal is what is said."""
    with pytest.raises(ConnectionProblem, match="The shop does not know this robot"):
        logins.as_client(form(shop, "localRobot", clientSecret="wrong"))


def test_a_token_is_given_back(logins: Logins, shop: PetShop) -> None:
    """The token that renews is taken back; a second time there is nothing left to take."""
    begun = logins.begin(form(shop), BACK)
    connection = logins.finish(form(shop), begun, visit(begun.url))

    assert logins.revoke(connection) is True
    assert sent_form(shop)["token"] == REFRESH_TOKEN
    assert shop.desk.tokens == set()
    assert logins.revoke(connection) is False


def test_a_vendor_that_takes_nothing_back_is_named(shop: PetShop, tmp_path: Path) -> None:
    """Without an address to give tokens back to, that is what is said."""
    file = PETSHOP / "fragments" / "application.yaml"
    (tmp_path / "fragments").mkdir()
    lines = [line for line in file.read_text().splitlines() if "revokeUrl" not in line]
    (tmp_path / "fragments" / file.name).write_text("\n".join(lines) + "\n")
    logins = Logins(Component.load(PETSHOP, tmp_path).model)

    with pytest.raises(Exception, match="no way to give a token back"):
        logins.revoke(logins.as_client(form(shop, "localRobot")))


def test_a_connection_with_a_key_has_no_login(logins: Logins, shop: PetShop) -> None:
    """Asking for a login where there is none is a matter of configuration."""
    for connection in (shop.by_key(), form(shop, "localRobot")):
        with pytest.raises(ConnectionProblem, match="has no login") as caught:
            logins.begin(connection, BACK)

        assert caught.value.kind == "config"


@pytest.mark.parametrize(
    "address",
    [
        "http://platform.example/callback",
        "https://user@platform.example/callback",
        "https://platform.example/callback#here",
        "http://127.0.0.1.example.com/callback",
        "http://127.0.0.1@example.com/callback",
        "javascript:alert(1)",
        "https:///callback",
        "",
    ],
)
def test_people_are_sent_back_to_safe_places_only(logins: Logins, shop: PetShop, address: str) -> None:
    """A redirect address is https, or http on this machine."""
    with pytest.raises(ConnectionProblem, match="redirect URI"):
        logins.begin(form(shop), address)


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8976/callback", "http://localhost:1/x", "http://[::1]:8976/", BACK]
)
def test_this_machine_is_a_safe_place(logins: Logins, shop: PetShop, address: str) -> None:
    """A program on a person's own machine receives the answer over loopback."""
    assert logins.begin(form(shop), address).redirect_uri == address
