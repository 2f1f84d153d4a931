"""Where the files of a component lie, and what they are once they are read."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from connector_runtime.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connector_runtime.language.documents.document import Document
    from connector_runtime.language.schemas.validator import Schemas

ENTRY_POINTS = "connector_runtime.components"
MAIN_FILE = "component.yaml"
MAX_FOLDER_DEPTH = 4
# So much of a name or path that is wrong stands in a message.
SHOWN_CHARS = 300
_PLAIN = re.compile(r"[\w.]+:\w+")


class Source(NamedTuple):
    """The files of a component, read and checked.

    Attributes:
        folders: Where they come from; later ones add to and replace earlier ones.
        component: `component.yaml`.
        files: Files that hold one thing, by kind (`action`, …) and by the key of that.
        inputs: Shared inputs by key: the file, and the pointer to the definition in it.
        schemas: The record schemas.
        former: Keys that actions had before, where that is known without reading them all.
    """

    folders: tuple[Path, ...]
    component: Document
    files: Mapping[str, Mapping[str, Document]]
    inputs: Mapping[str, tuple[Document, tuple[str | int, ...]]]
    schemas: Schemas
    former: Mapping[str, str] | None = None


def locate(name_or_path: str | Path) -> Path:
    """Return the folder of an installed component, or of a path with `component.yaml`.

    Raises:
        DefinitionError: There is neither.
    """
    folder = Path(name_or_path)
    # Not the method of `Path`, which raises where a name is too long for any file.
    if os.path.isfile(folder / MAIN_FILE):  # noqa: PTH113
        return folder
    quickly = _declared(str(name_or_path))
    if len(quickly) == 1:
        module, _, function = quickly.pop().partition(":")
        return Path(getattr(import_module(module), function)())
    from importlib.metadata import entry_points  # noqa: PLC0415  costs more than loading a component

    installed = {entry.name: entry for entry in entry_points(group=ENTRY_POINTS)}
    entry = installed.get(str(name_or_path))
    if entry is not None:
        return Path(entry.load()())
    hint = f"installed: {', '.join(sorted(installed))}" if installed else "no component is installed"
    raise DefinitionError(
        f"`{_shown(name_or_path)}` is neither an installed component nor a folder with {MAIN_FILE}", hint=hint
    )


def overlay(name_or_path: str | Path) -> Path:
    """Return the folder of an overlay; one that is not there adds nothing.

    Raises:
        DefinitionError: It cannot be looked into, or is no path.
    """
    try:
        os.stat(name_or_path)  # noqa: PTH116
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as trouble:
        said = trouble.strerror if isinstance(trouble, OSError) else "it is no path"
        raise DefinitionError(f"the overlay `{_shown(name_or_path)}` cannot be read: {said}") from None
    return Path(name_or_path)


def _shown(name_or_path: str | Path) -> str:
    """Return a name as a message has it: no longer than a line, and printable."""
    text = str(name_or_path).encode("utf-8", "replace").decode()
    return text if len(text) <= SHOWN_CHARS else text[:SHOWN_CHARS] + "…"


def _declared(name: str) -> set[str]:
    """Return what plainly installed packages declare under a component's name, as `module:function`.

    Where that is not exactly one, importlib.metadata decides.
    """
    found: set[str] = set()
    for text in _entry_points():
        if ENTRY_POINTS in text:
            section = text.partition(f"[{ENTRY_POINTS}]")[2].partition("[")[0]
            pairs = [line.partition("=") for line in section.splitlines()]
            found.update(value.strip() for key, _, value in pairs if key.strip() == name)
    return {value for value in found if _PLAIN.fullmatch(value)}


def _entry_points() -> Iterator[str]:
    """Yield what installed packages declare; without pathlib, which takes a quarter of a first request."""
    files: list[str] = []
    for place in sys.path:
        with suppress(OSError):  # an archive, or nothing at all
            inside = os.listdir(place or ".")  # noqa: PTH208
            files += [
                f"{place or '.'}/{name}/entry_points.txt" for name in inside if name.endswith(".dist-info")
            ]
    for file in files:
        with suppress(OSError), open(file, "rb") as opened:  # noqa: PTH123  most packages declare nothing
            yield opened.read().decode("utf-8", "replace")


def folder_files(folder: Path, part: str) -> Iterator[str]:
    """Yield the names of all files in a part of a component's folder, as problems call them."""
    for path in walk(folder / part, 0):
        yield path.relative_to(folder).as_posix()


def lies_inside(path: Path, folder: Path) -> bool:
    """Return whether a file of a component is in its folder, wherever links lead."""
    try:
        return Path(os.path.realpath(str(path))).is_relative_to(os.path.realpath(str(folder)))
    except ValueError:
        return False  # a null byte: it lies nowhere


def walk(folder: Path, depth: int) -> Iterator[Path]:
    """Yield files below a folder in a fixed order, and folders that are too deep to be looked into.

    Links to folders are not followed.
    """
    if not os.path.isdir(folder) or (depth == 0 and folder.is_symlink()):  # noqa: PTH112  as in `locate`
        return
    if depth > MAX_FOLDER_DEPTH:
        yield folder
        return
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            yield from walk(Path(entry.path), depth + 1)
        else:
            yield Path(entry.path)
