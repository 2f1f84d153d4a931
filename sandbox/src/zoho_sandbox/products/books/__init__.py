"""Zoho Books v3, as far as its pages and recordings tell."""

from __future__ import annotations

from typing import Any

from zoho_sandbox.products.books import handlers
from zoho_sandbox.products.books.dispatch import auth_error, handle
from zoho_sandbox.products.books.seeding import seed_books


def seed(sandbox: Any, data: dict[str, Any]) -> None:
    """Put the ``books`` part of a seed document into the state.

    Raises:
        ValueError: an unknown organisation, module, field or value.
    """
    seed_books(sandbox, data)


__all__ = ["auth_error", "handle", "handlers", "seed"]
