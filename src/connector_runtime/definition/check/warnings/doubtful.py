"""What reads otherwise than its author sees it: cut texts, bare numbers, examples that nobody can send."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from connector_runtime.base.instants import instant_s
from connector_runtime.definition.problems.component_draft import DATA, as_list, as_map, at, request_places
from connector_runtime.definition.problems.lookalikes import CURLY
from connector_runtime.errors import DefinitionError
from connector_runtime.inputs.inputs import build_inputs
from connector_runtime.inputs.refusals import Refusal
from connector_runtime.language.kinds import KEYED, SENDING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connector_runtime.definition.problems.component_draft import Draft, Pointer
    from connector_runtime.errors import Problem
    from connector_runtime.language.documents.document import Document

# Keys whose text people read.
_WORDS = frozenset({"label", "group", "help", "description", "message", "hint", "because", "deprecated"})
_CUT = re.compile(r"\s#[^\s#]")
_QUOTED = re.compile(f"[{CURLY}].*[{CURLY}]", re.DOTALL)
_DIGITS = re.compile(r"\s?[0-9]+(\.[0-9]+)?\s?")
_TEXTS = frozenset({"string", "text"})
_BOUNDS = frozenset({"pattern", "min", "max", "choices", "choicesFrom"})
# Their values are data of this machine, or may not be shown.
_NOT_READ = frozenset({"file", "files", "secret"})


def doubtful(draft: Draft) -> Iterator[Problem]:
    """Yield a warning for everything that is probably meant otherwise."""
    for kind, document in [*draft.documents(), *draft.parts()]:
        yield from _doubtful_texts(draft, document)
        yield from _without_unit(document)
        if kind in SENDING:
            yield from _bodies_of_get(document)
            yield from _unusable_examples(draft, kind, document)
        if kind == "trigger":
            yield from _days_of_tests(draft, document)
    yield from _unlike_examples(draft)


def _warn(document: Document, pointer: Pointer, code: str, message: str, hint: str, **where: Any) -> Problem:
    return document.problem(pointer, code, message, hint=hint, severity="warning", **where)


def _doubtful_texts(draft: Draft, document: Document) -> Iterator[Problem]:
    """Warn about a `#` that cuts a text off, and about curly quotes around a whole value."""
    has_cuts, has_quotes = _CUT.search(document.text), any(mark in document.text for mark in CURLY)
    if not (has_cuts or has_quotes):
        return
    if has_quotes:
        yield from _quoted_data(document, as_map(document.data), ())
    for pointer, text in draft.texts_of(document):
        written = document.written_at(pointer)
        if has_quotes and _QUOTED.fullmatch(text) and written.startswith(text[0]):
            message = f"curly quotes (U+{ord(text[0]):04X}) are part of this text"
            yield _warn(document, pointer, "L030", message, 'write straight ones around it: "…"')
        cut = _CUT.search(written) if has_cuts and pointer[-1] in _WORDS else None
        if cut and written[: cut.start()].rstrip() == text:
            comment = written[cut.start() :].split()[0]
            message = f"the text ends before `{comment}`, which begins a comment"
            hint = f'put the text in quotes: "{written.strip()}"'
            yield _warn(document, pointer, "L030", message, hint, offset=cut.start() + 1)


def _quoted_data(document: Document, node: Any, pointer: Pointer) -> Iterator[Problem]:
    """Warn about keys, and values of examples and tests, that curly quotes are to enclose."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(as_list(node)):
        place, is_data = (*pointer, key), pointer[:1] and pointer[0] in DATA
        for text, is_key in ((key, True), (value, False)):
            if not isinstance(text, str) or not (is_data or is_key) or not _QUOTED.fullmatch(text):
                continue
            if document.written_at(place, key=is_key).startswith(text[0]):
                what = "key" if is_key else "text"
                message = f"curly quotes (U+{ord(text[0]):04X}) are part of this {what}"
                hint = 'write straight ones around it: "…"'
                yield _warn(document, place, "L030", message, hint, key=is_key)
        yield from _quoted_data(document, value, place)


def _durations(data: Mapping[str, Any]) -> Iterator[Pointer]:
    """Yield where durations may stand."""
    yield ("defaults", "timeout")
    yield from ((*place, "timeout") for place in request_places(data))
    retry = as_map(data.get("retry"))
    for owner in [(), *((name,) for name, policy in retry.items() if isinstance(policy, dict))]:
        yield from (("retry", *owner, key) for key in ("delay", "cap"))
    for name in as_map(data.get("steps")):
        yield from (("steps", name, "poll", key) for key in ("delay", "upTo"))
    yield ("poll", "overlap")
    sources = as_map(as_map(data.get("poll")).get("sources"))
    yield from (("poll", "sources", name, "memory") for name in sources)
    yield from (("webhook", *place) for place in (("upTo",), ("renew", "before")))


def _without_unit(document: Document) -> Iterator[Problem]:
    for place in _durations(as_map(document.data)):
        value = at(document.data, place)
        is_bare = isinstance(value, str) and _DIGITS.fullmatch(value)
        if is_bare or (isinstance(value, int | float) and value and not isinstance(value, bool)):
            count = str(value).strip()
            message = f"a number without a unit counts seconds: this is {count} s"
            yield _warn(document, place, "L031", message, f"write `{count}s`; there are ms s m h d")


def _bodies_of_get(document: Document) -> Iterator[Problem]:
    for place in request_places(document.data):
        request = as_map(at(document.data, place))
        if request.get("method", "GET") in ("GET", "HEAD") and "body" in request:
            message = "a GET has a body, which servers and proxies may throw away or refuse"
            hint = "send it as `query`, or say the `method` that takes it"
            yield _warn(document, (*place, "body"), "L032", message, hint, key=True)


def _unusable_examples(draft: Draft, kind: str, document: Document) -> Iterator[Problem]:
    """Warn about examples that lack what every call needs."""
    inputs = draft.inputs_of(kind, document)
    written = draft.written_tests(document)
    for name in as_map(document.data.get("examples")):
        given = as_map(written.example(name).get("inputs"))
        for key, definition in inputs.items():
            is_asked = not {"default", "showIf", "deprecated"} & definition.keys()
            if definition.get("required") is not True or not is_asked or definition.get("shown") == "hidden":
                continue
            if {key, *definition.get("renamedFrom", ())} & given.keys():
                continue
            message = f"the example lacks `{key}`, which is required"
            hint = f"add it to the example's `inputs`, as in `{key}: …`"
            yield _warn(document, ("examples", name), "L033", message, hint, key=True)


def _days_of_tests(draft: Draft, document: Document) -> Iterator[Problem]:
    for test in draft.written_tests(document).tests():
        since = test.definition.get("since")
        if since is None or instant_s(since) is not None:
            continue
        message = "a poll begins at a moment, and this is none"
        name = test.name if test.name in document.data["tests"] else test.name.partition(" [")[0]
        hint = 'write one with its time and offset, such as "2026-06-01T12:00:00Z"'
        yield _warn(document, ("tests", name, "since"), "L033", message, hint)


def _unlike_examples(draft: Draft) -> Iterator[Problem]:
    """Warn about inputs whose own example they would refuse."""
    tables = {name: as_map(table).get("rows", {}) for name, table in draft.part("tables").items()}
    known: dict[str, Refusal | None] = {}
    for kind, document in [*draft.documents(), *draft.parts()]:
        for key, own in as_map(document.data.get("inputs")).items() if kind in {*KEYED, "inputs"} else ():
            example = as_map(own).get("example")
            full = draft.resolve(own)
            if example is None or full.get("type") in _NOT_READ or "type" not in full:
                continue
            if isinstance(example, str) and full["type"] in _TEXTS and not _BOUNDS & full.keys():
                continue  # most are, and need no closer look
            # Files repeat each other's inputs.
            same = repr((key, full))
            if same not in known:
                known[same] = _refused(key, full, tables, example)
            problem = known[same]
            if problem is not None:
                hint = problem.hint or "write one as a person would enter it"
                message = f"the input would refuse its own example: {problem.message}"
                yield _warn(document, ("inputs", key, "example"), "L034", message, hint)


def _refused(key: str, full: Mapping[str, Any], tables: Mapping[str, Any], example: Any) -> Refusal | None:
    try:
        (found,) = build_inputs({key: full}, tables)
        found.read(example)
    except Refusal as refusal:
        return refusal
    except DefinitionError:
        return None
    return None
