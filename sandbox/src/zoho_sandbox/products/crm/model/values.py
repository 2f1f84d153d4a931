"""Field values as clients send them: checked, and put into the form that is stored."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.crm.model import people, store, times
from zoho_sandbox.products.crm.model.answers import (
    INVALID_DATA,
    UNKNOWN_RELATED_ID,
    ItemRefusedError,
    Json,
    refuse_item,
    wrong_type,
)
from zoho_sandbox.products.crm.model.schema import Field, Module, targets

if TYPE_CHECKING:
    from collections.abc import Callable

    from zoho_sandbox.products.crm.model.external import External
    from zoho_sandbox.products.crm.model.visit import Visit

_EMAIL = re.compile(r"[^@\s,;<>()]+@[^@\s,;<>()]+\.[^@\s,;<>().]+")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: for error details, and for what a lookup may name."""

    visit: Visit
    module: Module
    item: Json
    json_path: str
    external: External


def stored(place: Place, field: Field, value: Any) -> Any:
    """Return a value in its stored form; null and empty text become None.

    Raises:
        ItemRefusedError: the value does not fit the field.
    """
    # choice: empty text clears a field as null does; CRM keeps no empty texts.
    if value is None or value == "":
        return None
    return _CHECKS[field.type](place, field, value)


def as_number(text: str) -> int | Decimal | None:
    """Return the number a plain decimal text names, or None."""
    if re.fullmatch(r"[+-]?\d{1,30}", text):
        return int(text)
    if re.fullmatch(r"[+-]?\d{0,30}\.\d{1,30}", text):
        return Decimal(text)
    return None


def _text(place: Place, field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise wrong_type(field.api_name, place.json_path, field.traits["expected"])
    return _within(place, field, value)


def _within(place: Place, field: Field, text: str) -> str:
    if field.length is not None and len(text) > field.length:
        details = {
            "maximum_length": field.length,
            "api_name": field.api_name,
            "json_path": place.json_path,
        }
        raise refuse_item("INVALID_DATA", INVALID_DATA, details)
    return text


def _email(place: Place, field: Field, value: Any) -> str:
    text = _text(place, field, value)
    if not _EMAIL.fullmatch(text):
        raise wrong_type(field.api_name, place.json_path, "email")
    return text


def _picklist(place: Place, field: Field, value: Any) -> str:
    text = _text(place, field, value)
    if place.visit.setting("picklists") == "closed" and field.values and text not in field.values:
        raise _unsupported(place, field)
    return text


def _choices(place: Place, field: Field, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise wrong_type(field.api_name, place.json_path, "jsonarray")
    if place.visit.setting("picklists") == "closed" and set(value) - set(field.values):
        raise _unsupported(place, field)
    return list(dict.fromkeys(value))


def _unsupported(place: Place, field: Field) -> ItemRefusedError:
    details = {
        "api_name": field.api_name,
        "json_path": place.json_path,
        "supported_values": list(field.values),
    }
    return refuse_item("INVALID_DATA", INVALID_DATA, details)


def _integer(place: Place, field: Field, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong_type(field.api_name, place.json_path, "integer")
    _within(place, field, str(abs(value)))
    return value


def _bigint(place: Place, field: Field, value: Any) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not re.fullmatch(r"-?\d+", text):
        raise wrong_type(field.api_name, place.json_path, "bigint")
    return _within(place, field, text)


def _double(place: Place, field: Field, value: Any) -> int | Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise wrong_type(field.api_name, place.json_path, "double")
    _within(place, field, str(abs(int(value))))
    return value


def _boolean(place: Place, field: Field, value: Any) -> bool:
    if not isinstance(value, bool):
        raise wrong_type(field.api_name, place.json_path, "boolean")
    return value


def _date(place: Place, field: Field, value: Any) -> str:
    if not isinstance(value, str) or times.read_date(value) is None:
        raise wrong_type(field.api_name, place.json_path, "date")
    return value


def _datetime(place: Place, field: Field, value: Any) -> str:
    text = times.normal(value) if isinstance(value, str) else None
    if text is None:
        raise wrong_type(field.api_name, place.json_path, "datetime")
    return text


def _lookup(place: Place, field: Field, value: Any) -> Json:
    modules = _targets(place, field)
    found = place.external.lookup(field.api_name, value, modules, place.json_path)
    target_id = found or _id_of(place, field, value)
    for module in modules:
        if store.find(place.visit.state, module, target_id):
            return {"id": target_id, "module": module.api_name}
    raise _unknown_target(place, field)


def _targets(place: Place, field: Field) -> list[Module]:
    found = targets(place.visit.schema, field)
    named = place.item.get("$se_module") or place.item.get("se_module")
    if len(found) > 1 and isinstance(named, str):
        return [module for module in found if module.api_name == named]
    return found


def _owner(place: Place, field: Field, value: Any) -> Json:
    user_id = _id_of(place, field, value)
    if people.find(place.visit.state, user_id) is None:
        raise _unknown_target(place, field)
    return {"id": user_id}


def _id_of(place: Place, field: Field, value: Any) -> str:
    """Return the id a lookup value carries: ``{"id": …}`` or the bare id."""
    bare = value.get("id") if isinstance(value, dict) else value
    if isinstance(bare, bool) or not isinstance(bare, str | int):
        raise wrong_type(field.api_name, place.json_path, "jsonobject")
    return str(bare)


def _unknown_target(place: Place, field: Field) -> ItemRefusedError:
    # choice: the sentence for a lookup that points nowhere, taken from related records.
    details = {"api_name": field.api_name, "json_path": place.json_path}
    return refuse_item("INVALID_DATA", UNKNOWN_RELATED_ID, details)


def _tags(place: Place, field: Field, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(tag, dict) for tag in value):
        raise wrong_type(field.api_name, place.json_path, "jsonarray")
    return [_tag_id(place, field, tag) for tag in value]


def _tag_id(place: Place, field: Field, tag: Json) -> str:
    kind = f"crm/tags/{place.module.api_name}"
    if isinstance(tag.get("name"), str) and tag["name"]:
        same = place.visit.state.find(kind, equals={"name": tag["name"]}, limit=1)
        return str(same[0]["id"]) if same else new_tag(place.visit, place.module, tag)["id"]
    if place.visit.state.get(kind, str(tag.get("id"))):
        return str(tag["id"])
    details = {"api_name": field.api_name, "json_path": place.json_path}
    raise refuse_item("INVALID_DATA", "invalid tag id", details)


def new_tag(visit: Visit, module: Module, tag: Json) -> Json:
    """Make a tag of a module; naming an unknown one on a record makes it too."""
    now = visit.now()
    made: Json = {
        "id": visit.new_id(),
        "name": tag["name"],
        "color_code": tag.get("color_code"),
        "created_by": visit.user,
        "modified_by": visit.user,
        "created_time": now,
        "modified_time": now,
    }
    visit.state.put(f"crm/tags/{module.api_name}", made["id"], made)
    return made


def _line_taxes(place: Place, field: Field, value: Any) -> list[Json]:
    if not isinstance(value, list) or not all(isinstance(tax, dict) for tax in value):
        raise wrong_type(field.api_name, place.json_path, "jsonarray")
    return [dict(tax) for tax in value]


def _files(place: Place, field: Field, value: Any) -> list[Json]:
    if not isinstance(value, list):
        raise wrong_type(field.api_name, place.json_path, "jsonarray")
    return [_file(place, field, entry) for entry in value]


def _file(place: Place, field: Field, entry: Any) -> Json:
    file_id = entry.get("File_Id__s") or entry.get("file_id") if isinstance(entry, dict) else entry
    known = place.visit.state.get("crm/files", str(file_id))
    if known is None:
        raise _unknown_target(place, field)
    return {"File_Id__s": known["id"], "File_Name__s": known["name"], "Size__s": known["size"]}


def _no_check(_place: Place, _field: Field, _value: Any) -> Any:
    raise AssertionError("subform rows are merged row by row")


_CHECKS: dict[str, Callable[[Place, Field, Any], Any]] = {
    "text": _text,
    "textarea": _text,
    "email": _email,
    "phone": _text,
    "website": _text,
    "encrypted": _text,
    "autonumber": _text,
    "picklist": _picklist,
    "multiselectpicklist": _choices,
    "integer": _integer,
    "bigint": _bigint,
    "double": _double,
    "currency": _double,
    "percent": _double,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "lookup": _lookup,
    "ownerlookup": _owner,
    "userlookup": _owner,
    "tags": _tags,
    "line_tax": _line_taxes,
    "fileupload": _files,
    "subform": _no_check,
}
