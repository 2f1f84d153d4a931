"""What had a part in a fault: read from the expression's own tree, once something is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.language.expressions.grammar import ExpressionError, parse
from connector_runtime.language.expressions.references import find_references

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector_runtime.errors import Fault
    from connector_runtime.language.expressions.references import Reference


def references_at_fault(fault: Fault, *, exact: bool = True) -> list[Reference]:
    """Return what an expression read where it failed; nothing where the expression is not known.

    Args:
        fault: What it raised.
        exact: Leave out what the filter that failed also read, and found nothing wrong with.
    """
    if fault.source is None:
        return []
    try:
        tree = parse(fault.source)
        parts = _parts_at_fault(tree, fault.filter, fault.about if exact else None) or [tree]
        return [one for part in parts for one in find_references(part, needed=False)]
    except ExpressionError:
        return []


def _parts_at_fault(tree: Any, name: str, about: int | None) -> list[Any]:
    """Return the parts of a tree that a filter complains about; nothing where it does not say."""
    filters = [node for node in _walked(tree) if type(node).__name__ == "Filter" and node.name == name]
    if about is None:
        return filters
    return [part for node in filters for part in [node.node, *node.args][about : about + 1]]


def _walked(node: Any) -> Iterator[Any]:
    yield node
    for child in node.iter_child_nodes():
        yield from _walked(child)
