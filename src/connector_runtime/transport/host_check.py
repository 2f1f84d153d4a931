"""Whether a request may go to a URL's host, asked once more right before it is sent.

Requests are built from tables and checked segments; this is the second lock. It
knows nothing of how a request came to be and refuses one to a foreign host, whoever built it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from connector_runtime.base.urls import is_host_name
from connector_runtime.transport.intake import ReplyError

if TYPE_CHECKING:
    from collections.abc import Collection

_URL = re.compile(
    r"(?P<origin>(?P<scheme>https?)://(?P<authority>(?P<host>\[::1\]|[a-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?))"
    r"(?P<target>(?:/[!$-;=@-\[\]-_a-z|~]*)?(?:\?[!$-;=?-\[\]-~]*)?)"
)
_URL_MAX_CHARS = 65_536
_CLIMBS = re.compile(r"/(?:\.|%2e){1,2}(?:[/?]|\Z)", re.IGNORECASE)
_LOOPBACK = ("127.0.0.1", "[::1]")


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
    # Not `urlsplit`, which forgives: what two parsers read differently may go to another host.
    match = _URL.fullmatch(url) if len(url) <= _URL_MAX_CHARS else None
    if match is None or _CLIMBS.search(match["target"].partition("?")[0]):
        raise ReplyError("config", "The address of the request is not valid.")
    host, port = match["host"], match["port"]
    # By exact origin, never by suffix: `evil-example.com` ends like `example.com`.
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
