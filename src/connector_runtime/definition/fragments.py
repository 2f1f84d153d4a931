"""What several files of a component share is put in place: fragments, tables, error rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.definition.problems.component_draft import as_list, as_map
from connector_runtime.language.documents.merged import MergedDocument, merge
from connector_runtime.language.schemas.violations import meant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector_runtime.definition.problems.component_draft import Draft, Pointer
    from connector_runtime.language.documents.document import Document

# What a fragment says about itself, and what is done once its parts are in place.
_OWN_KEYS = frozenset({"fragment", "use"})
# What is a map wherever it stands; another value would vanish below a file's own map, unread.
_MAPS = ("inputs", "let", "request", "reply", "apply", "examples", "tests")
# What files of tables and of error rules may hold, and what one of each is called.
_FACTS = {"tables": "table", "errors": "table of errors", "let": "named value"}


def put_in_place(draft: Draft) -> None:
    """Give every file the fragments that it uses, and `component.yaml` the tables beside it."""
    # A circle is noted at its first fragment, whether or not a file uses it.
    circular = {key for key in draft.fragments if _uses_itself(draft, key)}
    for key in sorted(circular):
        message, hint = f"`{key}` uses itself", "take one `use` out"
        draft.note(draft.fragments[key], ("use",), "R013", message, hint=hint, key=True)
    for kind, documents in draft.files.items():
        for key, document in documents.items():
            if "use" in as_map(document.data):
                documents[key] = _with_fragments(draft, kind, document, circular)
    if draft.facts and draft.component is not None:
        draft.component = _with_facts(draft, draft.component)


def used_fragments(draft: Draft) -> set[str]:
    """Return the keys of the fragments that some file uses, directly or by another fragment."""
    found: set[str] = set()
    pending = [
        name for kind in draft.files.values() for document in kind.values() for name in _asked(document)
    ]
    while pending:
        name = pending.pop()
        if name in draft.fragments and name not in found:
            found.add(name)
            pending += _asked(draft.fragments[name])
    return found


def _asked(document: Document) -> list[str]:
    """Return the fragments that a file names, before or after they were put in place."""
    own = document.layers[0] if isinstance(document, MergedDocument) else document
    return [name for _, name in _names(own)]


def _names(document: Document) -> Iterator[tuple[Pointer, str]]:
    wanted = as_map(document.data).get("use")
    if isinstance(wanted, str):
        yield ("use",), wanted
    for index, name in enumerate(as_list(wanted)):
        if isinstance(name, str):
            yield ("use", index), name


def _uses_itself(draft: Draft, key: str) -> bool:
    reached: set[str] = set()
    pending = _asked(draft.fragments[key])
    while pending:
        name = pending.pop()
        if name in draft.fragments and name not in reached:
            reached.add(name)
            pending += _asked(draft.fragments[name])
    return key in reached


def _with_fragments(draft: Draft, kind: str, document: Document, circular: set[str]) -> Document:
    layers: list[Document] = []
    if not _collect(draft, document, layers, circular):
        # What is missing now would be said of the file, and the mistake is another one.
        draft.give_up(kind, document)
    data: dict[str, Any] = dict(as_map(document.data))
    for layer in layers[1:]:
        _judge_maps(draft, layer)
        data = merge(data, {key: value for key, value in as_map(layer.data).items() if key not in _OWN_KEYS})
    if isinstance(data["use"], str | list):
        del data["use"]
    return MergedDocument(document.path, document.name, data, layers=layers)


def _judge_maps(draft: Draft, fragment: Document) -> None:
    """Note what no file can be merged with; the file that uses it may say all of it itself."""
    own = as_map(fragment.data)
    for key in _MAPS:
        if key in own and not isinstance(own[key], dict) and not draft.is_faulty(fragment, (key,)):
            draft.note(fragment, (key,), "S003", f"`{key}` must be a map of keys and values")


def _collect(draft: Draft, document: Document, layers: list[Document], circular: set[str]) -> bool:
    """Add a file and what it uses, each once; return whether all of it is there."""
    layers.append(document)
    is_whole = True
    for pointer, name in _names(document):
        fragment = draft.fragments.get(name)
        if fragment is None:
            is_whole = False
            if "fragment" not in draft.unreadable:
                hint = meant(name, draft.fragments, "fragments") or "fragments/ holds none"
                draft.note(document, pointer, "R035", f"no fragment is called `{name}`", hint=hint)
        elif name in circular:
            is_whole = False
        elif fragment not in layers:
            is_whole = _collect(draft, fragment, layers, circular) and is_whole
    return is_whole


def _with_facts(draft: Draft, component: Document) -> Document:
    data: dict[str, Any] = dict(as_map(component.data))
    owners = {(section, name): component for section in _FACTS for name in as_map(data.get(section))}
    for section, document in ((section, document) for _, document in draft.facts for section in _FACTS):
        added = as_map(as_map(document.data).get(section))
        for name in added:
            first = owners.setdefault((section, name), document)
            if first is not document:
                message = f"there is a second {_FACTS[section]} called `{name}`"
                hint = f"the first is in {first.name}"
                draft.note(document, (section, name), "R025", message, hint=hint, key=True)
        if added and isinstance(data.get(section, {}), dict):
            data[section] = {**data.get(section, {}), **added, **as_map(component.data.get(section))}
    layers = [component, *(document for _, document in draft.facts)]
    return MergedDocument(component.path, component.name, data, layers=layers, takes=False)
