"""Which records a list shows: the filter parameters of a query, as tests on index entries.

An unknown parameter is ignored, and everything comes back.

source: zoho-books-cli, live notes; https://www.zoho.com/books/api/v3/pagination
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.books.rules.errors import refusal
from zoho_sandbox.products.books.rules.money import number

if TYPE_CHECKING:
    from decimal import Decimal

    from zoho_sandbox.products.books.rules.catalogue import Module, Spec

Entry = Mapping[str, Any]
Test = Callable[[Entry], bool]

_SUFFIXES: Mapping[str, frozenset[str]] = {
    "text": frozenset({"startswith", "contains"}),
    "number": frozenset({"less_than", "less_equals", "greater_than", "greater_equals"}),
    "date": frozenset({"start", "end", "before", "after"}),
}
_NUMBER_TESTS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "": lambda have, want: have == want,
    "less_than": lambda have, want: have < want,
    "less_equals": lambda have, want: have <= want,
    "greater_than": lambda have, want: have > want,
    "greater_equals": lambda have, want: have >= want,
}
_TEXT_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "": lambda have, want: have == want,
    "startswith": lambda have, want: have.startswith(want),
    "contains": lambda have, want: want in have,
}
_DATE_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "": lambda have, want: have == want,
    "start": lambda have, want: have >= want,
    "end": lambda have, want: have <= want,
    "before": lambda have, want: have < want,
    "after": lambda have, want: have > want,
}
# Parameters that bound the record's date rather than name a field of it.
_BOUNDS: Mapping[str, str] = {"from_date": "start", "to_date": "end"}
_SEARCH_LENGTH = 100
# Never searched: they hold no words of a person.
_UNSEARCHED = ("id", "created_time", "last_modified_time", "status")


def filter_tests(module: Module, query: Iterable[tuple[str, str]]) -> list[Test]:
    """Return one test per filter parameter in the query; blank ones count as absent.

    Raises:
        RefusedError: a number or time that is none (2), a text too long (15).
    """
    tests = []
    for parameter, value in query:
        name, suffix = _split(module, parameter)
        if name and value.strip():
            tests.append(_test(name, suffix, module.filters.get(name, {}), value.strip()))
    return tests


def _split(module: Module, parameter: str) -> tuple[str, str]:
    """Return the filter's name and its suffix; an empty name when it is no filter."""
    if parameter in module.filters:
        return parameter, ""
    for suffixes in _SUFFIXES.values():
        for suffix in suffixes:
            name = parameter.removesuffix(f"_{suffix}")
            spec = module.filters.get(name)
            if name != parameter and spec and suffix in _SUFFIXES.get(spec["kind"], ()):
                return name, suffix
    return "", ""


def _test(name: str, suffix: str, spec: Spec, value: str) -> Test:
    if "max" in spec and len(value) > spec["max"]:
        raise refusal("too_long", value=name, max=spec["max"])
    special = _special_test(name, suffix, value)
    if special is not None:
        return special
    kind = spec["kind"]
    if kind == "number":
        return _number_test(name, suffix, value)
    if kind == "date":
        return _any_value(name, _DATE_TESTS[suffix], value)
    if kind == "boolean":
        wanted = value.lower() == "true"
        return lambda entry: bool(entry.get(name, False)) is wanted
    return _any_value(name, _TEXT_TESTS[suffix], value.casefold())


def _special_test(name: str, suffix: str, value: str) -> Test | None:
    if name == "custom_field":
        return _custom_test(suffix, value)
    if name in _BOUNDS and not suffix:
        return _any_value("date", _DATE_TESTS[_BOUNDS[name]], value)
    if name == "last_modified_time":
        return _since_test(name, value)
    return _ids_test(name, value) if name.endswith("_ids") else None


def _any_value(name: str, compare: Callable[[str, str], bool], wanted: str) -> Test:
    def test(entry: Entry) -> bool:
        value = entry.get(name)
        if isinstance(value, str):
            return compare(value.casefold(), wanted)
        values = value if isinstance(value, list) else () if value is None else (value,)
        return any(compare(str(one).casefold(), wanted) for one in values)

    return test


def _number_test(name: str, suffix: str, value: str) -> Test:
    wanted = number(value)
    if wanted is None:
        raise refusal("invalid_value", value=name)
    compare = _NUMBER_TESTS[suffix]

    def test(entry: Entry) -> bool:
        have = number(entry.get(name, 0))
        return have is not None and compare(have, wanted)

    return test


def _since_test(name: str, value: str) -> Test:
    """Keep what was modified at that moment or later.

    # choice: "at or after"; the pages only name the parameter.
    """
    wanted = moment(value)
    if wanted is None:
        raise refusal("invalid_value", value=name)
    since = wanted

    def test(entry: Entry) -> bool:
        have = moment(str(entry.get(name, "")))
        return have is not None and have >= since

    return test


def moment(text: str) -> datetime | None:
    """Return the moment of ``2026-06-09T13:15:34-0400``, None when the text is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _ids_test(name: str, value: str) -> Test:
    wanted = {part.strip() for part in value.split(",")}
    field = name.removesuffix("s")
    return lambda entry: str(entry.get(field, entry["id"])) in wanted


def _custom_test(suffix: str, value: str) -> Test:
    compare, wanted = _TEXT_TESTS[suffix], value.casefold()

    def test(entry: Entry) -> bool:
        return any(
            compare(str(have).casefold(), wanted) for name, have in entry.items() if name.startswith("cf_")
        )

    return test


def search_test(module: Module, text: str) -> Test:
    """Return the test of ``search_text``: any of the searched fields contains it.

    Raises:
        RefusedError: more than 100 characters (15).
    """
    if len(text) > _SEARCH_LENGTH:
        raise refusal("too_long", value="search_text", max=_SEARCH_LENGTH)
    wanted = text.casefold()

    def test(entry: Entry) -> bool:
        names = module.search or [name for name in entry if name not in _UNSEARCHED]
        # No text that a person searches for reaches across a line.
        return wanted in "\n".join([str(entry[name]) for name in names if name in entry]).casefold()

    return test
