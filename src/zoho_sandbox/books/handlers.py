"""Imports every module that registers handlers, composers or followers."""

from zoho_sandbox.books import (
    contacts,
    items,
    records,
    uniquevalue,
)

__all__ = ["contacts", "items", "records", "uniquevalue"]
