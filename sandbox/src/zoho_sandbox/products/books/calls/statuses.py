"""Calls that set something on a record: statuses, active or not, templates, owners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.books.kinds.settlement import set_due_status
from zoho_sandbox.products.books.records.compose import compose
from zoho_sandbox.products.books.records.records import remove, save
from zoho_sandbox.products.books.records.registry import handles
from zoho_sandbox.products.books.rules.errors import refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zoho_sandbox.core.wire import Answer
    from zoho_sandbox.products.books.records.request import Request
    from zoho_sandbox.products.books.records.store import Record

_COUNTED = ("sent", "open")


def change(request: Request, before: Record, values: Mapping[str, Any]) -> Record:
    """Set values on a record and keep it; return it."""
    now = request.books.now()
    record = {**before, **values, "last_modified_time": now}
    if values.get("status") in _COUNTED:
        set_due_status(request.books, request.module.name, record)
    save(request.books, request.module, record, before)
    request.note("update", str(record[request.module.id]))
    return record


@handles("set")
@handles("status")
def set_values(request: Request) -> Answer:
    """Set what the operation's row of data says: ``{"status": "void"}``."""
    request.checked_body()
    change(request, request.record(), request.option("set"))
    return request.answer()


@handles("merge_body")
def merge_body(request: Request) -> Answer:
    """Set what the body says, and answer the record."""
    body = request.checked_body()
    record = change(request, request.record(), {k: v for k, v in body.items() if v is not None})
    return request.answer(**{request.module.key: record})


@handles("set_parameter")
def set_parameter(request: Request) -> Answer:
    """Set a field to the last id of the path: a template, a price list."""
    change(request, request.record(), {request.option("field"): request.ids[1]})
    return request.answer()


@handles("substatus")
def set_substatus(request: Request) -> Answer:
    """Set or take away a sub-status."""
    code = "" if request.call.method == "DELETE" else request.ids[1]
    change(request, request.record(), {"current_sub_status": code, "current_sub_status_id": code})
    return request.answer()


@handles("primary")
def make_primary(request: Request) -> Answer:
    """Make one record the primary one among its like."""
    field, chosen = request.option("field"), request.record()
    for record in list(request.books.all(request.module.name)):
        if record.get("contact_id") != chosen.get("contact_id"):
            continue
        is_chosen = record[request.module.id] == request.id
        if bool(record.get(field)) is not is_chosen:
            save(request.books, request.module, {**record, field: is_chosen}, record)
    request.note("update", request.id)
    return request.answer()


@handles("keep")
def keep_body(request: Request) -> Answer:
    """Keep the body under one field of the record."""
    field = request.option("field")
    kept = request.record().get(field)
    name = request.ids[1] if len(request.ids) > 1 else None
    value: Any = request.body() if name is None else {**(kept or {}), name: request.body()}
    change(request, request.record(), {field: value})
    return request.answer()


@handles("kept")
def get_kept(request: Request) -> Answer:
    """Answer what :func:`keep_body` kept."""
    kept = request.record().get(request.option("field")) or {}
    if len(request.ids) > 1:
        kept = kept.get(request.ids[1]) or {}
    return request.answer(**{request.option("key", "data"): kept})


# -- many at once ------------------------------------------------------------------------


def chosen(request: Request) -> list[Record]:
    """Return the records that ``<id>s=1,2`` in the query or the body names.

    # choice: one unknown id refuses the whole call.

    Raises:
        RefusedError: no ids (4), or an unknown one.
    """
    name = f"{request.module.id}s"
    listed = request.call.query.get(name) or request.call.query.get("record_ids")
    if not listed:
        body = request.any_body()
        listed = body.get(name) if isinstance(body, dict) else None
    ids = _ids(listed)
    if not ids:
        raise refusal("missing_value", value=name)
    return [request.record(record_id) for record_id in ids]


def _ids(listed: Any) -> list[str]:
    parts: Iterable[Any] = listed.split(",") if isinstance(listed, str) else listed or ()
    return [str(part).strip() for part in parts if str(part).strip()]


@handles("bulk_set")
def set_many(request: Request) -> Answer:
    """Set the same on many records."""
    for record in chosen(request):
        change(request, record, request.option("set"))
    return request.answer()


@handles("bulk_delete")
def delete_many(request: Request) -> Answer:
    """Delete many records, all or none."""
    for record in chosen(request):
        remove(request.books, request.module, record)
        request.note("delete", str(record[request.module.id]))
    return request.answer()


@handles("address")
def change_address(request: Request) -> Answer:
    """Change the billing or shipping address of one transaction."""
    before, which = request.record(), request.option("which")
    address = {**(before.get(which) or {}), **request.checked_body()}
    change(request, before, {which: address})
    return request.answer(**({which: address} if request.module.name == "bills" else {}))


@handles("line_delete")
def delete_line(request: Request) -> Answer:
    """Take one line off a transaction."""
    before = request.record()
    lines = [line for line in before.get("line_items", ()) if line["line_item_id"] != request.ids[1]]
    if len(lines) == len(before.get("line_items", ())):
        raise request.unknown("Line item", request.ids[1])
    return _with_lines(request, before, lines)


def _with_lines(request: Request, before: Record, lines: list[Record]) -> Answer:
    body = {"line_items": [{"line_item_id": line["line_item_id"]} for line in lines]}
    record = compose(request.books, request.module, body, before)
    save(request.books, request.module, record, before)
    request.note("update", request.id)
    return request.answer()
