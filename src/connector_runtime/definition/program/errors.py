"""Error tables: what failures mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.definition.program.common import names_at
from connector_runtime.language.templates import compile_expression_text, compile_node

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from connector_runtime.definition.program.common import Evaluate


class ErrorRule(NamedTuple):
    """One entry of an error table; the first whose `when` holds names the failure.

    Without a `kind` the HTTP status decides it.
    """

    when: Evaluate | None
    kind: str | None
    texts: Mapping[str, Evaluate]
    refused: bool


class ErrorRules:
    """An error table, compiled when a call first fails: most never do, and tables are long."""

    __slots__ = ("_component", "_rules", "_table")

    def __init__(self, table: Sequence[Mapping[str, Any]], component: Mapping[str, Any]) -> None:
        self._table = table
        self._component = component
        self._rules: tuple[ErrorRule, ...] | None = None

    def __iter__(self) -> Iterator[ErrorRule]:
        if self._rules is None:
            self._rules = tuple(_compile_errors(self._table, self._component))
        return iter(self._rules)


def _compile_errors(table: Sequence[Mapping[str, Any]], component: Mapping[str, Any]) -> list[ErrorRule]:
    rules: list[ErrorRule] = []
    names = names_at(("errors",))
    shared = {key: value for key, value in component.get("defaults", {}).items() if key == "code"}
    for entry in table:
        # In its place: the first rule that holds decides, so the order of a table that is used counts here.
        if "use" in entry:
            rules += _compile_errors(component["errors"][entry["use"]], component)
            continue
        # Where codes stand in a reply is the vendor's habit: said once, and each rule may differ.
        given = {**shared, **entry}
        texts = {
            key: compile_node(given[key], names).render
            for key in ("code", "message", "hint", "details", "existingId", "retryAfter")
            if key in given
        }
        when = compile_expression_text(entry["when"], names).render if "when" in entry else None
        rules.append(ErrorRule(when, entry.get("kind"), texts, bool(entry.get("refused", False))))
    return rules


def error_table(definition: Mapping[str, Any], defaults: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    own = definition.get("errors")
    if own is None:
        own = defaults.get("errors", [])
    return [{"use": own}] if isinstance(own, str) else own
