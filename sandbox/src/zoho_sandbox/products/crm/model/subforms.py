"""Rows of subforms and line items: each has an id, and is kept until it is deleted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from zoho_sandbox.products.crm.model import values
from zoho_sandbox.products.crm.model.answers import (
    REQUIRED_FIELD,
    UNKNOWN_ID,
    Json,
    refuse_item,
    wrong_type,
)
from zoho_sandbox.products.crm.model.schema import Field, shared


def merged(place: values.Place, field: Field, old: list[Json], rows: Any) -> list[Json]:
    """Return the rows of a subform after a write.

    A row with an id changes that row, one without is added, ``_delete`` removes it.
    null empties the subform.

    Raises:
        ItemRefusedError: a row is no object, names an unknown row, or has a wrong value.
    """
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise wrong_type(field.api_name, place.json_path, "jsonarray")
    # choice: rows that the request does not mention stay.
    kept = {row["id"]: row for row in old}
    for n, sent in enumerate(rows):
        here = replace(place, json_path=f"{place.json_path}[{n}]")
        if not isinstance(sent, dict):
            raise wrong_type(field.api_name, here.json_path, "jsonobject")
        _merge_row(here, field, kept, sent)
    return list(kept.values())


def _merge_row(place: values.Place, field: Field, kept: dict[str, Json], sent: Json) -> None:
    row_id = sent.get("id")
    if row_id is not None and str(row_id) not in kept:
        details = {"api_name": "id", "json_path": f"{place.json_path}.id"}
        raise refuse_item("INVALID_DATA", UNKNOWN_ID, details)
    if row_id is not None and "_delete" in sent:
        del kept[str(row_id)]
        return
    row = dict(kept[str(row_id)]) if row_id is not None else {"id": place.visit.new_id()}
    names = _names(place, field, sent)
    for column in field.columns:
        if column.api_name in names and not column.read_only:
            here = replace(place, json_path=f"{place.json_path}.{names[column.api_name]}")
            row[column.api_name] = values.stored(here, column, sent[names[column.api_name]])
        if column.mandatory and row.get(column.api_name) is None:
            path = f"{place.json_path}.{column.api_name}"
            details = {"api_name": column.api_name, "json_path": path}
            raise refuse_item("MANDATORY_NOT_FOUND", REQUIRED_FIELD, details)
    kept[row["id"]] = row


def _names(place: values.Place, field: Field, sent: Json) -> dict[str, str]:
    """Return under which key a row carries each column: its name, or an old spelling."""
    names = {name: name for name in sent}
    if field.api_name == place.module.line_items:
        for old, new in shared()["line_item_aliases"].items():
            if old in sent:
                names.setdefault(new, old)
    return names
