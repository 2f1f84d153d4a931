"""Paths and what answers them: patterns, the closest one that fits, and what is not covered.

A pattern's ``*`` matches any segment; of several that fit, the one with the earlier plain
segment decides. A scope may say ``{module}``; ``+`` joins scopes that are all needed, ``|``
scopes of which one is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from zoho_sandbox.core.documents import package_yaml
from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.model.schema import PACKAGE
from zoho_sandbox.products.crm.model.visit import Visit

Handler = Callable[[Visit], Answer]

# choice: creating wants CREATE, editing WRITE or UPDATE, upserting both; the pages list the
# verbs without saying which call wants which.
READ, CREATE = "modules.{module}.READ", "modules.{module}.CREATE"
UPDATE, DELETE = "modules.{module}.UPDATE", "modules.{module}.DELETE"


@dataclass(frozen=True, slots=True)
class Route:
    """One path with its verbs: ``verb -> (handler, scopes)``."""

    pattern: tuple[str, ...]
    verbs: Mapping[str, tuple[Handler, str]]

    @property
    def vagueness(self) -> tuple[bool, ...]:
        """What sorts patterns of one length, the closest first."""
        return tuple(part == "*" for part in self.pattern)


def route(path: str, **verbs: tuple[Handler, str]) -> Route:
    """Return the route of a pattern written as a path without its first slash."""
    return Route(tuple(path.split("/")), verbs)


def fits(pattern: Sequence[str], segments: Sequence[str]) -> bool:
    """Say whether a pattern matches a path."""
    return len(pattern) == len(segments) and all(
        want in ("*", got) for want, got in zip(pattern, segments, strict=True)
    )


class Table:
    """The routes of all rooms, found by path."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._by_length: dict[int, list[Route]] = {}
        for one in sorted(routes, key=lambda r: r.vagueness):
            self._by_length.setdefault(len(one.pattern), []).append(one)

    def find(self, segments: tuple[str, ...]) -> Route | None:
        """Return the closest route that matches a path, None when there is none."""
        return next((r for r in self._by_length.get(len(segments), ()) if fits(r.pattern, segments)), None)


def is_left_out(method: str, segments: tuple[str, ...], found: Route | None) -> bool:
    """Say whether Zoho may answer here and the sandbox does not.

    Args:
        found: The closest route; one without a plain segment at a telling place would take
            ``settings/blueprints`` for a record of a module "settings".
    """
    table = _left_out()
    verbs = (verbs for path, verbs in table["verbs"].items() if fits(path.split("/"), segments))
    if any(method in allowed.split() for allowed in verbs):
        return True
    if found is not None and found.pattern[0] == segments[0]:
        return False
    if segments[0] in table["places"] or segments[0].startswith("__"):
        return True
    return any(
        (part in table["words"] or part.startswith("__")) and (found is None or found.pattern[n] == "*")
        for n, part in enumerate(segments[1:], 1)
    )


@cache
def _left_out() -> Mapping[str, Any]:
    table: Mapping[str, Any] = package_yaml(PACKAGE, "data", "left_out.yaml")
    return table
