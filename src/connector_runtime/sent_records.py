"""What the records that a request carries say of themselves: a key to find them by, rows they add, values."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from connector_runtime.values import ABSENT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

_EMPTY = (None, "", ABSENT)


def key_and_value(records: Any, names: Any) -> Any:
    """Return `name=value` of the first name that has a value in any of the records, or absent.

    Args:
        records: Maps, or lists of them; of two that have the name the first one counts.
        names: Names of fields, the best one first.
    """
    maps = list(_maps(records))
    for name in names if isinstance(names, list) else [names]:
        for record in maps:
            value = record.get(name)
            if value not in _EMPTY and not isinstance(value, dict | list):
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
        isinstance(rows, list) and any(isinstance(row, dict) and row.get(key) in _EMPTY for row in rows)
        for record in _maps(records)
        for name, rows in record.items()
        if name not in kept
    )


def agrees(sent: Any, found: Any) -> bool:
    """Return whether a record that was found has what was sent, as far as it has it at all.

    Vendors answer with more than they were sent, trim texts and write numbers their own way.
    Lists are not compared: a vendor fills their rows.
    """
    if isinstance(sent, dict) and isinstance(found, dict):
        return all(agrees(value, found[name]) for name, value in sent.items() if name in found)
    if isinstance(sent, dict | list) or isinstance(found, dict | list):
        return True
    if sent in _EMPTY or found in _EMPTY:
        return sent in _EMPTY and found in _EMPTY
    return bool(_comparable(sent) == _comparable(found))


def _maps(records: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(records, dict):
        yield records
    elif isinstance(records, list | tuple):
        for one in records:
            yield from _maps(one)


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _comparable(value: Any) -> Any:
    text = " ".join(_as_text(value).split())
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return number if number.is_finite() else text
