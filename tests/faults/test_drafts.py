"""Files on the disk: a reply is saved whole or not at all, an upload arrives whole."""

from __future__ import annotations

import pytest

from connector_runtime.base.bodies import FileBody
from connector_runtime.base.messages import Failure, Limits, Outgoing, Reply
from connector_runtime.base.values import Certainty, File
from faults.contents import MEBIBYTE, TEXT, ZIPPED, bomb, encoded
from faults.faultserver import close, head, read_request, reply, send, serving


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_good_reply_is_saved_to_a_file(faults, caller, tmp_path, coding):
    """Asked to save, a 2xx goes to the file and not into memory."""
    faults.play([read_request, send(encoded(coding, ZIPPED if coding == "gzip" else TEXT))])
    target = tmp_path / "report.json"

    got = caller.save(target)

    assert isinstance(got, Reply)
    assert (got.body, got.saved_to, got.size_bytes) == (b"", target, len(TEXT))
    assert target.read_bytes() == TEXT
    assert list(tmp_path.iterdir()) == [target]


def test_another_status_is_not_saved(faults, caller, tmp_path):
    """A refusal is returned to be read, and an older file stays as it is."""
    target = tmp_path / "report.json"
    target.write_text("yesterday's")
    faults.play([read_request, send(reply(b'{"code":1}', status="404 Not Found"))])

    got = caller.save(target)

    assert isinstance(got, Reply)
    assert (got.body, got.saved_to) == (b'{"code":1}', None)
    assert target.read_text() == "yesterday's"


@pytest.mark.parametrize(
    "raw",
    [
        head("Content-Length: 5000") + b"half",
        encoded("gzip", ZIPPED[:-3]),
        encoded("gzip", bomb(8 * MEBIBYTE)),
        reply(b"x" * 200_000),
    ],
    ids=["cut", "broken", "bomb", "too large"],
)
def test_a_failed_download_leaves_nothing_behind(faults, caller, tmp_path, raw):
    """Half a file is never found under the target's name, nor beside it."""
    target = tmp_path / "report.json"
    target.write_text("yesterday's")
    faults.play([read_request, send(raw), close])

    failure = caller.save(target, limits=Limits(sink_bytes=100_000))

    assert isinstance(failure, Failure)
    assert target.read_text() == "yesterday's"
    assert list(tmp_path.iterdir()) == [target]


def test_a_large_upload_arrives_whole(faults, caller, tmp_path):
    """A file is sent from the disk in pieces, with its exact length."""
    path = tmp_path / "upload.bin"
    path.write_bytes(bytes(range(256)) * 4_000)
    faults.play([read_request, send(reply())])

    got = caller.send(Outgoing("POST", f"{faults.origin}/files", body=FileBody(File(path))))

    assert isinstance(got, Reply)
    assert faults.requests[0].partition(b"\r\n\r\n")[2] == path.read_bytes()


@pytest.mark.plan("S-194")
@pytest.mark.parametrize("headers", [(("Range", "bytes=0-1"),), ()], ids=["asked for", "not asked for"])
def test_a_part_is_taken_by_who_has_asked_for_one(faults, caller, headers):
    """A part is not the whole, wherever it goes."""
    faults.play(serving(reply(b"XX", headers=["Content-Range: bytes 0-1/9"], status="206 Partial Content")))

    got = caller.send(Outgoing("GET", f"{faults.origin}/x", headers))

    if headers:
        assert (got.status, got.body) == (206, b"XX")
    else:
        assert (got.kind, got.certainty) == ("contract", Certainty.UNKNOWN)
