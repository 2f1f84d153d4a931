"""Exact counts of one warm create: function calls, and requests on the wire."""

from __future__ import annotations

import cProfile
import pstats
import sys
from typing import TYPE_CHECKING

import httpx
from kit.loopback import answering
from kit.measure import Row, amount, show
from kit.sides import CREATED, INPUTS, component, connection, create_by_action

if TYPE_CHECKING:
    from collections.abc import Iterator

CALLS = 100


def rows() -> Iterator[Row]:
    """Count under the profiler, and behind a transport that counts."""
    with answering(CREATED, status=201) as port:
        create = create_by_action(port)
        create()
        profile = cProfile.Profile()
        profile.enable()
        for _ in range(CALLS):
            create()
        profile.disable()
    calls = pstats.Stats(profile).total_calls / CALLS  # type: ignore[attr-defined]
    yield amount("function calls a create", ("<=", 2_000), [calls], "calls")
    sent = 0

    def answer(_: httpx.Request) -> httpx.Response:
        nonlocal sent
        sent += 1
        return httpx.Response(201, content=CREATED, headers={"content-type": "application/json"})

    session = component().session(connection(1), transport=httpx.MockTransport(answer))
    for _ in range(CALLS):
        session.run("booksCreateRecord", INPUTS)
    yield amount("round trips a warm create", ("<=", 1.05), [sent / CALLS], "requests")


if __name__ == "__main__":
    sys.exit(show(rows()))
