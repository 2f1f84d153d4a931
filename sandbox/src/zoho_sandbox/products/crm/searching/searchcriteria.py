r"""The parameter ``criteria`` of search: ``((A:equals:x)and(B:starts_with:y))``.

In a value ``\(``, ``\)``, ``\,`` and ``\\`` stand for the marks themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.crm.coql.columns import ID
from zoho_sandbox.products.crm.model.answers import Json, RefusedError, refuse
from zoho_sandbox.products.crm.searching.searchvalues import TESTS, comparable, given

if TYPE_CHECKING:
    from zoho_sandbox.products.crm.model.schema import Field, Module

Matches = Callable[[Json], bool]

# choice: 15, the number of the newest page; older ones say 10.
_MAX_CRITERIA = 15
_MAX_IN = 100
_TEXT = {"equals", "not_equal", "starts_with", "in"}
_CHOICE = {"equals", "not_equal", "in"}
_ORDERED = {"greater_equal", "greater_than", "less_equal", "less_than", "between"}
_OPERATORS = {
    "text": _TEXT,
    "textarea": {"equals", "not_equal", "starts_with"},
    "choice": _CHOICE,
    "choices": _CHOICE | {"starts_with"},
    "number": _CHOICE | _ORDERED,
    "boolean": {"equals", "not_equal"},
    "encrypted": {"equals"},
}
_VALUE = re.compile(r"(?:[^()\\]|\\.)*", re.DOTALL)
_HEAD = re.compile(r"\s*([\w$.]+)\s*:\s*(\w+)\s*:")
_JOIN = re.compile(r"\s*(and|or)\s*(?=\()", re.IGNORECASE)


@dataclass(slots=True)
class _Reader:
    """The text with the place that is read next, and how many conditions were read."""

    module: Module
    text: str
    at: int = 0
    count: int = 0

    def group(self) -> Matches:
        """Read what stands in a pair of brackets: one condition, or a joined group."""
        self._expect("(")
        inside = self._joined() if self._looking_at("(") else self._condition()
        self._expect(")")
        return inside

    def _joined(self) -> Matches:
        found = self.group()
        while join := _JOIN.match(self.text, self.at):
            self.at = join.end()
            left, right = found, self.group()
            is_and = join[1].lower() == "and"
            found = _both(left, right) if is_and else _either(left, right)
        return found

    def whole(self) -> Matches:
        """Read the whole text; the outermost brackets may be left away."""
        found = self._joined()
        if self.text[self.at :].strip():
            raise invalid()
        return found

    def _condition(self) -> Matches:
        head = _HEAD.match(self.text, self.at)
        if head is None:
            raise invalid()
        value = _VALUE.match(self.text, head.end())
        self.at = value.end() if value else head.end()
        self.count += 1
        if self.count > _MAX_CRITERIA:
            message = f"no of criterium that can be given exceed the limit {_MAX_CRITERIA}"
            raise refuse("CRITERIA_LIMIT_EXCEEDED", message)
        return _condition(self.module, head[1], head[2], self.text[head.end() : self.at])

    def _looking_at(self, mark: str) -> bool:
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1
        return self.text[self.at : self.at + 1] == mark

    def _expect(self, mark: str) -> None:
        if not self._looking_at(mark):
            raise invalid()
        self.at += 1


def criteria(module: Module, text: str) -> Matches:
    """Return the function that says whether a record meets the criteria.

    Raises:
        RefusedError: INVALID_QUERY, or CRITERIA_LIMIT_EXCEEDED.
    """
    return _Reader(module, text).whole()


def invalid(**details: Any) -> RefusedError:
    """Return the refusal of criteria that make no sense."""
    return refuse("INVALID_QUERY", "Invalid query formed", details)


def _both(left: Matches, right: Matches) -> Matches:
    return lambda record: left(record) and right(record)


def _either(left: Matches, right: Matches) -> Matches:
    return lambda record: left(record) or right(record)


def _condition(module: Module, name: str, operator: str, text: str) -> Matches:
    field = ID if name == "id" else module.fields.get(name.removesuffix(".id"))
    if field is None:
        reason = "the field is not available for search"
        raise invalid(api_name=name, reason=reason)
    allowed = _OPERATORS.get(str(field.traits["search"]))
    if allowed is None:
        raise invalid(api_name=name, reason="the field is not available for search")
    if operator not in allowed:
        raise invalid(api_name=name, reason="invalid operator found", operator=operator)
    values = [_checked(field, name, part) for part in _parts(text, operator)]
    test = TESTS[operator]
    return lambda record: test(field, comparable(field, record.get(field.api_name)), values)


def _parts(text: str, operator: str) -> list[str]:
    """Return the values of a condition; only ``in`` and ``between`` take several."""
    if operator not in ("in", "between"):
        return [_unescaped(text)]
    parts = [_unescaped(part).strip() for part in re.split(r"(?<!\\),", text)]
    if operator == "between" and len(parts) != 2:
        raise invalid(reason="between takes two values")
    if len(parts) > _MAX_IN:
        raise refuse("INVALID_QUERY", f'Only {_MAX_IN} values are allowed in "IN" criteria')
    return parts


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def _checked(field: Field, name: str, text: str) -> Any:
    value = given(field, text)
    if value is None:
        expected = field.traits["expected"]
        raise invalid(
            api_name=name, reason="invalid value for search", value=text, expected_data_type=expected
        )
    return value
