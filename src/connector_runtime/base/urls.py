"""Build a URL from a host row and segments; refuse everything else.

Hosts come from a closed table and paths from checked segments, so no text that
someone typed is ever parsed for a host. Percent-encoding alone is no fence:
`..` has nothing to encode, so disguised parent folders are refused as well.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, unquote_plus, urlsplit

from connector_runtime.base.values import ABSENT, Secret
from connector_runtime.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Longer than any id, name or folder a vendor gives out; stops paths that only serve an attack.
SEGMENT_MAX_CHARS = 200
# Servers commonly stop at 8 or 16 KiB; past this no server answers usefully.
URL_MAX_CHARS = 32_768
HEADER_VALUE_MAX_CHARS = 8_192
HEADER_NAME_MAX_CHARS = 200
# As many as we take of a reply; servers commonly stop at a hundred.
HEADERS_MAX = 256

# Named headers belong to the engine or the connection, whoever else sets them.
RESERVED_HEADERS = frozenset(
    {
        "accept-encoding",
        "authorization",
        "connection",
        "content-encoding",
        "content-length",
        "cookie",
        "cookie2",
        "expect",
        "host",
        "http2-settings",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)

# By these a server is told another method, path or host than the request has, and what a policy
# has judged would not be what is done. A proxy writes them, or a client that cannot say DELETE.
# Names differ from server to server, so they are told by their words, in any order.
_STEERING_NAMES = frozenset({"forwarded", "x-host", "x-method"})
_STEERING_PREFIXES = ("x-forwarded-", "x-original-", "x-rewrite-")
_STEERED = frozenset({"host", "method", "path", "uri", "url", "verb"})
_INSTEAD = frozenset({"forwarded", "original", "override", "rewrite"})
_OF_REQUESTS = frozenset({"http", "request"})
_GLUED = re.compile("override|http|method|request")

_PLAIN_SEGMENT = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9_.~-]{0,199}")
_BASE = re.compile(r"(?P<origin>https?://[a-z0-9.\[\]:-]+)(?P<prefix>(?:/[A-Za-z0-9_.~%-]+)*)")
# What may follow the origin: with nothing else in it, no reader of URLs sees another host.
_BELOW = re.compile(r"(?:/[A-Za-z0-9_.~%-]+)*(?:\?[A-Za-z0-9_.~%=&-]+)?")
_HOST = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")
_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*:"
_ABSOLUTE = r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?[/\\]{2,}[^/\\?#]*"
_PERCENT = r"%(?![0-9A-Fa-f]{2})"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"(?:[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?")


class Segments(tuple[str, ...]):
    """Several path segments, not yet encoded; empty stands for none."""

    __slots__ = ()


class UrlError(Fault):
    """A piece of a URL or a header cannot be sent as it is.

    Attributes:
        path: The path inside a pasted URL, or None; `path_below` shortens it.
    """

    def __init__(self, message: str, hint: str | None = None, *, path: str | None = None) -> None:
        super().__init__(message, hint)
        self.path = path


def check_segment(text: str) -> str:
    """Return one path segment, percent-encoded with nothing safe.

    Raises:
        UrlError: The text is empty, too long, not printable, or `.` or `..` in any disguise.
    """
    if _PLAIN_SEGMENT.fullmatch(text):
        return text
    if not text:
        raise UrlError("a part of the path is empty", "enter a value, for example an id")
    if len(text) > SEGMENT_MAX_CHARS:
        raise UrlError(f"a part of the path has {len(text)} characters; {SEGMENT_MAX_CHARS} is the most")
    if not text.isprintable():
        raise UrlError(
            "a part of the path has a character that cannot be printed",
            "remove line breaks, tabs and invisible characters",
        )
    if _climbs(text):
        raise UrlError("a part of the path is `.` or `..`", "enter the id or name itself")
    return quote(text, safe="")


def build_url(base: str, segments: Iterable[str], query: Iterable[tuple[str, str]] = ()) -> str:
    """Return the URL of `segments` below `base`.

    Args:
        base: `https://host`, with or without a path prefix, from a table.
        segments: Plain text, not yet encoded.
        query: Names and values, not yet encoded; repeats are kept.

    Raises:
        UrlError: A segment is refused, the URL is too long, or it would leave the base.
    """
    origin_, prefix = _halves(base)
    below = prefix + "".join(["/" + check_segment(segment) for segment in segments])
    pairs = "&".join([f"{_quote(name)}={_quote(value)}" for name, value in short_query(query)])
    if pairs:
        below = f"{below}?{pairs}"
    url = origin_ + below
    if len(url) > URL_MAX_CHARS:
        raise UrlError(f"the URL has {len(url)} characters; {URL_MAX_CHARS} is the most")
    if not _BELOW.fullmatch(below):
        raise UrlError("the URL would leave its base address")
    return url


def short_query(query: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    """Return a query's pairs as they are, before they are encoded.

    Raises:
        UrlError: They are more than any URL could hold.
    """
    pairs, length = list(query), 0
    for name, value in pairs:
        length += len(name) + len(value) + 2
        if length > URL_MAX_CHARS:
            raise UrlError(
                f"the query has more than {URL_MAX_CHARS} characters at `{name[:40]}`",
                "leave something out, or ask for it in several calls",
            )
    return pairs


@lru_cache(maxsize=256)
def _halves(base: str) -> tuple[str, str]:
    """Return origin and prefix of a base address."""
    row = _BASE.fullmatch(base.rstrip("/"))
    if row is None:
        raise UrlError("the base address is not of the form https://host/prefix")
    return row["origin"], row["prefix"]


def url_path(text: str) -> Segments:
    """Return the segments of a typed path, decoded once; a query is left to `url_query`.

    Raises:
        UrlError: The text names a scheme or host, or has a fragment, a backslash or a bad segment.
    """
    path = _typed(text).partition("?")[0]
    pieces = path.removeprefix("/").split("/") if path.strip("/") else []
    decoded = [_decode(piece) for piece in pieces]
    for piece in decoded:
        check_segment(piece)
    if not decoded and path not in ("", "/"):
        raise UrlError("a part of the path is empty", "enter a path such as /things/123")
    return Segments(decoded)


def url_query(text: str) -> list[list[str]]:
    """Return the `[name, value]` pairs behind the `?` of a typed path, decoded, in order.

    Raises:
        UrlError: As `url_path`.
    """
    query = _typed(text).partition("?")[2]
    halves = [piece.partition("=") for piece in query.split("&") if piece]
    return [[_decode(name, plus=True), _decode(value, plus=True)] for name, _, value in halves]


def path_below(base: str, path: str) -> str:
    """Return `path` without the prefix that `base` already has: what to enter."""
    prefix = urlsplit(base).path.rstrip("/")
    if prefix and (path == prefix or path.startswith(prefix + "/")):
        return path[len(prefix) :] or "/"
    return path or "/"


def origin(text: str) -> str:
    """Return `https://host` in lower case; path, query and trailing slash are dropped.

    Raises:
        UrlError: Not https, or there is userinfo, a port, an IP address or a fragment.
    """
    match = re.fullmatch(r"(?i:https)://([^/?]*)(?:[/?][\x21-\x7e]*)?", text)
    if match is None or "\\" in text or "#" in text:
        raise UrlError("not an address that begins with https://", "enter https://host")
    host = match[1].lower()
    if not is_host_name(host):
        raise UrlError("not a plain host name", "enter https://host without user, port or number")
    return f"https://{host}"


def is_host_name(text: str) -> bool:
    """Return whether a text is a lower-case public host name: no address, no port, no user."""
    return _HOST.fullmatch(text) is not None


@lru_cache(maxsize=256)
def is_steering_header(name: str) -> bool:
    """Return whether a header would say another method, path or host than the request's own."""
    plain = _plain_name(name)
    if plain in _STEERING_NAMES or plain.startswith(_STEERING_PREFIXES):
        return True
    words = set(_GLUED.sub(r"-\g<0>-", plain).split("-")) - {"", "x"}
    # `Access-Control-Request-Method` asks about a method; nothing but the request's own is left here.
    is_plain = bool(words & _OF_REQUESTS) and words <= _OF_REQUESTS | _STEERED
    return bool(words & _STEERED) and (is_plain or bool(words & _INSTEAD))


def is_header_value(text: str) -> bool:
    """Return whether a text is printable ASCII without blanks at its ends, and not too long."""
    return len(text) <= HEADER_VALUE_MAX_CHARS and _HEADER_VALUE.fullmatch(text) is not None


def query_pairs(value: Any) -> list[tuple[str, str]]:
    """Return a query's or a form's names and values as text.

    Lists repeat their name, booleans are `true` and `false`, numbers keep their
    digits. Null and absent are left out, as in headers: only JSON can say null.

    Raises:
        UrlError: A value is a map, a secret, or not a finite number.
    """
    pairs: list[tuple[str, str]] = []
    for name, member in _members(value):
        for item in member if isinstance(member, (list, tuple)) else (member,):
            if item is None or item is ABSENT:
                continue
            pairs.append((name, plain_text(item, name)))
    return pairs


def header_pairs(value: Any, *, reserved: bool = True) -> list[tuple[str, str | Secret]]:
    """Return headers that are safe to send; of two equal names the later wins.

    Args:
        value: A map or a list of `[name, value]`; a list as value repeats its header, null and
            absent are left out, and null takes an earlier header of the name away.
        reserved: Whether names that belong to the engine are refused.

    Raises:
        UrlError: A name is no RFC 9110 token or is reserved, a value has control
            characters, is not ASCII, has blanks at an end, or is too long.
    """
    named: dict[str, list[tuple[str, str | Secret]]] = {}
    count = 0
    for name, member in _members(value):
        if member is ABSENT:
            continue
        lower = _header_name(name, reserved=reserved)
        named.pop(lower, None)
        items = member if isinstance(member, (list, tuple)) else (member,)
        count += len(items)
        if count > HEADERS_MAX:
            raise UrlError(f"there are more than {HEADERS_MAX} header values", "send fewer headers")
        named[lower] = [(name, _header_value(name, item)) for item in items if item not in (ABSENT, None)]
    return [pair for pairs in named.values() for pair in pairs]


def plain_text(value: Any, name: str) -> str:
    """Return a scalar as JSON would write it, texts as they are.

    Raises:
        UrlError: The value is a map, a list, a secret, null, or no number that has kept its digits.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        if abs(value) >= 2.0**53:  # by now it is another number than somebody entered
            raise UrlError(f"`{name}` is a number that has lost digits", "enter it as a text, in quotes")
        return repr(value)
    if isinstance(value, Decimal) and value.is_finite():
        return str(value)
    if isinstance(value, (float, Decimal)):
        raise UrlError(f"`{name}` is not a finite number")
    kind = "a secret" if isinstance(value, Secret) else "null" if value is None else "a list or map"
    raise UrlError(f"`{name}` is {kind}, which cannot be sent here", "give a text, a number or a boolean")


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield names and values of a map, of ordered pairs, or of a list of two-item lists."""
    pairs = getattr(value, "pairs", None) if isinstance(value, Mapping) else value
    if value is ABSENT or value is None:
        return
    for name, member in value.items() if pairs is None else pairs:
        if not isinstance(name, str):
            raise UrlError("a name is not a text")
        yield name, member


def _header_name(name: str, *, reserved: bool) -> str:
    lower = name.lower()
    if len(name) > HEADER_NAME_MAX_CHARS or not _TOKEN.fullmatch(name):
        raise UrlError("a header name has characters that are not allowed", "use letters, digits and -")
    if not reserved:
        return lower
    if is_steering_header(name):
        raise UrlError(
            f"the header `{name}` would say another method or address than the request has",
            "leave it out; method and path have their own inputs",
        )
    plain = _plain_name(name)
    if plain in RESERVED_HEADERS or plain.startswith("proxy-"):
        raise UrlError(f"the header `{name}` is set by the connection", "leave it out")
    return lower


def _plain_name(name: str) -> str:
    """Return a header's name as servers read it that put it into an environment variable."""
    return name.lower().replace("_", "-")


def _header_value(name: str, value: Any) -> str | Secret:
    text = value.reveal() if isinstance(value, Secret) else plain_text(value, name)
    if len(text) > HEADER_VALUE_MAX_CHARS:
        raise UrlError(f"the header `{name}` is longer than {HEADER_VALUE_MAX_CHARS} characters")
    if not is_header_value(text):
        raise UrlError(
            f"the header `{name}` has characters that cannot be sent",
            "use printable ASCII characters, without line breaks and without blanks at the ends",
        )
    return value if isinstance(value, Secret) else text


def _typed(text: str) -> str:
    """Return a typed path after refusing whatever is more than path and query."""
    if len(text) > URL_MAX_CHARS:
        raise UrlError(
            f"the path has {len(text)} characters; {URL_MAX_CHARS} is the most",
            "enter a path such as /things/123",
        )
    text = text.strip(" ")
    absolute = re.match(_ABSOLUTE, text)
    if absolute or re.match(_SCHEME, text.partition("/")[0]):
        rest = text[absolute.end() :] if absolute else ""
        path = "/" + rest.replace("\\", "/").partition("?")[0].partition("#")[0].lstrip("/")
        raise UrlError("an address with a host is refused", f"enter the path only: {path}", path=path)
    if "#" in text or "\\" in text:
        raise UrlError("a path has neither `#` nor `\\`", "write %23 or %5C where one is meant")
    return text


def _decode(piece: str, *, plus: bool = False) -> str:
    if re.search(_PERCENT, piece):
        raise UrlError("`%` is not followed by two hexadecimal digits", "write %25 for a percent sign")
    try:
        return (unquote_plus if plus else unquote)(piece, errors="strict")
    except UnicodeDecodeError:
        raise UrlError("a percent-encoded part is not UTF-8") from None


def _quote(text: str) -> str:
    if _PLAIN_SEGMENT.fullmatch(text):
        return text
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        raise UrlError("a text has half a character (a lone surrogate)") from None


def _climbs(text: str) -> bool:
    """Return whether a server that decodes, folds or trims more than it should would climb."""
    for _ in range(5):
        folded = unicodedata.normalize("NFKC", text)
        if any(piece.strip() in (".", "..") for piece in re.split(r"[/\\;]", folded)):
            return True
        text = unquote(text)
    return False
