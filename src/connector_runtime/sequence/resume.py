"""What an ended call needs to be taken up again: without secrets, small, and bound to what it belongs to."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connector_runtime.documents import dump_json, parse_json
from connector_runtime.documents.json_text import JsonError
from connector_runtime.errors import error_of
from connector_runtime.places import ALL_NAMES
from connector_runtime.sequence.chunks import note_chunks
from connector_runtime.sequence.trail import Trail
from connector_runtime.templates import references_of
from connector_runtime.values import File, Secret

if TYPE_CHECKING:
    from connector_runtime.call import Call
    from connector_runtime.errors import ConnectorError

# What later steps need of earlier ones is an id or an address; more is read again.
MAX_CHARS = 64 * 1024
_FORM = 1
_PARTS = ("action", "state", "proof")


def note_trail(call: Call, trail: Trail, problem: ConnectorError) -> None:
    """Add to an error which steps are done, what came of each record, and how to go on."""
    if call.action.program.chunks is not None:
        at = note_chunks(call, trail, problem)
        is_open = at == trail.at and trail.began == at and (call.unknown_seen or call.is_open)
        state = None if at is None else {"form": _FORM, "at": at, "open": is_open}
        known = f"{trail.at:,} of {len(trail.records):,} records were done before"
    else:
        problem.done = trail.done
        state = _state_of_steps(call, trail)
        known = f"{', '.join(f'`{key}`' for key in trail.done) or 'no step'} was done before"
    if state is None:
        return
    text = dump_json(state)
    proof = _proof(call, text)
    problem.resume = {"action": call.action.key, "state": text, "proof": proof}
    told = f"To go on ({known}), run the action again with the same inputs and the error's `resume`."
    problem.hint = f"{problem.hint} {told}" if problem.hint else told


def prepare(call: Call, resume: Any) -> None:
    """Give a call that has several requests its trail, the one of an earlier call where there is one.

    Raises:
        InputError: `resume` cannot be taken up.
    """
    if not call.action.program.is_sequence:
        raise _refused("The action has a single request: run it without `resume`.")
    call.trail = Trail() if resume is None else take_up(call, resume)


def take_up(call: Call, resume: Any) -> Trail:
    """Return how far a call had come that ended with `resume`.

    Raises:
        InputError: It is none, was changed, or belongs to another action, other inputs or another
            connection; names `resume`.
    """
    if not isinstance(resume, Mapping) or not all(isinstance(resume.get(part), str) for part in _PARTS):
        raise _refused("It is not what an error's `resume` looks like.")
    if resume["action"] != call.action.key:
        raise _refused(f"It belongs to the action `{resume['action'][:100]}`.")
    text = resume["state"]
    if len(text) > MAX_CHARS or not hmac.compare_digest(_proof(call, text), resume["proof"]):
        raise _refused("It was changed, or belongs to other inputs or to another connection.")
    try:
        state = parse_json(text.encode(), exact=True)
    except JsonError:
        raise _refused("It cannot be read.") from None
    return _trail(call, state)


def _trail(call: Call, state: Any) -> Trail:
    program = call.action.program
    if state.get("form") == _FORM and program.chunks is not None and isinstance(state.get("at"), int):
        return Trail(at=state["at"], is_open=bool(state.get("open")))
    keys = [step.key for step in program.steps]
    names = [*state.get("done", ()), *state.get("again", ())]
    at = state.get("at")
    if state.get("form") != _FORM or not {*names, *([at] if at else [])} <= {*keys}:
        raise _refused("The action has other steps by now.")
    return Trail(
        at=keys.index(at) if at else len(keys),
        done=tuple(state["done"]),
        seen=dict(state["seen"]),
        again=frozenset(state["again"]),
        is_open=bool(state["open"]),
        sent_at=None if state["sentAt"] is None else float(state["sentAt"]),
    )


def _refused(message: str) -> ConnectorError:
    return error_of(
        "input",
        f"The call cannot be resumed: {message}",
        hint="Give the error's `resume` as it came, with the inputs and the connection of that call.",
        input="resume",
    )


def _state_of_steps(call: Call, trail: Trail) -> dict[str, Any] | None:
    """Return where to go on and what that needs; None where nothing is known, or it cannot be kept."""
    steps = call.action.program.steps
    left = [step.key for step in steps[trail.at :] if step.key not in trail.done]
    at = left[0] if left else None
    is_open, sent_at = trail.is_open, trail.sent_at
    if not is_open and at == call.step:
        is_open = call.unknown_seen or call.is_open
        if call.sent_at is not None:
            sent_at = call.clock.now() - (call.clock.monotonic() - call.sent_at)
    if not trail.done and not is_open:
        return None
    wanted = _wanted(call)
    if call.action.program.output is None and trail.done:
        # It is the result if every step behind it is left out.
        wanted.setdefault(trail.done[-1], {})["output"] = {"*": True}
    seen: dict[str, Any] = {}
    again = []
    spare = MAX_CHARS // 2
    for step in steps:
        if step.key not in trail.done:
            continue
        kept = _pruned(trail.seen.get(step.key), wanted.get(step.key, {}))
        try:
            size = MAX_CHARS if kept is None else len(dump_json(kept))
        except (TypeError, ValueError):
            size = MAX_CHARS
        if size <= spare and _is_clean(call, kept):
            seen[step.key] = kept
            spare -= size
        elif step.unit.effect == "read":
            again.append(step.key)
        else:
            return None
    return {
        "form": _FORM, "at": at, "done": list(trail.done), "seen": seen, "again": again,
        "open": is_open, "sentAt": sent_at,
    }  # fmt: skip


def _wanted(call: Call) -> dict[Any, Any]:
    """Return which members of which step any expression of the action reads, as a tree."""
    tree: dict[Any, Any] = {}
    parts = {key: part for key, part in call.action.definition.items() if key not in ("examples", "tests")}
    for path in references_of(parts, ALL_NAMES):
        if path[0] != "steps":
            continue
        node = tree
        for key in path[1:]:
            if key is None or node.get("*"):
                break
            node = node.setdefault(key, {})
        node["*"] = True
    return tree


def _pruned(value: Any, wanted: Mapping[Any, Any]) -> Any:
    """Return of a value what is wanted, in the same places."""
    if wanted.get("*"):
        return value
    if isinstance(value, Mapping):
        return {key: _pruned(value[key], inner) for key, inner in wanted.items() if key in value}
    if isinstance(value, list) and all(isinstance(key, int) and key >= 0 for key in wanted):
        size = min(len(value), max(wanted, default=-1) + 1)
        return [_pruned(value[at], wanted[at]) if at in wanted else None for at in range(size)]
    return value


def _is_clean(call: Call, value: Any) -> bool:
    """Return whether no secret that is known stands in a value: a vendor may repeat a token."""
    if isinstance(value, str):
        return call.redactor.known(value) == value
    if isinstance(value, Mapping):
        return all(_is_clean(call, one) for pair in value.items() for one in pair)
    return all(_is_clean(call, one) for one in value) if isinstance(value, list) else True


def _proof(call: Call, text: str) -> str:
    """Return what binds a text to an action, its inputs and the connection: nobody else can make it."""
    inputs = json.dumps(call.inputs, default=_plain, sort_keys=True)
    return call.channel.proof(f"{call.action.key}\0{inputs}\0{text}")


def _plain(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, File):
        content = value.source if isinstance(value.source, bytes) else b""
        digest = hashlib.sha256(content).hexdigest()
        return ["file", value.name, value.content_type, value.size_bytes, digest]
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, Mapping):
        return dict(value)
    return [type(value).__name__, str(value)]
