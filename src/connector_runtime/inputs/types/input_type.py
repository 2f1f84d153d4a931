"""What the runtime knows of one type of input: the whole of it stands in the type's own file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# What `min` and `max` are called in JSON Schema, by what they bound.
LENGTH = (("min", "minLength"), ("max", "maxLength"))
AMOUNT = (("min", "minimum"), ("max", "maximum"))
ITEMS = (("min", "minItems"), ("max", "maxItems"))
MEMBERS = (("min", "minProperties"), ("max", "maxProperties"))

BOUNDED = frozenset({"min", "max"})
CHOSEN = frozenset({"choices", "choicesFrom"})
RECORD = frozenset({"schema", "schemaFrom"})


class InputType(NamedTuple):
    """One type of input.

    Attributes:
        name: As definitions say it.
        read: Makes what was entered what is meant, or raises a `Refusal`; see `reads_paths`.
        schema: JSON Schema of what a form or an agent may send.
        widget: How a form draws it: one of `WIDGETS` of `registry`.
        keys: Of the keys that only some types know, those that this one does:
            `pattern min max accepts choices choicesFrom schema schemaFrom`.
        default: The Python types that a default has once YAML is read; empty for any.
        words: What a default must be, for messages.
        flat: What a value without members is, for messages; None where it may have some.
        bounds: The names of JSON Schema for `min` and `max`; empty for what has no size.
        is_chosen: Whether choices are values of the type; else they are texts.
        is_text: Whether empty text is a value like any other.
        may_be_null: Whether null clears a field; False where there is nothing to send for it.
        reads_paths: Whether `read` also takes `trust_paths`: may a file be named by its path?
    """

    name: str
    read: Callable[..., Any]
    schema: Mapping[str, Any]
    widget: str
    keys: frozenset[str] = frozenset()
    default: tuple[type, ...] = ()
    words: str = "a text"
    flat: str | None = None
    bounds: tuple[tuple[str, str], ...] = ()
    is_chosen: bool = False
    is_text: bool = False
    may_be_null: bool = True
    reads_paths: bool = False
