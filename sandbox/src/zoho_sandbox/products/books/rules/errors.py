"""Refusals: every error Books sends is a name in ``data/errors.yaml``."""

from __future__ import annotations

from typing import Any

from zoho_sandbox.core.documents import package_yaml
from zoho_sandbox.core.wire import Answer


class RefusedError(Exception):
    """The call is answered with an error and changes nothing."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers: tuple[tuple[str, str], ...] = ()

    def answer(self) -> Answer:
        """Return the reply: always ``{"code": …, "message": …}``."""
        return Answer(self.status, {"code": self.code, "message": self.message}, self.headers)


def refusal(name: str, *, code: int | None = None, status: int | None = None, **words: Any) -> RefusedError:
    """Return the named refusal with its words filled in.

    Args:
        code: Instead of the published one.
        status: Instead of the published one.
    """
    known_status, known_code, text = package_yaml("zoho_sandbox.products.books", "data", "errors.yaml")[name]
    return RefusedError(status or known_status, code or known_code, text.format(**words))


def label(name: str) -> str:
    """Return a field name as messages print it: ``payment_terms`` is ``Payment Terms``.

    source: live message "Invalid value passed for Payment Terms"
    """
    return name.replace("_", " ").title()
