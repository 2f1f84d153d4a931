"""No test of the catalogue stands twice, and no line of it is wide."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime.language.documents.document import read_yaml
from meta.repository import PETSHOP, ROOT, place
from meta.test_language import KIND_OF

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_CHARACTERS_OF_A_LINE = 120
BLOCKS = ("replies", "examples", "tests")
FILES = [
    path
    for root in (ROOT, PETSHOP)
    for folder in KIND_OF
    for path in sorted((root / folder).rglob("*.yaml"))
    if any(f"\n{block}:" in path.read_text("utf-8") for block in BLOCKS)
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_test_stands_twice(path: Path) -> None:
    """Two tests that differ in one value only are one test with `each`."""
    tests = read_yaml(path, place(path)).data.get("tests", {})

    twins = [
        f"{one} / {other}"
        for one, other in itertools.combinations(tests, 2)
        if are_twins(tests[one], tests[other])
    ]

    assert not twins, "\n".join(twins)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_line_of_a_test_is_wide(path: Path) -> None:
    """Examples, tests and replies are read in 120 columns."""
    wide, counts = [], False
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if line[:1].isalpha():
            counts = line.partition(":")[0] in BLOCKS
        if counts and len(line) > MOST_CHARACTERS_OF_A_LINE:
            wide.append(f"{place(path)}:{number}: {len(line)} characters")

    assert not wide, "\n".join(wide)


def are_twins(one: Any, other: Any) -> bool:
    """Return whether a value put in the place of another makes one test of the other."""
    left, right = dict(leaves(one)), dict(leaves(other))
    if left.keys() != right.keys():
        return False
    pairs = [(left[key], right[key]) for key in left if json.dumps(left[key]) != json.dumps(right[key])]
    if len(pairs) <= 1:
        return True
    texts = [(old, new) for old, new in pairs if isinstance(old, str) and isinstance(new, str)]
    return len(texts) == len(pairs) and any(
        old and all(text.replace(old, new) == changed for text, changed in texts) for old, new in texts
    )


def leaves(node: Any, pointer: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield every value of a test that is no map and no list, with its place."""
    members = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    if not isinstance(node, dict | list) or not node:
        yield pointer, node
    for key, member in members:
        yield from leaves(member, (*pointer, key))


@pytest.mark.parametrize(
    ("other", "is_twin"),
    [
        ({"example": "a", "connection": {"version": "v8"}, "sends": {"url": "/v8/x"}}, True),
        ({"example": "a", "connection": {"version": "v8"}, "sends": {"url": "/v9/x"}}, False),
        ({"example": "a", "connection": {"version": "v8"}, "requests": 1}, False),
    ],
)
def test_twins_are_told_from_others(other: Any, is_twin: bool) -> None:
    """The measure finds a version that stands in two places, and no two tests of their own."""
    one = {"example": "a", "connection": {"version": "v7"}, "sends": {"url": "/v7/x"}}

    assert are_twins(one, other) is is_twin
