"""Transports that are given: any of httpx's, used as they are.

Their connections are not ours. Whether a request has left this machine is told by httpcore, where it
stands below (its extension `trace`), and elsewhere read from the class of the error.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

from connector_runtime.base.bodies import opened
from connector_runtime.base.messages import Failure
from connector_runtime.base.values import Certainty, Secret
from connector_runtime.transport import lines
from connector_runtime.transport.intake import ReplyError
from connector_runtime.transport.lines import Head

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from connector_runtime.base.bodies import Body, Piece
    from connector_runtime.base.messages import Outgoing
    from connector_runtime.transport.host_check import Address

CAUGHT: tuple[type[Exception], ...] = (
    *lines.CAUGHT,
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpx.TransportError,
    httpx.StreamError,
    httpx.InvalidURL,
)
_LATE = (httpcore.TimeoutException, httpx.TimeoutException, TimeoutError)
INVALID = (
    httpcore.LocalProtocolError,
    httpx.LocalProtocolError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
_STRANGE = (httpcore.RemoteProtocolError, httpx.RemoteProtocolError)
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


# Whether what is logged here and now is about a request of ours.
is_sending: ContextVar[bool] = ContextVar("is_sending", default=False)


class Upload(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body as httpx wants it; starts anew each time it is iterated."""

    def __init__(self, body: Body | None) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces():
            yield opened(piece)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = self._pieces()
        if self._body is None or not self._body.is_on_disk:
            for piece in pieces:
                yield opened(piece)
            return
        from connector_runtime.transport.offload import offload  # noqa: PLC0415  threads have no asyncio

        while (read := await offload(next, pieces, None)) is not None:
            yield read

    def _pieces(self) -> Iterator[Piece]:
        return iter(()) if self._body is None else self._body.chunks()


class Course:
    """How far httpcore has come with a request, as it tells by its extension `trace`.

    Attributes:
        is_told: Whether it tells anything: other transports do not.
        is_sent: Whether it has begun to write the request itself, and not the way to it through a proxy.
    """

    def __init__(self) -> None:
        self.is_told = False
        self.is_sent = False

    def note(self, event: str, info: dict[str, Any]) -> None:
        """Take what httpcore tells, from a thread."""
        self.is_told = True
        if begins_request(event, info):
            self.is_sent = True

    async def anote(self, event: str, info: dict[str, Any]) -> None:
        """Take what httpcore tells, from an event loop."""
        self.note(event, info)


def begins_request(event: str, info: dict[str, Any]) -> bool:
    """Return whether an event of httpcore's says that the request is written from now on."""
    return event.endswith(".send_request_headers.started") and info["request"].method != b"CONNECT"


def request_of(
    outgoing: Outgoing, address: Address, headers: list[tuple[str, str | Secret]], timeout_s: float | None
) -> httpx.Request:
    """Return the request as a transport takes it, without a client in between: its secrets lie open."""
    timeout = {"connect": timeout_s, "read": timeout_s, "write": timeout_s, "pool": timeout_s}
    return httpx.Request(
        outgoing.method,
        _url(address) if outgoing.key is None else _with_key(_url(address), outgoing.key),
        headers=[(name, value.reveal() if isinstance(value, Secret) else value) for name, value in headers],
        stream=Upload(outgoing.body),
        extensions={} if timeout_s is None else {"timeout": timeout},
    )


@lru_cache(maxsize=64)
def _url(address: Address) -> httpx.URL:
    """Return httpx's URL; parsing costs more than all our checks, and addresses repeat."""
    url = httpx.URL(
        scheme=address.scheme, host=address.host, port=address.port, raw_path=address.target.encode("ascii")
    )
    if url.raw_path != address.target.encode("ascii") or url.host != address.host:
        raise ReplyError("config", "The address of the request is not valid.")
    return url


def _with_key(url: httpx.URL, key: Secret) -> httpx.URL:
    """Return an address with what says who calls behind its query; never kept."""
    path = url.raw_path
    return url.copy_with(raw_path=path + (b"&" if b"?" in path else b"?") + key.reveal().encode("ascii"))


def head_of(reply: httpx.Response) -> Head:
    """Return the head of a reply of httpx's."""
    headers = [(name.lower().decode("latin-1"), value.decode("latin-1")) for name, value in reply.headers.raw]
    return Head(reply.status_code, headers, reply.http_version.removeprefix("HTTP/"))


def failure_of(error: Exception, host: str, course: Course | None = None) -> Failure:
    """Return what an error of a transport means, in words without addresses or secrets.

    Args:
        error: What was raised; its own text is not used.
        host: Host name for the message.
        course: How far the request came, if httpcore tells.
    """
    # The aiohttp transport calls every lost connection a ConnectTimeout, and repeats some requests itself.
    is_aiohttps = type(error.__cause__).__module__.startswith("aiohttp.")
    is_unsent = isinstance(error, _NOT_SENT) and not is_aiohttps
    if course is not None and course.is_told:
        is_unsent = not course.is_sent
    certainty = Certainty.NOT_SENT if is_unsent else Certainty.UNKNOWN
    if isinstance(error, _LATE) and not (is_aiohttps and isinstance(error, httpx.ConnectTimeout)):
        return Failure(certainty, "timeout", f"No complete reply from {host} in time.")
    if isinstance(error, INVALID):
        return Failure(certainty, "config", f"The request to {host} is not valid HTTP.")
    if is_unsent:
        return Failure(certainty, "network", f"No connection to {host}: it failed.")
    if isinstance(error, _STRANGE) and not _is_cut(error):
        return Failure(certainty, "contract", f"What {host} sent is not HTTP.")
    return Failure(certainty, "network", f"The connection to {host} broke before the reply was complete.")


def _is_cut(error: Exception) -> bool:
    text = str(error)
    return "disconnected" in text or "closed connection" in text


class _Quiet(logging.Filter):
    """httpcore logs the headers of replies, which may repeat a secret: ours stay out."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002
        return not is_sending.get()


for _name in ("connection", "http11", "http2", "proxy", "socks"):
    logging.getLogger(f"httpcore.{_name}").addFilter(_Quiet())
logging.getLogger("httpx").addFilter(_Quiet())
