"""Regular expressions that cannot take forever, whatever text they are given.

Python's engine backtracks: `(a+)+` against forty letters runs for years. So a
pattern is refused when it could try more than a bounded number of ways, and the
text it is tried on has a bounded length.
"""

from __future__ import annotations

import functools
import importlib
import re
import warnings
from typing import Any

MAX_PATTERN_CHARACTERS = 500
# A longer text is no code, key or short message; the bound below counts on it.
MAX_TEXT_CHARACTERS = 1_000
# Two open repeats over such a text, with a little to spare: a tenth of a second at worst.
_MAX_STEPS = 5_000_000
_PLAIN = frozenset({"LITERAL", "NOT_LITERAL", "IN", "ANY", "AT"})
_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT"})
_CATEGORIES = {"CATEGORY_DIGIT": r"\d", "CATEGORY_WORD": r"\w", "CATEGORY_SPACE": r"\s"}


class PatternError(ValueError):
    """A regular expression that is wrong, or could run too long."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Return the compiled pattern; meant for texts of at most `MAX_TEXT_CHARACTERS`.

    Raises:
        PatternError: The pattern is no regular expression, uses look-around, back references
            or flags, repeats what itself repeats or branches, or has too many open repeats.
    """
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        raise PatternError(f"a pattern has at most {MAX_PATTERN_CHARACTERS} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            compiled = re.compile(pattern)
            tree = importlib.import_module("re._parser").parse(pattern)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        raise PatternError(f"not a regular expression: {error}") from None
    if compiled.flags & ~re.UNICODE:
        raise PatternError("flags are not possible in a pattern", "write out [Aa] where case is free")
    if max(_cost(tree)) > _MAX_STEPS:
        raise PatternError(
            "the pattern could be matched in too many ways, and take very long",
            "use at most two open repeats, or put a fixed character between them that they exclude",
        )
    return compiled


@functools.lru_cache(maxsize=1024)
def compile_search(pattern: str) -> re.Pattern[str]:
    """Return a pattern that is looked for anywhere in a text of bounded length.

    Raises:
        PatternError: It could take very long, wherever in the text it starts.
    """
    compile_pattern(pattern if pattern.startswith("^") else f"[\\s\\S]*{pattern}")
    return re.compile(pattern)


def _cost(sequence: Any) -> tuple[int, int]:
    """Return upper bounds: the ways to lay a sequence over a text, and the steps to try them all."""
    ways, steps = 1, 0
    parts = list(sequence)
    for at, (operation, argument) in enumerate(parts):
        name = str(operation)
        if name in _PLAIN:
            own_ways, own_steps = 1, 1
        elif name in _REPEATS:
            own_ways, own_steps = _repeat_cost(argument, parts[at + 1] if at + 1 < len(parts) else None)
        elif name == "SUBPATTERN" and not (argument[1] or argument[2]):
            own_ways, own_steps = _cost(argument[3])
        elif name == "BRANCH":
            costs = [_cost(branch) for branch in argument[1]]
            own_ways, own_steps = sum(cost[0] for cost in costs), sum(cost[1] for cost in costs)
        else:
            raise PatternError("look-around, back references and flags are not possible in a pattern")
        steps += ways * own_steps
        ways *= own_ways
    return ways, steps


def _repeat_cost(argument: Any, follower: Any) -> tuple[int, int]:
    least, most, body = argument
    ways, steps = _cost(body)
    if most > 1 and ways > 1:
        raise PatternError(
            "a repeat contains another repeat or an alternative, and could take very long",
            "repeat single characters or character classes only",
        )
    longest = min(int(most), MAX_TEXT_CHARACTERS)
    is_settled = least == most or _is_fenced(body, follower)
    return ways if is_settled else ways * (longest - int(least) + 1), steps * longest


def _is_fenced(body: Any, follower: Any) -> bool:
    """Return whether the repeat must end at a fixed character that it cannot contain."""
    if len(body) != 1 or follower is None or str(follower[0]) != "LITERAL":
        return False
    return not _accepts(body[0], chr(follower[1]))


def _accepts(part: Any, character: str) -> bool:
    name, argument = str(part[0]), part[1]
    if name == "LITERAL":
        return bool(chr(argument) == character)
    if name == "NOT_LITERAL":
        return bool(chr(argument) != character)
    if name != "IN":
        return True
    members = [item for item in argument if str(item[0]) != "NEGATE"]
    return any(_in_class(item, character) for item in members) is (len(members) == len(argument))


def _in_class(item: Any, character: str) -> bool:
    name, argument = str(item[0]), item[1]
    if name == "RANGE":
        return bool(argument[0] <= ord(character) <= argument[1])
    if name == "LITERAL":
        return bool(chr(argument) == character)
    category = str(argument)
    positive = _CATEGORIES.get(category.replace("_NOT_", "_"), ".")
    return (re.fullmatch(positive, character) is not None) is ("_NOT_" not in category)
