"""Organisations: which one a call is about, and what a new one holds from birth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.documents import package_yaml
from zoho_sandbox.products.books.records.store import Books, module_named
from zoho_sandbox.products.books.rules.errors import refusal
from zoho_sandbox.products.books.rules.rows import empty_copy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoho_sandbox.core.site import Site
    from zoho_sandbox.core.wire import Call

KIND = "books/organizations"
_FOUNDATION = "sandbox/organizations"
_USERS = "sandbox/users"
# Some clients send this instead of the query parameter.
# source: public client code
_HEADER = "x-com-zoho-books-organizationid"
_FIRST_USER = 23_001
# The first organisation's ids begin with 460, as on the vendor's pages.
_FIRST_PREFIX = 460


def call_books(call: Call, *, is_needed: bool, path_id: str | None = None) -> Books:
    """Return the books a call is about.

    The query parameter names the organisation; without it a user with one organisation
    means that one.

    Raises:
        RefusedError: 400 for an organisation that is not the user's (6041), or for none named
            by a user who has several.
    """
    mine = call.grant.organization_ids
    wanted = path_id or (call.query.get("organization_id") or call.headers.get(_HEADER, "")).strip()
    if wanted:
        if wanted not in mine:
            raise refusal("foreign_organization", value=wanted)
        return open_books(call.sandbox, wanted)
    if is_needed and len(mine) != 1:
        code = call.sandbox.settings["books.missing_organization_code"]
        raise refusal("missing_organization", code=code)
    return open_books(call.sandbox, mine[0])


def open_books(sandbox: Site, record_id: str) -> Books:
    """Return an organisation's books, made on first use.

    Raises:
        KeyError: no such organisation.
    """
    found = sandbox.state.get(KIND, record_id)
    if found is None:
        known = sandbox.state.get(_FOUNDATION, record_id)
        if known is None:
            raise KeyError(record_id)
        return found_books(sandbox, known)
    return Books(sandbox, found)


def found_books(sandbox: Site, about: Mapping[str, Any]) -> Books:
    """Open the books of a new organisation: currencies, accounts and templates."""
    born = package_yaml("zoho_sandbox.products.books", "data", "birth.yaml")
    module = module_named("organizations")
    ids = sandbox.state.ids(_FOUNDATION)
    prefix = _FIRST_PREFIX + ids.index(str(about["organization_id"]))
    record = {
        **{name: empty_copy(value) for name, value in module.row.items()},
        **born["organization"],
        **about,
        "id_prefix": str(prefix),
    }
    books = Books(sandbox, record)
    record["account_created_date"] = record.get("account_created_date") or books.today()
    code = str(record.get("currency_code") or "USD")
    for currency in born["currencies"]:
        _plant_currency(books, currency, is_base=currency["currency_code"] == code)
    base = next(one for one in born["currencies"] if one["currency_code"] == code)
    record["currency_id"] = books.born_id(base["n"])
    record["currency_symbol"] = base["currency_symbol"]
    sandbox.state.put(KIND, books.id, record)
    for account in born["accounts"]:
        _plant_account(books, account)
    _plant_users(books)
    return books


def _plant_currency(books: Books, about: Mapping[str, Any], *, is_base: bool) -> None:
    module = module_named("currencies")
    record = {
        **{name: empty_copy(value, is_amount=name in module.amounts) for name, value in module.row.items()},
        **{name: value for name, value in about.items() if name != "n"},
        "currency_id": books.born_id(about["n"]),
        "currency_name_formatted": f"{about['currency_code']}- {about['currency_name']}",
        "is_base_currency": is_base,
    }
    books.save(module, record)


def _plant_account(books: Books, about: list[Any]) -> None:
    module = module_named("chart_of_accounts")
    n, name, kind = about
    time = books.now()
    record = {
        **{key: empty_copy(value, is_amount=key in module.amounts) for key, value in module.record.items()},
        "account_id": books.born_id(n),
        "account_name": name,
        "account_type": kind,
        "is_active": True,
        "is_system_account": True,
        "created_time": time,
        "last_modified_time": time,
        "status": "active",
        "account_type_formatted": kind.replace("_", " ").title(),
    }
    books.save(module, record)
    if kind == "cash":
        _plant_till(books, record)


def _plant_till(books: Books, account: Mapping[str, Any]) -> None:
    """Show an account for cash among the bank accounts too.

    source: live recording, 2026-06
    """
    module = module_named("bank_accounts")
    record = {
        **{key: empty_copy(value, is_amount=key in module.amounts) for key, value in module.record.items()},
        **{key: account[key] for key in module.record if account.get(key)},
        "currency_id": books.organization["currency_id"],
        "currency_code": books.organization.get("currency_code") or "USD",
    }
    books.save(module, record)


def _plant_users(books: Books) -> None:
    module = module_named("users")
    members = [
        user
        for user in books.state.scan(_USERS)
        if books.id in [str(record_id) for record_id in user.get("organization_ids", ())]
    ]
    for order, user in enumerate(members):
        record = {
            "user_id": books.born_id(_FIRST_USER + 2 * order),
            "name": f"{user.get('first_name', '')} {user.get('last_name', '')}".strip(),
            "email": user.get("email", ""),
            "user_role": "admin" if order == 0 else "staff",
            "role_id": "",
            "status": "active",
            "created_time": books.now(),
        }
        books.save(module, record)


def shown_organization(record: Mapping[str, Any], *, default_id: str) -> dict[str, Any]:
    """Return an organisation as replies show it."""
    shown = {name: value for name, value in record.items() if name not in ("id_prefix", "version")}
    shown["is_default_org"] = record["organization_id"] == default_id
    return shown
