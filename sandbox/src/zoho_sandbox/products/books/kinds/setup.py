"""Taxes, currencies, users, projects, tasks, modules: what only these records add."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.books.kinds.transactions import set_number, set_party
from zoho_sandbox.products.books.records.compose import Draft, check_reference, composes
from zoho_sandbox.products.books.records.records import FOLLOWERS
from zoho_sandbox.products.books.records.store import Books, Record, module_named
from zoho_sandbox.products.books.rules.errors import refusal
from zoho_sandbox.products.books.rules.money import amount, padded

if TYPE_CHECKING:
    from zoho_sandbox.products.books.rules.catalogue import Module


@composes("taxes")
def complete_tax(draft: Draft) -> None:
    """A tax is a plain one unless it says otherwise."""
    draft.default("tax_type", "tax")
    draft.record["tax_percentage"] = amount(draft.record.get("tax_percentage"))
    draft.record.setdefault("is_default_tax", False)


@composes("tax_groups")
def complete_tax_group(draft: Draft) -> None:
    """A group's percentage is the sum of its taxes, named as ``"1,2"`` or as a list."""
    named = draft.record.get("taxes")
    if isinstance(named, str):
        named = [{"tax_id": part.strip()} for part in named.split(",") if part.strip()]
    taxes = [check_reference(draft.books, "tax_id", str(one["tax_id"])) for one in named or ()]
    known = [tax for tax in taxes if tax]
    draft.record["taxes"] = [
        {name: tax[name] for name in ("tax_id", "tax_name", "tax_percentage", "tax_type")} for tax in known
    ]
    total = sum((amount(tax["tax_percentage"]) for tax in known), Decimal(0))
    draft.record["tax_group_percentage"] = total


@composes("currencies")
def complete_currency(draft: Draft) -> None:
    """A currency prints as its code and name."""
    record = draft.record
    draft.default("currency_symbol", record["currency_code"])
    draft.default("currency_name", record["currency_code"])
    if "price_precision" not in draft.values and draft.before is None:
        record["price_precision"] = 2
    record["currency_name_formatted"] = f"{record['currency_code']}- {record['currency_name']}"


@composes("users", "employees")
def complete_user(draft: Draft) -> None:
    """An invited user has a role."""
    draft.default("user_role", "staff")


@composes("projects")
def complete_project(draft: Draft) -> None:
    """A project names its customer; tasks and users of the body become its children."""
    set_party(draft)
    books, record = draft.books, draft.record
    for name, id_key in (("tasks", "task_id"), ("users", "user_id")):
        for values in draft.values.get(name) or ():
            child = {
                id_key: str(values.get(id_key) or books.new_id()),
                **values,
                "parent_id": record["project_id"],
            }
            kind = books.kind(f"projects/project_{name}")
            books.state.put(kind, child[id_key], child, parent=record["project_id"])
    record.pop("tasks", None)
    record.pop("users", None)
    rate = record.get("rate")
    record["rate"] = padded(amount(rate))


@composes("time_entries")
def complete_time_entry(draft: Draft) -> None:
    """A time entry names its project, task and user."""
    books, record = draft.books, draft.record
    project = books.get("projects", record.get("project_id") or "") or {}
    task = books.state.get(books.kind("projects/project_tasks"), record.get("task_id") or "") or {}
    user = books.get("users", record.get("user_id") or "") or {}
    record["project_name"] = project.get("project_name", "")
    record["customer_id"] = project.get("customer_id", "")
    record["customer_name"] = project.get("customer_name", "")
    record["task_name"] = task.get("task_name", "")
    record["user_name"] = user.get("name", "")
    record.setdefault("is_timer_running", False)


@composes("tasks")
def complete_task(draft: Draft) -> None:
    """A task has a number and is open."""
    set_number(draft)
    draft.default("status", "open")


@composes("custom_module_definitions")
def complete_module(draft: Draft) -> None:
    """A custom module is known by its API name: ``cm_`` and its name in small letters."""
    record = draft.record
    if draft.before is None:
        record["module_id"] = draft.books.new_id()
        word = re.sub(r"\W+", "_", str(record["module_name"]).strip().lower())
        record["api_name"] = record["module_api_name"] = f"cm_{word}"
        if draft.books.get("custom_module_definitions", record["api_name"]):
            raise refusal("duplicate", value=f'Module "{record["module_name"]}" already exists.')


@composes("locations")
def complete_location(draft: Draft) -> None:
    """The first location of an organisation is its primary one."""
    if draft.before is None:
        is_first = draft.books.state.count(draft.books.kind("locations")) == 0
        draft.record["is_primary_location"] = is_first


def _follow_bank_account(books: Books, module: Module, record: Record | None, before: Record | None) -> None:
    """A bank account is an account of the chart as well."""
    if module.name != "bank_accounts":
        return
    chart = module_named("chart_of_accounts")
    known = books.get(chart.name, str((record or before or {})["account_id"]))
    if record is None:
        if known is not None:
            books.remove(chart, known)
        return
    shown: dict[str, Any] = {name: record.get(name, empty) for name, empty in chart.record.items()}
    shown["account_type_formatted"] = str(shown.get("account_type", "")).replace("_", " ").title()
    books.save(chart, {**(known or {}), **shown, "account_id": record["account_id"]}, known)


FOLLOWERS.append(_follow_bank_account)
