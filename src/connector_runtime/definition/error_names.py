"""What the error rules of a component make of a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.base.redaction import LEFT_OUT
from connector_runtime.definition.evaluation import safely

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector_runtime.base.redaction import Redactor
    from connector_runtime.definition.program.errors import ErrorRule

# How much of what a vendor says, or a rule makes of it, is shown: a page of a terminal.
MESSAGE_CHARS = 2_000
SENTENCES = {
    "validation": "The service refused the values.",
    "auth_expired": "The service did not accept the access token.",
    "permission": "The connection may not do this.",
    "not_found": "There is nothing under this address.",
    "conflict": "The record is in a state that does not allow this.",
    "rate_limited": "Too many requests at once.",
    "server": "The service had an error of its own.",
    "timeout": "The service gave up waiting for the request.",
}


class Named(NamedTuple):
    """What an error table says of a failure; `kind` is None when no rule holds."""

    kind: str | None
    message: str
    facts: Mapping[str, Any]
    refused: bool
    retry_after: Any


UNNAMED = Named(None, "", {}, refused=False, retry_after=None)


def classify(rules: Iterable[ErrorRule], scope: Mapping[str, Any], redactor: Redactor) -> Named:
    """Return what the first rule that holds makes of `scope`'s fault."""
    for rule in rules:
        if rule.when is not None and not safely(rule.when, scope, "when"):
            continue
        found = {key: redactor.value(safely(text, scope, key)) for key, text in rule.texts.items()}
        found |= {key: _page(found[key]) for key in ("message", "hint") if found.get(key)}
        facts = {
            "code": found.get("code"),
            "hint": found.get("hint"),
            "details": found.get("details"),
            "existing_id": found.get("existingId"),
        }
        return Named(
            kind=rule.kind,
            message=str(found.get("message") or SENTENCES.get(rule.kind or "", "")),
            facts={key: value for key, value in facts.items() if value is not None},
            refused=rule.refused,
            retry_after=found.get("retryAfter"),
        )
    return UNNAMED


def _page(text: Any) -> str:
    said = str(text)
    return said if len(said) <= MESSAGE_CHARS else said[:MESSAGE_CHARS] + LEFT_OUT
