"""Definitions of inputs: shared ones, choices, defaults, patterns, bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.definition.check.reference_checks import columns_of
from connector_runtime.definition.check.table_checks import folded
from connector_runtime.definition.problems.component_draft import as_list, as_map, at, is_in, request_places
from connector_runtime.errors import DefinitionError
from connector_runtime.inputs.types.input_type import AMOUNT
from connector_runtime.inputs.types.registry import NAMES, input_type, types_with
from connector_runtime.language.expressions.patterns import PatternError, compile_pattern
from connector_runtime.language.schemas.violations import meant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.definition.problems.component_draft import Draft, Pointer
    from connector_runtime.inputs.types.input_type import InputType
    from connector_runtime.language.documents.document import Document

# Keys that only some types know.
_OF_SOME = ("pattern", "min", "max", "accepts", "choices", "choicesFrom", "schema", "schemaFrom")


def check_inputs(draft: Draft, kind: str, document: Document) -> None:
    """Note what is wrong with a file's definitions of inputs."""
    if kind not in ("inputs", "component"):
        _check_former(draft, kind, document)
    for key, definition in as_map(as_map(document.data).get("inputs")).items():
        pointer = ("inputs", key)
        own = as_map(definition)
        if "use" in own and not _check_use(draft, document, pointer, own["use"]):
            continue
        full = draft.resolve(own)
        if kind != "connection" and full.get("type") == "secret" and kind != "inputs":
            hint = "secrets are entered once, in the connection; make it a connection's input"
            draft.note(
                document, _own(own, pointer, "type"), "R006", f"`{key}` cannot be a secret here", hint=hint
            )
        _check_keys(draft, document, pointer, own, full)
        _check_pattern(draft, document, pointer, own)
        _check_spellings(draft, document, pointer, own)
        _check_choices_from(draft, document, pointer, own)
        _check_schema_from(draft, document, pointer, own)
        _check_default(draft, document, pointer, own, full)


def _check_former(draft: Draft, kind: str, document: Document) -> None:
    """Note former keys that are another input's key, or its former one as well."""
    definitions = draft.inputs_of(kind, document)
    own = as_map(as_map(document.data).get("inputs"))
    taken = {key: key for key in definitions}
    for key, full in definitions.items():
        for index, name in enumerate(as_list(full.get("renamedFrom"))):
            first = taken.setdefault(name, key) if isinstance(name, str) else key
            if first != key or name == key:
                place = (
                    ("inputs", key, "renamedFrom", index)
                    if "renamedFrom" in as_map(own.get(key))
                    else ("inputs", key)
                )
                message, hint = f"`{name}` is not free", f"it is a key of the input `{first}`"
                draft.note(document, place, "R025", message, hint=hint)


def _check_spellings(draft: Draft, document: Document, pointer: Pointer, own: Mapping[str, Any]) -> None:
    """Note other spellings of a choice that mean another choice as well, also where capitals do not count."""
    choices = [
        as_map(choice) if _has_value(choice) else {"value": choice} for choice in as_list(own.get("choices"))
    ]
    taken: dict[str, int] = {}
    for key in ("value", "label"):
        for order, choice in enumerate(choices):
            taken.setdefault(folded(choice.get(key, choice["value"])), order)
    for order, choice in enumerate(choices):
        for index, alias in enumerate(as_list(choice.get("aliases"))):
            first = taken.setdefault(folded(alias), order)
            if first != order:
                place = (*pointer, "choices", order, "aliases", index)
                hint = f"it means the choice `{choices[first]['value']}`"
                draft.note(document, place, "R025", f"`{alias}` is not free", hint=hint)


def check_defaults(draft: Draft) -> None:
    """Note defaults that their own input would refuse; for a draft without other problems."""
    from connector_runtime.inputs.inputs import build_inputs  # noqa: PLC0415  which needs much more

    tables = {name: as_map(table).get("rows", {}) for name, table in draft.part("tables").items()}
    for kind, document in draft.documents():
        for key, own in as_map(document.data.get("inputs")).items() if kind != "component" else ():
            full = draft.resolve(own)
            if "default" not in full:
                continue
            try:
                build_inputs({key: full}, tables)
            except DefinitionError as error:
                draft.note(
                    document, _own(own, ("inputs", key), "default"), "R015", error.message, hint=error.hint
                )


def _own(own: Mapping[str, Any], pointer: Pointer, key: str) -> Pointer:
    return (*pointer, key) if key in own else (*pointer, "use")


def _check_use(draft: Draft, document: Document, pointer: Pointer, name: Any) -> bool:
    if not isinstance(name, str):
        return False
    if name not in draft.shared:
        if "inputs" not in draft.unreadable:
            hint = meant(name, draft.shared, "shared inputs") or "inputs/*.yaml holds no shared inputs"
            draft.note(document, (*pointer, "use"), "R012", f"no shared input is called `{name}`", hint=hint)
        return False
    if not draft.resolve({"use": name}):
        if _loops(draft, name):
            draft.note(
                document, (*pointer, "use"), "R013", f"`{name}` uses itself", hint="say its `type` instead"
            )
        return False
    return True


def _loops(draft: Draft, name: str) -> bool:
    seen: set[str] = set()
    used: Any = name
    while is_in(used, draft.shared):
        if used in seen:
            return True
        seen.add(used)
        document, pointer = draft.shared[used]
        used = as_map(at(document.data, pointer)).get("use")
    return False


def _check_keys(
    draft: Draft, document: Document, pointer: Pointer, own: Mapping[str, Any], full: Mapping[str, Any]
) -> None:
    kind = str(full.get("type"))
    if kind not in NAMES:
        return
    known = input_type(kind)
    for key in _OF_SOME:
        if key in own and key not in known.keys:
            message = f"`{key}` has no meaning for the type `{kind}`"
            hint = f"types that know it: {', '.join(sorted(types_with(key)))}"
            draft.note(document, (*pointer, key), "R017", message, hint=hint, key=True)
    least, most = _number(full, "min"), _number(full, "max")
    if least is not None and most is not None and least > most:
        message = f"`max` {most:g} is below `min` {least:g}"
        draft.note(document, _own(own, pointer, "max"), "R017", message)
    for key in ("min", "max"):
        bound = _number(own, key)
        if known.bounds is not AMOUNT and bound is not None and (bound < 0 or not bound.is_integer()):
            message = f"`{key}` counts characters or entries here, and cannot be {bound:g}"
            draft.note(document, (*pointer, key), "R017", message)


def _number(owner: Mapping[str, Any], key: str) -> float | None:
    value = owner.get(key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _check_pattern(draft: Draft, document: Document, pointer: Pointer, own: Mapping[str, Any]) -> None:
    pattern = own.get("pattern")
    if isinstance(pattern, str):
        try:
            compile_pattern(pattern)
        except PatternError as error:
            draft.note(document, (*pointer, "pattern"), "R016", error.message, hint=error.hint)


def _check_choices_from(draft: Draft, document: Document, pointer: Pointer, own: Mapping[str, Any]) -> None:
    wanted = as_map(own.get("choicesFrom"))
    place = (*pointer, "choicesFrom")
    if "component" not in draft.unreadable and isinstance(wanted.get("table"), str):
        rows = draft.table(wanted["table"])
        if rows is None:
            hint = meant(wanted["table"], draft.part("tables"), "tables")
            message = f"there is no table `{wanted['table']}`"
            draft.note(document, (*place, "table"), "R007", message, hint=hint, hides=True)
            return
        columns = columns_of(rows)
        label = wanted.get("label")
        if isinstance(label, str) and label not in columns:
            message = f"no row of `{wanted['table']}` has `{label}`"
            draft.note(document, (*place, "label"), "R008", message, hint=meant(label, columns, "columns"))
    if "datasource" not in draft.unreadable and isinstance(wanted.get("source"), str):
        _check_source(draft, document, place, wanted)


def check_bodies(draft: Draft, document: Document) -> None:
    """Note what is wrong where a body's record schema comes from a data source."""
    for place in request_places(as_map(document.data)):
        body = as_map(at(document.data, place)).get("body")
        _check_schema_from(draft, document, (*place, "body"), as_map(body))
        for index, entry in enumerate(as_list(body)):
            _check_schema_from(draft, document, (*place, "body", index), as_map(entry))


def _check_schema_from(draft: Draft, document: Document, pointer: Pointer, owner: Mapping[str, Any]) -> None:
    wanted, place = as_map(owner.get("schemaFrom")), (*pointer, "schemaFrom")
    if not isinstance(wanted.get("source"), str) or "datasource" in draft.unreadable:
        return
    if "schema" in owner:
        hint = "name it as the `fallback` of `schemaFrom`"
        message = "`schema` has no meaning beside `schemaFrom`"
        draft.note(document, (*pointer, "schema"), "R017", message, hint=hint, key=True)
    _check_source(draft, document, place, wanted)
    source = draft.files["datasource"].get(wanted["source"])
    if source is not None and "schema" not in as_map(as_map(source.data).get("options")):
        message = f"the data source `{wanted['source']}` does not say what its records mean as fields"
        hint = "give its `options` a `schema`: what the field of a record is"
        draft.note(document, (*place, "source"), "R017", message, hint=hint)


def _check_source(draft: Draft, document: Document, place: Pointer, wanted: Mapping[str, Any]) -> None:
    sources = draft.files["datasource"]
    if wanted["source"] not in sources:
        hint = meant(wanted["source"], sources, "data sources") or "datasources/ holds none"
        message = f"there is no data source `{wanted['source']}`"
        draft.note(document, (*place, "source"), "R014", message, hint=hint)
        return
    known = draft.inputs_of("datasource", sources[wanted["source"]])
    for key in as_map(wanted.get("inputs")):
        if key not in known:
            hint = meant(key, known, "its inputs") or "it has no inputs"
            message = f"the data source `{wanted['source']}` has no input `{key}`"
            draft.note(document, (*place, "inputs", key), "R003", message, hint=hint, key=True)


def _check_default(
    draft: Draft, document: Document, pointer: Pointer, own: Mapping[str, Any], full: Mapping[str, Any]
) -> None:
    value = full.get("default")
    if "default" not in full or value is None or (isinstance(value, str) and "${" in value):
        return
    place = _own(own, pointer, "default")
    kind = str(full.get("type"))
    known_type = input_type(kind) if kind in NAMES else None
    if known_type is not None and not _is_default(known_type, value):
        message = f"the default of the type `{kind}` must be {known_type.words}"
        draft.note(document, place, "R015", message)
        return
    known = _choices(draft, full)
    if known and full.get("custom") is not True and not isinstance(value, list) and value not in known:
        shown = [str(choice) for choice in known]
        hint = meant(str(value), shown, "choices")
        draft.note(document, place, "R015", f"the default `{value}` is none of the choices", hint=hint)


def _is_default(kind: InputType, value: Any) -> bool:
    if isinstance(value, bool) and kind.bounds is AMOUNT:
        return False
    return not kind.default or isinstance(value, kind.default)


def _choices(draft: Draft, full: Mapping[str, Any]) -> list[Any]:
    known: list[Any] = []
    for choice in as_list(full.get("choices")):
        known += [choice["value"], *as_list(choice.get("aliases"))] if _has_value(choice) else [choice]
    table = as_map(full.get("choicesFrom")).get("table")
    return known + list(draft.table(table) or ()) if isinstance(table, str) else known


def _has_value(choice: Any) -> bool:
    return "value" in as_map(choice)
