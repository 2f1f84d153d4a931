"""Conventions between the files of a component: labels, headings, examples, permissions, reasons."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.definition.check.effect_checks import unexplained
from connector_runtime.definition.check.expression_checks import references_within
from connector_runtime.definition.problems.component_draft import as_list, as_map, at, owners
from connector_runtime.definition.scopes import Coverage, split_scopes
from connector_runtime.language.expressions.grammar import closing_brace
from connector_runtime.language.schemas.violations import meant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector_runtime.definition.problems.component_draft import Draft, Pointer
    from connector_runtime.errors import Problem
    from connector_runtime.language.documents.document import Document

# What a pattern of permissions consists of beside words: it alone names nothing.
_NO_WORDS = re.compile(r"\{\w+\}|[*.:/_-]|\s")
# A change that is chosen between two words.
_EITHER = re.compile(r"\$\{\s*'(\w+)'\s+if\s.*\selse\s+'(\w+)'\s*\}", re.DOTALL)
_CHANGES = {
    "created": ("added", "add", "create", "inserted", "insert", "new"),
    "updated": ("changed", "change", "update", "modified", "modify", "edited", "edit"),
    "deleted": ("removed", "remove", "delete"),
}
_USUAL = {word: usual for usual, words in _CHANGES.items() for word in words}


def broken_conventions(draft: Draft) -> Iterator[Problem]:
    """Yield a warning for everything that one file does otherwise than files should."""
    for kind, document in draft.documents():
        if kind in ("action", "datasource"):
            yield from _unused_examples(draft, document)
        yield from _without_label(draft, kind, document)
    yield from _spelled_differently(draft)
    for document in draft.files["trigger"].values():
        yield from _changes_in_own_words(document)
    known = _known_scopes(draft)
    for document in draft.files["action"].values():
        yield from _unexplained(document)
        yield from _unknown_scopes(document, known)


def _warn(document: Document, pointer: Pointer, code: str, message: str, **where: Any) -> Problem:
    return document.problem(pointer, code, message, severity="warning", **where)


def _unused_examples(draft: Draft, document: Document) -> Iterator[Problem]:
    used = {test.definition.get("example") for test in draft.written_tests(document).tests()}
    for name in as_map(document.data.get("examples")) if document.data.get("tests") else ():
        if name not in used:
            hint = f"start a test from it: `example: {name}`"
            yield _warn(document, ("examples", name), "L020", f"no test uses `{name}`", hint=hint, key=True)


def _without_label(draft: Draft, kind: str, document: Document) -> Iterator[Problem]:
    if kind == "component":
        return
    for key, own in as_map(document.data.get("inputs")).items():
        if "label" not in draft.resolve(own):
            message = f"the input `{key}` has no label"
            hint = "give it one: people see it on the form"
            yield _warn(document, ("inputs", key), "L021", message, hint=hint, key=True)


def _spelled_differently(draft: Draft) -> Iterator[Problem]:
    """Warn about headings that differ from another one in capitals or blanks only."""
    places: dict[tuple[bool, str], dict[str, list[tuple[Document, Pointer]]]] = {}
    for document, pointer in _headings(draft):
        text = at(document.data, pointer)
        alike = places.setdefault((len(pointer) > 1, "".join(text.split()).casefold()), {})
        alike.setdefault(text, []).append((document, pointer))
    for spellings in places.values():
        usual = max(spellings, key=lambda text: len(spellings[text]))
        for text in spellings.keys() - {usual}:
            for document, pointer in spellings[text]:
                message = f"the heading `{text}` is spelled `{usual}` elsewhere"
                yield _warn(document, pointer, "L022", message, hint=f"write `{usual}`")


def _headings(draft: Draft) -> Iterator[tuple[Document, Pointer]]:
    for _, document in draft.documents():
        if isinstance(document.data.get("group"), str):
            yield document, ("group",)
        for key, definition in as_map(document.data.get("inputs")).items():
            if isinstance(as_map(definition).get("group"), str):
                yield document, ("inputs", key, "group")


def _changes_in_own_words(document: Document) -> Iterator[Problem]:
    """Warn about words for what every trigger calls created, updated or deleted."""
    sources = as_map(as_map(document.data.get("poll")).get("sources"))
    for place in [*(("poll", "sources", name) for name in sources), ("webhook", "events")]:
        text = str(as_map(at(document.data, place)).get("change", ""))
        either = _EITHER.fullmatch(text)
        for word in either.groups() if either else (text,):
            if usual := _USUAL.get(word.casefold()):
                message = f"other triggers call this change `{usual}`, and not `{word}`"
                hint = f"write `{usual}`: whoever takes several triggers compares the words"
                yield _warn(document, (*place, "change"), "L027", message, hint=hint)


def _unexplained(document: Document) -> Iterator[Problem]:
    found = [one for own, _ in owners(document.data) for one in unexplained(document.data, own)]
    for pointer, method in found:
        message = f"the effect is `read`, and {method} may change something"
        hint = "say why it only reads: `because: …`; or choose the effect that it has"
        yield _warn(document, pointer, "L023", message, hint=hint)


class _Known(NamedTuple):
    """Permissions that are known: those that logins ask for, and those that a table names."""

    coverage: Coverage
    asked: list[str]
    named: Coverage

    def has(self, scope: str) -> bool:
        return self.named.covers("", scope) or not self.coverage.missing(self.asked, [scope])


def _known_scopes(draft: Draft) -> _Known | None:
    """Return the permissions that are known; None where no table says what they contain."""
    rows: dict[str, Any] = {}
    asked: set[str] = set()
    for document in draft.files["connection"].values():
        oauth2 = as_map(document.data.get("oauth2"))
        rows.update(draft.table(as_map(oauth2.get("scopes")).get("table")) or {})
        asked.update(_asked_for(draft, document, oauth2.get("scope")))
    patterns = {*rows, *(str(text) for row in rows.values() for text in as_list(as_map(row).get("covers")))}
    named = [text for text in patterns if _NO_WORDS.sub("", text)]
    return _Known(Coverage(rows), sorted(asked), Coverage({"": {"covers": named}})) if rows else None


def _asked_for(draft: Draft, document: Document, scope: Any) -> Iterator[str]:
    """Yield the permissions that a login asks for where nobody says otherwise."""
    if not isinstance(scope, str):
        return
    if "${" not in scope:
        yield from split_scopes(scope)
    inputs = draft.inputs_of("connection", document)
    for reference in references_within("connection", ("oauth2", "scope"), scope):
        if reference.path[0] == "inputs" and len(reference.path) > 1:
            yield from split_scopes(as_map(inputs.get(str(reference.path[1]))).get("default"))


def _unknown_scopes(document: Document, known: _Known | None) -> Iterator[Problem]:
    for index, text in enumerate(as_list(document.data.get("scopes"))):
        needed = _with_words(str(text))
        if known is None or not needed or known.has(needed):
            continue
        hint = meant(needed, known.asked, "logins ask for") or "add a row to the table of scopes"
        message = f"no connection knows the permission `{text}`"
        yield _warn(document, ("scopes", index), "L024", message, hint=hint)


def _with_words(text: str) -> str:
    """Return a permission with a word in place of each expression; nothing where it is one alone."""
    found, at_char = "", 0
    while (start := text.find("${", at_char)) >= 0:
        end = closing_brace(text, start + 2)
        if end is None or (start == 0 and end == len(text) - 1):
            return ""
        found += text[at_char:start] + "x"
        at_char = end + 1
    return found + text[at_char:]
