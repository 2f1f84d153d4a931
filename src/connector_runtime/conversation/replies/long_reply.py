"""A long reply read beforehand, in slices: between two of them others run, and time may be up."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Any

from connector_runtime.base.json_text import count_values
from connector_runtime.base.long_json import parse_in_slices
from connector_runtime.base.messages import DEFAULT_LIMITS, Failure
from connector_runtime.base.values import Certainty
from connector_runtime.conversation.io_steps import Sleep
from connector_runtime.language.documents.document import JsonError

if TYPE_CHECKING:
    from connector_runtime.base.messages import Reply
    from connector_runtime.base.numbers import Numbers
    from connector_runtime.base.values import Deadline
    from connector_runtime.conversation.io_steps import Conversation

# Counted and decoded so much at a time: a few milliseconds of work.
_STEP_BYTES = 256 * 1024


def read_long(
    reply: Reply, *, numbers: Numbers | None, as_text: bool, deadline: Deadline
) -> Conversation[Reply | Failure]:
    """Read the content of a long reply; returns the reply with `early`, or why it is not taken.

    Args:
        reply: The reply.
        numbers: What becomes of its fractions where it is read as JSON, None where it is not.
        as_text: Whether its text is wanted.
        deadline: When the call ends, whatever is read by then.
    """
    early: dict[str, Any] = {}
    if numbers is not None:
        found = yield from _json(reply.body, numbers, deadline)
        if isinstance(found, Failure):
            return found
        early |= found
    if as_text:
        text = yield from _text(reply.body, deadline)
        if isinstance(text, Failure):
            return text
        early["text"] = text
    reply.early = early
    return reply


def _json(
    content: bytes, numbers: Numbers, deadline: Deadline
) -> Conversation[dict[str, Any] | Failure]:
    values = 0
    for start in range(0, len(content), _STEP_BYTES):
        values += count_values(content[start : start + _STEP_BYTES])
        yield Sleep(0.0)
    if values > DEFAULT_LIMITS.values:
        return Failure(
            Certainty.UNKNOWN, "limit", f"The reply has more than {DEFAULT_LIMITS.values:,} values."
        )
    slices = parse_in_slices(content, numbers)
    while True:
        if deadline.left_s() <= 0.0:
            return _late()
        try:
            next(slices)
        except StopIteration as end:
            return {"json": end.value}
        except JsonError as problem:
            return {"unreadable": str(problem)}
        yield Sleep(0.0)


def _text(content: bytes, deadline: Deadline) -> Conversation[str | Failure]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    pieces = []
    for start in range(0, len(content), _STEP_BYTES):
        if deadline.left_s() <= 0.0:
            return _late()
        pieces.append(decoder.decode(content[start : start + _STEP_BYTES]))
        yield Sleep(0.0)
    return "".join([*pieces, decoder.decode(b"", final=True)])


def _late() -> Failure:
    return Failure(Certainty.UNKNOWN, "timeout", "The time for this call ran out while the reply was read.")
