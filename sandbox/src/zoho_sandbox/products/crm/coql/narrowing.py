"""Finding the few records a query can mean without reading all of them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.jsontext import parse_json
from zoho_sandbox.products.crm.coql.columns import FieldPath, comparable, given
from zoho_sandbox.products.crm.coql.syntax import Both, Condition, Criteria, Literal, Path, Step
from zoho_sandbox.products.crm.model import store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from zoho_sandbox.core.state import State
    from zoho_sandbox.products.crm.coql.columns import Resolver
    from zoho_sandbox.products.crm.model.answers import Json
    from zoho_sandbox.products.crm.model.schema import Module


_KEPT_ORDERS = ("id", "Created_Time", "Modified_Time")
# A page needs few records, and a query that hardly any record meets is read in long strides.
_FIRST_ROWS, _MOST_ROWS = 250, 4000


def narrowed(state: State, module: Module, criteria: Criteria) -> Iterable[Json] | None:
    """Return records among which all that meet the criteria are, None when any may.

    Uses one equality with an id or a keyed text field that every match must meet; the
    criteria still have to be applied to what is returned.
    """
    if isinstance(criteria, Both):
        if criteria.operator == "or":
            return None
        left = narrowed(state, module, criteria.left)
        return left if left is not None else narrowed(state, module, criteria.right)
    texts = _equal_texts(criteria)
    if texts is None:
        return None
    name = criteria.path.text
    if name == "id":
        found = (store.find(state, module, text) for text in texts)
        return [record for record in found if record is not None]
    field = module.fields.get(name)
    is_keyed = field is not None and field in module.keyed_fields
    if field is None or not is_keyed or field.traits["coql"] != "text" or field.unique == "sensitive":
        return None
    by_id = {r["id"]: r for text in texts for r in store.matches(state, module, field, text)}
    return by_id.values()


def in_order(
    state: State, module: Module, criteria: Criteria, order: Sequence[tuple[Any, bool]], resolver: Resolver
) -> Iterator[Json] | None:
    """Yield records in the order of a query, from where its criteria begin to where they end.

    Args:
        order: What is sorted by, resolved, and whether downwards; nothing means upwards by id.

    Returns:
        None where the order is not kept: it is no time of the record itself, nor its id.
    """
    names = [(route.text if isinstance(route, FieldPath) else "", down) for route, down in order]
    (by, is_descending), *more = names or [("id", False)]
    if by not in _KEPT_ORDERS:
        return None
    # Equal times come upwards by id, whichever way the times go.
    ties = [] if by == "id" else [("id", is_descending)]
    if more != ties and (more or (ties and is_descending)):
        return None
    keys = store.order(state, module, by).keys
    if by == "id" and keys and len(keys[0][1]) != len(keys[-1][1]):
        return None  # as texts ids of different lengths are in another order
    route = resolver.route(Path((Step(by),), by))
    low, high = _bounds(criteria, route)
    place = (lambda key: int(key[1])) if by == "id" else (lambda key: comparable(route.field, key[0]))
    start = 0 if low is None else bisect_left(keys, low, key=place)
    end = len(keys) if high is None else bisect_right(keys, high, key=place)
    return _walk(state, module, keys[start:end][::-1] if is_descending else keys[start:end])


def _walk(state: State, module: Module, keys: Sequence[tuple[str, str]]) -> Iterator[Json]:
    at, size = 0, _FIRST_ROWS
    while at < len(keys):
        texts = state.texts(module.kind, [record_id for _, record_id in keys[at : at + size]])
        yield from map(parse_json, texts)
        at, size = at + size, min(size * 2, _MOST_ROWS)


def _bounds(criteria: Criteria, route: FieldPath) -> tuple[Any, Any]:
    """Return the least and the greatest value of a column that criteria may meet; None for no bound."""
    if isinstance(criteria, Both):
        (low, high), (low_too, high_too) = _bounds(criteria.left, route), _bounds(criteria.right, route)
        if criteria.operator == "and":
            lows = [one for one in (low, low_too) if one is not None]
            highs = [one for one in (high, high_too) if one is not None]
            return max(lows, default=None), min(highs, default=None)
        is_low, is_high = None not in (low, low_too), None not in (high, high_too)
        return min(low, low_too) if is_low else None, max(high, high_too) if is_high else None
    values = criteria.values
    if criteria.path.text != route.text or not all(isinstance(one, Literal) for one in values):
        return None, None
    told = [given(route, one) for one in values if isinstance(one, Literal)]
    if criteria.operator in ("=", "in", "between") and told:
        return min(told), max(told)
    if criteria.operator in (">", ">="):
        return told[0], None
    return (None, told[0]) if criteria.operator in ("<", "<=") else (None, None)


def _equal_texts(condition: Condition) -> set[str] | None:
    if condition.operator not in ("=", "in"):
        return None
    values = [value for value in condition.values if isinstance(value, Literal)]
    return {value.text for value in values} if len(values) == len(condition.values) else None
