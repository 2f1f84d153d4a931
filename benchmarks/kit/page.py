"""Run benchmarks one after another and write what they found to docs/reference/performance.md."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from kit.measure import number

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/reference/performance.md"
REMARKS = ROOT / "benchmarks/remarks.md"
HEAD = """# Performance

Written by `python3 dev.py bench all`; [benchmarks](../../benchmarks/README.md) says what a row compares.
H is the same job written by hand with `httpx.Client`, measured in the same run, round by round in turn.
A ratio is ours to H's: of costs, smaller is better; of speeds, larger.
"""


def main() -> int:
    """Run every benchmark that gives rows."""
    every = sorted((ROOT / "benchmarks").glob("*.py"))
    scripts = {path.stem: path for path in every if "from kit.measure import" in path.read_text("utf-8")}
    found: dict[str, list[dict[str, Any]]] = {}
    for name, path in scripts.items():
        with tempfile.TemporaryDirectory() as place:
            file = Path(place) / "rows.json"
            print(f"— {name}", flush=True)
            subprocess.run([sys.executable, str(path), "--json", str(file)], check=True)
            found[name] = json.loads(file.read_text("utf-8"))
    PAGE.write_text(page(found), "utf-8")
    return 0


def page(found: dict[str, list[dict[str, Any]]]) -> str:
    """Return the text of the page."""
    lines = [
        HEAD,
        _machine(),
        "",
        "| what | goal | found | least to most | in numbers | |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    rows = [(name, row) for name, entries in found.items() for row in entries]
    for name, row in rows:
        lines.append(_line(name, row))
    missed = sum(not row["is_met"] for _, row in rows)
    lines += [
        "",
        f"{len(rows) - missed} of {len(rows)} rows are met.",
        "",
        REMARKS.read_text("utf-8").strip(),
    ]
    return "\n".join(lines) + "\n"


def _line(name: str, row: dict[str, Any]) -> str:
    sign, bound = row["goal"]
    goal = f"{'≤' if sign == '<=' else '≥'} {number(bound)}"
    verdict = "met" if row["is_met"] else f"missed by {number(abs(row['value'] - bound))}"
    return (
        f"| {row['what']} (`{name}`) | {goal} {row['unit']} | {number(row['value'])} "
        f"| {number(row['low'])} to {number(row['high'])} | {row['note']} | {verdict} |"
    )


def _machine() -> str:
    packages = ", ".join(f"{name} {metadata.version(name)}" for name in ("httpx", "httpcore", "h11"))
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d}: {platform.system()} on {platform.machine()}, "
        f"{os.cpu_count()} cores, Python {platform.python_version()}, {packages}; load at the end {load}."
    )


if __name__ == "__main__":
    sys.exit(main())
