"""Files as inputs: text, bytes, base64, or a path from someone who may name one."""

from __future__ import annotations

import base64
import binascii
import re
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from connector_runtime.base.values import File
from connector_runtime.inputs.keyvalues import Pairs, read_pairs
from connector_runtime.inputs.refusals import Refusal, did_you_mean, is_broken_text, plain_kind_of, shown

_SOURCES = ("data", "base64", "path")
FILE_MEMBERS = (*_SOURCES, "contentType", "name")
MEDIA_TYPE = "[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+( *;[ -~]*)?"
FILE_HINT = (
    'Enter the text of the file, or {"data": "…", "contentType": "…"}, '
    'or {"base64": "…"} for content that is not text.'
)


def read_file(value: Any, *, trust_paths: bool) -> File:
    """Return a file.

    Args:
        value: Its text; bytes; `{data, contentType, name}`; `{base64: …}`; or, where
            trusted, `{path: …}` or a `Path`.
        trust_paths: Whether the value comes from someone who may read this machine's files.

    Raises:
        Refusal: None of these, not base64, no such file, or a path that is not trusted.
    """
    if isinstance(value, str):
        return File(_encoded(value))
    if isinstance(value, bytes | bytearray | memoryview):
        return File(bytes(value))
    if isinstance(value, File):
        if isinstance(value.source, Path):
            found = _at_path(value.source, trust_paths=trust_paths)
            return replace(value, seen_bytes=found.seen_bytes)
        return value
    if isinstance(value, Path):
        return _at_path(value, trust_paths=trust_paths)
    if isinstance(value, Mapping):
        return _described(value, trust_paths=trust_paths)
    raise Refusal(f"{plain_kind_of(value)} is not a file.", FILE_HINT)


def read_files(value: Any, *, trust_paths: bool) -> Pairs:
    """Return files by key; a key may stand several times, and names a file that has no name.

    Raises:
        Refusal: Not a key/value list, or a value that is no file.
    """
    if isinstance(value, File | Path | bytes | bytearray) or _is_one_file(value):
        raise Refusal(
            "this is one file without a name.",
            'Give it one: {"report.pdf": {"base64": "…"}} or [{"key": "report.pdf", "value": …}].',
        )
    found = read_pairs(value, lambda content: read_file(content, trust_paths=trust_paths))
    return Pairs([(key, replace(file, name=file.name or _file_name(key))) for key, file in found.pairs])


def is_accepted(file: File, accepts: tuple[str, ...]) -> bool:
    """Return whether a file is of an accepted media type or extension; unknown passes."""
    name = file.name or (file.source.name if isinstance(file.source, Path) else "")
    media_type = (file.content_type or "").partition(";")[0].strip().lower()
    known = False
    for accepted in accepts:
        wanted = accepted.lower()
        if "/" not in wanted:
            known = known or bool(name)
            if name.lower().endswith(f".{wanted.removeprefix('.')}"):
                return True
        elif media_type:
            known = True
            if wanted in ("*/*", media_type) or (
                wanted.endswith("/*") and media_type.startswith(wanted.removesuffix("*"))
            ):
                return True
    return not known


def _described(value: Mapping[Any, Any], *, trust_paths: bool) -> File:
    for member in value:
        if member not in FILE_MEMBERS:
            raise Refusal(
                f"a file has no {shown(member)}.", f"{did_you_mean(str(member), FILE_MEMBERS)}{FILE_HINT}"
            )
    sources = [member for member in _SOURCES if member in value]
    if len(sources) != 1:
        raise Refusal(f"a file has exactly one of data, base64 and path, not {len(sources)}.", FILE_HINT)
    content_type = _content_type(value.get("contentType"))
    name = _file_name(value.get("name"))
    content = value[sources[0]]
    if sources[0] == "path":
        if not isinstance(content, str | Path) or not str(content):
            raise Refusal("the path of a file is a text.", "Enter where the file lies.")
        found = _at_path(Path(content), trust_paths=trust_paths)
        return replace(found, content_type=content_type, name=name or found.name)
    if sources[0] == "base64":
        return File(_from_base64(content), content_type, name)
    if isinstance(content, str):
        return File(_encoded(content), content_type, name)
    if isinstance(content, bytes | bytearray | memoryview):
        return File(bytes(content), content_type, name)
    raise Refusal(f"the data of a file is {plain_kind_of(content)}, neither text nor bytes.", FILE_HINT)


def _at_path(path: Path, *, trust_paths: bool) -> File:
    if not trust_paths:
        raise Refusal(
            "a path is only taken from the command line or from Python.",
            "Send the file's text, or its content as base64.",
        )
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        words = "does not exist"
    except OSError:
        words = "cannot be looked at"
    else:
        if stat.S_ISREG(found.st_mode):
            return File(path, None, path.name, found.st_size)
        words = "is a folder" if stat.S_ISDIR(found.st_mode) else "does not exist"
    raise Refusal(f"the file {shown(str(path))} {words}.", "Check the path.")


def _from_base64(content: Any) -> bytes:
    if not isinstance(content, str):
        raise Refusal(f"base64 is a text, not {plain_kind_of(content)}.", FILE_HINT)
    if content.startswith("data:"):
        raise Refusal(
            "the base64 text starts with a data address.", "Remove everything up to and with the comma."
        )
    packed = re.sub(r"[ \t\r\n]+", "", content)
    try:
        return base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        pass
    hint = "Copy it again, complete."
    if "-" in packed or "_" in packed:
        hint = "Use the plain alphabet of base64, with + and / instead of - and _."
    raise Refusal("this is not base64.", hint)


def _encoded(text: str) -> bytes:
    if is_broken_text(text):
        raise Refusal("the text of the file holds half a character.", "Send its content as base64.")
    return text.encode()


def _content_type(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str) and re.fullmatch(MEDIA_TYPE, value):
        return value
    raise Refusal(
        f"the contentType {shown(value)} is no media type.", "Enter one such as application/pdf, or none."
    )


def _file_name(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Refusal(
            f"the name of a file is a text, not {plain_kind_of(value)}.", "Enter one such as report.pdf."
        )
    # Folders are the sender's business: only the last part of either spelling travels.
    return PureWindowsPath(PurePosixPath(value).name).name or None


def _is_one_file(value: Any) -> bool:
    if not isinstance(value, Mapping) or not value.keys() <= set(FILE_MEMBERS):
        return False
    return "base64" in value or "path" in value or {"data", "contentType"} <= value.keys()
