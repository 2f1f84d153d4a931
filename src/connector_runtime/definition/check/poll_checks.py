"""What a schema cannot see of a polled trigger: how a source goes on, and what its times are."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from connector_runtime.base.values import ABSENT
from connector_runtime.definition.check.expression_checks import references_within
from connector_runtime.definition.check.let_reads import expanded
from connector_runtime.definition.check.rule_coverage import replies_of, value_of
from connector_runtime.definition.problems.component_draft import as_list, as_map

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connector_runtime.definition.problems.component_draft import Draft, Pointer
    from connector_runtime.errors import Problem
    from connector_runtime.language.documents.document import Document

_EARLY = "0001-01-01T00:00:00+00:00"
_ALL_AGAIN = "no request and no page uses a value of `since`: each poll reads the whole list again"
_ASK = 'ask for what is new, as in `query: { from: "${ since.at }" }`, or end the pages by it'
_BESIDE = {"connection": {}, "since": {"at": _EARLY, "reported": _EARLY}, "page": {}}


def check_poll(draft: Draft, document: Document) -> None:
    """Note a source that goes on and asks for nothing else than before."""
    for place, source in _sources(document):
        text = source.get("while")
        if "paginate" in source or text is None or not references_within("trigger", (*place, "while"), text):
            continue
        if not _asked_of_since(draft, document, place) & {"at", "id", None}:
            message = "no request uses a value of `since`: the same page would be asked for again and again"
            hint = 'use it in the request, as in `query: { from: "${ since.at }", after: "${ since.id }" }`'
            draft.note(document, (*place, "while"), "R060", message, hint=hint, key=True)


def doubtful_sources(draft: Draft) -> Iterator[Problem]:
    """Yield a warning for each source that may pass over changes in silence."""
    for document in draft.files["trigger"].values():
        for place, source in _sources(document):
            if not {"while", "paginate"} & source.keys():
                yield from _without_an_end(draft, document, place)
            elif "paginate" in source and not _asked_of_since(draft, document, place, "request", "paginate"):
                yield document.problem(place, "L035", _ALL_AGAIN, hint=_ASK, key=True, severity="warning")
            yield from _of_unknown_times(draft, document, place, source)


def _sources(document: Document) -> Iterator[tuple[Pointer, Mapping[str, Any]]]:
    for key, source in as_map(as_map(as_map(document.data).get("poll")).get("sources")).items():
        yield ("poll", "sources", key), as_map(source)


def _asked_of_since(draft: Draft, document: Document, place: Pointer, *parts: str) -> set[Any]:
    """Return the members of `since` that parts of a source read, by default its request; None is all."""
    found: set[Any] = set()
    read = {(*place, part) for part in parts or ("request",)}
    for pointer, text in draft.texts_of(document):
        if pointer[: len(place) + 1] in read:
            for reference in expanded(draft, document, references_within("trigger", pointer, text)):
                if reference.path[0] == "since":
                    found.add(reference.path[1] if len(reference.path) > 1 else None)
    return found


def _without_an_end(draft: Draft, document: Document, place: Pointer) -> Iterator[Problem]:
    asked = _asked_of_since(draft, document, place)
    if asked & {"id", None}:
        return
    message = "nothing says whether there is another page"
    if asked:
        message += ": where one time fills a page, what is left of it is passed over"
        hint = "say it with `while`, or go on from `since.id`"
    else:
        message += ", and the request asks for none"
        hint = "let it go on from `since.at` and `since.id`; one that is always whole has `while: ${ false }`"
    yield document.problem(place, "L025", message, hint=hint, key=True, severity="warning")


def _of_unknown_times(
    draft: Draft, document: Document, place: Pointer, source: Mapping[str, Any]
) -> Iterator[Problem]:
    """Look at the rows of the tests: whoever asks from a moment on is never told of a day."""
    if as_map(source.get("since")).get("as") == "date" or not document.data.get("tests"):
        return
    paginate = as_map(source.get("paginate"))
    items = (*place, "paginate", "items") if paginate else (*place, "items")
    times = []
    for seen in replies_of(draft, document, "trigger"):
        scope = {**_BESIDE, **seen}
        for item in as_list(value_of("trigger", items, (paginate or source).get("items"), scope)):
            made = value_of("trigger", (*place, "made"), source.get("made"), {**scope, "item": item})
            times += [made] if made not in (ABSENT, None) else []
    where: dict[str, Any] = {"hint": "let the reply of a test hold a change as it really comes", "key": True}
    if any(map(_is_day, times)):
        message = "its changes tell the day only, and it asks from a moment on: none would ever come"
        where = {"hint": "ask by days as well: `since: { as: date }`"}
        yield document.problem((*place, "made"), "L026", message, severity="warning", **where)
    elif not times:
        message = "no test shows a change of this source, and so not whether its times are moments or days"
        yield document.problem(place, "L026", message, severity="warning", **where)


def _is_day(time: Any) -> bool:
    if not isinstance(time, str) or len(time) != len("2026-01-01"):
        return False
    try:
        date.fromisoformat(time)
    except ValueError:
        return False
    return True
