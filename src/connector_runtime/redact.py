"""Take live secrets out of texts and structures: by value, and by the names beside them.

By value: each secret as it is, URL-encoded, in base64, in hexadecimal and as JSON
escapes it, the longest first, so that a secret that begins another leaves no tail.
A secret of fewer than `SECRET_MIN_CHARS` characters is not looked for: it would
black out half of every text and protect nothing.
"""

from __future__ import annotations

import base64
import functools
import json
import re
from collections import deque
from collections.abc import Mapping
from fnmatch import translate
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from connector_runtime.values import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MASK = "***"
SECRET_MIN_CHARS = 4
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

# As html.escape writes them, whose module brings every name of HTML.
_IN_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})
# Compiled when it is first needed, as every pattern that few calls need: a worker starts sooner.
_NAMED = (
    r"(?P<name>[\w-]{3,64}+)(?P<quote>\\?[\"']?)(?P<between>\s{0,3}(?:=|:)\s{0,3})"
    r"(?P<value>\\?\"[^\"\r\n]*\"?|'[^'\r\n]*'?|(?:(?:Bearer|Basic|[\w-]{1,40}oauth\w{0,10})\s+)?[^\s\"'&,;<>{}\[\]]+)"
)


class Redactor:
    """Replaces what must not be seen by `***`; keeps shapes and everything else.

    Args:
        secrets: Everything that is secret now.
        names: Patterns (`*token`) of names whose values are secret; without regard to case.
    """

    def __init__(self, secrets: Iterable[Secret | str], names: Iterable[str] = SECRET_NAMES) -> None:
        self._secrets = tuple(secret if isinstance(secret, Secret) else Secret(secret) for secret in secrets)
        self._names = tuple(names)
        self._later: deque[Secret] = deque(maxlen=LATER_SECRETS)

    def add(self, *secrets: Secret) -> None:
        """Take out these, too; of those added one by one the last `LATER_SECRETS` are remembered."""
        new = [secret for secret in secrets if secret not in self._secrets and secret not in self._later]
        if new:
            self._later.extend(new)
            self.__dict__.pop("_without_values", None)

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        text = self._without_values(MASK, text)
        return re.sub(_NAMED, self._masked, text, flags=re.IGNORECASE)

    def known(self, text: str | None) -> str | None:
        """Return a short text of the vendor's without the secrets that are known; None stays None."""
        return text if text is None else self._without_values(MASK, text)

    def value(self, value: Any) -> Any:
        """Return a JSON-like value of the same shape without secrets."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Secret):
            return MASK
        if isinstance(value, bytes):
            return self.text(value.decode("utf-8", "replace"))
        if isinstance(value, Mapping):
            return {
                self.text(name) if isinstance(name, str) else name: self._member(name, member)
                for name, member in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value

    def headers(self, pairs: Iterable[tuple[str, str | Secret]]) -> list[tuple[str, str]]:
        """Return header pairs without secrets, in order."""
        return [(name, self._member(name, value)) for name, value in pairs]

    def is_secret_name(self, name: str) -> bool:
        """Return whether the value beside a name is never shown."""
        lower = name.lower()
        return lower not in HARMLESS_NAMES and _pattern_of(self._names).fullmatch(lower) is not None

    def _member(self, name: Any, member: Any) -> Any:
        if isinstance(name, str) and self.is_secret_name(name) and member not in (None, "", True, False):
            return MASK
        return self.value(member)

    def _masked(self, match: re.Match[str]) -> str:
        if not self.is_secret_name(match["name"]):
            return match[0]
        value = match["value"]
        mark = next((mark for mark in ('\\"', '"', "'") if value.startswith(mark)), "")
        end = mark if len(value) >= 2 * len(mark) and value.endswith(mark) else ""
        return f"{match['name']}{match['quote']}{match['between']}{mark}{MASK}{end}"

    @functools.cached_property
    def _without_values(self) -> Callable[[str, str], str]:
        """Return what replaces the secrets in a text; a pattern would show them when printed."""
        forms = {form for secret in (*self._secrets, *self._later) for form in _forms(secret.reveal())}
        ordered = sorted(forms, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, ordered)) or r"(?!)").sub


@functools.lru_cache(maxsize=16)
def _pattern_of(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(translate(name.lower()) for name in names) or r"(?!)")


def _forms(secret: str) -> Iterator[str]:
    """Yield the ways a secret is commonly written."""
    if len(secret) < SECRET_MIN_CHARS:
        return
    raw = secret.encode("utf-8", "surrogatepass")
    yield secret
    for encoded in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        yield encoded
        yield re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), encoded)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield json.dumps(secret)[1:-1].replace("/", "\\/")
    for escaped in (r"[^A-Za-z0-9]", r"[^A-Za-z0-9._~-]"):
        yield re.sub(escaped, lambda match: f"\\u{ord(match[0]):04x}", secret)
    yield secret.translate(_IN_HTML)
    yield raw.hex()
    yield raw.hex().upper()
    yield from _base64_forms(raw)


def _base64_forms(raw: bytes) -> Iterator[str]:
    """Yield what base64 makes of a secret wherever it starts in what was encoded."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for lead in range(3):
            encoded = encode(b"\0" * lead + raw).decode("ascii").rstrip("=")
            if lead == 0:
                yield encoded
            # Characters that share bits with neighbours differ from text to text.
            start = (0, 2, 3)[lead]
            end = len(encoded) - (1 if (lead + len(raw)) % 3 else 0)
            if end - start >= SECRET_MIN_CHARS:
                yield encoded[start:end]
