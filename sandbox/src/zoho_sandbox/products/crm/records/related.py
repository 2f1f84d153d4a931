"""Related records: children that point back by a lookup, and links between two records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zoho_sandbox.core.documents import package_yaml
from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.model import external, paging, store
from zoho_sandbox.products.crm.model.answers import (
    UNKNOWN_ID,
    UNKNOWN_RELATED_ID,
    Json,
    no_content,
    refuse,
    refuse_item,
    results,
    success,
)
from zoho_sandbox.products.crm.model.presenting import Presenter
from zoho_sandbox.products.crm.model.schema import PACKAGE, Module, targets
from zoho_sandbox.products.crm.records import records, trash
from zoho_sandbox.products.crm.records.drafting import Writer
from zoho_sandbox.products.crm.records.reading import field_names, keys_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from zoho_sandbox.core.state import State
    from zoho_sandbox.products.crm.model.visit import Visit

_LINKS = "crm/links"


@dataclass(frozen=True, slots=True)
class RelatedList:
    """One related list: by the child's lookup ``field``, by links, or by belonging."""

    api_name: str
    module: Module
    field: str | None = None
    is_link: bool = False


def related_lists(visit: Visit, module: Module) -> list[RelatedList]:
    """Return a module's related lists; custom lookups make lists of their own."""
    table = package_yaml(PACKAGE, "data", "related_lists.yaml")
    modules = visit.schema.modules
    found = []
    for name, spec in {**table["every_module"], **table.get(module.api_name, {})}.items():
        child = modules[spec.get("own") or spec["module"]]
        found.append(RelatedList(name, child, spec.get("field"), spec.get("link", False)))
    for child in modules.values():
        for field in child.fields.values():
            is_ours = field.custom and field.type == "lookup" and module in targets(visit.schema, field)
            if is_ours and child.api_name not in {one.api_name for one in found}:
                found.append(RelatedList(child.api_name, child, field.api_name))
    return found


def get_many(visit: Visit) -> Answer:
    """List the records of a related list."""
    module, record, one = _place(visit)
    return _listed(visit, one, children(visit, module, record["id"], one))


def get_one(visit: Visit) -> Answer:
    """Return one record of a related list."""
    module, record, one = _place(visit)
    names = field_names(visit)
    child_id = external.record_id(visit, one.module, visit.call.segments[3])
    found = [c for c in children(visit, module, record["id"], one) if c["id"] == child_id]
    show = Presenter(visit)
    rows = [show.row(one.module, child, names) for child in found]
    return Answer(200, {"data": rows}) if rows else no_content()


def get_of_deleted(visit: Visit) -> Answer:
    """List the related records of a deleted record."""
    module = visit.module(visit.call.segments[0])
    gone = visit.state.get(trash.kind(module), visit.call.segments[2])
    if gone is None:
        raise refuse("INVALID_DATA", UNKNOWN_ID, {"resource_path_index": 2})
    one = _list_named(visit, module, visit.call.segments[3], path_index=3)
    return _listed(visit, one, children(visit, module, gone["id"], one))


def put_many(visit: Visit) -> Answer:
    """Relate up to 100 records, changing their fields where the items carry some."""
    module, record, one = _place(visit)
    writer = Writer.of(visit, one.module)

    def relate(n: int, item: Json) -> Json:
        return _relate(writer, n, item, (module, record, one))

    return results(records.each(visit.items(), relate), mixed=records.mixed(visit))


def put_one(visit: Visit) -> Answer:
    """Relate the one record of the path."""
    module, record, one = _place(visit)
    child_id = external.record_id(visit, one.module, visit.call.segments[3])
    writer = Writer.of(visit, one.module)

    def relate(n: int, item: Json) -> Json:
        return _relate(writer, n, {**item, "id": child_id}, (module, record, one))

    return results(records.each(visit.items(limit=1), relate))


def delete_many(visit: Visit) -> Answer:
    """End the relation to the records named by ``ids``; they themselves stay."""
    return results(records.each_id(visit.ids(), _parting(visit)), mixed=records.mixed(visit))


def delete_one(visit: Visit) -> Answer:
    """End the relation to the one record of the path."""
    return results(records.each_id([visit.call.segments[3]], _parting(visit)))


def count(visit: Visit) -> Answer:
    """Count the records of several related lists."""
    visit.require_version("v8")
    module, record = owner(visit)
    counted = []
    for n, wanted in enumerate(visit.items("get_related_records_count", limit=20)):
        named = wanted.get("related_list") if isinstance(wanted, dict) else None
        name = named.get("api_name") if isinstance(named, dict) else None
        found = [one for one in related_lists(visit, module) if one.api_name == name]
        if not found:
            path = f"$.get_related_records_count[{n}].related_list.api_name"
            raise refuse("INVALID_DATA", "invalid data", {"api_name": "api_name", "json_path": path})
        amount = len(children(visit, module, record["id"], found[0]))
        counted.append({"count": amount, "related_list": named})
    return Answer(200, {"get_related_records_count": counted})


def owner(visit: Visit) -> tuple[Module, Json]:
    """Return module and record of a path ``/{module}/{id}/…``.

    Raises:
        RefusedError: INVALID_DATA, there is no such record.
    """
    module = visit.module(visit.call.segments[0])
    record_id = external.record_id(visit, module, visit.call.segments[1])
    record = store.find(visit.state, module, record_id)
    if record is None:
        raise refuse("INVALID_DATA", UNKNOWN_RELATED_ID, {"resource_path_index": 1})
    return module, record


def children(visit: Visit, module: Module, record_id: str, one: RelatedList) -> list[Json]:
    """Return the records of a related list, in no order."""
    if one.field is not None:
        return [
            child
            for child in store.records(visit.state, one.module)
            if (child.get(one.field) or {}).get("id") == record_id
        ]
    if not one.is_link:
        return store.belonging(visit.state, one.module, module, record_id)
    links = visit.state.find(_LINKS, parent=f"{module.api_name}/{record_id}")
    ids = [link["id"] for link in links if link["module"] == one.module.api_name]
    found = (store.find(visit.state, one.module, child_id) for child_id in ids)
    return [child for child in found if child]


def link(state: State, one: tuple[Module, str], other: tuple[Module, str]) -> None:
    """Join two records; the link is seen from both."""
    for (module, record_id), (to, to_id) in ((one, other), (other, one)):
        name = f"{module.api_name}/{record_id}>{to.api_name}/{to_id}"
        parent = f"{module.api_name}/{record_id}"
        state.put(_LINKS, name, {"module": to.api_name, "id": to_id}, parent=parent)


def unlink(state: State, one: tuple[Module, str], other: tuple[Module, str]) -> bool:
    """Part two records; say whether they were joined."""
    gone = False
    for (module, record_id), (to, to_id) in ((one, other), (other, one)):
        gone |= state.delete(_LINKS, f"{module.api_name}/{record_id}>{to.api_name}/{to_id}")
    return gone


def roles(state: State, deal_id: str) -> dict[str, str | None]:
    """Return the contacts of a deal by id, each with the id of its role."""
    linked = state.find(_LINKS, parent=f"Deals/{deal_id}")
    return {one["id"]: one.get("role") for one in linked if one["module"] == "Contacts"}


def join_role(visit: Visit, deal_id: str, contact_id: str, role_id: str | None) -> None:
    """Let a contact play a role in a deal; without a role it leaves the deal."""
    deals, contacts = visit.module("Deals"), visit.module("Contacts")
    if role_id is None:
        unlink(visit.state, (deals, deal_id), (contacts, contact_id))
        return
    link(visit.state, (deals, deal_id), (contacts, contact_id))
    told = {"module": "Contacts", "id": contact_id, "role": role_id}
    visit.state.put(_LINKS, f"Deals/{deal_id}>Contacts/{contact_id}", told, parent=f"Deals/{deal_id}")


def _place(visit: Visit) -> tuple[Module, Json, RelatedList]:
    module, record = owner(visit)
    return module, record, _list_named(visit, module, visit.call.segments[2], path_index=2)


def _list_named(visit: Visit, module: Module, name: str, *, path_index: int) -> RelatedList:
    for one in related_lists(visit, module):
        if one.api_name == name:
            return one
    # choice: the sentence; the code and the place are the usual ones of paths.
    message = "the relation name given seems to be invalid"
    raise refuse("INVALID_DATA", message, {"resource_path_index": path_index})


def _listed(visit: Visit, one: RelatedList, found: list[Json]) -> Answer:
    names = field_names(visit)
    sort = paging.sort_of(visit)
    if ids := visit.call.query.get("ids"):
        found = [child for child in found if child["id"] in ids.split(",")]
    chosen, info = paging.cut(visit, keys_of(found, sort), sort)
    if not chosen:
        return no_content()
    by_id = {child["id"]: child for child in found}
    show = Presenter(visit)
    rows = [show.row(one.module, by_id[child_id], names) for child_id in chosen]
    return Answer(200, {"data": rows, "info": info})


def _relate(writer: Writer, n: int, item: Json, place: tuple[Module, Json, RelatedList]) -> Json:
    module, record, one = place
    visit = writer.visit
    child = writer.existing(n, item)
    fields = {key: value for key, value in item.items() if key in one.module.fields}
    if one.field is not None:
        fields[one.field] = {"id": record["id"]}
    if fields:
        records.update(writer, n, {**fields, "$se_module": module.api_name}, child)
    if one.is_link:
        link(visit.state, (module, record["id"]), (one.module, child["id"]))
        visit.effect("link", one.module.api_name, child["id"], key=record["id"])
    # choice: the sentences of relating and parting; the pages of v8 print none.
    return success("relation added", {"id": child["id"]})


def _parting(visit: Visit) -> Callable[[int, str], Json]:
    module, record, one = _place(visit)

    def part(_n: int, text: str) -> Json:
        child_id = external.record_id(visit, one.module, text)
        child = store.find(visit.state, one.module, child_id)
        if one.is_link:
            is_done = unlink(visit.state, (module, record["id"]), (one.module, child_id))
        else:
            is_done = child is not None and _cleared(visit, one, child, record["id"])
        if not is_done:
            raise refuse_item("INVALID_DATA", UNKNOWN_RELATED_ID, {"id": child_id})
        visit.effect("unlink", one.module.api_name, child_id, key=record["id"])
        return success("relation removed", {"id": child_id})

    return part


def _cleared(visit: Visit, one: RelatedList, child: Json, owner_id: str) -> bool:
    if one.field is None or (child.get(one.field) or {}).get("id") != owner_id:
        return False
    store.keep(visit.state, one.module, {**child, one.field: None}, old=child)
    return True
