"""A sandbox that holds Books only, and clients of one organisation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from zoho_sandbox import Sandbox
from zoho_sandbox.core.documents import package_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

ORGANIZATION = "10234695"
OTHER_ORGANIZATION = "10234999"
CUSTOMER = "460000000020001"
VENDOR = "460000000020003"
INACTIVE = "460000000020005"
TABLE = "460000000020101"
DELIVERY = "460000000020103"
SHELF = "460000000020105"
INVOICE = "460000000020201"
CITY_TAX = "460000000019001"
SALES_ACCOUNT = "460000000000388"
OFFICE_ACCOUNT = "460000000000409"


def books_seed() -> dict[str, Any]:
    """Return the default seed without its CRM part."""
    users = package_yaml("zoho_sandbox", "seeds", "users.yaml")
    return {**users, **package_yaml("zoho_sandbox", "seeds", "books.yaml")}


@pytest.fixture(scope="session")
def planted() -> Iterator[Sandbox]:
    """A sandbox with the Books part of the default seed, which tests only copy."""
    made = Sandbox(seed=books_seed())
    yield made
    made.close()


@pytest.fixture
def api_for(client: Callable[..., httpx.Client]) -> Callable[..., httpx.Client]:
    """Make a client that names an organisation in every call."""

    def make(organization: str = ORGANIZATION, **grant: Any) -> httpx.Client:
        made = client("/books/v3", **grant)
        made.params = {"organization_id": organization}
        return made

    return make


@pytest.fixture
def api(api_for: Callable[..., httpx.Client]) -> httpx.Client:
    """A client of the default organisation that may do everything."""
    return api_for(scopes=("ZohoBooks.fullaccess.all",))


@pytest.fixture
def invoice(api: httpx.Client) -> Callable[..., dict[str, Any]]:
    """Make invoices for the customer; one line of 100.00 when nothing else is said."""

    def make(**body: Any) -> dict[str, Any]:
        lines = {"line_items": [{"name": "Work", "rate": 100}]}
        reply = api.post("/invoices", json={"customer_id": CUSTOMER, **lines, **body})
        assert reply.status_code == 201, reply.text
        made: dict[str, Any] = reply.json()["invoice"]
        return made

    return make


def refused(reply: httpx.Response) -> tuple[int, int]:
    """Return HTTP status and code of a refusal; its body has code and message alone."""
    body = reply.json()
    assert set(body) == {"code", "message"}
    return reply.status_code, body["code"]
