"""What an ended call needs to be taken up again: without secrets, small, and bound to what it belongs to."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from math import isfinite
from typing import TYPE_CHECKING, Any

from connector_runtime.base.json_text import JsonError
from connector_runtime.base.numbers import digestible
from connector_runtime.base.values import File, Secret
from connector_runtime.conversation.sequence.chunks import note_chunks
from connector_runtime.conversation.sequence.kept_steps import LONGEST_CHARS, keep
from connector_runtime.conversation.sequence.trail import Trail
from connector_runtime.errors import error_of
from connector_runtime.language.documents.document import dump_json, parse_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from connector_runtime.conversation.call import Call
    from connector_runtime.errors import ConnectorError

MAX_CHARS = 2 * LONGEST_CHARS
_FORM = 1
_DIGESTED_BYTES = 1024 * 1024
_PARTS = ("action", "state", "proof")
_BY_GRANT = (
    " This connection has no `name`, so its refresh token tells it from others: where the vendor exchanges "
    "that, keep all of `session.token`, or name the connection."
)


def note_trail(call: Call, trail: Trail, problem: ConnectorError) -> None:
    """Add to an error which steps are done, what came of each record, and how to go on."""
    note = ""
    if call.action.program.chunks is not None:
        at = note_chunks(call, trail, problem)
        is_open = at == trail.at and trail.began == at and (call.unknown_seen or call.is_open)
        state = None if at is None else {"form": _FORM, "at": at, "open": is_open}
        known = f"{trail.at:,} of {len(trail.records):,} records were done before"
    else:
        problem.done = trail.done
        state, note = _state_of_steps(call, trail)
        known = f"{', '.join(f'`{key}`' for key in trail.done) or 'no step'} was done before"
    told = f"{known[0].upper()}{known[1:]}." if note else ""
    if state is not None:
        text = dump_json(state)
        proof = _proof(call, trail, text)
        problem.resume = {"action": call.action.key, "state": text, "proof": proof}
        told = f"To go on ({known}), run the action again with the same inputs and the error's `resume`."
    problem.hint = " ".join(filter(None, (problem.hint, told, note))) or None


def prepare(call: Call, resume: Any) -> None:
    """Give a call that has several requests its trail, the one of an earlier call where there is one.

    Raises:
        InputError: `resume` cannot be taken up.
    """
    if not call.action.program.is_sequence:
        raise _refused("The action has a single request: run it without `resume`.")
    # Now, and not when a `resume` is made: that may be within a signal or an event loop, where no file can
    # be read, and by then it may be another than the one that was sent.
    files = {str(path): _digest(path) for path in _paths_in(call.inputs)}
    call.trail = Trail(files=files)
    if resume is not None:
        call.trail = take_up(call, call.trail, resume)


def _paths_in(value: Any) -> Iterator[Path]:
    if isinstance(value, File) and not isinstance(value.source, bytes):
        yield value.source
    elif isinstance(value, Mapping | list):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _paths_in(one)


def _digest(path: Path) -> str | None:
    """Return the digest of what a file holds; None where it cannot be read, which its sending will say."""
    digest = hashlib.sha256()
    with suppress(OSError), path.open("rb") as file:
        while piece := file.read(_DIGESTED_BYTES):
            digest.update(piece)
        return digest.hexdigest()
    return None


def take_up(call: Call, begun: Trail, resume: Any) -> Trail:
    """Return how far a call had come that ended with `resume`.

    Raises:
        InputError: It is none, was changed, or belongs to another action, other inputs or another
            connection; names `resume`.
    """
    if not isinstance(resume, Mapping) or not all(isinstance(resume.get(part), str) for part in _PARTS):
        raise _refused("It is not what an error's `resume` looks like.")
    if resume["action"] != call.action.key:
        raise _refused(f"It belongs to the action `{resume['action'][:100]}`.")
    text, proof = resume["state"], resume["proof"].encode("utf-8", "surrogatepass")
    if len(text) > MAX_CHARS or not hmac.compare_digest(_proof(call, begun, text).encode(), proof):
        message = "It was changed, or belongs to other inputs or to another connection."
        raise _refused(message, _BY_GRANT if call.channel.is_told_by_grant else "")
    try:
        state = parse_json(text.encode(), numbers=call.numbers)
        found = _trail(call, state)
    # A connection without secrets proves nothing of who made it.
    except (JsonError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        found = None
    if found is None:
        raise _refused("It cannot be read, or the action has other steps by now.")
    return replace(found, files=begun.files)


def _trail(call: Call, state: Any) -> Trail | None:
    program, at = call.action.program, state["at"]
    if state["form"] != _FORM:
        return None
    if program.chunks is not None:
        return Trail(at=at, is_open=bool(state["open"])) if type(at) is int and at >= 0 else None
    keys = [step.key for step in program.steps]
    if not {*state["done"], *state["again"]} <= {*keys} or (at is not None and at not in keys):
        return None
    return Trail(
        at=len(keys) if at is None else keys.index(at),
        done=tuple(state["done"]),
        seen=dict(state["seen"]),
        again=frozenset(state["again"]),
        is_open=bool(state["open"]),
        sent_at=_number(state["sentAt"]),
        sent_date=_number(state.get("sentDate")),
        short=tuple(state.get("short", ())),
    )


def _number(value: Any) -> float | None:
    number = None if value is None else float(value)
    if number is not None and not isfinite(number):
        raise ValueError
    return number


def _refused(message: str, more: str = "") -> ConnectorError:
    return error_of(
        "input",
        f"The call cannot be resumed: {message}",
        hint=f"Give the error's `resume` as it came, with the inputs and the connection of that call.{more}",
        input="resume",
    )


def _state_of_steps(call: Call, trail: Trail) -> tuple[dict[str, Any] | None, str]:
    """Return where to go on and what that needs, and what there is to say about it.

    The first is None where nothing is known yet, or a later step reads of a write what cannot be kept.
    """
    steps = call.action.program.steps
    left = [step.key for step in steps[trail.at :] if step.key not in trail.done]
    at = left[0] if left else None
    is_open, sent_at, sent_date = trail.is_open, trail.sent_at, trail.sent_date
    if not is_open and at == call.step:
        is_open = call.unknown_seen or call.is_open
        if call.sent_at is not None:
            sent_at = call.clock.now() - (call.clock.monotonic() - call.sent_at)
            sent_date = call.date_sent()
    if not trail.done and not is_open:
        return None, ""
    kept = keep(call, trail)
    if kept.seen is None:
        return None, f"It cannot be taken up: what the step `{kept.short[0]}` answered cannot be kept."
    state = {"form": _FORM, "at": at, "done": list(trail.done), "open": is_open, "sentAt": sent_at}
    state["sentDate"] = sent_date
    return state | kept._asdict(), _left_out(kept.short) if kept.short else ""


def _left_out(keys: Iterable[str]) -> str:
    names = ", ".join(f"`{key}`" for key in keys)
    return f"What {names} answered is too long to be kept, or has a secret in it: the result will miss it."


def _proof(call: Call, trail: Trail, text: str) -> str:
    """Return what binds a text to an action, its inputs and the connection: nobody else can make it."""
    inputs = json.dumps(call.inputs, default=partial(_plain, trail.files), sort_keys=True)
    return call.channel.proof(f"{call.action.key}\0{inputs}\0{text}")


def _plain(files: Mapping[str, str | None], value: Any) -> Any:
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, File):
        source = value.source
        digest = hashlib.sha256(source).hexdigest() if isinstance(source, bytes) else files.get(str(source))
        return ["file", value.name, value.content_type, value.size_bytes, digest]
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, Mapping):
        return dict(value)
    number = digestible(value)
    return number if isinstance(number, float) else [type(value).__name__, str(value)]
