"""Custom views: each module has one, "All", that hides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoho_sandbox.products.crm.model.answers import Json, bad_param

if TYPE_CHECKING:
    from zoho_sandbox.products.crm.model.schema import Module
    from zoho_sandbox.products.crm.model.visit import Visit


def check(visit: Visit, module: Module) -> None:
    """Refuse the parameter ``cvid`` unless it names the module's view.

    Raises:
        RefusedError: INVALID_DATA.
    """
    cvid = visit.call.query.get("cvid")
    if cvid is not None and cvid != view_id(module):
        raise bad_param("cvid")


def view_id(module: Module) -> str:
    """Return the id of the module's one view."""
    return str(int(module.id) + 80000)


def view(module: Module) -> Json:
    """Return the view as settings show it."""
    return {
        "id": view_id(module),
        "name": f"All {module.plural}",
        "system_name": f"ALL{module.plural.upper().replace(' ', '')}",
        "display_value": f"All {module.plural}",
        "system_defined": True,
        "default": True,
        "category": "public_views",
        "favorite": None,
        "sort_by": None,
        "sort_order": None,
        "criteria": None,
    }
