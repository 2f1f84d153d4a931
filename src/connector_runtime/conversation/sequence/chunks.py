"""A list of any length through a request that takes so many at once: each chunk is judged alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.base.values import ABSENT
from connector_runtime.conversation.failures import identity_of, look_first
from connector_runtime.conversation.outcome import judged_chunk
from connector_runtime.conversation.replies.results import Result, worked_out
from connector_runtime.errors import ConnectorError, error_of
from connector_runtime.language.expressions.operators import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from connector_runtime.conversation.call import Call
    from connector_runtime.conversation.io_steps import Conversation
    from connector_runtime.conversation.replies.judging import Verdict
    from connector_runtime.conversation.sequence.trail import Trail

    Perform = Callable[[Call, dict[str, Any], str], Conversation[Verdict]]
    Settle = Callable[[Call, dict[str, Any], str], Conversation[Result]]

# Refusals of what is in a chunk: the next one may be better. All others would only meet the same again.
_OWN_KINDS = frozenset({"input", "validation", "duplicate", "conflict"})


def run_chunks(
    call: Call, scope: dict[str, Any], trail: Trail, perform: Perform, settle: Settle
) -> Conversation[Result]:
    """Send a list chunk by chunk, in order; what fits into one request is sent as if there were no chunks.

    Raises:
        ConnectorError: A chunk could not be done for a reason that the next would meet, too, or every
            record failed. What was done before is the error's `items`.
    """
    chunks = call.action.program.chunks
    assert chunks is not None  # noqa: S101  asked before
    records = chunks.of(scope)
    if not isinstance(records, list):
        what = "nothing" if records is ABSENT else kind_of(records)
        raise error_of("input", f"There is {what} where the list of records should be.")
    if len(records) <= chunks.max and not trail.at:
        trail.chunk = scope["chunk"] = records
        return (yield from settle(call, scope, "first"))
    trail.records, first = records, trail.at
    results = call.action.program.unit.reply.results
    status, headers = None, {}
    while trail.at < len(records):
        chunk = trail.chunk = scope["chunk"] = records[trail.at : trail.at + chunks.max]
        call.begin(call.action.program.unit)
        # What was in doubt when a call ended belongs to the chunk that it is taken up with alone.
        call.unknown_seen, trail.is_open = trail.is_open, False
        trail.began = trail.at
        try:
            verdict = yield from perform(call, scope, "chunk" if trail.at > first else "first")
            outputs, failed, lost = judged_chunk(call, scope, verdict)
        except ConnectorError as problem:
            if problem.kind not in _OWN_KINDS:
                raise
            failed = list(_all_alike(call, scope, chunk, problem))
            outputs = [{"error": entry} for entry in failed]
        else:
            status, headers = verdict.facts.get("status"), verdict.values.get("headers", {})
            if lost is not None:
                failed = [_as_a_whole(call, entry, lost) for entry in failed]
                # Without an `output` of its own, the vendor's words are given, as of any other chunk.
                if results is not None and results.output is not None:
                    outputs = [{"error": entry} for entry in failed]
        trail.results += [_moved_output(one, trail.at) for one in outputs]
        trail.failed += [_moved(entry, trail.at) for entry in failed]
        # Only this says that the chunk is done: whatever stops the call, no record is told of twice.
        trail.at += len(chunk)
        call.progressed({"done": trail.at, "of": len(records)})
    if trail.failed and len(trail.failed) == len(trail.results):
        raise _all_failed(trail.failed)
    return Result(
        data=_data(call, scope, trail),
        status=status,
        headers=call.redactor.known_headers(headers),
        outcome="partial" if trail.failed else "done",
        failed=tuple(trail.failed),
        attempts=tuple(call.attempts),
        warnings=tuple(call.warnings),
    )


def note_chunks(call: Call, trail: Trail, problem: ConnectorError) -> int | None:
    """Say on an error what came of each record, those that were not sent included.

    Returns:
        Where a resumed call goes on, or None where nothing was done yet or there is nothing left.
    """
    chunks = call.action.program.chunks
    if not trail.records or problem.failed or chunks is None:
        return None
    first = trail.at
    # A chunk that was not begun was not sent, whatever became of the one before.
    chunk = trail.records[first : first + chunks.max] if trail.began == first else []
    is_unknown = problem.kind == "outcome_unknown" and bool(chunk)
    here = _all_alike(call, {**call.scope(), "chunk": chunk}, chunk, problem) if chunk else ()
    failed = [entry for entry in trail.failed if entry["index"] < first]
    failed += [_moved(entry, first) for entry in here]
    rest = range(first + len(chunk), len(trail.records))
    failed += [{"index": index, "kind": "not_sent", "message": _NOT_SENT} for index in rest]
    problem.items, problem.failed = trail.results[:first], tuple(failed)
    at = first + (len(chunk) if is_unknown else 0)
    return at if (first or is_unknown) and at < len(trail.records) else None


_NOT_SENT = "The record was not sent: the call ended before."


def _all_alike(
    call: Call, scope: dict[str, Any], chunk: list[Any], problem: ConnectorError
) -> Iterator[dict[str, Any]]:
    """Yield an entry for each record of a chunk that had the same fate."""
    if problem.kind == "outcome_unknown":
        known = identity_of(call, scope)
        names = known if isinstance(known, list) else [known] * len(chunk)
        for index, name in enumerate(names):
            entry = {"index": index, "kind": problem.kind, "message": problem.message}
            yield entry | ({"identity": name} if name else {}) | {"hint": look_first(call, scope, name)}
        return
    is_sent = call.sent_at is not None
    facts = {"code": problem.code, "hint": problem.hint, "details": problem.details}
    entry = {"kind": problem.kind if is_sent or problem.kind in _OWN_KINDS else "not_sent"}
    entry |= {"message": problem.message} | {key: value for key, value in facts.items() if value is not None}
    for index in range(len(chunk)):
        yield {"index": index, **entry}


def _as_a_whole(call: Call, entry: Mapping[str, Any], problem: ConnectorError) -> dict[str, Any]:
    """Return an entry as a single request would tell it: a duplicate may be what an earlier attempt made."""
    is_own = call.unknown_seen and problem.kind == "outcome_unknown" and entry["kind"] == "duplicate"
    return {**entry, "kind": problem.kind} if is_own else dict(entry)


def _moved(entry: Mapping[str, Any], by: int) -> dict[str, Any]:
    """Return an entry of a failed record, counted in the whole list."""
    return {**entry, "index": entry["index"] + by}


def _moved_output(output: Any, by: int) -> Any:
    if isinstance(output, dict) and output.keys() == {"error"}:
        return {"error": _moved(output["error"], by)}
    return output


def _all_failed(failed: list[Mapping[str, Any]]) -> ConnectorError:
    # What may have been written weighs more than what was refused.
    first = next((entry for entry in failed if entry["kind"] == "outcome_unknown"), failed[0])
    names = ("code", "hint", "details")
    facts = {name: first[name] for name in names if name in first}
    return error_of(first["kind"], first["message"], failed=failed, **facts)


def _data(call: Call, scope: dict[str, Any], trail: Trail) -> Any:
    """Return what the action gives back of all records."""
    output = call.unit.reply.output
    if output is None:
        return trail.results
    return worked_out(output, {**scope, "items": trail.results}, trail.results, call.warnings, "reply")
