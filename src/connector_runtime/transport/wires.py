"""Which wire carries a request: httpx's transports, the fast one, or a transport that is given.

Plain installations have httpx. With httptools installed (the extra `speed`) the fast wire is taken
by itself, but where a proxy is wanted: that is httpx's business.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from connector_runtime.base.values import Secret
from connector_runtime.errors import error_of
from connector_runtime.transport.intake import ReplyError

if TYPE_CHECKING:
    from connector_runtime.transport.host_check import Address

NAMES = ("httpx", "fast")
# What we speak to a proxy; TLS to the proxy itself is left to transports that are given.
_PROXY = re.compile(r"(?:http|socks5h?)://[!-~]+")


@functools.cache
def load_fast() -> ModuleType:
    """Return the module of the fast wire, loaded when something is first sent."""
    from connector_runtime.transport.fast import lines  # noqa: PLC0415

    return lines


@functools.cache
def load_async_fast() -> ModuleType:
    """Return the module of the fast wire in event loops."""
    from connector_runtime.transport.fast import async_lines  # noqa: PLC0415

    return async_lines


@functools.cache
def load_given() -> ModuleType:
    """Return the module that drives a given transport of httpx, loaded when there is one."""
    _load_library()
    from connector_runtime.transport.httpx import given  # noqa: PLC0415

    return given


@functools.cache
def load_httpx() -> ModuleType:
    """Return the module of the wire over httpx's transports, loaded when something is first sent."""
    _load_library()
    from connector_runtime.transport.httpx import lines  # noqa: PLC0415

    return lines


def _load_library() -> None:
    """Load httpx without its command line, which brings click, rich and pygments where they are installed."""
    if "httpx" in sys.modules:
        return
    command_line = ModuleType("httpx._main")
    command_line.main = _main  # type: ignore[attr-defined]
    sys.modules[command_line.__name__] = command_line
    try:
        import httpx  # noqa: F401, PLC0415
    finally:
        sys.modules.pop(command_line.__name__, None)


def _main() -> None:
    """Run httpx's own command line, for whoever calls `httpx.main` in this process."""
    from httpx._main import main  # noqa: PLC0415

    main()


@functools.cache
def load_async_httpx() -> ModuleType:
    """Return the module of the wire over httpx's transports in event loops."""
    load_httpx()
    from connector_runtime.transport.httpx import async_lines  # noqa: PLC0415

    return async_lines


@functools.cache
def has_fast() -> bool:
    """Return whether the fast wire is installed."""
    return importlib.util.find_spec("httptools") is not None


class Route:
    """How the requests to one host go.

    Attributes:
        is_fast: Whether over the fast wire.
        proxy: The address of the proxy, or None.
    """

    __slots__ = ("is_fast", "proxy")

    def __init__(self, *, is_fast: bool, proxy: Secret | None) -> None:
        self.is_fast = is_fast
        self.proxy = proxy

    def line(self, context: Any) -> Any:
        """Return a new connection for threads."""
        return load_fast().SyncLine(context) if self.is_fast else load_httpx().SyncLine(context, self.proxy)

    def async_line(self, context: Any) -> Any:
        """Return a new connection for event loops."""
        if self.is_fast:
            return load_async_fast().AsyncLine(context)
        return load_async_httpx().AsyncLine(context, self.proxy)

    @property
    def module(self) -> ModuleType:
        """What knows the wire's errors: `CAUGHT` and `failure_of`."""
        return load_fast() if self.is_fast else load_httpx()


class Wires:
    """What a session has been told about its wire.

    Args:
        transport: `httpx`, `fast`, or None for the fast one where it is installed.
        proxy: `http://…` or `socks5://…`, with or without name and password; None for what the
            environment says (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`), an empty text for none.
        loopback: Whether only this machine is addressed: the environment's proxies are not for it.

    Raises:
        ConnectionProblem: There is no such wire or proxy, the two do not go together, or the fast wire
            is not installed.
    """

    def __init__(self, transport: str | None, proxy: str | Secret | None, *, loopback: bool) -> None:
        if transport is not None and transport not in NAMES:
            raise error_of(
                "config",
                f"There is no transport `{transport}`.",
                hint="Give `httpx`, `fast`, or a transport object of httpx's.",
            )
        if transport == "fast" and not has_fast():
            raise error_of(
                "config",
                "The fast transport needs httptools, which is not installed.",
                hint=f"{_how_to_install()}, or leave `transport` out for httpx.",
            )
        text = proxy.reveal() if isinstance(proxy, Secret) else proxy
        if text and not _PROXY.fullmatch(text):
            raise error_of(
                "config",
                "The proxy is not of the form http://host:port or socks5://host:port.",
                hint="For any other give a transport object of httpx's.",
            )
        if text and transport == "fast":
            raise error_of(
                "config",
                "The fast transport speaks to no proxy.",
                hint="Leave `transport` out, or give `httpx`.",
            )
        self._transport = transport
        self._proxy = None if text is None else Secret(text)
        self._loopback = loopback

    def route_to(self, address: Address) -> Route:
        """Return how requests to a host go.

        Raises:
            ReplyError: The environment wants a proxy, and the session a wire that has none.
        """
        proxy = self._proxy if self._proxy is not None or self._loopback else environment_proxy(address.host)
        if not proxy:
            return Route(is_fast=self._transport != "httpx" and has_fast(), proxy=None)
        if self._transport == "fast":
            raise ReplyError(
                "config",
                f"The environment asks for a proxy to {address.host}, and the fast transport speaks to none.",
            )
        if not _PROXY.fullmatch(proxy.reveal()):
            raise ReplyError("config", "The environment's proxy is not of the form http://host:port.")
        return Route(is_fast=False, proxy=proxy)


def environment_proxy(host: str) -> Secret | None:
    """Return the proxy that the environment wants for a host, as curl and httpx read it."""
    if not any(name.lower() in ("https_proxy", "all_proxy") for name in os.environ):
        return None
    import urllib.request  # noqa: PLC0415  takes ten milliseconds, and few need it

    proxies = urllib.request.getproxies_environment()
    found = proxies.get("https") or proxies.get("all")
    if not found or urllib.request.proxy_bypass_environment(host, proxies):  # type: ignore[attr-defined]
        return None
    return Secret(found if "://" in found else f"http://{found}")


def _how_to_install() -> str:
    """Return the command that installs the fast wire, by the name of the distribution that offers it."""
    from importlib.metadata import distributions  # noqa: PLC0415

    # Whoever ships this package has the extra; its name is not ours to know.
    offers = re.compile(r"httptools\b.*\bextra == .speed.")
    names = [one.name for one in distributions() if any(map(offers.match, one.requires or ()))]
    wanted = f"'{names[0]}[speed]'" if names else "httptools"
    return f"Install it, `pip install {wanted}`"
