"""Files: text, bytes, base64, and paths only from those who may name one."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_runtime.base.values import File
from connector_runtime.errors import InputError
from connector_runtime.inputs.filevalues import is_accepted, read_file, read_files
from connector_runtime.inputs.inputs import build_inputs, take
from connector_runtime.inputs.refusals import Refusal


def refusal(value, read=read_file, *, trust_paths=True):
    with pytest.raises(Refusal) as caught:
        read(value, trust_paths=trust_paths)
    return f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("Grüße", File("Grüße".encode())),
        ("/etc/passwd", File(b"/etc/passwd")),
        ('{"base64": "AAAA"}', File(b'{"base64": "AAAA"}')),
        (b"\x00\xff", File(b"\x00\xff")),
        (bytearray(b"x"), File(b"x")),
        (File(b"x", "image/png", "a.png"), File(b"x", "image/png", "a.png")),
        ({"data": "x"}, File(b"x")),
        ({"data": ""}, File(b"")),
        ({"data": b"\xff", "contentType": "application/pdf"}, File(b"\xff", "application/pdf")),
        ({"base64": "/+8=\n", "name": "a.bin"}, File(b"\xff\xef", None, "a.bin")),
        ({"data": "x", "name": "../../up/a.txt"}, File(b"x", None, "a.txt")),
        ({"data": "x", "name": "C:\\Users\\me\\a.txt"}, File(b"x", None, "a.txt")),
        (
            {"data": "x", "contentType": "text/csv; charset=utf-8", "name": ""},
            File(b"x", "text/csv; charset=utf-8"),
        ),
    ],
)
def test_a_file_is_its_text_its_bytes_or_its_base64(value, meant):
    """A plain text is the file's text, whatever it looks like."""
    assert read_file(value, trust_paths=False) == meant


def test_a_path_is_read_where_it_is_trusted(tmp_path):
    """From the command line or Python a path names a file, which keeps its name."""
    path = tmp_path / "report.pdf"
    path.write_bytes(b"%PDF")

    found = read_file({"path": str(path), "contentType": "application/pdf"}, trust_paths=True)

    assert found == File(path, "application/pdf", "report.pdf")
    assert read_file(path, trust_paths=True) == File(path, None, "report.pdf")
    assert read_file({"path": path, "name": "other.pdf"}, trust_paths=True).name == "other.pdf"


def test_a_path_from_a_platform_is_refused(tmp_path):
    """Nobody reads this machine's files through an input, not even to learn whether they exist."""
    there = tmp_path / "secret.txt"
    there.write_text("x")

    for value in ({"path": str(there)}, {"path": "/no/such/file"}, there, File(there)):
        words = refusal(value, trust_paths=False)
        assert "a path is only taken from the command line or from Python." in words
        assert "secret" not in words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"path": "/no/such/file"}, 'the file "/no/such/file" does not exist. Check the path.'),
        ({"path": "/"}, 'the file "/" is a folder.'),
        ({"path": "a\x00b"}, "does not exist"),
        ({"path": "a" * 5000}, "cannot be looked at. Check the path."),
        ({"path": ""}, "the path of a file is a text."),
        ({"base64": "?"}, "this is not base64. Copy it again, complete."),
        ({"base64": "a-_b"}, "with + and / instead of - and _"),
        ({"base64": "data:text/plain;base64,AAAA"}, "Remove everything up to and with the comma."),
        ({"base64": b"AAAA"}, "base64 is a text"),
        ({"data": 5}, "the data of a file is a number, neither text nor bytes."),
        ({"data": "x", "base64": "AAAA"}, "exactly one of data, base64 and path, not 2."),
        ({"contentType": "text/plain"}, "exactly one of data, base64 and path, not 0."),
        ({"data": "x", "contenttype": "a/b"}, 'a file has no "contenttype". Did you mean `contentType`?'),
        ({"data": "x", "contentType": "pdf"}, 'the contentType "pdf" is no media type.'),
        ({"data": "x", "contentType": "a/b\r\nX: y"}, "is no media type."),
        ({"data": "x", "name": 5}, "the name of a file is a text"),
        (["x"], "a list is not a file."),
        (None, "null is not a file."),
        ("\ud800", "holds half a character."),
    ],
)
def test_what_is_no_file_is_refused_in_plain_words(value, words):
    """The message says which part is wrong and what to send."""
    assert words in refusal(value)


@given(st.binary())
def test_base64_comes_back_byte_for_byte(content):
    """Content that is not text survives."""
    packed = base64.b64encode(content).decode()

    assert read_file({"base64": packed}, trust_paths=False).source == content


def test_several_files_are_a_key_value_list_of_files():
    """Every shape of key/value list works, keys may repeat, and a key names its file."""
    given = [
        {"key": "a.txt", "value": "text"},
        {"key": "a.txt", "value": {"base64": "/w==", "name": "b.bin"}},
    ]

    found = read_files(given, trust_paths=False)

    assert found.pairs == (("a.txt", File(b"text", None, "a.txt")), ("a.txt", File(b"\xff", None, "b.bin")))
    page = '[{key: "example.txt", value: "My File Contents"}]'
    assert read_files(page, trust_paths=False) == {
        "example.txt": File(b"My File Contents", None, "example.txt")
    }


@pytest.mark.parametrize(
    "value", [{"base64": "AAAA"}, {"path": "/tmp/x"}, {"data": "x", "contentType": "a/b"}, b"x", File(b"x")]
)
def test_one_file_where_several_are_expected_needs_a_name(value):
    """A form part without a name cannot be sent."""
    assert "this is one file without a name." in refusal(value, read_files, trust_paths=False)


def test_a_wrong_file_among_several_is_named():
    """The message has the key of the file."""
    assert 'the value of "b": a number is not a file.' in refusal({"a": "x", "b": 5}, read_files)


@pytest.mark.parametrize(
    ("file", "accepts", "accepted"),
    [
        (File(b"", "image/png"), ("image/*",), True),
        (File(b"", "application/pdf; a=b"), ("image/*", "application/pdf"), True),
        (File(b"", "text/plain"), ("image/*",), False),
        (File(b"", None, "A.PDF"), (".pdf",), True),
        (File(b"", None, "a.txt"), ("pdf",), False),
        (File(b"", "text/plain", "a.pdf"), ("image/*", ".pdf"), True),
        (File(Path("a.pdf")), (".pdf",), True),
        (File(b""), (".pdf", "image/*"), True),
    ],
)
def test_only_accepted_sorts_of_files_are_taken(file, accepts, accepted):
    """Media type or ending decide; a file of which neither is known is let through."""
    assert is_accepted(file, accepts) is accepted


def test_an_input_refuses_a_sort_of_file_it_does_not_accept():
    """`accepts` judges one file and each of several."""
    definitions = {
        "one": {"type": "file", "label": "Picture", "accepts": ["image/*"]},
        "many": {"type": "files", "label": "Pictures", "accepts": [".png"]},
    }
    inputs = build_inputs(definitions, {})

    def taken(**given):
        return take(inputs, given, connection={}, tables={}, schemas=None, trust_paths=False)

    assert taken(one={"data": "x", "contentType": "image/png"}, many={"a.png": "x"})
    with pytest.raises(InputError, match=r"Picture: this sort of file is not taken\. \(Send image/\*\.\)"):
        taken(one={"data": "x", "contentType": "text/plain"})
    with pytest.raises(InputError, match=r'Pictures: this sort of file is not taken: "a.txt"'):
        taken(many={"a.txt": "x"})
