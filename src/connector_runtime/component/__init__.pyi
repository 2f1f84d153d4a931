# What type checkers take `__init__.py` for; a test compares the two.

from connector_runtime.base.values import ABSENT
from connector_runtime.component.describe import describe_action, describe_trigger
from connector_runtime.definition.model import Action, ConnectionModel, DataSource
from connector_runtime.definition.program.trigger import Trigger
from connector_runtime.inputs.inputs import Input
from connector_runtime.inputs.refusals import Refusal, did_you_mean
from connector_runtime.triggers.shapes import event_schema, state_schema
from connector_runtime.triggers.state import FROM_NOW, START_AGAIN
from connector_runtime.triggers.webhooks.subscription import new_secret

__all__ = [
    "ABSENT",
    "FROM_NOW",
    "START_AGAIN",
    "Action",
    "ConnectionModel",
    "DataSource",
    "Input",
    "Refusal",
    "Trigger",
    "describe_action",
    "describe_trigger",
    "did_you_mean",
    "event_schema",
    "new_secret",
    "state_schema",
]
