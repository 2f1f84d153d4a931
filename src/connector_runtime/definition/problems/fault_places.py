"""Where an expression stands that failed: looked up in the files once it has, and never before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.language.templates import expression_offsets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector_runtime.definition.model import Model
    from connector_runtime.errors import Fault
    from connector_runtime.language.documents.document import Document

    Pointer = tuple[str | int, ...]

# What stands there is data, and never worked out as a part of the action.
_DATA = frozenset({"examples", "tests", "replies"})


def place_of(model: Model, key: str, fault: Fault) -> str | None:
    """Return `file:line:column` of the expression that failed, or None where it cannot be found.

    Args:
        model: The component.
        key: Of the action, trigger, data source or connection whose expression it is.
        fault: What the expression raised; its `place` decides between equal expressions.
    """
    if fault.source is None:
        return None
    found = [
        (document, pointer, offset)
        for document in _documents(model, key)
        for pointer, offset in _standing(document.data, (), fault.source)
    ]
    if not found:
        return None
    wanted = [one for one in found if _leads_through(one[1], fault.place)]
    document, pointer, offset = (wanted or found)[0]
    try:
        problem = document.problem(pointer, "", "", offset=offset)
    except (OSError, ValueError):
        return None  # the file is not there any more
    return f"{problem.file}:{problem.line}:{problem.column}"


def _documents(model: Model, key: str) -> Iterator[Document]:
    """Yield the file that a key belongs to, then those that it may share expressions with."""
    source = model.source
    for files in (source.files[kind] for kind in ("action", "trigger", "datasource", "connection")):
        for name in dict.fromkeys([key, key.partition(" ")[0]]):
            if name in files:
                yield files[name]
    yield source.component
    yield from {id(document): document for document, _ in source.inputs.values()}.values()


def _standing(node: Any, pointer: Pointer, source: str) -> Iterator[tuple[Pointer, int]]:
    """Yield where an expression stands in a file's data, and how far into its text."""
    if isinstance(node, str):
        for offset, found in expression_offsets(node):
            if found == source:
                yield pointer, offset
    elif isinstance(node, dict):
        for key, child in node.items():
            if pointer or key not in _DATA:
                yield from _standing(child, (*pointer, key), source)
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from _standing(child, (*pointer, index), source)


def _leads_through(pointer: Pointer, place: tuple[str, ...]) -> bool:
    """Return whether the keys of a place follow each other somewhere on the way of a pointer."""
    keys = tuple(map(str, pointer))
    return any(keys[start : start + len(place)] == place for start in range(len(keys) - len(place) + 1))
