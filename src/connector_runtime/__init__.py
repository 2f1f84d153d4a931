"""A declarative connector runtime: loads a folder of YAML files and runs its actions."""

from __future__ import annotations

import importlib

# Type checkers take the name for what it is; importing it would be most of what this package costs.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from connector_runtime.access.connections import Connection
    from connector_runtime.base.values import File, Secret
    from connector_runtime.component.component import Component
    from connector_runtime.conversation.call import Event
    from connector_runtime.conversation.replies.results import Page, Result
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
    from connector_runtime.triggers import Poll
    from connector_runtime.triggers.webhooks.receiving import Received
    from connector_runtime.triggers.webhooks.seen import Seen
    from connector_runtime.triggers.webhooks.subscription import Subscription

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
    "Component": "component.component",
    "Connection": "access.connections",
    "Event": "conversation.call",
    "File": "base.values",
    "Page": "conversation.replies.results",
    "Poll": "triggers",
    "Received": "triggers.webhooks.receiving",
    "Result": "conversation.replies.results",
    "Secret": "base.values",
    "Seen": "triggers.webhooks.seen",
    "Subscription": "triggers.webhooks.subscription",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: a worker that starts cold pays for nothing else."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_HOMES.get(name, 'errors')}")
    value = getattr(module, name)
    globals()[name] = value
    return value
