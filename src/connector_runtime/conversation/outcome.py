"""What a call gives back, record by record where there are many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.base.values import ABSENT, Certainty
from connector_runtime.conversation.call import NOT_MODIFIED
from connector_runtime.conversation.failures import effect_of, failure_of, headers_of, identity_of, look_first
from connector_runtime.conversation.replies.judging import Verdict
from connector_runtime.conversation.replies.results import Result, judge_records, worked_out
from connector_runtime.definition.evaluation import placed
from connector_runtime.errors import UNSURE_KINDS, ConnectorError, error_of

if TYPE_CHECKING:
    from connector_runtime.conversation.call import Call
    from connector_runtime.conversation.paging import Listing
    from connector_runtime.definition.program.reply import ResultsProgram


def finish(call: Call, scope: dict[str, Any], verdict: Verdict, listed: Listing | None = None) -> Result:
    """Return the result of a call that the vendor has said yes to.

    Args:
        call: The call.
        scope: What its expressions see; `items` is added where there are many records.
        verdict: On its reply.
        listed: What was read, where it is a listing.

    Raises:
        ConnectorError: Of many records none succeeded; `failed` has them.
    """
    reply, values = call.unit.reply, verdict.values
    if verdict.facts.get("status") == NOT_MODIFIED:
        return _result(call, verdict, None, outcome="not_modified")
    failed: list[dict[str, Any]] = []
    data = _data(call, reply.form(scope), values, listed)
    if listed is not None:
        scope["items"] = listed.items
    if reply.results is not None and verdict.kind is None:
        outputs, failed = _judged(call, reply.results, scope, verdict)
        if failed and len(failed) == len(outputs):
            raise _all_failed(call, scope, verdict, failed)
        if outputs:
            scope["items"] = outputs
        if reply.results.output is not None:
            data = outputs
    if reply.output is not None and verdict.kind is None and call.save_to is None:
        if call.effect == "read":
            data = placed(reply.output, scope, "reply", "output")
        else:
            data = worked_out(reply.output, scope, data, call.warnings, "reply")
    return _result(call, verdict, data, outcome="partial" if failed else "done", failed=tuple(failed))


class JudgedChunk(NamedTuple):
    """What has come of a chunk.

    Attributes:
        outputs: What is given back of each record, in the order sent.
        failed: The entries of those that failed.
        problem: What a call of this chunk alone would end with, where all failed; else None.
    """

    outputs: list[Any]
    failed: list[dict[str, Any]]
    problem: ConnectorError | None


def judged_chunk(call: Call, scope: dict[str, Any], verdict: Verdict) -> JudgedChunk:
    """Judge the records of a chunk.

    Raises:
        UnreadableReply: Or `OutcomeUnknown`: the reply does not say what came of them.
    """
    # The same verdict that a single request would get, but nothing is raised: other chunks may be done.
    results = call.unit.reply.results
    assert results is not None  # noqa: S101  chunks have one, `check` says
    outputs, failed = _judged(call, results, scope, verdict)
    is_lost = bool(failed) and len(failed) == len(outputs)
    return JudgedChunk(outputs, failed, _all_failed(call, scope, verdict, failed) if is_lost else None)


def _result(call: Call, verdict: Verdict, data: Any, **more: Any) -> Result:
    return Result(
        data=None if data is ABSENT else data,
        status=verdict.facts.get("status"),
        headers=call.redactor.known_headers(verdict.values.get("headers", {})),
        attempts=tuple(call.attempts),
        warnings=tuple(call.warnings),
        **more,
    )


def _data(call: Call, form: Any, values: Any, listed: Listing | None) -> Any:
    if call.save_to is not None:
        if call.draft is None or not call.draft.is_whole:
            return None  # there was no content, and an older file stays
        return {"path": str(call.save_to), "contentType": values["headers"].get("content-type")}
    if form == "binary":
        return values["body"]
    if form == "text":
        return values.get("text", "")
    if listed is not None and listed.wants_all and call.unit.reply.output is None:
        # By what was asked for: the shape must not depend on how many pages there happen to be.
        return listed.items
    return values.get("json", ABSENT)


def _judged(
    call: Call, results: ResultsProgram, scope: dict[str, Any], verdict: Verdict
) -> tuple[list[Any], list[dict[str, Any]]]:
    """Judge record by record: what is given back of each, and the entries of those that failed."""
    try:
        outputs, failed = judge_records(results, scope, call.redactor, call.warnings)
    except ConnectorError as problem:
        unreadable = Verdict(Certainty.UNKNOWN, "contract", problem.message, verdict.values, verdict.facts)
    else:
        if call.unit.effect == "delete" and call.unknown_seen:
            gone = {entry["index"] for entry in failed if entry["kind"] == "not_found"}
            failed = [entry for entry in failed if entry["kind"] != "not_found"]
            if results.output is not None:
                # The first attempt has removed it, and nobody has said a word about that.
                outputs = [None if index in gone else one for index, one in enumerate(outputs)]
        _say_what_to_look_up(call, scope, failed)
        if failed and call.faults:
            why = call.told(call.faults[0])
            warning = f"The component's files cannot judge every record: {why}."
            # Of many chunks, or of a step that is polled, once.
            call.warnings += [warning] if warning not in call.warnings else []
        return outputs, failed
    raise failure_of(call, scope, unreadable)


def _say_what_to_look_up(call: Call, scope: dict[str, Any], failed: list[dict[str, Any]]) -> None:
    """Complete the entries of failed records: some may be there, although their answer is an error."""
    identity, effect = identity_of(call, scope) if failed else None, effect_of(call, scope) if failed else ""
    for entry in failed:
        own = identity[entry["index"]] if isinstance(identity, list) else identity
        is_unsafe = effect == "create" or (effect == "upsert" and own is None)
        is_open = entry["kind"] in UNSURE_KINDS or entry["kind"] == "contract"
        if entry["kind"] == "outcome_unknown" or (is_unsafe and is_open):
            known = {"identity": own} if own else {}
            entry.update(known, kind="outcome_unknown", hint=look_first(call, scope, own))


def _all_failed(
    call: Call, scope: dict[str, Any], verdict: Verdict, failed: list[dict[str, Any]]
) -> ConnectorError:
    # What may have been written weighs more than what was refused.
    first = next((entry for entry in failed if entry["kind"] == "outcome_unknown"), failed[0])
    names = {"code": "code", "hint": "hint", "existingId": "existing_id", "details": "details"}
    facts = {name: first[key] for key, name in names.items() if key in first}
    kind = first["kind"]
    if kind == "duplicate" and call.unknown_seen and call.unit.effect in ("create", "upsert"):
        kind = "outcome_unknown"
    return error_of(
        kind,
        first["message"],
        status=verdict.facts.get("status"),
        headers=headers_of(call, verdict),
        identity=identity_of(call, scope),
        failed=failed,
        **facts,
    )
