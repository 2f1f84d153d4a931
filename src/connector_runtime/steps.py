"""What a conversation may ask of its driver: a closed list."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

    from connector_runtime.budget import Rule
    from connector_runtime.messages import Outgoing
    from connector_runtime.results import Page


@dataclass(frozen=True, slots=True)
class Send:
    """Send a request; answered with a `Reply` or a `Failure`.

    `timeout_s` bounds the attempt from sending to the last byte. A 2xx goes to
    the file `sink` where one is given.
    """

    outgoing: Outgoing
    timeout_s: float
    sink: Path | None = None


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait; no slot is held meanwhile."""

    seconds: float


@dataclass(frozen=True, slots=True)
class AcquireToken:
    """Wait for the right to renew the connection's token."""


@dataclass(frozen=True, slots=True)
class ReleaseToken:
    """Let the next one look at the token."""


@dataclass(frozen=True, slots=True)
class AcquireSlot:
    """Take a slot of a service's budget; answered with None, or the seconds that `limit_s` would not bear."""

    key: Hashable
    rule: Rule
    limit_s: float


@dataclass(frozen=True, slots=True)
class ReleaseSlot:
    """Give a slot back."""

    key: Hashable


@dataclass(frozen=True, slots=True)
class Give:
    """Hand a page to whoever reads the listing."""

    page: Page


Step = Send | Sleep | AcquireToken | ReleaseToken | AcquireSlot | ReleaseSlot | Give
T = TypeVar("T")
Conversation = Generator[Step, Any, T]
