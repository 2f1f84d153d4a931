# What type checkers take `__init__.py` for; a test compares the two.

from connector_runtime.access.connections import Connection
from connector_runtime.access.policy import Policy
from connector_runtime.base.values import File, Secret
from connector_runtime.component.component import Component
from connector_runtime.component.health import Finding
from connector_runtime.conversation.replies.results import Page, Result
from connector_runtime.conversation.telemetry import Event
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
from connector_runtime.inputs.problems import InputProblem
from connector_runtime.session.async_session import AsyncSession
from connector_runtime.session.dry_run import Plan
from connector_runtime.session.session import Session
from connector_runtime.triggers import Poll
from connector_runtime.triggers.webhooks.receiving import Received
from connector_runtime.triggers.webhooks.seen import Seen
from connector_runtime.triggers.webhooks.subscription import Subscription

__all__ = [
    "AsyncSession",
    "CallFailed",
    "Component",
    "Connection",
    "ConnectionProblem",
    "ConnectorError",
    "DeadlineExceeded",
    "DefinitionError",
    "Event",
    "File",
    "Finding",
    "InputError",
    "InputProblem",
    "OutcomeUnknown",
    "Page",
    "Plan",
    "Policy",
    "Poll",
    "Received",
    "ReplyTooLarge",
    "Result",
    "Secret",
    "Seen",
    "Session",
    "Subscription",
    "UnreadableReply",
]
