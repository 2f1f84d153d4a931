"""What a conversation may ask of its driver: a closed list."""

from __future__ import annotations

import enum
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping
    from pathlib import Path

    from connector_runtime.base.messages import Outgoing
    from connector_runtime.base.saved_files import FileDraft
    from connector_runtime.conversation.replies.results import Page
    from connector_runtime.errors import ConnectorError
    from connector_runtime.stores.budget import Pause, Rule


class Send(NamedTuple):
    """Send a request; answered with a `Reply` or a `Failure`.

    `timeout_s` bounds the attempt from sending to the last byte. The content of a 2xx
    goes into the draft `sink` where one is given.
    """

    outgoing: Outgoing
    timeout_s: float
    sink: FileDraft | None = None


class OpenDraft(NamedTuple):
    """Open the draft of a file; answered with a `FileDraft`, or a `DraftError`.

    Unless it is placed, the driver discards it when the conversation ends.
    """

    target: Path
    judged_bytes: int


class PlaceDraft(NamedTuple):
    """Put a draft in its file's place; answered with None, or a `DraftError`."""

    draft: FileDraft


class Sleep(NamedTuple):
    """Wait; no slot is held meanwhile. Not at all (0.0) only lets others run."""

    seconds: float


class FlightEnd(enum.Enum):
    """How a flight ended for one who wanted its outcome and did not get it.

    BUSY: another's is under way, and this one did not want to wait. LATE: its time ran out
    first. AGAIN: it was given up; whoever still needs it takes off himself.
    """

    BUSY = "busy"
    LATE = "late"
    AGAIN = "again"


class SingleFlight(NamedTuple):
    """Have one conversation held for all who want its outcome: the renewal of the token.

    The first one takes off, the others wait for it to land, or go on at once where `waits`
    is false. What has been sent is finished and kept even if whoever took off is cancelled.

    Answered with what the conversation returned, or a `FlightEnd`.

    Attributes:
        flight: Takes the seconds it may last and returns the conversation.
        limit_s: How long this one waits.
    """

    flight: Callable[[float], Conversation[Outcome]]
    limit_s: float
    waits: bool


# How long a store may take where a step does not say.
STORE_S = 10.0


class ReadToken(NamedTuple):
    """Read the token store within `limit_s`; answered with an `Entry`, None, or a `StoreError`.

    The secrets in the entry's document are sealed.
    """

    key: str
    limit_s: float = STORE_S


class WriteToken(NamedTuple):
    """Write the token store, as `TokenStore.write`, within `limit_s`.

    Answered with whether it was, or a `StoreError`.

    The secrets in `document` are sealed; the driver opens them within the call of the store.
    With `undo` the document is a lease: the driver puts `undo` back if the conversation ends
    before it writes again. With `is_needed` the driver goes on trying in the background when the
    store does not take it in time.
    """

    key: str
    document: Mapping[str, Any]
    version: int
    undo: Mapping[str, Any] | None = None
    is_needed: bool = False
    limit_s: float = STORE_S


class HandToken(NamedTuple):
    """Hand the `token` of a document to who keeps it, the session's `on_token`.

    Answered with None, or with what that raised. The secrets in `document` are sealed; the driver
    opens them within the call. In an event loop it may take `limit_s`; a function that blocks
    cannot be stopped.
    """

    document: Mapping[str, Any]
    limit_s: float = STORE_S


class AcquireSlot(NamedTuple):
    """Take a slot of a service's budget for `hold_s` seconds at most.

    Answered with None, with a `Busy` where `limit_s` would not bear the wait, or with a
    `StoreError`.
    """

    key: Hashable
    rule: Rule
    limit_s: float
    hold_s: float


class Busy(NamedTuple):
    """No slot for `wait_s` seconds; by the vendor's wish where that is the end of a pause."""

    wait_s: float
    pause: Pause | None = None


class ReleaseSlot(NamedTuple):
    """Give a slot back."""

    key: Hashable


class PauseSlots(NamedTuple):
    """Let nobody who counts together take a slot for a while."""

    key: Hashable
    pause: Pause
    limit_s: float = STORE_S


class Give(NamedTuple):
    """Hand a page to whoever reads the listing."""

    page: Page


T = TypeVar("T")
Step = (
    Send | OpenDraft | PlaceDraft | Sleep | SingleFlight | ReadToken | WriteToken | HandToken
    | AcquireSlot | ReleaseSlot | PauseSlots | Give
)  # fmt: skip
Conversation = Generator[Step, Any, T]
if TYPE_CHECKING:
    Outcome = ConnectorError | FlightEnd | None
