"""Record schemas that come from the account itself: asked of a data source, kept with an age.

What a vendor says about its fields may be old by minutes, or not the whole truth: it gives
texts of rows their types and warns, and never refuses a record. The packaged schema, which
stands in while nothing is known, judges as it always does.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.base.values import ABSENT
from connector_runtime.errors.json_writing import dump_json
from connector_runtime.inputs.refusals import did_you_mean
from connector_runtime.language.expressions.operators import EvaluationError
from connector_runtime.language.schemas.validator import Validator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from connector_runtime.base.values import Clock
    from connector_runtime.inputs.records import SchemaFrom
    from connector_runtime.language.schemas.validator import Schemas

# Fields are added by people, now and then; a new one is known a quarter of an hour later.
AGE_S = 900.0
# After no answer, records are judged without it for so long, not made to wait each time.
AGAIN_S = 60.0
# Nobody's record waits longer to be judged better.
ANSWER_S = 2.0
# Record types of one connection whose fields are kept; the one used longest ago goes first.
KEPT_MAX = 100
FIELDS_MAX = 2_000
WARNED_MAX = 5
# What a vendor's words may say of a value: nothing that could take long to judge.
_JUDGED = frozenset(
    {"title", "description", "type", "enum", "minLength", "maxLength", "minimum", "maximum", "maxItems"}
)


class Wanted(NamedTuple):
    """The fields of one record type: what to ask, of which data source, and what it is kept under."""

    key: str
    source: str
    inputs: Mapping[str, Any]


class CachedSchema(NamedTuple):
    """What is known: a validator and the schema that a form shows, or why there is none; until when."""

    validator: Validator | None
    schema: Mapping[str, Any]
    why: str
    until: float


class Fields:
    """The fields that a connection's account has, as far as they are known.

    Takes the place of the component's record schemas where inputs are judged. Safe to share
    between threads.
    """

    def __init__(self, schemas: Schemas, clock: Clock) -> None:
        self._schemas = schemas
        self.clock = clock
        self._entries: OrderedDict[str, CachedSchema] = OrderedDict()
        self._turns: dict[str, tuple[Any, int]] = {}
        self._lock = threading.Lock()

    def find(self, reference: str) -> Validator | None:
        """Return a packaged schema, as `Schemas.find`."""
        return self._schemas.find(reference)

    def live(self, origin: SchemaFrom, scope: Mapping[str, Any]) -> Validator | None:
        """Return what the account itself says of a record's fields, or None while that is not known."""
        entry = self.entry(wanted_by(origin, scope))
        return entry.validator if entry else None

    def entry(self, wanted: Wanted | None) -> CachedSchema | None:
        """Return what is known and not too old."""
        if wanted is None:
            return None
        with self._lock:
            entry = self._entries.get(wanted.key)
            if entry is None or self.clock.monotonic() >= entry.until:
                return None
            self._entries.move_to_end(wanted.key)
            return entry

    def keep(self, wanted: Wanted, found: Mapping[str, Any] | str) -> None:
        """Keep what a data source has answered: a record's JSON Schema, or why there is none."""
        now, validator = self.clock.monotonic(), None
        if not isinstance(found, str):
            validator = validator_of(found)
        if validator is None or isinstance(found, str):
            why = found if isinstance(found, str) else "The reply names no field that can be used."
            entry = CachedSchema(None, {}, why, now + AGAIN_S)
        else:
            entry = CachedSchema(validator, found, "", now + AGE_S)
        with self._lock:
            self._entries[wanted.key] = entry
            self._entries.move_to_end(wanted.key)
            while len(self._entries) > KEPT_MAX:
                self._entries.popitem(last=False)

    def turn(self, wanted: Wanted, make: Callable[[], Any]) -> Any:
        """Return the lock under which one at a time asks for these fields; `leave` gives it back."""
        with self._lock:
            lock, users = self._turns.get(wanted.key, (None, 0))
            lock = lock or make()
            self._turns[wanted.key] = (lock, users + 1)
            return lock

    def leave(self, wanted: Wanted) -> None:
        """Forget the lock when nobody uses it any more."""
        with self._lock:
            lock, users = self._turns[wanted.key]
            if users > 1:
                self._turns[wanted.key] = (lock, users - 1)
            else:
                del self._turns[wanted.key]

    def notes(self, origin: SchemaFrom, value: Any, scope: Mapping[str, Any]) -> Iterator[str]:
        """Yield what somebody should know who sends this value: odd fields, or that nothing is known."""
        entry = self.entry(wanted_by(origin, scope))
        if entry is None:
            return
        if entry.validator is None:
            yield f"The fields of this account could not be asked for: {entry.why}"
            return
        yield from warnings_of(value, entry.validator)


def wanted_by(origin: SchemaFrom, scope: Mapping[str, Any]) -> Wanted | None:
    """Return what to ask for a call's record type; None while an input that it depends on is missing."""
    try:
        inputs = origin.inputs(scope)
    except EvaluationError:
        return None
    return Wanted(f"{origin.source} {dump_json(inputs)}", origin.source, inputs)


def schema_of(options: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the JSON Schema of a record from the options of a data source, one property each.

    An option's `schema` says what the field is; `required: true` in it is said of the record,
    and its label is the title. Null is possible everywhere: it clears a field.
    """
    properties: dict[str, Any] = {}
    required: list[str] = []
    for option in options:
        name, said = option["value"], option.get("schema")
        if not isinstance(name, str) or len(properties) >= FIELDS_MAX:
            continue
        # What a vendor gives as null, it does not say.
        said = {key: word for key, word in said.items() if word is not None} if isinstance(said, dict) else {}
        if said.pop("required", None) is True:
            required.append(name)
        kinds = said.get("type")
        if kinds is not None:
            said["type"] = list(dict.fromkeys([*([kinds] if isinstance(kinds, str) else kinds), "null"]))
        if isinstance(said.get("enum"), list):
            said["enum"] = [*said["enum"], *([] if None in said["enum"] else [None])]
        properties[name] = {"title": option["label"], **said}
    return {"type": "object", "properties": properties, **({"required": required} if required else {})}


def validator_of(schema: Mapping[str, Any]) -> Validator | None:
    """Return what types and judges the fields that are there, or None where it is no schema."""
    from connector_runtime.language.schemas.schema_grammar import (  # noqa: PLC0415  only who asks needs it
        misspelt,
    )

    properties = {}
    for name, said in schema["properties"].items():
        words = {word: value for word, value in said.items() if word in _JUDGED}
        # A field that is described in words of the vendor's own is known, and may be anything.
        properties[name] = {} if next(iter(misspelt(words)), None) is not None else words
    if not properties:
        return None
    judging = {"type": "object", "properties": properties}
    return Validator(judging, judge=lambda: _judge_of(judging))


def _judge_of(schema: Mapping[str, Any]) -> Any:
    from connector_runtime.language.schemas.bounded import judge_of  # noqa: PLC0415  slow to load

    return judge_of(schema, None)


def warnings_of(value: Any, validator: Validator) -> Iterator[str]:
    """Yield what is odd about a record, or about each of a list of them."""
    records = value if isinstance(value, list) else [value]
    known = validator.schema["properties"]
    found: dict[str, None] = {}
    for record in records:
        if not hasattr(record, "items"):
            continue
        for name in record:
            if name not in known and len(found) < WARNED_MAX:
                guess = did_you_mean(str(name), known).strip()
                found[f"This account has no field `{name}`.{' ' if guess else ''}{guess}"] = None
        for violation in validator.violations(dict(record)):
            if len(found) < WARNED_MAX:
                found[f"{violation.message[:1].upper()}{violation.message[1:]}."] = None
    yield from found


def fallback_of(origin: SchemaFrom, scope: Mapping[str, Any]) -> str | None:
    """Return the name of the packaged schema that stands in, or None."""
    name = origin.fallback(scope) if origin.fallback is not None else ABSENT
    return name if isinstance(name, str) else None
