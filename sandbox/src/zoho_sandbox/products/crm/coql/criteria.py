"""The WHERE clause as a function of a record, after checking it against the fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from zoho_sandbox.products.crm.coql import refusals
from zoho_sandbox.products.crm.coql.columns import FieldPath, Resolver, comparable, given
from zoho_sandbox.products.crm.coql.syntax import Both, Condition, Criteria, SubQuery
from zoho_sandbox.products.crm.model.answers import Json

Holds = Callable[[Json], bool]
RunSub = Callable[[SubQuery], list[Any]]

MAX_CRITERIA = 25
_NULLS = {"is null", "is not null"}
_EQUAL = {"=", "!=", "in", "not in"} | _NULLS
_OPERATORS = {
    "text": _EQUAL | {"like", "not like"},
    "lookup": _EQUAL,
    "number": _EQUAL | {">", ">=", "<", "<=", "between", "not between"},
    "boolean": {"="},
    "encrypted": _NULLS,
}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
}


def holds(criteria: Criteria, resolver: Resolver, run: RunSub, max_in: int) -> Holds:
    """Return the function that says whether a record meets the criteria.

    Args:
        run: Answers a sub-query with the comparable values of its one column.
        max_in: How many values ``in`` may list.

    Raises:
        RefusedError: an unknown column, or an operator or a value that does not go with it.
    """
    if _count(criteria) > MAX_CRITERIA:
        raise refusals.too_many("criteria", MAX_CRITERIA)
    return _holds(criteria, resolver, run, max_in)


def _count(criteria: Criteria) -> int:
    if isinstance(criteria, Both):
        return _count(criteria.left) + _count(criteria.right)
    return 1


def _holds(criteria: Criteria, resolver: Resolver, run: RunSub, max_in: int) -> Holds:
    if isinstance(criteria, Both):
        left = _holds(criteria.left, resolver, run, max_in)
        right = _holds(criteria.right, resolver, run, max_in)
        if criteria.operator == "and":
            return lambda record: left(record) and right(record)
        return lambda record: left(record) or right(record)
    route = resolver.route(criteria.path)
    _check_operator(route, criteria)
    test = _test(route, criteria, run, max_in)
    return lambda record: test(comparable(route.field, resolver.value(route, record)))


def _check_operator(route: FieldPath, condition: Condition) -> None:
    allowed = _OPERATORS.get(route.family)
    if allowed is None:
        first = condition.values[0] if condition.values else None
        raise refusals.query(
            "unsupported column in criteria",
            cv_criteria=False,
            column_name=route.text,
            value="${EMPTY}" if first is None or isinstance(first, SubQuery) else first.text,
            operator=condition.operator,
        )
    if condition.operator not in allowed:
        raise refusals.wrong_operator(route.text, condition.operator)


def _test(route: FieldPath, condition: Condition, run: RunSub, max_in: int) -> Callable[[Any], bool]:
    """Return the test of one condition."""
    # choice: as in SQL, an empty value meets "is null" alone, and no "!=" or "not in".
    operator = condition.operator
    if operator in _NULLS:
        wants_null = operator == "is null"
        return lambda value: (value is None) is wants_null
    wanted = not operator.startswith("not ")
    met = _met(route, condition, run, max_in)
    return lambda value: value is not None and met(value) is wanted


def _met(route: FieldPath, condition: Condition, run: RunSub, max_in: int) -> Callable[[Any], bool]:
    """Return the test of a value that is not empty, without a ``not`` before it."""
    operator = condition.operator.removeprefix("not ")
    if operator == "like":
        return _like(route, condition)
    values = _values(route, condition, run, max_in)
    if operator == "in":
        return lambda value: value in values
    if operator == "between":
        return lambda value: bool(values[0] <= value <= values[1])
    compare = _COMPARE[operator]
    return lambda value: bool(values) and compare(value, values[0])


def _values(route: FieldPath, condition: Condition, run: RunSub, max_in: int) -> Sequence[Any]:
    found: list[Any] = []
    for value in condition.values:
        if not isinstance(value, SubQuery):
            found.append(given(route, value))
            continue
        inner = run(value)
        if len(inner) > 1 and condition.operator not in ("in", "not in"):
            raise refusals.query(
                "subquery return more than one values which is incompatible for the operator",
                sub_query_sequence=value.sequence,
                operator=condition.operator,
            )
        found += inner
    if condition.operator in ("in", "not in") and len(condition.values) > max_in:
        raise refusals.too_many("in", max_in)
    return found


def _like(route: FieldPath, condition: Condition) -> Callable[[Any], bool]:
    literal = condition.values[0]
    if isinstance(literal, SubQuery) or literal.kind != "string":
        raise refusals.wrong_value(route.text)
    pattern = literal.text.casefold()
    core = pattern.removeprefix("%").removesuffix("%")
    is_open = pattern.startswith("%") and pattern.endswith("%") and len(pattern) > 1
    if "%" in core or (condition.operator == "not like" and not is_open):
        raise refusals.wrong_value(route.text)
    before = ".*" if pattern.startswith("%") else ""
    after = ".*" if pattern.endswith("%") else ""
    shape = re.compile(f"{before}{re.escape(core)}{after}", re.DOTALL)
    return lambda value: bool(shape.fullmatch(str(value)))
