"""Expressions: Jinja's grammar, an allow-list of its nodes, our own closures.

An expression is compiled once and evaluated many times. It can read members and
items of the names it is given, compare, choose and filter; it cannot call,
loop, reach a Python attribute or make a value much larger than its inputs.
"""

from __future__ import annotations

import functools
import math
import operator
from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.base.values import ABSENT
from connector_runtime.language.expressions.closures import (
    Evaluate,
    Scope,
    apply_filter,
    equals,
    explained,
    follow_steps,
    is_among,
    read_let,
    read_member,
    read_path,
)
from connector_runtime.language.expressions.filters import FILTERS, TEST_NAMES, TESTS, matching
from connector_runtime.language.expressions.grammar import ExpressionError, names_hint, parse
from connector_runtime.language.expressions.operators import (
    EvaluationError,
    add,
    concatenate,
    contains,
    equal,
    negate,
    ordering,
    subtract,
)
from connector_runtime.language.expressions.patterns import PatternError
from connector_runtime.language.expressions.references import Reference, find_references

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

__all__ = ["EvaluationError", "Expression", "ExpressionError", "Reference", "compile_expression"]

MAX_NODES = 200
MAX_DEPTH = 30
_REFUSED_NAMES = frozenset({"self", "loop", "caller"})
_REFUSED_NODES = {
    "Call": ("nothing can be called", "use a filter: `list | join(',')`"),
    "Tuple": ("a list is written in square brackets", "write `[a, b]`"),
}
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": equal,
    "ne": lambda left, right: not equal(left, right),
    "lt": ordering("<", operator.lt),
    "lteq": ordering("<=", operator.le),
    "gt": ordering(">", operator.gt),
    "gteq": ordering(">=", operator.ge),
    "in": contains,
    "notin": lambda left, right: not contains(left, right),
}


class Expression(NamedTuple):
    """One compiled expression.

    Attributes:
        source: The text without `${ }`.
        references: Every path it reads, in order.
        evaluate: Gives its value, ABSENT included, for a mapping of names. Raises
            EvaluationError, and UrlError from the filters that read addresses.
    """

    source: str
    references: tuple[Reference, ...]
    evaluate: Evaluate


def compile_expression(source: str, names: Collection[str], *, in_text: bool = False) -> Expression:
    """Compile the text of one expression, without `${ }`.

    Args:
        source: At most 2,000 characters, 200 nodes, 30 levels.
        names: What it may refer to.
        in_text: Whether its value becomes part of a text, where absent is an error.

    Raises:
        ExpressionError: It is no expression, uses what is not allowed, or an unknown name.
    """
    return _compile(source, frozenset(names), in_text)


@functools.lru_cache(maxsize=8192)
def _compile(source: str, names: frozenset[str], in_text: bool) -> Expression:
    tree = parse(source)
    compiler = _Compiler(names)
    evaluate = compiler.compile(tree, 1)
    if compiler.can_fail:
        evaluate = explained(evaluate, source)
    return Expression(source, find_references(tree, needed=in_text), evaluate)


class _Compiler:
    """Compiles the nodes of one expression, counting them."""

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names
        self.nodes = 0
        self.can_fail = False

    def compile(self, node: Any, depth: int) -> Evaluate:
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            raise ExpressionError(
                f"an expression has at most {MAX_NODES} parts, {MAX_DEPTH} deep",
                node.lineno,
                "split it over several keys or a table",
            )
        kind = type(node).__name__
        build = _BUILDERS.get(kind)
        if build is None:
            words, hint = _REFUSED_NODES.get(kind, ("this is not possible in an expression", None))
            raise ExpressionError(words, node.lineno, hint)
        return build(self, node, depth + 1)

    def all(self, nodes: list[Any], depth: int) -> list[Evaluate]:
        return [self.compile(node, depth) for node in nodes]

    def name(self, node: Any, _depth: int) -> Evaluate:
        name = node.name
        if name in _REFUSED_NAMES or name.startswith("__") or name not in self.names:
            known = self.names - _REFUSED_NAMES
            hint = "write `none`" if name == "null" else names_hint(name, known, what="names here")
            raise ExpressionError(f"there is no `{name}` here", node.lineno, hint)
        return self._let(node, []) if name == "let" else lambda scope: scope.get(name, ABSENT)

    def _let(self, node: Any, steps: list[Any]) -> Evaluate:
        """Return what reads a named value; its name is taken from the steps."""
        if not steps or not isinstance(steps[0], str):
            raise ExpressionError("a named value is read by its name", node.lineno, "write `let.name`")
        return read_let(steps.pop(0))

    def constant(self, node: Any, _depth: int) -> Evaluate:
        value = node.value
        if isinstance(value, float) and not math.isfinite(value):
            raise ExpressionError("the number is out of range", node.lineno)
        return lambda _scope: value

    def path(self, node: Any, depth: int) -> Evaluate:
        steps: list[Any] = []
        while type(node).__name__ in {"Getattr", "Getitem"}:
            steps.append(self._step(node, depth))
            node, depth = node.node, depth + 1
        steps.reverse()
        if type(node).__name__ == "Name" and node.name == "let" and "let" in self.names:
            read = self._let(node, steps)
            return follow_steps(read, steps) if steps else read
        read = self.compile(node, depth)
        if type(node).__name__ == "Name" and all(isinstance(step, str) for step in steps):
            return read_member(node.name, *steps) if len(steps) == 1 else read_path(node.name, steps)
        return follow_steps(read, steps)

    def _step(self, node: Any, depth: int) -> Any:
        """Return a constant key, or what evaluates to one."""
        if type(node).__name__ == "Getattr":
            key: Any = node.attr
        else:
            evaluate = self.compile(node.arg, depth)
            if not _is_constant(node.arg):
                return evaluate
            key = evaluate({})
        if type(key) not in {str, int} or (isinstance(key, str) and key.startswith("__")):
            raise ExpressionError(
                "this cannot be the key of a member",
                node.lineno,
                "a key is a text or a whole number, without `__`",
            )
        return key

    def items(self, node: Any, depth: int) -> Evaluate:
        parts = self.all(node.items, depth)
        return lambda scope: [value for part in parts if (value := part(scope)) is not ABSENT]

    def comparison(self, node: Any, depth: int) -> Evaluate:
        if len(node.ops) == 1:
            return self._compare_two(node.expr, node.ops[0], depth)
        self.can_fail = True
        left = self.compile(node.expr, depth)
        links = [(_COMPARISONS[link.op], self.compile(link.expr, depth)) for link in node.ops]

        def chained(scope: Scope) -> bool:
            value = left(scope)
            for holds, part in links:
                other = part(scope)
                if not holds(value, other):
                    return False
                value = other
            return True

        return chained

    def _compare_two(self, first: Any, link: Any, depth: int) -> Evaluate:
        left, right = self.compile(first, depth), self.compile(link.expr, depth)
        holds = _COMPARISONS[link.op]
        if _is_constant(link.expr):
            if link.op == "eq" and type(right({})) in {str, int}:
                return equals(left, right({}))
        elif type(link.expr).__name__ == "List" and all(map(_is_constant, link.expr.items)):
            known = right({})
            return is_among(left, known) if link.op == "in" else lambda scope: holds(left(scope), known)
        self.can_fail = True
        return lambda scope: holds(left(scope), right(scope))

    def both(self, node: Any, depth: int) -> Evaluate:
        left, right = self.all([node.left, node.right], depth)
        return lambda scope: left(scope) and right(scope)

    def either(self, node: Any, depth: int) -> Evaluate:
        left, right = self.all([node.left, node.right], depth)
        return lambda scope: left(scope) or right(scope)

    def opposite(self, node: Any, depth: int) -> Evaluate:
        inner = self.compile(node.node, depth)
        return lambda scope: not inner(scope)

    def choice(self, node: Any, depth: int) -> Evaluate:
        test, then = self.all([node.test, node.expr1], depth)
        otherwise = self.compile(node.expr2, depth) if node.expr2 is not None else _absent
        return lambda scope: then(scope) if test(scope) else otherwise(scope)

    def text(self, node: Any, depth: int) -> Evaluate:
        self.can_fail = True
        parts = self.all(node.nodes, depth)
        return lambda scope: concatenate([part(scope) for part in parts])

    def arithmetic(self, node: Any, depth: int) -> Evaluate:
        self.can_fail = True
        left, right = self.all([node.left, node.right], depth)
        _check_numbers(node.left, node.right)
        operate = add if type(node).__name__ == "Add" else subtract
        return lambda scope: operate(left(scope), right(scope))

    def negative(self, node: Any, depth: int) -> Evaluate:
        inner = self.compile(node.node, depth)
        _check_numbers(node.node)
        if _is_constant(node):
            value = negate(inner({}))
            return lambda _scope: value
        self.can_fail = True
        return lambda scope: negate(inner(scope))

    def filtered(self, node: Any, depth: int) -> Evaluate:
        name = node.name
        if name not in FILTERS:
            hint = names_hint(name, FILTERS, what="filters")
            raise ExpressionError(f"there is no filter `{name}`", node.lineno, hint)
        rule, value = FILTERS[name], self.compile(node.node, depth)
        _check_arguments(name, node, rule.least, rule.most, constant=rule.constant)
        arguments = self.all(node.args, depth)
        apply = rule.apply
        if rule.constant:
            constants, arguments = [part({}) for part in arguments], []
            apply = functools.partial(_applied_to, apply, constants)
        if name == "default":
            # What stands in for a missing value is not evaluated while the value is there.
            other = arguments[0]
            return lambda scope: other(scope) if (given := value(scope)) is ABSENT else given
        self.can_fail = True
        return apply_filter(apply, value, arguments, name=name, passes_absent=not rule.takes_absent)

    def test(self, node: Any, depth: int) -> Evaluate:
        name = node.name
        if name not in TEST_NAMES:
            hint = "write `== none`" if name == "none" else names_hint(name, TEST_NAMES, what="tests")
            raise ExpressionError(f"there is no test `{name}`", node.lineno, hint)
        value = self.compile(node.node, depth)
        count = 1 if name == "matching" else 0
        _check_arguments(name, node, count, count, constant=True)
        if name != "matching":
            holds = TESTS[name]
            return lambda scope: holds(value(scope))
        self.can_fail = True
        try:
            matches = matching(node.args[0].value)
        except PatternError as error:
            raise ExpressionError(error.message, node.args[0].lineno, error.hint) from None
        return lambda scope: matches(value(scope))


_BUILDERS: dict[str, Callable[[_Compiler, Any, int], Evaluate]] = {
    "Name": _Compiler.name,
    "Const": _Compiler.constant,
    "Getattr": _Compiler.path,
    "Getitem": _Compiler.path,
    "List": _Compiler.items,
    "Compare": _Compiler.comparison,
    "And": _Compiler.both,
    "Or": _Compiler.either,
    "Not": _Compiler.opposite,
    "CondExpr": _Compiler.choice,
    "Concat": _Compiler.text,
    "Add": _Compiler.arithmetic,
    "Sub": _Compiler.arithmetic,
    "Neg": _Compiler.negative,
    "Filter": _Compiler.filtered,
    "Test": _Compiler.test,
}


def _absent(_scope: Scope) -> Any:
    return ABSENT


def _is_constant(node: Any) -> bool:
    kind = type(node).__name__
    if kind == "Neg":
        return type(node.node).__name__ == "Const" and type(node.node.value) in {int, float}
    return kind == "Const"


def _check_numbers(*operands: Any) -> None:
    for node in operands:
        kind = type(node).__name__
        is_text = kind == "Concat" or (kind == "Const" and isinstance(node.value, str))
        if is_text or kind in {"List", "Compare", "Test", "Not"}:
            hint = "join texts with `~`" if is_text else None
            raise ExpressionError("`+` and `-` need numbers", node.lineno, hint)


def _check_arguments(name: str, node: Any, least: int, most: int, *, constant: bool) -> None:
    if node.kwargs or node.dyn_args or node.dyn_kwargs or not least <= len(node.args) <= most:
        wanted = f"{least} to {most}" if least != most else str(most) if most else "no"
        noun = "value" if wanted == "1" else "values"
        raise ExpressionError(f"`{name}` takes {wanted} {noun} in brackets", node.lineno)
    for argument in node.args if constant else ():
        if type(argument).__name__ != "Const" or not isinstance(argument.value, str):
            raise ExpressionError(f"`{name}` takes a text in quotes", argument.lineno)
        if name == "split" and not argument.value:
            raise ExpressionError("`split` needs at least one character to split at", argument.lineno)


def _applied_to(apply: Callable[..., Any], constants: list[Any], value: Any) -> Any:
    return apply(value, *constants)
