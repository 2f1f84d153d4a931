"""A map whose values are made when they are first asked for."""

from __future__ import annotations

from collections.abc import Mapping
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
