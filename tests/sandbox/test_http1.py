"""The server front: HTTP/1.1 as clients really send it, and what it refuses."""

from __future__ import annotations

import gzip
import json
import socket
import time
from urllib.parse import urlsplit

import httpx
import pytest

# What a system reads at once, and what may wait besides.
KEPT_KIB = 512
_GET = "GET /oauth/serverinfo HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.fixture
def line(url):
    """An open socket to the sandbox."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), timeout=10) as opened:
        yield opened


def talk(line: socket.socket, sent: bytes, *, until_close: bool = True) -> bytes:
    """Send bytes and return what comes back until the server hangs up."""
    line.sendall(sent)
    received = b""
    while piece := line.recv(65536):
        received += piece
        if not until_close:
            break
    return received


def test_every_reply_says_that_it_is_a_sandbox(url):
    """The banner is on good replies, errors and pages alike."""
    for path in ("/oauth/serverinfo", "/books/v3/contacts", "/crm/v9/x", "/", "/nowhere"):
        assert httpx.get(url + path).headers["x-sandbox"] == "zoho-sandbox"


def test_requests_in_one_packet_are_answered_in_order(line):
    """A client may send the next request before the first reply."""
    reply = talk(
        line,
        _GET.encode() + b"\r\nGET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    )

    first, second = reply.index(b"HTTP/1.1 200"), reply.index(b"HTTP/1.1 404")
    assert first < second
    assert reply.count(b"HTTP/1.1 ") == 2


def test_pipelined_requests_wait_for_a_slow_one(sandbox, line):
    """A planted delay does not let a later reply overtake."""
    sandbox.faults(fault="delay", path="/oauth/serverinfo", delay_s=0.05)

    reply = talk(
        line,
        _GET.encode() + b"\r\nGET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    )

    assert reply.index(b"HTTP/1.1 200") < reply.index(b"HTTP/1.1 404")


def test_a_request_may_come_byte_by_byte(line):
    """Packets may be cut anywhere."""
    for byte in _GET.encode() + b"Connection: close\r\n\r":
        line.sendall(bytes([byte]))

    assert talk(line, b"\n").startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_chunked_body_is_put_together(sandbox, line):
    """Httpx streams this way."""
    body = b'8\r\n{"advanc\r\n6;x=y\r\ne_s":6\r\n2\r\n0}\r\n0\r\nTrailer: x\r\n\r\n'
    head = (
        b"POST /_sandbox/clock HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    sandbox.clock.freeze()
    before = sandbox.clock.now()

    assert talk(line, head + body).startswith(b"HTTP/1.1 200")
    assert sandbox.clock.now() == before + 60


def test_a_client_that_asks_may_continue(line):
    """Curl waits for 100 before it sends a large body."""
    head = (
        b"POST /_sandbox/reset HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    )

    assert talk(line, head, until_close=False) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert talk(line, b"{}").startswith(b"HTTP/1.1 200")


def test_head_gets_the_length_without_the_body(line):
    """HEAD is GET without the bytes."""
    request = _GET.replace("GET", "HEAD", 1) + "Connection: close\r\n\r\n"

    head, _, body = talk(line, request.encode()).partition(b"\r\n\r\n")

    assert b"Content-Length: " in head
    assert body == b""


def test_an_old_client_is_hung_up_on(line):
    """HTTP/1.0 has no keep-alive unless asked for."""
    reply = talk(line, b"GET /nowhere HTTP/1.0\r\nHost: localhost\r\n\r\n")

    assert b"Connection: close" in reply


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", ""])
def test_a_foreign_host_name_is_refused(line, host):
    """A web page whose name was made to resolve to this machine gets nothing."""
    reply = talk(line, f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())

    assert reply.startswith(b"HTTP/1.1 421")


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "127.8.8.8:99", "[::1]:80", "a.localhost"])
def test_every_loopback_name_is_served(line, host):
    """However this machine is called."""
    request = f"GET /nowhere HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"

    assert talk(line, request.encode()).startswith(b"HTTP/1.1 404")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET http://a/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n", 400),
        # A folded line belongs to the value before it (RFC 9112, 5.2), which is no host then.
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n folded: x\r\n\r\n", 421),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999999\r\n\r\n", 413),
        (
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
        ),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 70_000, 431),
    ],
)
def test_what_is_no_usable_request_is_refused(line, sent, status):
    """One clear status, then the line is closed."""
    assert talk(line, sent).startswith(f"HTTP/1.1 {status} ".encode())


def test_a_refusal_does_not_repeat_what_was_sent(line):
    """A broken header may hold a token; the reply is JSON and says only what is wrong."""
    sent = b'GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: "1000.hush"\x00\r\n\r\n'

    _, _, body = talk(line, sent).partition(b"\r\n\r\n")

    assert json.loads(body) == {"error": "malformed request"}


def test_blank_lines_before_a_request_are_passed_over(line):
    """Some old clients send a line end after a body that its length does not count."""
    reply = talk(line, b"\r\n\n\r\n" + _GET.encode() + b"Connection: close\r\n\r\n")

    assert reply.startswith(b"HTTP/1.1 200")


def test_an_old_client_may_ask_to_stay(line):
    """HTTP/1.0 with keep-alive gets its next reply on the same line."""
    request = b"GET /nowhere HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n"

    assert b"Connection: close" not in talk(line, request, until_close=False)
    assert talk(line, request, until_close=False).startswith(b"HTTP/1.1 404")


def test_a_request_may_follow_a_body_in_the_same_packet(sandbox, line):
    """A body ends where its length or its last chunk says; the next byte begins another request."""
    sandbox.clock.freeze()
    head = b"POST /_sandbox/clock HTTP/1.1\r\nHost: localhost\r\n"
    counted = head + b'Content-Length: 16\r\n\r\n{"advance_s": 1}'
    chunked = head + b'Transfer-Encoding: chunked\r\n\r\n10\r\n{"advance_s": 1}\r\n0\r\n\r\n'
    before = sandbox.clock.now()

    reply = talk(line, counted + chunked + counted + _GET.encode() + b"Connection: close\r\n\r\n")

    assert reply.count(b"HTTP/1.1 200") == 4
    assert sandbox.clock.now() == before + 3


def test_a_body_above_the_limit_is_refused_while_it_comes_in_chunks(sandbox, line):
    """The limit holds without an announced length too."""
    sandbox.settings["server.max_body_bytes"] = 10
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"

    assert talk(line, head + b"8\r\n12345678\r\n8\r\n123").startswith(b"HTTP/1.1 413")


def test_a_client_that_sends_too_much_hears_why(sandbox, line):
    """The refusal arrives although the body is still on its way; the line is not reset."""
    sandbox.settings["server.max_body_bytes"] = 1000
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000000\r\n\r\n"

    assert talk(line, head + b"x" * 20_000_000).startswith(b"HTTP/1.1 413")


def test_the_date_header_is_the_sandbox_time(sandbox, url):
    """A client that compares clocks sees the virtual one."""
    sandbox.clock.freeze()
    sandbox.clock.set(1_700_000_000)

    assert httpx.get(f"{url}/oauth/serverinfo").headers["date"] == "Tue, 14 Nov 2023 22:13:20 GMT"


def test_replies_are_compressed_on_demand(sandbox, url):
    """A setting, and only for clients that accept it."""
    sandbox.settings["server.gzip"] = True

    with httpx.stream("GET", f"{url}/_sandbox/settings") as reply:
        raw = b"".join(reply.iter_raw())
    plain = httpx.get(f"{url}/_sandbox/settings", headers={"Accept-Encoding": "identity"})

    assert reply.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == plain.content
    assert "content-encoding" not in plain.headers


def test_other_than_ascii_in_headers_reaches_the_product(sandbox, url):
    """Unique values travel in headers; UTF-8 is what httpx sends."""
    token = sandbox.connection()["token"]["access_token"]
    headers = {
        "Authorization": f"Bearer {token}",
        "X-Unique-Identifier-Key": "cf_external_id",
        "X-Unique-Identifier-Value": "Zürich".encode(),
        "X-Upsert": "true",
    }

    reply = httpx.put(
        f"{url}/books/v3/contacts",
        params={"organization_id": "10234695"},
        json={"contact_name": "Header Test"},
        headers=headers,
    )

    assert "Zürich" in reply.text


def flood(line: socket.socket, requests: int) -> int:
    """Send requests of 16 KiB without reading, until no more is taken; return how many bytes were."""
    request = b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\nX-Pad: " + b"a" * 16_384 + b"\r\n\r\n"
    waiting = memoryview(request * requests)
    line.settimeout(1.0)
    sent = 0
    try:
        while sent < len(waiting):
            sent += line.send(waiting[sent : sent + 65_536])
    except TimeoutError:
        pass
    return sent


@pytest.mark.plan("S-208")
def test_what_is_sent_ahead_of_a_slow_reply_waits_in_the_sender(sandbox, line, score):
    """While a request is answered, the sandbox takes what the system's buffers hold and a little more."""
    sandbox.faults(fault="delay", path="/oauth/serverinfo", delay_s=3600)
    line.sendall(_GET.encode() + b"\r\n")

    sent = flood(line, 4_000)

    kept = next(iter(sandbox.gateway.connections)).get_protocol()._buffer
    assert sent < 4_000 * 16_384
    assert len(kept) < KEPT_KIB * 1024
    score("pipelined_kib", KEPT_KIB)


@pytest.mark.plan("S-208")
def test_who_does_not_read_is_not_answered_further(sandbox, line):
    """A client that only sends is made to wait, and then gets every reply, none lost."""
    request, status, count = b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n", b"HTTP/1.1 404", 8_000
    reply_bytes = len(talk(line, request, until_close=False))
    served = next(iter(sandbox.gateway.connections))
    served.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)

    line.sendall(request * count)
    unsent = [0]
    while unsent[-1] == 0 or unsent[-1] != unsent[-2]:
        time.sleep(0.1)
        unsent.append(served.get_write_buffer_size())
    seen, rest = 0, b""
    while seen < count and (piece := line.recv(65_536)):
        whole = rest + piece
        seen += whole.count(status)
        rest = whole[-len(status) + 1 :]

    assert unsent[-1] < KEPT_KIB * 1024 < reply_bytes * count / 2
    assert seen == count


@pytest.mark.plan("S-208")
@pytest.mark.parametrize(
    "sent", [b"1;" + b"x" * 70_000, b"0\r\n" + b"A: b\r\n" * 20_000], ids=["chunk", "trailers"]
)
def test_no_part_of_a_body_without_end_is_kept(line, sent):
    """A line before a chunk, or what follows the last one, is refused when it grows without an end."""
    head = b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"

    reply = talk(line, head + sent, until_close=False)

    assert reply.startswith((b"HTTP/1.1 400", b"HTTP/1.1 431"))
