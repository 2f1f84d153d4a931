"""What a profile may do: four permissions a module, of which each can be switched off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.crm.model.answers import INVALID_DATA, refuse_item

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoho_sandbox.products.crm.model.answers import Json
    from zoho_sandbox.products.crm.model.schema import Module
    from zoho_sandbox.products.crm.model.visit import Visit

_KEY = "permissions_details"
_ID_START, _IDS_PER_MODULE = 111111000400000000, 10
_NAMES = ("View", "Create", "Edit", "Delete")


def without(row: Json) -> Json:
    """Return a profile as lists show it."""
    return {key: value for key, value in row.items() if key != _KEY}


def laid_out(visit: Visit, row: Json) -> Json:
    """Return a profile as it is shown alone: with every permission, and the sections of the page."""
    enabled = {one["id"]: one["enabled"] for one in row.get(_KEY, [])}
    found = [
        _shown(module, n, enabled) for module in visit.schema.modules.values() for n in range(len(_NAMES))
    ]
    categories = [
        {
            "display_label": module.plural,
            _KEY: [_id(module, n) for n in range(len(_NAMES))],
            "module": module.api_name,
            "name": module.module_name,
        }
        for module in visit.schema.modules.values()
    ]
    return {**row, _KEY: found, "sections": [{"name": "module", "categories": categories}]}


def merged(visit: Visit, n: int, row: Json | None, sent: Sequence[Any]) -> list[Json]:
    """Return the switches of a profile after those that were sent.

    Raises:
        ItemRefusedError: one is no switch of a permission.
    """
    known = {_id(module, k) for module in visit.schema.modules.values() for k in range(len(_NAMES))}
    made = {one["id"]: one for one in (row or {}).get(_KEY, [])}
    for k, one in enumerate(sent):
        place = {"api_name": "id", "json_path": f"$.profiles[{n}].{_KEY}[{k}].id"}
        if not isinstance(one, dict) or not isinstance(one.get("enabled"), bool):
            raise refuse_item("INVALID_DATA", INVALID_DATA, place)
        if str(one.get("id")) not in known:
            raise refuse_item("INVALID_DATA", "Invalid permission ID", place)
        made[str(one["id"])] = {"id": str(one["id"]), "enabled": one["enabled"]}
    return list(made.values())


def _id(module: Module, n: int) -> str:
    return str(_ID_START + module.sequence * _IDS_PER_MODULE + n)


def _shown(module: Module, n: int, enabled: dict[str, bool]) -> Json:
    return {
        "display_label": _NAMES[n],
        "module": module.api_name,
        "name": f"Crm_Implied_{_NAMES[n]}_{module.api_name}",
        "customizable": True,
        "id": _id(module, n),
        "enabled": enabled.get(_id(module, n), True),
        "parent_permissions": [_id(module, 0)] if n else None,
    }
