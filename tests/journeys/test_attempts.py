"""What the trace tells is what went over the wire: as many requests, the same bytes, the right reasons."""

from __future__ import annotations

import hashlib
import re
import socket
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime import ConnectorError
from connector_runtime.testing.cases import StillClock
from faults.faultserver import FaultServer, close, read_request, reply, reset, send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector_runtime import Component, Session

LEADS = b'{"data":[{"id":"1"}],"info":{"more_records":false}}'
READ = {"recordType": "Leads", "fields": ["Last_Name"], "maxRetries": 4, "retryDelayMS": 1}


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A server that plays what a test tells it."""
    server = FaultServer()
    yield server
    server.close()


@pytest.fixture
def session(zoho: Component, server: FaultServer) -> Iterator[Session]:
    """A session with that server."""
    fields = {"port": server.port, "clientId": "1000.SANDBOXCLIENT", "clientSecret": "a-sandbox-secret"}
    connection = {"key": "sandbox", "fields": fields, "token": {"access_token": "1000.sandbox.token"}}
    with zoho.session(connection, clock=StillClock()) as session:
        yield session


BUSY = [read_request, send(reply(b"busy", status="503 Busy", headers=["Connection: close"])), close]
ENDS: dict[str, list[Any]] = {
    "a refusal": BUSY,
    "a line that is cut": [read_request, close],
    "a line that is reset": [read_request, reset],
    "half a reply": [read_request, send(reply(LEADS, length=500)), close],
    "no reply at all": [close],
}


@pytest.mark.plan("S-08")
@pytest.mark.parametrize("end", ENDS)
def test_there_are_as_many_requests_as_the_trace_tells(
    server: FaultServer, session: Session, end: str
) -> None:
    """Retries happen in one layer: no connection and no request that the attempts do not name."""
    server.play(ENDS[end])

    with pytest.raises(ConnectorError) as caught:
        session.run("crmGetRecords", READ)

    assert len(caught.value.attempts) == 5
    assert server.accepted == 5
    assert len(server.requests) == (0 if end == "no reply at all" else 5)


@pytest.mark.plan("S-08")
@pytest.mark.parametrize("good_at", [1, 2, 3, 4, 5])
def test_a_success_ends_the_attempts(server: FaultServer, session: Session, good_at: int) -> None:
    """The first good answer is the last request."""
    server.play(*[BUSY] * (good_at - 1), [read_request, send(reply(LEADS))])

    result = session.run("crmGetRecords", READ)

    assert len(result.attempts) == len(server.requests) == server.accepted == good_at


@pytest.mark.plan("S-08")
@pytest.mark.parametrize("effect", ["create", "upsert without identity"])
def test_no_layer_below_repeats_a_write(server: FaultServer, session: Session, effect: str) -> None:
    """A connection that dies under a create is not tried again, not even by a library below."""
    done = reply(b'{"data":[{"status":"success","details":{"id":"1"}}]}')
    server.play([read_request, send(done), read_request, reset])
    action = "crmCreateRecord" if effect == "create" else "crmUpsertRecord"
    inputs = {"recordType": "Leads", "fieldValues": {"Last_Name": "x"}, "maxRetries": 5, "retryDelayMS": 1}
    session.run(action, inputs)

    with pytest.raises(ConnectorError) as caught:
        session.run(action, inputs)

    assert caught.value.kind == "outcome_unknown"
    assert len(caught.value.attempts) == 1
    assert len(server.requests) == 2


@pytest.mark.plan("S-16")
@pytest.mark.parametrize("trouble", [socket.EAI_NONAME, socket.EAI_AGAIN, socket.EAI_FAIL, "nothing"])
@pytest.mark.parametrize("effect", ["read", "create", "update"])
def test_a_name_that_leads_nowhere_is_tried_again_whatever_the_effect(
    zoho: Component, monkeypatch: pytest.MonkeyPatch, trouble: Any, effect: str
) -> None:
    """Nothing was sent, so even a create is repeated, and its failure is no unknown outcome."""

    def resolve(*_: Any, **__: Any) -> list[Any]:
        if trouble == "nothing":
            return []
        raise socket.gaierror(trouble, "no address")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    calls = {
        "read": ("booksGetRecords", {"recordType": "contacts"}),
        "create": ("booksCreateRecord", {"recordType": "contacts", "fieldValues": {"contact_name": "x"}}),
        "update": (
            "booksUpdateRecord",
            {"recordType": "contacts", "recordId": "5", "fieldValues": {"notes": "x"}},
        ),
    }
    action, inputs = calls[effect]
    connection = {
        "key": "zohoTemplatedConnection",
        "fields": {"zohoRegion": "us"},
        "token": {"access_token": "t"},
    }
    example = zoho.connections["zohoTemplatedConnection"].definition["examples"]
    connection["fields"] = dict(next(iter(example.values()))["fields"])

    with zoho.session(connection, clock=StillClock()) as session, pytest.raises(ConnectorError) as caught:
        session.run(action, {**inputs, "maxRetries": 2, "retryDelayMS": 1})

    assert caught.value.kind == "network"
    assert [attempt.certainty for attempt in caught.value.attempts] == ["not_sent"] * 3


def without_boundary(request: bytes) -> bytes:
    """Return a body with a boundary of our own: a file's is drawn anew for each attempt."""
    head, _, body = request.partition(b"\r\n\r\n")
    boundary = re.search(rb"boundary=([0-9a-f]+)", head)
    assert boundary is not None
    return body.replace(boundary[1], b"boundary")


@pytest.mark.plan("S-18")
@pytest.mark.parametrize("kind", ["text", "bytes", "file"])
def test_a_repeated_upload_is_the_same_to_the_last_byte(
    zoho: Component, server: FaultServer, tmp_path: Any, kind: str
) -> None:
    """The body of every attempt is the same, from memory or from the disk."""
    content = bytes(range(256)) * 3_000
    path = tmp_path / "upload.bin"
    path.write_bytes(content)
    files = {"text": "plain text, not much", "bytes": content, "file": {"path": str(path)}}
    server.play(BUSY, BUSY, [read_request, reset], [read_request, send(reply(b'{"data":[]}'))])
    fields = {"port": server.port, "clientId": "1000.SANDBOXCLIENT", "clientSecret": "a-sandbox-secret"}
    connection = {"key": "sandbox", "fields": fields, "token": {"access_token": "1000.sandbox.token"}}
    inputs = {
        "method": "POST",
        "url": "/Leads/1/Attachments",
        "formData": [{"key": "title", "value": "t"}],
        "fileData": [{"key": "file", "value": files[kind]}],
        "maxRetries": 5,
        "retryDelayMS": 1,
        "retryAllErrors": True,
    }

    with zoho.session(connection, clock=StillClock(), trust_paths=True) as session:
        result = session.run("crmRawRequest", inputs)

    digests = {hashlib.sha256(without_boundary(request)).hexdigest() for request in server.requests}
    assert len(result.attempts) == len(server.requests) == 4
    assert len(digests) == 1
    assert (content if kind != "text" else b"plain text, not much") in server.requests[-1]


@pytest.mark.plan("S-19")
def test_every_attempt_tells_all_there_is_to_know(server: FaultServer, session: Session) -> None:
    """Number, reason, certainty, kind, status, wait, duration, request id and words, in error and result alike."""
    told = reply(b"busy", status="503 Busy", headers=["X-Request-Id: r-77", "Connection: close"])
    server.play([read_request, send(told), close], [read_request, close], [read_request, send(reply(LEADS))])

    attempts = [attempt.to_dict() for attempt in session.run("crmGetRecords", READ).attempts]

    assert [
        (one["number"], one["why"], one["certainty"], one.get("kind"), one.get("status")) for one in attempts
    ] == [
        (1, "first", "unknown", "server", 503),
        (2, "retry", "unknown", "network", None),
        (3, "retry", "answered", None, 200),
    ]
    assert [one["waitedS"] for one in attempts] == [0.0, 0.001, 0.001]
    assert attempts[0]["requestId"] == "r-77"
    assert all(one["message"] for one in attempts[:2])
    assert all("durationS" in one for one in attempts)
