"""Clients of the CRM sandbox: versions, and the second user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from zoho_sandbox import Sandbox

PATRICIA = "111111000000044700"
DANIEL = "111111000000044800"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker of the tests that need Zoho's own SDK."""
    config.addinivalue_line("markers", "sdk: needs Zoho's Python SDK in an environment of its own")


@pytest.fixture
def daniel(client: Any) -> httpx.Client:
    """A CRM v8 client of the second user."""
    made: httpx.Client = client("/crm/v8", user_id=DANIEL)
    return made


@pytest.fixture(params=["v7", "v8"])
def version(request: pytest.FixtureRequest) -> str:
    """The two newest API versions."""
    return str(request.param)


@pytest.fixture
def later(sandbox: Sandbox, crm: httpx.Client) -> Callable[[float], None]:
    """Move the sandbox's time by seconds, and log the client in again."""

    def move(seconds: float) -> None:
        sandbox.clock.advance(seconds)
        token = sandbox.connection()["token"]["access_token"]
        crm.headers["Authorization"] = f"Zoho-oauthtoken {token}"

    return move
