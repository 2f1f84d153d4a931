"""Take live secrets out of texts and structures, by value and by name."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from connector_runtime.values import ABSENT, Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MASK = "***"
# A shorter secret would blank out half of every text; it is still hidden by name.
SHORTEST_CHARS = 4
# Names whose values are hidden whatever they are.
_NAMES = re.compile(
    r"authorization|cookie|password|passwd|secret|api[-_]?key|access[-_]?token|refresh[-_]?token|id[-_]?token"
    r"|client[-_]?secret|private[-_]?key|(?:^|[-_])token$",
    re.IGNORECASE,
)
_PAIR = re.compile(
    r"(?P<name>[A-Za-z_-]*(?:token|secret|password|api[-_]?key)[A-Za-z_-]*)(?P<between>[\"']?\s*[=:]\s*[\"']?)"
    r"(?P<value>[^\s\"'&,;}]{4,})",
    re.IGNORECASE,
)


class Redactor:
    """Knows the live secrets of one connection."""

    __slots__ = ("_pattern", "_secrets")

    def __init__(self, secrets: Iterable[Secret | str]) -> None:
        self._secrets = tuple(secrets)
        self._pattern: re.Pattern[str] | None = None

    def text(self, text: str) -> str:
        """Return a text without secrets, in whatever spelling they stand in it."""
        pattern = self._pattern or self._compiled()
        return _PAIR.sub(rf"\g<name>\g<between>{MASK}", pattern.sub(MASK, text))

    def value(self, value: Any) -> Any:
        """Return the same structure without secrets; bytes become their length."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Secret):
            return MASK
        if isinstance(value, dict):
            return {
                self.text(str(key)): MASK
                if _NAMES.search(str(key)) and isinstance(member, str | Secret)
                else self.value(member)
                for key, member in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.value(member) for member in value]
        if isinstance(value, bytes):
            return f"<{len(value)} bytes>"
        return None if value is ABSENT else value

    def headers(self, pairs: Sequence[tuple[str, Any]]) -> Mapping[str, str]:
        """Return headers by name, those that carry secrets masked."""
        shown: dict[str, str] = self.value({name: str(value) for name, value in pairs})
        return shown

    def _compiled(self) -> re.Pattern[str]:
        spellings: set[str] = set()
        for secret in self._secrets:
            text = secret.reveal() if isinstance(secret, Secret) else secret
            if len(text) >= SHORTEST_CHARS:
                spellings.update(_spellings(text))
        longest_first = sorted(spellings, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
        return self._pattern


def _spellings(text: str) -> set[str]:
    raw = text.encode("utf-8", "surrogatepass")
    found = {text, quote(text, safe=""), quote_plus(text), json.dumps(text)[1:-1], raw.hex()}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        found.add(encode(raw).decode("ascii").rstrip("="))
        # Inside a longer base64 text the secret may start at any of three offsets.
        for shift in (1, 2):
            inner = encode(b"\0" * shift + raw).decode("ascii").rstrip("=")[4:-1]
            if len(inner) >= 2 * SHORTEST_CHARS:
                found.add(inner)
    return {spelling for spelling in found if len(spelling) >= SHORTEST_CHARS}
