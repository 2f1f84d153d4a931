"""Where a login may lead: to rows of the table, whatever the callback or the token says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

from canaries import canary
from connector_runtime import ConnectionProblem
from connector_runtime.base.values import Secret
from connector_runtime.logins import Logins

if TYPE_CHECKING:
    from connector_runtime import Component

BACK = "https://platform.example/callback"
CODE = canary("grant code")
SECRET = canary("client secret")

# Other spellings of `host`; none of them is what the vendor sends.
DISGUISES = (
    "http://{host}", "{host}", "//{host}", "https:{host}", "https:/{host}", "https:///{host}", "ftp://{host}",
    "https://{host}.evil.test", "https://{host}.evil.test/", "https://evil.test/{host}", "https://evil.test?{host}",
    "https://evil.test#{host}", "https://{host}@evil.test", "https://{host}:443@evil.test", "https://user@{host}",
    "https://user:pw@{host}", "https://@{host}", "https://{host}:443", "https://{host}:8443", "https://{host}:",
    "https://{host}.", "https://.{host}", "https://{host}..", "https://www.{host}", "https://x.{host}",
    "https://{host}%2eevil.test", "https://{host}%00.evil.test", "https://{host}%40evil.test", "https://evil%2etest",
    "https://{host}\\@evil.test", "https://{host}\\.evil.test", "https:\\\\{host}", "https://evil.test\\{host}",
    "https://{host}#", "https://{host}#@evil.test", "https://{host};evil.test", "https://{host},evil.test",
    "https://{host} evil.test", " https://{host}", "https://{host} ", "https://{host}\t", "https://{host}\n",
    "https://{host}\r\nHost: evil.test", "https://{host}\x00", "https://[::1]", "https://[::ffff:127.0.0.1]",
    "https://127.0.0.1", "https://2130706433", "https://0x7f000001", "https://0177.0.0.1", "https://localhost",
    "https://169.254.169.254", "https://10.0.0.1", "https://[{host}]", "https://\uff45vil.test", "https://{wide}",
    "https://{cyrillic}", "https://xn--{host}", "https://{host}/", "javascript:alert(1)//{host}", "data:,{host}",
    "file://{host}/etc/passwd", "https://", "https:", "", "null", "https://{dashed}", "https://{short}",
    "https://{host}{host}", "https://{long}.{host}", "https://accounts.zoho.evil", "https://accounts.zoho",
    "https://zoho.com", "https://accounts-zoho.com", "https://accountszoho.com",
)  # fmt: skip
HOSTS = {"accounts-server": "accounts.zoho.com", "api_domain": "www.zohoapis.com"}
PLACES = (
    "com", "com.", ".com", "US ", " us", "u s", "us\n", "us\x00", "us/../eu", "../us", "us/", "us?", "us#", "us@evil.test",
    "evil.test", "https://accounts.zoho.com", "accounts.zoho.com", "key", "rows", "source", "__class__", "constructor",
    "us,eu", "us;eu", "us|eu", "${us}", "${ secrets.clientSecret }", "{{us}}", "%75%73", "\uff55\uff53", "u\u0455", "usa", "u", "0",
    "-1", "null", "true", "[us]", "us%00", "us'--", "a" * 3_000,
)  # fmt: skip


def spellings(host: str) -> list[str]:
    """Return the disguises of a host."""
    words = {
        "host": host,
        "wide": host.replace(".", "\u3002"),
        "cyrillic": host.replace("o", "\u043e"),
        "dashed": host.replace(".", "-"),
        "short": host.partition(".")[2],
        "long": "a" * 64,
    }
    return [text.format(**words) for text in DISGUISES]


class Wire:
    """Takes requests instead of the vendor, and answers each with a token."""

    def __init__(self, **token: Any) -> None:
        self.seen: list[httpx.Request] = []
        fresh = {"access_token": canary("access token"), "refresh_token": canary("refresh token")}
        self.token = {**fresh, "expires_in": 3600, **token}
        self.transport = httpx.MockTransport(self._answer)

    @property
    def hosts(self) -> list[str]:
        """Return where requests went."""
        return [str(request.url.host) for request in self.seen]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        return httpx.Response(200, json=self.token)


def form(**fields: str) -> dict[str, Any]:
    """Return a connection that is filled in."""
    given = {"zohoRegion": "https://accounts.zoho.eu", "clientId": "1000.X", "clientSecret": SECRET, **fields}
    return {"key": "zohoTemplatedConnection", "fields": given}


def log_in(zoho: Component, wire: Wire, **parameters: str) -> dict[str, Any]:
    """Log in; the callback has these parameters beside code and state."""
    logins = Logins(zoho.model, transport=wire.transport)
    begun = logins.begin(form(), BACK)
    more = "".join(f"&{name}={quote(value, safe='')}" for name, value in parameters.items())
    return logins.finish(form(), begun, f"code={CODE}&state={begun.state}{more}")


def outcome(zoho: Component, wire: Wire, **parameters: str) -> str:
    """Return the kind of refusal that a login ends with, or `connected`."""
    try:
        log_in(zoho, wire, **parameters)
    except ConnectionProblem as problem:
        return problem.kind
    return "connected"


@pytest.mark.plan("S-74")
def test_a_hostile_accounts_server_gets_nothing(zoho: Component) -> None:
    """Every disguise of an accounts server is refused before code or secret are sent."""
    ends = {}
    for spelling in spellings(HOSTS["accounts-server"]):
        wire = Wire()
        ends[spelling] = (outcome(zoho, wire, **{"accounts-server": spelling}), wire.hosts)

    # No value at all leaves the region; a slash at the end is how some clients write the same address.
    assert ends.pop("") == ("connected", ["accounts.zoho.eu"])
    assert ends.pop("https://accounts.zoho.com/") == ("connected", ["accounts.zoho.com"])
    assert {spelling: end for spelling, end in ends.items() if end != ("config", [])} == {}


@pytest.mark.plan("S-74")
def test_a_hostile_api_domain_gets_no_token(zoho: Component) -> None:
    """A token that names a foreign API host makes no connection: nothing is ever sent there."""
    ends = {}
    for spelling in spellings(HOSTS["api_domain"]):
        wire = Wire(api_domain=spelling)
        ends[spelling] = (outcome(zoho, wire), wire.hosts)

    assert ends.pop("https://www.zohoapis.com/") == ("connected", ["accounts.zoho.eu"])
    assert {spelling: end for spelling, end in ends.items() if end != ("config", ["accounts.zoho.eu"])} == {}


@pytest.mark.plan("S-74")
def test_a_hostile_location_gets_nothing(zoho: Component) -> None:
    """A location that is no row's key is refused, too."""
    for place in PLACES:
        wire = Wire()

        with pytest.raises(ConnectionProblem):
            log_in(zoho, wire, location=place)

        assert wire.hosts == [], place


@pytest.mark.plan("S-74")
def test_a_hostile_answer_is_refused_however_it_is_stored(zoho: Component) -> None:
    """A platform that stores what it was sent gets the same refusal when the connection is used."""
    kept = {"access_token": canary("access token")}
    values = [
        *({"context": {"accounts-server": text}, "token": kept} for text in spellings("accounts.zoho.com")),
        *({"token": {**kept, "api_domain": text}} for text in spellings("www.zohoapis.com")),
        *({"context": {"location": text}, "token": kept} for text in PLACES),
    ]
    harmless = 0

    for parts in values:
        wire = Wire()
        try:
            with zoho.session({**form(), **parts}, transport=wire.transport) as session:
                session.run("booksGetRecords", {"recordType": "items"})
        except ConnectionProblem:
            assert wire.hosts == []
        except Exception:  # noqa: BLE001  the answer is no list of items; only where it went counts
            assert set(wire.hosts) <= {"www.zohoapis.eu", "www.zohoapis.com"}
            harmless += 1

    assert len(values) > 180
    assert harmless == 2  # the slash at the end, as above


@pytest.mark.parametrize(
    ("server", "location", "host"),
    [
        ("https://accounts.zoho.in", "in", "accounts.zoho.in"),
        ("https://accounts.zohocloud.ca", "ca", "accounts.zohocloud.ca"),
        ("HTTPS://ACCOUNTS.ZOHO.COM.AU", "au", "accounts.zoho.com.au"),
        (None, "JP", "accounts.zoho.jp"),
        (None, None, "accounts.zoho.eu"),
    ],
)
def test_a_person_of_another_region_is_followed(
    zoho: Component, server: str | None, location: str | None, host: str
) -> None:
    """The region in the form is where the login starts; the callback says where the account lives."""
    wire = Wire()
    said = {"accounts-server": server, "location": location}

    connection = log_in(zoho, wire, **{name: value for name, value in said.items() if value})

    assert wire.hosts == [host]
    assert wire.seen[0].url.query == b""
    assert urlsplit(str(wire.seen[0].url)).path == "/oauth/v2/token"
    assert connection["context"] == {name: value for name, value in said.items() if value}


def test_the_login_starts_at_the_right_accounts_host(zoho: Component) -> None:
    """Scopes are sent with commas, a token that renews is asked for, and PKCE is not claimed.

    Zoho documents PKCE for mobile and desktop clients, not for the server-based ones that the form asks for.
    """
    begun = Logins(zoho.model).begin(form(scopes="ZohoCRM.coql.READ ZohoBooks.fullaccess.all"), BACK)

    place = urlsplit(begun.url)
    assert (place.scheme, place.netloc, place.path) == ("https", "accounts.zoho.eu", "/oauth/v2/auth")
    assert "scope=ZohoCRM.coql.READ%2CZohoBooks.fullaccess.all" in place.query
    assert "access_type=offline&prompt=consent" in place.query
    assert "code_challenge" not in place.query
    assert SECRET not in begun.url


def test_a_code_from_the_console_goes_to_the_region(zoho: Component) -> None:
    """A self client's code is exchanged where the form says, without a redirect address."""
    wire = Wire(api_domain="https://www.zohoapis.eu")

    connection = Logins(zoho.model, transport=wire.transport).with_code(form(), Secret(CODE))

    body = wire.seen[0].content.decode()
    assert wire.hosts == ["accounts.zoho.eu"]
    assert "redirect_uri" not in body
    assert "grant_type=authorization_code" in body
    assert connection["token"]["api_domain"] == "https://www.zohoapis.eu"
