"""What a record becomes when a client's item is laid over it, or why it may not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.crm.model import external, people, store, subforms, times, values
from zoho_sandbox.products.crm.model.answers import (
    REQUIRED_FIELD,
    UNKNOWN_ID,
    ItemRefusedError,
    Json,
    error,
    refuse_item,
)
from zoho_sandbox.products.crm.model.presenting import audit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zoho_sandbox.products.crm.model.external import External
    from zoho_sandbox.products.crm.model.schema import Field, Module
    from zoho_sandbox.products.crm.model.visit import Visit

# Keys of an item that are no fields and are taken without complaint.
_NO_FIELDS = {"id", "Layout", "se_module"}


@dataclass(frozen=True, slots=True)
class Writer:
    """What all items of one write request have in common."""

    visit: Visit
    module: Module
    external: External
    path: str = "$.data"

    @classmethod
    def of(cls, visit: Visit, module: Module) -> Writer:
        """Build the writer of a request."""
        return cls(visit, module, external.external_of(visit, module))

    def draft(self, index: int, item: Json, old: Json | None) -> Json:
        """Return the record that an item makes of ``old``, or of nothing.

        Raises:
            ItemRefusedError: a value, a missing one or a duplicate stands against it.
        """
        record = dict(old) if old else blank(self.visit, self.module)
        place = values.Place(self.visit, self.module, item, f"{self.path}[{index}]", self.external)
        problems = [*_laid_over(place, record, item), *_unknown_fields(place, item)]
        bad = {problem["details"].get("api_name") for problem in problems}
        wanted = [name for name in self._required(place, item, old) if name not in bad]
        problems += _missing(place, wanted, record, old)
        problems += self._duplicates(place, record, old)
        if problems:
            raise _refused(self.visit, problems)
        record["Modified_By"] = {"id": self.visit.call.grant.user_id}
        record["Modified_Time"] = self.visit.now()
        return record

    def existing(self, index: int, item: Json) -> Json:
        """Return the record that an item of an update names.

        Raises:
            ItemRefusedError: it names none, or one that is not there.
        """
        path = f"{self.path}[{index}].id"
        record_id = external.item_id(self.external, self.module, item) or item.get("id")
        if record_id is None:
            details = {"api_name": "id", "json_path": path}
            raise refuse_item("MANDATORY_NOT_FOUND", REQUIRED_FIELD, details)
        record = store.find(self.visit.state, self.module, str(record_id))
        if record is None:
            details = {"api_name": "id", "json_path": path}
            raise refuse_item("INVALID_DATA", UNKNOWN_ID, details)
        return record

    def may_change(self, index: int, record: Json) -> None:
        """Refuse to change a locked, unapproved or meanwhile changed record."""
        check_free(record, {"api_name": "id", "json_path": f"{self.path}[{index}].id"})
        if str(record.get("$approval_state", "approved")) != "approved":
            message = "Cannot update record that is not approved yet"
            raise refuse_item("NOT_APPROVED", message, {"resource_path_index": 1})
        check_unmodified(self.visit, record)

    def _required(self, place: values.Place, item: Json, old: Json | None) -> Iterable[str]:
        names = [f.api_name for f in self.module.fields.values() if f.mandatory]
        layout = item.get("Layout")
        if layout is not None:
            given = layout.get("id") if isinstance(layout, dict) else layout
            if str(given) != self.module.layout_id:
                details = {"api_name": "Layout", "json_path": f"{place.json_path}.Layout"}
                raise refuse_item("INVALID_DATA", UNKNOWN_ID, details)
            names += self.module.layout_required
        return [name for name in names if old is None or name in item]

    def _duplicates(self, place: values.Place, record: Json, old: Json | None) -> Iterable[Json]:
        for field in self.module.unique_fields:
            value = record.get(field.api_name)
            if value is None or (old and value == old.get(field.api_name)):
                continue
            found = external.holders(self.visit, self.module, field, value)
            others = [other for other in found if other["id"] != record.get("id")]
            if others:
                path = f"{place.json_path}.{field.api_name}"
                yield duplicate(self.visit, self.module, field, others, path)


def blank(visit: Visit, module: Module) -> Json:
    """Return a new record with what the system itself fills in; it has no id yet."""
    caller = {"id": visit.call.grant.user_id}
    record: Json = {f.api_name: False for f in module.fields.values() if f.type == "boolean"}
    record.update(Owner=caller, Created_By=caller, Created_Time=visit.now())
    record["Record_Status__s"] = "Available"
    for field in module.fields.values():
        if field.read_only and field.type in ("autonumber", "bigint"):
            number = visit.state.number(f"crm/{module.api_name}/{field.api_name}", start=1)
            record[field.api_name] = str(number)
    return record


def check_free(record: Json, details: Json) -> None:
    """Refuse to touch a locked record."""
    if record.get("Locked__s"):
        message = "Sorry, you cannot perform this operation as the record is locked."
        raise refuse_item("RECORD_LOCKED", message, {**details, "action": "record_locking"})


def check_unmodified(visit: Visit, record: Json) -> None:
    """Refuse to change a record that was changed after If-Unmodified-Since."""
    since = times.read(visit.call.headers.get("if-unmodified-since", ""))
    if since is not None and record["Modified_Time"] > times.show(since):
        message = "record updated time has already passed if-unmodified-since time"
        raise refuse_item("ALREADY_MODIFIED", message, audit(visit, record))


def duplicate(visit: Visit, module: Module, field: Field, others: list[Json], json_path: str) -> Json:
    """Return the error object for a value that another record already holds."""
    other = others[0]
    owner = people.find(visit.state, other["Owner"]["id"]) or {"id": other["Owner"]["id"]}
    details = {
        "api_name": field.api_name,
        "json_path": json_path,
        "duplicate_record": {
            "id": other["id"],
            "Owner": {
                "name": people.full_name(owner),
                "id": owner["id"],
                "zuid": owner["id"][-8:],
            },
            "module": {"api_name": module.api_name, "id": module.id},
        },
        "more_records": len(others) > 1,
        "id": other["id"],
    }
    return error("DUPLICATE_DATA", "duplicate data", details)


def _laid_over(place: values.Place, record: Json, item: Json) -> Iterable[Json]:
    """Put an item's values into a record; return the error objects of those that do not fit."""
    problems = []
    for field in place.module.fields.values():
        sent = _sent(place.module, field, item)
        # choice: values for fields that only the system writes are passed over.
        if field.read_only or sent is None:
            continue
        here = replace(place, json_path=f"{place.json_path}.{sent}")
        try:
            record[field.api_name] = _value(here, field, item[sent], record.get(field.api_name))
        except ItemRefusedError as refused:
            problems.append(refused.item)
    if isinstance(what := record.get("What_Id"), dict):
        record["$se_module"] = what["module"]
    return problems


def _sent(module: Module, field: Field, item: Json) -> str | None:
    """Return the key under which an item carries a field, None when it does not."""
    if field.api_name in item:
        return field.api_name
    if field.api_name == module.line_items and "Product_Details" in item:
        return "Product_Details"  # the name that v2 had for every kind of line items
    return None


def _value(place: values.Place, field: Field, value: Any, old: Any) -> Any:
    if field.type == "subform":
        return subforms.merged(place, field, old or [], value)
    if field.type == "multiselectpicklist" and old and value:
        append = place.item.get("$append_values")
        if isinstance(append, dict) and append.get(field.api_name) is True:
            return list(dict.fromkeys([*old, *values.stored(place, field, value)]))
    if field.type == "boolean" and value is None:
        return False
    return values.stored(place, field, value)


def _unknown_fields(place: values.Place, item: Json) -> Iterable[Json]:
    if place.visit.setting("unknown_fields") == "ignored":
        return
    known = {*place.module.fields, *_NO_FIELDS}
    for name in item:
        if name not in known and not name.startswith("$"):
            details = {"api_name": name, "json_path": f"{place.json_path}.{name}"}
            message = "the field api name given seems to be invalid"
            yield error("INVALID_DATA", message, details)


def _missing(place: values.Place, wanted: Iterable[str], record: Json, old: Json | None) -> Iterable[Json]:
    for name in wanted:
        if record.get(name) in (None, "", []):
            details = {"api_name": name, "json_path": f"{place.json_path}.{name}"}
            if old:
                details["id"] = old["id"]
            yield error("MANDATORY_NOT_FOUND", REQUIRED_FIELD, details)


def _refused(visit: Visit, problems: list[Json]) -> ItemRefusedError:
    if len(problems) == 1 or visit.setting("multiple_errors") == "first":
        return ItemRefusedError(problems[0])
    message = "Multiple errors in the request"
    return refuse_item("MULTIPLE_OR_MULTI_ERRORS", message, {"errors": problems})
