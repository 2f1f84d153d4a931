"""What the meta-tests look at: the repository's own files."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = ROOT / "src" / "connector_runtime"
SANDBOX = ROOT / "sandbox" / "src" / "zoho_sandbox"
# The packages beside it through which people and programs use it.
FACES = (
    *sorted(path.parent for path in (ROOT / "src").glob("connector_*/__init__.py") if path.parent != RUNTIME),
    ROOT / "examples",
)
SCHEMAS = ROOT / "schemas"
PETSHOP = ROOT / "tests" / "components" / "petshop"


@cache
def files(*suffixes: str) -> tuple[Path, ...]:
    """Return the files that belong to the project, with one of the suffixes, or all.

    In a checkout these are the ones git keeps or would keep; in an unpacked archive
    every file that is no product of a tool.
    """
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.decode()
        found = [ROOT / name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        found = [path for path in ROOT.rglob("*") if not _is_made(path)]
    return tuple(
        sorted(path for path in found if path.is_file() and (not suffixes or path.suffix in suffixes))
    )


def _is_made(path: Path) -> bool:
    steps = path.relative_to(ROOT).parts
    return any(step.startswith(".") or step in {"__pycache__", "dist", "build"} for step in steps)


def place(path: Path) -> str:
    """Return a file's name as it is written in messages."""
    return path.relative_to(ROOT).as_posix()
