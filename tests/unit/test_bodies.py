"""Bodies have an exact length, can be sent again, and show no secret and no file."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from urllib.parse import parse_qsl

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from python_multipart.multipart import MultipartParser

from connector_runtime.base.bodies import (
    BodyError,
    BytesBody,
    FileBody,
    FormBody,
    JsonBody,
    MultipartBody,
    opened,
    safe_file_name,
)
from connector_runtime.base.values import File, Secret

TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)


def whole(body) -> bytes:
    """Return all that a body sends."""
    return b"".join(map(opened, body.chunks()))


def parse(body: MultipartBody) -> list[tuple[str, bytes]]:
    """Return head and content of each part, as an independent parser reads them."""
    parts: list[list[bytes]] = []
    callbacks = {
        "on_part_begin": lambda: parts.append([b"", b""]),
        "on_header_field": lambda data, start, end: _add(parts, 0, data[start:end]),
        "on_header_value": lambda data, start, end: _add(parts, 0, b": " + data[start:end]),
        "on_header_end": lambda: _add(parts, 0, b"\n"),
        "on_part_data": lambda data, start, end: _add(parts, 1, data[start:end]),
    }
    parser = MultipartParser(body.boundary.encode(), callbacks)
    for chunk in body.chunks():
        parser.write(chunk)
    parser.finalize()
    return [(head.decode(), content) for head, content in parts]


def _add(parts: list[list[bytes]], position: int, data: bytes) -> None:
    parts[-1][position] += data


def test_json_keeps_every_digit():
    """Numbers travel as they are written, text as UTF-8, without blanks."""
    body = JsonBody({"amount": Decimal("0.10"), "id": 460000000026049123, "name": "Bo€"})

    assert json.loads(whole(body), parse_float=str) == {
        "amount": "0.10",
        "id": 460000000026049123,
        "name": "Bo€",
    }
    assert body.content_type == "application/json"
    assert body.size_bytes == len(whole(body))
    assert body.fields() == {"amount": Decimal("0.10"), "id": 460000000026049123, "name": "Bo€"}


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=5))
@example([("a", "b&c=d+e %00é"), ("a", "")])
def test_a_form_arrives_as_it_was_given(pairs):
    """Names and values survive, in order, with repeats."""
    body = FormBody(pairs)

    assert parse_qsl(whole(body).decode("ascii"), keep_blank_values=True, separator="&") == pairs
    assert body.size_bytes == len(whole(body))


def test_a_form_sends_its_secrets_and_shows_none():
    """A secret goes out in clear and is masked wherever the body is looked at."""
    body = FormBody([("grant_type", "refresh_token"), ("refresh_token", Secret("k7 quartz"))])

    assert whole(body) == b"grant_type=refresh_token&refresh_token=k7+quartz"
    assert body.preview(100) == "grant_type=refresh_token&refresh_token=***"
    assert body.fields() == [["grant_type", "refresh_token"], ["refresh_token", "***"]]
    assert "quartz" not in repr(body) + repr([getattr(body, name) for name in body.__slots__])


def test_half_a_character_is_refused():
    """A lone surrogate has no UTF-8."""
    for pairs in ([("a", "\ud800")], [("\ud800", "a")]):
        with pytest.raises(BodyError):
            FormBody(pairs)
        with pytest.raises(BodyError):
            MultipartBody(pairs)


def test_bytes_are_sent_as_they_are():
    """Nothing is added to bytes; what is no text is shown by its size."""
    body = BytesBody(b"\xff\0", "application/octet-stream")

    assert (whole(body), body.size_bytes) == (b"\xff\0", 2)
    assert (body.preview(10), body.fields()) == ("<2 bytes>", {"sizeBytes": 2})
    assert whole(BytesBody(b"")) == b""


def test_a_long_preview_is_shortened_between_characters():
    """A preview ends with whole characters and says how much there is."""
    assert BytesBody("ééé".encode()).preview(3) == "é… (6 bytes in all)"
    assert BytesBody(b"abc").preview(3) == "abc"


@pytest.mark.parametrize("content_type", ["text", "text/", "a/b\r\nX: y", "text/plain; é", "", "a b/c"])
def test_a_content_type_that_is_none_is_refused(content_type):
    """A media type cannot smuggle a header."""
    with pytest.raises(BodyError):
        BytesBody(b"", content_type)
    with pytest.raises(BodyError):
        MultipartBody([("file", File(b"x", content_type=content_type))])


def test_a_file_is_read_when_it_is_sent(tmp_path):
    """A path costs no memory before, and can be sent any number of times."""
    path = tmp_path / "report.PDF"
    path.write_bytes(b"x" * 600_000)
    body = FileBody(File(path))

    assert [len(chunk) for chunk in body.chunks()] == [262_144, 262_144, 75_712]
    assert whole(body) == whole(body) == path.read_bytes()
    assert body.fields() == {"fileName": "report.PDF", "contentType": "application/pdf", "sizeBytes": 600_000}
    assert body.preview(9) == "<file report.PDF, application/pdf, 600000 bytes>"


@pytest.mark.parametrize("content", [b"shorter", b"x" * 50_000], ids=["shorter", "longer"])
def test_a_file_that_changes_its_length_is_an_error(tmp_path, content):
    """The announced length must hold, or the server would wait or read on."""
    path = tmp_path / "a.bin"
    path.write_bytes(b"x" * 10_000)
    body = FileBody(File(path))
    path.write_bytes(content)

    with pytest.raises(BodyError, match="changed its length"):
        whole(body)


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    """The message has the reason, not the machine's path."""
    with pytest.raises(BodyError) as refused:
        FileBody(File(tmp_path / "missing"))

    assert "cannot be read" in refused.value.message
    assert str(tmp_path) not in refused.value.message


def test_multipart_is_read_back_part_by_part(tmp_path):
    """Texts and files arrive in order, with names, types and every byte."""
    path = tmp_path / "scan.png"
    path.write_bytes(bytes(range(256)) * 300)
    body = MultipartBody(
        [
            ("note", "líne\r\n--x"),
            ("note", ""),
            ("doc", File(b"a,b\r\n", name="Überblick.csv")),
            ("raw", File(b"\0" * 10)),
            ("scan", File(path, content_type="image/x-scan; q=1")),
        ]
    )

    assert parse(body) == [
        ('Content-Disposition: form-data; name="note"\n', "líne\r\n--x".encode()),
        ('Content-Disposition: form-data; name="note"\n', b""),
        (
            'Content-Disposition: form-data; name="doc"; filename="Überblick.csv"\nContent-Type: text/csv\n',
            b"a,b\r\n",
        ),
        (
            'Content-Disposition: form-data; name="raw"; filename="file"\nContent-Type: application/octet-stream\n',
            b"\0" * 10,
        ),
        (
            'Content-Disposition: form-data; name="scan"; filename="scan.png"\nContent-Type: image/x-scan; q=1\n',
            path.read_bytes(),
        ),
    ]
    assert body.size_bytes == len(whole(body))
    assert body.content_type == f"multipart/form-data; boundary={body.boundary}"


def test_multipart_shows_names_and_sizes_but_no_content():
    """A dry run lists the parts; a file is its name, type and length."""
    body = MultipartBody([("note", "hi"), ("doc", File(b"confidential", name="a.txt"))])

    assert body.fields() == [
        {"name": "note", "value": "hi"},
        {"name": "doc", "fileName": "a.txt", "contentType": "text/plain", "sizeBytes": 12},
    ]
    assert body.preview(1000) == "note: hi\ndoc: <file a.txt, text/plain, 12 bytes>"


def test_equal_parts_have_equal_boundaries():
    """What is in memory decides the boundary, so a dry run can be compared; files add chance."""
    assert MultipartBody([("a", "b")]).boundary == MultipartBody([("a", "b")]).boundary
    assert MultipartBody([("a", "b")]).boundary != MultipartBody([("a", "c")]).boundary
    assert MultipartBody([("a", "b")], boundary="given").boundary == "given"


def test_a_file_on_disk_cannot_guess_the_boundary(tmp_path):
    """Content that is not known yet must not be able to contain its own boundary."""
    path = tmp_path / "a"
    path.write_bytes(b"x")

    assert MultipartBody([("a", File(path))]).boundary != MultipartBody([("a", File(path))]).boundary


FILE_NAMES = [
    'a"b.txt',
    "a\r\nX-Injected: 1.txt",
    'a"; filename="b.exe',
    "../../etc/passwd",
    "..\\..\\boot.ini",
    "/etc/passwd",
    "C:\\a\\b.txt",
    "a\0.txt",
    "a\u202etxt.exe",
    "",
    ".",
    "..",
    " . ",
    "x" * 300,
    "é" * 300 + ".txt",
    "a." + "x" * 300,
    ".htaccess",
    "日本語.pdf",
    "a;b=c.txt",
    "%22.txt",
]


@pytest.mark.plan("S-87")
@pytest.mark.parametrize("name", FILE_NAMES)
def test_a_hostile_file_name_makes_one_safe_head(name):
    """Whatever a file is called, its part has two header lines and a name without folders."""
    ((head, content),) = parse(MultipartBody([(name or "file", File(b"x", name=name))]))

    assert content == b"x"
    assert head.count("\n") == 2
    found = re.search(r'filename="([^"]*)"', head)
    assert found
    assert found[1]
    assert found[1] not in (".", "..")
    assert not set(found[1]) & set("/\\\r\n\0")
    assert len(found[1].encode()) <= 230


@pytest.mark.plan("S-87")
@given(name=TEXTS, file_name=TEXTS, content=st.binary(max_size=50))
def test_no_name_breaks_out_of_its_part(name, file_name, content):
    """For any names and any content there is exactly one part, and it has that content."""
    parts = parse(MultipartBody([(name, File(content, name=file_name)), ("end", "x")]))

    assert [found for _, found in parts] == [content, b"x"]
    assert [head.count("\n") for head, _ in parts] == [2, 1]


@pytest.mark.plan("S-88")
@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("a/b/c.txt", "c.txt"),
        ("a\\b.txt", "b.txt"),
        ("a\nb.txt", "a_b.txt"),
        ("..", "file"),
        ("", "file"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
        ("é" * 150, "é" * 100),
    ],
)
def test_a_file_name_is_made_safe_and_keeps_its_extension(name, safe):
    """Folders go, control characters are replaced, length is bounded."""
    assert safe_file_name(name) == safe
