"""What a schema cannot see of the sources of a poll: do they go on, and does all that is said matter?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.check.draft import as_map

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.check.draft import Draft
    from connector_runtime.documents import Document

_NAME = "since."
_NO_PAGING, _WHOLE = ("all", "inputs"), "a source is read to its end"
_NO_REPLY, _ROWS = ("as", "identity", "output", "results"), "a source says itself what its changes are"


def check_poll(draft: Draft, document: Document) -> None:
    """Note sources that cannot go on from page to page, and words without effect."""
    data = as_map(document.data)
    for key, source in as_map(as_map(data.get("poll")).get("sources")).items():
        _check_source(draft, document, key, as_map(source), str(data.get("let")))


def _check_source(draft: Draft, document: Document, key: str, source: Mapping[str, Any], lets: str) -> None:
    place = ("poll", "sources", key)
    request = str(source.get("request"))
    for part, words, why in (("paginate", _NO_PAGING, _WHOLE), ("reply", _NO_REPLY, _ROWS)):
        for word in words:
            if word in as_map(source.get(part)):
                message = f"`{word}` means nothing here: {why}"
                draft.note(document, (*place, part, word), "R017", message, hint="take it out", key=True)
    if "paginate" in source:
        return
    if as_map(source.get("since")).get("as") == "date":
        message = "days do not lead on from one page to the next"
        hint = "say with `paginate` how the listing goes on"
        draft.note(document, (*place, "since", "as"), "R055", message, hint=hint)
    elif "request" in source and _NAME not in request and not ("let." in request and _NAME in lets):
        message = "the request does not say since when, so that each page is the first one again"
        hint = "use `since.at` and `since.id`, or say with `paginate` how the listing goes on"
        draft.note(document, (*place, "request"), "R055", message, hint=hint, key=True)
