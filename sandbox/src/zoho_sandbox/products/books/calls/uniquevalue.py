"""PUT on a collection: update by a unique custom field's value, or insert; else bulk update.

source: https://www.zoho.com/books/api/v3/items/#update-an-item-using-a-custom-fields-unique-value
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.books.records.compose import compose
from zoho_sandbox.products.books.records.records import created, save, updated
from zoho_sandbox.products.books.records.registry import handles
from zoho_sandbox.products.books.rules.customfields import (
    Definition,
    read_custom_fields,
    read_custom_value,
)
from zoho_sandbox.products.books.rules.errors import refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoho_sandbox.core.wire import Answer
    from zoho_sandbox.products.books.records.request import Request

_KEY, _VALUE, _UPSERT = "x-unique-identifier-key", "x-unique-identifier-value", "x-upsert"


@handles("unique")
def put_by_unique_value(request: Request) -> Answer:
    """Update the one record that has the value; insert it when X-Upsert is ``true``."""
    headers = request.call.headers
    key, value = headers.get(_KEY, "").strip(), headers.get(_VALUE, "").strip()
    if not key or not value:
        # One header alone is none: the same URL without them is the bulk update.
        return bulk_update(request)
    definition = _unique_field(request, key)
    body = request.body()
    _refuse_other_value(request, definition, value, body)
    record_id = request.books.owner(request.module.name, key, value)
    if request.books.is_shared(request.module.name, key, value):
        raise refusal("unique_value_ambiguous", value=value, field=key)
    if record_id is not None:
        before = request.record(record_id)
        return updated(request, before, body, effect="upsert-update")
    # choice: only the text "true" inserts, in upper or lower case.
    if headers.get(_UPSERT, "").strip().lower() != "true":
        raise _no_match(request, key, value)
    return _insert(request, definition, value, body)


def _unique_field(request: Request, key: str) -> Definition:
    """Return the field the header names.

    # choice: an unknown field gets the same refusal as one that is not unique.
    """
    for definition in request.books.definitions(request.module.name):
        if definition["api_name"] == key and definition.get("is_unique"):
            return definition
    raise refusal("field_not_unique", value=key)


def _refuse_other_value(
    request: Request, definition: Definition, value: str, body: Mapping[str, Any]
) -> None:
    """Refuse an insert whose body gives the identifying field another value than the header.

    # choice: on an update the body may change the value, unless another record has it.
    """
    if body.get("custom_fields") is None:
        return
    name = definition["api_name"]
    if request.books.owner(request.module.name, name, value) is not None:
        return
    sent = read_custom_fields(request.books.definitions(request.module.name), body["custom_fields"])
    if name in sent and str(sent[name]) != value:
        raise refusal("unique_value_differs", value=definition["label"])


def _no_match(request: Request, key: str, value: str) -> Exception:
    books = request.books
    return refusal(
        "unique_value_not_found",
        status=books.setting("no_match_status"),
        code=books.setting("no_match_code"),
        value=value,
        field=key,
    )


def _insert(request: Request, definition: Definition, value: str, body: Mapping[str, Any]) -> Answer:
    """Create the record; what the field then holds is a setting, for nobody documents it."""
    entries = list(body.get("custom_fields") or [])
    definitions = request.books.definitions(request.module.name)
    is_sent = definition["api_name"] in read_custom_fields(definitions, entries)
    if not is_sent and request.books.setting("insert_stores_header_value"):
        read_custom_value(definition, value)
        entries.append({"api_name": definition["api_name"], "value": value})
    create = request.books.setting("insert_status") == 201
    if create:
        request.operation = _create_operation(request)
    answer = created(request, {**body, "custom_fields": entries}, effect="upsert-insert")
    if not create:
        answer.headers = ()
    return answer


def _create_operation(request: Request) -> Any:
    """Return the operation whose status and message a new record is answered with."""
    creates = request.call_operations.get("POST")
    return creates if creates is not None else replace(request.operation, status=201)


@handles("bulk_update")
def bulk_update(request: Request) -> Answer:
    """Change several records at once: a list of bodies, each with its id.

    source: live: a single object is refused with code 4
    """
    body = request.any_body()
    if isinstance(body, dict):
        body = body.get("bulk_update", body.get(request.module.list_key))
    if not isinstance(body, list) or not body or not all(isinstance(one, dict) for one in body):
        raise refusal("missing_value", value="bulk_update")
    changed = []
    for one in body:
        record_id = str(one.get(request.module.id, ""))
        if not record_id:
            raise refusal("missing_value", value="bulk_update")
        before = request.record(record_id)
        record = compose(request.books, request.module, one, before)
        save(request.books, request.module, record, before)
        request.note("update", record_id)
        changed.append(record)
    key = request.option("key")
    return request.answer(**({key: changed} if key else {}))
