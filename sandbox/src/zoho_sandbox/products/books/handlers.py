"""Imports every module that registers handlers, composers or followers."""

from zoho_sandbox.products.books.calls import (
    accounts,
    children,
    contactcalls,
    copies,
    crmimport,
    files,
    mail,
    orgcalls,
    payments,
    singletons,
    statements,
    statuses,
    timers,
    uniquevalue,
    views,
)
from zoho_sandbox.products.books.kinds import accounting, contacts, followers, items, setup, transactions
from zoho_sandbox.products.books.records import records

__all__ = [
    "accounting",
    "accounts",
    "children",
    "contactcalls",
    "contacts",
    "copies",
    "crmimport",
    "files",
    "followers",
    "items",
    "mail",
    "orgcalls",
    "payments",
    "records",
    "setup",
    "singletons",
    "statements",
    "statuses",
    "timers",
    "transactions",
    "uniquevalue",
    "views",
]
