"""What is told of calls: events for a platform's telemetry, records for whoever debugs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.errors.json_shapes import json_ready

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Of the module `logging`, which is not loaded where nothing is logged.
_INFO = 20


class Event(NamedTuple):
    """Something that began or ended, a wait, or how far an action has come.

    Attributes:
        kind: `start` before an action sends anything, `attempt` after each request, `wait`, `renewal`
            after a token was asked for, `progress` after each step, repeat or chunk, `action` at the end.
        tenant: Name of the connection.
        action: Key of the action.
        call_id: The same for everything one call did.
        duration_s: Seconds that it took; of a wait for a repeat, that it is about to take; 0 of a start.
        outcome: `done`, `partial`, `found`, `not_modified`, the kind of the failure, or `cancelled`
            for a call that was stopped from outside with nothing left undecided. Of a start
            `started`; of a wait its reason: the kind that is repeated, `job` where a step asks
            until it is done, `budget` where there was no slot.
        status: HTTP status, or None.
        sent_bytes, received_bytes: Sizes of the bodies.
        retries: Repeats so far.
        request_id: The vendor's id of the request, or None.
        step: Name of the step, or None.
        progress: What the step says of how far it is; after a chunk `{done, of}`, in records.
    """

    kind: str
    tenant: str
    action: str
    call_id: str
    duration_s: float
    outcome: str
    status: int | None
    sent_bytes: int
    received_bytes: int
    retries: int
    request_id: str | None
    step: str | None = None
    progress: Any = None

    def to_dict(self) -> dict[str, Any]:
        """Return the one JSON shape of an event, camel-case keys, without empty members."""
        names = {"call_id": "callId", "duration_s": "durationS", "sent_bytes": "sentBytes"}
        names |= {"received_bytes": "receivedBytes", "request_id": "requestId"}
        shape = {names.get(name, name): value for name, value in self._asdict().items() if value is not None}
        found: dict[str, Any] = json_ready({**shape, "durationS": round(self.duration_s, 6)})
        return found


@dataclass(eq=False, repr=False)
class Listener:
    """Who wants to know: a hook for telemetry, a logger for debugging.

    Neither can change what comes of a call: what they raise is said once and dropped.
    """

    on_event: Callable[[Event], Any] | None = None
    logger: Any = None
    _has_complained: bool = False

    def tell(self, event: Event) -> None:
        """Hand an event to the hook, if there is one."""
        if self.on_event is None:
            return
        try:
            answer = self.on_event(event)
            if answer is not None and hasattr(answer, "__await__"):
                getattr(answer, "close", str)()
                raise TypeError("it is a coroutine function, which nobody awaits")
        except (KeyboardInterrupt, SystemExit):
            # A signal's handler may run anywhere, here too.
            raise
        except BaseException as error:  # noqa: BLE001  a foreign program: anything may come
            self._complain("on_event", error)

    @property
    def is_read(self) -> bool:
        """Whether the logger takes what is written for whoever debugs; one that cannot say does."""
        try:
            return bool(self._journal().isEnabledFor(_INFO))
        except Exception:  # noqa: BLE001  a foreign logger: anything may come
            return True

    def note(self, *words: Any, level: str = "info", **more: Any) -> None:
        """Write a record for whoever debugs; with the level `warning` for everybody."""
        try:
            getattr(self._journal(), level)(*words, **more)
        except Exception as error:  # noqa: BLE001
            self._complain("the logger", error)

    def _journal(self) -> Any:
        """Return where debugging is written: the logger that was given, or the runtime's own."""
        if self.logger is None:
            import logging  # noqa: PLC0415  not loaded where nothing is logged

            self.logger = logging.getLogger("connector_runtime")
        return self.logger

    def _complain(self, who: str, error: BaseException) -> None:
        """Say once that a listener does not work; its own words may hold anything, so they are left out."""
        if self._has_complained:
            return
        self._has_complained = True
        import logging  # noqa: PLC0415

        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        where = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
        logging.getLogger("connector_runtime").warning(
            "%s raised %s%s; the call goes on without it", who, type(error).__name__, where
        )


def readable(facts: Mapping[str, Any]) -> str:
    """Return what is written to a log as lines for people, every one but the first indented.

    Line ends within a value are written out: what a vendor says cannot look like another record.
    """
    method, url = facts.get("method"), facts.get("url")
    head = f" {method} {url}" if method and url else ""
    lines = []
    for name, value in facts.items():
        if name in ("method", "url") and head:
            continue
        if name == "headers" and hasattr(value, "items"):
            lines += [f"{one}: {_in_one_line(text)}" for one, text in value.items()]
        elif isinstance(value, str | int | float) and name != "body":
            head += f" {name}={_in_one_line(value)}"
        else:
            lines.append(_in_one_line(value) if name == "body" else f"{name}: {_in_one_line(value)}")
    return "".join([head, *(f"\n    {line}" for line in lines)])


def _in_one_line(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
