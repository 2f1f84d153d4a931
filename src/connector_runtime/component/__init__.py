"""A component as a whole, and the parts that it consists of."""

from connector_runtime.base.lazy import lazily

__all__, __getattr__ = lazily(
    __name__,
    {
        "base.values": "ABSENT",
        "component.describe": "describe_action describe_trigger",
        "definition.model": "Action ConnectionModel DataSource",
        "definition.program.trigger": "Trigger",
        "inputs.inputs": "Input",
        "inputs.refusals": "Refusal did_you_mean",
        "triggers.shapes": "event_schema state_schema",
        "triggers.state": "FROM_NOW START_AGAIN",
        "triggers.webhooks.subscription": "new_secret",
    },
)
