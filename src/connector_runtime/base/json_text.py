"""JSON read strictly; the only place that does."""

from __future__ import annotations

import codecs
import json
import re
import sys
from typing import TYPE_CHECKING, Any

from connector_runtime.base.numbers import MAX_DIGITS, READINGS, RefusedError

if TYPE_CHECKING:
    from connector_runtime.base.numbers import Numbers

MAX_DEPTH = 200

_STRING = r'"(?:[^"\\]|\\.)*"'
_TOKEN = re.compile(_STRING + r"|[{}\[\],:]", re.DOTALL)
_WORD = re.compile(_STRING + r"|[^\s{}\[\],:\"]+", re.DOTALL)
# No honest name is longer; a message need not repeat one that is.
NAME_CHARS_SHOWN = 100
_WORDS = {
    "Expecting value": "a value is missing here",
    "Expecting property name enclosed in double quotes": "a name in double quotes is missing here",
    "Expecting ':' delimiter": "a colon is missing here",
    "Expecting ',' delimiter": "a comma or the closing bracket is missing here",
    "Illegal trailing comma before end of object": "a comma stands before the closing bracket",
    "Illegal trailing comma before end of array": "a comma stands before the closing bracket",
    "Extra data": "there is more text after the end of the JSON value",
    "Unterminated string starting at": "the quote that opens here is never closed",
    "Invalid control character at": "a line break or control character stands inside quotes",
    "Invalid \\escape": "a backslash stands before a character that needs none",
    "Invalid \\uXXXX escape": "\\u needs four hexadecimal digits",
}


class JsonError(ValueError):
    """A text is not the JSON it should be.

    Attributes:
        message: What is wrong, in our words.
        line: Line of the mistake, from 1.
        column: Column of the mistake, from 1.
    """

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(f"{message} (line {line}, column {column})")
        self.message = message
        self.line = line
        self.column = column


def parse_json(text: str | bytes, *, numbers: Numbers = "binary") -> Any:
    """Return the value of a JSON text (UTF-8, else UTF-16 or UTF-32; a byte order mark is skipped).

    Args:
        text: The whole text.
        numbers: What becomes of numbers with a fraction or an exponent; others are whole numbers.

    Raises:
        JsonError: Not JSON, or NaN, Infinity, a name twice in one object, a number too large,
            more than 200 levels, or text after the end.
    """
    content = decoded(text) if isinstance(text, bytes) else text.removeprefix("\ufeff")
    if sys.get_int_max_str_digits() != MAX_DIGITS:
        return _strictly(content, numbers)
    try:
        value = _QUICK[numbers].decode(content)
    except (ValueError, RecursionError):
        return _strictly(content, numbers)
    return value if _is_clean(value, content) else _strictly(content, numbers)


def _is_clean(value: Any, content: str) -> bool:
    """Return whether no name can stand twice in an object, and nothing is nested too deeply.

    Right before the colon after a name stands its quote or white space, so there are at least
    as many such pairs as names: when there are as many as members are left, none was lost to
    another of its name. Likewise there are at least as many opening brackets as lists and
    objects, which spares looking into the last.
    """
    if type(value) is not dict and type(value) is not list:
        return True
    members, brackets = content.count('":') + _spaced(content), content.count("{") + content.count("[")
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        brackets -= len(level)
        members -= sum([len(node) for node in level if type(node) is dict])
        inner: list[Any] = []
        for node in level if brackets else ():
            items = node.values() if type(node) is dict else node
            inner += [item for item in items if type(item) is dict or type(item) is list]
        if not inner:
            return members == 0
        level = inner
    return False


def _spaced(content: str) -> int:
    """Return how many colons stand right behind white space, of the four kinds that JSON knows."""
    # Blanks are everywhere; of the others a glance shows that most texts have none.
    return content.count(" :") + sum([content.count(f"{end}:") for end in "\t\n\r" if end in content])


def _strictly(content: str, numbers: Numbers) -> Any:
    """Return the value, or say in our words what is wrong and where."""
    try:
        value = STRICT[numbers].decode(content)
    except json.JSONDecodeError as error:
        raise JsonError(json_fault_words(error), error.lineno, error.colno) from None
    except RefusedError as error:
        raise JsonError(error.message, *place_of(content, error.text)) from None
    except RecursionError:
        raise JsonError(f"the value is nested more than {MAX_DEPTH} levels deep") from None
    if content.count("[") + content.count("{") > MAX_DEPTH and is_deeper(value, MAX_DEPTH):
        raise JsonError(f"the value is nested more than {MAX_DEPTH} levels deep")
    return value


def count_values(content: bytes) -> int:
    """Return about how many values a JSON text has; a list or object counts as four, which it takes."""
    return content.count(b",") + 4 * (content.count(b"[") + content.count(b"{"))


def encoding_of(content: bytes) -> str:
    """Return which of Unicode's encodings a JSON text is in: it begins with a mark, or with ASCII."""
    if b"\0" in content[:4] or content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return json.detect_encoding(content)
    return "utf-8"


def shown(content: bytes) -> str | bytes:
    """Return what came instead of JSON for a message: bytes of UTF-8, else text."""
    encoding = encoding_of(content)
    return content if encoding == "utf-8" else content.decode(encoding, "replace")


def decoded(content: bytes) -> str:
    encoding = encoding_of(content)
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise JsonError(f"the text is not {encoding.upper()}") from None
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise JsonError("the text is not UTF-8", line, column) from None


def json_fault_words(error: json.JSONDecodeError) -> str:
    if error.msg == "Expecting value" and not error.doc.strip():
        return "the text is empty"
    for theirs, ours in _WORDS.items():
        if error.msg.startswith(theirs):
            return ours
    return error.msg


def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise RefusedError(f'the name "{key[:NAME_CHARS_SHOWN]}" stands twice in one object', key)
            seen.add(key)
    return found


def refuse_constant(name: str) -> Any:
    raise RefusedError(f"{name} is not a JSON value", name)


def whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise RefusedError(f"a number has more than {MAX_DIGITS} digits", digits)
    return int(digits)


STRICT = {
    numbers: json.JSONDecoder(
        object_pairs_hook=object_of, parse_constant=refuse_constant, parse_int=whole, parse_float=read
    )
    for numbers, read in READINGS.items()
}
# Without a function for each object and whole number: twice as fast, and told by `_is_clean`.
_QUICK = {
    numbers: json.JSONDecoder(parse_constant=refuse_constant, parse_float=read)
    for numbers, read in READINGS.items()
}


def is_deeper(value: Any, limit: int) -> bool:
    """Return whether lists and objects are nested deeper than `limit`, level by level."""
    level = [value]
    for _ in range(limit):
        level = [
            item
            for node in level
            for item in (node.values() if type(node) is dict else node)
            if type(item) is dict or type(item) is list
        ]
        if not level:
            return False
    return True


def place_of(text: str, wanted: str) -> tuple[int, int]:
    """Return line and column of a refused number, or of a name's second writing."""
    at = _second_name(text, wanted)
    if at < 0:
        # Compared, not made a pattern of: what a vendor sent would stay in the cache of `re`.
        at = next((match.start() for match in _WORD.finditer(text) if match.group() == wanted), 0)
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def _second_name(text: str, name: str) -> int:
    """Return where an object names `name` for the second time, -1 if none does."""
    has_name: list[bool] = []
    quoted, start = "", 0
    for token in _TOKEN.finditer(text):
        kind = token.group()
        if kind in "{[":
            has_name.append(False)
        elif kind in "}]" and has_name:
            has_name.pop()
        elif kind == ":" and quoted and has_name and json.loads(quoted) == name:
            if has_name[-1]:
                return start
            has_name[-1] = True
        quoted, start = (kind if kind[0] == '"' else ""), token.start()
    return -1
