"""Settings to read: modules, fields, layouts, related lists, custom views."""

from __future__ import annotations

from typing import Any

from zoho_sandbox.core.documents import package_yaml
from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.model import computed, views
from zoho_sandbox.products.crm.model.answers import UNKNOWN_MODULE, Json, missing_param, no_content, refuse
from zoho_sandbox.products.crm.model.schema import PACKAGE, Field, Module, targets
from zoho_sandbox.products.crm.model.visit import Visit, version_rules
from zoho_sandbox.products.crm.records.related import RelatedList, related_lists

# Ids of picklist values: of 18 digits as all ids, told apart by the last digits of their field's.
_VALUE_ID_START, _FIELDS, _VALUES_PER_FIELD = 111111000300000000, 1_000_000, 100
# Keys of a field that came with a later version.
_SINCE = {"layout_associations": "v7", "customizable_properties": "v6"}
_OF_STAGES = ("probability", "forecast_category", "forecast_type")
_OWN_FIELDS = 111111000000900000
_STATUSES = ("visible", "user_hidden", "system_hidden", "scheduled_for_deletion")


def get_modules(visit: Visit) -> Answer:
    """List the modules, or those of some statuses."""
    wanted = visit.call.query.get("status")
    if wanted is not None and set(wanted.split(",")) - set(_STATUSES):
        message = "Please check whether the input values are correct"
        raise refuse("PATTERN_NOT_MATCHED", message, {"param_name": "status"})
    # A module that this version does not have yet would end the sync of whoever reads all of them.
    shown = [_module(visit, module) for module in visit.schema.modules.values() if visit.has(module.since)]
    shown.append(_unsupported_module(visit))
    chosen = [m for m in shown if wanted is None or _status(m) in wanted.split(",")]
    return Answer(200, {"modules": chosen}) if chosen else no_content()


def get_module(visit: Visit) -> Answer:
    """Return one module by API name or id."""
    module = visit.schema.find(visit.call.segments[2])
    if module is None:
        raise refuse("INVALID_MODULE", UNKNOWN_MODULE, {"resource_path_index": 2})
    return Answer(200, {"modules": [_module(visit, module)]})


def get_fields(visit: Visit) -> Answer:
    """List the fields of a module, or the columns of a subform, which counts as one."""
    unused = visit.choice("type", ("all", "used", "unused"), "all") == "unused"
    for module in visit.schema.modules.values():
        subform = module.fields.get(visit.call.query.get("module") or "")
        if subform is not None and subform.columns:
            return Answer(200, {"fields": [field(visit, module, c) for c in subform.columns]})
    module = param_module(visit)
    if unused:
        return no_content()
    shown = [field(visit, module, f) for f in (*module.fields.values(), *_beside(visit, module))]
    return Answer(200, {"fields": shown})


def get_field(visit: Visit) -> Answer:
    """Return one field by id."""
    module = param_module(visit)
    fields = (*module.fields.values(), *_beside(visit, module))
    found = [f for f in fields if f.id == visit.call.segments[2]]
    return Answer(200, {"fields": [field(visit, module, f) for f in found]}) if found else no_content()


def _beside(visit: Visit, module: Module) -> tuple[Field, ...]:
    """Return what counts as fields of a module, though no form shows it: the id and the layout."""
    if not visit.has("v4"):
        return ()
    first = int(module.id) * 10 % _OWN_FIELDS + _OWN_FIELDS
    # choice: their types; nobody shows these two rows whole.
    return (
        Field("id", "bigint", str(first), "Record Id", length=20, read_only=True),
        Field("Layout", "lookup", str(first + 1), "Layout"),
    )


def get_layouts(visit: Visit) -> Answer:
    """List a module's layouts: each has one, "Standard"."""
    return Answer(200, {"layouts": [_layout(visit, param_module(visit))]})


def get_layout(visit: Visit) -> Answer:
    """Return one layout by id."""
    module = param_module(visit)
    if visit.call.segments[2] != module.layout_id:
        return no_content()
    return Answer(200, {"layouts": [_layout(visit, module)]})


def get_related_lists(visit: Visit) -> Answer:
    """List a module's related lists."""
    module = param_module(visit)
    found = related_lists(visit, module)
    shown = [_related_list(module, one, n) for n, one in enumerate(found, 1)]
    return Answer(200, {"related_lists": shown}) if shown else no_content()


def get_views(visit: Visit) -> Answer:
    """List a module's custom views."""
    view = views.view(param_module(visit))
    info = {
        "per_page": 200,
        "default": view["id"],
        "count": 1,
        "page": 1,
        "more_records": False,
    }
    return Answer(200, {"custom_views": [view], "info": info})


def get_view(visit: Visit) -> Answer:
    """Return one custom view by id."""
    module = param_module(visit)
    if visit.call.segments[2] != views.view_id(module):
        return no_content()
    return Answer(200, {"custom_views": [views.view(module)]})


def param_module(visit: Visit) -> Module:
    """Return the module of the compulsory parameter ``module``.

    Raises:
        RefusedError: REQUIRED_PARAM_MISSING, or INVALID_MODULE.
    """
    name = visit.call.query.get("module")
    if not name:
        raise missing_param("module")
    module = visit.schema.named(name)
    if module is None:
        raise refuse("INVALID_MODULE", UNKNOWN_MODULE)
    return module


def field(visit: Visit, module: Module, one: Field) -> Json:
    """Return what the API tells about a field."""
    plain: Json = package_yaml(PACKAGE, "data", "field_metadata.yaml")
    writable = not one.read_only
    layout = {"api_name": "Standard__s", "name": "Standard", "id": module.layout_id}
    own: Json = {
        "id": one.id,
        "api_name": one.api_name,
        "field_label": one.label,
        "display_label": one.label,
        "data_type": {"tags": "text"}.get(one.type, one.type),
        "json_type": one.traits["json"],
        "length": one.length,
        "system_mandatory": one.mandatory,
        "required": one.mandatory,
        "read_only": one.read_only,
        "field_read_only": one.read_only,
        "custom_field": one.custom,
        "created_source": "default",
        "generated_type": 2 if one.custom else 1,
        "ui_type": 1,
        "column_name": one.api_name.upper(),
        "table_name": f"Crm{module.api_name}",
        "unique": {"case_sensitive": one.unique == "sensitive"} if one.unique else {},
        "external": {"show": True, "type": one.external} if one.external else None,
        "decimal_place": 2 if one.type in ("double", "currency", "percent") else None,
        "pick_list_values": _pick_list(module, one),
        "convert_mapping": _conversions(module, one),
        "operation_type": {
            "web_update": writable,
            "api_create": writable,
            "web_create": writable,
            "api_update": writable,
        },
        "view_type": {"view": True, "edit": writable, "quick_create": False, "create": writable},
        "layout_associations": [layout],
        **_lookup_keys(visit, one),
    }
    shown = {**plain, **own}
    for name, since in _SINCE.items():
        if not visit.has(since):
            del shown[name]
    return shown


def _lookup_keys(visit: Visit, one: Field) -> Json:
    found = targets(visit.schema, one) if one.type == "lookup" else []
    if len(found) == 1:
        module = {"api_name": found[0].api_name, "id": found[0].id, "crypt": False}
        return {"lookup": {"display_label": one.label, "api_name": one.api_name, "module": module}}
    if found:
        modules = [{"api_name": m.api_name, "module_name": m.module_name, "id": m.id} for m in found]
        label = {"display_label": one.label, "api_name": one.api_name}
        return {"multi_module_lookup": {**label, "modules": modules}}
    if one.columns:
        associated = {"module": one.api_name, "id": one.id}
        return {"associated_module": associated}
    return {}


def _pick_list(module: Module, one: Field) -> list[Json]:
    known = computed.stages() if (module.api_name, one.api_name) == ("Deals", "Stage") else {}
    return [
        {
            "display_value": value,
            "sequence_number": n,
            "reference_value": value,
            "actual_value": known.get(value, {}).get("actual", value),
            "id": str(_VALUE_ID_START + int(one.id) % _FIELDS * _VALUES_PER_FIELD + n),
            "type": "used",
            # source: public metadata of deals, v6; only the values of a stage have them.
            **{name: known[value][name] for name in _OF_STAGES if value in known},
        }
        for n, value in enumerate(one.values, 1)
    ]


def _conversions(module: Module, one: Field) -> Json | None:
    if not module.convertible:
        return None
    mapping: Any = package_yaml(PACKAGE, "data", "conversion.yaml")
    return {name: fields.get(one.api_name) for name, fields in mapping.items()}


def _module(visit: Visit, module: Module) -> Json:
    plain: Json = package_yaml(PACKAGE, "data", "module_metadata.yaml")
    is_hidden = module.status != "visible"
    own: Json = {
        "id": module.id,
        "api_name": module.api_name,
        "module_name": module.module_name,
        "singular_label": module.singular,
        "actual_singular_label": module.singular,
        "plural_label": module.plural,
        "actual_plural_label": module.plural,
        "sequence_number": module.sequence,
        "generated_type": module.generated_type,
        "api_supported": True,
        "creatable": True,
        "editable": True,
        "deletable": True,
        "viewable": True,
        "show_as_tab": not is_hidden,
        "lookupable": not is_hidden,
        "convertable": module.convertible,
    }
    return _for_version(visit, {**plain, **own}, module.status)


def _unsupported_module(visit: Visit) -> Json:
    plain: Json = package_yaml(PACKAGE, "data", "module_metadata.yaml")
    name = plain["unsupported"]["api_name"]
    labels = ("singular_label", "plural_label", "actual_singular_label", "actual_plural_label")
    cannot = ("api_supported", "creatable", "editable", "deletable", "viewable", "convertable")
    own = dict.fromkeys((*labels, "module_name"), name) | dict.fromkeys(cannot, False)
    own |= {"generated_type": "default", "show_as_tab": True, "lookupable": False}
    return _for_version(visit, {**plain, **own, **plain["unsupported"]}, "user_hidden")


def _for_version(visit: Visit, shown: Json, status: str) -> Json:
    until_v5, order = shown.pop("until_v5"), list(version_rules())
    del shown["unsupported"]
    if order.index(visit.call.version) < order.index("v6"):
        shown = {**shown, **until_v5}
    if visit.rules["module_status"]:
        return {**shown, "status": status}
    return {**shown, "visible": status == "visible"}


def _status(shown: Json) -> str:
    return str(shown.get("status") or ("visible" if shown["visible"] else "user_hidden"))


def _layout(visit: Visit, module: Module) -> Json:
    fields = []
    for n, one in enumerate(module.fields.values(), 1):
        required = one.mandatory or one.api_name in module.layout_required
        fields.append({**field(visit, module, one), "required": required, "sequence_number": n})
    plain = package_yaml(PACKAGE, "data", "layout.yaml")
    title = f"{module.singular} Information"
    section = {
        **plain["section"],
        "id": str(int(module.id) + 70000),
        "display_label": title,
        "name": title,
        "api_name": title.replace(" ", "_"),
        "fields": fields,
    }
    view = {"name": "Standard View", "id": section["id"], "type": "layout"}
    profiles = [
        {**profile, "default": True, "_default_view": view, "_default_assignment_view": view}
        for profile in package_yaml(PACKAGE, "data", "module_metadata.yaml")["profiles"]
    ]
    return {**plain["layout"], "id": module.layout_id, "profiles": profiles, "sections": [section]}


def _related_list(module: Module, one: RelatedList, number: int) -> Json:
    label = one.api_name.removesuffix("__s").replace("_", " ")
    return {
        "id": str(int(module.id) * 100 + number),
        "sequence_number": str(number),
        "display_label": label,
        "api_name": one.api_name,
        "name": label,
        "module": {"api_name": one.module.api_name, "id": one.module.id},
        "action": None,
        "href": f"{module.api_name}/{{ENTITYID}}/{one.api_name}",
        "type": "custom" if module.generated_type == "custom" else "default",
        "connectedmodule": one.module.api_name if one.is_link else None,
        "linkingmodule": None,
        "customize_sort": False,
        "customize_fields": False,
        "customize_display_label": False,
        "status": "visible",
    }
