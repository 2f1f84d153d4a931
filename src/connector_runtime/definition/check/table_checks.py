"""Rows of tables that inputs choose from: other spellings that are none, or mean two rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.definition.problems.component_draft import as_list, as_map

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.definition.problems.component_draft import Draft
    from connector_runtime.language.documents.document import Document


def check_rows(draft: Draft, document: Document) -> None:
    """Note what is wrong with `aliases` of rows: inputs that choose from the table read that column."""
    labels = _labels(draft)
    for name in draft.part("tables"):
        rows = {key: as_map(row) for key, row in (draft.table(name) or {}).items()}
        spelt = {key: row for key, row in rows.items() if "aliases" in row}
        for key, row in spelt.items():
            if not isinstance(row["aliases"], list):
                place = ("tables", name, "rows", key, "aliases")
                hint = "they are the other spellings of the row's key"
                draft.note(document, place, "S003", "`aliases` must be a list", hint=hint)
        if spelt:
            _check_clashes(draft, document, name, rows, labels.get(name, set()))


def _check_clashes(
    draft: Draft, document: Document, name: str, rows: Mapping[str, Mapping[str, Any]], labels: set[str]
) -> None:
    """Note other spellings of a row that mean another row as well, also where capitals do not count."""
    taken = {folded(key): key for key in rows}
    for column in sorted(labels):
        for key, row in rows.items():
            taken.setdefault(folded(row.get(column, key)), key)
    for key, row in rows.items():
        for index, alias in enumerate(as_list(row.get("aliases"))):
            first = taken.setdefault(folded(alias), key)
            if first != key:
                place = ("tables", name, "rows", key, "aliases", index)
                draft.note(
                    document, place, "R025", f"`{alias}` is not free", hint=f"it means the row `{first}`"
                )


def _labels(draft: Draft) -> dict[str, set[str]]:
    """Return, by table, the columns that people see as the names of its rows."""
    found: dict[str, set[str]] = {}
    for _, owner in draft.documents():
        for definition in as_map(as_map(owner.data).get("inputs")).values():
            wanted = as_map(as_map(definition).get("choicesFrom"))
            table, label = wanted.get("table"), wanted.get("label")
            if isinstance(table, str) and isinstance(label, str):
                found.setdefault(table, set()).add(label)
    return found


def folded(text: Any) -> str:
    """Return a spelling as it is compared: without regard to capitals and to blanks around it."""
    return str(text).strip().casefold()
