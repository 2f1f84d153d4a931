"""Pipelines of deals, and the values of one pick list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.model import computed
from zoho_sandbox.products.crm.model.answers import (
    INVALID_DATA,
    REQUIRED_FIELD,
    UNKNOWN_ID,
    Json,
    missing_param,
    no_content,
    refuse,
    refuse_item,
    results,
    success,
)
from zoho_sandbox.products.crm.records import metadata, records

if TYPE_CHECKING:
    from zoho_sandbox.products.crm.model.visit import Visit

_KIND = "crm/settings/pipeline"
_STAGE_IDS, _CATEGORY_IDS, _FIRST = 111111000000007100, 111111000000007090, "111111000000055809"
_CATEGORIES = ("Pipeline", "Closed", "Omitted")


def get_many(visit: Visit) -> Answer:
    """List the pipelines of the layout of deals."""
    _check_layout(visit)
    return Answer(200, {"pipeline": [_shown(row) for row in _rows(visit)]})


def get_one(visit: Visit) -> Answer:
    """Return one pipeline."""
    _check_layout(visit)
    found = [_shown(row) for row in _rows(visit) if row["id"] == visit.call.segments[2]]
    return Answer(200, {"pipeline": found}) if found else no_content()


def create_many(visit: Visit) -> Answer:
    """Add pipelines of stages that are there."""
    _check_layout(visit)

    def create(n: int, item: Json) -> Json:
        for key in ("display_value", "maps"):
            if not item.get(key):
                raise refuse_item("MANDATORY_NOT_FOUND", REQUIRED_FIELD, _place(n, key))
        return _kept(
            visit, n, item, {"id": visit.new_id(), "default": False}, "Pipeline created successfully"
        )

    return results(records.each(visit.items("pipeline"), create), key="pipeline", good=201)


def update_many(visit: Visit) -> Answer:
    """Change pipelines, each named by its id."""
    _check_layout(visit)
    named = visit.call.segments[2] if len(visit.call.segments) > 2 else None

    def update(n: int, item: Json) -> Json:
        row_id = named or str(item.get("id"))
        row = next((row for row in _rows(visit) if row["id"] == row_id), None)
        if row is None:
            raise refuse_item("INVALID_DATA", UNKNOWN_ID, _place(n, "id"))
        return _kept(visit, n, item, row, "Pipeline updated successfully")

    return results(records.each(visit.items("pipeline"), update), key="pipeline")


def get_pick_list(visit: Visit) -> Answer:
    """List the values of one pick list."""
    visit.require_version("v8")
    module = metadata.param_module(visit)
    one = next((f for f in module.fields.values() if f.id == visit.call.segments[2]), None)
    if one is None:
        raise refuse("INVALID_DATA", UNKNOWN_ID, {"resource_path_index": 2})
    if "picklist" not in one.type:
        return no_content()
    layout = {"id": module.layout_id, "name": "Standard", "api_name": "Standard__s"}
    found = [
        {"colour_code": None, **value, "layout_associations": [layout]}
        for value in metadata.field(visit, module, one)["pick_list_values"]
    ]
    return Answer(200, {"pick_list_values": found})


def _check_layout(visit: Visit) -> None:
    layout = visit.call.query.get("layout_id")
    if not layout:
        raise missing_param("layout_id")
    if layout != visit.module("Deals").layout_id:
        raise refuse("INVALID_DATA", "Invalid layoutid", {"param_name": "layout_id"})


def _rows(visit: Visit) -> list[Json]:
    names = list(computed.stages())
    first = {"id": _FIRST, "display_value": "Standard (Standard)", "default": True, "stages": names}
    found = {_FIRST: first}
    found |= {row["id"]: row for row in visit.state.scan(_KIND)}
    return list(found.values())


def _kept(visit: Visit, n: int, item: Json, row: Json, message: str) -> Json:
    if "maps" in item:
        row = {**row, "stages": _named_stages(n, item["maps"])}
    if "display_value" in item:
        row = {**row, "display_value": str(item["display_value"])}
    if item.get("default") is True:
        for other in _rows(visit):
            visit.state.put(_KIND, other["id"], {**other, "default": False})
        row = {**row, "default": True}
    visit.state.put(_KIND, row["id"], row)
    visit.effect("update", "pipeline", row["id"])
    # choice: the sentences of creating and changing a pipeline.
    return success(message, {"id": row["id"]})


def _named_stages(n: int, maps: Any) -> list[str]:
    """Return the stages that the maps of an item name by id or by displayed value.

    Raises:
        ItemRefusedError: INVALID_DATA, one is no stage.
    """
    by_key = {key: name for name in computed.stages() for key in (name, _stage_id(name))}
    named = []
    for k, one in enumerate(maps if isinstance(maps, list) else [maps]):
        key = str(one.get("id") or one.get("display_value")) if isinstance(one, dict) else ""
        if key not in by_key:
            place = {"api_name": "maps", "json_path": f"$.pipeline[{n}].maps[{k}]"}
            raise refuse_item("INVALID_DATA", INVALID_DATA, place)
        named.append(by_key[key])
    return named


def _stage_id(name: str) -> str:
    return str(_STAGE_IDS + 2 * list(computed.stages()).index(name))


def _shown(row: Json) -> Json:
    return {
        "display_value": row["display_value"],
        "default": row["default"],
        "maps": [_stage(name, n) for n, name in enumerate(row["stages"], 1)],
        "actual_value": row["display_value"],
        "id": row["id"],
    }


def _stage(name: str, number: int) -> Json:
    told = computed.stages()[name]
    category = told["forecast_category"]
    return {
        "display_value": name,
        "sequence_number": number,
        "forecast_category": {"name": category, "id": str(_CATEGORY_IDS + 2 * _CATEGORIES.index(category))},
        "actual_value": told.get("actual", name),
        "id": _stage_id(name),
        "colour_code": None,
        "forecast_type": told["forecast_type"],
    }


def _place(n: int, key: str) -> Json:
    return {"api_name": key, "json_path": f"$.pipeline[{n}].{key}"}
