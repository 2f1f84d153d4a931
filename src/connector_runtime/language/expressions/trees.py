"""Syntax trees as plain lists, so that a compiled component needs no parser.

A packed tree is `[kind, offset, field, …]`, the fields those of Jinja's node of that name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FIELDS: dict[str, tuple[str, ...]] = {
    "Name": ("name",),
    "Const": ("value",),
    "Getattr": ("node", "attr"),
    "Getitem": ("node", "arg"),
    "List": ("items",),
    "Compare": ("expr", "ops"),
    "Operand": ("op", "expr"),
    "And": ("left", "right"),
    "Or": ("left", "right"),
    "Not": ("node",),
    "CondExpr": ("test", "expr1", "expr2"),
    "Concat": ("nodes",),
    "Add": ("left", "right"),
    "Sub": ("left", "right"),
    "Neg": ("node",),
    "Filter": ("node", "name", "args", "kwargs", "dyn_args", "dyn_kwargs"),
    "Test": ("node", "name", "args", "kwargs", "dyn_args", "dyn_kwargs"),
}
# Fields that hold a list of nodes; `Const.value` is the only one whose content is never a node.
_LISTS = frozenset({"items", "ops", "nodes", "args", "kwargs"})


class Node:
    """Stands where a node of Jinja's would: its class has the name of the kind."""

    lineno: int

    def iter_child_nodes(self) -> Iterator[Any]:
        """Yield the nodes below, in the order of the fields."""
        for field in _FIELDS[type(self).__name__]:
            value = getattr(self, field)
            for item in value if isinstance(value, list) else (value,):
                if isinstance(item, Node):
                    yield item


_CLASSES: Mapping[str, type[Node]] = {kind: type(kind, (Node,), {}) for kind in _FIELDS}


def pack(tree: Any) -> list[Any] | None:
    """Return a tree of Jinja's as lists, texts and numbers; None if it has a node no expression may have."""
    kind = type(tree).__name__
    if kind not in _FIELDS:
        return None
    packed: list[Any] = [kind, tree.lineno]
    for field in _FIELDS[kind]:
        value = getattr(tree, field)
        if field in _LISTS:
            value = [pack(item) for item in value]
            if None in value:
                return None
        elif hasattr(value, "iter_child_nodes"):
            value = pack(value)
            if value is None:
                return None
        packed.append(value)
    return packed


def unpack(packed: list[Any]) -> Node:
    """Return the tree of a packed one."""
    kind, offset, *values = packed
    node = _CLASSES[kind]()
    node.lineno = offset
    for field, value in zip(_FIELDS[kind], values, strict=True):
        if field in _LISTS:
            value = [unpack(item) for item in value]  # noqa: PLW2901
        elif isinstance(value, list):
            value = unpack(value)  # noqa: PLW2901
        setattr(node, field, value)
    return node
