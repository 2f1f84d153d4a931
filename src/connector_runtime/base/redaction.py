"""Take live secrets out of texts and structures: by value, and by the names beside them.

By value in every common writing (`secret_forms.py`). A secret of fewer than `SECRET_MIN_CHARS`
characters is not looked for: it would black out half of every text and protect nothing.
"""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Mapping
from fnmatch import translate
from typing import TYPE_CHECKING, Any

from connector_runtime.base.secret_forms import MASK, Writings
from connector_runtime.base.values import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable

# How much of a text is looked at, and shown, where nobody says less: a long error message.
TEXT_CHARS = 16_384
# The same for a whole value; a log record and an error's details are for people to read.
VALUE_CHARS = 65_536
# Deeper details explain nothing, and each level takes several frames.
VALUE_LEVELS = 40
LEFT_OUT = "…"
# No name that is looked for is longer.
_NAME_CHARS = 256
# Tokens come and go; a reply that is still on its way may repeat one of the last.
LATER_SECRETS = 16
# Patterns of names, without regard to case, whose values are never shown.
SECRET_NAMES = (
    "*authorization",
    "*cookie",
    "*token",
    "*secret",
    "*secret_key",
    "*password",
    "*passwd",
    "*api_key",
    "*api-key",
    "*apikey",
    "*private_key",
    "*credentials",
)
# Names that match a pattern above, but hold a place in a list and no right.
HARMLESS_NAMES = frozenset(
    {"page_token", "next_page_token", "previous_page_token", "pagetoken", "sync_token"}
)

# Compiled when it is first needed, as every pattern that few calls need: a worker starts sooner.
_NAMED = (
    r"(?P<name>[\w-]{3,64}+)(?P<quote>\\?[\"']?)(?P<between>\s{0,3}(?:=|:)\s{0,3})"
    r"(?P<value>\\?\"[^\"\r\n]*\"?|'[^'\r\n]*'?|(?:(?:Bearer|Basic|[\w-]{1,40}oauth\w{0,10})\s+)?[^\s\"'&,;<>{}\[\]]+)"
)


class Redactor:
    """Replaces what must not be seen by `***`; keeps shapes and everything else.

    What a vendor sends has no end that counts, so only a beginning is looked at and shown.

    Args:
        secrets: Everything that is secret now.
        names: Patterns (`*token`) of names whose values are secret; without regard to case.
    """

    def __init__(self, secrets: Iterable[Secret | str], names: Iterable[str] = SECRET_NAMES) -> None:
        self._secrets = tuple(secret if isinstance(secret, Secret) else Secret(secret) for secret in secrets)
        self._names = tuple(names)
        # Whether the vendor may repeat the address of a request, and with it a secret, in any reply.
        self.hides_echoes = False
        self._later: tuple[Secret, ...] = ()
        self._adding = threading.Lock()
        self._kept: tuple[tuple[Secret, ...], Writings] | None = None

    def add(self, *secrets: Secret) -> None:
        """Take out these, too; of those added one by one the last `LATER_SECRETS` are remembered."""
        with self._adding:
            known = (*self._secrets, *self._later)
            new = [secret for secret in secrets if secret not in known]
            if new:
                self._later = (*self._later, *new)[-LATER_SECRETS:]

    @property
    def reach(self) -> int:
        """Return the length in characters of the longest writing of a secret."""
        return self._written.longest

    def text(self, text: str | bytes, chars: int = TEXT_CHARS) -> str:
        """Return the beginning of a text, or of UTF-8, without secrets; what is left out leaves `…`.

        Args:
            text: As it came, however long.
            chars: How many characters are shown at most.
        """
        shown = self._beginning(text, chars)
        if ":" in shown or "=" in shown:
            shown = re.sub(_NAMED, self._masked, shown, flags=re.IGNORECASE)
        return shown

    def known(self, text: str | None, chars: int = TEXT_CHARS) -> str | None:
        """Return the beginning of a text of the vendor's without the secrets that are known."""
        return text if text is None else self._beginning(text, chars)

    def known_headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return headers without the secrets that are known, their values whole."""
        written = self._written
        # One look at all that are long enough: nearly every reply repeats nothing.
        together = "\n".join([value for value in headers.values() if len(value) >= written.shortest])
        if written.taken_out(together) == together:
            return dict(headers)
        return {name: written.taken_out(value) for name, value in headers.items()}

    def everywhere(self, value: Any) -> Any:
        """Return a JSON-like value, whole, without the secrets that are known."""
        if isinstance(value, str):
            return self._written.taken_out(value) if len(value) >= self._written.shortest else value
        if isinstance(value, dict):
            return {self.everywhere(name): self.everywhere(member) for name, member in value.items()}
        return [self.everywhere(item) for item in value] if isinstance(value, list) else value

    def value(self, value: Any) -> Any:
        """Return a JSON-like value of the same shape without secrets.

        Of a value with more than `VALUE_CHARS` characters and parts the rest is left out, as is
        what is nested more than `VALUE_LEVELS` deep: `…` stands there.
        """
        return self._shown(value, _Room(VALUE_CHARS), VALUE_LEVELS)

    def headers(self, pairs: Iterable[tuple[str, str | Secret]]) -> list[tuple[str, str]]:
        """Return header pairs without secrets, in order."""
        room = _Room(VALUE_CHARS)
        return [(name, self._member(name, value, room, 1)) for name, value in pairs]

    def is_secret_name(self, name: str) -> bool:
        """Return whether the value beside a name is never shown."""
        lower = name[:_NAME_CHARS].lower()
        return lower not in HARMLESS_NAMES and _pattern_of(self._names).fullmatch(lower) is not None

    def _beginning(self, text: str | bytes, chars: int) -> str:
        written = self._written
        window = chars + written.longest
        piece = text[:window]
        shown = piece.decode("utf-8", "replace") if isinstance(piece, bytes) else piece
        if len(shown) >= written.shortest:
            shown = written.taken_out(shown)
        if len(text) > window:
            # The window may end within a secret, whose first half nothing would recognise.
            shown = shown[: max(0, len(shown) - written.longest)]
        return shown if len(text) <= window and len(shown) <= chars else shown[:chars] + LEFT_OUT

    def _shown(self, value: Any, room: _Room, levels: int) -> Any:
        room.left -= 1
        if isinstance(value, str | bytes):
            shown = self.text(value, min(TEXT_CHARS, max(0, room.left)))
            room.left -= len(shown)
            return shown
        if isinstance(value, Secret):
            return MASK
        if isinstance(value, Mapping):
            return self._shown_map(value, room, levels) if levels else LEFT_OUT
        if isinstance(value, list | tuple):
            return self._shown_list(value, room, levels) if levels else LEFT_OUT
        return value

    def _shown_list(self, value: Iterable[Any], room: _Room, levels: int) -> list[Any]:
        items: list[Any] = []
        for item in value:
            if room.left <= 0:
                return [*items, LEFT_OUT]
            items.append(self._shown(item, room, levels - 1))
        return items

    def _shown_map(self, value: Mapping[Any, Any], room: _Room, levels: int) -> dict[Any, Any]:
        members: dict[Any, Any] = {}
        for name, member in value.items():
            if room.left <= 0:
                return members | {LEFT_OUT: LEFT_OUT}
            shown = self._shown(name, room, levels) if isinstance(name, str) else name
            members[shown] = self._member(name, member, room, levels)
        return members

    def _member(self, name: Any, member: Any, room: _Room, levels: int) -> Any:
        if isinstance(name, str) and self.is_secret_name(name) and member not in (None, "", True, False):
            return MASK
        return self._shown(member, room, levels - 1)

    def _masked(self, match: re.Match[str]) -> str:
        if not self.is_secret_name(match["name"]):
            return match[0]
        value = match["value"]
        mark = next((mark for mark in ('\\"', '"', "'") if value.startswith(mark)), "")
        end = mark if len(value) >= 2 * len(mark) and value.endswith(mark) else ""
        return f"{match['name']}{match['quote']}{match['between']}{mark}{MASK}{end}"

    @property
    def _written(self) -> Writings:
        kept, later = self._kept, self._later
        # They know what they were made of: another thread may have begun before a secret was added.
        if kept is None or kept[0] is not later:
            kept = self._kept = (later, Writings([*self._secrets, *later]))
        return kept[1]


class _Room:
    """How much of a value may still be shown."""

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left


@functools.lru_cache(maxsize=16)
def _pattern_of(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(translate(name.lower()) for name in names) or r"(?!)")
