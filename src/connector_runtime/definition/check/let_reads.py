"""Where a named value is read: is there what it reads itself, and can it be absent there?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from connector_runtime.definition.check.reference_checks import check_reference, names_in, note_foreign
from connector_runtime.definition.problems.component_draft import as_map
from connector_runtime.language.expressions.expression import ExpressionError
from connector_runtime.language.expressions.grammar import parse
from connector_runtime.language.expressions.references import find_references
from connector_runtime.language.lets import name_of
from connector_runtime.language.schemas.violations import meant
from connector_runtime.language.templates import expression_texts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from connector_runtime.definition.check.reference_checks import Site
    from connector_runtime.definition.problems.component_draft import Draft
    from connector_runtime.language.documents.document import Document
    from connector_runtime.language.expressions.references import Path, Reference
    from connector_runtime.language.lets import Lets


def expanded(draft: Draft, document: Document, references: Iterable[Reference]) -> list[Reference]:
    """Return references, those to named values replaced by what these read; faulty values read nothing."""
    lets = draft.lets_of(document)
    sound = [one for one in references if not is_unsound(draft, document, name_of(one))]
    return list(lets.expanded(sound))


def is_unsound(draft: Draft, document: Document, name: str | None) -> bool:
    """Return whether a named value has problems of its own, in the file or in `component.yaml`."""
    main = draft.component.name if draft.component is not None else ""
    return any((file, name) in draft.unsound for file in (document.name, main))


def check_read(site: Site, reference: Reference, asked: Collection[Path]) -> None:
    """Note what is wrong with reading a named value at a place.

    Args:
        site: Where the expression stands.
        reference: The value that is read; `guarded` if the author has thought of its absence.
        asked: What the place asks for before.
    """
    name, lets = name_of(reference), site.draft.lets_of(site.document)
    if name is None or is_unsound(site.draft, site.document, name):
        return
    if name not in lets.values:
        note_unknown(site, reference, lets)
        return
    within = replace(site, via=name)
    names = names_in(site.document, site.kind, site.pointer)
    foreign: set[str] = set()
    for inner in lets.expanded([reference]):
        root = str(inner.path[0])
        if root in names:
            check_reference(within, inner, is_guarded=inner.guarded or inner.path[:2] in asked)
        elif root not in foreign:
            foreign.add(root)
            note_foreign(within, inner, names)
    if reference.needed and not reference.guarded and may_lack(lets, name):
        hint = f"write ${{ let.{name} | default('') }}, or add an `else` where it is made"
        site.note(reference, "R011", f"`let.{name}` may be nothing, and a text cannot hold nothing", hint)


def note_unknown(site: Site, reference: Reference, lets: Lets) -> None:
    """Note a named value that there is not."""
    name = str(name_of(reference))
    own = as_map(as_map(site.document.data).get("let"))
    hint = meant(name, lets.values, "named values") or ""
    if not own or not hint.startswith("did you mean"):
        # Those of component.yaml, often many, are not what somebody has just written.
        hint = meant(name, own, "named values of this file") or ""
    else:
        hint = hint.partition("?")[0] + "?"
    hint = hint or "write it under `let`, in this file or component.yaml"
    site.note(reference, "R032", f"there is no named value `{name}`", hint)


def may_lack(lets: Lets, name: str) -> bool:
    """Return whether a value is one expression with an `if` that has no `else`, or reads such a value."""
    value = lets.values[name]
    texts = list(expression_texts(value)) if isinstance(value, str) else []
    if len(texts) != 1 or value.strip() != f"${{{texts[0]}}}":
        return False
    try:
        references = find_references(parse(texts[0]), needed=True)
    except ExpressionError:
        return True
    read = [str(name_of(one)) for one in references if one.needed and not one.guarded]
    return any(may_lack(lets, one) for one in read if one in lets.values)
