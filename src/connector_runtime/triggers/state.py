"""What a caller keeps between two polls: JSON without secrets, bound to what it is about."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.base.numbers import digestible
from connector_runtime.errors import error_of
from connector_runtime.inputs.refusals import shown
from connector_runtime.triggers.moments import EARLIEST, moment_of, text_of
from connector_runtime.triggers.told_changes import ToldChanges, Zone

if TYPE_CHECKING:
    from collections.abc import Mapping

FROM_NOW = "from now"
FROM_THE_BEGINNING = "from the beginning"

_VERSION = 1
_STARTS = f"`{FROM_NOW}`, `{FROM_THE_BEGINNING}` or a moment such as `2026-06-01T12:00:00Z`"
START_AGAIN = f"Start again with {_STARTS}."
_SAME_ACCOUNT = (
    "Poll with the connection that it came from. Where that has another name or other keys by now and its "
    "account is the same, take `connection` out of the state and poll again. "
    "One that has a `name` stays the same when it is logged in anew. "
    f"With another account: {START_AGAIN[0].lower()}{START_AGAIN[1:]}"
)


class Owner(NamedTuple):
    """What a state belongs to.

    Attributes:
        trigger: The trigger's key.
        inputs: Digest of the inputs.
        connection: Proof of the connection.
    """

    trigger: str
    inputs: str
    connection: str


@dataclass(eq=False)
class Window:
    """A stretch of a source that is being gone through.

    Attributes:
        since: Where it begins; None for the beginning of everything.
        clock: The vendor's clock when it was begun, or ours where the vendor tells none.
        here: Our clock then; None in a state that was kept before it was noted.
        is_ours: Whether the vendor tells none: ours may be hours off, so no mark is made of it.
        same: What was read of the cursor's moment: a source without `since.id` tells all of it again.
        cursor: The last change that was read, as moment and identity, or None.
        top: The latest change that was read, or None.
        told: What was read in it, to be compared with in the next.
    """

    since: int | None
    clock: int
    cursor: tuple[int, Any] | None = None
    top: int | None = None
    told: ToldChanges = field(default_factory=ToldChanges)
    is_ours: bool = False
    same: Zone | None = None
    here: int | None = None

    @property
    def lower_clock(self) -> int:
        """Return the earlier one of both clocks: where one is wrong, it passes over nothing."""
        return self.clock if self.here is None else min(self.clock, self.here)

    def same_to_json(self) -> list[Any] | None:
        """Return what was read of the cursor's moment, unless each change of it is known anyway."""
        is_needed = self.same is not None and self.told.zone_at(self.same.start) is not None
        return self.same.to_json() if self.same is not None and is_needed else None


@dataclass(eq=False)
class SourceState:
    """Where a source stands; moments are in microseconds.

    Attributes:
        mark: Everything up to there was told; None before the first window is finished.
        clock: The vendor's clock when the last finished window was begun, or None.
        here: Our clock then, or None.
        is_quiet: Whether what is there already is not told: the trigger starts from now.
        before: The mark that rows alone have made, for a vendor whose clock was wrong; None before
            the first window is finished.
        told: What of the overlap was told by the last finished window.
        window: What is not gone through yet, or None.
    """

    mark: int | None = None
    clock: int | None = None
    is_quiet: bool = False
    before: int | None = None
    told: ToldChanges = field(default_factory=ToldChanges)
    window: Window | None = None
    here: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what is to be kept, without empty members."""
        window = self.window
        shape: dict[str, Any] = {
            "mark": _shown(self.mark),
            "clock": _shown(self.clock),
            "here": _shown(self.here),
            "quiet": self.is_quiet or None,
            "before": _shown(self.before),
            **self.told.to_json(),
        }
        if window is not None:
            at, identity = window.cursor or (None, None)
            shape["window"] = {
                "since": _shown(window.since),
                "clock": _shown(window.clock),
                "here": _shown(window.here),
                "ours": window.is_ours or None,
                "top": _shown(window.top),
                "at": _shown(at),
                "id": identity,
                "same": window.same_to_json(),
                **window.told.to_json(),
            }
            shape["window"] = _filled(shape["window"])
        return _filled(shape)

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> SourceState:
        """Return what was kept; `ValueError` and the like where it is something else."""
        window = given.get("window")
        made = cls(
            mark=_read(given.get("mark")),
            clock=_read(given.get("clock")),
            is_quiet=given.get("quiet", False),
            before=_read(given.get("before")),
            told=ToldChanges.from_json(given.get("told", ""), given.get("zones", [])),
            here=_read(given.get("here")),
        )
        if window is not None:
            at, clock = _read(window.get("at")), _read(window["clock"])
            cursor = (at, window.get("id")) if at is not None else None
            told = ToldChanges.from_json(window.get("told", ""), window.get("zones", []))
            top = _read(window.get("top"))
            since, is_ours = _read(window.get("since")), bool(window.get("ours"))
            same = Zone.from_json(window["same"]) if "same" in window else None
            here = _read(window.get("here"))
            made.window = Window(since, clock or 0, cursor, top, told, is_ours, same, here)
        return made


@dataclass(eq=False)
class PollState:
    """The state of a whole trigger: its sources by key.

    Attributes:
        owner: What it belongs to.
        sources: Where each source stands.
        last: Key of the source that broke off the last poll: the next one begins behind it.
    """

    owner: Owner
    sources: dict[str, SourceState]
    last: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what a caller keeps, with its own digest."""
        shape = {
            "version": _VERSION,
            "trigger": self.owner.trigger,
            "inputs": self.owner.inputs,
            "sources": {key: source.to_json() for key, source in self.sources.items()},
            **({"last": self.last} if self.last is not None else {}),
        }
        # It stands beside: people may take it out.
        return {**shape, "digest": digest(shape), "connection": self.owner.connection}


def read_state(given: Any, owner: Owner, keys: tuple[str, ...]) -> PollState:
    """Return what a caller has kept, or a state to begin with.

    Args:
        given: What `to_json` gave; `from now`, `from the beginning`, or None for the former; or the
            moment up to which all is known, such as `2026-06-01T12:00:00Z`.
        owner: What it must belong to; one that names no connection was kept before states did.
        keys: The sources that the trigger has now.

    Raises:
        InputError: It belongs to another trigger, other inputs or another connection, to a later
            version of the runtime, or is not what was given out.
    """
    if given is None or (isinstance(given, str) and given in (FROM_NOW, FROM_THE_BEGINNING)):
        is_quiet = given != FROM_THE_BEGINNING
        return PollState(owner, {key: SourceState(is_quiet=is_quiet) for key in keys})
    moment = moment_of(given) if isinstance(given, str) else None
    if moment is not None and not moment.is_day and moment.micro >= EARLIEST:
        known = {key: SourceState(mark=moment.micro, clock=moment.micro) for key in keys}
        return PollState(owner, known)
    _judge(given, owner)
    try:
        sources = {key: SourceState.from_json(source) for key, source in given["sources"].items()}
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError):
        raise _refused("The state is not one that a poll has given.") from None
    marks = [source.mark for source in sources.values() if source.mark is not None]
    # One that was switched off all the time is still quiet, and says nothing about the others.
    is_quiet = not marks and any(source.is_quiet for source in sources.values())
    for key in keys:
        # A source that the trigger did not have before begins where the others stand.
        sources.setdefault(key, SourceState(mark=min(marks, default=None), is_quiet=is_quiet))
    last = given.get("last")
    return PollState(owner, sources, last if last in keys else None)


def _judge(given: Any, owner: Owner) -> None:
    """Refuse what no poll has given, and what it has given to somebody else."""
    if isinstance(given, str) and not given.startswith("{"):
        raise _refused(f"{_not_a_start(given)}.", f"Begin with {_STARTS}.")
    if not isinstance(given, dict) or "sources" not in given:
        raise _refused("The state is not one that a poll has given.")
    if given.get("version") != _VERSION:
        raise _refused("The state is of another version.")
    own = {key: value for key, value in given.items() if key not in ("digest", "connection")}
    try:
        is_whole = digest(own) == given.get("digest")
    except (TypeError, ValueError, RecursionError):  # no JSON: other keys, a circle, too deep
        is_whole = False
    if not is_whole:
        raise _refused("The state was changed or cut off.")
    if given.get("trigger") != owner.trigger:
        raise _refused("The state belongs to another trigger.")
    if given.get("inputs") != owner.inputs:
        raise _refused("The state belongs to other inputs.")
    connection = given.get("connection", owner.connection)
    proof = connection.encode("utf-8", "replace") if isinstance(connection, str) else b""
    if not hmac.compare_digest(proof, owner.connection.encode()):
        raise _refused("The state belongs to another connection.", _SAME_ACCOUNT)


def digest(value: Any) -> str:
    """Return what tells a JSON value from others."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=digestible)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _not_a_start(given: str) -> str:
    """Return why no poll can begin at a text."""
    moment, text = moment_of(given), shown(given)
    if moment is None:
        return f"{text} says no moment at which a poll can begin"
    return f"{text} is a day, and a poll begins at a moment" if moment.is_day else f"{text} is too long ago"


def _refused(message: str, hint: str = START_AGAIN) -> Exception:
    return error_of("input", message, hint=hint, input="state")


def _filled(shape: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in shape.items() if value not in (None, "", [])}


def _shown(micro: int | None) -> str | None:
    return None if micro is None else text_of(micro)


def _read(text: Any) -> int | None:
    found = moment_of(text)
    if found is None and text is not None:
        raise ValueError(str(text))
    return None if found is None else found.micro
