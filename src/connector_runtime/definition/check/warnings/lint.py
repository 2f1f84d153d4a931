"""What is legal and still unwise: warnings about a component without errors."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector_runtime.definition.check.effect_checks import is_writing
from connector_runtime.definition.check.expression_checks import references_in, references_within
from connector_runtime.definition.check.let_checks import unread_lets
from connector_runtime.definition.check.let_reads import expanded
from connector_runtime.definition.check.poll_checks import doubtful_sources
from connector_runtime.definition.check.rule_coverage import reached_rules, rules_of, unreached_rules
from connector_runtime.definition.check.warnings.conventions import broken_conventions
from connector_runtime.definition.check.warnings.doubtful import doubtful
from connector_runtime.definition.check.warnings.length_checks import too_long
from connector_runtime.definition.check.written_test_checks import unused_replies, useless_schemas
from connector_runtime.definition.fragments import used_fragments
from connector_runtime.definition.problems.component_draft import as_list, as_map, at, owners, request_places
from connector_runtime.errors import Problem
from connector_runtime.language.documents.merged import MergedDocument
from connector_runtime.language.kinds import KEYED, SENDING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connector_runtime.definition.problems.component_draft import Draft, Pointer
    from connector_runtime.language.documents.document import Document

# An action that needs more is two actions, or repeats what could be shared.
MAX_LINES = 80
_NOT_COUNTED = ("replies", "examples", "tests")
_SCHEMA_LINE = "# yaml-language-server: $schema="
# Which parts of a component the text under a key can name.
_SECTIONS = {
    "use": ("inputs", "retry", "errors"),
    "retry": ("retry",),
    "errors": ("errors",),
    "table": ("tables",),
    "from": ("tables",),
    "source": ("datasources",),
}
_USED = frozenset({"inputs", "connection", "secrets", "tables"})


class Usage:
    """Which names of a component its expressions and links mention.

    Attributes:
        names: (root, name) by file, such as ("inputs", "id"); a None stands for all of a root.
        tables: Names of tables that anything reads.
    """

    def __init__(self, draft: Draft) -> None:
        self.names: dict[str, set[tuple[str, Any]]] = {}
        for kind, document in draft.documents():
            found = self.names.setdefault(document.name, set())
            own = [one for pointer, one in references_in(draft, kind, document) if pointer[0] != "let"]
            for reference in draft.lets_of(document).expanded(own):
                root = str(reference.path[0])
                if root in _USED:
                    found.add((root, reference.path[1] if len(reference.path) > 1 else None))

    def has(self, names: Iterator[str], root: str, key: str) -> bool:
        """Return whether one of some files mentions a name."""
        wanted = {(root, key), (root, None)}
        return any(wanted & self.names.get(name, set()) for name in names)


def find_warnings(draft: Draft) -> list[Problem]:
    """Return what is unwise in a component without errors."""
    usage = Usage(draft)
    found = [*_unused_inputs(draft, usage), *_unused_parts(draft, usage), *unread_lets(draft)]
    found += unreached_rules(draft, reached_rules(draft))
    found += [*unused_replies(draft), *useless_schemas(draft), *doubtful_sources(draft)]
    for kind, document in draft.documents():
        found += _of_file(draft, kind, document)
    found += _of_schema_lines(draft)
    for document in draft.files["action"].values():
        found += _of_action(document)
        found += _of_results(draft, document)
        found += _dead_rules(draft, document)
    found += [*broken_conventions(draft), *too_long(draft), *doubtful(draft)]
    return list(dict.fromkeys(found))


def _warn(document: Document, pointer: Pointer, code: str, message: str, **where: Any) -> Problem:
    return document.problem(pointer, code, message, severity="warning", **where)


def _unused_inputs(draft: Draft, usage: Usage) -> Iterator[Problem]:
    shared = [document.name for document in draft.input_files]
    main = [draft.component.name] if draft.component else []
    for kind in KEYED:
        for document in draft.files[kind].values():
            for key in as_map(document.data.get("inputs")):
                if key == "search" and kind == "datasource":
                    continue
                files = [document.name, *shared, *main]
                is_used = usage.has(iter(files), "inputs", key) or usage.has(iter(files), "secrets", key)
                if not is_used and not (
                    kind == "connection" and usage.has(iter(usage.names), "connection", key)
                ):
                    hint = "use it in the request, or take it out"
                    message = f"nobody uses the input `{key}`"
                    yield _warn(document, ("inputs", key), "L001", message, hint=hint, key=True)


def _unused_parts(draft: Draft, usage: Usage) -> Iterator[Problem]:
    if draft.component is None:
        return
    used = _linked(draft)
    yield from _unused_files(draft, used)
    for section in ("services", "retry", "errors", "tables"):
        for name in draft.part(section):
            is_read = section == "tables" and usage.has(iter(usage.names), "tables", name)
            if name not in used[section] and not is_read:
                message = f"nobody uses `{name}`"
                yield _warn(draft.component, (section, name), "L005", message, hint="take it out", key=True)
    for name, (document, pointer) in draft.shared.items():
        if name not in used["inputs"]:
            yield _warn(document, pointer, "L005", f"nobody uses `{name}`", hint="take it out", key=True)


def _unused_files(draft: Draft, used: Mapping[str, set[Any]]) -> Iterator[Problem]:
    for name, document in draft.fragments.items():
        if name not in used["fragments"]:
            yield _warn(document, ("fragment",), "L005", "no file uses this fragment", hint="take it out")
    for name, document in draft.files["datasource"].items():
        if name not in used["datasources"]:
            yield _warn(
                document, ("datasource",), "L005", "no input offers these choices", hint="take it out"
            )


def _linked(draft: Draft) -> dict[str, set[Any]]:
    """Return the names that files refer to by name, by section."""
    defaults = draft.part("defaults")
    used: dict[str, set[Any]] = {
        "services": set(),
        "retry": {defaults.get("retry")},
        "errors": {defaults.get("errors")},
        "tables": set(),
        "inputs": set(as_list(defaults.get("inputs"))),
        "datasources": set(),
        "fragments": {*used_fragments(draft)},
    }
    for _, document in draft.documents():
        data = as_map(document.data)
        for place in request_places(data):
            used["services"].add(as_map(at(data, place)).get("service"))
        _collect({key: value for key, value in data.items() if key not in _NOT_COUNTED}, used)
    return used


def _collect(node: Any, used: dict[str, set[Any]]) -> None:
    if isinstance(node, list):
        for item in node:
            _collect(item, used)
    for key, value in as_map(node).items():
        _collect(value, used)
        if not isinstance(value, str):
            continue
        for section in _SECTIONS.get(key, ()):
            used[section].add(value)


def _of_schema_lines(draft: Draft) -> Iterator[Problem]:
    """Look at the first line of each file; those that name a schema say where the schemas lie."""
    files = [*draft.documents(), *draft.parts()]
    links = [
        document.path.parent / document.line(1).removeprefix(_SCHEMA_LINE).strip()
        for _, document in files
        if document.line(1).startswith(_SCHEMA_LINE) and "://" not in document.line(1)
    ]
    folder = os.path.normpath(links[0].parent) if links else None
    for kind, document in files:
        yield from _of_schema_line(kind, document, folder)


def _of_schema_line(kind: str, document: Document, folder: str | None) -> Iterator[Problem]:
    wanted = f"{kind}.schema.json"
    named = document.line(1)
    if not named.startswith(_SCHEMA_LINE):
        link = f"…/schemas/{wanted}"
        if folder is not None:
            link = Path(os.path.relpath(folder, document.path.parent), wanted).as_posix()
        hint = f"{_SCHEMA_LINE}{link}"
        message = "the first line does not name the schema, which editors need"
        yield _warn(document, (), "L007", message, hint=hint)
    elif (found := re.split(r"[/\\\\]", named.strip())[-1].rpartition("=")[2]) != wanted:
        message = f"the first line names the schema `{found}`, and this is a file of the kind `{kind}`"
        column, hint = len(_SCHEMA_LINE) + 1, f"name {wanted}"
        yield Problem(document.name, 1, column, "L007", message, hint, named, "warning")


def _of_file(draft: Draft, kind: str, document: Document) -> Iterator[Problem]:
    for key, definition in as_map(document.data.get("inputs")).items():
        yield from _of_input(draft, document, key, as_map(definition))
    for key, what in (("examples", "example"), ("tests", "test")):
        if kind in SENDING and not document.data.get(key):
            message, hint = f"the file has no {what}", f"add one under `{key}`"
            yield _warn(document, (kind,), "L004", message, hint=hint)


def _of_input(draft: Draft, document: Document, key: str, own: Mapping[str, Any]) -> Iterator[Problem]:
    full = draft.resolve(own)
    if full.get("required") is not True or "default" in full:
        return
    # New forms leave out what is deprecated.
    for word, is_hidden in (("shown", full.get("shown") == "hidden"), ("deprecated", "deprecated" in full)):
        if is_hidden:
            place = ("inputs", key, word) if word in own else ("inputs", key)
            state = "hidden" if word == "shown" else word
            message = f"nobody can fill in `{key}`: it is required and {state}"
            yield _warn(document, place, "L008", message, hint="give it a default", key=True)
            return


def _of_action(document: Document) -> Iterator[Problem]:
    for own, data in owners(document.data):
        effect = data.get("effect")
        if "lookup" in data and effect != "create":
            message = f"`lookup` has no use with the effect `{effect}`"
            hint = "only a create is looked up"
            yield _warn(document, (*own, "lookup"), "L009", message, hint=hint, key=True)
        if "identity" in data and effect in ("read", "delete", "raw"):
            message = f"`identity` has no use with the effect `{effect}`"
            yield _warn(document, (*own, "identity"), "L009", message, hint="take it out", key=True)
        if effect in ("create", "upsert") and not {"identity", "lookup"} & data.keys():
            message = "nothing says what is written here: neither `identity` nor `lookup`"
            hint = "say with `identity` what it is called before it is sent, as in `${ inputs.name }`"
            yield _warn(document, (*own, "effect"), "L028", message, hint=hint)
        is_read = effect == "read" and is_writing(as_map(data.get("request")).get("method"))
        if "because" in data and not is_read:
            message = "`because` has no use: the request looks like reading, or does not only read"
            yield _warn(document, (*own, "because"), "L009", message, hint="take it out", key=True)
    lines = _counted_lines(document)
    if lines > MAX_LINES:
        message = f"the action has {lines} lines without examples and tests; {MAX_LINES} are enough"
        yield _warn(document, ("action",), "L006", message, hint="share inputs, or make it two actions")


def _of_results(draft: Draft, document: Document) -> Iterator[Problem]:
    """Warn about results that are good or bad whatever the vendor says of a record."""
    for own, data in owners(document.data):
        place = (*own, "reply", "results", "ok")
        text = at(data, ("reply", "results", "ok"))
        if not isinstance(text, str):
            continue
        read = {one.path[0] for one in expanded(draft, document, references_within("action", place, text))}
        if read and "item" not in read:
            message = "`ok` does not look at `item`, so that one record is judged as all of them"
            hint = "write it as `reply.ok`, and `ok: ${ true }` here: then the whole request is refused"
            yield _warn(document, place, "L029", message, hint=hint)


def _counted_lines(document: Document) -> int:
    own = document.layers[0] if isinstance(document, MergedDocument) else document
    starts = sorted((own.place((key,), key=True)[0], key) for key in as_map(own.data))
    total = len(document.text.splitlines())
    ends = [line for line, _ in starts[1:]] + [total + 1]
    skipped = sum(end - line for (line, key), end in zip(starts, ends, strict=True) if key in _NOT_COUNTED)
    return total - skipped


def _dead_rules(draft: Draft, document: Document) -> Iterator[Problem]:
    """Warn about rules behind one that always holds."""
    for own, _ in owners(document.data):
        yield from _dead(rules_of(draft, document, own))


def _dead(rules: list[tuple[Document, Pointer]]) -> Iterator[Problem]:
    always = ""
    for owner, pointer in rules:
        rule = as_map(at(owner.data, pointer))
        if always:
            hint = f"the rule in {always} holds always: move that to the end"
            yield _warn(owner, pointer, "L003", "this rule can never apply", hint=hint)
        elif "when" not in rule or rule["when"] is True:
            always = f"{owner.origin(pointer).name} line {owner.place(pointer)[0]}"
