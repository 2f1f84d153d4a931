"""notification_condition: notify only when certain fields were changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.crm.model.answers import INVALID_DATA, Json, refuse_item

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoho_sandbox.products.crm.model.schema import Module
    from zoho_sandbox.products.crm.model.visit import Visit

_MAX_CONDITIONS = 2
_MAX_FIELDS = 10


def check(visit: Visit, conditions: Any, path: str) -> None:
    """Refuse conditions that make no sense.

    Raises:
        ItemRefusedError: INVALID_DATA, EXPECTED_FIELD_MISSING, AMBIGUITY_DURING_PROCESSING or
            DEPENDENT_FIELD_MISSING.
    """
    if not isinstance(conditions, list):
        raise _invalid("notification_condition", path, expected_data_type="jsonarray")
    if len(conditions) > _MAX_CONDITIONS:
        raise _invalid("notification_condition", path, maximum_length=_MAX_CONDITIONS)
    for n, condition in enumerate(conditions):
        here = f"{path}[{n}]"
        if not isinstance(condition, dict) or condition.get("type") != "field_selection":
            raise _invalid("type", f"{here}.type", supported_values=["field_selection"])
        _check_module(visit, condition.get("module"), f"{here}.module")
        _check_selection(condition.get("field_selection"), here, path)


def is_met(conditions: Sequence[Json], module: Module, changed: Sequence[str]) -> bool:
    """Say whether the changed fields meet the condition on their module, if there is one."""
    for condition in conditions:
        named = condition["module"]
        if module.api_name == named.get("api_name") or module.id == named.get("id"):
            ids = {field.id: field.api_name for field in module.fields.values()}
            return _group_met(condition["field_selection"], ids, set(changed))
    return True


def _group_met(group: Json, ids: dict[str, str], changed: set[str]) -> bool:
    if "group" in group:
        met = (_group_met(part, ids, changed) for part in group["group"])
        return all(met) if group.get("group_operator") == "and" else any(met)
    field = group.get("field", group)
    return (field.get("api_name") or ids.get(str(field.get("id")), "")) in changed


def _check_module(visit: Visit, module: Any, path: str) -> None:
    given = module if isinstance(module, dict) else {}
    places = [{"api_name": key, "json_path": f"{path}.{key}"} for key in ("api_name", "id")]
    if not given.get("api_name") and not given.get("id"):
        message = "Specify atleast one field"
        raise refuse_item("EXPECTED_FIELD_MISSING", message, {"expected_fields": places})
    found = visit.schema.find(str(given.get("api_name") or given.get("id")))
    if found is None:
        raise _invalid("module", path)
    if given.get("api_name") and given.get("id") and str(given["id"]) != found.id:
        code = "AMBIGUITY_DURING_PROCESSING"
        raise refuse_item(code, code, {"ambiguity_due_to": places})


def _check_selection(selection: Any, path: str, conditions_path: str) -> None:
    if not isinstance(selection, dict):
        code = "DEPENDENT_FIELD_MISSING"
        details = {
            "api_name": "field_selection",
            "json_path": f"{path}.field_selection",
            "dependee": {"api_name": "type", "json_path": f"{path}.type"},
        }
        raise refuse_item(code, code, details)
    if _count(selection) > _MAX_FIELDS:
        where = f"{conditions_path}.field_selection"
        raise _invalid("field_selection", where, maximum_length=_MAX_FIELDS)


def _count(group: Any) -> int:
    if isinstance(group, dict) and isinstance(group.get("group"), list):
        return sum(_count(part) for part in group["group"])
    return 1


def _invalid(name: str, path: str, **more: Any) -> Exception:
    details = {"api_name": name, "json_path": path, **more}
    return refuse_item("INVALID_DATA", INVALID_DATA, details)
