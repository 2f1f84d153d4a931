"""Content is read bounded: bombs, endless bodies, floods of headers, broken gzip."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from connector_runtime.base.json_text import JsonError, parse_json
from connector_runtime.base.messages import Failure, Limits, Reply
from connector_runtime.base.values import Certainty
from connector_runtime.transport.network import Traffic
from faults.contents import MEBIBYTE, TEXT, ZIPPED, bomb, encoded
from faults.faultserver import close, flood, head, read_request, reply, send


@pytest.mark.plan("S-29")
@pytest.mark.parametrize(
    "coding", ["gzip", "GZIP", "x-gzip", "identity, gzip", " gzip ", "gzip,", "gzip, identity"]
)
def test_one_layer_of_gzip_is_decoded(faults, caller, coding):
    """The one coding that was asked for is undone, however it is spelt."""
    faults.play([read_request, send(encoded(coding, ZIPPED))])

    got = caller.get()

    assert isinstance(got, Reply)
    assert got.body == TEXT


@pytest.mark.plan("S-29")
@pytest.mark.parametrize("coding", ["", "identity", "Identity", ",", "identity, identity"])
def test_content_without_coding_is_taken_as_it_is(faults, caller, coding):
    """No coding, in whatever words, leaves the bytes alone."""
    faults.play([read_request, send(encoded(coding, TEXT))])

    got = caller.get()

    assert isinstance(got, Reply)
    assert got.body == TEXT


@pytest.mark.plan("S-29")
@pytest.mark.parametrize(
    "coding",
    [
        "br",
        "zstd",
        "deflate",
        "compress",
        "aws-chunked",
        "gzip2",
        "none",
        "*",
        "gzip;q=1",
        "gzip gzip",
        "br, gzip",
        "gzip, br",
        "gzip, gzip",
        "gzip, x-gzip",
        "gzip, deflate, gzip",
        ", ".join(["gzip"] * 50),
        "x" * 9_000,
    ],
)
def test_a_coding_nobody_asked_for_is_refused(faults, caller, coding):
    """Unknown and repeated codings are refused before a byte is decoded."""
    faults.play([read_request, send(encoded(coding, ZIPPED))])

    failure = caller.get()

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.certainty) == ("contract", Certainty.UNKNOWN)
    assert len(failure.message) < 200


@pytest.mark.plan("S-29")
def test_codings_in_several_headers_are_added_up(faults, caller):
    """Two headers with one coding each are two layers, and refused."""
    twice = reply(ZIPPED, headers=["Content-Encoding: gzip", "Content-Encoding: gzip"])
    faults.play([read_request, send(twice)])

    failure = caller.get()

    assert isinstance(failure, Failure)
    assert failure.kind == "contract"


@pytest.mark.plan("S-29")
def test_only_gzip_is_asked_for(faults, caller):
    """The request says which coding it takes, so that honest servers use no other."""
    faults.play([read_request, send(reply())])

    caller.get()

    assert b"\r\nAccept-Encoding: gzip\r\n" in faults.requests[0]


@pytest.mark.plan("S-30")
@pytest.mark.parametrize("status", ["200 OK", "204 No Content"])
def test_no_content_at_all_is_not_broken_gzip(faults, caller, status):
    """An empty body that claims to be gzip is an empty body."""
    faults.play([read_request, send(reply(b"", status=status, headers=["Content-Encoding: gzip"]))])

    got = caller.get()

    assert isinstance(got, Reply)
    assert got.body == b""


@pytest.mark.plan("S-30")
@pytest.mark.parametrize("members", [1, 2, 16])
def test_a_few_gzip_members_are_put_together(faults, caller, members):
    """Several gzip files one behind the other are one content."""
    faults.play([read_request, send(encoded("gzip", ZIPPED * members))])

    got = caller.get()

    assert isinstance(got, Reply)
    assert got.body == TEXT * members


@pytest.mark.plan("S-30")
@pytest.mark.parametrize(
    "content",
    [
        ZIPPED[:-8] + bytes(8),
        ZIPPED[:-4] + bytes(4),
        ZIPPED[:-1],
        ZIPPED[: len(ZIPPED) // 2],
        ZIPPED[:10],
        ZIPPED[:1],
        ZIPPED + b"junk",
        ZIPPED + bytes(8),
        ZIPPED + ZIPPED[:5],
        ZIPPED * 17,
        zlib.compress(TEXT),
        zlib.compress(TEXT)[2:-4],
        TEXT,
        b"\x1f\x8b\x08\xff" + ZIPPED[4:],
        ZIPPED[:20] + b"\xff" * 9 + ZIPPED[29:],
    ],
)
def test_broken_gzip_is_refused(faults, caller, content):
    """Content that is not exactly whole gzip members is a failure, never a part of it."""
    faults.play([read_request, send(encoded("gzip", content))])

    failure = caller.get()

    assert isinstance(failure, Failure)
    assert failure.certainty is Certainty.UNKNOWN


@pytest.mark.plan("S-30")
def test_gzip_cut_at_any_byte_is_never_taken_for_whole(faults, caller):
    """Even a polite end of the connection does not make half of a gzip file a whole one."""
    whole = gzip.compress(b'{"a":1}')
    unframed = [
        head("Content-Encoding: gzip", "Connection: close") + whole[:cut] for cut in range(1, len(whole))
    ]
    faults.play(*[[read_request, send(raw), close] for raw in unframed])

    results = [caller.get() for _ in unframed]

    assert {type(result) for result in results} == {Failure}


@pytest.mark.plan("S-27")
def test_a_gzip_bomb_is_stopped_by_its_growth(faults, caller):
    """A megabyte that would become a gigabyte is refused long before it has."""
    faults.play([read_request, send(encoded("gzip", bomb(64 * MEBIBYTE)))])

    failure = caller.get()

    assert isinstance(failure, Failure)
    assert failure.kind == "limit"


@pytest.mark.plan("S-27")
def test_well_compressed_honest_content_is_taken(faults, caller):
    """Content below a mebibyte may grow as much as it likes."""
    rows = json.dumps([{"a": None}] * 60_000).encode()
    faults.play([read_request, send(encoded("gzip", gzip.compress(rows)))])

    got = caller.get()

    assert isinstance(got, Reply)
    assert got.body == rows


_PEAK = """
import asyncio, resource, sys
from connector_runtime.base.messages import Outgoing
from connector_runtime.transport.async_transport import AsyncSender
from connector_runtime.transport.sync_transport import SyncSender
kind, origin = sys.argv[1:]
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
def send(path):
    get = Outgoing("GET", origin + path)
    if kind == "sync":
        return SyncSender({origin}, loopback=True).send(get, timeout_s=60)
    async def go():
        async with AsyncSender({origin}, loopback=True) as sender:
            return await sender.send(get, timeout_s=60)
    return asyncio.run(go())
warm = send("/small"); before = peak()
got = send("/bomb")
print(got.kind, peak() - before)
"""


@pytest.mark.plan("S-27")
@pytest.mark.plan("S-28")
@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize(("layers", "verdict", "most_mib"), [(1, "limit", 80), (2, "contract", 40)])
def test_a_bomb_of_a_gibibyte_costs_little_memory(faults, score, kind, layers, verdict, most_mib):
    """Neither one layer of gzip nor two can make a process grow by more than a fraction of the bomb."""
    content = bomb(1024 * MEBIBYTE)
    if layers == 2:
        content = gzip.compress(content)
    faults.play(
        [read_request, send(reply())],
        [read_request, send(encoded(", ".join(["gzip"] * layers), content))],
    )

    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _PEAK, kind, faults.origin],
        env={"PYTHONPATH": str(Path(__file__).parents[2] / "src")},
        capture_output=True,
        text=True,
        check=True,
    )

    found, grown_mib = ran.stdout.split()
    assert found == verdict
    assert int(grown_mib) < most_mib
    score("bomb_mib", most_mib)


@pytest.mark.plan("S-22")
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_json_without_a_length_cut_at_any_byte_is_never_read(faults, caller, version):
    """A polite end in the middle of a reply that only ends with its connection: half a value is none."""
    body = b'{"code":0,"thing":{"id":"460000000026049","tags":["a","b"],"open":true}}'
    start = f"HTTP/{version} 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n".encode()
    whole = start + body
    faults.play(*[[read_request, send(whole[:cut]), close] for cut in range(len(whole))])

    read = 0
    for _ in range(len(whole)):
        got = caller.get()
        if isinstance(got, Reply):
            with pytest.raises(JsonError):
                parse_json(got.body)
            read += 1

    assert read == len(body)


@pytest.mark.plan("S-31")
@pytest.mark.parametrize("start", [head(), head("Transfer-Encoding: chunked")], ids=["identity", "chunks"])
def test_an_endless_body_is_cut_at_the_cap(monkeypatch, faults, caller, start):
    """No more is taken from the wire than the cap and one read."""
    chunk = b"2710\r\n" + b"x" * 10_000 + b"\r\n" if b"chunked" in start else b"x" * 10_000
    faults.play([read_request, send(start), flood(chunk)])
    received = []
    count = Traffic.count
    monkeypatch.setattr(Traffic, "count", lambda self, data: received.append(len(data)) or count(self, data))

    failure = caller.get(limits=Limits(wire_bytes=500_000))

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.message) == ("limit", "The reply is larger than 500000 bytes.")
    assert sum(received) <= 500_000 + 65_536
    assert faults.is_forsaken()


@pytest.mark.plan("S-31")
def test_what_stands_around_the_content_counts_too(faults, caller):
    """A byte of content in ten thousand of framing is cut at the same cap."""
    faults.play(
        [read_request, send(head("Transfer-Encoding: chunked")), flood(b"1;" + b"x" * 10_000 + b"\r\nx\r\n")]
    )

    failure = caller.get(limits=Limits(wire_bytes=500_000))

    assert isinstance(failure, Failure)
    assert failure.kind == "limit"
    assert faults.is_forsaken()


@pytest.mark.plan("S-31")
def test_the_cap_itself_is_still_taken(faults, caller):
    """Content of exactly the allowed size is no offence, one byte more is."""
    limits = Limits(decoded_bytes=5_000)
    faults.play([read_request, send(reply(b"x" * 5_000)), read_request, send(reply(b"x" * 5_001))])

    exact, beyond = caller.get(limits=limits), caller.get(limits=limits)

    assert isinstance(exact, Reply)
    assert exact.size_bytes == 5_000
    assert isinstance(beyond, Failure)
    assert beyond.kind == "limit"


@pytest.mark.plan("S-32")
@pytest.mark.parametrize(
    "lines",
    [
        [b"X: " + b"y" * 300_000],
        [b"X" * 300_000 + b": y"],
        [b"X-%d: y" % number for number in range(30_000)],
        [b"Set-Cookie: a%d=b" % number for number in range(10_000)],
        [b"Set-Cookie: a%d=b" % number for number in range(300)],
    ],
    ids=["long value", "long name", "many lines", "10,000 cookies", "300 cookies"],
)
def test_a_flood_of_headers_is_refused(faults, caller, lines):
    """A head that no honest server sends is refused, complete or not."""
    faults.play([read_request, send(b"HTTP/1.1 200 OK\r\n" + b"\r\n".join(lines) + b"\r\n\r\nok"), close])

    failure = caller.get()

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.certainty) == ("contract", Certainty.UNKNOWN)


@pytest.mark.plan("S-32")
def test_a_large_honest_head_is_taken(faults, caller):
    """A hundred headers and a long cookie are no flood."""
    many = [f"X-{number}: {'y' * 100}" for number in range(100)]
    faults.play([read_request, send(reply(headers=[*many, f"Set-Cookie: a={'b' * 4000}"]))])

    got = caller.get()

    assert isinstance(got, Reply)
    assert len(got.headers) == 102
