"""One warm action call against the same call written by hand with httpx.Client: CPU, side by side."""

from __future__ import annotations

import json
import statistics
import sys
import time
from typing import TYPE_CHECKING, Any

import httpx
from loopback import answering

from connector_runtime import Component

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS, CALLS = 15, 200
ANSWER = json.dumps(
    {
        "code": 0,
        "message": "The item has been added.",
        "item": {"item_id": "460000000012345", "name": "Hard Drive", "rate": 120},
    }
).encode()
FIELDS = {"name": "Hard Drive", "rate": 120, "description": "500 GB", "sku": "s12345"}


def by_action(port: int) -> Callable[[], Any]:
    """Return a call of booksCreateRecord: inputs checked, rendered, sent, parsed, mapped."""
    session = Component.load("zoho").session(
        {
            "key": "sandbox",
            "fields": {"port": port, "clientId": "id", "clientSecret": "secret"},
            "token": {"access_token": "1000.sandbox.benchmark", "api_domain": f"http://127.0.0.1:{port}"},
        }
    )
    inputs = {"organizationId": "10234695", "recordType": "items", "fieldValues": FIELDS}
    # The budget of 100 calls a minute is real; here it would only measure waiting.
    session._model.services["books"] = session._model.services["books"].__class__(  # noqa: SLF001
        session._model.services["books"].url,
        None,
        None,
    )
    return lambda: session.run("booksCreateRecord", inputs).data["item"]["item_id"]


def by_hand(port: int) -> Callable[[], Any]:
    """Return the same call as a careful person writes it."""
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}/books/v3", timeout=60.0)

    def call() -> Any:
        reply = client.post(
            "/items",
            params={"organization_id": "10234695"},
            headers={"Authorization": "Zoho-oauthtoken 1000.sandbox.benchmark"},
            json=FIELDS,
        )
        data = reply.json()
        if reply.status_code >= 300 or data["code"] != 0:
            raise RuntimeError(data["message"])
        return data["item"]["item_id"]

    return call


def cpu_us(call: Callable[[], Any]) -> float:
    """Return the CPU of one call in microseconds."""
    started = time.process_time()
    for _ in range(CALLS):
        call()
    return (time.process_time() - started) / CALLS * 1e6


def main() -> int:
    """Measure in interleaved rounds and print the ratio."""
    with answering(ANSWER, status=201) as port:
        action, hand = by_action(port), by_hand(port)
        assert action() == hand()
        cpu_us(action), cpu_us(hand)
        rows = [(cpu_us(action), cpu_us(hand)) for _ in range(ROUNDS)]
    ratios = sorted(ours / theirs for ours, theirs in rows)
    print(
        f"action  {statistics.median(row[0] for row in rows):7.0f} µs CPU a call (median of {ROUNDS} rounds)"
    )
    print(f"by hand {statistics.median(row[1] for row in rows):7.0f} µs CPU a call")
    print(f"ratio   {statistics.median(ratios):7.2f}  (min {ratios[0]:.2f}, max {ratios[-1]:.2f})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
