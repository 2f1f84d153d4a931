"""Which rules of error tables the examples and tests of a component reach.

Judged from the replies that the files hold, without running anything; whoever runs the
embedded tests may add what they have reached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.base.urls import UrlError
from connector_runtime.base.values import ABSENT
from connector_runtime.definition.problems.component_draft import as_list, as_map, at, owners
from connector_runtime.language.expressions.operators import EvaluationError
from connector_runtime.language.templates import compile_expression_text
from connector_runtime.language.visible_names import names_for

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from connector_runtime.definition.problems.component_draft import Draft, Pointer
    from connector_runtime.errors import Problem
    from connector_runtime.language.documents.document import Document

RuleId = tuple[str, tuple[str | int, ...]]


def rules_of(draft: Draft, document: Document, own: Pointer = ()) -> list[tuple[Document, Pointer]]:
    """Return the rules that judge an action's failures, tables they use filled in, in order.

    Those of a step, to which `own` leads, are the action's where it has none.
    """
    place = (*own, "errors") if at(document.data, (*own, "errors")) is not None else ("errors",)
    return _flat(draft, *_table(draft, document, place))


def record_rules_of(draft: Draft, document: Document, own: Pointer = ()) -> list[tuple[Document, Pointer]]:
    """Return the rules that judge the single records of a many-record action, in order."""
    if at(document.data, (*own, "reply", "results")) is None:
        return []
    return _flat(draft, *_table(draft, document, (*own, "reply", "results", "errors")))


def reached_rules(draft: Draft) -> set[RuleId]:
    """Return the rules that some reply of an example or test reaches."""
    return {
        (owner.name, pointer)
        for document in draft.files["action"].values()
        for owner, pointer in _reached_in(draft, document)
    }


def unreached_rules(draft: Draft, reached: Collection[RuleId]) -> list[Problem]:
    """Return a warning for each rule that an action uses and that was not reached.

    Args:
        draft: The component.
        reached: File name and place of each rule that was, as `rules_of` gives them.
    """
    used: dict[RuleId, Document] = {}
    for document in draft.files["action"].values():
        for own, _ in owners(document.data):
            for owner, pointer in [*rules_of(draft, document, own), *record_rules_of(draft, document, own)]:
                used[owner.name, pointer] = owner
    hint = "add a test with a reply for which it is the first rule that holds"
    return [
        owner.problem(pointer, "L002", "no test reaches this rule", hint=hint, severity="warning")
        for (name, pointer), owner in used.items()
        if (name, pointer) not in reached
    ]


def _table(draft: Draft, document: Document, pointer: Pointer) -> tuple[Document, Any, Pointer]:
    """Return a table of rules, the component's default where a file has none of its own."""
    found = at(document.data, pointer)
    if found is None:
        return draft.component or document, draft.part("defaults").get("errors"), ("defaults", "errors")
    return document, found, pointer


def _flat(draft: Draft, owner: Document, table: Any, pointer: Pointer) -> list[tuple[Document, Pointer]]:
    if isinstance(table, str):
        return _shared(draft, table)
    found: list[tuple[Document, Pointer]] = []
    for index, rule in enumerate(as_list(table)):
        if "use" in rule:
            found += _flat(draft, owner, rule["use"], pointer)
        else:
            place = (*pointer, index)
            # A rule of a fragment is one rule, whichever file uses it.
            found.append((owner if owner is draft.component else owner.origin(place), place))
    return found


def _shared(draft: Draft, name: str) -> list[tuple[Document, Pointer]]:
    """Return the rules of a table that any file may use, gathered once for all of them."""
    if name not in draft.rules:
        rules = draft.part("errors").get(name)
        found = _flat(draft, draft.component, rules, ("errors", name)) if draft.component and rules else []
        draft.rules[name] = found
    return draft.rules[name]


def _reached_in(draft: Draft, document: Document) -> Iterator[tuple[Document, Pointer]]:
    for own, owner in owners(document.data):
        yield from _reached_by(draft, document, own, as_map(owner.get("reply")))


def _reached_by(
    draft: Draft, document: Document, own: Pointer, reply: Mapping[str, Any]
) -> Iterator[tuple[Document, Pointer]]:
    rules, record_rules = rules_of(draft, document, own), record_rules_of(draft, document, own)
    results = as_map(reply.get("results"))
    for scope in replies_of(draft, document):
        status = scope["reply"]["status"]
        if not isinstance(status, int):
            continue  # it is worked out for each entry of a test
        has_good_status = status < 300
        if "error" in reply and not (results and has_good_status):
            error = _value(reply["error"], ("reply", "error"), scope)
            if error is not ABSENT:
                yield from _first(rules, {**scope, "fault": error})
                continue
        is_good = has_good_status or ("ok" in reply and "of" in results)
        if not is_good or ("ok" in reply and not _holds(reply["ok"], ("reply", "ok"), scope)):
            yield from _first(rules, scope)
            continue
        items = _value(results["items"], ("reply", "results", "items"), scope) if results else []
        for item in as_list(items):
            if not _holds(results["ok"], ("reply", "results", "ok"), {**scope, "item": item}):
                yield from _first(record_rules, {**scope, "fault": item, "item": item})


def replies_of(draft: Draft, document: Document, kind: str = "action") -> Iterator[dict[str, Any]]:
    """Yield what expressions see for each reply in a file's examples and tests."""
    written = draft.written_tests(document)
    examples = written.examples()
    definitions = draft.inputs_of(kind, document)
    defaults = {key: entry["default"] for key, entry in definitions.items() if "default" in entry}
    tables = {name: as_map(table).get("rows") for name, table in draft.part("tables").items()}
    lets = draft.lets_of(document)
    for entry in [*examples.values(), *(test.definition for test in written.tests())]:
        example = as_map(examples.get(entry.get("example", "")))
        inputs = {**defaults, **as_map(example.get("inputs")), **as_map(entry.get("inputs"))}
        replies = entry.get("reply", example.get("reply", []))
        for reply in replies if isinstance(replies, list) else [replies]:
            if "error" not in reply:
                yield lets.seen_by({"inputs": inputs, "tables": tables, **_seen(reply)})


def _seen(reply: Mapping[str, Any]) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in as_map(reply.get("headers")).items()}
    body = reply.get("json", ABSENT)
    seen = {
        "status": reply.get("status", 200),
        "headers": headers,
        "text": reply.get("text", ""),
        "json": body,
    }
    return {"reply": {key: value for key, value in seen.items() if value is not ABSENT}, "fault": body}


def _first(
    rules: list[tuple[Document, Pointer]], scope: Mapping[str, Any]
) -> Iterator[tuple[Document, Pointer]]:
    for owner, pointer in rules:
        rule = as_map(at(owner.data, pointer))
        if "when" not in rule or _holds(rule["when"], ("errors", 0, "when"), scope):
            yield owner, pointer
            return


def _holds(text: Any, pointer: Pointer, scope: Mapping[str, Any]) -> bool:
    value = _value(text, pointer, scope)
    return value is not ABSENT and bool(value)


def _value(text: Any, pointer: Pointer, scope: Mapping[str, Any]) -> Any:
    return value_of("action", pointer, text, scope)


def value_of(kind: str, pointer: Pointer, text: Any, scope: Mapping[str, Any]) -> Any:
    """Return what an expression of a kind of file gives, absent where it fails."""
    try:
        return compile_expression_text(text, names_for(kind, pointer)).render(scope)
    except (EvaluationError, UrlError):
        return ABSENT
