"""What is put at the end of a module breaks exactly the name that is meant."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mutants import broken

MODULE = """
import functools

LIMIT = 3

def double(number, *, by=2):
    return number * by

async def later(number):
    return number

def steps():
    yield 1
    return 2

@functools.cache
def kept():
    return "kept"

class Thing:
    limit = 4

    def of(self, number):
        return number + 1

    @property
    def size(self):
        return 5

    @classmethod
    def made(cls):
        return cls()

    @functools.cached_property
    def once(self):
        return "once"

TABLE = {"double": double}
"""
CASES: dict[str, tuple[str, str, Any]] = {
    "LIMIT": ("10 * LIMIT", "LIMIT", 30),
    "double": ("None", "double(4)", None),
    "double in a table": ("args[0] - kwargs['by']", "TABLE['double'](4, by=3)", 1),
    "double around itself": ("original(*args) + 1", "double(4)", 9),
    "later": ("await original(7)", "asyncio.run(later(1))", 7),
    "steps": ("(yield 5)", "list(steps())", [5]),
    "kept": ("'broken'", "kept()", "broken"),
    "Thing.limit": ("0", "Thing().limit", 0),
    "Thing.of": ("args[1]", "Thing().of(6)", 6),
    "Thing.size": ("LIMIT", "Thing().size", 3),
    "Thing.made": ("args[0]", "Thing.made() is Thing", True),
    "Thing.once": ("'twice'", "Thing().once", "twice"),
}


@pytest.mark.parametrize("what", CASES)
def test_a_name_becomes_what_the_row_says(what: str) -> None:
    """Functions of every kind, wherever somebody keeps them, and constants; the rest stays."""
    becomes, asked, expected = CASES[what]
    module: dict[str, Any] = {"asyncio": asyncio}

    exec(MODULE + broken({"breaks": f"a.module:{what.partition(' ')[0]}", "becomes": becomes}), module)

    assert eval(asked, module) == expected
    assert what.startswith("Thing.of") or module["Thing"]().of(1) == 2
