"""Where a token goes is decided by a closed table, whatever a callback, a reply or a form says."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from canaries import canary
from connector_runtime.access.connections import Connection
from connector_runtime.errors import ConnectionProblem
from connector_runtime.session.session import Options, Session
from connector_runtime.testing.cases import Script, ScriptedSender, StillClock
from tokens.scene import component

KEY = "zohoTemplatedConnection"
ENDINGS = [
    "com@evil.example", "com.evil.example", "com/", "com/.evil.example", "com#", "com#@evil.example", "com?",
    "com:443@evil.example", "com:8443", "com:443", "com.", "com..", "com\\@evil.example", "com%2eevil.example",
    "com%00", "com\x00.evil.example", "com\t", "com\n.evil.example", "com\r\nHost: evil.example", "com ", " com",
    "COM", "c\u043em", "com\u3002evil.example", "com\uff0eevil.example", "com\u2024evil.example", "xn--com", "co",
    "comm", "com-evil.example", "com_", "*", "com;evil.example", "com,evil.example", "com&x=", "{dc}", "${ 1 }", "../evil",
]  # fmt: skip
WHOLE = [
    "http://{host}com", "HTTPS://{host}com", "https:/{host}com", "https:{host}com", "//{host}com", "{host}com",
    "https://evil.example", "https://evil.example/{host}com", "https://user:pass@{host}com", "https://127.0.0.1",
    "https://2130706433", "https://0x7f.1", "https://[::1]", "https://localhost", "https://169.254.169.254", "ftp://{host}com",
    "file:///etc/passwd", "javascript:alert(1)", "data:,x", "https://", "https://.", "https://{host}com.evil.example/{host}com",
    "gopher://{host}com", "https://{host}", "about:blank", "https://{host}com, https://evil.example", "x" * 5000,
    "https://" + "a" * 300 + ".example", "https://{host}com\ud800",
]  # fmt: skip
HOSTS = {"accounts-server": "accounts.zoho.", "api_domain": "www.zohoapis.", "zohoRegion": "accounts.zoho."}
VALUES = [
    (place, text)
    for place, host in HOSTS.items()
    for text in [
        *(f"https://{host}{ending}" for ending in ENDINGS),
        *(whole.format(host=host) if "{host}" in whole else whole for whole in WHOLE),
    ]
]
ODD = list(itertools.product(HOSTS, [7, True, ["https://accounts.zoho.com"], {"a": 1}, 1.5]))
LOCATIONS = [
    "evil",
    "us.evil.example",
    "../us",
    "US ",
    "us\n",
    "key",
    "__class__",
    "com@evil.example",
    "x" * 1000,
    7,
    ["us"],
]
TOKEN = {"status": 200, "json": {"access_token": "new", "expires_in": 3600}}
FOUND = {"status": 200, "json": {"users": []}}


def allowed() -> set[str]:
    """Return every origin of the component's table."""
    rows = component().model.tables["dataCenters"].values()
    return {row[column] for row in rows for column in ("accounts", "api")}


def sent_for(place: str, value: Any) -> list[str]:
    """Open a connection with a value in one place, use it, and return the origins that were sent to."""
    script = Script([TOKEN, FOUND])
    fields = {"clientId": "1000.CLIENT", "clientSecret": canary("client secret")}
    token: dict[str, Any] = {
        "access_token": canary("access token"),
        "refresh_token": canary("refresh token"),
        "expires_at": 1.0,
    }
    context: dict[str, Any] = {}
    {"zohoRegion": fields, "api_domain": token}.get(place, context)[place] = value
    given = {"key": KEY, "fields": fields, "token": token, "context": context}
    try:
        connection = Connection.from_dict(given)
        session = Session(
            component().model,
            connection,
            Options(clock=StillClock()),
            sender=ScriptedSender(script),  # type: ignore[arg-type]
        )
        session.check()
    except ConnectionProblem as refusal:
        return [] if (refusal.kind, script.sent) == ("config", []) else [f"{refusal.kind} after sending"]
    return ["/".join(outgoing.url.split("/")[:3]) for outgoing in script.sent]


@pytest.mark.plan("S-74")
@pytest.mark.parametrize("number", range(len(VALUES)))
def test_a_hostile_address_leads_nowhere(number: int) -> None:
    """It is refused before anything is sent, or means a place of the table after all."""
    origins = sent_for(*VALUES[number])

    assert set(origins) <= allowed()


@pytest.mark.plan("S-74")
@pytest.mark.parametrize(("place", "value"), ODD)
def test_an_address_that_is_no_text_leads_nowhere(place: str, value: Any) -> None:
    """Numbers, lists and maps where an address should be."""
    assert set(sent_for(place, value)) <= allowed()


@pytest.mark.plan("S-74")
@pytest.mark.parametrize("value", LOCATIONS)
def test_a_hostile_location_leads_nowhere(value: Any) -> None:
    """The word that names a data centre is looked up, never made part of a host."""
    assert set(sent_for("location", value)) <= allowed()


def test_there_are_enough_of_them() -> None:
    """At least two hundred values are tried."""
    assert len(VALUES) + len(ODD) + len(LOCATIONS) >= 200


@pytest.mark.parametrize("place", HOSTS)
def test_the_places_are_looked_at(place: str) -> None:
    """A good value in the same place leads to its own data centre: the tests above test something."""
    host = {"api_domain": "https://www.zohoapis.eu"}.get(place, "https://accounts.zoho.eu")

    assert sent_for(place, host) == ["https://accounts.zoho.eu", "https://www.zohoapis.eu"]
