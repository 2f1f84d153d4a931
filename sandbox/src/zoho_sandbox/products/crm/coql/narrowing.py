"""Finding the few records a query can mean without reading all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoho_sandbox.products.crm.coql.syntax import Both, Condition, Criteria, Literal
from zoho_sandbox.products.crm.model import store

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zoho_sandbox.core.state import State
    from zoho_sandbox.products.crm.model.answers import Json
    from zoho_sandbox.products.crm.model.schema import Module


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


def _equal_texts(condition: Condition) -> set[str] | None:
    if condition.operator not in ("=", "in"):
        return None
    values = [value for value in condition.values if isinstance(value, Literal)]
    return {value.text for value in values} if len(values) == len(condition.values) else None
