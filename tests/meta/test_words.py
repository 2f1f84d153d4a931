"""Words that must not stand where they would give something away."""

from __future__ import annotations

import re
from pathlib import Path

from meta.repository import FACES, PETSHOP, ROOT, RUNTIME, files, place

THIS, TESTS = Path(__file__).resolve(), ROOT / "tests"
VENDOR = re.compile("zoho|crm|books|bigin|coql|invoice", re.IGNORECASE)
LEAKS = {
    "a registry's address": re.compile(
        r"\b(?:files\.pythonhosted|pypi\.(?:org|io|python)|registry\.npmjs)\b"
    ),
    "an index of packages": re.compile(r"https?://[^\s\"')>]*/(?:simple|artifactory|nexus)/", re.IGNORECASE),
    "a path of somebody's machine": re.compile(
        r"(?<![\w.])/(?:home|Users|work|root)/[\w.-]+|\b[A-Z]:\\Users\\"
    ),
    "a token that looks real": re.compile(r"\b1000\.[0-9a-f]{32}\.[0-9a-f]{32}\b"),
    "a private key": re.compile("-----BEGIN [A-Z ]*PRIVATE KEY-----"),
}
# Made for tests, and for nothing else: certificates of servers on loopback.
MADE_FOR_TESTS = "certificates"
MADE_UP = re.compile(r"1000\.(?:0{32}|([0-9a-f])\1{31})\.")


def test_the_runtime_knows_no_vendor() -> None:
    """No word of the first vendor stands in the runtime or its faces, not even in a comment."""
    parts = [path for package in (RUNTIME, *FACES) for path in package.rglob("*")]
    words = found(VENDOR, [path for path in parts if path.suffix in {".py", ".json", ".md"}])

    assert not words, "\n".join(words)


def test_the_second_component_knows_no_vendor() -> None:
    """The invented component borrows nothing from the first one."""
    parts = [path for path in PETSHOP.rglob("*") if path.is_file()]

    assert len(parts) > 10
    assert found(VENDOR, [*parts, PETSHOP.with_name("petshop_server.py")]) == []


def test_nothing_real_is_given_away() -> None:
    """No file names a package registry or a machine's folder, and none holds a token that looks real."""
    text = [path for path in files() if is_text(path) and not may_hold_leaks(path)]
    leaks = [f"{what}: {where}" for what, pattern in LEAKS.items() for where in found(pattern, text)]

    assert not leaks, "\n".join(leaks)


def found(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    """Return `file:line: match` for every match."""
    return [
        f"{place(path)}:{number}: {match[0]}"
        for path in sorted(paths)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        for match in pattern.finditer(line)
        if not MADE_UP.match(match[0])
    ]


def may_hold_leaks(path: Path) -> bool:
    """Return whether a file is about leaks, or holds keys that open nothing."""
    return path == THIS or (path.is_relative_to(TESTS) and path.parent.name == MADE_FOR_TESTS)


def is_text(path: Path) -> bool:
    """Return whether a file is text."""
    try:
        path.read_text("utf-8")
    except UnicodeDecodeError:
        return False
    return True
