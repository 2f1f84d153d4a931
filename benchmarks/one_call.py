"""One warm action call against the same call written by hand with httpx.Client: CPU, side by side."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from kit.loopback import answering
from kit.measure import Row, cpu_us, interleaved, ratio, show
from kit.sides import CREATED, create_by_action, create_by_hand

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS, CALLS = 15, 200


def rows() -> Iterator[Row]:
    """Compare on either wire, and with somebody who listens to every event."""
    events: list[object] = []
    with answering(CREATED, status=201) as port:
        hand = create_by_hand(port)
        plain, fast = (create_by_action(port, transport=wire) for wire in ("httpx", "fast"))
        traced = create_by_action(port, on_event=events.append)
        assert plain() == fast() == traced() == hand()
        for what, goal, action in (
            ("one warm create, httpx", 0.85, plain),
            ("one warm create, fast", 0.60, fast),
            ("one warm create with a listener, fast", 0.70, traced),
        ):
            pairs = interleaved(
                lambda action=action: cpu_us(action, CALLS),  # type: ignore[misc]
                lambda: cpu_us(hand, CALLS),
                rounds=ROUNDS,
            )
            yield ratio(what, ("<=", goal), pairs, "µs CPU")


if __name__ == "__main__":
    sys.exit(show(rows()))
