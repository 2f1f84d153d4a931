"""The parameter ``filters`` of lists that are no modules: JSON of one condition, or of a group of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.crm.model.answers import bad_param, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zoho_sandbox.products.crm.model.answers import Json
    from zoho_sandbox.products.crm.model.visit import Visit

_COMPARATORS: dict[str, Callable[[str, Any], bool]] = {
    "equal": lambda text, value: text == str(value),
    "not_equal": lambda text, value: text != str(value),
    "contains": lambda text, value: str(value).lower() in text.lower(),
    "not_contains": lambda text, value: str(value).lower() not in text.lower(),
    "starts_with": lambda text, value: text.lower().startswith(str(value).lower()),
    "in": lambda text, value: text in [str(one) for one in value],
    "greater_than": lambda text, value: text > str(value),
    "less_than": lambda text, value: text < str(value),
    "between": lambda text, value: str(value[0]) <= text <= str(value[1]),
}


def asked(visit: Visit) -> Json | None:
    """Return the filters of a request, None when it has none.

    Raises:
        RefusedError: INVALID_DATA, they are no JSON object.
    """
    text = visit.call.query.get("filters")
    if not text:
        return None
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise bad_param("filters")
    return found


def meets(filters: Json | None, values: Mapping[str, str]) -> bool:
    """Say whether a row meets the filters; no filters let every row pass.

    Args:
        values: What of the row can be asked for, as text, by the API name of its field.

    Raises:
        RefusedError: INVALID_DATA, a comparator or a field that is not among these.
    """
    if not filters:
        return True
    if isinstance(filters.get("group"), list):
        met = [meets(one, values) for one in filters["group"]]
        return any(met) if str(filters.get("group_operator")).lower() == "or" else all(met)
    compare = _COMPARATORS.get(str(filters.get("comparator")))
    if compare is None:
        raise _refused("comparator", "Please provide a valid comparator")
    field = filters.get("field")
    name = field.get("api_name") if isinstance(field, dict) else None
    if name not in values:
        raise _refused("field", "invalid data")
    wanted = filters.get("value")
    if isinstance(wanted, dict):
        wanted = wanted.get("api_name") or wanted.get("id")
    try:
        return compare(values[str(name)], wanted)
    except (TypeError, IndexError, KeyError) as problem:
        raise _refused("value", "invalid data") from problem


def _refused(key: str, message: str) -> Exception:
    details = {"api_name": key, "json_path": f"$.{key}", "param_name": "filters"}
    return refuse("INVALID_DATA", message, details)
