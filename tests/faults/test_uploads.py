"""A server may answer while a body is still on its way: a refusal is heard, anything else waits its turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector_runtime.base.bodies import BytesBody, FileBody
from connector_runtime.base.messages import Failure, Outgoing, Reply
from connector_runtime.base.values import Certainty, File
from connector_runtime.errors import ConnectorError
from faults.conftest import WIRES, Caller
from faults.desk import Desk, uploading
from faults.faultserver import FaultServer, hang, head, read_request, read_some, reply, send, serving, stall
from faults.test_tls import server_context, trusting_context

if TYPE_CHECKING:
    from collections.abc import Iterator

# Fits into no buffer of a connection that is not read.
LARGE = b"x" * 12_000_000
# Is read to its end.
MEDIUM = bytes(range(256)) * 8_000
# What a call would have to wait through, had it not heard the refusal: no test gets here.
FOR_EVER_S = 30.0


@pytest.fixture(params=["plain", "TLS"])
def server(request) -> Iterator[FaultServer]:
    """Give a fault server, with and without TLS."""
    one = FaultServer(server_context("good") if request.param == "TLS" else None)
    yield one
    one.close()


@pytest.fixture(params=WIRES)
def uploader(request, server) -> Iterator[Caller]:
    """Give a caller of the server."""
    trusted = trusting_context() if server.origin.startswith("https") else None
    one = Caller(request.param, server.origin, ssl_context=trusted)
    yield one
    one.close()


def upload(server: FaultServer, content: bytes = LARGE) -> Outgoing:
    """Return a request that sends a file."""
    return Outgoing("POST", f"{server.origin}/files", body=BytesBody(content))


@pytest.mark.plan("S-190")
@pytest.mark.parametrize("status", ["302 Found", "413 Too Large"])
def test_a_refusal_is_heard_while_the_server_takes_nothing_more(server, uploader, status):
    """The line stays open and unread; the reply comes back at once, whole, and its line is not used again."""
    refusal = reply(b'{"code":"too_large"}', status=status)
    server.play([read_some(1000), send(refusal), stall], serving(reply()))

    got = uploader.send(upload(server), timeout_s=FOR_EVER_S)
    after = uploader.get()

    assert isinstance(got, Reply)
    assert (got.status, got.body) == (int(status[:3]), b'{"code":"too_large"}')
    assert isinstance(after, Reply)
    assert server.accepted == 2


@pytest.mark.plan("S-190")
def test_a_refusal_in_pieces_is_heard_when_its_head_is_whole(server, uploader):
    """Interim replies are no answer, and neither is half a head."""
    interim = head(status="100 Continue") + head("Link: </x>", status="103 Early Hints")
    pieces = [interim, b"HTTP/1.1 413 Too", b" Large\r\nContent-Len", b"gth: 2\r\n\r\n", b"no"]
    server.play([read_some(1000), *map(send, pieces), stall])

    got = uploader.send(upload(server), timeout_s=FOR_EVER_S)

    assert isinstance(got, Reply)
    assert (got.status, got.body) == (413, b"no")


@pytest.mark.plan("S-190")
def test_an_upload_goes_on_through_interim_replies(server, uploader):
    """Whoever says "continue" gets the whole body, however often it is said."""
    interim = head(status="100 Continue") * 20

    def take_the_rest(peer) -> None:
        send(interim)(peer)
        read_request(peer)

    server.play([read_some(1000), send(interim), take_the_rest, send(reply())])

    got = uploader.send(upload(server, MEDIUM), timeout_s=FOR_EVER_S)

    assert isinstance(got, Reply)
    assert server.requests[0].partition(b"\r\n\r\n")[2] == MEDIUM


@pytest.mark.plan("S-190")
def test_an_early_yes_counts_once_the_body_is_whole(server, uploader):
    """A server may say yes first and read on: nothing is cut short, neither what is sent nor what it says."""
    server.play([read_some(1000), send(reply(b'{"id":"7"}')), read_request, hang])

    got = uploader.send(upload(server), timeout_s=FOR_EVER_S)

    assert isinstance(got, Reply)
    assert got.body == b'{"id":"7"}'
    assert server.wait_for_requests(1)
    assert server.requests[0].endswith(LARGE)


@pytest.mark.plan("S-190")
def test_an_early_yes_to_a_body_that_never_was_whole_is_no_yes(server, uploader):
    """A yes to half a body, on a line that takes no more, leaves the outcome unknown."""
    server.play([read_some(1000), send(reply()), stall])

    failure = uploader.send(upload(server), timeout_s=0.3)

    assert isinstance(failure, Failure)
    assert failure.certainty is Certainty.UNKNOWN


@pytest.mark.plan("S-190")
def test_a_flood_before_the_body_is_whole_is_bounded(server, uploader):
    """A server that talks for ever while it takes nothing is cut off by its bytes, not by the clock."""
    server.play([read_some(1000), send(head(status="103 Early Hints") * 10_000), stall])

    failure = uploader.send(upload(server), timeout_s=FOR_EVER_S)

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.certainty) == ("contract", Certainty.UNKNOWN)


@pytest.mark.plan("S-190")
def test_a_file_is_not_read_on_after_a_refusal(server, uploader, tmp_path, monkeypatch):
    """What nobody takes is not read either."""
    path = tmp_path / "large.bin"
    path.write_bytes(LARGE)
    body = FileBody(File(path))
    pieces: list[int] = []
    chunks = FileBody.chunks

    def counted(self):
        for piece in chunks(self):
            pieces.append(len(piece))
            yield piece

    monkeypatch.setattr(FileBody, "chunks", counted)
    server.play([read_some(1000), send(reply(b"", status="413 Too Large")), stall])

    got = uploader.send(Outgoing("POST", f"{server.origin}/files", body=body), timeout_s=FOR_EVER_S)

    assert isinstance(got, Reply)
    assert sum(pieces) < len(LARGE)
    path.unlink()


VERDICTS = {
    "413 Too Large": ("contract", "answered"),
    "400 Bad Request": ("validation", "answered"),
    "403 Forbidden": ("permission", "answered"),
    "429 Too Many": ("rate_limited", "rejected"),
    "503 Busy": ("outcome_unknown", "unknown"),
}


@pytest.mark.plan("S-190")
@pytest.mark.parametrize("way", WIRES)
@pytest.mark.parametrize("status", VERDICTS)
def test_an_early_refusal_means_what_its_status_says(faults, way, status):
    """A create that was refused before it was whole is answered; after a server's own error nobody knows."""
    kind, certainty = VERDICTS[status]
    faults.play([read_some(1000), send(reply(b"", status=status)), stall])
    desk = Desk(way, faults, uploading())

    with pytest.raises(ConnectorError) as caught:
        desk.run({"file": LARGE}, deadline_s=FOR_EVER_S)
    desk.close()

    assert caught.value.kind == kind
    assert [attempt.certainty for attempt in caught.value.attempts] == [certainty]


@pytest.mark.plan("S-190")
def test_a_server_that_takes_its_time_is_waited_for(server, uploader):
    """Blocked for a while, a body goes on where it stopped, and arrives to the last byte."""
    server.play(
        [read_some(1000), lambda peer: peer.server.stopped.wait(0.1) and None, read_request, send(reply())]
    )

    got = uploader.send(upload(server, MEDIUM), timeout_s=FOR_EVER_S)

    assert isinstance(got, Reply)
    assert server.requests[0].partition(b"\r\n\r\n")[2] == MEDIUM
