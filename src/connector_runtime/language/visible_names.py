"""Which names an expression may use at which place of which kind of file."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_INPUTS = frozenset({"inputs", "connection", "tables"})
_REQUEST = _INPUTS | {"page"}
_PAGINATE = _REQUEST | {"reply"}
_REPLY = frozenset({"inputs", "reply", "items", "tables"})
_ERRORS = frozenset({"inputs", "reply", "fault", "tables"})
_OUTPUT = _REPLY | {"connection"}
_APPLY = frozenset({"inputs", "connection", "context", "secrets", "token", "tables"})
_CHOOSE = _APPLY - {"secrets"}

_CHANGE = frozenset({"inputs", "tables", "item"})
# What a push brings, and what it belongs to.
_PUSHED = frozenset({"headers", "query", "body", "subscription", "inputs", "tables"})

# What requests before have brought, and which part of a list is sent.
_SEVERAL = frozenset({"steps", "chunk"})

ALL_NAMES = _REQUEST | _OUTPUT | _ERRORS | _APPLY | _PUSHED | _SEVERAL | {"item", "row", "since", "let"}

_Table = dict[tuple[str, ...], frozenset[str]]

# Where an input's definition may hold expressions; its words are plain.
_INPUT: _Table = {
    ("inputs", "*", "default"): frozenset({"connection"}),
    ("inputs", "*", "schema"): _INPUTS,
    ("inputs", "*", "schemaFrom", "inputs"): _INPUTS,
    ("inputs", "*", "schemaFrom", "fallback"): _INPUTS,
    ("inputs", "*", "showIf"): _INPUTS,
    ("inputs", "*", "requiredIf"): _INPUTS,
    ("inputs", "*", "choicesFrom", "where"): _INPUTS | {"row"},
    ("inputs", "*", "choicesFrom", "inputs"): _INPUTS,
}
_PAGINATED: _Table = {
    ("paginate", "start"): _INPUTS,
    ("paginate", "next"): _PAGINATE,
    ("paginate", "while"): _PAGINATE,
    ("paginate", "items"): _PAGINATE,
    ("paginate", "all"): _INPUTS,
    ("paginate", "inputs"): frozenset({"page"}),
}
_REPLIED: _Table = {
    ("reply",): _REPLY,
    ("reply", "as"): _INPUTS,
    ("reply", "output"): _OUTPUT,
    ("reply", "results"): _REPLY | {"item"},
    ("reply", "results", "items"): _REPLY,
    ("reply", "results", "of"): _REPLY,
    ("reply", "results", "output"): _OUTPUT | {"item"},
    ("reply", "results", "errors"): _ERRORS,
    ("errors",): _ERRORS,
}


def _below(start: tuple[str, ...], table: _Table) -> _Table:
    """Return a table for places that lie further down in a file."""
    return {(*start, *pointer): names for pointer, names in table.items()}


# What is agreed with the vendor about pushes: each request sees the subscription.
_AGREED: _Table = {
    ("identity",): _INPUTS | {"subscription"},
    ("request",): _INPUTS | {"subscription"},
    ("lookup", "inputs"): _INPUTS | {"subscription"},
    ("lookup", "made"): _REPLY | {"item"},
    ("lookup", "sent"): _INPUTS | {"subscription"},
    ("lookup", "record", "inputs"): _INPUTS | {"item", "subscription"},
    ("lookup", "record", "item"): _REPLY,
    ("lookup", "found"): _REPLY | {"item"},
    **{pointer: names | {"subscription"} for pointer, names in _REPLIED.items()},
}

# The longest pointer that fits decides; "*" stands for any one key or index.
_NAMES: dict[str, _Table] = {
    "action": {
        ("identity",): _INPUTS | {"item"},
        ("when",): _INPUTS,
        ("poll", "while"): _REPLY,
        ("poll", "delay"): _REPLY,
        ("poll", "upTo"): _INPUTS,
        ("progress",): _REPLY,
        ("chunks", "of"): _INPUTS,
        ("scopes",): _INPUTS,
        ("checks",): _INPUTS,
        ("request",): _REQUEST,
        ("retry",): _INPUTS,
        ("lookup", "inputs"): _INPUTS,
        ("lookup", "made"): _REPLY | {"item"},
        ("lookup", "sent"): _INPUTS,
        ("lookup", "record", "inputs"): _INPUTS | {"item"},
        ("lookup", "record", "item"): _REPLY,
        ("lookup", "found"): _REPLY | {"item"},
        ("adds",): _INPUTS,
        **_INPUT,
        **_PAGINATED,
        **_REPLIED,
    },
    "datasource": {
        ("request",): _REQUEST,
        ("options",): _REPLY - {"reply", "items"} | {"item"},
        ("options", "items"): _REPLY,
        **_INPUT,
        **_PAGINATED,
        **_REPLIED,
    },
    "trigger": {
        ("scopes",): _INPUTS,
        ("retry",): _INPUTS,
        ("poll", "sources", "*", "when"): _INPUTS,
        ("poll", "sources", "*", "request"): _REQUEST | {"since"},
        ("poll", "sources", "*", "items"): _REPLY - {"items"},
        ("poll", "sources", "*", "while"): _REPLY - {"items"},
        ("poll", "sources", "*", "identity"): _CHANGE,
        ("poll", "sources", "*", "made"): _CHANGE,
        ("poll", "sources", "*", "change"): _CHANGE | {"since"},
        ("poll", "sources", "*", "output"): _CHANGE,
        **_INPUT,
        **_below(("poll", "sources", "*"), {**_PAGINATED, **_REPLIED}),
        ("poll", "sources", "*", "paginate", "start"): _INPUTS | {"since"},
        ("errors",): _ERRORS,
        **_below(("webhook", "subscribe"), _AGREED),
        **_below(("webhook", "renew"), _AGREED),
        **_below(("webhook", "unsubscribe"), _AGREED),
        ("webhook", "verify"): _PUSHED,
        ("webhook", "reply"): _PUSHED,
        ("webhook", "events"): _PUSHED | {"item"},
        ("webhook", "events", "items"): _PUSHED,
    },
    "fragment": {},
    "tables": {},
    "errors": {},
    "connection": {
        ("checks",): _CHOOSE - {"token"},
        ("choose",): _CHOOSE,
        ("apply",): _APPLY,
        ("oauth2",): _APPLY,
        ("oauth2", "ok"): _APPLY | {"reply"},
        ("oauth2", "errors"): _ERRORS,
        ("probe",): _INPUTS,
        **_INPUT,
    },
    "component": {
        ("services",): _INPUTS,
        ("defaults",): _INPUTS,
        ("defaults", "code"): _ERRORS,
        ("retry",): _INPUTS,
        ("errors",): _ERRORS,
    },
    "inputs": _INPUT,
}

# What belongs to one request of an action, and so knows what the steps before have brought.
_OF_REQUESTS = frozenset(
    {"request", "reply", "paginate", "errors", "identity", "adds", "lookup", "when", "poll", "progress"}
)

# Where rules about failures stand.
_RULES = (
    ("errors", "*"),
    ("poll", "sources", "*", "errors", "*"),
    ("webhook", "*", "errors", "*"),
    ("errors", "*", "*"),
    ("reply", "results", "errors", "*"),
    ("oauth2", "errors", "*"),
)

# Texts for people: what looks like an expression there would only be shown.
_PLAIN: tuple[tuple[str, ...], ...] = (
    ("checks", "*", "input"),
    ("adds", "unless"),
    ("adds", "except"),
    ("retry", "use"),
    ("reply", "schema"),
    ("retry", "*", "use"),
    ("retry", "on"),
    ("services", "*", "source"),
    *((*rule, key) for rule in _RULES for key in ("kind", "use")),
    ("choose", "*", "from"),
    ("oauth2", "grants"),
    ("oauth2", "keep"),
)

# Places that hold exactly one expression.
_SINGLE: tuple[tuple[str, ...], ...] = (
    *((*rule, "when") for rule in _RULES),
    ("checks", "*", "when"),
    ("request", "body", "when"),
    ("request", "body", "*", "when"),
    ("reply", "ok"),
    ("reply", "error"),
    ("reply", "identity"),
    ("reply", "results", "ok"),
    ("reply", "results", "identity"),
    ("reply", "results", "items"),
    ("reply", "results", "of"),
    ("paginate", "while"),
    ("paginate", "items"),
    ("paginate", "all"),
    ("lookup", "made"),
    *(
        ("poll", "sources", "*", *key)
        for key in (
            ("when",),
            ("items",),
            ("while",),
            ("identity",),
            ("made",),
            ("reply", "ok"),
            ("reply", "error"),
            ("paginate", "while"),
            ("paginate", "items"),
            ("request", "body", "when"),
            ("request", "body", "*", "when"),
        )
    ),
    *(
        ("webhook", *key)
        for key in (
            ("*", "reply", "ok"),
            ("*", "reply", "error"),
            ("*", "reply", "identity"),
            ("*", "lookup", "made"),
            ("*", "lookup", "record", "item"),
            ("*", "request", "body", "when"),
            ("*", "request", "body", "*", "when"),
            ("reply", "when"),
            ("reply", "*", "when"),
            ("events", "items"),
        )
    ),
    ("lookup", "record", "item"),
    ("options", "items"),
    ("oauth2", "ok"),
    ("defaults", "debug"),
    ("steps", "*", "when"),
    ("poll", "while"),
    ("chunks", "of"),
    ("inputs", "*", "showIf"),
    ("inputs", "*", "requiredIf"),
    ("inputs", "*", "choicesFrom", "where"),
)


def names_for(kind: str, pointer: Sequence[str | int]) -> frozenset[str]:
    """Return the names an expression at `pointer` may use; empty where none may stand.

    Args:
        kind: `action`, `trigger`, `datasource`, `connection`, `component` or `inputs`.
        pointer: Keys and indexes that lead to the place in a file of that kind.
    """
    return _names_for(kind, tuple(map(str, pointer)))


def is_single(pointer: Sequence[str | int]) -> bool:
    """Return whether a place holds exactly one expression and nothing around it."""
    return _is_single(tuple(map(str, pointer)))


@functools.lru_cache(maxsize=4096)
def _is_single(steps: tuple[str, ...]) -> bool:
    ways = (steps, _within(steps))
    return any(len(way) == len(pattern) and _starts(way, pattern) for way in ways for pattern in _SINGLE)


def _within(steps: tuple[str, ...]) -> tuple[str, ...]:
    """Return a place in a step of an action as if the action had that request alone."""
    return steps[2:] if steps[:1] == ("steps",) else steps


@functools.lru_cache(maxsize=4096)
def _names_for(kind: str, steps: tuple[str, ...]) -> frozenset[str]:
    steps = _within(steps)
    if not steps or any(_starts(steps, pattern) for pattern in _PLAIN):
        return frozenset()
    if steps[:1] == ("let",):
        return _let_names(kind)
    fitting = [pattern for pattern in _NAMES[kind] if _starts(steps, pattern)]
    names = _NAMES[kind][max(fitting, key=len)] if fitting else frozenset()
    if names and kind == "action" and steps[0] in _OF_REQUESTS:
        names |= _SEVERAL
    return names | {"let"} if names and steps[0] != "inputs" else names


def _let_names(kind: str) -> frozenset[str]:
    """Return what some place of such a file knows: whether the reader's does is judged where it is read."""
    if kind == "component":
        return ALL_NAMES
    own = {"let", "row", "steps", "chunk"} if kind == "action" else {"let", "row"}
    return frozenset(own).union(*_NAMES[kind].values())


def _starts(steps: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    # No pattern begins with any key, so most are ruled out at a glance.
    if len(pattern) > len(steps) or pattern[0] != steps[0]:
        return False
    return all(wanted in (step, "*") for wanted, step in zip(pattern, steps, strict=False))
