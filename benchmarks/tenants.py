"""What one more tenant costs, and whether ten thousand work."""

from __future__ import annotations

import sys
import time
import tracemalloc
from typing import TYPE_CHECKING

from kit.loopback import answering
from kit.measure import Row, amount, show
from kit.sides import CREATED, INPUTS, component, connection

if TYPE_CHECKING:
    from collections.abc import Iterator

TENANTS, ROUNDS = 10_000, 5


def rows() -> Iterator[Row]:
    """Open sessions, then let every hundredth make a call."""
    shared = component()
    with answering(CREATED, status=201) as port:
        shared.session(connection(port)).run("booksCreateRecord", INPUTS)
        found = []
        for _ in range(ROUNDS):
            started = time.process_time()
            some = [shared.session(connection(port)) for _ in range(1_000)]
            found.append((time.process_time() - started) / len(some) * 1e3)
        yield amount("one more idle tenant, time", ("<=", 0.1), found, "ms CPU")
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        tenants = [shared.session(connection(port)) for _ in range(TENANTS)]
        each_kib = (tracemalloc.get_traced_memory()[0] - before) / TENANTS / 1024
        tracemalloc.stop()
        yield amount("one more idle tenant, memory", ("<=", 10), [each_kib], "KiB")
        used = tenants[::100]
        answered = sum(session.run("booksCreateRecord", INPUTS).outcome == "done" for session in used)
        for session in tenants:
            session.close()
        note = f"{TENANTS:,} open, {len(used)} used"
        yield amount("10,000 sessions in one process", (">=", 100), [answered], "calls answered", note)


if __name__ == "__main__":
    sys.exit(show(rows()))
