"""The two products as the foundation knows them: a prefix and four functions."""

from __future__ import annotations

import importlib
from typing import Any, Protocol, cast

from zoho_sandbox.core.wire import Answer, Call

PRODUCTS = ("books", "crm")

# Paths that belong to no version of a product.
WRONG_ADDRESS = {
    "books": Answer(404, {"code": 5, "message": "Invalid URL Passed"}),
    "crm": Answer(
        404,
        {
            "code": "INVALID_URL_PATTERN",
            "details": {},
            "message": "Please check if the URL trying to access is a correct one",
            "status": "error",
        },
    ),
}
# A defect of the sandbox itself, in each product's words.
INTERNAL_ERRORS = {
    "books": Answer(500, {"code": 1000, "message": "Internal error"}),
    "crm": Answer(
        500,
        {
            "code": "INTERNAL_ERROR",
            "details": {},
            "message": "Internal Server Error",
            "status": "error",
        },
    ),
    "oauth": Answer(500, {"error": "general_error"}),
    "sandbox": Answer(500, {"error": "the sandbox has a defect; its output tells more"}),
}


class Product(Protocol):
    """What ``zoho_sandbox.products.books`` and ``zoho_sandbox.products.crm`` offer."""

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
    return cast("Product", importlib.import_module(f"zoho_sandbox.products.{name}"))
