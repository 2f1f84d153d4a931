"""Whether anything reads the text of a reply: only then is it decoded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from connector_runtime.language.expressions.grammar import parse
from connector_runtime.language.expressions.references import find_references
from connector_runtime.language.templates import expression_texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connector_runtime.language.expressions.references import Path

# What is data, or read before there is a reply.
_LEFT_OUT = frozenset({"inputs", "checks", "scopes", "replies", "examples", "tests"})
# Most expressions are ruled out at a glance: they name another part of the reply, or none.
_MAYBE = re.compile(r"\btext\b|\breply\b(?!\s*\.)|\bsteps\b")
# Where a reply has its parts, by the name that leads to it.
_DEPTHS = {"reply": 1, "steps": 2}


def wants_text(definition: Mapping[str, Any], component: Mapping[str, Any]) -> bool:
    """Return whether an expression of an action, or of what it shares, reads a reply's text.

    Args:
        definition: The content of the file that owns the request; what else looks at its reply
            stands in it, too.
        component: The content of `component.yaml`.
    """
    own = {key: value for key, value in definition.items() if key not in _LEFT_OUT}
    results = definition.get("reply", {}).get("results")
    defaults = component.get("defaults", {})
    default = defaults.get("errors", [])
    tables = [definition.get("errors", default)]
    tables += [results.get("errors", default)] if results else []
    shared = [rule for table in tables for rule in _shared_rules(table, component)]
    # Where a rule has no code of its own, the component says where codes are found.
    return reads_text([own, shared, component.get("let"), defaults.get("code")])


def reads_text(given: Any) -> bool:
    """Return whether an expression below a YAML value reads a reply's text, or the reply as a whole."""
    return any(
        _is_text(reference.path)
        for source in expression_texts(given)
        if _MAYBE.search(source)
        for reference in find_references(parse(source), needed=False)
    )


def _is_text(path: Path) -> bool:
    depth = _DEPTHS.get(str(path[0]))
    return depth is not None and (len(path) <= depth or path[depth] in (None, "text"))


def _shared_rules(table: Any, component: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the rules of the tables that a table names, and of those that they name."""
    for rule in [{"use": table}] if isinstance(table, str) else table:
        # Rules of the file itself are looked at with the file.
        if "use" not in rule:
            continue
        used = component["errors"][rule["use"]]
        yield from used
        yield from _shared_rules(used, component)
