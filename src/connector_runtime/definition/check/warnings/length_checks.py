"""Lines and expressions that are too long to be reviewed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector_runtime.errors import Problem
from connector_runtime.language.documents.layout import MAX_LINE, long_lines
from connector_runtime.language.documents.merged import MergedDocument
from connector_runtime.language.templates import expression_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector_runtime.definition.problems.component_draft import Draft
    from connector_runtime.language.documents.document import Document

# What is longer says several things, and each of them can have a name.
MAX_EXPRESSION = 100


def too_long(draft: Draft) -> Iterator[Problem]:
    """Yield a warning for each long line and each long expression of a component's own files."""
    documents = [document for _, document in (*draft.documents(), *draft.parts())]
    own = [one.layers[0] if isinstance(one, MergedDocument) else one for one in documents]
    for document in {one.name: one for one in own}.values():
        yield from _lines_of(document)
        yield from _expressions_of(draft, document)


def _lines_of(document: Document) -> Iterator[Problem]:
    for number, length in long_lines(document.text):
        message = f"the line has {length} characters; {MAX_LINE} are enough"
        hint = "the command `format` wraps it, or says what else to do"
        source = document.line(number)
        yield Problem(document.name, number, MAX_LINE + 1, "L010", message, hint, source, "warning")


def _expressions_of(draft: Draft, document: Document) -> Iterator[Problem]:
    for pointer, text in draft.texts_of(document):
        for expression in expression_texts(text) if "${" in text else ():
            length = len(" ".join(expression.split()))
            if length > MAX_EXPRESSION:
                message = f"the expression has {length} characters; {MAX_EXPRESSION} are enough"
                hint = "give parts of it names with `let`, or put its facts into a table"
                yield document.problem(pointer, "L011", message, hint=hint, severity="warning")
