"""References between schema files, followed without jsonschema's own machinery.

It takes 40 ms to load and is only needed to say what is wrong. What is not plain here (a `$id`,
a dynamic reference, an anchor written twice) is left to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urldefrag, urljoin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NOT_PLAIN = frozenset({"$id", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor"})


class NotPlainError(Exception):
    """Only jsonschema knows what this reference, or this file, means."""


class Target(NamedTuple):
    """What a reference leads to, and what resolves the references in it."""

    contents: Any
    resolver: Links


class Links:
    """Resolves references of one schema file.

    Args:
        uri: Address of the file, to which its references are relative.
        read: Gives the content of a schema file by its address, or None where there is none.
        plain: Addresses of files that are known to hold nothing but plain references.
    """

    def __init__(self, uri: str, read: Callable[[str], Any], plain: set[str] | None = None) -> None:
        self.uri = uri
        self.read = read
        self._plain: set[str] = set() if plain is None else plain

    def lookup(self, reference: str) -> Target:
        """Return what a reference leads to.

        Raises:
            LookupError: There is nothing.
            NotPlainError: It is not for this class to say.
        """
        uri, fragment = urldefrag(urljoin(self.uri, reference))
        content = self.read(uri)
        if content is None:
            raise LookupError(reference)
        if uri not in self._plain:
            if any(not _NOT_PLAIN.isdisjoint(part) for part in _maps(content)):
                raise NotPlainError
            self._plain.add(uri)
        found = _at(content, fragment) if not fragment or fragment[0] == "/" else _anchored(content, fragment)
        return Target(found, self if uri == self.uri else Links(uri, self.read, self._plain))

    def check(self) -> None:
        """Follow every reference there is, in this file and all it leads to.

        Raises:
            LookupError, NotPlainError: As `lookup`.
        """
        seen, pending = {self.uri}, [self]
        while pending:
            links = pending.pop()
            for part in _maps(self.read(links.uri)):
                if isinstance(part.get("$ref"), str):
                    resolver = links.lookup(part["$ref"]).resolver
                    if resolver.uri not in seen:
                        seen.add(resolver.uri)
                        pending.append(resolver)


def _at(content: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        key = unquote(step).replace("~1", "/").replace("~0", "~")
        if isinstance(content, list) and key.isdigit() and int(key) < len(content):
            content = content[int(key)]
        elif isinstance(content, dict) and key in content:
            content = content[key]
        else:
            raise LookupError(pointer)
    return content


def _anchored(content: Any, anchor: str) -> Any:
    found = [part for part in _maps(content) if part.get("$anchor") == anchor]
    if len(found) != 1:
        raise NotPlainError if found else LookupError(anchor)
    return found[0]


def _maps(node: Any) -> Iterator[dict[str, Any]]:
    pending = [node]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            yield node
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)
