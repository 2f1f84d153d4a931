"""Several requests of one action: steps in order, or one request for each part of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.definition.program.common import maybe, value
from connector_runtime.definition.program.unit import Unit, compile_unit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.definition.program.common import Evaluate
    from connector_runtime.language.lets import Lets

# An action's effect is its strongest step's. Of two that are equally strong either may be named.
STRENGTH = {"read": 0, "update": 1, "delete": 1, "upsert": 2, "create": 3, "raw": 4}
# What steps take over from their action where they have none of their own.
_SHARED = ("let", "errors", "retry")


class PollRule(NamedTuple):
    """How a step is sent again and again: as long as what holds, how often, how long at most."""

    more: Evaluate
    delay: Evaluate
    up_to: Evaluate


class ActionStep(NamedTuple):
    """One named request of several; without its `when` it is left out where that does not hold."""

    key: str
    unit: Unit
    when: Evaluate | None
    poll: PollRule | None
    progress: Evaluate | None


class Chunks(NamedTuple):
    """How a list of any length goes out: so many of its entries at once."""

    of: Evaluate
    max: int


def compile_steps(
    definition: Mapping[str, Any], component: Mapping[str, Any], lets: Lets
) -> tuple[ActionStep, ...]:
    """Compile the steps of an action, none where it has a single request."""
    shared = {key: definition[key] for key in _SHARED if key in definition}
    return tuple(
        ActionStep(
            key=key,
            # A step's own table replaces the action's: mixed, nobody could say which rule comes first.
            unit=compile_unit({**shared, **step}, component, lets),
            when=maybe(step, "when", ("steps", key, "when")),
            poll=_poll(step["poll"], ("steps", key, "poll")) if "poll" in step else None,
            progress=maybe(step, "progress", ("steps", key, "progress")),
        )
        for key, step in definition.get("steps", {}).items()
    )


def _poll(poll: Mapping[str, Any], at: tuple[str, ...]) -> PollRule:
    return PollRule(
        more=value(poll["while"], (*at, "while")),
        delay=value(poll["delay"], (*at, "delay")),
        up_to=value(poll["upTo"], (*at, "upTo")),
    )


def compile_chunks(chunks: Mapping[str, Any] | None) -> Chunks | None:
    """Compile what an action sends in parts."""
    return None if chunks is None else Chunks(value(chunks["of"], ("chunks", "of")), chunks["max"])
