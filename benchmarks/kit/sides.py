"""The two sides: the component's action, and the same call as a careful person writes it with httpx."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx

from connector_runtime import Component

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TOKEN = "1000.sandbox.benchmark"
FIELDS = {"name": "Hard Drive", "rate": 120, "description": "500 GB", "sku": "s12345"}
INPUTS = {"organizationId": "10234695", "recordType": "items", "fieldValues": FIELDS}
CREATED = json.dumps(
    {
        "code": 0,
        "message": "The item has been added.",
        "item": {"item_id": "460000000012345", "name": "Hard Drive", "rate": 120},
    }
).encode()


def connection(port: int) -> dict[str, Any]:
    """Return a connection to a server on loopback, its token good for ever."""
    return {
        "key": "sandbox",
        "fields": {"port": port, "clientId": "id", "clientSecret": "secret"},
        "token": {"access_token": TOKEN, "api_domain": f"http://127.0.0.1:{port}"},
    }


def component() -> Component:
    """Return the component without its budgets of requests: they would only measure waiting."""
    found = Component.load("zoho")
    services = found.model.services
    for name, service in services.items():
        services[name] = service._replace(budgets=())
    return found


def create_by_action(port: int, **options: Any) -> Callable[[], Any]:
    """Return a call of booksCreateRecord: inputs checked, rendered, sent, parsed, mapped."""
    session = component().session(connection(port), **options)
    return lambda: session.run("booksCreateRecord", INPUTS).data["item"]["item_id"]


def create_by_hand(port: int) -> Callable[[], Any]:
    """Return the same call with `httpx.Client`."""
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}/books/v3", timeout=60.0)

    def call() -> Any:
        reply = client.post(
            "/items",
            params={"organization_id": "10234695"},
            headers={"Authorization": f"Zoho-oauthtoken {TOKEN}"},
            json=FIELDS,
        )
        return item_of(reply.status_code, reply.json())

    return call


def item_of(status: int, data: Mapping[str, Any]) -> Any:
    """Return the id of a created item; `RuntimeError` where there is none."""
    if status >= 300 or data["code"] != 0:
        raise RuntimeError(data["message"])
    return data["item"]["item_id"]
