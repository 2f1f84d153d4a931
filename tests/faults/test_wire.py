"""Whatever happens on the wire ends in a typed failure, and the next call works."""

from __future__ import annotations

import pytest

from connector_runtime.base.bodies import BytesBody
from connector_runtime.base.messages import Failure, Limits, Outgoing, Reply
from connector_runtime.base.values import Certainty
from faults.faultserver import (
    close,
    drip,
    flood,
    half_close,
    hang,
    head,
    read_request,
    read_some,
    reply,
    reset,
    send,
    serving,
)

HONEST = reply(
    b'{"thing":{"id":"460000000026049","name":"Bowman"}}', headers=["Content-Type: application/json"]
)
CHUNKED = head("Transfer-Encoding: chunked")
SMALL = Limits(wire_bytes=1_000_000, decoded_bytes=1_000_000)
BROKEN, NOT_HTTP, TOO_LARGE, TOO_LATE = "network", "contract", "limit", "timeout"

FAULTS = {
    "closed at the first byte": (BROKEN, [read_some(1), close]),
    "reset at the first byte": (BROKEN, [read_some(1), reset]),
    "closed within the request": (BROKEN, [read_some(10), close]),
    "reset within the request": (BROKEN, [read_some(10), reset]),
    "closed after the request": (BROKEN, [read_request, close]),
    "reset after the request": (BROKEN, [read_request, reset]),
    "half-closed after the request": (BROKEN, [read_request, half_close, hang]),
    "silence": (TOO_LATE, [read_request, hang]),
    "closed within the status line": (BROKEN, [read_request, send(b"HTTP/1.1 20"), close]),
    "closed within the headers": (BROKEN, [read_request, send(b"HTTP/1.1 200 OK\r\nDate: x\r\n"), close]),
    "reset within the headers": (BROKEN, [read_request, send(b"HTTP/1.1 200 OK\r\nDa"), reset]),
    "closed within the body": (BROKEN, [read_request, send(HONEST[:-5]), close]),
    "reset within the body": (BROKEN, [read_request, send(HONEST[:-5]), reset]),
    "half-closed within the body": (BROKEN, [read_request, send(HONEST[:-5]), half_close, hang]),
    "silence within the body": (TOO_LATE, [read_request, send(HONEST[:-5]), hang]),
    "dripping": (TOO_LATE, [read_request, send(head("Content-Length: 999")), drip(b"x", every_s=0.02)]),
    "closed within a chunk": (BROKEN, [read_request, send(CHUNKED + b"5\r\nab"), close]),
    "no last chunk": (BROKEN, [read_request, send(CHUNKED + b"2\r\nab\r\n"), close]),
    "no end after the last chunk": (BROKEN, [read_request, send(CHUNKED + b"2\r\nab\r\n0\r\n"), close]),
    "a chunk size that is no number": (NOT_HTTP, [read_request, send(CHUNKED + b"xyz\r\nab\r\n0\r\n\r\n")]),
    "a chunk longer than it says": (NOT_HTTP, [read_request, send(CHUNKED + b"2\r\nabcd\r\n0\r\n\r\n")]),
    "an endless chunk": (TOO_LARGE, [read_request, send(CHUNKED + b"FFFFFFFF\r\n"), flood(b"x" * 9_999)]),
    "endless chunks": (TOO_LARGE, [read_request, send(CHUNKED), flood(b"3E8\r\n" + b"x" * 1000 + b"\r\n")]),
    "an endless body": (TOO_LARGE, [read_request, send(head()), flood(b"x" * 9_999)]),
    "a length beyond the limit": (TOO_LARGE, [read_request, send(head("Content-Length: 1000001"))]),
    "contradicting lengths": (
        NOT_HTTP,
        [read_request, send(head("Content-Length: 2", "Content-Length: 3") + b"abc")],
    ),
    "an endless header line": (
        NOT_HTTP,
        [read_request, send(b"HTTP/1.1 200 OK\r\nX: "), flood(b"x" * 9_999)],
    ),
    "endless header lines": (NOT_HTTP, [read_request, send(b"HTTP/1.1 200 OK\r\n"), flood(b"X: y\r\n" * 99)]),
    "endless interim replies": (NOT_HTTP, [read_request, flood(head(status="103 Early Hints") * 50)]),
    "another protocol": (NOT_HTTP, [read_request, send(head(status="101 Switching Protocols")), hang]),
    "no HTTP at all": (NOT_HTTP, [read_request, send(b"220 mail.example ready\r\n\r\n"), hang]),
    "HTTP/2 without being asked": (
        NOT_HTTP,
        [read_request, send(b"\0\0\x12\4\0\0\0\0\0\0\3\0\0\0\x80\r\n\r\n")],
    ),
}


@pytest.mark.plan("S-20")
@pytest.mark.parametrize("connection", ["fresh", "reused"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_on_the_wire_is_a_typed_failure(faults, caller, fault, method, connection):
    """A fault after the first byte of a request leaves its outcome unknown; the next call works."""
    kind, steps = FAULTS[fault]
    before = serving(HONEST) if connection == "reused" else []
    faults.play([*before, *steps], serving(HONEST))
    if before:
        assert isinstance(caller.get(), Reply)

    timeout_s = 0.06 if kind == TOO_LATE else 5.0
    failure = caller.send(_request(faults, method), timeout_s=timeout_s, limits=SMALL)
    after = caller.get()

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.certainty) == (kind, Certainty.UNKNOWN)
    assert isinstance(after, Reply)
    assert faults.accepted == 2


@pytest.mark.plan("S-21")
def test_a_reply_cut_at_any_byte_is_never_taken_for_whole(faults, caller):
    """A reply with a length is either complete or a failure with unknown outcome."""
    faults.play(*[[read_request, send(HONEST[:cut]), close] for cut in range(len(HONEST))])

    results = [caller.get() for _ in range(len(HONEST))]

    assert {(type(result), result.kind, result.certainty) for result in results} == {
        (Failure, "network", Certainty.UNKNOWN)
    }


@pytest.mark.plan("S-21")
def test_a_chunked_reply_cut_at_any_byte_is_never_taken_for_whole(faults, caller):
    """The same for a reply in chunks, down to its last line break."""
    whole = CHUNKED + b'7\r\n{"a":1,\r\n6\r\n"b":2}\r\n0\r\n\r\n'
    faults.play(*[[read_request, send(whole[:cut]), close] for cut in range(len(whole))])

    results = [caller.get() for _ in range(len(whole))]

    assert {type(result) for result in results} == {Failure}
    assert {result.certainty for result in results} == {Certainty.UNKNOWN}


@pytest.mark.plan("S-23")
@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"2\r\nab\r\n0\r\n\r\n", b"ab"),
        (b"02\r\nab\r\n0\r\n\r\n", b"ab"),
        (b"2;name=value\r\nab\r\n0\r\n\r\n", b"ab"),
        (b"2 \r\nab\r\n0\r\n\r\n", b"ab"),
        (b"a\r\n0123456789\r\n0\r\n\r\n", b"0123456789"),
        (b"A\r\n0123456789\r\n0\r\n\r\n", b"0123456789"),
        (b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n", b"ab"),
        (b"2\r\nab\r\n0\r\nX-Sum: 7\r\n\r\n", b"ab"),
        (b"0\r\n\r\n", b""),
    ],
)
def test_legal_chunks_are_put_together(faults, caller, framing, body):
    """Every legal way to write chunks gives the same content."""
    faults.play([read_request, send(CHUNKED + framing)])

    got = caller.get()

    assert isinstance(got, Reply)
    assert got.body == body


@pytest.mark.plan("S-23")
@pytest.mark.parametrize(
    "framing",
    [
        b"-2\r\nab\r\n0\r\n\r\n",
        b"+2\r\nab\r\n0\r\n\r\n",
        b"0x2\r\nab\r\n0\r\n\r\n",
        b" 2\r\nab\r\n0\r\n\r\n",
        b"2\r\nab0\r\n\r\n",
        b"2\r\nabXX0\r\n\r\n",
        b"2\nab\n0\n\n\n",
        b"\r\n2\r\nab\r\n0\r\n\r\n",
        b"999999999999999999999999\r\nab\r\n0\r\n\r\n",
        b"2\r\nab\r\n0\r\nno colon\r\n\r\n",
        b"2\r\nab\r\n0\r\nX: y\r\n",
        b"2\xc2\xb2\r\nab\r\n0\r\n\r\n",
    ],
)
def test_illegal_chunks_are_refused(faults, caller, framing):
    """What is not chunked as the standard says is not guessed at."""
    faults.play([read_request, send(CHUNKED + framing), close])

    failure = caller.get()

    assert isinstance(failure, Failure)
    assert failure.certainty is Certainty.UNKNOWN


@pytest.mark.plan("S-24")
@pytest.mark.parametrize("end", [close, reset], ids=["FIN", "RST"])
@pytest.mark.parametrize("size_bytes", [0, 1, 100, 1_000_000])
def test_a_connection_lost_while_sending_leaves_the_outcome_unknown(faults, caller, end, size_bytes):
    """Once a byte was sent nobody can tell how much arrived, however large the body."""
    faults.play([read_some(size_bytes // 2 + 1), end])
    upload = Outgoing("POST", f"{faults.origin}/files", body=BytesBody(b"x" * size_bytes))

    failure = caller.send(upload)

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.certainty) == ("network", Certainty.UNKNOWN)


@pytest.mark.plan("S-24")
def test_an_early_refusal_of_a_large_body_is_heard(faults, caller):
    """A server may answer 413 and close before it has read everything: its answer counts."""
    faults.play([read_some(1000), send(reply(b"", status="413 Too Large")), half_close, hang])
    upload = Outgoing("POST", f"{faults.origin}/files", body=BytesBody(b"x" * 300_000))

    got = caller.send(upload)

    assert isinstance(got, Reply)
    assert got.status == 413


@pytest.mark.plan("S-25")
def test_a_connection_closed_while_idle_is_not_used_again(faults, caller):
    """A create is not lost on a connection that the server has closed in the meantime."""
    faults.play([*serving(HONEST), close], serving(HONEST))
    caller.get()
    faults.is_forsaken()

    got = caller.send(_request(faults, "POST"))

    assert isinstance(got, Reply)
    assert len(faults.requests) == 2


@pytest.mark.plan("S-25")
def test_a_live_connection_is_used_again(faults, caller):
    """Honest keep-alive costs one connection for any number of calls."""
    faults.play(serving(*[HONEST] * 20))

    results = [caller.get() for _ in range(20)]

    assert all(isinstance(result, Reply) for result in results)
    assert faults.accepted == 1


@pytest.mark.plan("S-25")
def test_a_request_that_meets_a_closing_server_is_not_repeated(faults, caller):
    """A server that closes upon a request may have acted: one attempt, outcome unknown."""
    faults.play([*serving(HONEST), read_request, close], serving(HONEST))
    caller.get()

    failure = caller.send(_request(faults, "POST"))

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.certainty) == ("network", Certainty.UNKNOWN)
    assert [request[:4] for request in faults.requests] == [b"GET ", b"POST"]


SURPLUS = {
    "junk": b"junk",
    "one byte": b"\0",
    "a line break": b"\r\n",
    "a whole second reply": reply(b'{"stolen":true}'),
    "the beginning of a second reply": b"HTTP/1.1 200 OK\r\nContent-Le",
    "an interim reply": head(status="103 Early Hints"),
    "a timeout notice": reply(b"", status="408 Request Timeout"),
    "the body once more": b'{"thing":{"id":"460000000026049","name":"Bowman"}}',
}


@pytest.mark.plan("S-305")
@pytest.mark.plan("S-26")
@pytest.mark.parametrize("moment", ["in the same packet", "while idle"])
@pytest.mark.parametrize("surplus", SURPLUS)
def test_surplus_bytes_never_answer_the_next_request(faults, caller, surplus, moment):
    """What follows a reply unasked is not read as the next one; its connection is given up."""
    extra = SURPLUS[surplus]
    packets = [HONEST + extra] if moment == "in the same packet" else [HONEST, extra]
    faults.play([read_request, *map(send, packets)], serving(reply(b'{"mine":true}')))

    first = caller.get("/first")
    assert faults.wait_for_sent(len(HONEST + extra))
    second = caller.get("/second")

    assert isinstance(first, Reply)
    assert isinstance(second, Reply)
    assert second.body == b'{"mine":true}'
    assert faults.accepted == 2


@pytest.mark.plan("S-305")
@pytest.mark.plan("S-26")
def test_surplus_bytes_are_noticed(faults, caller, caplog):
    """Whoever reads the log learns that a server sent more than it announced."""
    faults.play([read_request, send(HONEST + b"junk")])

    caller.get()

    assert "sent more than its reply" in caplog.text


@pytest.mark.plan("S-37")
@pytest.mark.parametrize(
    "headers",
    [
        ["Content-Length: 2", "Content-Length: 3"],
        ["Content-Length: 2, 3"],
        ["Content-Length: -2"],
        ["Content-Length: +2"],
        ["Content-Length: 0x2"],
        ["Content-Length: 2.0"],
        ["Content-Length: two"],
        ["Content-Length:"],
        ["Content-Length: 99999999999999999999999999"],
        [f"Content-Length: {'9' * 5000}"],
        ["Content-Length: ²"],
    ],
)
def test_a_length_that_is_none_is_refused(faults, caller, headers):
    """Contradicting, negative, huge or unreadable lengths are not guessed at."""
    faults.play([read_request, send(head(*headers) + b"abc"), close])

    failure = caller.get()

    assert isinstance(failure, Failure)
    assert failure.certainty is Certainty.UNKNOWN


@pytest.mark.plan("S-37")
def test_a_length_beside_chunks_is_refused(faults, caller):
    """Two answers to where a reply ends are a way to smuggle another: neither is believed."""
    both = head("Content-Length: 1", "Transfer-Encoding: chunked") + b"2\r\nab\r\n0\r\n\r\n"
    faults.play([read_request, send(both)], serving(HONEST))

    first, second = caller.get(), caller.get()

    assert isinstance(first, Failure)
    assert isinstance(second, Reply)
    assert faults.accepted == 2


@pytest.mark.plan("S-38")
@pytest.mark.parametrize(
    ("raw", "status", "body"),
    [
        (head(status="204 No Content"), 204, b""),
        (head("Content-Length: 5", status="304 Not Modified"), 304, b""),
        (reply(b"", status="205 Reset Content"), 205, b""),
        (reply(b"x", status="999 Odd"), 999, b"x"),
        (b"HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", 200, b"x"),
        (b"HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx", 200, b"x"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, b"x"),
        (head(status="103 Early Hints") + reply(b"x"), 200, b"x"),
        (head(status="100 Continue") * 3 + reply(b"x"), 200, b"x"),
    ],
)
def test_an_unusual_reply_is_returned_as_it_is(faults, caller, raw, status, body):
    """Odd but legal replies are for others to judge."""
    faults.play([read_request, send(raw)])

    got = caller.get()

    assert isinstance(got, Reply)
    assert (got.status, got.body) == (status, body)


@pytest.mark.plan("S-38")
@pytest.mark.parametrize(
    "raw",
    [
        reply(status="000 Zero"),
        reply(status="99 Short"),
        reply(status="2000 Long"),
        reply(status="-20 Minus"),
        reply(status="abc"),
        b"<html>HTTP/0.9</html>",
        b"HTTP/1.1200 OK\r\n\r\n",
        b"HTTP/3.0 200 OK\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"\0" * 300,
    ],
)
def test_what_is_not_http_is_refused(faults, caller, raw):
    """A reply that does not begin like one is a failure, not a guess."""
    faults.play([read_request, send(raw), close])

    failure = caller.get()

    assert isinstance(failure, Failure)
    assert failure.certainty is Certainty.UNKNOWN


@pytest.mark.plan("S-38")
def test_a_body_behind_a_reply_without_one_poisons_nothing(faults, caller):
    """204 has no body; bytes that come anyway are surplus."""
    faults.play([read_request, send(head(status="204 No Content") + HONEST)], serving(HONEST))

    first, second = caller.get(), caller.get()

    assert isinstance(first, Reply)
    assert (first.status, first.body) == (204, b"")
    assert isinstance(second, Reply)
    assert faults.accepted == 2


def _request(faults, method: str) -> Outgoing:
    body = None if method in ("GET", "DELETE") else BytesBody(b'{"name":"Bowman"}', "application/json")
    return Outgoing(method, f"{faults.origin}/things", (("Accept", "application/json"),), body)
