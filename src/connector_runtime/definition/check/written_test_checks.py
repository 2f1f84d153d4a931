"""Examples and tests: do they name what there is, and can each entry of `each` be meant?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.definition.check.checker import expect, expect_inputs
from connector_runtime.definition.problems.component_draft import as_list, as_map, at, is_in
from connector_runtime.definition.written_tests import SAME, WrittenTestError, WrittenTests
from connector_runtime.language.kinds import SENDING
from connector_runtime.language.schemas.outputs import output_misuses
from connector_runtime.language.schemas.validator import language_part
from connector_runtime.language.templates import SPREAD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connector_runtime.definition.problems.component_draft import Draft, Pointer
    from connector_runtime.errors import Problem
    from connector_runtime.language.documents.document import Document

# What platforms store of a connection; a map of other keys holds fields only.
CONNECTION_PARTS = frozenset({"key", "fields", "token", "context"})
# Why a schema of an output that stands there says nothing.
_USELESS = {
    "trigger": "what a trigger tells of changes is the same everywhere",
    "action": "the last step makes the output",
}
# What a reply cannot have side by side.
_ONE_OF = (("error", ("status", "headers", "json", "text")), ("text", ("json",)))
_CODES = {"reply": "R040", "circle": "R013", "each": "R041", "expression": "R001", "times": "S006"}


def check_written_tests(draft: Draft, kind: str, document: Document) -> None:
    """Note what is wrong with the examples, tests and named replies of a file."""
    entries = _entries(draft, document) if document.name not in draft.misshapen else _as_written(document)
    for pointer, entry in entries:
        name = entry.get("example")
        if pointer[0] == "tests":
            examples = as_map(as_map(document.data).get("examples"))
            if not _is_each(name):
                expect(draft, document, (*pointer, "example"), name, "R023", known=examples)
            if {"error", "output"} <= entry.keys():
                message, hint = "there is no `output` where there is an `error`", "take one of them out"
                draft.note(document, (*pointer, "output"), "S007", message, hint=hint, key=True)
        _check_entry(draft, kind, document, pointer, entry)
        _check_spreads(draft, document, pointer, entry)


def _check_spreads(draft: Draft, document: Document, pointer: Pointer, entry: Mapping[str, Any]) -> None:
    """Note a `...` that would be compared, or sent, as it stands: it is understood at the top of `output`."""
    output = entry.get("output")
    if isinstance(output, dict) and SPREAD in output:
        spread = output[SPREAD]
        for part in spread if isinstance(spread, list) else [spread]:
            if part != SAME and not isinstance(part, dict):
                message = f"`...` puts the members of `{SAME}`, or of a map, in its place"
                hint = f"write `...: {SAME}`"
                draft.note(document, (*pointer, "output", SPREAD), "S004", message, hint=hint)
        output = {key: value for key, value in output.items() if key != SPREAD}
    data = {"output": output, **{key: entry.get(key) for key in ("sends", "reply", "error")}}
    for place in _spreads(data, pointer):
        hint = (
            "write the members out; `...: same` stands at the top of `output`, a number in an item of a list"
        )
        draft.note(document, place, "S001", "`...` is not understood here", hint=hint, key=True)


def _spreads(node: Any, pointer: Pointer) -> Iterator[Pointer]:
    for key, value in node.items() if isinstance(node, dict) else enumerate(as_list(node)):
        if key == SPREAD:
            yield (*pointer, key)
        elif isinstance(value, dict | list):
            yield from _spreads(value, (*pointer, key))


def check_output(draft: Draft, document: Document) -> None:
    """Note what makes the schema of an output unusable, also that of a step."""
    for place in _replies_below(document.data, ()):
        schema = at(document.data, (*place, "schema"))
        if isinstance(schema, str):
            name = schema.partition("#")[0]
            expect(draft, document, (*place, "schema"), name, "R026", known=draft.schemas.references)
        if isinstance(schema, dict):
            for pointer, message, hint in output_misuses(schema, draft.schemas):
                draft.note(document, (*place, "schema", *pointer), "S020", message, hint=hint)


def useless_schemas(draft: Draft) -> Iterator[Problem]:
    """Yield a warning for each schema of an output that is nobody's: a trigger's, an earlier step's."""
    for kind, why in _USELESS.items():
        for document in draft.files[kind].values():
            last = list(as_map(document.data.get("steps")))[-1:]
            for pointer in _replies_below(document.data, ()):
                if kind == "action" and (pointer == ("reply",) or list(pointer[1:2]) == last):
                    continue
                place = (*pointer, "schema")
                message = f"`schema` has no use here: {why}"
                yield document.problem(
                    place, "L009", message, hint="take it out", key=True, severity="warning"
                )


def _replies_below(node: Any, pointer: Pointer) -> Iterator[Pointer]:
    for key, member in as_map(node).items():
        if key == "reply" and "schema" in as_map(member):
            yield (*pointer, key)
        if pointer or key not in ("replies", "examples", "tests"):
            yield from _replies_below(member, (*pointer, key))


def unused_replies(draft: Draft) -> Iterator[Problem]:
    """Yield a warning for each named reply and each value of `each` that nothing reads."""
    used: set[str] = set()
    for kind in SENDING:
        for document in draft.files[kind].values():
            written = draft.written_tests(document)
            written.examples()
            list(written.tests())
            used |= written.used
            names = [("replies", name) for name in as_map(document.data.get("replies"))]
            for place in [*(place for place in names if place[1] not in written.used), *written.unread]:
                yield _unused(document, place)
    for name in draft.part("replies"):
        if name not in used and draft.component is not None:
            yield _unused(draft.component, ("replies", name))


def _unused(document: Document, place: Pointer) -> Problem:
    message = f"nobody uses `{place[-1]}`"
    return document.problem(place, "L005", message, hint="take it out", key=True, severity="warning")


def _as_written(document: Document) -> Iterator[tuple[Pointer, Mapping[str, Any]]]:
    for section in ("examples", "tests"):
        for name, entry in as_map(as_map(document.data).get(section)).items():
            yield (section, name), as_map(entry)


def _entries(draft: Draft, document: Document) -> Iterator[tuple[Pointer, Mapping[str, Any]]]:
    """Yield examples and tests as they are meant; what cannot be meant is noted."""
    written = draft.written_tests(document)
    for section in ("replies", "examples", "tests"):
        for name in as_map(document.data.get(section)):
            for entry in _meant(draft, document, written, (section, name)):
                yield (section, name), entry


def _meant(
    draft: Draft, document: Document, written: WrittenTests, pointer: tuple[str, str]
) -> list[Mapping[str, Any]]:
    section, name = pointer
    try:
        if section == "replies":
            # Read on its own: a name that only stands here is used by nobody.
            WrittenTests(document.data, draft.part("replies")).reply(name, pointer)
            return []
        if section == "examples":
            return [written.example(name)]
        entries = [told.definition for told in written.test(name)]
    except WrittenTestError as error:
        where = {"hint": error.hint, "offset": error.offset}
        draft.note(document, error.pointer, _CODES[error.kind], error.message, **where)
        return []
    if "each" in document.data["tests"][name]:
        # Only what the entries give is news: the file itself has its shape.
        for violation in [found for entry in entries for found in language_part("test").violations(entry)]:
            place, hint = (*pointer, *violation.pointer), violation.hint or "mend the entry of `each`"
            code = "S004" if violation.keyword == "enum" else "S003"
            draft.note(document, place, code, violation.message, hint=hint, hides=True)
    return entries


def _check_entry(
    draft: Draft, kind: str, document: Document, pointer: Pointer, entry: Mapping[str, Any]
) -> None:
    _check_replies(draft, document, pointer, entry)
    inputs = draft.names_of(kind, document)
    expect_inputs(draft, document, (*pointer, "inputs"), entry.get("inputs"), inputs)
    connections = draft.files["connection"]
    connection, place = entry.get("connection"), (*pointer, "connection")
    if isinstance(connection, str):
        if not _is_each(connection):
            expect(draft, document, place, connection, "R022", known=connections)
        return
    fields = as_map(connection)
    key = next(iter(draft.connections_of(document)), None)
    if fields and CONNECTION_PARTS.issuperset(fields):
        key = fields.get("key", key)
        expect(draft, document, (*place, "key"), fields.get("key"), "R022", known=connections)
        fields, place = as_map(fields.get("fields")), (*place, "fields")
    if is_in(key, connections) and "connection" not in draft.unreadable:
        known = draft.names_of("connection", connections[str(key)])
        expect_inputs(draft, document, place, fields, known)


def _check_replies(draft: Draft, document: Document, pointer: Pointer, entry: Mapping[str, Any]) -> None:
    """Note replies that cannot be: one fails on the wire or has one body."""
    for reply in [as_map(one) for one in as_list(entry.get("reply")) or [entry.get("reply")]]:
        for one, others in _ONE_OF:
            beside = [key for key in others if key in reply] if one in reply else []
            if beside:
                message, hint = f"a reply has no `{beside[0]}` beside `{one}`", "take one of them out"
                draft.note(document, (*pointer, "reply"), "S007", message, hint=hint)


def _is_each(name: Any) -> bool:
    """Return whether a name is still to come from an entry, in a file that could not be written out."""
    return isinstance(name, str) and "${" in name
