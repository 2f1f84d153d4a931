"""A declarative connector runtime: loads a folder of YAML files and runs its actions."""

from __future__ import annotations

import importlib

# Type checkers take the name for what it is; importing it would be most of what this package costs.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from connector_runtime.call import Event
    from connector_runtime.component import Component
    from connector_runtime.connections import Connection
    from connector_runtime.errors import (
        CallFailed,
        ConnectionProblem,
        ConnectorError,
        DeadlineExceeded,
        DefinitionError,
        InputError,
        OutcomeUnknown,
        ReplyTooLarge,
        UnreadableReply,
    )
    from connector_runtime.results import Page, Result
    from connector_runtime.triggers import Poll
    from connector_runtime.values import File, Secret
    from connector_runtime.webhooks.receiving import Received
    from connector_runtime.webhooks.seen import Seen
    from connector_runtime.webhooks.subscription import Subscription

__all__ = [
    "CallFailed",
    "Component",
    "Connection",
    "ConnectionProblem",
    "ConnectorError",
    "DeadlineExceeded",
    "DefinitionError",
    "Event",
    "File",
    "InputError",
    "OutcomeUnknown",
    "Page",
    "Poll",
    "Received",
    "ReplyTooLarge",
    "Result",
    "Secret",
    "Seen",
    "Subscription",
    "UnreadableReply",
]

_HOMES = {
    "Component": "component",
    "Connection": "connections",
    "Event": "call",
    "File": "values",
    "Page": "results",
    "Poll": "triggers",
    "Received": "webhooks.receiving",
    "Result": "results",
    "Secret": "values",
    "Seen": "webhooks.seen",
    "Subscription": "webhooks.subscription",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: a worker that starts cold pays for nothing else."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_HOMES.get(name, 'errors')}")
    value = getattr(module, name)
    globals()[name] = value
    return value
