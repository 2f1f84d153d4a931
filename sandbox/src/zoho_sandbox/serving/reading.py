"""One HTTP/1.1 request as h11 reads it, within bounds of bytes, and refused in plain words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import h11

from zoho_sandbox.core.exchange import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_HEAD_BYTES = 64 * 1024
# h11 gets so much at once, lest what follows a request be copied with each of many.
_PIECE_BYTES = 16 * 1024
# Only these names reach us by loopback; anything else is a page in a browser that had
# its own name resolved to 127.0.0.1.
_LOOPBACK_HOST = re.compile(
    r"(?:([a-z0-9-]+\.)*localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?", re.IGNORECASE
)
# h11's own words would repeat what was sent, and that may be a secret.
_REASONS = {431: "request head too large", 501: "unusable transfer-encoding"}


class MalformedError(Exception):
    """What came is no request to answer; ``status`` says how to refuse it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Reading:
    """One request while it is read.

    h11 keeps one connection's order of requests and replies. Replies here may be broken
    on purpose, so each request gets a reader of its own, which knows of no reply.

    Args:
        max_body_bytes: How large the body may be.
    """

    def __init__(self, max_body_bytes: int) -> None:
        self._messages = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD_BYTES)
        self._max_body_bytes = max_body_bytes
        self._has_begun = False
        self._body = bytearray()
        self._request: Request | None = None
        self.keeps_alive = True

    @property
    def waits_to_go_on(self) -> bool:
        """Whether the client holds its body back until it is told to continue."""
        return self._messages.they_are_waiting_for_100_continue

    def take(self, buffer: bytearray) -> Request | None:
        """Take this request's bytes out of ``buffer``; return it once complete.

        Raises:
            MalformedError: it never will be.
        """
        if not self._has_begun:
            _drop_blank_lines(buffer)
        while buffer:
            self._has_begun = True
            self._messages.receive_data(bytes(buffer[:_PIECE_BYTES]))
            del buffer[:_PIECE_BYTES]
            if self._is_whole():
                buffer[:0] = self._messages.trailing_data[0]
                return self._request
        return None

    def _is_whole(self) -> bool:
        while True:
            try:
                event = self._messages.next_event()
            except h11.RemoteProtocolError as problem:
                status = problem.error_status_hint
                raise MalformedError(status, _REASONS.get(status, "malformed request")) from None
            if isinstance(event, h11.Data):
                self._add(event.data)
            elif isinstance(event, h11.Request):
                self._begin(event)
            elif isinstance(event, h11.EndOfMessage) and self._request is not None:
                self._request.body = bytes(self._body)
                return True
            else:
                return False

    def _begin(self, head: h11.Request) -> None:
        headers: dict[str, str] = {}
        for raw_name, raw_value in head.headers:
            name, value = raw_name.decode("ascii"), _text(raw_value)
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        target = head.target.decode("ascii")
        if not head.http_version.startswith(b"1.") or not target.startswith("/"):
            raise MalformedError(400, "malformed request line")
        if not _LOOPBACK_HOST.fullmatch(headers.get("host", "")):
            raise MalformedError(421, "the sandbox answers to loopback names only")
        if "transfer-encoding" in headers and "content-length" in headers:
            # Two readers could see two ends: what follows would be another's request.
            raise MalformedError(400, _REASONS[501])
        if int(headers.get("content-length", "0")) > self._max_body_bytes:
            raise MalformedError(413, "request body too large")
        path, _, query_text = target.partition("?")
        self.keeps_alive = _keeps_alive(head.http_version, headers)
        self._request = Request(head.method.decode("ascii").upper(), path, query_text, headers)

    def _add(self, data: bytes) -> None:
        if len(self._body) + len(data) > self._max_body_bytes:
            raise MalformedError(413, "request body too large")
        self._body += data


def _drop_blank_lines(buffer: bytearray) -> None:
    """Forget line ends before a request, which some old clients send after a body."""
    while buffer.startswith((b"\r", b"\n")):
        del buffer[:1]


def _text(value: bytes) -> str:
    # Clients write other than ASCII as UTF-8 (httpx) or Latin-1 (the old rule).
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _keeps_alive(version: bytes, headers: Mapping[str, str]) -> bool:
    connection = headers.get("connection", "").lower()
    return "keep-alive" in connection if version == b"1.0" else "close" not in connection
