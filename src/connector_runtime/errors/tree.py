"""The error tree: the branch says who must act, `kind` says why.

ConnectorError
  DefinitionError      an author: something in a component's files is wrong
  InputError           whoever filled in the form: names the input
  ConnectionProblem    the account's owner or an administrator
    ReconnectNeeded    the grant is gone, nothing will work until someone reconnects
    Throttled          the vendor gives no token for now; see `retry_at`
    StoreError         the place where tokens are kept, or requests counted, cannot be used
  CallFailed           the vendor said no
  OutcomeUnknown       the write may have happened; look up `identity` before repeating
  DeadlineExceeded     time ran out before anything was written, or while only reading; of a raw
                       request the hint says whether it may have been carried out
  ReplyTooLarge        more came, or would come, than the limits allow
  UnreadableReply      what came is not what the vendor promises
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from connector_runtime.errors.json_shapes import json_ready
from connector_runtime.errors.json_writing import dump_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from typing import Unpack

KINDS = (
    "definition",
    "input",
    "config",
    "auth_expired",
    "auth_revoked",
    "auth_throttled",
    "permission",
    "not_found",
    "duplicate",
    "conflict",
    "validation",
    "rate_limited",
    "quota_exhausted",
    "unsupported",
    "limit",
    "cursor_expired",
    "server",
    "network",
    "timeout",
    "contract",
    "outcome_unknown",
)

# A vendor that answers so has refused before doing any work.
REFUSING_KINDS = frozenset({"auth_expired", "auth_throttled", "rate_limited", "quota_exhausted"})
# A vendor that answers so has begun the work and not told how it ended, whatever the status.
UNSURE_KINDS = frozenset({"server", "timeout", "network"})


class Facts(TypedDict, total=False):
    """What may be told about an error by name; each is an attribute of `ConnectorError`, which says more."""

    hint: str | None
    action: str | None
    at: str | None
    input: str | None
    status: int | None
    headers: Mapping[str, str] | None
    code: Any
    retry_at: datetime | None
    existing_id: str | None
    identity: str | list[str | None] | None
    cursor: Mapping[str, Any] | None
    items: Sequence[Any]
    details: Any
    attempts: Iterable[Any]
    failed: Iterable[Mapping[str, Any]]
    done: Iterable[str]
    resume: Mapping[str, str] | None


def printable(text: str) -> str:
    """Return a text that can be printed: halves of characters, that somebody gave, escaped."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


class ConnectorError(Exception):
    """Anything the component can raise; never carries a secret.

    Attributes:
        kind: One of `KINDS`.
        message: What is wrong, in one or two sentences.
        hint: What to do next, or None.
        action: Key of the action, or None outside one.
        at: File, line and column of the component's expression that failed, as `file:12:7`, or None.
        input: Key of the input at fault, or None.
        status: HTTP status of the deciding reply, or None.
        headers: Its headers by lower-case name, secrets removed; not part of the JSON shape.
        code: The vendor's own code, or None.
        retry_at: Aware UTC instant from which a repeat makes sense, or None.
        existing_id: Id of the record that is already there, or None.
        identity: What to look up to learn whether a write happened, or None; of a many-record
            call a list with one entry a record.
        cursor: Where a stopped listing can be taken up again, or None.
        items: The records that a stopped listing had read before its cursor, as they came, as in
            `Result.data`; not part of the text. Empty for pages that were handed out. Of a call in
            chunks what has come of each record before the one where it stopped.
        details: The vendor's details, secrets removed, or None.
        attempts: What was tried, as in `Result.attempts`.
        failed: Failed records of a many-record call; of one in chunks those that were not sent, too
            (kind `not_sent`).
        done: Names of the steps of the action that were done, in order.
        resume: What `session.run(action, inputs, resume=...)` goes on from, behind what was done:
            a map of texts without secrets, at most 1 Mi characters and mostly a few hundred, bound
            to the action, its inputs and the connection; None where nothing was done yet, or where
            the call cannot be taken up. Only who has the connection's secrets can make one; where a
            connection has a name and no secret input anybody can.
    """

    def __init__(  # noqa: PLR0913  all of them are said by name
        self,
        message: str,
        *,
        kind: str,
        hint: str | None = None,
        action: str | None = None,
        at: str | None = None,
        input: str | None = None,  # noqa: A002  what everybody calls it
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        code: Any = None,
        retry_at: datetime | None = None,
        existing_id: str | None = None,
        identity: str | list[str | None] | None = None,
        cursor: Mapping[str, Any] | None = None,
        items: Sequence[Any] = (),
        details: Any = None,
        attempts: Iterable[Any] = (),
        failed: Iterable[Mapping[str, Any]] = (),
        done: Iterable[str] = (),
        resume: Mapping[str, str] | None = None,
    ) -> None:
        self.message = printable(message)
        super().__init__(self.message)
        self.kind = kind
        # Hints are put together of guesses and lists, each of which may be empty.
        self.hint = printable(hint or "").strip() or None
        self.action = action
        self.at = at
        self.input = input
        self.status = status
        self.headers: Mapping[str, str] = {} if headers is None else headers
        self.code = code
        self.retry_at = retry_at
        self.existing_id = existing_id
        self.identity = identity
        self.cursor = cursor
        self.items = items
        self.details = details
        self.attempts = tuple(attempts)
        self.failed = tuple(failed)
        self.done = tuple(done)
        self.resume = resume

    def __str__(self) -> str:
        return printable(f"{self.message} ({self.hint})" if self.hint else self.message)

    def to_dict(self, *, exact: bool = False) -> dict[str, Any]:
        """Return the one JSON shape of an error, without empty members; `json.dumps` takes it.

        Args:
            exact: Leave decimals as they are, for a writer that knows them.
        """
        shape: dict[str, Any] = {
            "kind": self.kind,
            "message": self.message,
            "hint": self.hint,
            "action": self.action,
        }
        optional = {
            "at": self.at,
            "input": self.input,
            "status": self.status,
            "code": self.code,
            "retryAt": _iso(self.retry_at),
            "existingId": self.existing_id,
            "identity": self.identity,
            "cursor": self.cursor or None,
            "items": list(self.items),
            "details": self.details,
            "attempts": [attempt.to_dict() for attempt in self.attempts],
            "failed": list(self.failed),
            "done": list(self.done),
            "resume": self.resume or None,
            **self._own_members(),
        }
        shape |= {key: value for key, value in optional.items() if value not in (None, [])}
        found: dict[str, Any] = json_ready(shape, exact=exact)
        return found

    def to_json(self, *, indent: int | None = None) -> str:
        """Return the JSON shape as text, every number with all its digits.

        Args:
            indent: Spaces per level, or None for one line.
        """
        return dump_json(self.to_dict(exact=True), indent=indent)

    def _own_members(self) -> dict[str, Any]:
        """Return what only a class of errors has."""
        return {}


class Fault(ValueError):
    """Something that cannot be worked out or sent as it is; never shows the value.

    Attributes:
        message: What is wrong.
        hint: What to do about it, or None.
        source: The expression that failed, once it is known.
        filter: The filter that refused, or an empty text.
        about: Which value of the filter is wrong: 0 the one before it, 1 the first in brackets; or None.
        inputs: The inputs that were read, where somebody knows them already.
        place: Keys that lead to the expression in its file, as far as they are known.
    """

    source: str | None = None
    filter = ""
    about: int | None = None
    inputs: tuple[str, ...] = ()
    place: tuple[str, ...] = ()

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Problem(NamedTuple):
    """One thing wrong in one file; sorts by place.

    `line` and `column` count from 1; `source` is the line's text for the caret.
    """

    file: str
    line: int
    column: int
    code: str
    message: str
    hint: str | None = None
    source: str | None = None
    severity: str = "error"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.code} {self.message}"


class DefinitionError(ConnectorError):
    """A component's files are wrong; `problems` has them all, sorted by place.

    In the JSON shape `problems` is a list of maps with the members of `Problem`.
    """

    def __init__(self, message: str, *, problems: Sequence[Problem] = (), **facts: Unpack[Facts]) -> None:
        super().__init__(message, kind="definition", **facts)
        self.problems = tuple(sorted(problems))

    def _own_members(self) -> dict[str, Any]:
        return {"problems": [problem._asdict() for problem in self.problems]}


class InputError(ConnectorError):
    """An input is missing or cannot be used; nothing was sent."""


class ConnectionProblem(ConnectorError):
    """The connection, its grant or its rights stand in the way."""


class ReconnectNeeded(ConnectionProblem):
    """The grant is gone for good: someone has to connect again."""


class Throttled(ConnectionProblem):
    """No token for now; `retry_at` says when to ask again."""


class StoreError(ConnectionProblem):
    """A store does not answer, or what it holds cannot be read; raised by stores."""

    def __init__(self, message: str, *, kind: str = "config", **facts: Unpack[Facts]) -> None:
        super().__init__(message, kind=kind, **facts)


class CallFailed(ConnectorError):
    """The vendor said no, or could not be reached."""


class OutcomeUnknown(ConnectorError):
    """The write may or may not have happened, and was not repeated."""


class DeadlineExceeded(ConnectorError):
    """The call's or the attempt's time ran out."""


class ReplyTooLarge(ConnectorError):
    """A limit of size, pages or items was reached."""


class UnreadableReply(ConnectorError):
    """The reply is not what the vendor promises."""


_CLASSES: dict[str, type[ConnectorError]] = {
    "input": InputError,
    "config": ConnectionProblem,
    "auth_expired": ConnectionProblem,
    "auth_revoked": ReconnectNeeded,
    "auth_throttled": Throttled,
    "permission": ConnectionProblem,
    "timeout": DeadlineExceeded,
    "limit": ReplyTooLarge,
    "contract": UnreadableReply,
    "outcome_unknown": OutcomeUnknown,
}


def error_of(kind: str, message: str, **facts: Unpack[Facts]) -> ConnectorError:
    """Return an error of the class that belongs to `kind`.

    Args:
        kind: One of `KINDS` except `definition`.
        message: What is wrong.
        facts: Any attribute of `ConnectorError`, and `hint`.
    """
    return _CLASSES.get(kind, CallFailed)(message, kind=kind, **facts)


def noted(stop: BaseException, problem: ConnectorError) -> None:
    """Put on an exception that is not ours what it has left undecided; `problem_of` reads it."""
    stop.connector_problem = problem  # type: ignore[attr-defined]
    stop.add_note(str(problem))


def problem_of(error: BaseException | None) -> ConnectorError | None:
    """Return what a call that was stopped from outside has left undecided, or None.

    A cancelled task, an interrupt or a time-out of one's own ends a call with an exception of
    its own. When a write was under way, this tells that its outcome is unknown and what to look up.

    Args:
        error: What was caught: `KeyboardInterrupt`, `CancelledError`, or what was raised from it.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        problem: ConnectorError | None = getattr(error, "connector_problem", None)
        if problem is not None:
            return problem
        error = error.__cause__ or error.__context__
    return None


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z") if instant else None
