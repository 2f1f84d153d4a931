"""Measure two sides in interleaved rounds of one run, and say how they compare."""

from __future__ import annotations

import gc
import json
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Run = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        what: What was measured.
        goal: The bound of `value`, and whether it is a floor (`>=`) or a ceiling (`<=`).
        value, low, high: Median, least and most of all rounds.
        unit: Of all three; `x` for a ratio.
        note: Both sides in plain numbers.
    """

    what: str
    goal: tuple[str, float]
    value: float
    low: float
    high: float
    unit: str = "x"
    note: str = ""

    @property
    def is_met(self) -> bool:
        """Return whether the median reaches the goal."""
        sign, bound = self.goal
        return self.value <= bound if sign == "<=" else self.value >= bound

    def __str__(self) -> str:
        sign, bound = self.goal
        verdict = "met" if self.is_met else "missed"
        spread = f"(min {number(self.low)}, max {number(self.high)})"
        return (
            f"{self.what}: {number(self.value)} {self.unit} {spread}, "
            f"goal {sign} {number(bound)}, {verdict}; {self.note}"
        )


def ratio(what: str, goal: tuple[str, float], pairs: Iterable[tuple[float, float]], unit: str) -> Row:
    """Return the row of a ratio: ours to theirs, round by round; `unit` is that of both sides."""
    rows = list(pairs)
    ratios = [ours / theirs for ours, theirs in rows]
    ours, theirs = (statistics.median(side) for side in zip(*rows, strict=True))
    note = f"{number(ours)} against {number(theirs)} {unit}"
    return Row(what, goal, statistics.median(ratios), min(ratios), max(ratios), note=note)


def amount(what: str, goal: tuple[str, float], values: Iterable[float], unit: str, note: str = "") -> Row:
    """Return the row of a plain number."""
    found = list(values)
    return Row(what, goal, statistics.median(found), min(found), max(found), unit, note)


def interleaved(ours: Run, theirs: Run, *, rounds: int) -> list[tuple[Any, Any]]:
    """Return what both sides gave, round by round; the side that goes first changes."""
    ours(), theirs()
    found = []
    for number_ in range(rounds):
        gc.collect()
        if number_ % 2:
            other = theirs()
            found.append((ours(), other))
        else:
            found.append((ours(), theirs()))
    return found


def cpu_us(call: Run, calls: int) -> float:
    """Return this process's CPU of one call, in microseconds."""
    started = time.process_time()
    for _ in range(calls):
        call()
    return (time.process_time() - started) / calls * 1e6


def seconds(call: Run) -> float:
    """Return how long a call takes by the clock."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def number(value: float) -> str:
    """Return a number with as many digits as it deserves."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.3f}"


def show(rows: Iterable[Row]) -> int:
    """Print rows as they come; `--json FILE` also writes them."""
    found = []
    for row in rows:
        print(row, flush=True)
        found.append({**asdict(row), "is_met": row.is_met})
    if "--json" in sys.argv:
        with open(sys.argv[sys.argv.index("--json") + 1], "w", encoding="utf-8") as file:  # noqa: PTH123
            json.dump(found, file)
    return 0
