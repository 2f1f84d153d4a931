"""Listings in pages of 200 and of one, and the memory of a long one read as a stream."""

from __future__ import annotations

import asyncio
import json
import sys
import tracemalloc
from typing import TYPE_CHECKING, Any

import httpx
from kit.loopback import answering
from kit.measure import Row, amount, cpu_us, interleaved, ratio, show
from kit.sides import TOKEN, component, connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROUNDS, PAGES = 9, 40
RECORD = {
    "item_id": "460000000012345",
    "name": "Hard Drive",
    "status": "active",
    "rate": 120.5,
    "description": "500 GB, with a cable of two metres and a case",
    "tax_percentage": 70,
    "sku": "s12345",
    "product_type": "goods",
    "created_time": "2026-01-31T10:00:00+0100",
    "last_modified_time": "2026-01-31T10:00:00+0100",
}


def page_of(count: int) -> bytes:
    """Return a reply with `count` records that says there is a next page."""
    found = {"code": 0, "items": [RECORD] * count, "page_context": {"page": 1, "has_more_page": True}}
    return json.dumps(found).encode()


def by_action(port: int, pages: int, wire: str | None = None) -> Callable[[], int]:
    """Return what reads so many pages as a stream and counts the records."""
    session = component().session(connection(port), transport=wire)
    inputs = {"organizationId": "10234695", "recordType": "items"}

    def read() -> int:
        count = 0
        for page in session.pages("booksGetRecords", inputs):
            count += len(page.items)
            if page.number == pages:
                break
        return count

    return read


def by_awaiting(port: int, pages: int) -> Callable[[], int]:
    """Return the same in an event loop."""
    inputs = {"organizationId": "10234695", "recordType": "items"}
    loaded = component()

    async def read() -> int:
        count = 0
        async with loaded.async_session(connection(port)) as session:
            async for page in session.pages("booksGetRecords", inputs):
                count += len(page.items)
                if page.number == pages:
                    break
        return count

    return lambda: asyncio.run(read())


def by_hand(port: int, pages: int) -> Callable[[], int]:
    """Return the same with `httpx.Client`."""
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}/books/v3", timeout=60.0)

    def read() -> int:
        count, page = 0, 1
        while page <= pages:
            reply = client.get(
                "/items",
                params={"organization_id": "10234695", "page": page, "per_page": 200},
                headers={"Authorization": f"Zoho-oauthtoken {TOKEN}"},
            )
            data: Any = reply.json()
            if reply.status_code >= 300 or data["code"] != 0:
                raise RuntimeError(data["message"])
            count += len(data["items"])
            if not data["page_context"]["has_more_page"]:
                break
            page += 1
        return count

    return read


def peak_kib(read: Callable[[], Any]) -> float:
    """Return the most memory in use at once while `read` runs."""
    read()
    tracemalloc.start()
    try:
        read()
        return tracemalloc.get_traced_memory()[1] / 1024
    finally:
        tracemalloc.stop()


def rows() -> Iterator[Row]:
    """Compare records a second, the cost of a small page, and the peak of 200 and 600 pages."""
    with answering(page_of(200)) as port:
        for wire in ("httpx", "fast"):
            ours, theirs = by_action(port, PAGES, wire), by_hand(port, PAGES)
            assert ours() == theirs() == 200 * PAGES
            pairs = interleaved(
                lambda ours=ours: 200 * PAGES / cpu_us(ours, 1) * 1e6,  # type: ignore[misc]
                lambda theirs=theirs: 200 * PAGES / cpu_us(theirs, 1) * 1e6,  # type: ignore[misc]
                rounds=ROUNDS,
            )
            yield ratio(f"pages of 200 records, {wire}", (">=", 1.2), pairs, "records a second of CPU")
        for what, way in (("peak", by_action), ("peak of an async stream", by_awaiting)):
            few, many = peak_kib(way(port, 200)), peak_kib(way(port, 600))
            note = f"{many:,.0f} against {few:,.0f} KiB"
            yield amount(f"{what}, 600 pages against 200", ("<=", 1.05), [many / few], "x", note)
    with answering(page_of(1)) as port:
        ours, theirs = by_action(port, PAGES), by_hand(port, PAGES)
        pairs = interleaved(lambda: cpu_us(ours, 2) / PAGES, lambda: cpu_us(theirs, 2) / PAGES, rounds=ROUNDS)
        yield ratio("a page of one record", ("<=", 0.75), pairs, "µs CPU")


if __name__ == "__main__":
    sys.exit(show(rows()))
