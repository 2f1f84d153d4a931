"""One attempt to send a request: what came in so far, and what its end means."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from connector_runtime.base.bodies import BodyError
from connector_runtime.base.messages import Failure, Outgoing, Reply
from connector_runtime.base.values import Certainty
from connector_runtime.transport.intake import REFUSED_FROM, Intake, ReplyError
from connector_runtime.transport.wires import load_given

if TYPE_CHECKING:
    from types import ModuleType

    from connector_runtime.transport.host_check import Address
    from connector_runtime.transport.httpx.given import Course
    from connector_runtime.transport.lines import Head
    from connector_runtime.transport.network import Traffic

_BODILESS = (204, 304)
_PARTIAL = 206
_VERSIONS = ("1.1", "1.0")


class WireAttempt:
    """One attempt: what came in so far, and what its end means.

    Args:
        address: Where it goes.
        outgoing: What is sent.
        started_at: `time.monotonic()` instant from which its seconds count.
        end_at: `time.monotonic()` instant at which it is over.
        intake: Takes the reply.

    Attributes:
        traffic: What is known about its connection; None through a given transport.
        course: How far a given transport has come, as httpcore tells it.
    """

    __slots__ = (
        "_address",
        "_end_at",
        "_failure_of",
        "_intake",
        "_is_head",
        "_outgoing",
        "_started_at",
        "course",
        "traffic",
    )

    def __init__(
        self, address: Address, outgoing: Outgoing, started_at: float, end_at: float, intake: Intake
    ) -> None:
        self.traffic: Traffic | None = None
        self._address = address
        self._started_at = started_at
        self._end_at = end_at
        self._intake = intake
        self._is_head = outgoing.method == "HEAD"
        self._outgoing = outgoing
        self.course: Course | None = None
        self._failure_of: Any = None

    def use(self, traffic: Traffic, wire: ModuleType) -> None:
        """Go by what a line of our own knows about its connection, and its wire about errors."""
        traffic.begin(self._end_at)
        self.traffic = traffic
        self._failure_of = wire.failure_of

    @property
    def is_on_disk(self) -> bool:
        """Whether the reply is saved, so that taking it may wait for a disk."""
        return self._intake.is_on_disk

    def left_s(self) -> float:
        """Return the seconds left, 0.0 when none are."""
        return max(0.0, self._end_at - time.monotonic())

    def start(self, head: Head) -> None:
        """Take the head of a reply; `ReplyError` when it is refused."""
        if head.status_code == _PARTIAL and not self._outgoing.has_header("range"):
            raise ReplyError("contract", "The reply is a part (HTTP 206), and no part was asked for.")
        self._intake.start(head.status_code, head.headers, is_head=self._is_head)
        if self.traffic is not None:
            self.traffic.expect(self._intake.cap_bytes)
            if head.http_version not in _VERSIONS:
                raise ReplyError("contract", f"What {self._address.host} sent is not HTTP/1.1.")

    def feed(self, chunk: bytes) -> None:
        """Take a piece of its content; `ReplyError` or `TimeoutError` when it is one too many."""
        self._intake.feed(chunk)
        # One read of a line may hold ten thousand pieces.
        if time.monotonic() > self._end_at:
            raise TimeoutError

    def finish(self) -> Reply:
        """Return the whole reply; `ReplyError` when it is not whole."""
        traffic, intake = self.traffic, self._intake
        if traffic is None and not (self._is_head or intake.status in _BODILESS or intake.is_whole):
            raise ReplyError("network", "The reply ends too early.")
        # Success for half a request is none: the server cannot have read what it says it has done.
        if traffic is not None and traffic.broke and intake.status < REFUSED_FROM:
            raise ReplyError("network", "The connection broke while the request was sent.")
        return intake.finish(time.monotonic() - self._started_at)

    def failure(self, error: Exception) -> Failure:
        """Return what went wrong, and whether the request may have arrived."""
        traffic = self.traffic
        # Of a given transport nobody knows here what it has sent; `course` tells it, where it can.
        is_unsent = traffic is not None and not traffic.has_sent
        certainty = Certainty.NOT_SENT if is_unsent else Certainty.UNKNOWN
        if isinstance(error, ReplyError):
            return Failure(certainty, error.kind, error.message)
        if isinstance(error, BodyError):
            return Failure(certainty, "input", error.message)
        host = self._address.host
        failure: Failure
        if traffic is None:
            failure = load_given().failure_of(error, host, self.course)
        else:
            failure = self._failure_of(error, traffic, host)
        return failure
