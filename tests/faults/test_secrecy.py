"""Nothing secret leaves by the side: not through logs, messages, or what an object shows."""

from __future__ import annotations

import logging
import traceback

import httpx
import pytest

from connector_runtime.base.bodies import FormBody
from connector_runtime.base.messages import Failure, Outgoing
from connector_runtime.base.values import Secret
from faults.conftest import Caller
from faults.faultserver import close, hang, head, read_request, reply, send

TOKEN = "k7-kestrel-quartz-token"
GRANT = "k7-kestrel-quartz-grant"


def token_request(origin: str) -> Outgoing:
    """Return a request that carries secrets in header and form."""
    form = FormBody([("grant_type", "refresh_token"), ("refresh_token", Secret(GRANT))])
    return Outgoing("POST", f"{origin}/oauth/token", (("Authorization", Secret(f"Bearer {TOKEN}")),), form)


@pytest.mark.plan("S-106")
@pytest.mark.parametrize("transport", [None, httpx.HTTPTransport, httpx.AsyncHTTPTransport])
def test_no_library_logs_a_secret(caplog, faults, transport):
    """With every logger at its chattiest, neither what is sent nor what is echoed is logged."""
    kind = "async" if transport is httpx.AsyncHTTPTransport else "sync"
    caller = Caller(kind, faults.origin, transport=transport and transport())
    for name in (None, "httpx", "httpcore", "httpcore.http11", "httpcore.connection", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)
    echo = reply(GRANT.encode(), headers=[f"Set-Cookie: session={GRANT}", f"X-Echo: {TOKEN}"])
    faults.play([read_request, send(echo), read_request, close])

    caller.send(token_request(faults.origin))
    caller.send(token_request(faults.origin))

    caller.close()

    assert TOKEN.encode() in faults.requests[0]
    assert GRANT.encode() in faults.requests[0]
    assert "k7-kestrel" not in caplog.text


@pytest.mark.plan("S-107")
@pytest.mark.parametrize(
    "steps",
    [
        [read_request, close],
        [read_request, hang],
        [read_request, send(b"no HTTP\r\n\r\n")],
        [read_request, send(head(f"Location: https://x.example/?token={TOKEN}", "Content-Length: 9")), close],
        [read_request, send(reply(TOKEN.encode(), headers=[f"Content-Encoding: {TOKEN}"]))],
    ],
)
def test_a_failure_shows_no_secret_and_no_query(faults, caller, steps):
    """What an attempt ends in can be printed: no header, no body, no query, no foreign exception."""
    faults.play(steps)
    request = token_request(faults.origin)
    request = Outgoing("POST", f"{request.url}?page=confidential", request.headers, request.body)

    failure = caller.send(request, timeout_s=0.2)

    assert isinstance(failure, Failure)
    shown = f"{failure!r} {failure} {request!r}"
    assert GRANT not in shown
    assert f"Bearer {TOKEN}" not in shown
    assert "confidential" not in f"{failure!r}"


@pytest.mark.plan("S-107")
def test_a_mistake_in_a_program_is_raised_without_secrets(faults, caller):
    """What is no fault of the network is raised; a request in its frames shows its secrets masked."""

    class Broken:
        content_type = None
        size_bytes = 3
        is_on_disk = False

        def chunks(self):
            raise ZeroDivisionError

    faults.play([read_request, hang])
    request = Outgoing("POST", f"{faults.origin}/x", (("Authorization", Secret(TOKEN)),), Broken())

    with pytest.raises(ZeroDivisionError) as caught:
        caller.send(request, timeout_s=0.5)

    assert TOKEN not in "".join(traceback.format_exception(caught.value))
    assert faults.is_forsaken()
