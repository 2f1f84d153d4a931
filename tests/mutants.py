"""Take away one defence after the other, and see that a test notices.

`python3 dev.py soak --mutants [S-.. …]`. Each row of `quality.yaml` names what it breaks,
`module:name`, and what that becomes: a Python expression in the words of that module, with
`args` and `kwargs` for a function's arguments and `original` for the function as it was.
In a copy of the project, one of the row's tests must then fail, and pass without the break.
"""

# ruff: noqa: T201  printing is what it is for
from __future__ import annotations

import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
AT_ONCE = 2
# A test that hangs has noticed nothing: it must fail, and say what is missing.
PATIENCE_S = 300
MEMORY_BYTES = 6 * 2**30
PASSED, FAILED = 0, 1
# Stands at the end of the module, and so in every process that imports it. The very code is
# exchanged: whoever imported the function or keeps it in a table meets the new one.
BREAK = """

import inspect as _inspect
import types as _types

_found = {found}
for _inside in ("fget", "func", "__func__", "__wrapped__"):
    _found = getattr(_found, _inside, None) or _found
if isinstance(_found, _types.FunctionType):
    original = _types.FunctionType(_found.__code__, globals(), "original", _found.__defaults__, _found.__closure__)
    original.__kwdefaults__ = _found.__kwdefaults__
    _made = {{}}
    _kind = "async def" if _inspect.iscoroutinefunction(_found) else "def"
    exec(_kind + " broken(*args, **kwargs):\\n    return " + {becomes!r}, _made)
    _found.__code__ = _made["broken"].__code__
    _found.__defaults__ = _found.__kwdefaults__ = None
else:
    {path} = eval({becomes!r})
"""


def main(wanted: list[str]) -> int:
    """Break what each row (or each wanted row) names; returns 0 when every break was noticed."""
    rows = yaml.safe_load((ROOT / "quality.yaml").read_text("utf-8"))["rows"]
    chosen = {key: row for key, row in rows.items() if "breaks" in row and (not wanted or key in wanted)}
    survivors = []
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_ONCE) as workers:
        copies: queue.SimpleQueue[Path] = queue.SimpleQueue()
        for number in range(AT_ONCE):
            copies.put(copied(Path(folder) / str(number)))
        for key, end in workers.map(lambda item: tried(copies, *item), chosen.items()):
            if end is not None:
                survivors.append(key)
                print(f"{key}: {end}", flush=True)
    print(f"not noticed: {', '.join(survivors)}" if survivors else f"all {len(chosen)} breaks were noticed")
    return 1 if survivors else 0


def copied(target: Path) -> Path:
    """Return a copy of the project, as it stands here."""
    left_out = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", "build", "dist")
    return Path(shutil.copytree(ROOT, target, ignore=left_out, symlinks=True))


def tried(copies: queue.SimpleQueue[Path], key: str, row: dict[str, Any]) -> tuple[str, str | None]:
    """Break one row's defence in a free copy; returns None for the end when a test noticed."""
    copy = copies.get()
    started = time.monotonic()
    try:
        word, said = judged(copy, row)
    finally:
        copies.put(copy)
    print(f"{key:<7}{word:<10}{time.monotonic() - started:5.1f} s  {row['breaks']}", flush=True)
    return key, said


def judged(copy: Path, row: dict[str, Any]) -> tuple[str, str | None]:
    """Return how a row's tests end without what defends it: a word, and more where none noticed."""
    module = module_of(copy, row["breaks"].partition(":")[0])
    whole = module.read_bytes()
    module.write_bytes(whole + broken(row).encode())
    try:
        ended = run(copy, row["done"])
    finally:
        module.write_bytes(whole)
    if ended is None:
        return "HANGS", "its tests do not come to an end"
    if ended.returncode == PASSED:
        return "UNNOTICED", "no test failed"
    failed = re.search(r"^FAILED (tests/\S+::.*?)(?: - .*)?$", ended.stdout, re.MULTILINE)
    if ended.returncode != FAILED or failed is None:
        return "ERROR", ended.stdout[-3_000:] + ended.stderr[-3_000:]
    control = run(copy, [failed[1]])
    if control is None or control.returncode != PASSED:
        return "ERROR", f"fails without the break, too: {failed[1]}\n{(control or ended).stdout[-2_000:]}"
    return "noticed", None


def module_of(copy: Path, name: str) -> Path:
    """Return the file of a module."""
    sources = copy / "sandbox" / "src" if name.startswith("zoho_sandbox") else copy / "src"
    path = sources / name.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def broken(row: dict[str, Any]) -> str:
    """Return what is put at the end of a module to break one of its names."""
    path = row["breaks"].partition(":")[2]
    owner, _, name = path.rpartition(".")
    found = f"vars({owner})[{name!r}]" if owner else name
    return BREAK.format(found=found, path=path, becomes=row.get("becomes", "None"))


def run(copy: Path, tests: list[str]) -> subprocess.CompletedProcess[str] | None:
    """Run tests in a copy up to the first failure; None when they do not end."""
    pytest = [sys.executable, "-m", "pytest", "-x", "-q", "-rf", "--tb=short", "-m", "not long"]
    # A bomb without its defence must not take the machine along.
    words = ["sh", "-c", f'ulimit -v {MEMORY_BYTES // 1024}; exec "$@"', "sh", *pytest, *tests]
    with subprocess.Popen(
        words,
        cwd=copy,
        env={**os.environ, "PYTHONPATH": f"{copy / 'src'}{os.pathsep}{copy / 'sandbox' / 'src'}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            return None
    return subprocess.CompletedProcess(words, process.returncode, out, err)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
