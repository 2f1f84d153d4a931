"""One call of one action: what it is given, what it has tried, who listens."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from connector_runtime.conversation.telemetry import Event, readable
from connector_runtime.definition.evaluation import TELLER
from connector_runtime.definition.problems.fault_places import place_of
from connector_runtime.language.durations import retry_after_s, seconds_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from connector_runtime.access.connections import Channel
    from connector_runtime.base.numbers import Numbers
    from connector_runtime.base.redaction import Redactor
    from connector_runtime.base.saved_files import FileDraft
    from connector_runtime.base.values import Clock, Deadline, Random
    from connector_runtime.conversation.paging import Progress
    from connector_runtime.conversation.replies.judging import Verdict
    from connector_runtime.conversation.replies.results import Attempt
    from connector_runtime.conversation.sequence.trail import Trail
    from connector_runtime.conversation.telemetry import Listener
    from connector_runtime.definition.account_schemas import Fields
    from connector_runtime.definition.model import Action, Model
    from connector_runtime.definition.program.unit import Unit
    from connector_runtime.errors import ConnectorError, Fault

DEFAULT_TIMEOUT_S = 60.0
DEFAULT_DEADLINE_S = 300.0
BODY_LOG_CHARS = 10_240
REQUEST_ID_CHARS = 200
NOT_MODIFIED = 304
# A request of one's own with one of these changes nothing, whatever becomes of it.
_READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Where one expression fails, the same may fail for each of many records.
MAX_FAULTS = 5
_REQUEST_IDS = ("x-request-id", "x-correlation-id", "request-id", "x-trace-id")


@dataclass(eq=False, repr=False)
class Call:
    """Everything one conversation works with.

    Attributes:
        inputs: Checked inputs.
        deadline: When the whole call ends.
        limit_s: How many seconds it had, and each page of a stream has.
        stream: Whether pages are handed out one by one.
        read_action: Gives the call of another, reading action (for look-ups).
        unknown_seen: Whether an attempt may have been carried out without saying so.
        sent_at: Reading of the clock when the first request was sent, or None.
        is_taken_up: Whether the request was sent first by an earlier call, that this one goes on with.
        sent_date: When that one sent it by the vendor's clock, in seconds since the epoch, if it was told.
        unit: The request that is being made, and what it is judged by.
        effect: What the request does: its unit's effect, or `read` for a raw one that only reads.
        is_open: Whether the request that was sent last may have been carried out, or was.
        progress: What a listing has read so far, or None.
        faults: What expressions that judge an answer have raised, the first few.
        trail: How far an action of several requests has come; None where there is one.
        step: Name of the step under way, or None.
        save_to: File for the reply's content, or None.
        draft: What becomes that file, once it is open.
        wants_text: Whether another action, whose look-up this is, reads the text of the reply.
        names: What expressions see beside, for a request of a trigger.
        fields: What is known of the account's own records, or None.
        numbers: What becomes of fractions that the vendor sends: `float` or `exact`.
    """

    action: Action
    inputs: Mapping[str, Any]
    channel: Channel
    model: Model
    clock: Clock
    random: Random
    deadline: Deadline
    redactor: Redactor
    listener: Listener
    limit_s: float
    read_action: Callable[[str, Mapping[str, Any], Deadline], Call]
    save_to: Path | None = None
    draft: FileDraft | None = None
    stream: bool = False
    debug: bool = False
    call_id: str = field(default_factory=lambda: os.urandom(16).hex())
    attempts: list[Attempt] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    unknown_seen: bool = False
    sent_at: float | None = None
    is_taken_up: bool = False
    sent_date: float | None = None
    sent_bytes: int = 0
    received_bytes: int = 0
    started_at: float = 0.0
    unit: Unit = field(init=False)
    effect: str = field(init=False)
    is_open: bool = False
    progress: Progress | None = None
    faults: list[Fault] = field(default_factory=list)
    wants_text: bool = False
    names: Mapping[str, Any] = field(default_factory=dict)
    fields: Fields | None = None
    numbers: Numbers = "float"
    trail: Trail | None = None
    step: str | None = None

    def __post_init__(self) -> None:
        self.started_at = self.clock.monotonic()
        self.unit = self.action.program.unit
        self.effect = self.unit.effect

    def begin(self, unit: Unit, step: str | None = None) -> None:
        """Go on to another request: nothing of what is known of the one before belongs to it."""
        self.unit, self.effect, self.step = unit, unit.effect, step
        self.unknown_seen = self.is_open = self.is_taken_up = False
        self.sent_at = self.sent_date = self.progress = None

    def extend(self, seconds: float) -> None:
        """Give the call more time."""
        self.limit_s += seconds
        self.deadline = self.deadline._replace(at=self.deadline.at + seconds)

    def sends(self, method: str, at: float) -> None:
        """Note that a request goes out: until it is answered, it may have been carried out."""
        if self.sent_at is None:
            self.sent_at = at
        if self.unit.effect == "raw":
            self.effect = "read" if method in _READING_METHODS else "raw"
        self.is_open = True

    def date_sent(self) -> float | None:
        """Return when the request was sent first by the vendor's clock, in seconds, or None."""
        if self.is_taken_up:
            return self.sent_date
        told = self.channel.time.told(self.clock)
        if told is None or self.sent_at is None:
            return None
        return told - (self.clock.monotonic() - self.sent_at)

    @property
    def may_have_written(self) -> bool:
        """Whether something may have been changed, for all that is known."""
        return self.effect != "read" and (self.is_open or self.unknown_seen)

    def scope(self, **more: Any) -> dict[str, Any]:
        """Return what the action's expressions may see."""
        names = {"inputs": self.inputs, "connection": self.channel.connection, TELLER: self}
        names |= {**self.names, **({} if self.trail is None else self.trail.names()), **more}
        return self.action.scope(**names)

    def note_fault(self, fault: Fault) -> None:
        """Keep the first few faults of expressions that did not stop the call, without what they read."""
        known = [(one.source, one.place) for one in self.faults]
        if len(known) < MAX_FAULTS and (fault.source, fault.place) not in known:
            fault.__cause__ = fault.__context__ = None
            self.faults.append(fault.with_traceback(None))
            self.log("fault", message=self.told(fault))

    def told(self, fault: Fault) -> str:
        """Return what is wrong with an expression and where it stands, secrets taken out."""
        text: str = self.redactor.text(fault.message)
        place = place_of(self.model, self.action.key, fault)
        return f"{text} ({place})" if place else text

    def attempt_timeout_s(self, wanted: Any = None) -> float:
        """Return the bound of one attempt in seconds: what is wanted, within what is left."""
        return min(seconds_of(wanted) or DEFAULT_TIMEOUT_S, self.deadline.left_s())

    def wait_asked_s(self, verdict: Verdict) -> float | None:
        """Return the wait the vendor asks for, in seconds, or None."""
        if verdict.retry_after is None:
            return None
        date = verdict.values.get("headers", {}).get("date")
        asked = seconds_of(verdict.retry_after) if _is_duration(verdict.retry_after) else verdict.retry_after
        return retry_after_s(asked, server_date=date, now=self.clock.now())

    def instant_after(self, wait: Any) -> datetime | None:
        """Return the aware instant after a wait in seconds or as text, or None."""
        seconds = seconds_of(wait) if wait is not None else None
        if seconds is None:
            return None
        return datetime.fromtimestamp(self.clock.now() + seconds, UTC)

    def record(self, attempt: Attempt, sent_bytes: int, received_bytes: int) -> None:
        """Keep an attempt and tell whoever listens."""
        self.attempts.append(attempt)
        self.sent_bytes += sent_bytes
        self.received_bytes += received_bytes
        if self.listener.on_event is not None:
            self._tell(
                "attempt",
                duration_s=attempt.duration_s,
                outcome=attempt.kind or "done",
                status=attempt.status,
                sent_bytes=sent_bytes,
                received_bytes=received_bytes,
                request_id=attempt.request_id,
            )

    def ended(self, outcome: str, status: int | None) -> None:
        """Tell whoever listens that the whole call has ended."""
        if self.listener.on_event is not None:
            self._tell(
                "action",
                duration_s=self.clock.monotonic() - self.started_at,
                outcome=outcome,
                status=status,
                sent_bytes=self.sent_bytes,
                received_bytes=self.received_bytes,
                request_id=self.attempts[-1].request_id if self.attempts else None,
            )

    def began(self) -> None:
        """Tell whoever listens that the call has begun."""
        if self.listener.on_event is not None:
            self._tell("start", duration_s=0.0, outcome="started")

    def waits(self, seconds: float, reason: str) -> None:
        """Tell whoever listens of a wait, as `Event` says it."""
        self.log("wait", seconds=seconds, reason=reason)
        if self.listener.on_event is not None:
            self._tell("wait", duration_s=seconds, outcome=reason)

    def renewed(self, seconds: float, problem: ConnectorError | None) -> None:
        """Tell whoever listens that a token was asked for, and what came of it; never the token."""
        outcome = problem.kind if problem else "done"
        self.log("renewal", seconds=seconds, outcome=outcome, message=problem and problem.message)
        if self.listener.on_event is not None:
            status = problem.status if problem else None
            self._tell("renewal", duration_s=seconds, outcome=outcome, status=status)

    def progressed(self, progress: Any) -> None:
        """Tell whoever listens that a step or a chunk was answered, and what that says of the whole."""
        self.log("progress", step=self.step, progress=progress)
        if self.listener.on_event is not None:
            self._tell(
                "progress",
                duration_s=self.clock.monotonic() - self.started_at,
                outcome="done",
                status=self.attempts[-1].status if self.attempts else None,
                sent_bytes=self.sent_bytes,
                received_bytes=self.received_bytes,
                request_id=self.attempts[-1].request_id if self.attempts else None,
                progress=progress,
            )

    def _tell(self, kind: str, **facts: Any) -> None:
        of_no_request = {"status": None, "sent_bytes": 0, "received_bytes": 0, "request_id": None}
        event = Event(
            kind=kind,
            tenant=self.channel.name,
            action=self.action.key,
            call_id=self.call_id,
            step=self.step,
            retries=sum(attempt.why == "retry" for attempt in self.attempts),
            **{**of_no_request, **facts},
        )
        self.listener.tell(event)

    def log(self, what: str, **facts: Any) -> None:
        """Write a record when debugging was asked for; secrets are taken out.

        Its text has all of it, for whoever reads; `connector` of the record the same as data.
        """
        if self.debug and self.listener.is_read:
            found = {key: self.redactor.value(value) for key, value in facts.items() if value is not None}
            record = {"event": what, "action": self.action.key, "call": self.call_id, **found}
            text = readable(found)
            self.listener.note("%s %s%s", self.action.key, what, text, extra={"connector": record})

    def stamp(self, problem: ConnectorError) -> ConnectorError:
        """Add to an error what the call knows: action and attempts."""
        problem.action = problem.action or self.action.key
        problem.attempts = problem.attempts or tuple(self.attempts)
        return problem


def request_id(headers: Mapping[str, str]) -> str | None:
    """Return the vendor's id of a request, by the header names in common use."""
    for name in _REQUEST_IDS:
        if name in headers:
            return headers[name]
    return None


def _is_duration(value: Any) -> bool:
    return isinstance(value, str) and value[-1:] in "smh" and value[:1].isdigit()
