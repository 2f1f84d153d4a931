"""What a call gave back: results, attempts, pages, and the judging of many records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.base.values import ABSENT
from connector_runtime.conversation.replies.judging import NAMELESS, is_nameless
from connector_runtime.definition.error_names import UNNAMED, classify
from connector_runtime.definition.evaluation import TELLER, placed, safely
from connector_runtime.errors import Fault, error_of
from connector_runtime.errors.json_shapes import json_ready
from connector_runtime.errors.json_writing import dump_json
from connector_runtime.language.expressions.operators import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector_runtime.base.redaction import Redactor
    from connector_runtime.definition.program.common import Evaluate
    from connector_runtime.definition.program.reply import ResultsProgram

# Where nobody knows how many records were sent: no vendor writes so many at once. Judging one takes
# some microseconds, naming what is wrong with one some ten times that, and nobody else has a turn.
JUDGED_MAX = 10_000
REFUSED_MAX = 1_000


class Attempt(NamedTuple):
    """One request that was tried, and what it came to.

    Attributes:
        number: 1 for the first.
        certainty: `not_sent`, `rejected`, `unknown` or `answered`.
        kind: Kind of the failure, or None.
        status: HTTP status, or None when no reply came.
        duration_s: From sending to the last byte, in seconds.
        waited_s: Wait before this attempt, in seconds.
        why: Why it was made: `first`, `retry`, `token`, `page`, `lookup`, `poll` or `chunk`.
        may_double: Whether it may have done again what an earlier one did.
        request_id: The vendor's id of the request, or None.
        message: What went wrong, without secrets, or None.
        step: Name of the step it belongs to, or None.
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
    step: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready map with camel-case keys, without empty members."""
        shape = {
            "number": self.number,
            "why": self.why,
            "step": self.step,
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
        data: The vendor's JSON, text or bytes, unless the action's `output` says otherwise; a fraction
            is a float of the very same value, else a `Decimal` (always with `numbers="exact"`).
        status: HTTP status of the deciding reply.
        headers: Its headers, lower-case names.
        outcome: `done`, `partial` (some records failed), `found` (a look-up found
             that the write had happened) or `not_modified` (a request of one's own, such
             as one with If-Modified-Since, was answered with HTTP 304; there is no data).
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

    def to_dict(self, *, exact: bool = False) -> dict[str, Any]:
        """Return the one JSON shape of a result; `json.dumps` takes it.

        Args:
            exact: Leave decimals as they are, for a writer that knows them.
        """
        return {
            "outcome": self.outcome,
            "data": json_ready(self.data, exact=exact),
            "status": self.status,
            "headers": dict(self.headers),
            "attempts": [attempt.to_dict() for attempt in self.attempts],
            "failed": json_ready(self.failed, exact=exact),
        } | ({"warnings": list(self.warnings)} if self.warnings else {})

    def to_json(self, *, indent: int | None = None) -> str:
        """Return the JSON shape as text, every number with all its digits.

        Args:
            indent: Spaces per level, or None for one line.
        """
        return dump_json(self.to_dict(exact=True), indent=indent)


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

    def to_dict(self, *, exact: bool = False) -> dict[str, Any]:
        """Return the one JSON shape of a page; `json.dumps` takes it.

        Args:
            exact: Leave decimals as they are, for a writer that knows them.
        """
        shape = {"number": self.number, "items": self.items, "data": self.data, "next": self.next}
        found: dict[str, Any] = json_ready(shape, exact=exact)
        return found

    def to_json(self, *, indent: int | None = None) -> str:
        """Return the JSON shape as text, every number with all its digits.

        Args:
            indent: Spaces per level, or None for one line.
        """
        return dump_json(self.to_dict(exact=True), indent=indent)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


def check_records(found: list[Any]) -> None:
    """Check that a list is one of records: maps, or plain values where a vendor has no more to say.

    Raises:
        UnreadableReply: It has nothing in the place of a record, or maps beside other things.
    """
    if None in found:
        at = found.index(None)
    elif len({isinstance(record, Mapping) for record in found}) > 1:
        at = next(at for at, record in enumerate(found) if not isinstance(record, Mapping))
    else:
        return
    message = f"The reply has {kind_of(found[at])} where record {at + 1} of its list should be."
    raise error_of("contract", message)


def judge_records(
    program: ResultsProgram, scope: dict[str, Any], redactor: Redactor, warnings: list[str]
) -> tuple[list[Any], list[dict[str, Any]]]:
    """Judge a many-record reply record by record, whatever its HTTP status.

    A record that went well and whose `output` cannot be worked out is given as it came,
    with a warning. Where the answers are the very list that was sent, the vendor has one word
    for all of them: the failure is that of the whole reply.

    Returns:
        One entry a record, in the order sent, and the failed ones. A record
        without an answer is `outcome_unknown`: never taken for a success.

    Raises:
        UnreadableReply: There are more answers than records, or none though records were sent; or more
            than `JUDGED_MAX`, or `REFUSED_MAX` that failed, where nobody says how many were sent.
    """
    answers = safely(program.items, scope, "results", "items")
    if not isinstance(answers, list):
        if program.of is None and program.output is None:
            return [], []
        raise error_of("contract", "The reply has no list of results, one for each record.")
    sent = safely(program.of, scope, "results", "of") if program.of else ABSENT
    limit = None if isinstance(sent, list) else JUDGED_MAX
    count = len(sent) if isinstance(sent, list) else len(answers)
    if len(answers) > count:
        raise error_of("contract", f"The reply has {len(answers)} results for {count} records.")
    if limit is not None and count > limit:
        raise error_of("contract", f"The reply has {count:,} results; {limit:,} are the most.")
    outputs: list[Any] = []
    failed: list[dict[str, Any]] = []
    scope = dict(scope)
    # One word for all of them stands in the reply itself, and what is judged was sent by us.
    whole = scope.get("reply", {}).get("json", ABSENT) if answers is sent else None
    for index in range(count):
        item = scope["item"] = answers[index] if index < len(answers) else ABSENT
        scope["fault"] = item if whole is None else whole
        entry = _failure(program, scope, index, redactor)
        if entry is not None:
            failed.append(entry)
            if limit is not None and len(failed) > REFUSED_MAX:
                raise error_of("contract", f"The reply refuses more than {REFUSED_MAX:,} records.")
        if program.output is None:
            outputs.append(None if item is ABSENT else item)
        elif entry is None:
            outputs.append(worked_out(program.output, scope, item, warnings, "results"))
        else:
            outputs.append({"error": entry})
    return outputs, failed


def worked_out(
    output: Evaluate, scope: Mapping[str, Any], otherwise: Any, warnings: list[str], part: str
) -> Any:
    """Return what is to be given back of a write that went well, or else what came, with a warning."""
    try:
        return placed(output, scope, part, "output")
    except Exception as fault:  # noqa: BLE001  the write has happened, and no mistake of ours may hide it
        call = scope.get(TELLER)
        what = call.told(fault) if call and isinstance(fault, Fault) else type(fault).__name__
        warning = f"The write is done; its reply has another form and is given as it came: {what}."
        warnings += [warning] if warning not in warnings else []
        return otherwise


def _failure(
    program: ResultsProgram, scope: dict[str, Any], index: int, redactor: Redactor
) -> dict[str, Any] | None:
    if scope["item"] is ABSENT:
        return _unknown(index, "The reply says nothing about this record.")
    if safely(program.ok, scope, "results", "ok"):
        return _unknown(index, NAMELESS) if is_nameless(program.identity, scope) else None
    fault = scope["fault"]
    if not isinstance(fault, Mapping):
        return _unknown(index, f"The reply has {kind_of(fault)} where its word on this record should be.")
    named = classify(program.errors, scope, redactor)
    if named is UNNAMED:
        # Neither a yes nor a no that anybody knows: it is not for us to say that nothing was done.
        message = "What the reply says of this record is neither a yes nor a known no."
        return {"index": index, "kind": "contract", "message": message}
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


def _unknown(index: int, message: str) -> dict[str, Any]:
    hint = "Look the record up before sending it again."
    return {"index": index, "kind": "outcome_unknown", "message": message, "hint": hint}
