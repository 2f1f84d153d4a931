"""Slips of the hand: what reads almost like the language, and is something else to a machine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from connector_runtime.definition.problems.component_draft import DATA, as_list, as_map
from connector_runtime.definition.problems.lookalikes import BLANKS, CURLY, what_is_wrong
from connector_runtime.language.expressions.grammar import closing_brace
from connector_runtime.language.visible_names import ALL_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector_runtime.definition.problems.component_draft import Draft, Pointer
    from connector_runtime.language.documents.document import Document

# Examples and tests are data: anything may stand there.
_ODD = re.compile(f"[{BLANKS}{CURLY}]")
_DASHED = re.compile(r"-[A-Za-z]")
_BARE = re.compile(r"(?<!\$)\$([A-Za-z]\w*)(?=[.\[])")
_STRING = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)


def check_writing(draft: Draft, document: Document) -> None:
    """Note keys and values that hold a character like another, and a dash without its blank."""
    for pointer, value in _parts(document.data, ()):
        key, around = pointer[-1], pointer[:-1]
        if isinstance(key, str):
            _check_key(draft, document, pointer, key, around)
        if isinstance(value, str) and "${" not in value and value.strip(BLANKS) != value:
            offset = 0 if value[0] in BLANKS else len(value) - 1
            message, hint = what_is_wrong(value[offset])
            draft.note(document, pointer, "Y020", message, hint=hint, offset=offset, hides=True)


def _check_key(draft: Draft, document: Document, pointer: Pointer, key: str, around: Pointer) -> None:
    if _DASHED.match(key) and _is_bare(document, pointer):
        message = f"`{key}:` is a key here, not an entry of a list"
        hint = f"write a blank behind the dash: `- {key[1:]}:`"
        draft.note(document, pointer, "Y021", message, hint=hint, key=True, hides=around)
    odd = _ODD.search(key)
    if odd and "${" not in key:
        message, hint = what_is_wrong(odd[0])
        draft.note(document, pointer, "Y020", f"in this key {message}", hint=hint, key=True, hides=around)


def _is_bare(document: Document, pointer: Pointer) -> bool:
    """Return whether a key stands without quotes: in quotes its author has meant it."""
    return document.written_at(pointer, key=True).startswith("-")


def odd_character(text: str) -> tuple[int, str, str] | None:
    """Return where an expression in a text has a character like another: offset, message, hint."""
    for start, end in _expressions(text):
        source = _STRING.sub(lambda found: "_" * len(found[0]), text[start:end])
        odd = _ODD.search(source)
        if odd:
            return (start + odd.start(), *what_is_wrong(odd[0]))
    return None


def bare_name(text: str) -> tuple[int, str] | None:
    """Return offset and name where a text has a `$` before a name, and no braces around it."""
    literal = list(text)
    for start, end in _expressions(text):
        literal[start - 2 : end + 1] = " " * (end + 3 - start)
    for found in _BARE.finditer("".join(literal)):
        if found[1] in ALL_NAMES:
            return found.start(), found[1]
    return None


def _expressions(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the source of each expression starts and ends."""
    at = 0
    while (found := text.find("${", at)) >= 0:
        end = None if text[found - 1 : found] == "$" and found else closing_brace(text, found + 2)
        if end is None:
            at = found + 2
            continue
        yield found + 2, end
        at = end + 1


def _parts(node: Any, pointer: Pointer) -> Iterator[tuple[Pointer, Any]]:
    """Yield everything below a node with its place, examples and tests left out."""
    entries = as_map(node).items() if isinstance(node, dict) else enumerate(as_list(node))
    for key, value in entries:
        if not pointer and key in DATA:
            continue
        yield (*pointer, key), value
        if isinstance(value, dict | list):
            yield from _parts(value, (*pointer, key))
