"""Named values themselves: names, circles, and what a value reads wherever it is read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from connector_runtime.definition.check.expression_checks import compiled_at, is_slip, references_in
from connector_runtime.definition.check.let_reads import is_unsound, note_unknown
from connector_runtime.definition.check.reference_checks import Site, check_reference
from connector_runtime.definition.problems.component_draft import as_map, texts_below
from connector_runtime.inputs.types.registry import NAMES
from connector_runtime.language.expressions.expression import ExpressionError
from connector_runtime.language.kinds import KEYED
from connector_runtime.language.lets import MAX_READS, compile_let, is_rows, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connector_runtime.definition.problems.component_draft import Draft
    from connector_runtime.errors import Problem
    from connector_runtime.language.documents.document import Document

_ONE_INPUT = re.compile(r"\$\{\s*inputs\.(\w+)\s*\}")
# Types of inputs whose values have entries.
_WITH_ENTRIES = frozenset({"any", "list", "keyvalue", "object"})


def check_lets(draft: Draft, kind: str, document: Document) -> None:
    """Note what is wrong with a file's named values wherever they are read.

    What depends on the reader is judged where they are read: names of the place, what is absent there.
    """
    own = as_map(as_map(document.data).get("let"))
    shared = draft.part("let") if kind != "component" else {}
    for name, value in own.items():
        before = len(draft.problems)
        if name in shared:
            message, hint = f"`let.{name}` is a second value of this name", "component.yaml has the first"
            draft.note(document, ("let", name), "R025", message, hint=hint, key=True, hides=True)
        _check_texts(draft, kind, document, name, value)
        if is_rows(value):
            _check_rows(draft, kind, document, name, value["of"])
        if len(draft.problems) > before or draft.is_faulty(document, ("let", name)):
            draft.unsound.add((document.name, name))
    _check_reads(draft, document, own)


def _check_texts(draft: Draft, kind: str, document: Document, name: str, value: Any) -> None:
    lets = draft.lets_of(document)
    for pointer, text in texts_below(value, ("let", name)):
        if "$" in text and is_slip(draft, kind, document, pointer, text):
            continue
        template = compiled_at(draft, kind, document, pointer, text) if "{" in text else None
        site = Site(draft, kind, document, pointer)
        for reference in template.references if template is not None else ():
            if reference.path[0] != "let":
                check_reference(site, reference, is_guarded=True)
            elif name_of(reference) not in lets.values:
                note_unknown(site, reference, lets)


def _check_rows(draft: Draft, kind: str, document: Document, name: str, of: str) -> None:
    """Note rows that are to come from an input which holds one value."""
    found = _ONE_INPUT.fullmatch(of.strip())
    definition = as_map(draft.inputs_of(kind, document).get(found[1])) if found and kind in KEYED else {}
    given = definition.get("type")
    if found and given in NAMES and given not in _WITH_ENTRIES:
        message = f"`inputs.{found[1]}` is a {given}, and has no entries that could be rows"
        hint = "give the input the type `list` or `keyvalue`: a row of the latter has `key` and `value`"
        draft.note(document, ("let", name, "of"), "R064", message, hint=hint)


def _check_reads(draft: Draft, document: Document, own: Mapping[str, Any]) -> None:
    """Note values that read themselves, or so much of each other that they would grow without bound."""
    reads = _reads_of(draft, document)
    circular: set[str] = set()
    for name in own:
        circle = _circle(reads, name)
        if circle and name not in circular:
            message = f"`let.{name}` reads itself: {', '.join(circle)}"
            hint = "take one of them out of the circle"
            draft.note(document, ("let", name), "R013", message, hint=hint, key=True, hides=True)
        circular.update(circle)
    draft.unsound |= {(document.name, name) for name in circular}
    counts: dict[str, int] = {}
    for name in own:
        is_bad = any(is_unsound(draft, document, one) for one in {name, *_reached(reads, name)})
        if not is_bad and _count(reads, name, counts) > MAX_READS:
            message = f"`let.{name}` reads other named values more than {MAX_READS:,} times in all"
            draft.note(document, ("let", name), "S006", message, key=True, hides=True)
            is_bad = True
        if is_bad:
            draft.unsound.add((document.name, name))


def unread_lets(draft: Draft) -> Iterator[Problem]:
    """Yield a warning for each named value that nobody reads."""
    main = draft.component
    read: set[tuple[str, str]] = set()
    for kind, document in draft.documents():
        own = as_map(as_map(document.data).get("let"))
        reads = _reads_of(draft, document)
        roots = [one for pointer, one in references_in(draft, kind, document) if pointer[0] != "let"]
        direct = [name for name in map(name_of, roots) if name is not None]
        for name in {*direct, *(one for root in direct for one in _reached(reads, root))}:
            read.add((document.name if name in own or main is None else main.name, name))
    for _, document in draft.documents():
        for name in as_map(as_map(document.data).get("let")):
            if (document.name, name) not in read:
                message = f"nobody reads `let.{name}`"
                yield document.problem(
                    ("let", name), "L005", message, hint="take it out", key=True, severity="warning"
                )


def _reads_of(draft: Draft, document: Document) -> dict[str, list[str]]:
    """Return what each named value reads that a file can read: the component's, and its own."""
    found: dict[str, list[str]] = {}
    for one in (draft.component, document):
        if one is not None and one not in draft.reads:
            lets = as_map(as_map(one.data).get("let"))
            draft.reads[one] = {name: read_by(value) for name, value in lets.items()}
        found |= draft.reads[one] if one is not None else {}
    return found


def read_by(value: Any) -> list[str]:
    """Return the named values that a value reads, as often as it does."""
    try:
        template = compile_let(value)
    except ExpressionError:
        return []
    names = [name_of(one) for one in (*template.references, *template.row_references)]
    return [name for name in names if name is not None]


def _circle(reads: Mapping[str, list[str]], name: str) -> list[str]:
    """Return the values on a way from a value back to itself, or none."""
    came_from: dict[str, str] = {}
    pending = [name]
    while pending:
        reader = pending.pop()
        for one in reads.get(reader, ()):
            if one == name:
                way = [reader]
                while way[-1] != name:
                    way.append(came_from[way[-1]])
                return [*reversed(way), name]
            if one not in came_from:
                came_from[one] = reader
                pending.append(one)
    return []


def _reached(reads: Mapping[str, list[str]], name: str) -> set[str]:
    reached: set[str] = set()
    pending = [name]
    while pending:
        for one in reads.get(pending.pop(), ()):
            if one not in reached:
                reached.add(one)
                pending.append(one)
    return reached


def _count(reads: Mapping[str, list[str]], name: str, counts: dict[str, int]) -> int:
    """Return how often a value reads others, directly and through them; nothing reads itself."""
    if name not in counts:
        read = [one for one in reads.get(name, ()) if one in reads]
        counts[name] = len(read) + sum(_count(reads, one, counts) for one in read)
    return counts[name]
