"""A fresh sandbox, served on loopback, and clients that are logged in."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from zoho_sandbox import Sandbox

ClientMaker = Callable[..., httpx.Client]

# The sandbox speaks plain HTTP; loading certificates again for each client would take longer than a test.
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Accounts(httpx.Client):
    """A client of the accounts server that follows nothing by itself."""

    asked: ClassVar[dict[str, str]] = {
        "scope": "ZohoBooks.contacts.ALL,ZohoCRM.modules.ALL",
        "client_id": "1000.SANDBOXCLIENT",
        "response_type": "code",
        "access_type": "offline",
        "redirect_uri": "http://127.0.0.1:8123/callback",
        "state": "s 1",
        "prompt": "consent",
    }

    def agree(self, **changes: str) -> dict[str, str]:
        """Accept as a person would; return what the callback receives."""
        fields = {**self.asked, "decision": "accept", **changes}
        reply = self.post("/oauth/v2/auth", data=fields)
        assert reply.status_code == 302
        return dict(parse_qsl(urlsplit(reply.headers["location"]).query))

    def exchange(self, code: str, /, **changes: str) -> httpx.Response:
        """Exchange a code for tokens."""
        fields = {"code": code, "redirect_uri": self.asked["redirect_uri"], **changes}
        return self._token("authorization_code", fields)

    def refresh(self, token: str) -> httpx.Response:
        """Ask for a new access token."""
        return self._token("refresh_token", {"refresh_token": token})

    def call(self, token: str) -> httpx.Response:
        """Make any product call with an access token."""
        return self.get(
            "/books/v3/contacts",
            params={"organization_id": "10234695"},
            headers={"Authorization": f"Zoho-oauthtoken {token}"},
        )

    def _token(self, grant_type: str, fields: dict[str, str]) -> httpx.Response:
        client = {"client_id": self.asked["client_id"], "client_secret": "sandbox-secret"}
        form = {"grant_type": grant_type, **client, **fields}
        return self.post("/oauth/v2/token", data=form)


@pytest.fixture(scope="session")
def planted() -> Iterator[Sandbox]:
    """A sandbox with the default seed that tests only copy: planting takes longer than most of them."""
    made = Sandbox()
    yield made
    made.close()


@pytest.fixture
def sandbox(planted: Sandbox) -> Iterator[Sandbox]:
    """A sandbox in memory with the default seed."""
    made = planted.copy()
    yield made
    made.close()


@pytest.fixture
def url(sandbox: Sandbox) -> Iterator[str]:
    """The address of the sandbox, served from a thread."""
    with sandbox.running() as address:
        yield address


@pytest.fixture
def client(sandbox: Sandbox, url: str) -> Iterator[ClientMaker]:
    """Make an httpx client for a path prefix, logged in as a user with scopes."""
    made: list[httpx.Client] = []

    def make(prefix: str = "", **grant: Any) -> httpx.Client:
        token = sandbox.connection(**grant)["token"]["access_token"]
        headers = {"Authorization": f"Zoho-oauthtoken {token}"}
        made.append(httpx.Client(base_url=url + prefix, headers=headers, trust_env=False, verify=PLAIN))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def books(client: ClientMaker) -> httpx.Client:
    """A Books client; the caller names the organisation."""
    return client("/books/v3")


@pytest.fixture
def crm(client: ClientMaker) -> httpx.Client:
    """A CRM v8 client."""
    return client("/crm/v8")


@pytest.fixture
def accounts(url: str) -> Iterator[Accounts]:
    """A client of the accounts server."""
    with Accounts(base_url=url, trust_env=False, verify=PLAIN) as made:
        yield made
