"""The closures that a compiled expression is made of, the short ways first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connector_runtime.base.urls import UrlError
from connector_runtime.base.values import ABSENT
from connector_runtime.language.expressions.operators import EvaluationError, contains, equal, member

Scope = Mapping[str, Any]
Evaluate = Callable[[Scope], Any]


def explained(evaluate: Evaluate, source: str) -> Evaluate:
    """Let errors say in which expression they happened."""

    def guarded(scope: Scope) -> Any:
        try:
            return evaluate(scope)
        except EvaluationError as error:
            raise error.within(source) from None
        except UrlError as error:
            error.source = error.source or source
            raise
        except RecursionError:
            raise EvaluationError("a value is nested too deeply").within(source) from None

    return guarded


def equals(left: Evaluate, constant: str | int) -> Evaluate:
    """Return whether a value equals a constant text or number."""
    kind = type(constant)

    def check(scope: Scope) -> bool:
        value = left(scope)
        return bool(value == constant) if type(value) is kind else equal(value, constant)

    return check


def is_among(left: Evaluate, known: list[Any]) -> Evaluate:
    """Return whether a value is in a list of constants."""
    texts = frozenset(item for item in known if type(item) is str)
    numbers = frozenset(item for item in known if type(item) in {int, float})

    def check(scope: Scope) -> bool:
        value = left(scope)
        if type(value) is str:
            return value in texts
        return value in numbers if type(value) is int else contains(value, known)

    return check


def read_member(root: str, key: str) -> Evaluate:
    """Return one member of a name's value: by far the most common expression."""

    def read(scope: Scope) -> Any:
        parent = scope.get(root, ABSENT)
        return parent.get(key, ABSENT) if type(parent) is dict else member(parent, key)

    return read


def read_path(root: str, keys: list[str]) -> Evaluate:
    """Return a member of a member of a name's value, and so on."""

    def read(scope: Scope) -> Any:
        value = scope.get(root, ABSENT)
        for key in keys:
            value = value.get(key, ABSENT) if type(value) is dict else member(value, key)
        return value

    return read


def read_let(name: str) -> Evaluate:
    """Return a named value, which the scope's memory works out where it has to."""

    def read(scope: Scope) -> Any:
        memory = scope.get("let")
        return ABSENT if memory is None else memory.read(name, scope)

    return read


def follow_steps(read: Evaluate, steps: list[Any]) -> Evaluate:
    """Return what constant and computed keys lead to."""

    def follow(scope: Scope) -> Any:
        value = read(scope)
        for step in steps:
            key = step(scope) if callable(step) else step
            value = value.get(key, ABSENT) if type(value) is dict and type(key) is str else member(value, key)
        return value

    return follow


def apply_filter(
    apply: Callable[..., Any], value: Evaluate, arguments: list[Evaluate], *, name: str, passes_absent: bool
) -> Evaluate:
    """Return a filter's result; an absent value passes by unless the filter takes it."""

    def applied(scope: Scope) -> Any:
        given = value(scope)
        if given is ABSENT and passes_absent:
            return ABSENT
        others = [argument(scope) for argument in arguments]
        try:
            return apply(given, *others)
        except (EvaluationError, UrlError) as error:
            error.filter = name
            raise

    return applied
