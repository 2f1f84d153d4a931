"""Checking a component of many action files: time a file, and whether it stays linear."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from kit.many import many_actions
from kit.measure import Row, amount, show

from connector_runtime.definition.load import find_problems

if TYPE_CHECKING:
    from collections.abc import Iterator

FEW, MANY, ROUNDS = 500, 2_000, 3


def check_ms(folder: Path) -> float:
    """Return the CPU of a whole check in milliseconds."""
    started = time.process_time()
    assert not [problem for problem in find_problems([folder]) if problem.severity == "error"]
    return (time.process_time() - started) * 1e3


def rows() -> Iterator[Row]:
    """Check 500 and 2,000 files in turn."""
    with tempfile.TemporaryDirectory() as place:
        few, many = many_actions(Path(place) / "few", FEW), many_actions(Path(place) / "many", MANY)
        check_ms(few)
        pairs = [(check_ms(many) / MANY, check_ms(few) / FEW) for _ in range(ROUNDS)]
    yield amount("check of 2,000 action files", ("<=", 2.0), [ours for ours, _ in pairs], "ms CPU a file")
    yield amount("a file of 2,000 against one of 500", ("<=", 1.1), [ours / few for ours, few in pairs], "x")


if __name__ == "__main__":
    sys.exit(show(rows()))
