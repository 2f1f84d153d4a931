"""Many calls while the line keeps breaking: nothing lost, nothing doubled, nothing left over.

    python3 dev.py soak [CALLS] [--seed N]

A sandbox in a process of its own breaks 5 % of what it is asked; upserts, creates and reads
go to it through a blocking and an awaiting session in turn. Its ledger says what there is.
Exits with 1 when an invariant does not hold.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import random
import subprocess
import sys
import threading
import time
import urllib.request
from array import array
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector_runtime import Component, ConnectorError
from connector_runtime.base.values import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator

# An action, its inputs, and kind and number of the record that comes of it.
Call = tuple[str, dict[str, Any], tuple[str, int] | None]

ROOT = Path(__file__).resolve().parents[1]
ITEMS = "/books/v3/items"
KINDS = ("Leads", "contacts", "items")
IN_FLIGHT = 16
ROUNDS = 20
DEADLINE_S = 60.0
# What a machine that does other work as well may need between a deadline and the error.
MOST_OVERRUN_S = 2.0
# A leak of a hundred bytes a call would show.
MOST_MB_PER_10_000 = 1.0
BREAKS: list[dict[str, Any]] = [
    {"fault": "drop", "commit": True},
    {"fault": "drop", "reset": True},
    {"fault": "status", "status": 503},
    {"fault": "html", "status": 502, "commit": True},
    {"fault": "truncate", "keep_bytes": 9, "commit": True},
]
SHARE = 0.05


class Hurry(SystemClock):
    """Real time, but waits take none of it."""

    def __init__(self) -> None:
        self._skipped_s = 0.0

    def now(self) -> float:
        return super().now() + self._skipped_s

    def monotonic(self) -> float:
        return super().monotonic() + self._skipped_s

    def sleep(self, seconds: float) -> None:
        self._skipped_s += seconds

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)
        await asyncio.sleep(0)


@dataclass
class Tally:
    """What was done and seen, kept so that it does not grow with the calls.

    Attributes:
        ids: Of the records, by kind and number; 0 where none was told.
        tried: Whether a record was asked for, by kind and number.
        twins: Names that were told with two ids.
        memory: Calls so far, and megabytes.
    """

    ids: dict[str, array[int]]
    tried: dict[str, bytearray]
    calls: int = 0
    unknown: int = 0
    worst_overrun_s: float = 0.0
    twins: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    memory: list[tuple[int, float]] = field(default_factory=list)


def call_of(number: int, chance: random.Random, most: int) -> Call:
    """Return an action, its inputs, and what its record is known by."""
    repeats = {"maxRetries": 10, "retryDelayMS": 1}
    kind, one = chance.random(), chance.randrange(most)
    if kind < 0.3:
        fields = {"Last_Name": f"Lead {one}", "Email": f"lead{one}@example.com"}
        return "crmUpsertRecord", {"recordType": "Leads", "fieldValues": fields, **repeats}, ("lead", one)
    if kind < 0.6:
        unique = {"uniqueFieldKey": "cf_external_id", "uniqueFieldValue": f"EXT-{one}"}
        inputs = {"recordType": "contacts", **unique, "fieldValues": {"contact_name": f"Customer {one}"}}
        return "booksUpsertRecord", {**inputs, **repeats}, ("contact", one)
    if kind < 0.7:
        fields = {"name": f"Item {number}", "rate": 1}
        return (
            "booksCreateRecord",
            {"recordType": "items", "fieldValues": fields, **repeats},
            ("item", number),
        )
    query = "select Last_Name from Contacts where Last_Name is not null limit 2"
    return "crmRunQuery", {"query": query, **repeats}, None


def tally_of(calls: int, most: int) -> Tally:
    """Return an empty tally with room for all records."""
    rooms = {"lead": most, "contact": most, "item": calls}
    ids = {kind: array("q", bytes(8 * room)) for kind, room in rooms.items()}
    return Tally(ids, {kind: bytearray(room) for kind, room in rooms.items()})


class Soak:
    """Makes the calls and judges what came of them."""

    def __init__(self, given: dict[str, Any], calls: int, seed: int) -> None:
        self.given, self.wanted, self.seed = given, calls, seed
        most = max(10, calls // 8)
        self.component, self.clock, self.tally = Component.load(ROOT), Hurry(), tally_of(calls, most)
        chance = random.Random(seed)
        self.calls = (call_of(number, chance, most) for number in range(calls))

    def run(self) -> None:
        """Make all calls, blocking and awaiting in turn."""
        options = {"clock": self.clock, "random": random.Random(self.seed)}
        size = max(1, self.wanted // ROUNDS)
        with self.component.session(self.given, **options) as session:
            runner = asyncio.Runner(debug=False)
            awaiting = self.component.async_session(self.given, **options)
            for number in range(0, self.wanted, size):
                share = [call for _, call in zip(range(size), self.calls, strict=False)]
                if number // size % 2:
                    runner.run(self._await(awaiting, share))
                else:
                    self._block(session, share)
                self.tally.memory.append((self.tally.calls, memory_mb()))
            runner.run(awaiting.aclose())
            runner.close()

    def _block(self, session: Any, share: list[Call]) -> None:
        for action, inputs, name in share:
            with self._noting(action, name) as told:
                told.append(session.run(action, inputs, deadline_s=DEADLINE_S))

    async def _await(self, session: Any, share: list[Call]) -> None:
        left = iter(share)

        async def work() -> None:
            for action, inputs, name in left:
                with self._noting(action, name) as told:
                    told.append(await session.run(action, inputs, deadline_s=DEADLINE_S))

        await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))

    @contextmanager
    def _noting(self, action: str, name: tuple[str, int] | None) -> Iterator[list[Any]]:
        told: list[Any] = []
        tally, started = self.tally, time.monotonic()
        if name:
            tally.tried[name[0]][name[1]] = 1
        try:
            yield told
        except ConnectorError as problem:
            tally.failed[f"{action} {problem.kind}"] += problem.kind != "outcome_unknown"
            tally.unknown += problem.kind == "outcome_unknown"
        else:
            if name:
                told_id = int(id_of(told[0].data))
                kept = tally.ids[name[0]]
                tally.twins += kept[name[1]] not in (0, told_id)
                kept[name[1]] = told_id
        tally.calls += 1
        tally.worst_overrun_s = max(tally.worst_overrun_s, time.monotonic() - started - DEADLINE_S)

    def verdict(self, ledger: list[dict[str, Any]]) -> tuple[dict[str, Any], list[str]]:
        """Return figures, and what does not hold."""
        tally = self.tally
        made = [
            (effect["kind"], effect.get("key"), effect["id"])
            for entry in ledger
            for effect in entry["effects"]
            if effect["effect"] in ("create", "upsert-insert", "upsert-create") and effect["kind"] in KINDS
        ]
        keys = Counter((kind, key) for kind, key, _ in made if key is not None)
        # The ledger has no key of a lead.
        leads = sum(kind == "Leads" for kind, *_ in made) - sum(tally.tried["lead"])
        known = {one for ids in tally.ids.values() for one in ids if one}
        creates = sum(entry["method"] == "POST" and entry["path"] == ITEMS for entry in ledger)
        figures = {
            "calls": tally.calls,
            "requests": len(ledger),
            "faults": sum(entry["fault"] is not None for entry in ledger),
            "unknown outcomes": tally.unknown,
            "records": len(made),
            "lost": len(known - {int(one) for *_, one in made}),
            "doubled": keys.total() - len(keys) + max(0, leads),
            "names with two records": tally.twins,
            "creates sent again": creates - sum(tally.tried["item"]),
            "MB per 10,000 calls": round(slope(tally.memory) * 10_000, 2),
            "worst overrun s": round(max(0.0, tally.worst_overrun_s), 2),
        }
        return figures, [
            *broken(figures),
            *(f"{why}: {count}" for why, count in tally.failed.items() if count),
        ]


def id_of(data: dict[str, Any]) -> str:
    """Return the id of the record that a result shows."""
    return str(data["id"] if "id" in data else data.get("item", data)["item_id"])


def broken(figures: dict[str, Any]) -> list[str]:
    """Return which figures are not what was promised."""
    nothing = ("lost", "doubled", "names with two records", "creates sent again")
    found = [f"{name}: {figures[name]}" for name in nothing if figures[name]]
    bounds = {"MB per 10,000 calls": MOST_MB_PER_10_000, "worst overrun s": MOST_OVERRUN_S}
    # The first thousands of calls fill caches.
    found += [
        f"{n}: {figures[n]}" for n, most in bounds.items() if figures["calls"] >= 10_000 and figures[n] > most
    ]
    if figures["faults"] < figures["requests"] * SHARE / 2:
        found.append("hardly anything was broken")
    return found


def memory_mb() -> float:
    """Return the memory of this process, 0 where the system does not tell."""
    gc.collect()
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6 if statm.exists() else 0.0


def slope(samples: list[tuple[int, float]]) -> float:
    """Return the steepness of the straight line through the later three quarters of the samples."""
    samples = samples[len(samples) // 4 :]
    mean_x, mean_y = (sum(column) / len(samples) for column in zip(*samples, strict=True))
    spread = sum((x - mean_x) ** 2 for x, _ in samples)
    return sum((x - mean_x) * (y - mean_y) for x, y in samples) / spread if spread else 0.0


def held() -> tuple[int, int]:
    """Return how many descriptors and threads this process has."""
    gc.collect()
    descriptors = Path("/proc/self/fd")
    return len(list(descriptors.iterdir())) if descriptors.exists() else 0, threading.active_count()


def ask(url: str, body: Any = None) -> Any:
    """Speak with the sandbox's control; no proxy is asked."""
    request = urllib.request.Request(url, None if body is None else json.dumps(body).encode())
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=600) as reply:
        return json.load(reply)


@contextmanager
def sandbox_elsewhere() -> Iterator[dict[str, Any]]:
    """Serve a sandbox from another process, so that its memory is not ours; gives what it says of itself."""
    process = subprocess.Popen(
        [sys.executable, "-m", "zoho_sandbox", "--json"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        ask(
            f"{said['url']}/_sandbox/settings",
            {"oauth.limits": False, "books.allow_duplicate_item_names": True},
        )
        yield said
    finally:
        process.terminate()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def main(words: list[str] | None = None) -> int:
    """Run and print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="dev.py soak", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("calls", type=int, nargs="?", default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(words)
    print(f"seed {given.seed}")  # noqa: T201
    with sandbox_elsewhere() as said:
        # Each of the later ones only meets what the earlier ones let through.
        breaks = [
            {**one, "path": path, "count": None, "probability": SHARE / len(BREAKS)}
            for path in ("/crm/*", "/books/*")
            for one in BREAKS
        ]
        before = held()
        soak = Soak(said["connection"], given.calls, given.seed)
        ask(f"{said['url']}/_sandbox/faults", breaks)
        started = time.monotonic()
        soak.run()
        took_s = time.monotonic() - started
        after = held()
        figures, problems = soak.verdict(ask(f"{said['url']}/_sandbox/ledger")["ledger"])
    figures |= {"descriptors": f"{before[0]} -> {after[0]}", "threads": f"{before[1]} -> {after[1]}"}
    problems += ["something was left open"] if after != before else []
    for name, figure in figures.items():
        print(f"{name:<24}{figure:,}" if isinstance(figure, int) else f"{name:<24}{figure}")  # noqa: T201
    print(f"{'seconds':<24}{took_s:.0f}")  # noqa: T201
    for problem in problems:
        print(f"BROKEN {problem}")  # noqa: T201
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
