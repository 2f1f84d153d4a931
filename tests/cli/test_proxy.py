"""`--proxy`: calls go through it, and the sandbox of this machine never does."""

from __future__ import annotations

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cli.conftest import Ended

PASSWORD = "an-example-not-a-password"


class Proxy(ThreadingHTTPServer):
    """A proxy for plain http that remembers where it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.passed: list[str] = []

    @property
    def address(self) -> str:
        """Return what a user writes."""
        return f"http://someone:{PASSWORD}@127.0.0.1:{self.server_port}"


class _Passing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        target = urlsplit(self.path)
        self.server.passed.append(target.path)  # type: ignore[attr-defined]
        onward = http.client.HTTPConnection(target.netloc, timeout=5)
        headers = {name: value for name, value in self.headers.items() if not name.startswith("Proxy-")}
        onward.request("GET", f"{target.path}?{target.query}", headers=headers)
        answer = onward.getresponse()
        body = answer.read()
        onward.close()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers["Content-Type"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """A proxy on loopback."""
    with Proxy() as proxy:
        thread = threading.Thread(target=proxy.serve_forever)
        thread.start()
        yield proxy
        proxy.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "words", [("run", "listPets", "-i", "branch=17"), ("poll", "petChanged", "-i", "branch=17")]
)
def test_calls_go_through_the_proxy(
    at_shop: Callable[..., Ended], proxy: Proxy, words: tuple[str, ...]
) -> None:
    """What is wanted comes back, and the proxy's password is shown nowhere."""
    ended = at_shop(*words, "--proxy", proxy.address)

    assert ended.code == 0, ended.err
    assert proxy.passed
    assert PASSWORD not in ended.out + ended.err


def test_a_proxy_for_the_sandbox_is_a_mistake(zoho: Callable[..., Ended], proxy: Proxy) -> None:
    """No proxy leads to this machine, and whoever names one means an account."""
    ended = zoho("run", "crmGetUsers", "--proxy", proxy.address)

    assert (ended.code, proxy.passed) == (2, [])
    assert "--connection" in ended.err


def test_a_proxy_that_is_none_is_said(at_shop: Callable[..., Ended]) -> None:
    """In words, without what was written: it may hold a password."""
    ended = at_shop("run", "listPets", "-i", "branch=17", "--proxy", f"someone:{PASSWORD}")

    assert ended.code == 1
    assert "proxy" in ended.err
    assert PASSWORD not in ended.out + ended.err
