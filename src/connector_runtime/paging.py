"""Reading a listing to its real end, page by page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from connector_runtime.errors import error_of
from connector_runtime.results import Page
from connector_runtime.steps import Give
from connector_runtime.values import ABSENT, Deadline

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector_runtime.call import Call
    from connector_runtime.program import PagingProgram
    from connector_runtime.reply import Verdict
    from connector_runtime.steps import Conversation

    Perform = Callable[[Call, dict[str, Any], str], Conversation[Verdict]]

# Circles are short: a vendor that repeats itself does so within fewer pages than this.
MARKS_KEPT = 100


def listing(
    call: Call, paging: PagingProgram, scope: dict[str, Any], perform: Perform
) -> Conversation[Verdict]:
    """Read one page, or all of them when the user or a stream wants all.

    Afterwards `scope` has all records under `items`, and whether `every` page was wanted.

    Raises:
        InputError: All pages are wanted in one file, where each would replace the one before.
        ReplyTooLarge: The action's cap was reached; `cursor` says where to go on.
        UnreadableReply: No list of records, or a vendor that sends in circles.
    """
    state = _plain(paging.start(scope))
    every = call.stream or bool(paging.all and paging.all(scope))
    if every and call.save_to is not None:
        message = "All pages of a listing cannot be saved as one reply."
        raise error_of("input", message, hint="Save one page, or keep the records that are returned.")
    seen = {_mark(state): None}
    collected: list[Any] = []
    count, number, why = 0, 0, "first"
    while True:
        scope["page"] = state
        verdict = yield from perform(call, scope, why)
        number, why = number + 1, "page"
        records = _records(paging, scope)
        count += len(records)
        more = bool(paging.more(scope))
        following = _plain(paging.next(scope)) if more else None
        if call.stream:
            yield Give(Page(records, verdict.values.get("json"), number, following))
            call.deadline = Deadline.after(call.limit_s, call.clock)
            # A stream has no end but the vendor's: what it keeps must not grow with it.
            del call.attempts[:-1]
        else:
            collected.extend(records)
        if following is None or not every:
            break
        if _mark(following) in seen:
            raise _circle(following)
        seen[_mark(following)] = None
        if len(seen) > MARKS_KEPT:
            del seen[next(iter(seen))]
        if not call.stream and (number >= paging.max_pages or count >= paging.max_items):
            raise _cap(number, count, following)
        state = following
    scope["items"], scope["every"] = collected, every
    return verdict


def _records(paging: PagingProgram, scope: Mapping[str, Any]) -> list[Any]:
    records = paging.items(scope)
    if not isinstance(records, list):
        what = "no list" if records is ABSENT else f"a {type(records).__name__}"
        raise error_of("contract", f"The reply has {what} where the records should be.")
    return records


def _plain(state: Any) -> dict[str, Any]:
    return dict(state) if isinstance(state, dict) else {}


def _mark(state: Mapping[str, Any]) -> str:
    return json.dumps(state, sort_keys=True, default=str)


def _circle(cursor: Mapping[str, Any]) -> Exception:
    return error_of(
        "contract",
        "The listing goes in circles: the service asks for a page that was read before.",
        hint="Read fewer records at once, or narrow the search.",
        cursor=cursor,
    )


def _cap(pages: int, records: int, cursor: Mapping[str, Any]) -> Exception:
    return error_of(
        "limit",
        f"There are more records than one call may collect: {records} on {pages} pages so far.",
        hint="Narrow the search, or read page by page (`session.pages`), which has no such limit.",
        cursor=cursor,
    )
