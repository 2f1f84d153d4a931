"""What goes out and what comes back, without a word about how."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from connector_runtime.base.bodies import Body
    from connector_runtime.base.values import Certainty, Secret

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

FailureKind = Literal["network", "timeout", "limit", "contract", "config", "input"]


class Outgoing(NamedTuple):
    """A request ready to be sent, once or again.

    Attributes:
        method: Upper-case HTTP method.
        url: Absolute URL as `urls.build_url` makes it.
        headers: Names and values; Host, Content-Length and Accept-Encoding are added when sent.
        body: What to send, or None.
        form: What the reply shall be: `json`, `text` or `binary`.
        key: What says who calls in the query, encoded; it goes on the wire behind the URL's own query.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str | Secret], ...] = ()
    body: Body | None = None
    form: str = "json"
    key: Secret | None = None

    def has_header(self, name: str) -> bool:
        """Return whether a header of that lower-case name is sent."""
        return any(key.lower() == name for key, _ in self.headers)


@dataclass(eq=False, repr=False)
class Reply:
    """A whole reply, decoded; whether it is good news is for others to say.

    Attributes:
        status: HTTP status.
        headers: Lower-case names and values, in order.
        body: The content; of a saved reply only where it is small enough to be judged.
        size_bytes: Length of the decoded content.
        elapsed_s: Seconds from the start of the attempt to the last byte.
        saved_to: The file that its content becomes once it was judged, or None.
        early: What was read of a long content beforehand: `json` or why it is none, `text`.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    size_bytes: int = 0
    elapsed_s: float = 0.0
    saved_to: Path | None = None
    early: Mapping[str, Any] | None = field(default=None, repr=False)

    def header(self, name: str) -> str | None:
        """Return a header's value by its lower-case name, repeats joined by commas, or None."""
        values = [value for key, value in self.headers if key == name]
        return ", ".join(values) if values else None


class Failure(NamedTuple):
    """An attempt without a readable reply; the message has no secret and no query."""

    certainty: Certainty
    kind: FailureKind
    message: str


class Limits(NamedTuple):
    """How much of a reply is read before it is refused.

    Attributes:
        wire_bytes: Bytes received, headers and framing included.
        decoded_bytes: Content after decompression.
        sink_bytes: Both of them, when a good reply is saved to a file.
        unsaved_bytes: Content of a reply that was to be saved but has another status than 2xx.
        ratio: Decompressed to compressed, judged once more than `ratio_from_bytes` came out.
        values: Values of JSON, counted once more than `values_from_bytes` have come; a list or
            object counts as four. Memory and time go by values, not by bytes: an empty list has
            two bytes and takes seventy. Vendors' records have one in 8 bytes at most, so that
            any 32 MiB of them are taken; as many of the costliest kind take half a GiB.
    """

    wire_bytes: int = 32 * MIB
    decoded_bytes: int = 64 * MIB
    sink_bytes: int = 5 * GIB
    unsaved_bytes: int = 1 * MIB
    ratio: int = 200
    ratio_from_bytes: int = 1 * MIB
    values: int = 4 * MIB
    values_from_bytes: int = 1 * MIB


DEFAULT_LIMITS = Limits()
