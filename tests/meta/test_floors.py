"""The runtime's rooms: a module imports its own floor or a lower one."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from meta.repository import FACES, ROOT, RUNTIME, SANDBOX, place
from meta.rooms import FLOORS, PACKAGE, imports, members, table, written_table

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_ROOMS = 16


def test_every_room_has_its_floor() -> None:
    """A new room is given a floor before it is used, and a floor names no room that is gone."""
    rooms = {*members(RUNTIME), "__init__"}

    assert rooms - set(FLOORS) == set(), "give these a floor"
    assert set(FLOORS) - rooms == set(), "these are gone"


def test_the_page_shows_the_rooms_as_they_are() -> None:
    """The table in ARCHITECTURE.md is the one that the code gives."""
    assert written_table() == table(), "write it anew: python tests/meta/rooms.py"


def test_imports_only_point_down() -> None:
    """A module imports its own room or one of a lower floor, not even for types a higher one."""
    wrong = [
        f"{place(path)} (floor {FLOORS.index(room)}) must not import {wanted} (floor {FLOORS.index(wanted)})"
        for path in RUNTIME.rglob("*.py")
        for wanted in wanted_by(path)
        if FLOORS.index(wanted) > FLOORS.index(room := room_of(path))
    ]

    assert not wrong, "\n".join(wrong)


def test_rooms_are_small() -> None:
    """Nobody has to look through more than sixteen names to find a file."""
    folders = [path.parent for package in (RUNTIME, *FACES) for path in package.rglob("__init__.py")]
    # Nobody looks for what Python itself asks for.
    inside = {place(folder): [name for name in members(folder) if name != "__main__"] for folder in folders}
    crowded = {folder: len(names) for folder, names in inside.items() if len(names) > MOST_ROOMS}

    assert crowded == {}


@pytest.mark.parametrize(
    "folder", sorted(path.parent.relative_to(RUNTIME).as_posix() for path in RUNTIME.rglob("__init__.py"))
)
def test_what_lies_in_a_room_has_an_order(folder: str) -> None:
    """The modules of a room, and the rooms within, need each other in one direction only when they are loaded."""
    home = RUNTIME / folder
    graph = {name: set(needed_by(home, name)) - {name} for name in members(home)}

    assert list(TopologicalSorter(graph).static_order())


def needed_by(home: Path, name: str) -> Iterator[str]:
    """Yield which other names of a room one of them imports when it is loaded."""
    depth = len(home.relative_to(RUNTIME).parts)
    within = home / name
    for path in within.rglob("*.py") if within.is_dir() else [within.with_suffix(".py")]:
        for steps in imports(path, at_load=True):
            if (
                (RUNTIME / Path(*steps[:depth])) == home
                and len(steps) > depth
                and steps[depth] in members(home)
            ):
                yield steps[depth]


def room_of(path: Path) -> str:
    """Return the room that a file of the runtime lies in."""
    return path.relative_to(RUNTIME).with_suffix("").parts[0]


def wanted_by(path: Path) -> Iterator[str]:
    """Yield the rooms that a file imports, wherever in the file that stands."""
    for steps in imports(path):
        yield steps[0] if steps[0] in FLOORS else "__init__"


def test_only_the_wire_knows_httpx() -> None:
    """Whoever replaces the HTTP library touches one floor."""
    knowing = {
        room_of(path)
        for path in RUNTIME.rglob("*.py")
        if any(name.partition(".")[0] in {"httpx", "httpcore", "h11"} for name in imported(path))
    }

    assert knowing == {"transport"}


def test_runtime_component_and_sandbox_are_strangers() -> None:
    """The runtime knows no component, and a sandbox knows neither: a misunderstanding cannot hide in shared code."""
    forbidden = {
        RUNTIME: {"zoho_component", "zoho_sandbox"},
        **{face: {"zoho_component", "zoho_sandbox"} for face in FACES},
        SANDBOX: {"connector_runtime", "zoho_component", *(face.name for face in FACES)},
    }
    wrong = [
        f"{place(path)} imports {name}"
        for package, strangers in forbidden.items()
        for path in package.rglob("*.py")
        for name in imported(path)
        if name.partition(".")[0] in strangers
    ]

    assert not wrong, "\n".join(wrong)


def test_importing_the_runtime_costs_nothing_else() -> None:
    """A worker that starts cold pays for no parser and no HTTP library before it needs them."""
    heavy = ("yaml", "jinja2", "jsonschema", "httpx", "click", "rich", "asyncio")
    code = f"import sys, {PACKAGE}; print([name for name in {heavy!r} if name in sys.modules])"

    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT / "src"
    )

    assert loaded.stdout.strip() == "[]"


def imported(path: Path) -> Iterator[str]:
    """Yield the full name of every module that a file imports."""
    package = (PACKAGE, *path.relative_to(RUNTIME).parts[:-1]) if path.is_relative_to(RUNTIME) else ()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            whole = ".".join([*above, *([node.module] if node.module else [])])
            # `from package import module` names a module, too.
            yield from (f"{whole}.{alias.name}" for alias in node.names) if whole == PACKAGE else [whole]
