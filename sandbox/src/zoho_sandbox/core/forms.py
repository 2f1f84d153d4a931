"""Form bodies: urlencoded and multipart, read whole from memory."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl


@dataclass(slots=True)
class UploadedFile:
    """One file part; ``content_type`` is empty when the part names none."""

    name: str
    filename: str
    content_type: str
    data: bytes


@dataclass(slots=True)
class FormData:
    """The parts of a form body, in the order sent."""

    fields: list[tuple[str, str]] = field(default_factory=list)
    files: list[UploadedFile] = field(default_factory=list)

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the first field of this name."""
        return next((value for key, value in self.fields if key == name), default)


def parse_form(content_type: str, body: bytes) -> FormData:
    """Return the form in ``body``; a body of any other type is an empty form.

    Raises:
        ValueError: a multipart body without boundary or with a broken part.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        text = body.decode("utf-8", "replace")
        return FormData(parse_qsl(text, keep_blank_values=True))
    if kind == "multipart/form-data":
        return _parse_multipart(content_type, body)
    return FormData()


def _parse_multipart(content_type: str, body: bytes) -> FormData:
    boundary = _parameters(content_type).get("boundary")
    if not boundary:
        raise ValueError("multipart body without boundary")
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary.encode())
    form = FormData()
    closed = False
    for piece in pieces[1:]:
        if piece.startswith(b"--"):
            closed = True
            break
        _add_part(form, piece)
    if not closed:
        raise ValueError("multipart body ends before its closing boundary")
    return form


def _add_part(form: FormData, piece: bytes) -> None:
    head, separator, content = piece.lstrip(b" \t").removeprefix(b"\r\n").partition(b"\r\n\r\n")
    if not separator:
        raise ValueError("multipart part without header end")
    headers = _part_headers(head)
    disposition = _parameters(headers.get("content-disposition", ""))
    name = disposition.get("name", "")
    if "filename" not in disposition:
        form.fields.append((name, content.decode("utf-8", "replace")))
        return
    filename = disposition["filename"]
    form.files.append(UploadedFile(name, filename, headers.get("content-type", ""), content))


def _part_headers(head: bytes) -> dict[str, str]:
    headers = {}
    for line in head.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return headers


_PARAMETER = re.compile(r';\s*([\w*!#$&+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))')


def _parameters(value: str) -> dict[str, str]:
    """Return the ``; name=value`` parameters of a header, quotes removed."""
    found = {}
    for name, quoted, plain in _PARAMETER.findall(value):
        # Browsers and httpx write a quote as %22; a backslash stays as it is,
        # except before a quote or another backslash (RFC 9110, quoted-string).
        text = re.sub(r'\\(["\\])', r"\1", quoted) if quoted else plain.strip()
        found[name.lower()] = text
    return found
