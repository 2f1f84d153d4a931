"""The handlers, by the name that the operations' data calls them."""

from __future__ import annotations

from collections.abc import Callable

from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.books.records.request import Request

Handler = Callable[[Request], Answer]

HANDLERS: dict[str, Handler] = {}


def handles(name: str) -> Callable[[Handler], Handler]:
    """Register a function as the handler of all operations whose ``do`` is ``name``."""

    def register(handler: Handler) -> Handler:
        HANDLERS[name] = handler
        return handler

    return register
