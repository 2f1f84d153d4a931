"""Conditions over inputs as data, so that a form in any language can judge the plain ones itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector_runtime.language.expressions.grammar import parse
from connector_runtime.language.paths import inputs_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector_runtime.language.expressions.references import Reference

Condition = dict[str, Any]


def condition_of(text: str | bool) -> Condition | None:
    """Return what a condition says, or None where only the runtime can judge it.

    A condition is one of

    - `{input, equals}`: the input has this value; one without a value has none;
    - `{input, in}`: it has one of these values;
    - `{input, filled: true}`: it has a value other than null, false, 0, empty text, list or map;
    - `{input, given: true}`: it has a value, an empty one included where the input may have one;
    - `{not: condition}`, `{all: [condition, …]}`, `{any: [condition, …]}`.

    Args:
        text: One expression with its `${ }`, known to be right; or true or false.
    """
    if isinstance(text, bool):
        return {"all": []} if text else {"any": []}
    return _said(parse(text.strip().removeprefix("${").removesuffix("}").strip()))


def rule_of(text: str | bool, references: Iterable[Reference]) -> dict[str, Any]:
    """Return a condition as a form needs it: what to look at, and what it says or that it must be asked.

    Shape: `{dependsOn, when}` or `{dependsOn, evaluate: true}`, and `usesConnection: true` where the
    connection is looked at, too. `dependsOn` has keys of inputs, in order.

    Args:
        text: As `condition_of` takes it.
        references: What it reads, named values replaced by what these read.
    """
    read = list(references)
    when = condition_of(text)
    return {
        "dependsOn": list(inputs_in(read)),
        **({"usesConnection": True} if any(one.path[0] == "connection" for one in read) else {}),
        **({"evaluate": True} if when is None else {"when": when}),
    }


def _said(node: Any) -> Condition | None:
    kind = type(node).__name__
    if kind == "Not":
        inner = _said(node.node)
        return None if inner is None else {"not": inner}
    if kind in ("And", "Or"):
        return _joined("all" if kind == "And" else "any", _said(node.left), _said(node.right))
    if kind == "Compare":
        return _compared(node)
    if kind == "Test" and node.name == "defined":
        key = _input(node.node)
        return None if key is None else {"input": key, "given": True}
    key = _input(node)
    return None if key is None else {"input": key, "filled": True}


def _joined(word: str, left: Condition | None, right: Condition | None) -> Condition | None:
    if left is None or right is None:
        return None
    first = left[word] if left.keys() == {word} else [left]
    return {word: [*first, right]}


def _compared(node: Any) -> Condition | None:
    key = _input(node.expr)
    if key is None or len(node.ops) != 1:
        return None
    link = node.ops[0]
    if link.op in ("eq", "ne") and _is_plain(link.expr):
        found: Condition = {"input": key, "equals": link.expr.value}
    elif link.op in ("in", "notin") and type(link.expr).__name__ == "List":
        if not all(map(_is_plain, link.expr.items)):
            return None
        found = {"input": key, "in": [item.value for item in link.expr.items]}
    else:
        return None
    return {"not": found} if link.op in ("ne", "notin") else found


def _is_plain(node: Any) -> bool:
    # Of fractions a form and the runtime may think differently.
    return type(node).__name__ == "Const" and isinstance(node.value, str | bool | int | None)


def _input(node: Any) -> str | None:
    """Return the key of the input that a node reads, None where it reads something else."""
    if type(node).__name__ != "Getattr" or type(node.node).__name__ != "Name" or node.node.name != "inputs":
        return None
    return str(node.attr)
