"""Nothing without effect: what is written must do something, and do what is written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from connector_runtime.base.urls import plain_text
from connector_runtime.definition.check.expression_checks import references_within
from connector_runtime.definition.check.let_reads import expanded
from connector_runtime.definition.problems.component_draft import DATA, as_list, as_map, at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connector_runtime.definition.problems.component_draft import Draft, Pointer
    from connector_runtime.language.documents.document import Document

# What stands below one of these goes out as text; below `json` a number stays one.
_AS_TEXT = frozenset({"query", "headers", "form", "multipart"})
_NUMBERS = ("integer", "number", "any")
_WANTED = {
    "retries": (_NUMBERS, "a whole number"),
    "delay": ((*_NUMBERS, "string"), "a duration"),
    "cap": ((*_NUMBERS, "string"), "a duration"),
    "onAny": (("boolean", "any"), "true or false"),
    "backoff": (("string", "any"), "`constant` or `exponential`"),
}
_ONE_INPUT = re.compile(r"\$\{\s*inputs\.(\w+)\s*\}")
# How a value that is no text looks in a file.
_WRITTEN = re.compile(r"[^\s,\]}#]+")


def check_effects(draft: Draft, kind: str, document: Document) -> None:
    """Note what a file says in vain, or says otherwise than it is sent."""
    _check_numbers(draft, document)
    if kind in ("action", "datasource"):
        steps = as_map(at(document.data, ("steps",)))
        for place in [("paginate",), *(("steps", name, "paginate") for name in steps)]:
            _check_pages(draft, kind, document, place)
    for name in as_map(at(document.data, ("poll", "sources"))):
        _check_pages(draft, kind, document, ("poll", "sources", name, "paginate"))
    if kind == "action":
        _check_policy(draft, document)


def _check_pages(draft: Draft, kind: str, document: Document, place: Pointer) -> None:
    """Demand that a page asks for something else than the page before."""
    paginate = as_map(at(document.data, place))
    known = [(part, key) for part in ("start", "next") for key in as_map(paginate.get(part)) if key != "..."]
    if not known:
        return
    asked, read = (_page_values(draft, kind, document, place, outside=outside) for outside in (True, False))
    if not asked:
        message = "no request uses a value of `page`: the same page would be asked for again and again"
        hint = f"use it in the request, as in `query: {{ {known[0][1]}: ${{ page.{known[0][1]} }} }}`"
        draft.note(document, (*place, "next"), "R060", message, hint=hint, key=True)
        return
    if (asked | read) - {key for _, key in known} - {None}:
        return  # a misspelt value is noticed elsewhere, and explains what nobody uses
    for part, key in known:
        if not {key, None} & (asked | read):
            message = f"nobody uses `page.{key}`"
            hint = "use it in the request, or take it out"
            draft.note(document, (*place, part, key), "R060", message, hint=hint, key=True)


def _page_values(draft: Draft, kind: str, document: Document, place: Pointer, *, outside: bool) -> set[Any]:
    """Return the members of `page` that are read outside `paginate`, or in it; None stands for all."""
    found: set[Any] = set()
    # Each source of a trigger has pages of its own.
    own = place[:-1] if kind == "trigger" else ()
    for pointer, text in draft.texts_of(document):
        if pointer[: len(own)] != own:
            continue
        if pointer[0] != "let" and (pointer[: len(place)] == place) is not outside:
            for reference in expanded(draft, document, references_within(kind, pointer, text)):
                if reference.path[0] == "page":
                    found.add(reference.path[1] if len(reference.path) > 1 else None)
    return found


def _check_numbers(draft: Draft, document: Document) -> None:
    """Note what is no text, goes out as one, and is then not what stands in the file."""
    for pointer, value in _sent_as_text(document.data):
        written = _WRITTEN.match(document.written_at(pointer))
        sent = plain_text(value, "")
        if written and written[0] != sent:
            message = f"`{written[0]}` is read as {_kind(value)} and goes out as `{sent}`"
            hint = f'put it in quotes: "{written[0]}"'
            draft.note(document, pointer, "R061", message, hint=hint)


def _kind(value: Any) -> str:
    return "a boolean" if isinstance(value, bool) else "a number"


def _sent_as_text(data: Any) -> Iterator[tuple[Pointer, Any]]:
    for key, value in as_map(data).items():
        if key == "tables":
            for name, table in as_map(value).items():
                yield from _scalars(as_map(table).get("rows"), (key, name, "rows"))
        elif key == "choose":
            for name, choice in as_map(value).items():
                yield from _scalars(as_map(choice).get("rows"), (key, name, "rows"))
        elif key == "inputs":
            yield from _choices(as_map(value))
        elif key not in DATA | {"reply", "paginate", "errors"}:
            yield from _in_requests(value, (key,))


def _choices(inputs: Mapping[str, Any]) -> Iterator[tuple[Pointer, Any]]:
    for key, definition in inputs.items():
        if as_map(definition).get("type") in _NUMBERS:
            continue
        for index, choice in enumerate(as_list(as_map(definition).get("choices"))):
            place = ("inputs", key, "choices", index)
            if isinstance(choice, dict):
                yield from _scalars(choice.get("value"), (*place, "value"))
            else:
                yield from _scalars(choice, place)


def _in_requests(node: Any, pointer: Pointer) -> Iterator[tuple[Pointer, Any]]:
    for key, value in as_map(node).items() if isinstance(node, dict) else enumerate(as_list(node)):
        if key in _AS_TEXT:
            yield from _scalars(value, (*pointer, key))
        elif key != "json" and isinstance(value, dict | list):
            yield from _in_requests(value, (*pointer, key))


def _scalars(node: Any, pointer: Pointer) -> Iterator[tuple[Pointer, Any]]:
    if isinstance(node, int | float):
        yield pointer, node
    for key, value in as_map(node).items() if isinstance(node, dict) else enumerate(as_list(node)):
        yield from _scalars(value, (*pointer, key))


def _check_policy(draft: Draft, document: Document) -> None:
    """Note that a policy reads an input which cannot hold what it needs, through `use` as well."""
    own = as_map(document.data).get("retry", draft.part("defaults").get("retry"))
    name = own if isinstance(own, str) else as_map(own).get("use")
    inputs = draft.inputs_of("action", document)
    used = as_map(draft.part("retry").get(name)) if isinstance(name, str) else {}
    for key, (types, words) in _WANTED.items():
        value = as_map(own).get(key, used.get(key))
        found = _ONE_INPUT.fullmatch(value) if isinstance(value, str) else None
        kind = as_map(inputs.get(found[1])).get("type", types[0]) if found else types[0]
        if found and kind not in types:
            place: Pointer = ("retry", key)
            owner = document
            if key not in as_map(own) and draft.component is not None:
                place, owner = ("retry", str(name), key), draft.component
            action = as_map(document.data).get("action")
            message = f"`{key}` needs {words}, and `inputs.{found[1]}` of `{action}` is a {kind}"
            hint = f"give the input the type `{types[0]}`"
            draft.note(owner, place, "R062", message, hint=hint)


def is_writing(method: Any) -> bool:
    """Return whether a method may change something, as HTTP has it."""
    return method in ("POST", "PUT", "PATCH", "DELETE")


def unexplained(data: Mapping[str, Any], pointer: Pointer = ()) -> Iterator[tuple[Pointer, str]]:
    """Yield the place and method of each request that is said to read and does not look like it."""
    node = as_map(at(data, pointer))
    method = as_map(node.get("request")).get("method")
    if node.get("effect") == "read" and is_writing(method) and "because" not in node:
        yield (*pointer, "request", "method"), str(method)
