"""Which record an upsert means: the duplicate check of Zoho's upsert.

The fields named in ``duplicate_check_fields`` come first and in their order, then all
other unique fields. The module's system field is checked first when the list is absent,
and otherwise only if it is named. External fields count as unique.

source: https://www.zoho.com/crm/developer/docs/api/v7/upsert-records.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoho_sandbox.products.crm.model import external
from zoho_sandbox.products.crm.model.answers import ItemRefusedError, Json, refuse
from zoho_sandbox.products.crm.records.drafting import Writer, duplicate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoho_sandbox.products.crm.model.schema import Field, Module
    from zoho_sandbox.products.crm.model.visit import Visit


def check_order(visit: Visit, module: Module) -> list[Field]:
    """Return the fields to check, in order.

    Raises:
        RefusedError: INVALID_DATA, a named field is neither the system one nor unique.
    """
    named = visit.body().get("duplicate_check_fields")
    if named is None:
        return module.keyed_fields
    known = {field.api_name: field for field in module.keyed_fields}
    if not isinstance(named, list):
        details = {"expected_data_type": "jsonarray", "api_name": "duplicate_check_fields"}
        raise refuse("INVALID_DATA", "invalid data", details)
    for n, name in enumerate(named):
        if not isinstance(name, str) or name not in known:
            path = f"$.duplicate_check_fields[{n}]"
            details = {"api_name": "duplicate_check_fields", "json_path": path}
            raise refuse("INVALID_DATA", "invalid data", details)
    chosen = [known[name] for name in dict.fromkeys(named)]
    return chosen + [field for field in module.unique_fields if field not in chosen]


def decide(writer: Writer, order: Sequence[Field], index: int, item: Json) -> tuple[Field, Json] | None:
    """Return the first field whose value matches, with its record; None means insert.

    Raises:
        ItemRefusedError: DUPLICATE_DATA, the organisation-wide external value belongs to a
            record of another user.
    """
    for field in order:
        value = item.get(field.api_name)
        if value in (None, ""):
            continue
        found = external.holders(writer.visit, writer.module, field, value)
        if not found:
            continue
        _check_maker(writer, field, found, f"$.data[{index}].{field.api_name}")
        # choice: of several records with the value the oldest one is updated.
        return field, found[0]
    return None


def _check_maker(writer: Writer, field: Field, found: list[Json], json_path: str) -> None:
    visit = writer.visit
    if field.external != "org" or visit.setting("org_external_by_other") == "updated":
        return
    # choice: the page describes the refusal for "create"; standing in the page about
    # upsert it is taken to hold for both.
    # source: https://www.zoho.com/crm/developer/docs/api/v7/upsert-records-ext.html
    if found[0]["Created_By"]["id"] != visit.call.grant.user_id:
        raise ItemRefusedError(duplicate(visit, writer.module, field, found, json_path))
