"""What every part of a program is made with: a YAML value at its place becomes a closure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.language.templates import compile_node
from connector_runtime.language.visible_names import names_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Evaluate = Callable[[Mapping[str, Any]], Any]


# What an action that belongs to a trigger sees beside; `check` has judged its file.
_BORROWED = frozenset({"since", "subscription"})


def names_at(pointer: Sequence[str]) -> frozenset[str]:
    """Return the names that an action's expressions may use at a place, and those of a trigger's."""
    return names_for("action", pointer) | _BORROWED


def value(given: Any, pointer: Sequence[str]) -> Evaluate:
    """Return the closure of a value that stands at `pointer` of an action file."""
    return compile_node(given, names_at(pointer)).render


def maybe(owner: Mapping[str, Any], key: str, pointer: Sequence[str]) -> Evaluate | None:
    """Return the closure of one of `owner`'s keys, or None where it is not there."""
    return value(owner[key], pointer) if key in owner else None


def node(given: Any, kind: str, pointer: Sequence[str]) -> Evaluate | None:
    """Return the closure of a value in a file of any kind, or None where there is none."""
    names = names_at(pointer) if kind == "action" else names_for(kind, pointer)
    return None if given is None else compile_node(given, names).render


def always(evaluate: Evaluate | None) -> Evaluate:
    """Return the closure, or one that gives None."""
    # One kind of thing for whoever evaluates: no caller asks whether there is an expression.
    return evaluate or (lambda _scope: None)
