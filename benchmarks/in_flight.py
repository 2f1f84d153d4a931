"""Many async creates in flight against httpx.AsyncClient: creates a second of this process's CPU."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import httpx_aiohttp
from kit.loopback import answering
from kit.measure import Row, amount, interleaved, number, ratio, show
from kit.sides import CREATED, FIELDS, INPUTS, TOKEN, component, connection, item_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    Create = Callable[[], Awaitable[Any]]

ROUNDS, CALLS, MANY_CALLS = 3, 512, 5_120
SLOW_S, SLOW_CALLS = 0.2, 2_560


async def by_action(port: int, flights: int, calls: int, **options: Any) -> float:
    """Return the creates a second of CPU, `flights` at once, with the action."""
    async with component().async_session(connection(port), **options) as session:
        return await _rate(lambda: session.run("booksCreateRecord", INPUTS), flights, calls)


async def by_aiohttp(port: int, flights: int, calls: int) -> float:
    """Return the same through the transport of the extra `aiohttp`."""
    # As decision 14 has it: without a jar for cookies.
    connector = aiohttp.TCPConnector(limit=flights)
    async with (
        aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as client,
        httpx_aiohttp.AiohttpTransport(client=client) as transport,
    ):
        return await by_action(port, flights, calls, transport=transport)


async def by_hand(port: int, flights: int, calls: int) -> float:
    """Return the same with `httpx.AsyncClient`."""
    limits = httpx.Limits(max_connections=flights, max_keepalive_connections=flights)
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}/books/v3", timeout=60.0, limits=limits
    ) as client:

        async def create() -> Any:
            reply = await client.post(
                "/items",
                params={"organization_id": "10234695"},
                headers={"Authorization": f"Zoho-oauthtoken {TOKEN}"},
                json=FIELDS,
            )
            return item_of(reply.status_code, reply.json())

        return await _rate(create, flights, calls)


async def _rate(create: Create, flights: int, calls: int) -> float:
    async def worker(count: int) -> None:
        for _ in range(count):
            await create()

    await asyncio.gather(*(worker(1) for _ in range(flights)))
    started = time.process_time()
    await asyncio.gather(*(worker(calls // flights) for _ in range(flights)))
    return calls / (time.process_time() - started)


async def _by_the_clock(port: int, flights: int) -> float:
    """Return the creates a second of the clock on slow answers."""
    async with component().async_session(connection(port)) as session:
        started = 0.0

        async def worker() -> None:
            for _ in range(SLOW_CALLS // flights):
                await session.run("booksCreateRecord", INPUTS)

        await asyncio.gather(*(session.run("booksCreateRecord", INPUTS) for _ in range(flights)))
        started = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(flights)))
        return SLOW_CALLS / (time.perf_counter() - started)


def rows() -> Iterator[Row]:
    """Compare 16, 64 and 256 in flight; then 256 on answers that take 200 ms."""
    with answering(CREATED, status=201) as port:
        for flights, goal, aiohttp_goal in ((16, 3.0, 4.0), (64, 4.0, 5.0), (256, 4.0, 6.0)):
            rounds = interleaved(
                lambda flights=flights: (  # type: ignore[misc]
                    asyncio.run(by_action(port, flights, CALLS)),
                    asyncio.run(by_aiohttp(port, flights, CALLS)),
                ),
                lambda flights=flights: asyncio.run(by_hand(port, flights, CALLS)),  # type: ignore[misc]
                rounds=ROUNDS,
            )
            what, unit = f"async creates, {flights} in flight", "a second of CPU"
            yield ratio(what, (">=", goal), [(ours, hand) for (ours, _), hand in rounds], unit)
            pairs = [(aiohttp, hand) for (_, aiohttp), hand in rounds]
            yield ratio(f"{what}, aiohttp transport", (">=", aiohttp_goal), pairs, unit)
        # A collection of all garbage takes as long as a hundred creates: over many it counts as it should.
        pairs = interleaved(
            lambda: asyncio.run(by_action(port, 256, MANY_CALLS)),
            lambda: asyncio.run(by_action(port, 16, MANY_CALLS)),
            rounds=ROUNDS,
        )
        yield ratio("256 in flight against 16", (">=", 0.9), pairs, "a second of CPU")
    bound = 256 / SLOW_S
    with answering(CREATED, status=201, delay_s=SLOW_S) as port:
        found = [asyncio.run(_by_the_clock(port, 256)) / bound for _ in range(3)]
    note = f"{number(sorted(found)[1] * bound)} of {number(bound)} a second"
    yield amount("256 in flight on answers of 200 ms", (">=", 0.9), found, "of the bound", note)


if __name__ == "__main__":
    sys.exit(show(rows()))
