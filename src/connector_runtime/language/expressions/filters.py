"""The filters and tests of expressions: a closed list, each with checked arguments.

A filter is given a value that is there: absent passes every filter by, except those
whose row in the table says that they take it. Null passes the filters on texts by as well, because a
null given by the user clears a field.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple

from connector_runtime.base import urls
from connector_runtime.base.instants import instant_s
from connector_runtime.base.json_text import JsonError, parse_json
from connector_runtime.base.values import ABSENT, File, Secret
from connector_runtime.language.expressions.merging import merged
from connector_runtime.language.expressions.operators import (
    EvaluationError,
    equal,
    is_list,
    is_number,
    is_pair,
    kind_of,
    text_of,
)
from connector_runtime.language.expressions.patterns import MAX_TEXT_CHARACTERS, compile_pattern

Apply = Callable[..., Any]
# A list of records has fewer. What has more came to keep a process busy: a second for some millions.
SEARCHED_MAX = 10_000


class Filter(NamedTuple):
    """How a filter is written and what it does.

    Attributes:
        apply: The function; its first argument is the value before the bar.
        least: Arguments it must have.
        most: Arguments it may have.
        constant: Whether the arguments must be texts written in the expression.
        takes_absent: Whether it is given an absent value, too, and makes something of it.
        mends: Whether what it makes of an absent value is never absent itself.
    """

    apply: Apply
    least: int = 0
    most: int = 0
    constant: bool = False
    takes_absent: bool = False
    mends: bool = False


def default(value: Any, otherwise: Any) -> Any:
    """Return the value, or the other one if it is absent; null is a value."""
    return otherwise if value is ABSENT else value


def optional(value: Any) -> Any:
    """Return the value, or no path segments if it is absent."""
    if value is not ABSENT:
        return value
    return urls.Segments()


def segments(value: Any) -> Any:
    """Return the path segments of a text such as `a/b`, split at its slashes."""
    return urls.Segments(_text("segments", value).split("/"))


def url_path(value: Any) -> Any:
    """Return the path segments of a path that was typed, each decoded once and checked."""
    return urls.url_path(_text("urlPath", value))


def url_query(value: Any) -> Any:
    """Return the `[name, value]` pairs after the `?` of a path that was typed."""
    return urls.url_query(_text("urlQuery", value))


def origin(value: Any) -> Any:
    """Return `https://host` of an address, in lower case; null has none."""
    if value is None:
        return ABSENT
    return urls.origin(_text("origin", value))


def join(value: Any, separator: str) -> Any:
    """Return the items as one text; an empty list and null have none."""
    if value is None:
        return ABSENT
    if not isinstance(value, (list, tuple)):
        raise EvaluationError(f"`join` needs a list and was given {kind_of(value)}")
    return separator.join(_plain(item) for item in value) if value else ABSENT


def split(value: Any, separator: str | None = None) -> Any:
    """Return the pieces of a text without blanks around them, empty ones left out."""
    if value is None:
        return None
    pieces = [piece.strip() for piece in _text("split", value).split(separator)]
    return [piece for piece in pieces if piece]


def lower(value: Any) -> Any:
    """Return a text in lower case."""
    return None if value is None else _text("lower", value).lower()


def as_base64(value: Any) -> Any:
    """Return a text as base64 of its UTF-8; of a secret it is a secret, too."""
    if value is None:
        return None
    text = value.reveal() if isinstance(value, Secret) else _text("base64", value)
    encoded = b64encode(text.encode("utf-8", "surrogatepass")).decode("ascii")
    return Secret(encoded) if isinstance(value, Secret) else encoded


def escaped(value: Any, characters: str) -> Any:
    r"""Return a text with a backslash before each of some characters, and before each backslash.

    One that ended the value would take the meaning of what follows it. A list gives a list.
    """
    if value is None:
        return None
    if is_list(value):
        return [escaped(item, characters) for item in value]
    wanted = {*characters, "\\"}
    return "".join([f"\\{one}" if one in wanted else one for one in _written("escaped", value)])


def quoted(value: Any, quote: str) -> Any:
    """Return a text between quotes; a quote inside it is doubled. A list gives a list."""
    if is_list(value):
        return [quoted(item, quote) for item in value]
    return None if value is None else quote + _written("quoted", value).replace(quote, quote * 2) + quote


def length(value: Any) -> int:
    """Return how many characters, items or members there are."""
    if isinstance(value, (str, list, tuple, Mapping)):
        return len(value)
    raise EvaluationError(f"`length` needs a text, a list or a map and was given {kind_of(value)}")


def milliseconds(value: Any) -> Any:
    """Return a number of milliseconds as seconds."""
    if value is None:
        return None
    if not is_number(value):
        raise EvaluationError(f"`ms` needs a number and was given {kind_of(value)}")
    try:
        return float(value) / 1000
    except (OverflowError, ValueError):
        raise EvaluationError("`ms` was given a number that is out of range") from None


def instant(value: Any) -> Any:
    """Return a point in time as seconds since 1970 in UTC: numbers that compare and subtract."""
    if value is None:
        return None
    seconds = instant_s(value)
    if seconds is not None:
        return seconds
    if isinstance(value, str):
        hint = "it needs date, time and the offset from UTC, such as 2024-05-31T14:30:00+02:00"
        raise EvaluationError("`instant` was given a text that is no point in time", hint)
    hint = "seconds since 1970 are an instant already; `| ms` makes seconds of milliseconds"
    raise EvaluationError(f"`instant` needs a text and was given {kind_of(value)}", hint)


def from_json(value: Any) -> Any:
    """Return what a JSON text says, or ABSENT if it is not JSON."""
    if not isinstance(value, (str, bytes)):
        return ABSENT
    try:
        return parse_json(value, numbers="written")
    except JsonError:
        return ABSENT


def named(value: Any, names: Any) -> Any:
    """Return a file, or a map of files, with file names.

    Args:
        value: A file, a map of files (repeats kept), or a list of `[key, file]`.
        names: A text for one file; a map from the files' keys to names for several.

    Raises:
        EvaluationError: A name is no text (kind `input`), or names a key that has no file.
    """
    if names is ABSENT or names is None or names == {}:
        return value
    if value is ABSENT or value is None:
        value = {} if isinstance(names, Mapping) else value
    if isinstance(value, File):
        return replace(value, name=_file_name(names))
    pairs = getattr(value, "pairs", None) or (list(value.items()) if isinstance(value, Mapping) else value)
    if not (is_list(pairs) and all(map(is_pair, pairs)) and isinstance(names, Mapping)):
        raise EvaluationError(f"`named` cannot give {kind_of(names)} as names to {kind_of(value)}")
    known = {key for key, _ in pairs}
    for key in names:
        if key not in known:
            raise EvaluationError(
                f"there is a file name for `{key}`, but no file with this key",
                f"keys of files: {', '.join(sorted(map(str, known))) or 'none'}",
                kind="input",
                about=1,
            )
    return [[key, _with_name(item, names.get(key))] for key, item in pairs]


def put(value: Any, key: Any, item: Any) -> Any:
    """Return a copy of a map with one more member; an absent one leaves it as it is."""
    if not isinstance(value, Mapping) or not isinstance(key, str):
        raise EvaluationError(f"`put` needs a map and a text and was given {kind_of(value)}, {kind_of(key)}")
    return dict(value) if item is ABSENT else {**value, key: item}


def first(value: Any) -> Any:
    """Return the first item of a list, or ABSENT if it has none."""
    if value is None:
        return ABSENT
    if isinstance(value, (list, tuple)):
        return value[0] if value else ABSENT
    raise EvaluationError(f"`first` needs a list and was given {kind_of(value)}")


def find(value: Any, member: str, wanted: Any) -> Any:
    """Return the first map of a list whose member is the wanted value, or ABSENT.

    Raises:
        EvaluationError: It is none of the first `SEARCHED_MAX` items, and there are more.
    """
    if not isinstance(value, (list, tuple)):
        return ABSENT
    for item in islice(value, SEARCHED_MAX):
        if isinstance(item, Mapping) and equal(item.get(member), wanted):
            return item
    if len(value) > SEARCHED_MAX:
        raise EvaluationError(f"`find` looks at the first {SEARCHED_MAX:,} items, and the list has more")
    return ABSENT


def maps(value: Any) -> list[Any]:
    """Return the maps that stand in a list or a map, or in a list that stands there."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if not is_list(value):
        return []
    inner = [item for one in value for item in (one if is_list(one) else [one])]
    return [item for item in inner if isinstance(item, Mapping)]


def having(value: Any, member: Any) -> list[Any]:
    """Return the maps of a list that have a member."""
    return [item for item in value if is_map(item) and member in item] if is_list(value) else []


def lacking(value: Any, member: Any) -> list[Any]:
    """Return the maps of a list that have no such member."""
    return [item for item in value if is_map(item) and member not in item] if is_list(value) else []


def keys(value: Any) -> list[Any]:
    """Return the keys of a map, in order."""
    if isinstance(value, Mapping):
        return list(value)
    raise EvaluationError(f"`keys` needs a map and was given {kind_of(value)}")


def sorted_pairs(value: Any, between: str = "", after: str = "") -> str:
    """Return the members of one or several maps as one text, sorted by key, as services sign them.

    Args:
        value: A map, such as a query or a form, or a list of maps; repeats of a key stay in order.
        between: What stands between a key and its value.
        after: What stands between a value and the next key.
    """
    sources = [value] if isinstance(value, Mapping) else value
    if not is_records(sources):
        raise EvaluationError(f"`sortedPairs` needs a map or a list of maps and was given {kind_of(value)}")
    pairs = [pair for source in sources for pair in getattr(source, "pairs", None) or source.items()]
    ordered = sorted(pairs, key=lambda pair: str(pair[0]))
    return after.join([f"{key}{between}{_plain(item)}" for key, item in ordered])


FILTERS: dict[str, Filter] = {
    "default": Filter(default, 1, 1, takes_absent=True, mends=True),
    "optional": Filter(optional, takes_absent=True, mends=True),
    "segments": Filter(segments),
    "urlPath": Filter(url_path),
    "urlQuery": Filter(url_query),
    "origin": Filter(origin),
    "join": Filter(join, 1, 1, constant=True),
    "split": Filter(split, 0, 1, constant=True),
    "lower": Filter(lower),
    "base64": Filter(as_base64),
    "escaped": Filter(escaped, 1, 1, constant=True),
    "quoted": Filter(quoted, 1, 1, constant=True),
    "length": Filter(length),
    "ms": Filter(milliseconds),
    "instant": Filter(instant),
    "fromJson": Filter(from_json),
    "named": Filter(named, 1, 1, takes_absent=True),
    "put": Filter(put, 2, 2),
    "first": Filter(first),
    "find": Filter(find, 2, 2),
    "maps": Filter(maps),
    "having": Filter(having, 1, 1),
    "lacking": Filter(lacking, 1, 1),
    "keys": Filter(keys),
    "sortedPairs": Filter(sorted_pairs, 0, 2, constant=True),
    "merged": Filter(merged, 2, 2),
}


def is_text(value: Any) -> bool:
    """Return whether a value is a text; secrets are not."""
    return isinstance(value, str)


def is_defined(value: Any) -> bool:
    """Return whether a value is there; null is."""
    return value is not ABSENT


def is_map(value: Any) -> bool:
    """Return whether a value is a map."""
    return isinstance(value, Mapping)


def is_records(value: Any) -> bool:
    """Return whether a value is a list of maps; an empty list is."""
    return is_list(value) and all(map(is_map, value))


TESTS: dict[str, Callable[[Any], bool]] = {
    "defined": is_defined,
    "string": is_text,
    "number": is_number,
    "list": is_list,
    "map": is_map,
    "records": is_records,
}
TEST_NAMES = (*TESTS, "matching")


def matching(pattern: str) -> Callable[[Any], bool]:
    """Return the test whether a whole text matches a pattern; other values do not.

    Raises:
        PatternError: The pattern is wrong or could run too long.
    """
    whole = compile_pattern(pattern).fullmatch

    def is_matching(value: Any) -> bool:
        if not isinstance(value, str):
            return False
        if len(value) > MAX_TEXT_CHARACTERS:
            raise EvaluationError(f"`matching` looks at texts of at most {MAX_TEXT_CHARACTERS:,} characters")
        return whole(value) is not None

    return is_matching


def _text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return _plain(value)  # an id given as a whole number is as good as its digits
    raise EvaluationError(f"`{name}` needs a text and was given {kind_of(value)}")


def _written(name: str, value: Any) -> str:
    if isinstance(value, (str, bool)) or is_number(value):
        return _plain(value)
    raise EvaluationError(f"`{name}` needs a text or a number and was given {kind_of(value)}")


def _plain(item: Any) -> str:
    text = text_of(item)
    if isinstance(text, str):
        return text
    raise EvaluationError("a secret cannot be part of a list that is joined")


def _file_name(name: Any) -> str:
    if isinstance(name, str) and name:
        return name
    raise EvaluationError(f"a file name is a text, not {kind_of(name)}", kind="input", about=1)


def _with_name(item: Any, name: Any) -> Any:
    return replace(item, name=_file_name(name)) if isinstance(item, File) and name is not None else item
