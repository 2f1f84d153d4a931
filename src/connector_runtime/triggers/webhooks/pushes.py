"""What was pushed, as expressions see it: headers, query and body, read when they are asked for.

Whoever pushes may be anybody, so nothing is parsed before it is needed, and everything has a bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from connector_runtime.base.json_text import JsonError, parse_json
from connector_runtime.base.values import ABSENT
from connector_runtime.errors import error_of
from connector_runtime.language.templates import Merged

if TYPE_CHECKING:
    from connector_runtime.base.numbers import Numbers

# What platforms take; a push tells of changes, it carries no files.
MAX_BODY_BYTES = 8 * 1024 * 1024
# No honest query or form has more names.
MAX_PAIRS = 1_000
MAX_HEADERS = 200
FORM_TYPE = "application/x-www-form-urlencoded"
_PARTS = ("json", "form", "text")

Pairs = list[tuple[str, str]]


class TooManyError(ValueError):
    """A query, a form or the headers have more names than anybody needs."""


class PushedBody(Mapping[str, Any]):
    """The body of a push: `json`, `form` and `text`, each read when it is first asked for.

    Args:
        content: The bytes as they came.
        content_type: The header's value, or an empty text.
        exact: Whether `text` stands for the very bytes, whatever they are: a signature is
            computed over these. Otherwise it is for people, in the charset that was declared.
        numbers: What becomes of its fractions.
    """

    def __init__(
        self, content: bytes, content_type: str, *, exact: bool = False, numbers: Numbers = "float"
    ) -> None:
        self._content = content
        self._media_type, _, parameters = content_type.partition(";")
        self._charset = _charset_in(parameters)
        self._is_exact = exact
        # What is signed is made of the digits that came.
        self._numbers: Numbers = "written" if exact else numbers

    def __getitem__(self, key: str) -> Any:
        if key not in _PARTS:
            raise KeyError(key)
        value = getattr(self, f"_{key}")
        if value is ABSENT:
            raise KeyError(key)
        return value

    def __iter__(self) -> Iterator[str]:
        return (key for key in _PARTS if getattr(self, f"_{key}") is not ABSENT)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"PushedBody({len(self._content)} bytes)"

    @property
    def is_form(self) -> bool:
        """Return whether it calls itself a form."""
        return self._media_type.strip().lower() == FORM_TYPE

    @cached_property
    def _json(self) -> Any:
        if self.is_form or not self._content:
            return ABSENT
        try:
            # A vendor may forget to say that it sends JSON; what is none is none.
            return parse_json(self._content, numbers=self._numbers)
        except JsonError:
            return ABSENT

    @cached_property
    def _form(self) -> Any:
        return Merged(tuple(_parsed(self._content.decode("utf-8", "replace")))) if self.is_form else ABSENT

    @cached_property
    def _text(self) -> str:
        if self._is_exact:
            return self._content.decode("utf-8", "surrogateescape")
        try:
            return self._content.decode(self._charset, "replace")
        except LookupError:
            return self._content.decode("utf-8", "replace")


def headers_of(given: Mapping[Any, Any] | Iterable[tuple[Any, Any]]) -> dict[str, str]:
    """Return headers by lower-case name; several of one name are joined as RFC 9110 says.

    Args:
        given: A map, whose values may be lists, or pairs; texts, or bytes as ASGI gives them.

    Raises:
        TooManyError: There are more than `MAX_HEADERS`.
    """
    found: dict[str, str] = {}
    for name, value in _each(given, MAX_HEADERS):
        lower = name.lower()
        found[lower] = f"{found[lower]}, {value}" if lower in found else value
    return found


def query_of(given: str | bytes | Mapping[Any, Any] | Iterable[tuple[Any, Any]]) -> Merged:
    """Return a query as a map whose `pairs` keep every repeat; as a map the last of a name counts.

    Args:
        given: As it stood in the address, with or without `?`; or a map, whose values may be
            lists; or pairs, decoded.

    Raises:
        TooManyError: It has more than `MAX_PAIRS` names.
    """
    if isinstance(given, bytes):
        given = given.decode("utf-8", "replace")
    if isinstance(given, str):
        return Merged(tuple(_parsed(given.removeprefix("?"))))
    return Merged(tuple(_each(given, MAX_PAIRS)))


def body_of(given: Any) -> bytes:
    """Return the body's bytes.

    Raises:
        InputError: It was given as something else: a signature is computed over the bytes that came.
    """
    if isinstance(given, bytes | bytearray | memoryview):
        return bytes(given)
    if given is None:
        return b""
    raise error_of(
        "input",
        f"The body of a push is needed as bytes, and came as {type(given).__name__}.",
        hint="Hand over the raw body, before anything has parsed it.",
    )


def _each(given: Any, limit: int) -> Pairs:
    found: Pairs = []
    pairs = given.items() if isinstance(given, Mapping) else () if given is None else given
    if isinstance(pairs, str | bytes) or not isinstance(pairs, Iterable):
        raise _odd_pairs(pairs)
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise _odd_pairs(pair)
        name, value = pair
        for one in value if isinstance(value, list | tuple) else (value,):
            found.append((_text_of(name), _text_of(one)))
            if len(found) > limit:
                raise TooManyError
    return found


def _odd_pairs(given: Any) -> Exception:
    return error_of(
        "input",
        f"Headers or query of a push are needed as a map or pairs; {type(given).__name__} is no pair.",
        hint="Hand them over as your server has them, a query also as text.",
    )


def _text_of(value: Any) -> str:
    if isinstance(value, Mapping | list | tuple | set):
        raise _odd_pairs(value)
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _parsed(text: str) -> Pairs:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_PAIRS)
    except ValueError:
        raise TooManyError from None


def _charset_in(parameters: str) -> str:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"')[:40] or "utf-8"
    return "utf-8"
