"""Request bodies: sources of known length that can be sent again, sync and async alike.

What holds a secret leaves a body sealed, and is opened in the very call that writes it:
nothing that waits has it in a name.
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote_plus

from connector_runtime.base.sealed_json import masked, sealed_json
from connector_runtime.base.values import File, Secret
from connector_runtime.errors.json_writing import dump_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# Larger pieces halve what sending a file costs; a call holds two of them.
CHUNK_BYTES = 262_144
FILE_NAME_MAX_BYTES = 200

# What goes out: bytes, or Latin-1 text that nobody may see.
Piece = bytes | Secret

_MASK = "***"
_MEDIA_TYPE = re.compile(r"[!#$&^_.+0-9A-Za-z-]+/[!#$&^_.+0-9A-Za-z-]+(?:[ ]*;[\x20-\x7e]*)?")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
# A table of our own: the machine's mime files would make requests differ between machines.
_TYPES = {
    "bmp": "image/bmp",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "eml": "message/rfc822",
    "gif": "image/gif",
    "htm": "text/html",
    "html": "text/html",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "json": "application/json",
    "pdf": "application/pdf",
    "png": "image/png",
    "ppt": "application/vnd.ms-powerpoint",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "svg": "image/svg+xml",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "txt": "text/plain",
    "webp": "image/webp",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
    "zip": "application/zip",
}


class BodyError(ValueError):
    """A body cannot be built or read; `message` and `hint` say why, in plain words."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Body(Protocol):
    """What can be sent: every call of `chunks` starts anew."""

    @property
    def content_type(self) -> str | None:
        """Return the Content-Type header's value, or None for no header."""

    @property
    def size_bytes(self) -> int:
        """Return the exact number of bytes that `chunks` yields."""

    @property
    def is_on_disk(self) -> bool:
        """Return whether `chunks` reads files, and so may wait for a disk."""

    def chunks(self) -> Iterator[Piece]:
        """Yield the bytes in pieces of at most `CHUNK_BYTES` when they come from a file."""

    def preview(self, limit_bytes: int) -> str:
        """Return the beginning as text for a person; file contents and secrets are left out."""

    def fields(self) -> Any:
        """Return the content as JSON-like data for a dry run, without file contents and secrets."""


class BytesBody:
    """Bytes in memory."""

    __slots__ = ("_content", "content_type", "size_bytes")

    is_on_disk = False

    def __init__(self, content: bytes, content_type: str | None = None) -> None:
        self._content = content
        self.content_type = None if content_type is None else _media_type(content_type)
        self.size_bytes = len(content)

    def chunks(self) -> Iterator[bytes]:
        """Yield the content in one piece."""
        if self._content:
            yield self._content

    def preview(self, limit_bytes: int) -> str:
        """Return the content as text, or its size when it is not UTF-8."""
        if self._text() is None:
            return f"<{self.size_bytes} bytes>"
        return _shortened(self._content, limit_bytes)

    def fields(self) -> Any:
        """Return the text, or the size when it is not UTF-8."""
        text = self._text()
        return {"sizeBytes": self.size_bytes} if text is None else text

    def _text(self) -> str | None:
        try:
            return self._content.decode()
        except UnicodeDecodeError:
            return None


class JsonBody(BytesBody):
    """A value as JSON, digits of numbers kept; secrets in it stay out of views."""

    __slots__ = ("_sealed", "_value")

    def __init__(self, value: Any) -> None:
        self._sealed: Secret | None = None
        try:
            text = dump_json(value)
        except ValueError:
            # What holds a secret is no JSON value. Few bodies do, so only these are looked through.
            self._sealed, value = sealed_json(value), masked(value, _MASK)
            text = dump_json(value)
        super().__init__(text.encode())
        if self._sealed is not None:
            self.size_bytes = size_of(self._sealed)
        self.content_type = "application/json"
        self._value = value

    def chunks(self) -> Iterator[Any]:
        """Yield the content in one piece, sealed where a secret is in it."""
        if self._sealed is not None:
            yield self._sealed
        else:
            yield from super().chunks()

    def fields(self) -> Any:
        """Return the value itself, with secrets replaced."""
        return self._value


class FormBody:
    """Names and values as a web form sends them; secret values stay out of views."""

    __slots__ = ("_content", "_pairs", "size_bytes")

    content_type = "application/x-www-form-urlencoded"
    is_on_disk = False

    def __init__(self, pairs: Iterable[tuple[str, str | Secret]]) -> None:
        self._pairs = tuple(pairs)
        self._content = Secret(_form(self._pairs, reveal=True))
        self.size_bytes = size_of(self._content)

    def chunks(self) -> Iterator[Piece]:
        """Yield the form in one piece, sealed."""
        if self.size_bytes:
            yield self._content

    def preview(self, limit_bytes: int) -> str:
        """Return the form with secrets replaced."""
        return _shortened(_form(self._pairs, reveal=False).encode("ascii"), limit_bytes)

    def fields(self) -> Any:
        """Return `[name, value]` lists with secrets replaced."""
        return [[name, _MASK if isinstance(value, Secret) else value] for name, value in self._pairs]


class FileBody:
    """A whole file, or bytes, as the body."""

    __slots__ = ("_file", "content_type", "size_bytes")

    def __init__(self, file: File) -> None:
        self._file = file
        self.content_type = _type_of(file)
        self.size_bytes = _size(file)

    @property
    def is_on_disk(self) -> bool:
        """Return whether the content lies in a file."""
        return not isinstance(self._file.source, bytes)

    def chunks(self) -> Iterator[bytes]:
        """Yield the file's bytes; one that changed its length is a `BodyError`."""
        return _read(self._file.source, self.size_bytes)

    def preview(self, limit_bytes: int) -> str:  # noqa: ARG002  nothing of the content is shown
        """Return name, type and size."""
        return f"<file {_name_of(self._file)}, {self.content_type}, {self.size_bytes} bytes>"

    def fields(self) -> Any:
        """Return name, type and size."""
        return _described(self._file, self.size_bytes)


class MultipartBody:
    """Texts and files as multipart/form-data.

    The boundary follows from the content, so equal parts make equal bodies; files on
    disk add randomness, since their content is not known yet and must not guess it.
    """

    __slots__ = ("_parts", "_pieces", "boundary", "size_bytes")

    def __init__(self, parts: Iterable[tuple[str, str | File]], *, boundary: str | None = None) -> None:
        self._parts = tuple(parts)
        self.boundary = boundary or _boundary(self._parts)
        self._pieces = tuple(self._layout())
        self.size_bytes = sum(size for _, size in self._pieces)

    @property
    def content_type(self) -> str:
        """Return the media type with its boundary."""
        return f"multipart/form-data; boundary={self.boundary}"

    @property
    def is_on_disk(self) -> bool:
        """Return whether a part lies in a file."""
        return any(not isinstance(source, bytes) for source, _ in self._pieces)

    def chunks(self) -> Iterator[bytes]:
        """Yield heads and contents; a file that changed its length is a `BodyError`."""
        for source, size_bytes in self._pieces:
            yield from _read(source, size_bytes)

    def preview(self, limit_bytes: int) -> str:
        """Return one line a part, files by name, type and size."""
        lines = [
            f"{name}: {FileBody(value).preview(0) if isinstance(value, File) else value}"
            for name, value in self._parts
        ]
        return _shortened("\n".join(lines).encode("utf-8", "replace"), limit_bytes)

    def fields(self) -> Any:
        """Return one map a part: `name` with `value`, or with name, type and size of the file."""
        return [
            {"name": name, **_described(value, _size(value))}
            if isinstance(value, File)
            else {"name": name, "value": value}
            for name, value in self._parts
        ]

    def _layout(self) -> Iterator[tuple[bytes | Path, int]]:
        for name, value in self._parts:
            head = f"--{self.boundary}\r\n{_part_head(name, value)}\r\n\r\n".encode()
            yield head, len(head)
            if isinstance(value, File):
                yield value.source, _size(value)
            else:
                content = _utf8(value)
                yield content, len(content)
            yield b"\r\n", 2
        tail = f"--{self.boundary}--\r\n".encode()
        yield tail, len(tail)


def opened(piece: Piece, start: int = 0, end: int | None = None) -> bytes:
    """Return the bytes of a piece; called only within what writes them, so that no name holds them."""
    return piece.reveal()[start:end].encode("latin-1") if isinstance(piece, Secret) else piece[start:end]


def size_of(piece: Piece) -> int:
    """Return how many bytes a piece has."""
    return len(piece.reveal()) if isinstance(piece, Secret) else len(piece)


def safe_file_name(name: str) -> str:
    """Return a file name without folders and control characters, at most 200 bytes long."""
    name = re.split(r"[/\\]", name)[-1]
    name = "".join(char if char.isprintable() else "_" for char in name).strip(" .") or "file"
    stem, dot, suffix = name.rpartition(".")
    suffix = dot + suffix if stem and len(suffix.encode()) <= 20 else ""
    stem = name.removesuffix(suffix) if suffix else name
    return stem.encode()[: FILE_NAME_MAX_BYTES - len(suffix.encode())].decode(errors="ignore") + suffix


def _part_head(name: str, value: str | File) -> str:
    head = f'Content-Disposition: form-data; name="{_quoted(name)}"'
    if isinstance(value, File):
        head += f'; filename="{_quoted(_name_of(value))}"\r\nContent-Type: {_type_of(value)}'
    return head


def _quoted(text: str) -> str:
    """Escape as browsers do, so that no name ends its header early."""
    _utf8(text)
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A").replace("\0", "%00")


def _name_of(file: File) -> str:
    if file.name is not None:
        return safe_file_name(file.name)
    return "file" if isinstance(file.source, bytes) else safe_file_name(file.source.name)


def _type_of(file: File) -> str:
    if file.content_type is not None:
        return _media_type(file.content_type)
    suffix = _name_of(file).rpartition(".")[2].lower()
    return _TYPES.get(suffix, "application/octet-stream")


def _media_type(text: str) -> str:
    if not _MEDIA_TYPE.fullmatch(text):
        raise BodyError("the content type is not of the form type/subtype", "for example text/plain")
    return text


def _size(file: File) -> int:
    try:
        return file.size_bytes
    except OSError as error:
        raise BodyError(f"the file cannot be read: {error.strerror}") from None


def _described(file: File, size_bytes: int) -> dict[str, Any]:
    return {"fileName": _name_of(file), "contentType": _type_of(file), "sizeBytes": size_bytes}


def _read(source: bytes | Path, size_bytes: int) -> Iterator[bytes]:
    """Yield exactly `size_bytes`; anything else would make the server wait or misread."""
    if isinstance(source, bytes):
        if source:
            yield source
        return
    left = size_bytes
    try:
        with source.open("rb") as stream:
            while piece := stream.read(CHUNK_BYTES):
                left -= len(piece)
                if left < 0:
                    break
                yield piece
    except OSError as error:
        raise BodyError(f"the file cannot be read: {error.strerror}") from None
    if left:
        raise BodyError("the file changed its length while it was sent", "send it again")


def _boundary(parts: tuple[tuple[str, str | File], ...]) -> str:
    digest = hashlib.sha256()
    for name, value in parts:
        source = value.source if isinstance(value, File) else _utf8(value)
        content = source if isinstance(source, bytes) else os.urandom(16)
        digest.update(b"%d:" % len(content) + _utf8(name) + b"\0")
        digest.update(content)
    return digest.hexdigest()[:32]


def _form(pairs: tuple[tuple[str, str | Secret], ...], *, reveal: bool) -> str:
    def text(value: str | Secret) -> str:
        if isinstance(value, Secret):
            return quote_plus(_utf8(value.reveal())) if reveal else _MASK
        return quote_plus(_utf8(value))

    return "&".join([f"{quote_plus(_utf8(name))}={text(value)}" for name, value in pairs])


def _utf8(text: str) -> bytes:
    if _SURROGATE.search(text):
        raise BodyError("a text has half a character (a lone surrogate)")
    return text.encode()


def _shortened(content: bytes, limit_bytes: int) -> str:
    if len(content) <= limit_bytes:
        return content.decode()
    kept = content[:limit_bytes].decode(errors="ignore")
    return f"{kept}… ({len(content)} bytes in all)"
