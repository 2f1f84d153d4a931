"""A hundred thousand creates in one process: does it grow, does it slow down?"""

from __future__ import annotations

import gc
import resource
import sys
from typing import TYPE_CHECKING

from kit.loopback import answering
from kit.measure import Row, amount, cpu_us, show
from kit.sides import CREATED, create_by_action

if TYPE_CHECKING:
    from collections.abc import Iterator

CREATES, TENTHS = 100_000, 10


def rows() -> Iterator[Row]:
    """Compare the last tenth with the first, and the most memory after the first tenth with the end's."""
    with answering(CREATED, status=201) as port:
        create = create_by_action(port)
        each = CREATES // TENTHS
        tenths, peaks_kib = [], []
        for _ in range(TENTHS):
            tenths.append(cpu_us(create, each))
            gc.collect()
            peaks_kib.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    growth = (peaks_kib[-1] - peaks_kib[0]) / (CREATES - each) * 1_000
    yield amount("growth per 1,000 of 100,000 creates", ("<=", 10), [growth], "KiB")
    note = f"{tenths[-1]:,.0f} against {tenths[0]:,.0f} µs CPU"
    yield amount("last tenth against first", ("<=", 1.05), [tenths[-1] / tenths[0]], "x", note)


if __name__ == "__main__":
    sys.exit(show(rows()))
