"""Who is to blame where something cannot be worked out: found by trying parts, never by reading messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.base.bodies import BodyError
from connector_runtime.base.values import ABSENT
from connector_runtime.errors import Fault
from connector_runtime.language.expressions.fault_references import references_at_fault
from connector_runtime.language.expressions.grammar import ExpressionError
from connector_runtime.language.paths import inputs_in
from connector_runtime.language.templates import SPREAD, compile_node
from connector_runtime.language.visible_names import ALL_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from connector_runtime.errors import ConnectorError
    from connector_runtime.language.expressions.references import Reference

    Scope = Mapping[str, Any]
    Attempt = Callable[[Any], Any]
    Refusal = Fault | BodyError

# What is in these has come from the vendor.
_ANSWERS = frozenset({"reply", "items", "item", "fault", "steps"})
REFUSALS = (Fault, BodyError)


def blame(problem: ConnectorError, inputs: tuple[str, ...], used: tuple[str, ...] = ()) -> ConnectorError:
    """Put the inputs that had a part in a problem on it: the only one by name, several in the details.

    Args:
        problem: The error.
        inputs: Those that can be at fault.
        used: All that were read, where that is more.
    """
    if problem.input is None and len(inputs) == 1:
        problem.input = inputs[0]
    listed = used if set(used) > set(inputs) else inputs
    if len(listed) > 1 and problem.details is None:
        problem.details = {"inputs": list(listed)}
    return problem


def inputs_at_fault(fault: Exception, scope: Scope, *, exact: bool = True) -> tuple[str, ...]:
    """Return the inputs that an expression read where it failed, in order; through named values as well."""
    if not isinstance(fault, Fault):
        return ()
    return fault.inputs or _inputs(references_at_fault(fault, exact=exact), scope)


def blamed(problem: ConnectorError, fault: Exception, scope: Scope) -> ConnectorError:
    """Put the inputs that a failed expression has read on the problem that comes of it.

    None is called the one at fault where the expression reads an answer as well.
    """
    inputs, used = (inputs_at_fault(fault, scope, exact=exact) for exact in (True, False))
    if inputs and _reads_answer(fault, scope):
        problem.details = {"inputs": list(used)} if problem.details is None else problem.details
        return problem
    return blame(problem, inputs, used)


def inputs_behind(node: Any, scope: Scope, refusal: Refusal, attempt: Attempt) -> tuple[str, ...]:
    """Return the inputs by which a part of a request cannot be sent, in order; empty where it can be.

    Args:
        node: The part as the file has it.
        scope: What its expressions may see.
        refusal: What came of the whole.
        attempt: Raises for a value that cannot stand there: one of `REFUSALS`.
    """
    if not _is_refused(node, scope, attempt):
        return ()
    read = inputs_at_fault(refusal, scope)
    if read:
        return _narrowed(read, scope, attempt)
    return tuple(dict.fromkeys(_descend(node, scope, attempt))) or _inputs_in(node, scope)


def giver_of(field: Any, node: Any, scope: Scope) -> str | None:
    """Return the input that gives a map its member: the one that is written or spread last has its way."""
    found: str | None = None
    for key, child in node.items() if isinstance(node, dict) else ():
        for name in _inputs_in(child, scope):
            value = scope["inputs"].get(name)
            if key == field or (key == SPREAD and hasattr(value, "items") and field in value):
                found = name
    return found


def _descend(node: Any, scope: Scope, attempt: Attempt) -> Iterator[str]:
    """Yield the inputs of the smallest parts of a YAML value that fail on their own."""
    for key, child in _parts(node):
        if _is_refused(child if key is None else {key: child}, scope, attempt):
            below = list(_descend(child, scope, attempt)) if isinstance(child, dict | list) else []
            yield from below or _narrowed(_inputs_in(child, scope), scope, attempt)


def _is_refused(node: Any, scope: Scope, attempt: Attempt) -> bool:
    try:
        value = compile_node(node, ALL_NAMES).render(scope)
    except REFUSALS:
        return True
    return value is not ABSENT and _fails(attempt, value)


def _parts(node: Any) -> Iterator[tuple[str | None, Any]]:
    """Yield the parts of a YAML value with their keys; what is spread piece by piece."""
    if isinstance(node, dict):
        for key, child in node.items():
            each = child if key == SPREAD and isinstance(child, list) else [child]
            yield from ((key, one) for one in each)
    else:
        yield from ((None, one) for one in (node if isinstance(node, list) else [node]))


def _narrowed(inputs: tuple[str, ...], scope: Scope, attempt: Attempt) -> tuple[str, ...]:
    """Return those of several inputs whose own values fail, or all where none does."""
    values: Scope = scope.get("inputs", {})
    own = [key for key in inputs if len(inputs) > 1 and key in values and _fails(attempt, values[key])]
    return tuple(own) or inputs


def _inputs_in(node: Any, scope: Scope) -> tuple[str, ...]:
    try:
        return _inputs(compile_node(node, ALL_NAMES).references, scope)
    except ExpressionError:
        return ()


def _inputs(references: Iterable[Reference], scope: Scope) -> tuple[str, ...]:
    """Return the inputs that references read: by name, through named values, as the start of `page`."""
    expanded = _expanded(references, scope)
    page, values = scope.get("page", {}), scope.get("inputs", {})
    of_page = [page.get(one.path[1]) for one in expanded if one.path[0] == "page" and len(one.path) > 1]
    started = [key for key, value in values.items() if any(value is member for member in of_page)]
    return tuple(dict.fromkeys([*inputs_in(expanded), *started]))


def _reads_answer(fault: Exception, scope: Scope) -> bool:
    known = references_at_fault(fault) if isinstance(fault, Fault) else []
    return any(one.path[0] in _ANSWERS for one in _expanded(known, scope))


def _expanded(references: Iterable[Reference], scope: Scope) -> list[Reference]:
    return list(getattr(scope.get("let"), "expanded", tuple)(references))


def _fails(attempt: Attempt, value: Any) -> bool:
    try:
        attempt(value)
    except REFUSALS:
        return True
    except (TypeError, AttributeError, ValueError):
        return False  # nothing that could stand there: something else has been made of it
    return False
