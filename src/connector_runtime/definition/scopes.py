"""Permissions: which one covers which others, and the shortest list that is enough.

How a vendor's permissions contain each other is a table of the component. A row's key is
what was granted, its column `covers` what comes with it. `{name}` stands for any text, the
same one in key and column; `*` stands for any text at all. Capitals do not count.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_HOLE = re.compile(r"\{(\w+)\}|\*")


def split_scopes(text: Any) -> tuple[str, ...]:
    """Return the permissions of a text, however they are separated: by blanks, commas or both."""
    return tuple(part for part in re.split(r"[\s,]+", text) if part) if isinstance(text, str) else ()


class Coverage:
    """What a vendor's permissions contain; without rows each covers itself only."""

    def __init__(self, rows: Mapping[str, Mapping[str, Any]]) -> None:
        self._rows = [(_pattern(granted), tuple(row.get("covers", ()))) for granted, row in rows.items()]

    def covers(self, granted: str, needed: str) -> bool:
        """Return whether who has one permission may do what needs the other."""
        if granted.casefold() == needed.casefold():
            return True
        for pattern, covered in self._rows:
            match = pattern.fullmatch(granted)
            if match and any(_pattern(text, match.groupdict()).fullmatch(needed) for text in covered):
                return True
        return False

    def missing(self, granted: Iterable[str], needed: Iterable[str]) -> list[str]:
        """Return what is needed and not covered, in the order of the needs."""
        held = list(granted)
        return [scope for scope in needed if not any(self.covers(have, scope) for have in held)]

    def smallest(self, needed: Iterable[str]) -> list[str]:
        """Return the needs without those that another one covers, sorted."""
        wanted = sorted(set(needed))
        kept = list(wanted)
        for scope in wanted:
            if any(other != scope and self.covers(other, scope) for other in kept):
                kept.remove(scope)
        # One that was covered by what has been left out itself is needed after all.
        return sorted([*kept, *self.missing(kept, wanted)])


def _pattern(text: str, known: Mapping[str, str] | None = None) -> re.Pattern[str]:
    """Return what a text with holes matches; holes that are known stand for their text."""
    pieces, end, seen = [], 0, set(known or ())
    for hole in _HOLE.finditer(text):
        pieces.append(re.escape(text[end : hole.start()]))
        end, name = hole.end(), hole[1]
        if known and name in known:
            pieces.append(re.escape(known[name]))
        elif name is None:
            pieces.append(".+")
        else:
            pieces.append(f"(?P={name})" if name in seen else f"(?P<{name}>.+)")
            seen.add(name)
    return re.compile("".join(pieces) + re.escape(text[end:]), re.IGNORECASE)
