"""What the records that a request carries say of themselves: a key to find them by, rows they add, values."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from connector_runtime.base.values import ABSENT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_EMPTY = (None, "", ABSENT)


def key_and_value(records: Any, names: Any) -> Any:
    """Return `name=value` of the first name that has a value in what is sent, or absent.

    Args:
        records: Maps, or lists of them; of two that have the name the first one is sent, even if it is empty.
        names: Names of fields, the best one first; `*` for any.
    """
    sent: dict[str, Any] = {}
    for record in _maps(records):
        sent = {**record, **sent}
    for wanted in names if isinstance(names, list) else [names]:
        for name in sent if wanted == "*" else (wanted,):
            value = sent.get(name)
            is_blank = value in _EMPTY or (isinstance(value, str) and not value.strip())
            if not is_blank and not isinstance(value, Mapping | list):
                return f"{name}={_as_text(value)}"
    return ABSENT


def adds_rows(records: Any, key: str, kept: Collection[str]) -> bool:
    """Return whether a record brings rows that have no `key` yet, so that each repeat adds them again.

    Args:
        records: Maps, or lists of them.
        key: The member that a row has once the vendor knows it.
        kept: Names of lists that the vendor keeps as a whole, whatever their rows hold.
    """
    return any(
        isinstance(rows, list) and any(isinstance(row, Mapping) and row.get(key) in _EMPTY for row in rows)
        for record in _maps(records)
        for name, rows in record.items()
        if name not in kept
    )


def agrees(sent: Any, found: Any) -> bool:
    """Return whether a record that was found has what was sent, as far as it has it at all.

    It must have some of it. Vendors answer with more than they were sent, and trim texts; a number
    that was sent as one may come back as text. Lists are not compared: a vendor fills their rows.
    """
    if not isinstance(sent, Mapping) or not isinstance(found, Mapping):
        return False
    shared = [(value, found[name]) for name, value in sent.items() if name in found]
    has_some = any(value not in _EMPTY and not isinstance(value, Mapping | list) for value, _ in shared)
    return has_some and all(_is_same(value, other) for value, other in shared)


def _is_same(sent: Any, found: Any) -> bool:
    if isinstance(sent, Mapping) and isinstance(found, Mapping):
        return all(_is_same(value, found[name]) for name, value in sent.items() if name in found)
    if isinstance(sent, list) and isinstance(found, list):
        return True
    if sent in _EMPTY or found in _EMPTY:
        return sent in _EMPTY and found in _EMPTY
    if isinstance(sent, Mapping | list) or isinstance(found, Mapping | list):
        return False
    if isinstance(sent, str) and isinstance(found, str):
        return sent.split() == found.split()
    return bool(_number_or_text(sent) == _number_or_text(found))


def _maps(records: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(records, Mapping):
        yield records
    elif isinstance(records, list | tuple):
        for one in records:
            yield from _maps(one)


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number_or_text(value: Any) -> Any:
    text = " ".join(_as_text(value).split())
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return number if number.is_finite() else text
