"""Composite requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .asking import Json, listed

if TYPE_CHECKING:
    import httpx


def composite(crm: httpx.Client, *requests: Json, **beside: Any) -> httpx.Response:
    """Send requests together."""
    return crm.post("/__composite_requests", json={"__composite_requests": requests, **beside})


def new(name: Any, request_id: str = "1") -> Json:
    """Return a request that creates a record of the custom module."""
    body = {"data": [{"Name": name}]}
    return {"method": "POST", "uri": "/crm/v8/CM1", "sub_request_id": request_id, "body": body}


def responses(reply: httpx.Response) -> list[Json]:
    """Return the responses of the sub-requests."""
    return [item["details"]["response"] for item in reply.json()["__composite_requests"]]


def test_each_request_has_its_own_response(crm: httpx.Client) -> None:
    """Statuses and bodies come in the order of the requests; a refused one is a response too."""
    reply = composite(crm, new("a", "x"), new(5, "y"), {"method": "GET", "uri": "/crm/v8/org"})

    assert reply.status_code == 200
    assert [one["status_code"] for one in responses(reply)] == [201, 400, 200]
    assert responses(reply)[2]["body"]["org"]


def test_a_request_may_use_an_earlier_reply(crm: httpx.Client) -> None:
    """References reach into the body of another request, wherever it stands in the list."""
    get = {
        "method": "GET",
        "uri": "/crm/v8/CM1/@{made:$.data[0].details.id}",
        "sub_request_id": "read",
        "params": {"fields": "Name"},
    }

    reply = composite(crm, get, new("a", "made"))

    assert responses(reply)[0]["body"]["data"][0]["Name"] == "a"


def test_rollback_undoes_all_when_one_fails(sandbox: Any, crm: httpx.Client) -> None:
    """Nothing is kept, and nothing stands in the ledger."""
    reply = composite(crm, new("a", "1"), new(5, "2"), new("c", "3"), rollback_on_fail=True)

    items = reply.json()["__composite_requests"]
    assert reply.status_code == 207
    assert [item["code"] for item in items] == ["ROLLBACK_PERFORMED", "SUCCESS", "PROCESSING_STOPPED"]
    assert items[0]["details"] == {"rollbacked_by_sub_request_index": 1}
    assert sandbox.ledger()[-1]["effects"] == []
    assert listed(crm, "CM1") == []


def test_without_rollback_the_good_ones_stay(sandbox: Any, crm: httpx.Client) -> None:
    """Each request stands for itself; the ledger has their effects."""
    composite(crm, new("a", "1"), new(5, "2"), new("c", "3"))

    assert len(listed(crm, "CM1")) == 2
    effects = [effect for entry in sandbox.ledger() for effect in entry["effects"]]
    assert [effect["effect"] for effect in effects] == ["create", "create"]


def test_a_reference_to_nothing_is_refused(crm: httpx.Client) -> None:
    """The other requests go on."""
    reply = composite(crm, new("a", "1"), new("@{1:$.data[7].details.id}", "2"))

    assert reply.status_code == 207
    assert reply.json()["__composite_requests"][1]["code"] == "INVALID_REFERENCE"


@pytest.mark.parametrize(
    ("requests", "code"),
    [
        ([], "MANDATORY_NOT_FOUND"),
        ([new("a")] * 6, "LIMIT_EXCEEDED"),
        ([new("a"), new("b")], "DUPLICATE_DATA"),
        ([{"method": "GET"}], "MANDATORY_NOT_FOUND"),
        ([{"method": "GET", "uri": "https://elsewhere.example/x"}], "INVALID_DATA"),
        ([{"method": "TRACE", "uri": "/crm/v8/org"}], "INVALID_DATA"),
        ([{"method": "GET", "uri": "/crm/v2/org"}], "NOT_SUPPORTED"),
        ([{"method": "POST", "uri": "/crm/v8/__composite_requests"}], "NOT_SUPPORTED"),
        ([new("@{b:$.x}", "a"), new("@{a:$.x}", "b")], "LOOPING_FOUND"),
        (["text"], "INVALID_DATA"),
    ],
)
def test_a_composite_without_sense_is_refused(crm: httpx.Client, requests: list[Json], code: str) -> None:
    """Before any of it is done."""
    reply = composite(crm, *requests)

    assert (reply.status_code, reply.json()["code"]) == (400, code)
    assert listed(crm, "CM1") == []
