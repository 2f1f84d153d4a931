#!/usr/bin/env python3
"""The project's menu; needs Python 3.11 and pip (or uv), nothing else.

Makes `.venv` beside this file, installs the component, its sandbox and what is pinned, and runs
a command in it. The work is skipped when nothing has changed.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / ".installed"
# More would wait for each other: each starts servers and processes of its own.
MOST_PROCESSES = 4
EXTRAS = {"demo": "cli", "test": "cli,store,redis,speed,aiohttp,test,lint,build"}


def main() -> int:
    """Run the command named on the command line."""
    name, *rest = sys.argv[1:] or ["help"]
    command = COMMANDS.get(name)
    if command is None:
        menu()
        return 0 if name in ("help", "--help", "-h") else 2
    return command(rest)


def menu() -> None:
    """List the commands."""
    print("usage: python3 dev.py COMMAND [OPTIONS]\n")
    for name, command in COMMANDS.items():
        print(f"  {name:<8}{(command.__doc__ or '').splitlines()[0]}")


def demo(rest: list[str]) -> int:
    """Do the component's main job on the embedded sandbox; no account needed."""
    return install("demo") or run("-m", "zoho_component", "demo", *rest)


def test(rest: list[str]) -> int:
    """Check style and types, the component's files, and run every test (--long: the long ones too)."""
    long = "--long" in rest
    chosen = [word for word in rest if word != "--long"]
    if install("test"):
        return 1
    if not chosen and (lint([]) or check([])):
        return 1
    options = [*([] if long else ["-m", "not long"]), *(chosen or spread())]
    # All of `-X dev` but the checks of C memory: nothing here is written in C, and they cost a seventh.
    os.environ.setdefault("PYTHONMALLOC", "default")
    return run("-X", "dev", "-m", "pytest", *options)


def spread() -> list[str]:
    """Return the options that spread tests over processes, which find as much as one would (`-X dev`)."""
    count = min(os.cpu_count() or 1, MOST_PROCESSES)
    return ["--dist", "worksteal", "--tx", f"{count}*popen//python={shlex.quote(str(PYTHON))} -X dev"]


def soak(rest: list[str]) -> int:
    """Make 100,000 calls on a breaking line; or take each defence away in turn (--mutants [S-.. …])."""
    script = "tests/mutants.py" if "--mutants" in rest else "tests/soak.py"
    return install("test") or run(script, *[word for word in rest if word != "--mutants"])


def lint(rest: list[str]) -> int:
    """Check style (ruff) and types (mypy, strict)."""
    return install("test") or run("-m", "ruff", "check", *(rest or ["."])) or run("-m", "mypy")


def check(rest: list[str]) -> int:
    """Check the component's files and run the tests embedded in them."""
    return (
        install("test")
        or run("-m", "zoho_component", "check", ".", *rest)
        or run("-m", "zoho_component", "test", ".", *rest)
    )


def bench(rest: list[str]) -> int:
    """Run a benchmark of benchmarks/ by its name, or all; without a name, list them."""
    if rest == ["all"]:
        return install("test") or run("benchmarks/kit/page.py")
    scripts = {path.stem: path for path in sorted((ROOT / "benchmarks").glob("*.py"))}
    if not rest or rest[0] not in scripts:
        print("\n".join(scripts))
        return 0 if not rest else 2
    return install("test") or run(str(scripts[rest[0]]), *rest[1:])


COMMANDS = {"demo": demo, "test": test, "lint": lint, "check": check, "bench": bench, "soak": soak}


def install(what: str) -> int:
    """Make the environment hold what a command needs; returns 0 when it does."""
    extras = EXTRAS[what]
    done = STAMP.read_text().split("\n") if STAMP.exists() else []
    if PYTHON.exists() and fingerprint(EXTRAS["test"]) in done:
        return 0
    stamp = fingerprint(extras)
    if PYTHON.exists() and stamp in done:
        return 0
    print(f"dev.py: installing into {VENV.name} …", file=sys.stderr, flush=True)
    for step in steps(extras):
        ended = subprocess.run(step, cwd=ROOT, check=False, capture_output=True, text=True)
        if ended.returncode:
            return fail(f"{' '.join(map(str, step))}\n{ended.stdout[-2000:]}{ended.stderr[-4000:]}")
    STAMP.write_text("\n".join([*done, stamp]))
    return 0


def steps(extras: str) -> list[list[str | Path]]:
    """Return the commands that make the environment and fill it."""
    what = ["--editable", f".[{extras}]", "--editable", "./sandbox"]
    wanted: list[str | Path] = ["install", "--constraint", "constraints.txt", *what]
    make = [] if PYTHON.exists() else [[sys.executable, "-m", "venv", "--without-pip", "--clear", VENV]]
    uv = shutil.which("uv")
    if uv:
        return [*make, [uv, "pip", *wanted, "--python", PYTHON]]
    if subprocess.run(
        [sys.executable, "-m", "pip", "--version"], check=False, capture_output=True
    ).returncode:
        # No pip here: the new environment may still bring its own.
        return [*make, [PYTHON, "-m", "ensurepip"], [PYTHON, "-m", "pip", *wanted]]
    # The environment's own interpreter is not "externally managed", so pip may fill it from outside.
    return [*make, [sys.executable, "-m", "pip", "--python", PYTHON, "--disable-pip-version-check", *wanted]]


def fingerprint(extras: str) -> str:
    """Return a text that changes when something else would be installed."""
    digest = hashlib.sha256(f"{extras} {sys.version} {ROOT}".encode())
    for name in ("pyproject.toml", "sandbox/pyproject.toml", "constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def run(*words: str) -> int:
    """Run Python in the environment, from the project's folder."""
    try:
        return subprocess.run([PYTHON, *words], cwd=ROOT, check=False).returncode
    except KeyboardInterrupt:
        return 130


def fail(message: str) -> int:
    """Say what went wrong; returns 1."""
    print(f"dev.py: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
