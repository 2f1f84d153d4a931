"""Imports every module that registers handlers, composers or followers."""

from zoho_sandbox.books import (
    accounting,
    children,
    contactcalls,
    contacts,
    files,
    followers,
    items,
    mail,
    misc,
    orgcalls,
    payments,
    records,
    setup,
    statuses,
    transactions,
    uniquevalue,
)

__all__ = [
    "accounting",
    "children",
    "contactcalls",
    "contacts",
    "files",
    "followers",
    "items",
    "mail",
    "misc",
    "orgcalls",
    "payments",
    "records",
    "setup",
    "statuses",
    "transactions",
    "uniquevalue",
]
