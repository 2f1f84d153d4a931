"""The sandbox's rooms: imports point down, nothing goes in circles, and a folder holds few names."""

from __future__ import annotations

from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

import pytest

from meta.repository import SANDBOX, place
from meta.rooms import SANDBOX_FLOORS, SANDBOX_HOUSE, imports, members, table, written_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGE = SANDBOX.name
MOST_NAMES = 16
FOLDERS = sorted(path.parent.relative_to(SANDBOX).as_posix() for path in SANDBOX.rglob("__init__.py"))


def test_every_room_has_its_floor() -> None:
    """A new room is given a floor before it is used, and a floor names no room that is gone."""
    assert {*members(SANDBOX), "__init__"} == set(SANDBOX_FLOORS)


def test_the_page_shows_the_rooms_as_they_are() -> None:
    """The table in the sandbox's README is the one that the code gives."""
    assert written_table(SANDBOX_HOUSE) == table(SANDBOX_HOUSE), "write it anew: python tests/meta/rooms.py"


def test_imports_only_point_down() -> None:
    """A module imports its own room or one of a lower floor, not even for types a higher one."""
    wrong = [
        f"{place(path)} imports {'.'.join(steps)}"
        for path in SANDBOX.rglob("*.py")
        for steps in imports(path, package=PACKAGE)
        if floor_of(steps[0]) > floor_of(path.relative_to(SANDBOX).with_suffix("").parts[0])
    ]

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_holds_few_names(folder: str) -> None:
    """Nobody has to look through more than sixteen names to find a file."""
    assert len(members(SANDBOX / folder)) <= MOST_NAMES


@pytest.mark.parametrize("folder", FOLDERS)
def test_nothing_in_a_folder_imports_in_a_circle(folder: str) -> None:
    """The modules of a folder, and the folders within, have an order, what is imported for types included."""
    home = SANDBOX / folder
    graph = {name: set(needed_by(home, name)) - {name} for name in members(home)}

    assert list(TopologicalSorter(graph).static_order())


def test_products_are_strangers() -> None:
    """CRM and Books meet in the state alone, as they do at Zoho."""
    crm, books = SANDBOX / "products" / "crm", SANDBOX / "products" / "books"

    assert {*needed_by(crm.parent, crm.name)} == {crm.name}
    assert {*needed_by(books.parent, books.name)} == {books.name}


def floor_of(room: str) -> int:
    """Return a room's floor; a name of the package itself is the package's."""
    return SANDBOX_FLOORS.index(room if room in SANDBOX_FLOORS else "__init__")


def needed_by(home: Path, name: str) -> Iterator[str]:
    """Yield which names of a folder one of them imports, wherever that stands."""
    way = home.relative_to(SANDBOX).parts
    found = members(home)
    within = home / name
    for path in within.rglob("*.py") if within.is_dir() else [within.with_suffix(".py")]:
        for steps in imports(path, package=PACKAGE):
            if steps[: len(way)] == way and len(steps) > len(way) and steps[len(way)] in found:
                yield steps[len(way)]
