"""Create, read, change and delete records of any module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.books.records.compose import apply_custom_fields, compose
from zoho_sandbox.products.books.records.lists import list_answer
from zoho_sandbox.products.books.records.registry import handles
from zoho_sandbox.products.books.records.store import Books, Record
from zoho_sandbox.products.books.rules.catalogue import Module
from zoho_sandbox.products.books.rules.errors import label, refusal
from zoho_sandbox.products.books.rules.showing import shown_record

if TYPE_CHECKING:
    from zoho_sandbox.core.wire import Answer
    from zoho_sandbox.products.books.records.request import Request

# Run after a record was saved or deleted: (books, module, record now, record before).
Follower = Callable[[Books, Module, "Record | None", "Record | None"], None]
# Run before a record is deleted; raises a RefusedError when it must stay.
Guard = Callable[[Books, Record], None]

FOLLOWERS: list[Follower] = []
GUARDS: dict[str, Guard] = {}


def save(books: Books, module: Module, record: Record, before: Record | None = None) -> None:
    """Keep a record and let what depends on it follow."""
    books.save(module, record, before)
    for follower in FOLLOWERS:
        follower(books, module, record, before)


def remove(books: Books, module: Module, record: Record) -> None:
    """Delete a record and let what depended on it follow.

    Raises:
        RefusedError: other records need it.
    """
    guard = GUARDS.get(module.name)
    if guard is not None:
        guard(books, record)
    books.remove(module, record)
    for follower in FOLLOWERS:
        follower(books, module, None, record)


def location(module: Module, record_id: str) -> tuple[str, str]:
    """Return the Location header of a new record.

    source: live recording, 2026-06: the older path, without the product's prefix
    """
    path = module.location or module.path.strip("/")
    return ("Location", f"/api/v3/{path}/{record_id}")


def shown(request: Request, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record under its module's envelope key, as this operation shows it."""
    module, is_read = request.module, request.call.method == "GET"
    return {module.key: shown_record(module, record, request.option("shows"), is_read=is_read)}


# -- handlers ----------------------------------------------------------------------


@handles("list")
def list_records(request: Request) -> Answer:
    """Answer a page of the module's records."""
    module = request.module
    for field, keys in request.option("key_by", {}).items():
        module = replace(module, list_key=keys.get(request.call.query.get(field), module.list_key))
    return list_answer(request.books, module, request.call.query, request.option("only"))


@handles("create")
def create_record(request: Request) -> Answer:
    """Make a record of the body."""
    return created(request, request.body())


def created(request: Request, body: Mapping[str, Any], *, effect: str = "create") -> Answer:
    """Make a record of a body; answer it with 201 and its Location."""
    _check_number(request, body)
    record = compose(request.books, request.module, body)
    save(request.books, request.module, record)
    record_id = str(record[request.module.id])
    request.note(effect, record_id, key=str(record.get(name_field(request.module), "")))
    answer = _answer(request, record)
    answer.headers = (location(request.module, record_id),)
    return answer


def _check_number(request: Request, body: Mapping[str, Any]) -> None:
    """Refuse a record without its number when the caller switched numbering off."""
    field = request.module.number.get("field")
    is_off = request.call.query.get("ignore_auto_number_generation") == "true"
    if field and is_off and not body.get(field):
        raise refusal("missing_value", value=label(field))


def _answer(request: Request, record: Mapping[str, Any], *, is_gone: bool = False) -> Answer:
    """Return the operation's answer; some messages depend on a value of the record."""
    payload = {} if is_gone or request.option("bare") else shown(request, record)
    answer = request.answer(**payload)
    for field, messages in request.option("say_by", {}).items():
        if record.get(field) in messages and isinstance(answer.body, dict):
            answer.body["message"] = messages[record[field]]
    return answer


@handles("update")
def update_record(request: Request) -> Answer:
    """Change what the body names; everything else stays."""
    return updated(request, request.record(), request.body())


def updated(request: Request, before: Record, body: Mapping[str, Any], *, effect: str = "update") -> Answer:
    """Change a record by a body; answer it whole."""
    record = compose(request.books, request.module, body, before)
    save(request.books, request.module, record, before)
    request.note(effect, str(record[request.module.id]), key=str(record.get(name_field(request.module), "")))
    return _answer(request, record)


@handles("delete")
def delete_record(request: Request) -> Answer:
    """Delete one record."""
    record = request.record()
    remove(request.books, request.module, record)
    request.note("delete", request.id, key=str(record.get(name_field(request.module), "")))
    return _answer(request, record, is_gone=True)


def name_field(module: Module) -> str:
    """Return the field a person knows a record by: its number or its name."""
    if module.number:
        return str(module.number["field"])
    return next((name for name in module.fields if name.endswith("name")), module.id)


@handles("details")
def list_details(request: Request) -> Answer:
    """Answer whole records for a list of ids: ``GET /itemdetails?item_ids=1,2``."""
    module = request.other(request.option("module", request.module.name))
    name = f"{module.id}s"
    ids = [part.strip() for part in (request.call.query.get(name) or "").split(",") if part.strip()]
    if not ids:
        raise refusal("missing_value", value=name)
    found = [record for record_id in ids if (record := request.books.get(module.name, record_id)) is not None]
    return request.answer(**{module.list_key: [shown_record(module, one, is_read=True) for one in found]})


# -- custom fields alone ---------------------------------------------------------------


@handles("custom_fields_set")
def set_custom_fields(request: Request) -> Answer:
    """Change nothing but custom fields: the body is a list of entries, no record comes back."""
    entries = request.any_body()
    if isinstance(entries, dict):
        entries = entries.get("custom_fields")
    before = request.record()
    record = dict(before)
    apply_custom_fields(request.books, request.module, record, entries)
    record["last_modified_time"] = request.books.now()
    save(request.books, request.module, record, before)
    request.note("update", request.id)
    return request.answer()


@handles("custom_fields_get")
def get_custom_fields(request: Request) -> Answer:
    """Answer a record's custom fields."""
    return request.answer(custom_fields=request.record().get("custom_fields", []))
