"""Reading a listing to its real end, page by page."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.base.bodies import opened
from connector_runtime.base.values import ABSENT, Deadline
from connector_runtime.conversation.io_steps import Give
from connector_runtime.conversation.replies.results import Page, check_records
from connector_runtime.definition.evaluation import placed, safely
from connector_runtime.errors import error_of
from connector_runtime.language.expressions.operators import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector_runtime.base.messages import Outgoing
    from connector_runtime.base.redaction import Redactor
    from connector_runtime.conversation.call import Call
    from connector_runtime.conversation.io_steps import Conversation
    from connector_runtime.conversation.replies.judging import Verdict
    from connector_runtime.definition.program.reply import PagingProgram
    from connector_runtime.errors import ConnectorError

    Perform = Callable[[Call, dict[str, Any], str], Conversation[Verdict]]

# Circles are short: a vendor that repeats itself does so within fewer pages than this.
MARKS_KEPT = 100
# A longer cursor is not put into a sentence; it stands in the error's `cursor`.
_SHOWN_CHARS = 200


@dataclass(eq=False, repr=False)
class Progress:
    """What a listing has read, and where it would go on: kept whatever ends it.

    Attributes:
        items: The records read; none where they are handed out page by page.
        pages: How many pages were read.
        cursor: Where the next page is, None after the last one.
    """

    items: list[Any] = field(default_factory=list)
    pages: int = 0
    count: int = 0
    cursor: Mapping[str, Any] | None = None
    _asked: dict[bytes, None] = field(default_factory=dict)

    def asks(self, outgoing: Outgoing) -> None:
        """Note the request for a page, before it is sent.

        Raises:
            UnreadableReply: The very same one was sent for a page before: it would read that again.
        """
        mark = _digest(outgoing)
        if mark in self._asked:
            self.cursor = None
            raise _circle()
        _keep(self._asked, mark)


class Listing(NamedTuple):
    """What a listing came to.

    Attributes:
        verdict: On the last page.
        items: The records of all pages read; none of a stream, which gave them away.
        wants_all: Whether all pages were asked for, however many there happened to be.
    """

    verdict: Verdict
    items: list[Any]
    wants_all: bool


def listing(
    call: Call, paging: PagingProgram, scope: dict[str, Any], perform: Perform
) -> Conversation[Listing]:
    """Read one page, or all of them when the user or a stream wants all.

    What was read is noted on the call as it goes, for `note_progress`.

    Raises:
        InputError: All pages are wanted in one file, where each would replace the one before.
        ReplyTooLarge: The action's cap was reached.
        UnreadableReply: No list of records, or a vendor that sends in circles.
    """
    state = _plain(placed(paging.start, scope, "paginate", "start"))
    wants_all = call.stream or bool(paging.all and placed(paging.all, scope, "paginate", "all"))
    if wants_all and call.save_to is not None:
        message = "All pages of a listing cannot be saved as one reply."
        raise error_of("input", message, hint="Save one page, or keep the records that are returned.")
    # A cursor may come back in a later page as well as in the next one, so the last hundred are kept.
    seen = {_mark(state): None}
    progress = call.progress = Progress()
    while True:
        scope["page"] = state
        verdict = yield from perform(call, scope, "page" if progress.pages else "first")
        records = _records(paging, scope)
        has_more = placed(paging.more, scope, "paginate", "while")
        following = _plain(placed(paging.next, scope, "paginate", "next")) if has_more else None
        progress.pages += 1
        progress.count += len(records)
        is_circle = wants_all and following is not None and _mark(following) in seen
        # What was read already is nowhere to go on from.
        progress.cursor = None if is_circle else following
        if call.stream:
            yield Give(Page(records, verdict.values.get("json"), progress.pages, progress.cursor))
            call.deadline = Deadline.after(call.limit_s, call.clock)
            # A stream has no end but the vendor's: what it keeps must not grow with it.
            del call.attempts[:-1]
        else:
            progress.items.extend(records)
        if following is None or not wants_all:
            break
        if is_circle:
            raise _circle()
        _keep(seen, _mark(following))
        if not call.stream and (progress.pages >= paging.max_pages or progress.count >= paging.max_items):
            raise _cap(progress)
        state = following
    return Listing(verdict, progress.items, wants_all)


def note_progress(call: Call, problem: ConnectorError) -> None:
    """Add to the error of a listing what was read before, and how to go on from there."""
    progress, paging = call.progress, call.unit.paging
    if progress is None or paging is None or not progress.pages:
        return
    problem.items = progress.items
    problem.cursor = _shown(progress.cursor, call.redactor)
    what = f"{_counted(progress.count, 'record')} on {_counted(progress.pages, 'page')}"
    is_one = progress.count == 1
    were = "handed out" if call.stream else f"read and {'is' if is_one else 'are'} the error's `items`"
    told = [problem.hint or "", f"Before that, {what} {'was' if is_one else 'were'} {were}."]
    if problem.cursor and problem.kind != "cursor_expired":
        told.append(_going_on(paging, call.action.program.lets.seen_by({"page": problem.cursor})))
    problem.hint = " ".join(filter(None, told))


def _shown(value: Any, redactor: Redactor) -> Any:
    """Return a cursor without secrets that are known; what it calls a token of its own is none."""
    if isinstance(value, str):
        return redactor.known(value)
    if isinstance(value, dict):
        return {key: _shown(member, redactor) for key, member in value.items()}
    return [_shown(item, redactor) for item in value] if isinstance(value, list) else value


def _going_on(paging: PagingProgram, scope: Mapping[str, Any]) -> str:
    """Say with which inputs the action goes on, where it has some."""
    inputs = safely(paging.inputs, scope) if paging.inputs else None
    cursor = scope["page"]
    if not inputs:
        return "The error's `cursor` says where it stopped."
    given = " and ".join(f"{key}={value}" for key, value in inputs.items())
    if len(given) > _SHOWN_CHARS:
        places = {repr(value): f"`cursor.{key}`" for key, value in cursor.items()}
        given = " and ".join(
            f"{key} from the error's {places.get(repr(value), '`cursor`')}" for key, value in inputs.items()
        )
    return f"To go on, run the action again with {given}."


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _records(paging: PagingProgram, scope: Mapping[str, Any]) -> list[Any]:
    records = placed(paging.items, scope, "paginate", "items")
    if not isinstance(records, list):
        what = "nothing" if records is ABSENT else kind_of(records)
        raise error_of("contract", f"The reply has {what} where the list of records should be.")
    check_records(records)
    return records


def _plain(state: Any) -> dict[str, Any]:
    return dict(state) if isinstance(state, dict) else {}


def _keep(marks: dict[Any, None], mark: Any) -> None:
    marks[mark] = None
    if len(marks) > MARKS_KEPT:
        del marks[next(iter(marks))]


def _digest(outgoing: Outgoing) -> bytes:
    """Return what tells a request from others; secrets are left out, because tokens change."""
    plain = [(name, text) for name, text in outgoing.headers if isinstance(text, str)]
    digest = hashlib.blake2b(repr((outgoing.method, outgoing.url, plain)).encode(), digest_size=16)
    for piece in outgoing.body.chunks() if outgoing.body is not None else ():
        digest.update(opened(piece))
    return digest.digest()


def _mark(state: Mapping[str, Any]) -> str:
    return json.dumps(state, sort_keys=True, default=str)


def _circle() -> Exception:
    return error_of(
        "contract",
        "The listing goes in circles: it comes to a page that was read before.",
        hint="There is no page to go on from: each would be read again and again, and records may be "
        "missing. Read fewer records at once, or narrow the search.",
    )


def _cap(progress: Progress) -> Exception:
    so_far = f"{progress.count} on {_counted(progress.pages, 'page')} so far"
    return error_of(
        "limit",
        f"There are more records than one call may collect: {so_far}.",
        hint="Narrow the search, or read page by page (`session.pages`), which has no such limit.",
    )
