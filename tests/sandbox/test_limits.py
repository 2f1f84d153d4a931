"""Rate limits: off by default, exact when on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from zoho_sandbox import Sandbox

BOOKS = "/contacts?organization_id=10234695"
# 2026-03-02 12:00 in New York (UTC-5).
NOON_IN_NEW_YORK = 1_772_470_800


def statuses(client: httpx.Client, path: str, count: int) -> list[int]:
    """Return the statuses of so many calls."""
    return [client.get(path).status_code for _ in range(count)]


def long_lived(sandbox: Sandbox) -> str:
    """Return an access token that outlives a day."""
    sandbox.settings["oauth.access_life_s"] = 90_000
    sandbox.tokens.expire_all()
    return sandbox.connection()["token"]["access_token"]


async def at_once(url: str, token: str, path: str, count: int) -> list[httpx.Response]:
    """Send so many calls together."""
    limits = httpx.Limits(max_connections=count)
    headers = {"Authorization": f"Zoho-oauthtoken {token}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, limits=limits) as client:
        return await asyncio.gather(*(client.get(path) for _ in range(count)))


def test_nothing_is_limited_by_default(books):
    """More than Books allows in a minute passes."""
    assert set(statuses(books, BOOKS, 120)) == {200}


def test_the_hundred_and_first_books_call_in_a_minute_is_blocked(sandbox, books):
    """Code 44, until the block is over."""
    sandbox.settings["limits.books"] = "professional"
    sandbox.clock.freeze()

    assert set(statuses(books, BOOKS, 100)) == {200}
    refused = books.get(BOOKS)
    assert (refused.status_code, refused.json()["code"]) == (429, 44)
    assert "per minute" in refused.json()["message"]

    sandbox.clock.advance(59)
    assert books.get(BOOKS).status_code == 429
    sandbox.clock.advance(1)
    assert books.get(BOOKS).status_code == 200


def test_organisations_are_counted_apart(sandbox, books):
    """One organisation's storm leaves the other alone."""
    sandbox.settings["limits.books_per_minute"] = 1
    sandbox.clock.freeze()

    assert statuses(books, BOOKS, 2) == [200, 429]
    assert books.get("/contacts?organization_id=10234999").status_code == 200


@pytest.mark.parametrize(("edition", "allowed"), [("free", 1000), ("standard", 2000)])
def test_the_day_has_an_allowance_by_edition(sandbox, books, edition, allowed):
    """Code 45 with the number, headers that count down, until midnight in the organisation's zone."""
    sandbox.clock.freeze()
    sandbox.clock.set(NOON_IN_NEW_YORK)
    sandbox.settings["limits.books"] = edition
    books.headers["Authorization"] = f"Zoho-oauthtoken {long_lived(sandbox)}"
    first = books.get(BOOKS)
    assert first.headers["x-rate-limit-limit"] == str(allowed)
    assert first.headers["x-rate-limit-remaining"] == str(allowed - 1)
    assert first.headers["x-rate-limit-reset"] == str(12 * 3600)

    usage = sandbox.state.get("sandbox/usage", "books/10234695")
    sandbox.state.put("sandbox/usage", "books/10234695", {**usage, "day_count": allowed - 1})
    last, refused = books.get(BOOKS), books.get(BOOKS)
    assert last.headers["x-rate-limit-remaining"] == "0"
    assert (refused.status_code, refused.json()["code"]) == (429, 45)
    assert f"limit of {allowed}." in refused.json()["message"]

    sandbox.clock.advance(12 * 3600)
    assert books.get(BOOKS).headers["x-rate-limit-remaining"] == str(allowed - 1)


def test_the_reset_header_knows_short_days(sandbox, books):
    """On the day the clocks go forward, 23 hours lie between two midnights."""
    sandbox.clock.freeze()
    # 2026-03-08 00:00 in New York.
    sandbox.clock.set(1_772_946_000)

    assert books.get(BOOKS).headers["x-rate-limit-reset"] == str(23 * 3600)


def test_books_calls_in_process_are_limited(sandbox, url):
    """Code 1070 for the eleventh at the same time; none when one after the other."""
    sandbox.settings.change({"limits.books": "professional", "server.latency_ms": 300})
    token = sandbox.connection()["token"]["access_token"]

    replies = asyncio.run(at_once(url, token, "/books/v3" + BOOKS, 15))

    refused = [reply for reply in replies if reply.status_code == 429]
    assert len(refused) == 5
    assert {reply.json()["code"] for reply in refused} == {1070}
    headers = {"Authorization": f"Zoho-oauthtoken {token}"}
    assert httpx.get(f"{url}/books/v3{BOOKS}", headers=headers).status_code == 200


def test_crm_credits_run_out_and_come_back_after_a_day(sandbox, crm):
    """TOO_MANY_REQUESTS; the header appears at half."""
    sandbox.clock.freeze()
    crm.headers["Authorization"] = f"Zoho-oauthtoken {long_lived(sandbox)}"
    sandbox.settings["limits.crm_credits"] = 4
    path = "/Contacts?fields=Last_Name"

    headers = [crm.get(path).headers.get("x-api-credits-remaining") for _ in range(4)]
    refused = crm.get(path)

    assert headers == [None, "2", "1", "0"]
    assert (refused.status_code, refused.json()["code"]) == (429, "TOO_MANY_REQUESTS")
    assert "retry-after" not in refused.headers
    sandbox.clock.advance(24 * 3600)
    assert crm.get(path).status_code == 200


def test_crm_credits_follow_the_edition(sandbox, crm):
    """Base plus the share of each user, at most the cap."""
    sandbox.settings["limits.crm"] = "professional"
    hour = str(int(sandbox.clock.now()) // 3600)
    sandbox.state.put("sandbox/usage", "crm", {"hours": {hour: 50_999}})

    path = "/Contacts?fields=Last_Name"
    assert crm.get(path).headers["x-api-credits-remaining"] == "0"
    assert crm.get(path).status_code == 429


def test_crm_calls_in_process_are_limited(sandbox, url):
    """Five at once in the free edition."""
    sandbox.settings.change({"limits.crm": "free", "server.latency_ms": 300})
    token = sandbox.connection()["token"]["access_token"]

    replies = asyncio.run(at_once(url, token, "/crm/v8/Contacts?fields=Last_Name", 8))

    assert sorted(reply.status_code for reply in replies) == [200] * 5 + [429] * 3


def test_heavy_crm_calls_share_ten_places(sandbox, url):
    """Sorted lists are heavy: ten of twelve pass although the edition has 25 places."""
    sandbox.settings.change({"limits.crm": "ultimate", "server.latency_ms": 300})
    token = sandbox.connection()["token"]["access_token"]

    heavy = "/crm/v8/Contacts?fields=Last_Name&sort_by=id"
    replies = asyncio.run(at_once(url, token, heavy, 12))

    assert sorted(reply.status_code for reply in replies) == [200] * 10 + [429] * 2


def test_a_user_with_one_organisation_need_not_name_it(sandbox, client):
    """The call counts for the only one there is."""
    sandbox.settings["limits.books_per_minute"] = 1
    sandbox.clock.freeze()
    daniel = client("/books/v3", user_id="111111000000044800")

    assert statuses(daniel, "/contacts", 2) == [200, 429]
    assert sandbox.ledger()[-1]["organization"] == "10234695"


def test_refused_calls_do_no_work(sandbox, books):
    """A 429 comes before anything is written."""
    sandbox.settings["limits.books_per_minute"] = 1
    sandbox.clock.freeze()

    books.post(BOOKS, json={"contact_name": "A"})
    books.post(BOOKS, json={"contact_name": "B"})

    assert [len(entry["effects"]) for entry in sandbox.ledger()] == [1, 0]
