"""What of the answers of done steps is kept for those that are still to be done, and for the result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.language.documents.document import dump_json
from connector_runtime.language.templates import references_of
from connector_runtime.language.visible_names import ALL_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector_runtime.conversation.call import Call
    from connector_runtime.conversation.sequence.trail import Trail

# What later steps need of earlier ones is an id or an address; more is read again.
_USUAL_CHARS = 32 * 1024
# What later steps read of a write cannot be read again: it may be so long, and no longer.
LONGEST_CHARS = 512 * 1024


class KeptSteps(NamedTuple):
    """What is kept of the done steps.

    Attributes:
        seen: What later steps see of each, or None where one of them reads of a write what cannot be kept.
        again: Those that are read again instead.
        short: Writes of which is left out what only the result shows; or the one that cannot be kept.
    """

    seen: dict[str, Any] | None
    again: list[str]
    short: list[str]


def keep(call: Call, trail: Trail) -> KeptSteps:
    """Choose what is kept of each done step: what is read of it later, and of the rest what is short."""
    program = call.action.program
    needed, whole = _wanted(call, trail), _wanted(call, trail, of_result=True)
    if program.output is None and trail.done:
        # It is the result if every step behind it is left out.
        whole.setdefault(trail.done[-1], {})["output"] = {"*": True}
    seen: dict[str, Any] = {}
    again: list[str] = []
    short = list(trail.short)
    spare, longest = float(_USUAL_CHARS), float(LONGEST_CHARS)
    done = [step for step in program.steps if step.key in trail.done]
    # What can be read again has what the others leave.
    for step in sorted(done, key=lambda step: step.unit.effect == "read"):
        key = step.key
        kept = _pruned(trail.seen.get(key), whole.get(key, {}))
        size = _size(call, kept)
        if size <= spare:
            spare -= size
        elif step.unit.effect == "read":
            again.append(key)
            continue
        else:
            less = _pruned(trail.seen.get(key), needed.get(key, {}))
            size = _size(call, less)
            if size > longest:
                return KeptSteps(None, [], [key])
            kept, spare = less, spare - min(size, spare)
            short += [key] if needed.get(key, {}) != whole.get(key, {}) and key not in short else []
        longest -= size
        seen[key] = kept
    return KeptSteps(seen, again, short)


def _size(call: Call, value: Any) -> float:
    """Return how many characters a value takes; without end where it cannot be kept."""
    if value is None or _is_too_long(value) or not _is_clean(call, value):
        return float("inf")
    try:
        return len(dump_json(value))
    except (TypeError, ValueError):
        return float("inf")


def _is_too_long(value: Any) -> bool:
    """Return whether a value is longer than any that is kept, without going through the whole of it."""
    left, chars = [value], 0
    while left and chars <= LONGEST_CHARS:
        one = left.pop()
        chars += len(one) if isinstance(one, str | bytes) else 1
        if isinstance(one, Mapping):
            left += [*one, *one.values()]
        elif isinstance(one, list):
            left += one
    return chars > LONGEST_CHARS


def _wanted(call: Call, trail: Trail, *, of_result: bool = False) -> dict[Any, Any]:
    """Return which members of which step are read by steps that may still be done, as a tree.

    Args:
        call: The call.
        trail: How far it has come.
        of_result: Whether what the action gives back counts, too.
    """
    definition = call.action.definition
    lets = dict(definition.get("let", {}))
    steps = {step.key: step for step in call.action.program.steps}
    parts = [
        part
        for key, part in definition.get("steps", {}).items()
        if key not in trail.done or steps[key].unit.effect == "read"
    ]
    others = {"examples", "let", "steps", "tests"} | (set() if of_result else {"reply"})
    parts += [part for key, part in definition.items() if key not in others]
    tree: dict[Any, Any] = {}
    while parts:
        for path in references_of(parts.pop(), ALL_NAMES):
            if path[0] == "let":
                parts.append(lets.pop(path[1], None) if len(path) > 1 else list(lets.values()))
            if path[0] == "steps":
                _grow(tree, path[1:])
    return tree


def _grow(tree: dict[Any, Any], path: Iterable[Any]) -> None:
    node = tree
    for key in path:
        if key is None or node.get("*"):
            break
        node = node.setdefault(key, {})
    node["*"] = True


def _pruned(value: Any, wanted: Mapping[Any, Any]) -> Any:
    """Return of a value what is wanted, in the same places."""
    if wanted.get("*"):
        return value
    if isinstance(value, Mapping):
        return {key: _pruned(value[key], inner) for key, inner in wanted.items() if key in value}
    if isinstance(value, list) and all(isinstance(key, int) and key >= 0 for key in wanted):
        size = min(len(value), max(wanted, default=-1) + 1)
        return [_pruned(value[at], wanted[at]) if at in wanted else None for at in range(size)]
    return value


def _is_clean(call: Call, value: Any) -> bool:
    """Return whether no secret that is known stands in a value: a vendor may repeat a token."""
    if isinstance(value, str):
        return bool(call.redactor.everywhere(value) == value)
    if isinstance(value, Mapping):
        return all(_is_clean(call, one) for pair in value.items() for one in pair)
    return all(_is_clean(call, one) for one in value) if isinstance(value, list) else True
