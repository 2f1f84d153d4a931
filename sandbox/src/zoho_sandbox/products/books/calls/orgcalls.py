"""Calls on organisations themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoho_sandbox.products.books.records.organizations import (
    KIND,
    found_books,
    open_books,
    shown_organization,
)
from zoho_sandbox.products.books.records.records import location
from zoho_sandbox.products.books.records.registry import handles
from zoho_sandbox.products.books.rules.errors import refusal
from zoho_sandbox.products.books.rules.fields import read_fields, require_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoho_sandbox.core.wire import Answer
    from zoho_sandbox.products.books.records.request import Request

_FIRST_ID = 10_240_001
_FOUNDATION = "sandbox/organizations"
_USERS = "sandbox/users"


def _default_id(request: Request) -> str:
    mine = request.call.grant.organization_ids
    return mine[0] if mine else ""


@handles("organization_list")
def list_organizations(request: Request) -> Answer:
    """Answer the user's organisations, without page_context.

    source: live, several reports of 2026
    """
    sandbox, first = request.call.sandbox, _default_id(request)
    found = [open_books(sandbox, record_id).organization for record_id in request.call.grant.organization_ids]
    return request.answer(organizations=[shown_organization(one, default_id=first) for one in found])


@handles("organization_get")
def get_organization(request: Request) -> Answer:
    """Answer one organisation."""
    shown = shown_organization(request.books.organization, default_id=_default_id(request))
    return request.answer(organization=shown)


@handles("organization_create")
def create_organization(request: Request) -> Answer:
    """Open a new organisation; the caller belongs to it from now on."""
    sandbox, module = request.call.sandbox, request.module
    values = read_fields(module.fields, request.body())
    require_fields(module.fields, values)
    record_id = str(sandbox.state.number("books/organization_id", start=_FIRST_ID))
    about = {**values, "organization_id": record_id}
    sandbox.state.put(_FOUNDATION, record_id, about)
    _join(request, record_id)
    try:
        books = found_books(sandbox, about)
    except StopIteration:
        raise refusal("invalid_value", value="currency_code") from None
    request.note("create", record_id)
    answer = request.answer(
        organization=shown_organization(books.organization, default_id=_default_id(request))
    )
    answer.headers = (location(module, record_id),)
    return answer


def _join(request: Request, record_id: str) -> None:
    state, user_id = request.call.sandbox.state, request.call.grant.user_id
    user = state.get(_USERS, user_id)
    if user is not None:
        ids = [*user.get("organization_ids", ()), record_id]
        state.put(_USERS, user_id, {**user, "organization_ids": ids})


@handles("organization_update")
def update_organization(request: Request) -> Answer:
    """Change what the body names."""
    changed = _change(request, read_fields(request.module.fields, request.body()))
    return request.answer(organization=shown_organization(changed, default_id=_default_id(request)))


@handles("organization_set")
def set_on_organization(request: Request) -> Answer:
    """Set what the operation's row of data says."""
    _change(request, request.option("set", {}))
    return request.answer()


def _change(request: Request, values: Mapping[str, object]) -> Mapping[str, object]:
    record = {**request.books.organization, **values}
    request.call.sandbox.state.put(KIND, request.books.id, record)
    request.note("update", request.books.id)
    return record
