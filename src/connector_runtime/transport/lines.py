"""One connection each: what the lines of every wire share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.base.bodies import BodyError
from connector_runtime.base.messages import Failure
from connector_runtime.base.values import Certainty
from connector_runtime.transport.intake import ReplyError

if TYPE_CHECKING:
    from connector_runtime.transport.network import Traffic

# Servers close idle connections after 5 seconds or more; to be first avoids a lost request.
KEEP_ALIVE_S = 4.0

# What an attempt may end in on any wire; what is not here is a mistake in a program and is raised.
CAUGHT: tuple[type[Exception], ...] = (ReplyError, BodyError, OSError)


class Head(NamedTuple):
    """The head of a reply.

    Attributes:
        status_code: Its status.
        headers: As received, names in lower case.
        http_version: `1.1` and the like.
    """

    status_code: int
    headers: list[tuple[str, str]]
    http_version: str


class Line(ABC):
    """A connection that sends one request after another.

    Attributes:
        network: Opens the connection's socket and counts what passes it.
        idle_at: `time.monotonic()` instant at which it was last put back.
    """

    def __init__(self, network: Any) -> None:
        self.network = network
        self.idle_at = 0.0

    @abstractmethod
    def reset(self) -> bool:
        """Make ready for another request; return whether one may follow on the same connection.

        It may when both sides are done and nothing is left unread.
        """

    def close(self) -> None:
        """Close the socket, whatever state it is in."""
        self.network.close()


def warn_of_surplus() -> None:
    """Say that a server sent more than it announced: the next request would take it for its own reply."""
    import logging  # noqa: PLC0415  not loaded where nothing is logged

    logging.getLogger(__name__).warning("a server sent more than its reply; connection closed")


def failure_in_words(
    error: Exception, certainty: Certainty, traffic: Traffic, host: str, *, is_strange: bool
) -> Failure:
    """Return what an error of a line means, in words without addresses or secrets.

    Args:
        error: What was raised; its own text is not used.
        certainty: Whether the request may have arrived.
        traffic: What the line knows about its connection.
        host: Host name for the message.
        is_strange: Whether the server sent something that is not HTTP.
    """
    if isinstance(error, TimeoutError):
        return Failure(certainty, "timeout", f"No complete reply from {host} in time.")
    if certainty is Certainty.NOT_SENT:
        return Failure(certainty, "network", f"No connection to {host}: {traffic.reason or 'it failed'}.")
    if is_strange and not traffic.has_ended:
        return Failure(certainty, "contract", f"What {host} sent is not HTTP.")
    return Failure(certainty, "network", f"The connection to {host} broke before the reply was complete.")
