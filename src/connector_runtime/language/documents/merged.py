"""One document made of several files, which still knows where each part of it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector_runtime.language.documents.document import Document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector_runtime.errors import Problem
    from connector_runtime.language.documents.document import Pointer


@dataclass(eq=False, repr=False)
class MergedDocument(Document):
    """A file with what it takes from others in place.

    Attributes:
        layers: The file itself, as it was read, then the others; the first that says something wins.
        takes: Whether the others are used by several files, so that a problem in one of them names
            the file in which it shows.
    """

    layers: Sequence[Document] = ()
    takes: bool = True

    def origin(self, pointer: Pointer) -> Document:
        """Return the file in which a place stands; of a place that is not there, the nearest part."""
        found, most = self.layers[0], -1
        for layer in self.layers:
            depth, is_final = _reach(layer.read_data(), pointer)
            if depth > most:
                found, most = layer, depth
                if is_final:
                    break
        return found

    def problem(self, pointer: Pointer, code: str, message: str, **where: Any) -> Problem:
        """Return a problem at the place in the file where the text stands."""
        home = self.origin(pointer)
        if home is not self.layers[0] and self.takes:
            hint = where.get("hint")
            where["hint"] = f"{hint}; {self.name} uses it" if hint else f"{self.name} uses it"
        return home.problem(pointer, code, message, **where)

    def place(self, pointer: Pointer, *, key: bool = False) -> tuple[int, int]:
        """Return line and column in the file where the place stands: `origin` says which that is."""
        return self.origin(pointer).place(pointer, key=key)


def merge(over: Mapping[str, Any], under: Mapping[str, Any]) -> dict[str, Any]:
    """Return two maps as one: maps in both are merged, of anything else the first wins.

    The keys of the first come first.
    """
    found = dict(over)
    for key, value in under.items():
        if key not in found:
            found[key] = value
        elif isinstance(found[key], dict) and isinstance(value, dict):
            found[key] = merge(found[key], value)
    return found


def _reach(data: Any, pointer: Pointer) -> tuple[int, bool]:
    """Return how many steps lead into the data, and whether no other file can know more."""
    for depth, step in enumerate(pointer):
        if not isinstance(data, dict):
            return depth, True
        if step not in data:
            return depth, False
        data = data[step]
    return len(pointer), True
