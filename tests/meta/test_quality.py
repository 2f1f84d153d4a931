"""Every row of the plan has tests that carry its id, and something that they would miss."""

from __future__ import annotations

import ast
import importlib
import inspect
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from meta.repository import ROOT, files, place
from scoreboard import FIGURES, PAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

QUALITY: dict[str, Any] = yaml.safe_load((ROOT / "quality.yaml").read_text("utf-8"))
ROWS: dict[str, dict[str, Any]] = QUALITY["rows"]
# What the plan wants of every change: time, wire, effects, addresses, files, secrets, local pages, habits.
WANTED = [
    *range(1, 6), 8, *range(11, 14), *range(15, 36), 37, 38, 39, 41, 42, 43, 53, 54, *range(76, 95), *range(96, 120),
    121, 123, 124, 127, 128, 133, 135,
]  # fmt: skip
MEMBERS = {"about", "done", "counts", "breaks", "becomes", "unbroken"}


@cache
def marked(name: str) -> dict[str, frozenset[str]]:
    """Return the tests of a file with the ids that each carries, and `long` for one that runs on demand only."""
    tree = ast.parse((ROOT / name).read_text("utf-8"))
    return {
        node.name: frozenset(
            mark.args[0].value if isinstance(mark, ast.Call) else "long"
            for mark in node.decorator_list
            if ast.unparse(mark).startswith("pytest.mark.plan(") or ast.unparse(mark) == "pytest.mark.long"
        )
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@pytest.mark.parametrize("key", [f"S-{number:02}" for number in WANTED])
def test_every_row_is_done(key: str) -> None:
    """No row of the plan is missing or promised for later."""
    assert ROWS[key]["done"]


@pytest.mark.parametrize("key", ROWS)
def test_a_row_is_proven_by_the_tests_it_names(key: str) -> None:
    """Each pointer leads to a test, and that test says that it proves the row."""
    row = ROWS[key]

    assert set(row) <= MEMBERS
    assert row["about"]
    assert row.get("counts") in (None, "hostile", "wire")
    for pointer in row["done"]:
        name, _, test = pointer.partition("::")
        assert (ROOT / name).is_file(), pointer
        assert test in marked(name), pointer
        assert key in marked(name)[test], f"{pointer} does not carry {key}"
        assert "long" not in marked(name)[test], f"{pointer} is not in the default run"


@pytest.mark.parametrize("key", ROWS)
def test_a_row_names_what_it_breaks(key: str) -> None:
    """The defence is there to be taken away, or the row says why there is none."""
    row = ROWS[key]
    assert ("breaks" in row) is not ("unbroken" in row)
    if "breaks" not in row:
        return

    module, _, path = row["breaks"].partition(":")
    found: Any = importlib.import_module(module)
    for step in path.split("."):
        found = inspect.getattr_static(found, step)

    assert module.startswith(("connector_", "zoho_sandbox"))
    # As the body of a function: what is awaited or handed out is an expression there only.
    becomes = row.get("becomes", "None")
    kind = "async def" if "await " in becomes else "def"
    compile(f"{kind} broken(*args, **kwargs):\n    return {becomes}", key, "exec")


def carried() -> Iterator[tuple[str, str, str]]:
    """Yield file, test and id of every test that says which row it proves."""
    for path in files(".py"):
        if path.name.startswith("test_") and Path("tests") in path.relative_to(ROOT).parents:
            for test, keys in marked(place(path)).items():
                yield from ((place(path), test, key) for key in keys)


def test_no_test_carries_an_id_that_is_none() -> None:
    """A misspelt id would prove nothing; rows of the nightly plan may be carried, too."""
    known = {f"S-{number:02}" for number in range(1, 137)} | {*ROWS, "long"}

    assert [one for one in carried() if one[2] not in known] == []


@pytest.mark.plan("S-135")
@pytest.mark.parametrize("fault", QUALITY["faults_of_another_client"])
def test_faults_of_another_client_have_their_rows(fault: str) -> None:
    """Each of the twelve faults is ruled out by a row that is done."""
    assert len(QUALITY["faults_of_another_client"]) == 12
    assert ROWS[QUALITY["faults_of_another_client"][fault]]["done"]


def test_the_scoreboard_has_every_figure_and_row() -> None:
    """The page is the one that the tests write: every figure, every row, nothing by hand."""
    text = PAGE.read_text("utf-8")

    assert [figure.label for figure in FIGURES.values() if f"| {figure.label} | " not in text] == []
    assert [key for key in ROWS if f"| {key} | " not in text] == []
