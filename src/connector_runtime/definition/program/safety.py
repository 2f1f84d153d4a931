"""What keeps a write from happening twice: identity, rows that a repeat adds, look-up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.definition.program.common import names_at, value
from connector_runtime.definition.program.texts import reads_text
from connector_runtime.definition.sent_records import key_and_value
from connector_runtime.language.templates import compile_node

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector_runtime.definition.program.common import Evaluate
    from connector_runtime.language.lets import Lets


class Reading(NamedTuple):
    """A read action, and where in its reply a record is; for a look-up's whole record."""

    action: str
    inputs: Evaluate
    item: Evaluate


class Lookup(NamedTuple):
    """A read action that finds out whether a write has happened.

    `made` is the instant at which an item was made, `sent` what it must agree with, `record` how
    the whole of it is read where a list shows only a part, `found` what the call then gives back.
    `reads_text` says whether any of them reads the text of what the action answered.
    """

    action: str
    inputs: Evaluate
    made: Evaluate
    sent: Evaluate
    record: Reading | None
    found: Evaluate
    reads_text: bool


class IdentityProgram(NamedTuple):
    """What a record can be found by; `is_of_item` where each record of a call has its own."""

    text: Evaluate
    is_of_item: bool


class Adding(NamedTuple):
    """Which rows of the records in a request are added anew by every repeat; see `sent_records`."""

    of: Evaluate
    key: str
    kept: frozenset[str]


def compile_lookup(lookup: Mapping[str, Any], lets: Sequence[Any]) -> Lookup:
    """Compile a look-up; `lets` are the named values that it may read."""
    return Lookup(
        action=lookup["action"],
        inputs=value(lookup["inputs"], ("lookup", "inputs")),
        made=value(lookup["made"], ("lookup", "made")),
        sent=value(lookup["sent"], ("lookup", "sent")),
        record=_reading(lookup.get("record")),
        found=value(lookup["found"], ("lookup", "found")),
        # The reply is another action's, which knows nothing of who reads its text for a look-up.
        reads_text=reads_text([lookup, *lets]),
    )


def _reading(record: Mapping[str, Any] | None) -> Reading | None:
    if record is None:
        return None
    at = ("lookup", "record")
    return Reading(
        action=record["action"],
        inputs=value(record["inputs"], (*at, "inputs")),
        item=value(record["item"], (*at, "item")),
    )


def compile_identity(identity: Any, lets: Lets) -> IdentityProgram | None:
    if identity is None:
        return None
    filling = compile_node(identity, names_at(("identity",)))
    # Through named values as well: `${ let.key }` may read the item where the file does not show it.
    is_of_item = any(reference.path[0] == "item" for reference in lets.expanded(filling.references))
    if not isinstance(identity, dict):
        return IdentityProgram(filling.render, is_of_item)
    of, keys = (value(identity[name], ("identity", name)) for name in ("of", "keys"))
    return IdentityProgram(lambda scope: key_and_value(of(scope), keys(scope)), is_of_item)


def compile_adding(adds: Mapping[str, Any] | None) -> Adding | None:
    if adds is None:
        return None
    of = value(adds["of"], ("adds", "of"))
    return Adding(of, adds["unless"], frozenset(adds.get("except", ())))
