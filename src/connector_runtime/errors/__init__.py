"""The error tree: the branch says who must act, `kind` says why."""

from connector_runtime.errors.tree import (
    KINDS,
    REFUSING_KINDS,
    UNSURE_KINDS,
    CallFailed,
    ConnectionProblem,
    ConnectorError,
    DeadlineExceeded,
    DefinitionError,
    Facts,
    Fault,
    InputError,
    OutcomeUnknown,
    Problem,
    ReconnectNeeded,
    ReplyTooLarge,
    StoreError,
    Throttled,
    UnreadableReply,
    error_of,
    noted,
    problem_of,
)

__all__ = [
    "KINDS",
    "REFUSING_KINDS",
    "UNSURE_KINDS",
    "CallFailed",
    "ConnectionProblem",
    "ConnectorError",
    "DeadlineExceeded",
    "DefinitionError",
    "Facts",
    "Fault",
    "InputError",
    "OutcomeUnknown",
    "Problem",
    "ReconnectNeeded",
    "ReplyTooLarge",
    "StoreError",
    "Throttled",
    "UnreadableReply",
    "error_of",
    "noted",
    "problem_of",
]

# A trace names an error as it is imported, whatever file it lies in.
for _name in __all__:
    if isinstance(globals()[_name], type):
        globals()[_name].__module__ = __name__
