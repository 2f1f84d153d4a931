"""What a call gave back: results, attempts, pages, and the judging of many records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.errors import error_of
from connector_runtime.reply import classify
from connector_runtime.values import ABSENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connector_runtime.program import ResultsProgram
    from connector_runtime.redact import Redactor


class Attempt(NamedTuple):
    """One request that was tried, and what it came to.

    Attributes:
        number: 1 for the first.
        certainty: `not_sent`, `rejected`, `unknown` or `answered`.
        kind: Kind of the failure, or None.
        status: HTTP status, or None when no reply came.
        duration_s: From sending to the last byte, in seconds.
        waited_s: Wait before this attempt, in seconds.
        why: Why it was made: `first`, `retry`, `token`, `page` or `lookup`.
        may_double: Whether it may have done again what an earlier one did.
        request_id: The vendor's id of the request, or None.
        message: What went wrong, without secrets, or None.
    """

    number: int
    certainty: str
    kind: str | None = None
    status: int | None = None
    duration_s: float = 0.0
    waited_s: float = 0.0
    why: str = "first"
    may_double: bool = False
    request_id: str | None = None
    message: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready map with camel-case keys, without empty members."""
        shape = {
            "number": self.number,
            "why": self.why,
            "certainty": self.certainty,
            "kind": self.kind,
            "status": self.status,
            "waitedS": round(self.waited_s, 6),
            "durationS": round(self.duration_s, 6),
            "mayDouble": self.may_double or None,
            "requestId": self.request_id,
            "message": self.message,
        }
        return {key: value for key, value in shape.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Result:
    """What an action gave back.

    Attributes:
        data: The vendor's JSON, text or bytes, unless the action's `output` says otherwise.
        status: HTTP status of the deciding reply.
        headers: Its headers, lower-case names.
        outcome: `done`, `partial` (some records failed) or `found` (a look-up
            found that the write had happened).
        failed: For a partial outcome `{index, kind, code, message, hint}` each, `identity` where it
            is not known whether the record was written.
        attempts: What was tried.
        warnings: What was noticed and did not stop the call.
    """

    data: Any
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    outcome: str = "done"
    failed: tuple[Mapping[str, Any], ...] = ()
    attempts: tuple[Attempt, ...] = ()
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the one JSON shape of a result."""
        return {
            "outcome": self.outcome,
            "data": self.data,
            "status": self.status,
            "headers": dict(self.headers),
            "attempts": [attempt.to_dict() for attempt in self.attempts],
            "failed": [dict(item) for item in self.failed],
        } | ({"warnings": list(self.warnings)} if self.warnings else {})


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing.

    Attributes:
        items: The page's records.
        data: The vendor's reply.
        number: 1 for the first page read.
        next: What the next request starts from, or None after the last page.
    """

    items: list[Any]
    data: Any
    number: int
    next: Mapping[str, Any] | None

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


def judge_records(
    program: ResultsProgram, scope: dict[str, Any], redactor: Redactor
) -> tuple[list[Any], list[dict[str, Any]]]:
    """Judge a many-record reply record by record, whatever its HTTP status.

    Returns:
        One entry a record, in the order sent, and the failed ones. A record
        without an answer is `outcome_unknown`: never taken for a success.

    Raises:
        UnreadableReply: There are no answers, or more than records.
    """
    answers = program.items(scope)
    if not isinstance(answers, list):
        raise error_of("contract", "The reply has no list of results, one for each record.")
    sent = program.of(scope) if program.of else ABSENT
    count = len(sent) if isinstance(sent, list) else len(answers)
    if len(answers) > count:
        raise error_of("contract", f"The reply has {len(answers)} results for {count} records.")
    outputs: list[Any] = []
    failed: list[dict[str, Any]] = []
    scope = dict(scope)
    for index in range(count):
        item = scope["item"] = answers[index] if index < len(answers) else ABSENT
        entry = _failure(program, scope, index, redactor)
        if entry is not None:
            failed.append(entry)
        if program.output is None:
            outputs.append(None if item is ABSENT else item)
        elif entry is None:
            outputs.append(program.output(scope))
        else:
            outputs.append({"error": entry})
    return outputs, failed


def _failure(
    program: ResultsProgram, scope: dict[str, Any], index: int, redactor: Redactor
) -> dict[str, Any] | None:
    item = scope["item"]
    if item is ABSENT:
        return {
            "index": index,
            "kind": "outcome_unknown",
            "message": "The reply says nothing about this record.",
        }
    if program.ok(scope):
        return None
    named = classify(program.errors, {**scope, "fault": item}, redactor)
    facts = dict(named.facts)
    entry = {
        "index": index,
        "kind": named.kind or "validation",
        "code": facts.get("code"),
        "message": named.message or "The service refused this record.",
        "hint": facts.get("hint"),
        "existingId": facts.get("existing_id"),
        "details": facts.get("details"),
    }
    return {key: value for key, value in entry.items() if value is not None}
