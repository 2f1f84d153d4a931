"""`connect`: from a form to a connection that works, kept under a name."""

from __future__ import annotations

import json
import os
import re
import socket
import webbrowser
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from canaries import canary
from cli.conftest import CLIENT
from cli.visitor import ask
from components.petshop_desk import CLIENT as PET_CLIENT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ended, Vendor
    from cli.visitor import Visitor
    from components.petshop_server import PetShop

CONTACTS = "query=select Last_Name from Contacts where id is not null"


def test_a_person_connects_and_works(zoho: Callable[..., Ended], vendor: Vendor, visitor: Visitor) -> None:
    """Log in in the browser, come back, run an action: nothing else is needed."""
    ended = zoho(*vendor.words("--json"))

    shown = ended.json["connection"]
    assert (ended.code, shown["name"], shown["key"]) == (0, "sandbox", "sandbox")
    assert shown["chosen"] == {"dataCenter": {"key": "local", "name": "This computer"}}
    assert "clientSecret" not in shown["fields"]
    assert visitor.pages[-1][0] == 200
    assert "Connected" in visitor.pages[-1][1]
    ran = zoho("run", "crmRunQuery", "-i", CONTACTS, "--connection", "sandbox", "--json")
    assert (ran.code, ran.json["outcome"], ran.err) == (0, "done", "")


def test_the_redirect_address_is_said(zoho: Callable[..., Ended], vendor: Vendor, visitor: Visitor) -> None:
    """People are told what to register; it is where the login page sends them."""
    ended = zoho(*vendor.words())

    told = re.search(r"redirect URI to register with the vendor is (\S+)", ended.err)
    assert told is not None
    assert visitor.callback.startswith(told[1] + "?")
    assert urlsplit(told[1])[:3] == ("http", urlsplit(told[1]).netloc, "/callback")
    assert told[1].startswith("http://127.0.0.1:")


def test_the_usual_port_is_fixed(zoho: Callable[..., Ended]) -> None:
    """The address to register is always the same, unless another port is asked for."""
    ended = zoho("connect", "--help")

    assert "[default: 8976;" in ended.out


def test_the_login_is_proved(zoho: Callable[..., Ended], vendor: Vendor, visitor: Visitor) -> None:
    """The login page gets a state and a challenge, and no secret."""
    zoho(*vendor.words())

    asked = parse_qs(urlsplit(visitor.address).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["state"][0]) >= 43
    assert asked["access_type"] == ["offline"]
    assert vendor.secret not in visitor.address + visitor.callback


def test_the_last_page_has_no_code_in_its_address(
    zoho: Callable[..., Ended], vendor: Vendor, visitor: Visitor
) -> None:
    """The browser is sent on to a page whose address says nothing, and keeps neither page."""
    zoho(*vendor.words())

    assert [status for status, _ in visitor.pages] == [303, 200]
    assert "code" not in visitor.pages[-1][1].partition("</style>")[2]


def test_without_a_browser_the_address_is_printed(
    zoho: Callable[..., Ended], vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--no-browser opens nothing; who does not log in in time is told so."""
    monkeypatch.setattr(webbrowser, "open", lambda url: pytest.fail("no browser was wanted"))

    ended = zoho(*vendor.words("--no-browser", "--wait", "1", "--json"))

    assert (ended.code, ended.error["kind"]) == (1, "timeout")
    assert f"\nhttp://127.0.0.1:{vendor.port}/oauth/v2/auth?" in ended.err
    assert zoho("connections", "--json").json == []


def test_who_rejects_is_not_connected(zoho: Callable[..., Ended], vendor: Vendor, visitor: Visitor) -> None:
    """A person who says no ends the login; terminal and page say what that means."""
    visitor.decision = "reject"

    ended = zoho(*vendor.words("--json"))

    assert (ended.code, ended.error["kind"], ended.error["code"]) == (1, "permission", "access_denied")
    assert "The permission was not given" in visitor.pages[-1][1]
    assert vendor.asked("/oauth/v2/token") == 0
    assert zoho("connections", "--json").json == []


def test_a_wrong_secret_is_said(
    zoho: Callable[..., Ended], vendor: Vendor, visitor: Visitor, monkeypatch
) -> None:
    """What the vendor answers with status 200 is still a refusal."""
    monkeypatch.setenv("ZOHO_CLIENT_SECRET", canary("wrong client secret"))

    ended = zoho(*vendor.words("--json"))

    assert (ended.code, ended.error["kind"], ended.error["code"]) == (1, "config", "invalid_client_secret")
    assert "Not connected" in visitor.pages[-1][1]


@pytest.mark.plan("S-143")
def test_a_login_without_a_refresh_token_keeps_nothing(
    zoho: Callable[..., Ended], vendor: Vendor, visitor: Visitor
) -> None:
    """The browser's page and the command say what the login page must ask for."""
    reply = {"access_token": canary("access token"), "expires_in": 3600}
    vendor.sandbox.faults(fault="body", path="/oauth/v2/token", body=reply, status=200)

    ended = zoho(*vendor.words("--json"))

    assert (ended.code, ended.error["kind"]) == (1, "config")
    assert "offline access" in ended.error["hint"]
    assert "Not connected" in visitor.pages[-1][1]
    assert zoho("connections", "--json").json == []


def test_a_code_from_the_console_needs_no_browser(
    zoho: Callable[..., Ended], vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--self-client exchanges a code of the vendor's console; - reads it from standard input."""
    first = vendor.sandbox.self_client_code(["ZohoCRM.modules.ALL"], client_id=CLIENT)
    second = vendor.sandbox.self_client_code(["ZohoCRM.modules.ALL"], client_id=CLIENT)

    typed = zoho(*vendor.words("--self-client", first, "--json"))
    monkeypatch.setenv("ZOHO_CLIENT_SECRET", vendor.secret)
    piped = zoho(*vendor.words("--self-client", "-", "--name", "piped", "--json"), stdin=f"{second}\n")
    again = zoho(*vendor.words("--self-client", first, "--json"))

    assert typed.json["connection"]["scopes"] == ["ZohoCRM.modules.ALL"]
    assert piped.json["connection"]["name"] == "piped"
    assert (again.code, again.error["kind"]) == (1, "auth_revoked")
    assert "The code is not accepted" in again.error["message"]


def test_a_connection_has_a_name(zoho: Callable[..., Ended], vendor: Vendor, visitor: Visitor) -> None:
    """--name keeps it under another name; without a key the component's own is taken."""
    zoho(*vendor.words("--name", "customer-7"))

    assert [one["name"] for one in zoho("connections", "--json").json] == ["customer-7"]


def test_connecting_again_needs_no_form(zoho: Callable[..., Ended], vendor: Vendor, visitor: Visitor) -> None:
    """What was filled in before is still known; only the login is done anew."""
    zoho(*vendor.words("-i", "organizationId=10234999"))
    assert "ZOHO_CLIENT_SECRET" not in os.environ

    ended = zoho("connect", "sandbox", "--port", "0", "--json")

    assert (ended.code, ended.json["connection"]["fields"]["organizationId"]) == (0, "10234999")


def test_the_only_organisation_is_chosen(
    zoho: Callable[..., Ended], vendor: Vendor, visitor: Visitor
) -> None:
    """An account with one organisation needs no question."""
    user = next(vendor.sandbox.state.scan("sandbox/users"))
    vendor.sandbox.state.put("sandbox/users", user["id"], {**user, "organization_ids": ["10234999"]})

    ended = zoho(*vendor.words("--json"))

    assert ended.json["connection"]["fields"]["organizationId"] == "10234999"
    assert "Organization ID: 10234999 (Bowman Lighting)" in ended.err


def test_several_organisations_are_listed(
    zoho: Callable[..., Ended], vendor: Vendor, visitor: Visitor
) -> None:
    """Where nobody can answer, the organisations are listed, and how to choose one."""
    ended = zoho(*vendor.words("--json"))

    assert ended.code == 0
    assert "10234695  Bowman Furniture" in ended.err
    assert "10234999  Bowman Lighting" in ended.err
    assert "connections set sandbox organizationId=" in ended.err
    assert "organizationId" not in ended.json["connection"]["fields"]


def test_an_organisation_that_is_not_there_is_said(
    zoho: Callable[..., Ended], vendor: Vendor, visitor: Visitor
) -> None:
    """One that the account does not have is not kept."""
    ended = zoho(*vendor.words("-i", "organizationId=1", "--json"))

    assert "the account has no 1." in ended.err
    assert "organizationId" not in ended.json["connection"]["fields"]


def test_organisations_that_cannot_be_read_stop_nobody(
    zoho: Callable[..., Ended], vendor: Vendor, visitor: Visitor
) -> None:
    """Without the scope for it the connection is kept as it is filled in."""
    scopes = "scopes=ZohoCRM.modules.ALL"

    ended = zoho(*vendor.words("-i", scopes, "-i", "organizationId=10234999", "--json"))

    assert (ended.code, ended.json["connection"]["fields"]["organizationId"]) == (0, "10234999")
    assert "Organization ID: what there is cannot be read." in ended.err


def test_a_port_that_is_taken_is_said(zoho: Callable[..., Ended], vendor: Vendor, visitor: Visitor) -> None:
    """Another program on the port is no traceback: the words name --port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        ended = zoho(*vendor.words("--json", "--port", str(port)))

    assert (ended.code, ended.error["kind"]) == (1, "config")
    assert "--port" in ended.error["hint"]
    assert visitor.address == ""


def test_fields_come_from_a_file(
    zoho: Callable[..., Ended], vendor: Vendor, visitor: Visitor, folder: Path
) -> None:
    """--inputs has the whole form, secret and all, as a file or from standard input."""
    fields = {"port": vendor.port, "clientId": CLIENT, "clientSecret": vendor.secret}
    (folder / "form.given.json").write_text(json.dumps(fields))

    filed = zoho("connect", "sandbox", "--inputs", "form.given.json", "--port", "0")
    piped = zoho("connect", "sandbox", "--inputs", "-", "--port", "0", stdin=json.dumps(fields))

    assert (filed.code, piped.code) == (0, 0)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("connect", "sandbx"), "Did you mean `sandbox`?"),
        (("connect", "sandbox", "-i", "prot=1"), "Did you mean `port`?"),
        (("connect", "sandbox", "-i", "clientSecret=x"), "is a secret"),
        (("connect", "sandbox"), "Port is missing: add -i port="),
        (
            ("connect", "sandbox", "-i", "port=1", "-i", "clientId=x"),
            "the environment variable ZOHO_CLIENT_SECRET",
        ),
        (("connect", "--port", "70000"), "--port"),
        (("connect", "--wait", "0"), "--wait"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_form_that_is_filled_in_wrongly_is_wrong_use(
    zoho: Callable[..., Ended], words: tuple[str, ...], says: str
) -> None:
    """Misspelt, secret or missing fields are refused before anything is asked of the vendor."""
    ended = zoho(*words, "--json")

    assert (ended.code, ended.error["kind"]) == (2, "input")
    assert says in ended.error["message"]


def test_a_place_that_is_not_the_vendors_is_refused(
    zoho: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, visitor: Visitor
) -> None:
    """A region that stands in no table ends the login before a browser opens."""
    monkeypatch.setenv("ZOHO_CLIENT_SECRET", canary())

    ended = zoho("connect", "-i", "zohoRegion=https://accounts.zoho.example", "-i", "clientId=x", "--json")

    assert (ended.code, ended.error["kind"]) == (1, "config")
    assert visitor.address == ""


def test_a_robot_connects_without_a_browser(
    pets: Callable[..., Ended], shop: PetShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the vendor gives tokens to the client itself, nobody has to log in."""
    monkeypatch.setenv("PETSHOP_CLIENT_SECRET", PET_CLIENT[1])
    words = ("-i", f"port={shop.port}", "-i", f"clientId={PET_CLIENT[0]}")

    ended = pets("connect", "localRobot", *words, "--json")
    ran = pets("run", "getPet", "-i", "pet=p-1002", "-i", "branch=17", "--connection", "localRobot", "--json")

    assert (ended.code, ended.json["connection"]["scopes"]) == (0, ["pets.read"])
    assert ran.json["data"]["name"] == "Rex"
    shop.desk.tokens.clear()
    again = pets(
        "run", "getPet", "-i", "pet=p-1002", "-i", "branch=17", "--connection", "localRobot", "--json"
    )
    assert [attempt["why"] for attempt in again.json["attempts"]] == ["first", "token"]


def test_a_key_is_a_connection_too(
    pets: Callable[..., Ended], shop: PetShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection without a login is filled in and kept."""
    monkeypatch.setenv("PETSHOP_API_KEY", shop.by_key()["fields"]["apiKey"])

    ended = pets("connect", "localKey", "-i", f"port={shop.port}", "--name", "desk")
    tested = pets("connections", "test", "desk")

    assert (ended.code, tested.code, tested.out) == (0, 0, "desk works.\n")


def test_the_second_vendor_has_one_branch(
    pets: Callable[..., Ended], shop: PetShop, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is chosen after a login is declared: a branch here, an organisation there."""
    monkeypatch.setenv("PETSHOP_CLIENT_SECRET", PET_CLIENT[1])
    words: Any = ("-i", f"port={shop.port}", "-i", f"clientId={PET_CLIENT[0]}", "--port", "0")

    ended = pets("connect", "localLogin", *words, "--json")

    assert ended.json["connection"]["fields"]["branch"] == "17"
    assert "Branch: 17 (Old Town)" in ended.err


def test_the_page_cannot_be_reached_afterwards(
    zoho: Callable[..., Ended], vendor: Vendor, visitor: Visitor
) -> None:
    """When the login has ended nobody listens any more."""
    zoho(*vendor.words())

    with pytest.raises(ConnectionRefusedError):
        ask(visitor.callback)
