"""Notes: of one record, or of all of them under /Notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.model import paging, people, store
from zoho_sandbox.products.crm.model.answers import (
    REQUIRED_FIELD,
    UNKNOWN_ID,
    Json,
    no_content,
    refuse,
    refuse_item,
    results,
    success,
)
from zoho_sandbox.products.crm.model.presenting import Presenter
from zoho_sandbox.products.crm.model.visit import Change, Visit
from zoho_sandbox.products.crm.records import records, related, trash
from zoho_sandbox.products.crm.records.drafting import Writer
from zoho_sandbox.products.crm.records.reading import field_names, keys_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zoho_sandbox.products.crm.model.schema import Module

_DEFAULT_FIELDS = ("Note_Title", "Note_Content", "Parent_Id", "Owner", "Created_Time", "Modified_Time")


def get_many(visit: Visit) -> Answer:
    """List notes; those of all records are for administrators only."""
    names = field_names(visit) or _DEFAULT_FIELDS
    if _is_general(visit) and not people.is_admin(_caller(visit)):
        raise refuse("NOT_SUPPORTED", "the module is not supported for this user", status=403)
    sort = paging.sort_of(visit)
    found = _notes(visit)
    if ids := visit.call.query.get("ids"):
        found = [note for note in found if note["id"] in ids.split(",")]
    chosen, info = paging.cut(visit, keys_of(found, sort), sort)
    if not chosen:
        return no_content()
    by_id = {note["id"]: note for note in found}
    rows = [_shown(visit, by_id[note_id], names) for note_id in chosen]
    return Answer(200, {"data": rows, "info": {**info, **sort.info}})


def get_one(visit: Visit) -> Answer:
    """Return one note."""
    note = _named(visit)
    if note is None:
        return no_content()
    text = visit.call.query.get("fields")
    names = text.split(",") if text else _DEFAULT_FIELDS
    return Answer(200, {"data": [_shown(visit, note, names)]})


def create_many(visit: Visit) -> Answer:
    """Create up to 100 notes."""
    writer = Writer.of(visit, visit.module("Notes"))
    place = None if _is_general(visit) else related.owner(visit)

    def create(n: int, item: Json) -> Json:
        _expect_text(n, item)
        return records.create(writer, n, _with_parent(n, item, place))

    return results(records.each(visit.items(), create), good=201, mixed=records.mixed(visit))


def update_many(visit: Visit) -> Answer:
    """Update up to 100 notes, each named by its id."""
    writer = Writer.of(visit, visit.module("Notes"))
    mine = {note["id"] for note in _notes(visit)}

    def update(n: int, item: Json) -> Json:
        note = writer.existing(n, item)
        if note["id"] not in mine:
            details = {"api_name": "id", "json_path": f"$.data[{n}].id"}
            raise refuse_item("INVALID_DATA", UNKNOWN_ID, details)
        return _update(writer, n, item, note)

    return results(records.each(visit.items(), update), mixed=records.mixed(visit))


def update_one(visit: Visit) -> Answer:
    """Update the note of the path."""
    note = _named(visit)
    if note is None:
        raise refuse("INVALID_DATA", UNKNOWN_ID, {"resource_path_index": _note_index(visit)})
    writer = Writer.of(visit, visit.module("Notes"))
    items = visit.items(limit=1)
    return results(records.each(items, lambda n, item: _update(writer, n, item, note)))


def delete_many(visit: Visit) -> Answer:
    """Delete the notes named by ``ids``."""
    return results(records.each_id(visit.ids(), _deleting(visit)), mixed=records.mixed(visit))


def delete_one(visit: Visit) -> Answer:
    """Delete the note of the path."""
    return results(records.each_id([visit.call.segments[_note_index(visit)]], _deleting(visit)))


def move(visit: Visit, owner: tuple[Module, str], target: tuple[Module, str]) -> None:
    """Hand a record's notes over to another record."""
    module = visit.module("Notes")
    for note in store.belonging(visit.state, module, *owner):
        parent = {"id": target[1], "module": target[0].api_name}
        store.keep(visit.state, module, {**note, "Parent_Id": parent}, old=note)


def _is_general(visit: Visit) -> bool:
    return visit.call.segments[0] == "Notes"


def _note_index(visit: Visit) -> int:
    return 1 if _is_general(visit) else 3


def _caller(visit: Visit) -> Json | None:
    return people.find(visit.state, visit.call.grant.user_id)


def _notes(visit: Visit) -> list[Json]:
    module = visit.module("Notes")
    if _is_general(visit):
        return list(store.records(visit.state, module))
    owner, record = related.owner(visit)
    return store.belonging(visit.state, module, owner, record["id"])


def _named(visit: Visit) -> Json | None:
    note_id = visit.call.segments[_note_index(visit)]
    return next((note for note in _notes(visit) if note["id"] == note_id), None)


def _expect_text(n: int, item: Json) -> None:
    if item.get("Note_Title") or item.get("Note_Content"):
        return
    fields = [
        {"api_name": name, "json_path": f"$.data[{n}].{name}"} for name in ("Note_Content", "Note_Title")
    ]
    message = "should contain either content or title"
    raise refuse_item("EXPECTED_FIELD_MISSING", message, {"expected_fields": fields})


def _with_parent(n: int, item: Json, place: tuple[Module, Json] | None) -> Json:
    """Return an item whose parent is given the way records give lookups."""
    if place is not None:
        return {**item, "Parent_Id": {"id": place[1]["id"]}, "$se_module": place[0].api_name}
    parent = item.get("Parent_Id")
    if not parent:
        details = {"api_name": "Parent_Id", "json_path": f"$.data[{n}].Parent_Id"}
        raise refuse_item("MANDATORY_NOT_FOUND", REQUIRED_FIELD, details)
    module = parent.get("module") if isinstance(parent, dict) else None
    named = module.get("api_name") if isinstance(module, dict) else module
    return {**item, "$se_module": named or item.get("$se_module") or item.get("se_module")}


def _update(writer: Writer, n: int, item: Json, note: Json) -> Json:
    texts = {key: value for key, value in item.items() if key in ("Note_Title", "Note_Content")}
    _expect_text(n, {**note, **texts})
    return records.update(writer, n, texts, note)


def _deleting(visit: Visit) -> Callable[[int, str], Json]:
    mine = {note["id"]: note for note in _notes(visit)}
    module = visit.module("Notes")

    def delete(_n: int, note_id: str) -> Json:
        note = mine.pop(note_id, None)
        if note is None:
            raise trash.not_deleted(note_id)
        trash.discard(visit, module, note)
        visit.effect("delete", "Notes", note_id)
        visit.changes.append(Change(module, "delete", note["id"]))
        return success("record deleted", {"id": note_id})

    return delete


def _shown(visit: Visit, note: Json, names: Sequence[str]) -> Json:
    module = visit.module("Notes")
    show = Presenter(visit)
    row = show.row(module, note, names)
    parent = visit.schema.modules[note["Parent_Id"]["module"]]
    if row.get("Parent_Id"):
        row["Parent_Id"]["module"] = {"api_name": parent.api_name, "id": parent.id}
    attached = store.belonging(visit.state, visit.module("Attachments"), module, note["id"])
    keys = ("id", "File_Name", "Size", "$file_id")
    return {**row, "$attachments": [{key: file[key] for key in keys} for file in attached]}
