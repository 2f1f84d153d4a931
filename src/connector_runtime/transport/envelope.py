"""Address and headers of a request, checked once more right before it is sent.

Requests are built from tables and checked segments; this is the second lock. It
knows nothing of how a request came to be and refuses one to a foreign host, whoever built it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from connector_runtime.base.urls import is_header_value, is_host_name, is_steering_header
from connector_runtime.base.values import Secret
from connector_runtime.transport.intake import ReplyError

if TYPE_CHECKING:
    from collections.abc import Collection

    from connector_runtime.base.messages import Outgoing

_URL = re.compile(
    r"(?P<origin>(?P<scheme>https?)://(?P<authority>(?P<host>\[::1\]|[a-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?))"
    r"(?P<target>(?:/[!$-;=@-\[\]-_a-z|~]*)?(?:\?[!$-;=?-\[\]-~]*)?)"
)
_URL_MAX_CHARS = 65_536
_CLIMBS = re.compile(r"/(?:\.|%2e){1,2}(?:[/?]|\Z)", re.IGNORECASE)
_LOOPBACK = ("127.0.0.1", "[::1]")
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


class Address(NamedTuple):
    """Where a request may go.

    Attributes:
        origin: `https://host`, the key of its connections.
        scheme, host, port: Parts of the origin; `host` without brackets, `port` None for the usual one.
        authority: The Host header's value.
        target: Path and query as they are sent.
    """

    origin: str
    scheme: str
    host: str
    port: int | None
    authority: str
    target: str

    @property
    def tcp_port(self) -> int:
        """The port to connect to."""
        return self.port or (443 if self.scheme == "https" else 80)


def read_address(url: str, hosts: Collection[str], *, loopback: bool) -> Address:
    """Return the parts of a URL that may be sent to.

    Raises:
        ReplyError: Kind `config`: not a plain absolute URL, it leaves its path by dots, its
            origin is not among `hosts`, or it is not what `loopback` allows.
    """
    match = _URL.fullmatch(url) if len(url) <= _URL_MAX_CHARS else None
    if match is None or _CLIMBS.search(match["target"].partition("?")[0]):
        raise ReplyError("config", "The address of the request is not valid.")
    host, port = match["host"], match["port"]
    if match["origin"] not in hosts:
        raise ReplyError("config", f"The host `{host}` is not one of the connection's.")
    if loopback:
        is_allowed = host in _LOOPBACK and (port is None or 0 < int(port) <= 65_535)
    else:
        is_allowed = match["scheme"] == "https" and port is None and is_host_name(host)
    if not is_allowed:
        raise ReplyError("config", f"The host `{host}` is not allowed for this connection.")
    return Address(
        origin=match["origin"],
        scheme=match["scheme"],
        host=host.strip("[]"),
        port=int(port) if port else None,
        authority=match["authority"],
        target=match["target"] if match["target"].startswith("/") else "/" + match["target"],
    )


def wire_headers(outgoing: Outgoing, address: Address) -> list[tuple[str, str | Secret]]:
    """Return the headers as they are sent, secrets still sealed.

    Raises:
        ReplyError: Kind `config`: a method, name or value that must not be sent.
    """
    method, body = outgoing.method, outgoing.body
    if not _METHOD.fullmatch(method):
        raise ReplyError("config", "The method of the request is not valid.")
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
