"""The ways in which a text may be written elsewhere, found and taken out.

As it is, URL-encoded, in base64, in hexadecimal, as JSON or HTML escapes it; and whatever of these
is laid over each other, as in an address within an address. Letters and digits stay in all but
the first few, so they are looked for, and what stands between them is read until it says the same.
"""

from __future__ import annotations

import base64
import functools
import json
import re
import sys
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, unquote

from connector_runtime.base.values import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MASK = "***"
SECRET_MIN_CHARS = 4
# Of one sign: a letter beyond Unicode's first plane in UTF-8, URL-encoded three times.
_SIGN_CHARS = 32
# So often is a text escaped anew: an address within an address within JSON within JSON.
_LAYERS = 4

_RUN = re.compile(r"([A-Za-z0-9]+)")
# What URLs, JSON and HTML need not escape: most tokens.
_SAME_EVERYWHERE = re.compile(r"[A-Za-z0-9._~-]*")
# What is left as it is: nothing, a path, and by the two functions that browsers have.
_SAFE_IN_URLS = ("", "/", "!'()*", "!'()*;/?:@&=+$,#")
# What libraries escape so that JSON may stand in a page: of Go, of PHP and templates, of Java, of .NET.
_ESCAPED_FOR_PAGES = (r"[<>&]", r"[<>&']", r"[<>&'=]", r"[<>&'+`]")
# What is no part of an escape.
_FOREIGN = re.compile(r"[^A-Za-z0-9%&#;\\]")
_BACKSLASHED = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(.))")
_SHORT = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


class Writings:
    """Every writing of some secrets, the longest first, so that one that begins another leaves no tail.

    They are compared one by one: a pattern made of them would stay in the cache of `re`, which
    the whole process shares, after its session is closed, and would show them when printed.
    """

    __slots__ = ("_anchors", "_each", "_signed", "longest", "shortest")

    def __init__(self, secrets: Iterable[Secret]) -> None:
        sought = [secret for secret in secrets if len(secret.reveal()) >= SECRET_MIN_CHARS]
        forms = {form for secret in sought for form in _forms(secret.reveal())}
        signed = [one for secret in sought if (one := _Signed(secret)).is_needed]
        signed.sort(key=lambda one: one.length, reverse=True)
        # Not the forms, but what gives them: it shows nothing when it is printed.
        self._each = tuple(sorted(forms, key=len, reverse=True)).__iter__
        self._anchors = tuple({one.anchor.reveal() for one in signed}).__iter__
        self._signed = tuple(signed)
        self.longest = max([len(form) for form in forms] + [one.longest for one in signed], default=0)
        self.shortest = min(map(len, forms), default=sys.maxsize)

    def taken_out(self, text: str) -> str:
        """Return a text with `***` in place of each writing."""
        # Nearly every text has none, and no name holds one: tools that record errors show those.
        if any(map(text.__contains__, self._anchors())):
            for signed in self._signed:
                text = signed.taken_out(text)
        if any(map(text.__contains__, self._each())):
            for form in map(Secret, self._each()):
                text = text.replace(form.reveal(), MASK)
        return text


class _Signed:
    """A secret as the letters and digits that stay, and the signs between them that are escaped."""

    __slots__ = ("_at", "_parts", "_secret", "anchor", "is_needed", "length", "longest")

    def __init__(self, secret: Secret) -> None:
        parts = [Secret(part) for part in _RUN.split(secret.reveal())]
        lengths = [len(part.reveal()) for part in parts]
        self._secret = secret
        # Signs, letters, signs, …, signs; the first and the last may be empty.
        self._parts = tuple(parts)
        self.length = sum(lengths)
        self.is_needed = len(parts) > 1 and sum(lengths[::2]) > 0
        self._at = max(range(1, len(parts), 2), key=lengths.__getitem__, default=0)
        self.anchor = parts[self._at]
        self.longest = sum(lengths[1::2]) + _SIGN_CHARS * sum(lengths[::2])

    def taken_out(self, text: str) -> str:
        """Return a text with `***` in place of the secret, however its signs are escaped."""
        text = text.replace(self._secret.reveal(), MASK)
        size, begin, done, shown = len(self.anchor.reveal()), 0, 0, []
        while (found := text.find(self.anchor.reveal(), begin)) >= 0:
            begin = found + 1
            end = self._end(text, found + size)
            start = None if end is None else self._start(text, found, done)
            if end is not None and start is not None:
                shown += [text[done:start], MASK]
                begin = done = end
        return "".join([*shown, text[done:]]) if shown else text

    def _end(self, text: str, at: int) -> int | None:
        """Return where the secret ends whose anchor ends at a place, or None if it is another text."""
        ends = {at}
        for order in range(self._at + 1, len(self._parts) - 1, 2):
            signs, run = self._parts[order], self._parts[order + 1]
            size = len(run.reveal())
            ends = {
                place + size
                for end in ends
                for place in _places(text, run, end, end + _SIGN_CHARS * len(signs.reveal()) + size)
                if _says(text[end:place], signs)
            }
            if not ends:
                return None
        last = self._parts[-1]
        most = _SIGN_CHARS * len(last.reveal())
        found = (
            place for end in ends for place in range(end, end + most + 1) if _says(text[end:place], last)
        )
        return max(found, default=None)

    def _start(self, text: str, at: int, first: int) -> int | None:
        """Return where the secret starts whose anchor starts at a place; not before `first`."""
        starts = {at}
        for order in range(self._at - 1, 0, -2):
            signs, run = self._parts[order], self._parts[order - 1]
            size = len(run.reveal())
            starts = {
                place
                for start in starts
                for place in _places(
                    text, run, max(first, start - _SIGN_CHARS * len(signs.reveal()) - size), start
                )
                if _says(text[place + size : start], signs)
            }
            if not starts:
                return None
        last = self._parts[0]
        most = _SIGN_CHARS * len(last.reveal())
        found = (
            place
            for start in starts
            for place in range(max(first, start - most), start + 1)
            if _says(text[place:start], last)
        )
        return min(found, default=None)


def _places(text: str, run: Secret, begin: int, end: int) -> Iterator[int]:
    """Yield every place where some letters stand within a part of a text."""
    place = text.find(run.reveal(), begin, end)
    while place >= 0:
        yield place
        place = text.find(run.reveal(), place + 1, end)


def _says(written: str, signs: Secret) -> bool:
    """Return whether a text is some signs, escaped in whatever way and however often."""
    sought = signs.reveal()
    if written == sought or len(written) < len(sought):
        return written == sought
    # Whether a plus is a blank depends on who wrote it.
    plain = sought.replace("+", " ")
    shown = written.replace("+", " ")
    foreign = _FOREIGN.findall(shown)
    # Most of what stands between two pieces is something else, and is not read for long.
    if len(foreign) > len(plain) or any(sign not in plain for sign in foreign):
        return False
    if shown[0] not in "%&\\" and shown[0] != plain[0]:
        return False
    readings = {written}
    for _ in range(_LAYERS + 1):
        if any(reading.replace("+", " ") == plain for reading in readings):
            return True
        readings = {
            decode(reading) for reading in readings for mark, decode in _DECODERS if mark in reading
        } - readings
    return False


def _from_json(text: str) -> str:
    """Return a text without the escapes of JSON and JavaScript."""
    found = _BACKSLASHED.sub(
        lambda match: (
            chr(int(match[1] or match[2], 16)) if match[3] is None else _SHORT.get(match[3], match[3])
        ),
        text,
    )
    # What lies beyond the first plane is written as two halves.
    return found.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _from_html(text: str) -> str:
    """Return a text without the escapes of HTML, by name or by number."""
    from html import unescape  # noqa: PLC0415  brings every name there is, and few replies need one

    return unescape(text)


# What each escape begins with, and how it is read. The older of browsers' functions took a byte for a sign.
_DECODERS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("%", unquote),
    ("%", functools.partial(unquote, encoding="latin-1")),
    ("%u", lambda text: _from_json(text.replace("%u", "\\u"))),
    ("\\", _from_json),
    ("&", _from_html),
)


def _forms(secret: str) -> Iterator[str]:
    """Yield the ways a secret is commonly written."""
    raw = secret.encode("utf-8", "surrogatepass")
    yield secret
    escaped = {quote(raw, ""), quote_plus(raw)} - {secret}
    if not _SAME_EVERYWHERE.fullmatch(secret):
        yield from _escaped_forms(secret, raw)
    for pattern in (r"[^A-Za-z0-9]", r"[^A-Za-z0-9._~-]"):
        yield from _json_escapes(pattern, secret)
    # What was hidden in an address may be packed up with it.
    for packed in (raw, *[text.encode() for text in escaped]):
        yield packed.hex()
        yield packed.hex().upper()
        yield from _base64_forms(packed)


def _escaped_forms(secret: str, raw: bytes) -> Iterator[str]:
    """Yield what URLs, JSON and HTML make of a secret that they do not leave as it is."""
    for encoded in (*[quote(raw, safe) for safe in _SAFE_IN_URLS], quote_plus(raw)):
        yield encoded
        yield re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), encoded)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield json.dumps(secret)[1:-1].replace("/", "\\/")
    for escaped in _ESCAPED_FOR_PAGES:
        yield from _json_escapes(escaped, json.dumps(secret)[1:-1])


def _json_escapes(pattern: str, text: str) -> Iterator[str]:
    """Yield a text with what a pattern finds as JSON may escape it, in small and in capital letters."""
    yield re.sub(pattern, lambda match: f"\\u{ord(match[0]):04x}", text)
    yield re.sub(pattern, lambda match: f"\\u{ord(match[0]):04X}", text)


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
