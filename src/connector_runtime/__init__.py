"""A declarative connector runtime: loads a folder of YAML files and runs its actions."""

from connector_runtime.base.lazy import lazily

__all__, __getattr__ = lazily(
    __name__,
    {
        "access.connections": "Connection",
        "access.policy": "Policy",
        "base.values": "File Secret",
        "component.component": "Component",
        "component.health": "Finding",
        "conversation.telemetry": "Event",
        "session.dry_run": "Plan",
        "conversation.replies.results": "Page Result",
        "errors": "CallFailed ConnectionProblem ConnectorError DeadlineExceeded DefinitionError "
        "InputError OutcomeUnknown ReplyTooLarge UnreadableReply",
        "inputs.problems": "InputProblem",
        "session.async_session": "AsyncSession",
        "session.session": "Session",
        "triggers": "Poll",
        "triggers.webhooks.receiving": "Received",
        "triggers.webhooks.seen": "Seen",
        "triggers.webhooks.subscription": "Subscription",
    },
)
