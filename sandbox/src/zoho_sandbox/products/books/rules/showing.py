"""What one record's reply shows: all it keeps, or just the keys that were seen live."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.books.rules.rows import empty_copy

if TYPE_CHECKING:
    from zoho_sandbox.products.books.rules.catalogue import Module

_UNSET: tuple[Any, ...] = (None, "", [], {})
# What a line takes over from its item: shown only where the recorded line has it.
_OF_THE_ITEM = ("account_id", "account_name", "item_type", "discount_amount")


def shown_record(
    module: Module,
    record: Mapping[str, Any],
    template: Mapping[str, Any] | None = None,
    *,
    is_read: bool = False,
) -> dict[str, Any]:
    """Return a record as a reply shows it.

    # choice: a documented field that was not in any recording is shown once it is set.

    Args:
        template: The reply's own keys, where they are others than the module's.
        is_read: Whether the record is read rather than written: its lines then say more.
    """
    if template is None and "record" not in module.exact:
        return dict(record)
    wanted = module.record if template is None else template
    found = {
        name: _in_shape(record[name], empty)
        if name in record
        else empty_copy(empty, is_amount=name in module.amounts)
        for name, empty in wanted.items()
    }
    if template is None:
        sent = {name: record[name] for name in module.fields if name not in found and name in record}
        found.update({name: value for name, value in sent.items() if value not in _UNSET})
        found.update({name: value for name, value in record.items() if name.startswith("cf_")})
    if "line" in module.exact and "line_items" in found:
        found["line_items"] = [_shown_line(module, line, is_read=is_read) for line in found["line_items"]]
    return found


def _in_shape(value: Any, empty: Any) -> Any:
    """Return an object with its recorded keys, anything else as it is."""
    if not isinstance(empty, Mapping) or not empty or not isinstance(value, Mapping):
        return value
    return {name: value.get(name, one) for name, one in empty.items()}


def _shown_line(module: Module, line: Mapping[str, Any], *, is_read: bool) -> dict[str, Any]:
    wanted = {**module.line, **(module.read_line if is_read else {})}
    found = {name: line.get(name, empty) for name, empty in wanted.items()}
    for name in module.fields["line_items"].get("of", ()):
        if name not in found and name not in _OF_THE_ITEM and line.get(name) not in _UNSET:
            found[name] = line[name]
    return found
