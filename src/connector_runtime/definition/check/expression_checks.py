"""Every expression of a file: can it be read, and is there what it refers to?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.definition.check.let_reads import check_read, expanded
from connector_runtime.definition.check.reference_checks import Site, check_reference, names_in, note_foreign
from connector_runtime.definition.check.slips import bare_name, odd_character
from connector_runtime.definition.problems.component_draft import DATA, as_list, as_map, at
from connector_runtime.language.expressions.grammar import ExpressionError
from connector_runtime.language.lets import is_rows
from connector_runtime.language.templates import compile_expression_text, compile_text
from connector_runtime.language.visible_names import ALL_NAMES, is_single, names_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector_runtime.definition.problems.component_draft import Draft, Pointer
    from connector_runtime.language.documents.document import Document
    from connector_runtime.language.expressions.references import Path, Reference
    from connector_runtime.language.templates import Template

# Words for people, and patterns, may show what an expression looks like.
_WORDS = frozenset({"help", "description", "example", "pattern", "source", "deprecated", "documentation"})


def check_expressions(draft: Draft, kind: str, document: Document) -> None:
    """Note every expression that cannot be read or refers to what is not there."""
    for pointer in _computed_keys(document.data, ()):
        message, hint = "a key cannot hold an expression", "to set computed keys, spread a map: `...`"
        draft.note(document, pointer, "R001", message, hint=hint, key=True, hides=True)
    for pointer, text in draft.texts_of(document):
        if "$" in text and is_slip(draft, kind, document, pointer, text):
            continue
        if ("${" not in text and "{{" not in text) or pointer[0] == "let":
            continue
        template = compiled_at(draft, kind, document, pointer, text)
        if template is None or template.constant:
            continue
        site = Site(draft, kind, document, pointer, is_path=pointer[-2:] == ("request", "path"))
        known = [*template.references, *expanded(draft, document, template.references)]
        asked = _asked_before(draft, document, pointer)
        asked |= {reference.path[:2] for reference in known if reference.guarded}
        for reference in template.references:
            is_guarded = reference.guarded or reference.path[:2] in asked
            if reference.path[0] == "let":
                check_read(site, reference._replace(guarded=is_guarded), asked)
            else:
                check_reference(site, reference, is_guarded=is_guarded)


def is_slip(draft: Draft, kind: str, document: Document, pointer: Pointer, text: str) -> bool:
    """Note a character like another in an expression, and a name behind a `$` without braces."""
    if not names_for(kind, pointer):
        return False
    odd = odd_character(text)
    if odd:
        draft.note(document, pointer, "Y020", odd[1], hint=odd[2], offset=odd[0], hides=True)
        return True
    bare = bare_name(text)
    if bare:
        message = f"`${bare[1]}` is a plain text without braces"
        hint = f"write ${{ {bare[1]}… }} around the whole expression"
        draft.note(document, pointer, "R063", message, hint=hint, offset=bare[0], hides=True)
    return bare is not None


def references_in(draft: Draft, kind: str, document: Document) -> Iterator[tuple[Pointer, Reference]]:
    """Yield every reference of a file without mistakes, with the place of its text."""
    for pointer, text in draft.texts_of(document):
        names = names_for(kind, pointer)
        if "${" in text and names:
            for reference in compile_text(text.strip(), names).references:
                yield pointer, reference


def references_within(kind: str, pointer: Pointer, text: str) -> tuple[Reference, ...]:
    """Return what the expressions of one text read; nothing where they cannot be read."""
    names = names_for(kind, pointer)
    if "${" not in text or not names:
        return ()
    try:
        return compile_text(text.strip(), names).references
    except ExpressionError:
        return ()


def _computed_keys(node: Any, pointer: Pointer) -> Iterator[Pointer]:
    for key, value in as_map(node).items() if isinstance(node, dict) else enumerate(as_list(node)):
        if not pointer and key in DATA:
            continue
        if isinstance(key, str) and "${" in key:
            yield (*pointer, key)
        if isinstance(value, dict | list):
            yield from _computed_keys(value, (*pointer, key))


def compiled_at(draft: Draft, kind: str, document: Document, pointer: Pointer, text: str) -> Template | None:
    """Return the compiled text of a place, or None where it has none; what is wrong with it is noted."""
    names = names_in(document, kind, pointer)
    is_rows_of = pointer[0] == "let" and pointer[2:] == ("of",) and is_rows(at(document.data, pointer[:2]))
    compile_any = compile_expression_text if is_rows_of or is_single(pointer) else compile_text
    if not names:
        if "${" in text and pointer[-1] not in _WORDS:
            hint = "write the text itself" if kind != "component" else None
            draft.note(document, pointer, "R030", "an expression is not possible here", hint=hint)
        return None
    try:
        return compile_any(text, names)
    except ExpressionError as error:
        problem = error
    try:
        template = compile_any(text, ALL_NAMES)
    except ExpressionError:
        draft.note(
            document, pointer, "R001", problem.message, hint=problem.hint, offset=problem.offset, hides=True
        )
        return None
    site = Site(draft, kind, document, pointer)
    for reference in template.references:
        if reference.path[0] not in names:
            note_foreign(site, reference, names)
    return None


def _asked_before(draft: Draft, document: Document, pointer: Pointer) -> set[Path]:
    """Return what a `when` on the way to the text asks for: its author has thought of absence."""
    found: set[Path] = set()
    for end in range(1, len(pointer)):
        when = as_map(at(document.data, pointer[:end])).get("when")
        if isinstance(when, str) and pointer[end:] != ("when",):
            try:
                template = compile_text(when.strip(), ALL_NAMES)
            except ExpressionError:
                continue
            known = [*template.references, *expanded(draft, document, template.references)]
            found |= {reference.path[:2] for reference in known}
    return found
