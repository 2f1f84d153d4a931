"""Which paths an expression reads, and where it copes with their absence."""

from __future__ import annotations

from typing import Any, NamedTuple

from connector_runtime.language.expressions.filters import FILTERS
from connector_runtime.language.expressions.grammar import ExpressionError

Path = tuple[str | int | None, ...]
_NO_PATHS: frozenset[Path] = frozenset()


class Reference(NamedTuple):
    """One path that an expression reads.

    Attributes:
        path: Root name and keys, such as ("inputs", "recordType"); None is a computed key.
        offset: Characters before the root name, in the text that was compiled.
        guarded: The expression copes with its absence: a default, a comparison, a test, a
            condition, or the branch of a condition that asks for it.
        needed: The expression itself fails on its absence (inside a text, `~`, `+`, `-`),
            unless it is guarded.
    """

    path: Path
    offset: int
    guarded: bool
    needed: bool = False

    def moved(self, by: int) -> Reference:
        """Return the same reference in a text with `by` characters more in front."""
        return self._replace(offset=self.offset + by)


def find_references(tree: Any, *, needed: bool) -> tuple[Reference, ...]:
    """Return all references of a tree that was compiled, in the order of the text.

    Args:
        tree: Jinja's tree of an expression.
        needed: Whether the expression's value must be there.

    Raises:
        ExpressionError: An `if` without `else` stands where a value must be.
    """
    finder = _Finder()
    finder.visit(tree, flows=True, needed=needed, safe=_NO_PATHS)
    return tuple(sorted(finder.found, key=lambda reference: reference.offset))


class _Finder:
    """Walks a tree.

    On the way down, `flows` says whether absence here would become the result's, `needed`
    whether the expression fails on it, and `safe` which paths are known to be there.
    """

    def __init__(self) -> None:
        self.found: list[Reference] = []

    def visit(self, node: Any, *, flows: bool, needed: bool, safe: frozenset[Path]) -> None:
        kind = type(node).__name__
        if kind in {"Name", "Getattr", "Getitem"}:
            self._path(node, flows=flows, needed=needed, safe=safe)
        elif kind in {"And", "Or"}:
            implied = paths_if(node.left, holds=kind == "And")
            self.visit(node.left, flows=flows and kind == "And", needed=needed, safe=safe)
            self.visit(node.right, flows=flows, needed=needed, safe=safe | implied)
        elif kind == "CondExpr":
            self._choice(node, flows=flows, needed=needed, safe=safe)
        elif kind == "Filter":
            is_mended = node.name in FILTERS and FILTERS[node.name].mends
            self.visit(node.node, flows=flows and not is_mended, needed=needed, safe=safe)
            for argument in node.args:
                self.visit(argument, flows=flows and node.name == "default", needed=needed, safe=safe)
        else:
            must = kind in {"Concat", "Add", "Sub", "Neg"}
            for child in node.iter_child_nodes():
                self.visit(child, flows=must or kind == "List", needed=must, safe=safe)

    def _choice(self, node: Any, *, flows: bool, needed: bool, safe: frozenset[Path]) -> None:
        if node.expr2 is None and flows and needed:
            raise ExpressionError(
                "without `else` there may be nothing to put into the text", node.lineno, "add `else ''`"
            )
        self.visit(node.test, flows=False, needed=False, safe=safe)
        self.visit(node.expr1, flows=flows, needed=needed, safe=safe | paths_if(node.test, holds=True))
        if node.expr2 is not None:
            implied = paths_if(node.test, holds=False)
            self.visit(node.expr2, flows=flows, needed=needed, safe=safe | implied)

    def _path(self, node: Any, *, flows: bool, needed: bool, safe: frozenset[Path]) -> None:
        path, base, computed = path_of(node)
        for key in computed:
            self.visit(key, flows=flows, needed=needed, safe=safe)
        if base is not None:
            self.visit(base, flows=flows, needed=needed, safe=safe)
            return
        guarded = not flows or path in safe
        self.found.append(Reference(path, _root(node).lineno, guarded, needed and flows))


def path_of(node: Any) -> tuple[Path, Any, list[Any]]:
    """Return a node's path, what it starts from if that is no name, and its computed keys."""
    keys: list[str | int | None] = []
    computed: list[Any] = []
    while type(node).__name__ in {"Getattr", "Getitem"}:
        key = node.attr if type(node).__name__ == "Getattr" else getattr(node.arg, "value", None)
        if key is None:
            computed.append(node.arg)
        keys.append(key)
        node = node.node
    keys.reverse()
    if type(node).__name__ == "Name":
        return (node.name, *keys), None, computed
    return tuple(keys), node, computed


def paths_if(node: Any, *, holds: bool) -> frozenset[Path]:
    """Return the paths that must be there if a condition holds, or if it does not."""
    kind = type(node).__name__
    if kind == "Not":
        return paths_if(node.node, holds=not holds)
    if kind in {"And", "Or"}:
        left, right = paths_if(node.left, holds=holds), paths_if(node.right, holds=holds)
        return left | right if holds is (kind == "And") else left & right
    if kind == "Test":
        return _with_parents(node.node) if holds else _NO_PATHS
    if kind == "Compare":
        return _compared(node, holds=holds)
    return _with_parents(node) if holds else _NO_PATHS


def _compared(node: Any, *, holds: bool) -> frozenset[Path]:
    """Return what a comparison proves: absent equals, precedes and contains nothing."""
    if len(node.ops) != 1:
        return _NO_PATHS
    link = node.ops[0]
    if holds is (link.op in {"ne", "notin"}):
        return _NO_PATHS
    return _with_parents(node.expr) | _with_parents(link.expr)


def _with_parents(node: Any) -> frozenset[Path]:
    if type(node).__name__ not in {"Name", "Getattr", "Getitem"}:
        return _NO_PATHS
    path, base, _ = path_of(node)
    if base is not None or None in path:
        return _NO_PATHS
    return frozenset(path[: end + 1] for end in range(len(path)))


def _root(node: Any) -> Any:
    while type(node).__name__ in {"Getattr", "Getitem"}:
        node = node.node
    return node
