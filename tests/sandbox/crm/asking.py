"""Short ways to ask the CRM sandbox, and to read its replies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

Json = dict[str, Any]


def create(crm: httpx.Client, module: str, *records: Json) -> list[str]:
    """Create records; return their ids."""
    return [item["details"]["id"] for item in ok(crm.post(f"/{module}", json={"data": records}), 201)]


def upsert(crm: httpx.Client, module: str, *records: Json, **beside: Any) -> list[Json]:
    """Upsert records; return the items of the reply, whatever its status."""
    items: list[Json] = crm.post(f"/{module}/upsert", json={"data": records, **beside}).json()["data"]
    return items


def get(crm: httpx.Client, module: str, record_id: str, *fields: str) -> Json:
    """Return one record, whole or with some fields."""
    params = {"fields": ",".join(fields)} if fields else {}
    return ok(crm.get(f"/{module}/{record_id}", params=params))[0]


def listed(crm: httpx.Client, module: str, fields: str = "id", **params: Any) -> list[str]:
    """Return the ids of one page of a list."""
    reply = crm.get(f"/{module}", params={"fields": fields, **params})
    return [] if reply.status_code == 204 else [row["id"] for row in ok(reply)]


def coql(crm: httpx.Client, query: str) -> list[Json]:
    """Return the rows of a query."""
    reply = crm.post("/coql", json={"select_query": query})
    return [] if reply.status_code == 204 else ok(reply)


def ok(reply: httpx.Response, status: int = 200) -> list[Json]:
    """Return the data of a reply that must have a status."""
    assert reply.status_code == status, reply.text
    data: list[Json] = reply.json()["data"]
    return data


def fits(expected: Any, actual: Any) -> bool:
    """Say whether a value has the expected shape; ``"*"`` stands for any value."""
    if expected == "*":
        return True
    if isinstance(expected, dict) and isinstance(actual, dict):
        return set(expected) == set(actual) and all(fits(v, actual[k]) for k, v in expected.items())
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(fits, expected, actual))
    return bool(expected == actual)


def error_of(reply: httpx.Response) -> Json:
    """Return the one item of a reply, which must be an error."""
    (item,) = reply.json()["data"]
    assert item["status"] == "error", item
    return dict(item)
