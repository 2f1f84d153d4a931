"""The two products as the foundation knows them: a prefix and four functions."""

from __future__ import annotations

import importlib
from typing import Any, Protocol, cast

from zoho_sandbox.wire import Answer, Call

PRODUCTS = ("books", "crm")


class Product(Protocol):
    """What ``zoho_sandbox.books`` and ``zoho_sandbox.crm`` offer."""

    def handle(self, call: Call) -> Answer:
        """Answer one authenticated call."""
        ...

    def seed(self, sandbox: Any, data: dict[str, Any]) -> None:
        """Put this product's part of a seed document into the state."""
        ...

    def auth_error(self, reason: str) -> Answer:
        """Refuse a token: missing, invalid, expired, revoked or real."""
        ...


def product(name: str) -> Product:
    """Return a product's module by name: ``books`` or ``crm``."""
    return cast(Product, importlib.import_module(f"zoho_sandbox.{name}"))
