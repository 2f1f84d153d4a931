"""What a call costs in exact counts: these are gates, where clocks could not be."""

from __future__ import annotations

import cProfile
import pstats

import httpx

from connector_runtime import Component

CREATED = {"code": 0, "message": "The item has been added.", "item": {"item_id": "460000000012345"}}
INPUTS = {"recordType": "items", "fieldValues": {"name": "Hard Drive", "rate": 120, "sku": "s12345"}}
CONNECTION = {
    "key": "sandbox",
    "fields": {"port": 1, "clientId": "id", "clientSecret": "secret"},
    "token": {"access_token": "1000.benchmark"},
}
# A create over a transport that answers at once; over a socket it is some 600 more, all of them httpx's.
MOST_CALLS = 1_300


def test_a_create_costs_few_function_calls() -> None:
    """A warm create makes no more function calls than this, whatever the machine."""
    session = Component.load("zoho").session(CONNECTION, transport=httpx.MockTransport(created))
    session.run("booksCreateRecord", INPUTS)
    profile = cProfile.Profile()

    profile.enable()
    for _ in range(20):
        session.run("booksCreateRecord", INPUTS)
    profile.disable()

    assert pstats.Stats(profile).total_calls / 20 <= MOST_CALLS


def test_a_warm_call_is_one_request() -> None:
    """No token, no metadata, nothing but the request itself goes over the wire."""
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.path)
        return created(request)

    session = Component.load("zoho").session(CONNECTION, transport=httpx.MockTransport(answer))
    for _ in range(5):
        session.run("booksCreateRecord", INPUTS)

    assert seen == ["/books/v3/items"] * 5


def created(_: httpx.Request) -> httpx.Response:
    """The vendor's answer to a new item."""
    return httpx.Response(201, json=CREATED)
