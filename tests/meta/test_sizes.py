"""Budgets of the house style: what outgrows them is to be cut in two."""

from __future__ import annotations

import ast
import functools
from typing import TYPE_CHECKING

from meta.repository import PETSHOP, ROOT, files, place

if TYPE_CHECKING:
    from pathlib import Path

MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 60
MOST_POSITIONAL = 5
# Tests and examples beside an action are read one at a time and do not count.
MOST_LINES_OF_AN_ACTION = 80

Function = ast.FunctionDef | ast.AsyncFunctionDef
# A pair is asked far quicker than a union, once for each of half a million nodes.
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def test_files_are_short() -> None:
    """No Python file has more than 400 lines, tests included."""
    long = [f"{place(path)}: {count} lines" for path in files(".py") if (count := lines(path)) > MOST_LINES]

    assert not long, "\n".join(long)


def test_functions_are_short() -> None:
    """No function has more than 60 lines, docstring included."""
    long = [
        f"{where}: {node.name} has {count} lines"
        for where, node, _ in functions()
        if (count := (node.end_lineno or 0) - node.lineno + 1) > MOST_LINES_OF_A_FUNCTION
    ]

    assert not long, "\n".join(long)


def test_parameters_are_few() -> None:
    """No function takes more than five positional parameters; further ones have names."""
    many = [
        f"{where}: {node.name} takes {count}"
        for where, node, is_method in functions()
        if (count := len(positional(node)) - is_method) > MOST_POSITIONAL
        and not node.name.startswith("test_")
    ]

    assert not many, "\n".join(many)


def test_actions_are_short() -> None:
    """No action needs more than 80 lines beside its examples and tests."""
    folders = [ROOT / "actions", PETSHOP / "actions"]
    long = [
        f"{place(path)}: {count} lines"
        for folder in folders
        for path in sorted(folder.rglob("*.yaml"))
        if (count := lines_without(path, {"replies", "examples", "tests"})) > MOST_LINES_OF_AN_ACTION
    ]

    assert not long, "\n".join(long)


def lines(path: Path) -> int:
    """Return how many lines a file has."""
    return len(path.read_text("utf-8").splitlines())


def lines_without(path: Path, left_out: set[str]) -> int:
    """Return how many lines a YAML file has beside some of its top-level members."""
    count, counts = 0, True
    for line in path.read_text("utf-8").splitlines():
        if line[:1].isalpha():
            counts = line.partition(":")[0] not in left_out
        count += counts
    return count


@functools.cache
def functions() -> list[tuple[str, Function, bool]]:
    """Return every function of the project with its place, and whether it is bound to a class or object."""
    found = []
    for path in files(".py"):
        nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
        bound = {
            member
            for owner in nodes
            if isinstance(owner, ast.ClassDef)
            for member in owner.body
            if isinstance(member, FUNCTIONS) and not _is_static(member)
        }
        where = place(path)
        found += [
            (f"{where}:{node.lineno}", node, node in bound) for node in nodes if isinstance(node, FUNCTIONS)
        ]
    return found


def positional(node: Function) -> list[ast.arg]:
    """Return the parameters that may be given without their names."""
    return [*node.args.posonlyargs, *node.args.args]


def _is_static(node: Function) -> bool:
    return any(isinstance(word, ast.Name) and word.id == "staticmethod" for word in node.decorator_list)
