"""A form program of somebody else's: it has read a catalogue and nothing more.

It shows what is to be entered, and says what is missing. It stands for a front end in any
language, so it imports nothing of the runtime and knows no component.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Ask = Callable[[Mapping[str, Any]], Mapping[str, Any]]

NOTHING: tuple[Any, ...] = (None, "", [], {})
KEEPS_BLANKS = ("file", "any")


class Form:
    """One form as a person fills it in.

    Args:
        described: An action or a trigger of the catalogue.
        entered: What stands in the fields, by key.
        ask: What `component.asked` answers, for rules that the catalogue has no data for.
    """

    def __init__(self, described: Mapping[str, Any], entered: Mapping[str, Any], ask: Ask) -> None:
        self.fields = {field["key"]: field for field in described["inputs"]}
        self.values: dict[str, Any] = {}
        self.shown: set[str] = set()
        self._entered, self._ask = entered, ask
        always = [field for field in self.fields.values() if "showWhen" not in field]
        sometimes = [field for field in self.fields.values() if "showWhen" in field]
        for field in always:
            self._show(field)
        for field in sometimes:
            if self.holds(field["showWhen"], field["key"], "shown"):
                self._show(field)

    @property
    def required(self) -> set[str]:
        """Return which fields must be filled in."""
        return {
            key
            for key in self.shown
            if self.fields[key]["required"]
            or ("requiredWhen" in self.fields[key]
                and self.holds(self.fields[key]["requiredWhen"], key, "required"))
        }  # fmt: skip

    @property
    def missing(self) -> set[str]:
        """Return which fields must still be filled in; what the connection gives nobody need enter."""
        lacking = {key for key in self.required if self.values.get(key) in NOTHING}
        return {key for key in lacking if "defaultFrom" not in self.fields[key] or key in self._entered}

    def holds(self, rule: Mapping[str, Any], key: str, wanted: str) -> bool:
        """Return whether a rule is so, asking where it has to be."""
        if rule.get("evaluate"):
            return bool(self._ask(self._entered)[key][wanted])
        return self.says(rule["when"])

    def says(self, when: Mapping[str, Any]) -> bool:
        """Return whether a condition is so."""
        if "not" in when:
            return not self.says(when["not"])
        if "all" in when:
            return all(map(self.says, when["all"]))
        if "any" in when:
            return any(map(self.says, when["any"]))
        return when["input"] in self.values and self._is(self.values[when["input"]], when)

    @staticmethod
    def _is(value: Any, when: Mapping[str, Any]) -> bool:
        if "filled" in when or "given" in when:
            return "given" in when or bool(value)
        return any(_is_same(value, one) for one in when.get("in", [when.get("equals")]))

    def _show(self, field: Mapping[str, Any]) -> None:
        self.shown.add(field["key"])
        value = self._entered.get(field["key"], ...)
        if value is ... or self._is_left_out(field, value):
            value = field.get("default", ...)
        if value is not ...:
            self.values[field["key"]] = value

    @staticmethod
    def _is_left_out(field: Mapping[str, Any], value: Any) -> bool:
        counts = field.get("empty", ())
        if value is None:
            return "null" not in counts
        if not isinstance(value, str) or value.strip():
            return False
        return "text" not in counts and not (value and field["type"] in KEEPS_BLANKS)


def _is_same(value: Any, other: Any) -> bool:
    # In Python true is 1; in JSON it is not.
    return value == other and isinstance(value, bool) is isinstance(other, bool)
