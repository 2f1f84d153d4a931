"""Expressions of a call evaluated, so that a fault says where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.base.values import ABSENT
from connector_runtime.errors import Fault, error_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.definition.model import Action

# By this the scope of a call leads to the call; no expression can name it.
TELLER = "?"


def safely(evaluate: Any, scope: Mapping[str, Any], *place: str) -> Any:
    """Evaluate; a vendor's odd reply must not break its own explanation, and the fault is kept."""
    try:
        value = evaluate(scope)
    except Fault as fault:
        note_fault(scope, fault, *place)
        return None
    return None if value is ABSENT else value


def placed(evaluate: Any, scope: Mapping[str, Any], *place: str) -> Any:
    """Evaluate; a fault says where in the file the expression stands."""
    try:
        return evaluate(scope)
    except Fault as fault:
        fault.place = fault.place or place
        raise


def note_fault(scope: Mapping[str, Any], fault: Fault, *place: str) -> None:
    """Keep a fault that does not stop the call, for whoever has to explain how it ended."""
    fault.place = fault.place or place
    call = scope.get(TELLER)
    if call is not None:
        call.note_fault(fault)


def check_rules(action: Action, scope: dict[str, Any]) -> None:
    """Refuse inputs that break one of the action's rules across inputs.

    Raises:
        InputError: They do; the rule's own message says what is wrong.
    """
    for check in action.program.checks:
        if placed(check.when, scope, "checks"):
            raise error_of("input", str(placed(check.message, scope, "checks")), input=check.input)
