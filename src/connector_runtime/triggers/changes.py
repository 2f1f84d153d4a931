"""One source of a trigger read as changes: a page asked for, its rows as moments and identities."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.base.instants import date_s
from connector_runtime.base.numbers import digestible, exactly
from connector_runtime.base.values import ABSENT
from connector_runtime.conversation.exchange import converse
from connector_runtime.definition.evaluation import safely
from connector_runtime.errors import Fault, error_of
from connector_runtime.language.expressions.operators import kind_of
from connector_runtime.triggers.moments import SECOND, Moment, moment_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from connector_runtime.base.numbers import Numbers
    from connector_runtime.conversation.call import Call
    from connector_runtime.conversation.io_steps import Conversation
    from connector_runtime.definition.model import Action
    from connector_runtime.definition.program.trigger import PollSource

    # Gives the call that sends a source's request, with the names that it sees beside.
    Ask = Callable[[Action, Mapping[str, Any]], Call]


# A state keeps the identity where a window goes on, and has 64 KB; no vendor's is longer.
MAX_IDENTITY_CHARS = 255


class Row(NamedTuple):
    """A change as a source tells it; `number` tells it from all others."""

    identity: Any
    at: Moment
    item: Any
    data: Any
    change: str
    number: int


class Batch(NamedTuple):
    """A batch of changes: what came of asking for one page.

    Attributes:
        rows: The changes in the order they came.
        has_more: Whether there is another page, or None where the vendor does not say so.
        following: What `page` is on the next page of a source with page numbers.
        clock: The vendor's clock in microseconds, or None.
        scope: What expressions about the rows see.
    """

    rows: list[Row]
    has_more: bool | None
    following: Mapping[str, Any] | None
    clock: int | None
    scope: Mapping[str, Any]


@contextmanager
def worked_out(source: PollSource) -> Iterator[None]:
    """Say of which source an expression met what it was not made for: a vendor may send anything.

    Raises:
        UnreadableReply: An expression cannot be worked out.
    """
    try:
        yield
    except Fault as fault:
        raise _unreadable(source, fault.message, fault.hint) from None


def ask_page(
    source: PollSource, ask: Ask, since: Mapping[str, Any], page: Mapping[str, Any] | None
) -> Conversation[Batch]:
    """Ask for one page of a source.

    Args:
        source: The source.
        ask: Gives the call.
        since: What the request sees as `since`.
        page: What it sees as `page`; empty for the first page of a source with page numbers.

    Raises:
        ConnectorError: As an action would; or the page is not one of changes.
    """
    names: dict[str, Any] = {"since": since}
    if source.paging is not None:
        names["page"] = page or dict(source.paging.start(ask(source.action, names).scope()))
    call = ask(source.action, names)
    result = yield from converse(call)
    seconds = date_s(result.headers.get("date"))
    clock = None if seconds is None else int(seconds) * SECOND
    if result.outcome == "not_modified":
        return Batch([], has_more=False, following=None, clock=clock, scope=call.scope())
    reply = {"status": result.status, "headers": result.headers}
    if result.data is not None:
        reply["json"] = result.data
    scope = call.scope(reply=reply)
    items = source.items(scope)
    if not isinstance(items, list):
        raise _unreadable(source, "there is no list of changes in the reply")
    has_more, following = None, None
    if source.paging is not None:
        has_more = bool(source.paging.more(scope))
        following = dict(source.paging.next(scope)) if has_more else None
    elif source.more is not None:
        has_more = bool(source.more(scope))
    rows = [_row(source, scope, item, index, call.numbers) for index, item in enumerate(items)]
    return Batch(rows, has_more, following, clock, scope)


def _row(source: PollSource, scope: Mapping[str, Any], item: Any, index: int, numbers: Numbers) -> Row:
    seen = {**scope, "item": item}
    identity = safely(source.identity, seen)
    if isinstance(identity, bool) or not isinstance(identity, str | int) or identity == "":
        raise _unreadable(source, f"change {index + 1} of the reply has no identity")
    if len(str(identity)) > MAX_IDENTITY_CHARS:
        what = f"the identity of change {index + 1} has more than {MAX_IDENTITY_CHARS} characters"
        raise _unreadable(source, what, "Let `identity` take what the vendor knows the record by.")
    at = moment_of(safely(source.made, seen))
    if at is None:
        raise _unreadable(source, f"change {index + 1} of the reply does not say when it was made")
    if at.is_day and source.form != "date":
        hint = "Ask by days as well: `since: { as: date }`."
        raise _unreadable(source, "its changes tell the day only, and it asks from a moment on", hint)
    change = change_of(source, identity, seen)
    data = source.output(seen) if source.output is not None else item
    data = exactly(data) if numbers == "exact" else data
    told = json.dumps([identity, at.micro, data], sort_keys=True, default=digestible)
    digest = hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    number = int.from_bytes(digest, "little")
    return Row(identity, at, item, None if data is ABSENT else data, change, number)


def change_of(source: PollSource, identity: Any, scope: Mapping[str, Any]) -> str:
    """Return the word for what has happened to a record.

    Args:
        source: The source that told of it.
        identity: The record's.
        scope: What its expressions see, `item` and `since` among it.

    Raises:
        ConnectorError: There is none: an event without it could not be told from others.
    """
    change = safely(source.change, scope)
    if isinstance(change, str) and change:
        return change
    what = "nothing" if change in (None, "") else kind_of(change)
    message = f"`change` of the record {identity} is {what}, not a word for what has happened to it"
    hint = "Let `change` be a text in every case, as with `| default('updated')`."
    raise _unreadable(source, message, hint)


def _unreadable(source: PollSource, what: str, hint: str | None = None) -> Exception:
    return error_of("contract", f"The source `{source.key}` cannot be read: {what}.", hint=hint)
