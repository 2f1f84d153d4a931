"""The headers of a request as they go out: ours, and those that it may set itself."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from connector_runtime.base.urls import is_header_value, is_steering_header
from connector_runtime.base.values import Secret
from connector_runtime.transport.intake import ReplyError

if TYPE_CHECKING:
    from connector_runtime.base.messages import Outgoing
    from connector_runtime.transport.host_check import Address

_METHOD = re.compile(r"[A-Z]{1,20}")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}")
_OURS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_WITH_BODY = frozenset({"PATCH", "POST", "PUT"})


def wire_headers(outgoing: Outgoing, address: Address) -> list[tuple[str, str | Secret]]:
    """Return the headers as they are sent, secrets still sealed.

    Raises:
        ReplyError: Kind `config`: a method, name or value that must not be sent.
    """
    method, body = outgoing.method, outgoing.body
    if not _METHOD.fullmatch(method):
        raise ReplyError("config", "The method of the request is not valid.")
    # Asked for is what `intake` decodes, and nothing else.
    headers: list[tuple[str, str | Secret]] = [("Host", address.authority), ("Accept-Encoding", "gzip")]
    has_type = False
    for name, value in outgoing.headers:
        has_type = _checked_name(name) == "content-type" or has_type
        if not is_header_value(value.reveal() if isinstance(value, Secret) else value):
            raise ReplyError("config", f"The header `{name}` has characters that cannot be sent.")
        headers.append((name, value))
    if body is not None:
        if not has_type and body.content_type is not None:
            headers.append(("Content-Type", body.content_type))
        headers.append(("Content-Length", str(body.size_bytes)))
    # RFC 9110 section 8.6: a method that expects content says even that there is none.
    elif method in _WITH_BODY:
        headers.append(("Content-Length", "0"))
    return headers


@lru_cache(maxsize=256)
def _checked_name(name: str) -> str:
    """Return the name in lower case; `ReplyError` when it is not ours to send."""
    if not _NAME.fullmatch(name):
        raise ReplyError("config", "A header of the request has a name that cannot be sent.")
    if name.lower().replace("_", "-") in _OURS or is_steering_header(name):
        raise ReplyError("config", f"The header `{name}` is not set by requests.")
    return name.lower()
