"""Files that nobody else may read: made so, and refused when they are not."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from connector_runtime.errors import StoreError

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def make_private(path: Path, content: bytes = b"") -> bool:
    """Make a file that only its owner may read; False when there is one already.

    It appears with its whole content at once, so that whoever finds it can use it.

    Raises:
        StoreError: It cannot be made.
    """
    # Where there is one, nothing is written: its file system may be for reading only.
    if os.path.lexists(path):
        return False
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = _draft(path, content)
        try:
            os.link(draft, path)
        finally:
            draft.unlink()
    except FileExistsError:
        return False
    except OSError as problem:
        raise StoreError(f"The file {path} cannot be made: {problem.strerror}.") from None
    return True


def check_private(path: Path) -> None:
    """Refuse a file that others could read, change or exchange.

    Raises:
        StoreError: It is a link, no file, another user's, or open to others.
    """
    try:
        found, folder = path.lstat(), path.absolute().parent.stat()
    except OSError as problem:
        raise StoreError(f"The file {path} cannot be used: {problem.strerror}.") from None
    if stat.S_ISLNK(found.st_mode):
        raise StoreError(f"The file {path} is a link.", hint="Give the file itself.")
    if not stat.S_ISREG(found.st_mode):
        raise StoreError(f"{path} is no file.")
    if os.name == "nt":
        return  # access lists of the user's own folders say who may read there
    if found.st_uid != os.geteuid():
        raise StoreError(f"The file {path} belongs to another user.")
    if found.st_mode & _OTHERS:
        raise StoreError(f"Others may read the file {path}.", hint=f"Run: chmod 600 {path}")
    if folder.st_mode & _OTHERS_WRITE and not folder.st_mode & stat.S_ISVTX:
        raise StoreError(
            f"Others may exchange files in the folder of {path}.", hint=f"Run: chmod go-w {path.parent}"
        )


def replace_private(path: Path, content: bytes) -> None:
    """Replace a private file's content, whole or not at all.

    Raises:
        StoreError: It cannot be written.
    """
    try:
        _draft(path, content).replace(path)
    except OSError as problem:
        raise StoreError(f"The file {path} cannot be written: {problem.strerror}.") from None


def _draft(path: Path, content: bytes) -> Path:
    """Write a private file beside another, all the way to the disk."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)
