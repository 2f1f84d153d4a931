"""A fresh sandbox, served on loopback, and clients that are logged in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from zoho_sandbox import Sandbox

ClientMaker = Callable[..., httpx.Client]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox in memory with the default seed."""
    made = Sandbox()
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
        made.append(httpx.Client(base_url=url + prefix, headers=headers, trust_env=False))
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
