"""Which names an expression may use at which place of which kind of file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_INPUTS = frozenset({"inputs", "connection", "tables"})
_REQUEST = _INPUTS | {"page"}
_PAGINATE = _REQUEST | {"reply"}
_REPLY = frozenset({"inputs", "reply", "items", "tables"})
_ERRORS = frozenset({"inputs", "reply", "fault", "tables"})
_CONNECTION = frozenset({"inputs", "connection", "context", "secrets", "token", "tables"})
_OUTPUT = _REPLY | {"connection"}

# The longest pointer that fits decides; "*" stands for any one key or index.
_TABLE: dict[str, dict[tuple[str, ...], frozenset[str]]] = {
    "action": {
        ("identity",): _INPUTS | {"item"},
        ("scopes",): _INPUTS,
        ("checks",): _INPUTS,
        ("inputs",): _INPUTS,
        ("inputs", "*", "default"): frozenset({"connection"}),
        ("inputs", "*", "choicesFrom", "where"): _INPUTS | {"row"},
        ("request",): _REQUEST,
        ("paginate",): _PAGINATE,
        ("paginate", "all"): _INPUTS,
        ("paginate", "start"): _INPUTS,
        ("retry",): _INPUTS,
        ("reply",): _REPLY,
        ("reply", "as"): _INPUTS,
        ("reply", "output"): _OUTPUT,
        ("reply", "results"): _REPLY | {"item"},
        ("reply", "results", "items"): _REPLY,
        ("reply", "results", "of"): _REPLY,
        ("reply", "results", "output"): _OUTPUT | {"item"},
        ("reply", "results", "errors"): _ERRORS | {"item"},
        ("errors",): _ERRORS,
        ("lookup", "inputs"): _INPUTS,
        ("lookup", "found"): _REPLY,
    },
    "datasource": {
        ("inputs",): _INPUTS,
        ("inputs", "*", "default"): frozenset({"connection"}),
        ("inputs", "*", "choicesFrom", "where"): _INPUTS | {"row"},
        ("request",): _REQUEST,
        ("paginate",): _PAGINATE,
        ("paginate", "all"): _INPUTS,
        ("paginate", "start"): _INPUTS,
        ("options",): _REPLY | {"item"},
        ("options", "items"): _REPLY,
        ("reply",): _REPLY,
        ("errors",): _ERRORS,
    },
    "connection": {
        ("inputs",): _INPUTS,
        ("inputs", "*", "choicesFrom", "where"): _INPUTS | {"row"},
        ("checks",): _CONNECTION - {"secrets", "token"},
        ("choose",): _CONNECTION - {"secrets"},
        ("apply",): _CONNECTION,
        ("oauth2",): _CONNECTION,
        ("oauth2", "ok"): _CONNECTION | {"reply"},
        ("oauth2", "errors"): _ERRORS,
        ("probe",): _REQUEST,
    },
    "component": {
        ("services",): _INPUTS,
        ("defaults",): _INPUTS,
        ("retry",): _INPUTS,
        ("errors",): _ERRORS,
        ("tables",): frozenset({"inputs"}),
    },
    "inputs": {
        ("inputs",): _INPUTS,
        ("inputs", "*", "default"): frozenset({"connection"}),
        ("inputs", "*", "choicesFrom", "where"): _INPUTS | {"row"},
    },
}


def names_for(kind: str, pointer: Sequence[str | int]) -> frozenset[str]:
    """Return the names an expression at `pointer` may use; empty where none may stand.

    Args:
        kind: `action`, `datasource`, `connection`, `component` or `inputs`.
        pointer: Keys and indexes that lead to the place in a file of that kind.
    """
    found: frozenset[str] = frozenset()
    longest = 0
    for pattern, names in _TABLE[kind].items():
        fits = len(pattern) <= len(pointer) and all(
            wanted in {"*", str(step)} for wanted, step in zip(pattern, pointer, strict=False)
        )
        if fits and len(pattern) > longest:
            found, longest = names, len(pattern)
    return found
