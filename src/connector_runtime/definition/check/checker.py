"""What a schema cannot see: names, references, tables, expressions in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.definition.check.table_checks import check_rows
from connector_runtime.definition.check.webhook_checks import AGREEMENTS, check_reading, check_webhook
from connector_runtime.definition.problems.component_draft import (
    as_list,
    as_map,
    at,
    is_in,
    owners,
    request_places,
)
from connector_runtime.language.kinds import KEYED, SENDING
from connector_runtime.language.schemas.violations import meant
from connector_runtime.language.visible_names import names_for

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from connector_runtime.definition.problems.component_draft import Draft, Pointer
    from connector_runtime.language.documents.document import Document

__all__ = ["check", "names_for"]

# More rules than a vendor has errors; tables that use each other twice would double without end.
MAX_RULES = 1_000

# By code: what one is called, what several are called, which kind of file holds them.
_NOUNS = {
    "R018": ("service", "services", "component"),
    "R019": ("retry policy", "retry policies", "component"),
    "R020": ("table of errors", "tables of errors", "component"),
    "R021": ("action", "actions", "action"),
    "R022": ("connection", "connections", "connection"),
    "R023": ("example", "examples", ""),
    "R026": ("record schema", "record schemas", ""),
}


def check(draft: Draft) -> None:
    """Note everything that is wrong with a draft beyond its schemas."""
    # Both compile expressions, which needs Jinja: whoever only asks for names does not pay for it.
    from connector_runtime.definition.check.address_checks import check_addresses  # noqa: PLC0415
    from connector_runtime.definition.check.effect_checks import check_effects  # noqa: PLC0415
    from connector_runtime.definition.check.expression_checks import check_expressions  # noqa: PLC0415
    from connector_runtime.definition.check.input_checks import (  # noqa: PLC0415
        check_bodies,
        check_defaults,
        check_inputs,
    )
    from connector_runtime.definition.check.let_checks import check_lets  # noqa: PLC0415
    from connector_runtime.definition.check.poll_checks import check_poll  # noqa: PLC0415
    from connector_runtime.definition.check.step_checks import check_steps  # noqa: PLC0415
    from connector_runtime.definition.check.written_test_checks import check_output, check_written_tests  # noqa: PLC0415

    for kind, document in draft.documents():
        check_inputs(draft, kind, document)
        check_bodies(draft, document)
        check_addresses(draft, kind, document)
        check_lets(draft, kind, document)
        check_expressions(draft, kind, document)
        check_output(draft, document)
        check_effects(draft, kind, document)
        if kind == "action":
            check_steps(draft, document)
        _check_links(draft, kind, document)
        if kind == "trigger":
            check_webhook(draft, document)
            check_poll(draft, document)
        if kind == "component" or kind in SENDING:
            check_written_tests(draft, kind, document)
    if not draft.problems:
        check_defaults(draft)


def _check_links(draft: Draft, kind: str, document: Document) -> None:
    data = as_map(document.data)
    for pointer, name in _service_names(data):
        expect(draft, document, pointer, name, "R018", known=draft.part("services"))
    for pointer, name in _policy_names(kind, data):
        expect(draft, document, pointer, name, "R019", known=draft.part("retry"))
    for pointer, name in _error_tables(kind, data):
        expect(draft, document, pointer, name, "R020", known=draft.part("errors"))
    for pointer, name in _schema_names(data):
        if "${" not in str(name):
            expect(
                draft, document, pointer, str(name).partition("#")[0], "R026", known=draft.schemas.references
            )
    if kind == "component":
        _check_component(draft, document)
        _check_aliases(draft)
    elif kind in SENDING:
        _check_action(draft, document)
    _check_input_names(draft, kind, document)


def expect(
    draft: Draft, document: Document, pointer: Pointer, name: Any, code: str, *, known: Collection[str]
) -> bool:
    """Note that nothing has this name; what could not be read is not missed."""
    one, many, file_kind = _NOUNS[code]
    if not isinstance(name, str) or name in known or file_kind in draft.unreadable:
        return True
    hint = meant(name, known, many) or f"there are no {many}"
    draft.note(document, pointer, code, f"no {one} is called `{name}`", hint=hint)
    return False


def _service_names(data: Mapping[str, Any]) -> Iterator[tuple[Pointer, Any]]:
    for place in request_places(data):
        yield (*place, "service"), as_map(at(data, place)).get("service")


def _policy_names(kind: str, data: Mapping[str, Any]) -> Iterator[tuple[Pointer, Any]]:
    retry = data.get("retry")
    if kind == "component":
        yield ("defaults", "retry"), as_map(data.get("defaults")).get("retry")
    elif isinstance(retry, str):
        yield ("retry",), retry
    else:
        yield ("retry", "use"), as_map(retry).get("use")


def _error_tables(kind: str, data: Mapping[str, Any]) -> Iterator[tuple[Pointer, Any]]:
    if kind == "component":
        yield ("defaults", "errors"), as_map(data.get("defaults")).get("errors")
        for name, rules in as_map(data.get("errors")).items():
            yield from _used_in(rules, ("errors", name))
        return
    yield from _used_in(data.get("errors"), ("errors",))
    for name, source in as_map(as_map(data.get("poll")).get("sources")).items():
        yield from _used_in(as_map(source).get("errors"), ("poll", "sources", name, "errors"))
    webhook = as_map(data.get("webhook"))
    for name in AGREEMENTS:
        yield from _used_in(as_map(webhook.get(name)).get("errors"), ("webhook", name, "errors"))
    for own, owner in owners(data):
        if own:
            yield from _used_in(owner.get("errors"), (*own, "errors"))
        results = as_map(as_map(owner.get("reply")).get("results"))
        yield from _used_in(results.get("errors"), (*own, "reply", "results", "errors"))
    yield from _used_in(as_map(data.get("oauth2")).get("errors"), ("oauth2", "errors"))


def _used_in(table: Any, pointer: Pointer) -> Iterator[tuple[Pointer, Any]]:
    if isinstance(table, str):
        yield pointer, table
    for index, rule in enumerate(as_list(table)):
        yield (*pointer, index, "use"), as_map(rule).get("use")


def _schema_names(data: Mapping[str, Any]) -> Iterator[tuple[Pointer, Any]]:
    for key, definition in as_map(data.get("inputs")).items():
        yield ("inputs", key, "schema"), as_map(definition).get("schema", "${")
        yield ("inputs", key, "schemaFrom", "fallback"), _fallback(definition)
    for place in request_places(data):
        body = as_map(at(data, place)).get("body")
        yield (*place, "body", "schema"), as_map(body).get("schema", "${")
        yield (*place, "body", "schemaFrom", "fallback"), _fallback(body)
        for index, entry in enumerate(as_list(body)):
            yield (*place, "body", index, "schema"), as_map(entry).get("schema", "${")
            yield (*place, "body", index, "schemaFrom", "fallback"), _fallback(entry)


def _fallback(owner: Any) -> Any:
    return as_map(as_map(owner).get("schemaFrom")).get("fallback", "${")


def _check_component(draft: Draft, document: Document) -> None:
    for index, name in enumerate(as_list(draft.part("defaults").get("inputs"))):
        if isinstance(name, str) and name not in draft.shared and "inputs" not in draft.unreadable:
            hint = meant(name, draft.shared, "shared inputs") or "inputs/*.yaml holds none"
            message = f"no shared input is called `{name}`"
            draft.note(document, ("defaults", "inputs", index), "R012", message, hint=hint)
    check_rows(draft, document)
    _check_tables_of_errors(draft, document)


def _check_aliases(draft: Draft) -> None:
    """Note former keys of actions that another action has, or had as well."""
    taken = {key.casefold(): document for key, document in draft.files["action"].items()}
    for document in draft.files["action"].values():
        for index, alias in enumerate(as_list(as_map(document.data).get("aliases"))):
            if not isinstance(alias, str):
                continue
            first = taken.setdefault(alias.casefold(), document)
            if first is not document or alias == document.data.get("action"):
                hint = f"it is taken in {first.name}"
                place = ("aliases", index)
                draft.note(document, place, "R025", f"`{alias}` is not free", hint=hint)


def _check_tables_of_errors(draft: Draft, document: Document) -> None:
    tables = draft.part("errors")
    circular = [name for name in tables if _uses_itself(tables, name)]
    for name in circular:
        message, hint = f"`{name}` uses itself", "take one `use` out"
        draft.note(document, ("errors", name), "R013", message, hint=hint, key=True, hides=True)
    sizes: dict[str, int] = {}
    for name in tables if not circular else ():
        if _size(tables, name, sizes) > MAX_RULES:
            message = f"`{name}` has more than {MAX_RULES:,} rules, with those of the tables it uses"
            draft.note(document, ("errors", name), "S006", message, key=True)


def _used_by(tables: Mapping[str, Any], name: str) -> list[str]:
    """Return the tables that a table uses, as often as it does."""
    used = [as_map(rule).get("use") for rule in as_list(tables.get(name))]
    return [str(other) for other in used if is_in(other, tables)]


def _uses_itself(tables: Mapping[str, Any], name: str) -> bool:
    reached: set[str] = set()
    pending = _used_by(tables, name)
    while pending:
        other = pending.pop()
        if other not in reached:
            reached.add(other)
            pending += _used_by(tables, other)
    return name in reached


def _size(tables: Mapping[str, Any], name: str, known: dict[str, int]) -> int:
    """Return how many rules a table has, those it uses filled in; none may use itself."""
    if name not in known:
        used = _used_by(tables, name)
        own = len(as_list(tables.get(name))) - len(used)
        known[name] = own + sum(_size(tables, other, known) for other in used)
    return known[name]


def _check_action(draft: Draft, document: Document) -> None:
    data = as_map(document.data)
    for index, key in enumerate(as_list(data.get("connection"))):
        connections = draft.files["connection"]
        expect(draft, document, ("connection", index), key, "R022", known=connections)
    for own, owner in owners(data):
        lookup = as_map(owner.get("lookup"))
        if "action" in lookup:
            check_reading(draft, document, (*own, "lookup"), lookup)


def expect_inputs(
    draft: Draft, document: Document, pointer: Pointer, given: Any, known: Collection[str]
) -> None:
    """Note keys that are no inputs of what they are given to."""
    for key in as_map(given):
        if key not in known:
            hint = meant(key, known, "inputs") or "there are no inputs"
            message = f"no input is called `{key}`"
            draft.note(document, (*pointer, key), "R003", message, hint=hint, key=True)


def _check_input_names(draft: Draft, kind: str, document: Document) -> None:
    if kind not in KEYED:
        return
    data = as_map(document.data)
    known = draft.inputs_of(kind, document)
    for index, entry in enumerate(as_list(data.get("checks"))):
        name = as_map(entry).get("input")
        if isinstance(name, str) and name not in known:
            hint = meant(name, known, "inputs") or "there are no inputs"
            message = f"no input is called `{name}`"
            draft.note(document, ("checks", index, "input"), "R003", message, hint=hint)
    if kind == "connection":
        for name, example in as_map(data.get("examples")).items():
            place = ("examples", name, "fields")
            fields = as_map(example).get("fields")
            expect_inputs(draft, document, place, fields, draft.names_of(kind, document))
