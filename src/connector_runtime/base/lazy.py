"""What is made when it is first asked for: the values of a map, the public names of a package."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")


class LazyMap(Mapping[str, T]):
    """What is made of definitions by key, each when it is first asked for."""

    def __init__(self, documents: Mapping[str, Any], make: Callable[[Mapping[str, Any]], T]) -> None:
        self._documents = documents
        self._make = make
        self._made: dict[str, T] = {}

    def __getitem__(self, key: str) -> T:
        made = self._made.get(key)
        if made is None:
            # Two threads may make one at once; both go on with the same.
            made = self._made.setdefault(key, self._make(self._documents[key].data))
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(self._documents)

    def __len__(self) -> int:
        return len(self._documents)


def lazily(package: str, homes: Mapping[str, str]) -> tuple[list[str], Callable[[str], object]]:
    """Return `__all__` and `__getattr__` for a package; type checkers read its stub, `__init__.pyi`.

    Args:
        package: Its `__name__`.
        homes: By module of the runtime, the names that it has, with blanks between.
    """
    places = {name: home for home, names in homes.items() for name in names.split()}

    def find(name: str) -> object:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value: object = getattr(importlib.import_module(f"connector_runtime.{places[name]}"), name)
        # Found at once from now on.
        setattr(sys.modules[package], name, value)
        return value

    # Modules of a map of its own are those of a sandbox, such as that of a Temporal workflow: what
    # is imported there while the workflow runs may ask for no thread and no randomness.
    if type(sys.modules) is not dict:
        for name in places:
            with suppress(ModuleNotFoundError):  # of an extra that is not installed
                find(name)
    return sorted(places), find
