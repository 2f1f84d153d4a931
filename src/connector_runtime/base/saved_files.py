"""The draft of a file that a reply is saved to: private until the whole takes the file's place.

It lies beside its target, so that one system call exchanges the two. A process that is killed
leaves its draft behind; the next save in the folder sweeps it. One that could not take its
target's place is kept under a name that nothing sweeps.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

# Written to since then, a draft may still be somebody's.
SWEPT_AFTER_S = 6 * 3600.0
_PRIVATE = 0o600
# Where Linux tells what is mounted where; the place is the fifth word of a line.
_MOUNTS = Path("/proc/self/mountinfo")
_NAME = re.compile(r"\.connector-[0-9a-f]{16}\.part")


class DraftError(Exception):
    """A file cannot be written.

    Attributes:
        message: Why, in plain words.
        kept: Where its content lies instead, or None.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.message = f"The reply cannot be saved: {reason}."
        self.kept: Path | None = None


class FileDraft:
    """One file in the making. Every method but `restart` may wait for the disk; any thread may call it.

    All raise `DraftError`, except `discard`. A thread that still waits for the disk when its
    reply is given up writes nothing any more: another turn has begun, or everything is over.

    Args:
        target: The file that it is to become. A link by that name is replaced, not followed.
        judged_bytes: So much is read back, to be judged before the file is touched.
    """

    def __init__(self, target: Path, judged_bytes: int) -> None:
        self.target = target
        self.judged_bytes = judged_bytes
        self._lock = threading.Lock()
        self._path = target.parent / _new_name()
        self._file: IO[bytes] | None = None
        self._is_over = False
        self._turn = self._written_turn = self._whole_turn = 0

    @property
    def is_whole(self) -> bool:
        """Whether the latest reply was written to its end."""
        return self._turn > 0 and self._whole_turn == self._turn

    def open(self) -> None:
        """Prove folder and name by doing what they are for: nothing is sent before."""
        try:
            with self._lock:
                _refuse_what_is_no_file(self.target)
                _refuse_what_stays(self.target)
                if not self._is_over:
                    self._file = open(self._path, "xb+", buffering=0, opener=_privately)  # noqa: SIM115
            sweep(self.target.parent)
        except ValueError:
            raise DraftError("the name has a character that no name may have") from None
        except OSError as error:
            raise DraftError(_words(error)) from None

    def restart(self) -> int:
        """Return the turn of a reply that comes now; what was written before is forgotten."""
        self._turn += 1
        return self._turn

    def write(self, piece: bytes, turn: int) -> None:
        """Add a piece of the reply that has the turn."""
        with self._lock:
            view = memoryview(piece)
            try:
                file = self._emptied(turn)
                while view:
                    view = view[file.write(view) :]
            except OSError as error:
                raise DraftError(_words(error)) from None

    def finish(self, turn: int) -> bytes:
        """Say that the reply is whole; returns its content where that is to be judged, else nothing."""
        with self._lock:
            try:
                file = self._emptied(turn)
                size_bytes = file.tell()
                content = b""
                if size_bytes <= self.judged_bytes:
                    file.seek(0)
                    content = file.read()
            except OSError as error:
                raise DraftError(_words(error)) from None
            self._whole_turn = turn
        return content

    def place(self) -> None:
        """Put the draft in its target's place, with mode and owner of the file that was there."""
        with self._lock:
            try:
                self._emptied(self._whole_turn).close()
                _dress(self._path, self.target)
                os.replace(self._path, self.target)  # noqa: PTH105  one system call, atomic
            except OSError as error:
                raise DraftError(_words(error)) from None
            self._is_over = True

    def keep(self) -> Path | None:
        """Leave a whole reply that could not be placed under a name of its own; returns it if it is there."""
        with self._lock:
            self._is_over = True
            if self._file is not None:
                with suppress(OSError):
                    self._file.close()
            kept = self._path.with_name(self._path.name.removeprefix(".").removesuffix(".part") + ".kept")
            try:
                self._path.rename(kept)
            except OSError:
                return self._path if os.path.exists(self._path) else None  # noqa: PTH110  never raises
            return kept

    def discard(self) -> None:
        """Leave nothing behind; harmless after `place` and `keep`."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                if not self._is_over:
                    with suppress(OSError):
                        self._path.unlink()
            self._is_over = True

    def _emptied(self, turn: int) -> IO[bytes]:
        """Return the file without what an earlier turn has written."""
        if self._file is None or self._is_over or turn != self._turn:
            raise DraftError("it was given up")
        if self._written_turn != turn:
            # Not the first time: file systems hurry to write what was truncated once, and closing would wait.
            if self._written_turn:
                self._file.seek(0)
                self._file.truncate()
            self._written_turn = turn
        return self._file


def sweep(folder: Path) -> None:
    """Remove the drafts of processes that were killed long ago."""
    old = time.time() - SWEPT_AFTER_S
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _NAME.fullmatch(entry.name):
                with suppress(OSError):
                    found = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(found.st_mode) and found.st_mtime < old:
                        os.unlink(entry.path)  # noqa: PTH108


def _new_name() -> str:
    return f".connector-{os.urandom(8).hex()}.part"


def _privately(path: str, flags: int) -> int:
    return os.open(path, flags, _PRIVATE)


def _refuse_what_is_no_file(target: Path) -> None:
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        raise DraftError("there is a folder of that name")
    if not stat.S_ISREG(mode):
        raise DraftError("what has that name is no file")


def _refuse_what_stays(target: Path) -> None:
    """Refuse a file that may be written to and yet cannot be replaced.

    To try it would be to do it, so this goes by what can be seen; what cannot, `place` meets.
    """
    try:
        found = target.lstat()
    except FileNotFoundError:
        return
    folder = target.parent.stat()
    if folder.st_mode & stat.S_ISVTX and os.name == "posix":
        user = os.geteuid()
        if user not in (0, folder.st_uid, found.st_uid):
            raise DraftError("the file is another user's, and in this folder only its owner may replace it")
    if stat.S_ISREG(found.st_mode):
        if _is_mounted(target):
            raise DraftError("the file is mounted there by itself and cannot be replaced")
        _refuse_what_is_fixed(target)


def _refuse_what_is_fixed(target: Path) -> None:
    """Refuse a file marked as not to be changed; one that is only read-only may be replaced."""
    # Nothing is written: a marked file is refused when it is opened, before its mode is looked at.
    flags = os.O_WRONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
    try:
        os.close(os.open(target, flags))
    except OSError as error:
        if error.errno in (errno.EPERM, errno.EROFS):
            raise DraftError(_words(error)) from None


def _is_mounted(target: Path) -> bool:
    """Return whether another file is mounted over this one, where the system says so."""
    try:
        mounts = _MOUNTS.read_bytes()
    except OSError:
        return False
    name = os.fsencode(target.parent.resolve() / target.name)
    for special in b"\\ \t\n":
        name = name.replace(bytes([special]), b"\\%03o" % special)
    return any(line.split(b" ", 5)[4:5] == [name] for line in mounts.splitlines())


def _dress(path: Path, target: Path) -> None:
    """Give a draft the mode that its target has or, being new, would have."""
    try:
        before = target.lstat()
    except FileNotFoundError:
        before = None
    if before is None or not stat.S_ISREG(before.st_mode):
        path.chmod(_usual_mode(path.parent))
        return
    if hasattr(os, "chown"):
        # Only an administrator may give a file away; its group can be kept more often.
        with suppress(OSError):
            os.chown(path, -1, before.st_gid)
        with suppress(OSError):
            os.chown(path, before.st_uid, -1)
    path.chmod(stat.S_IMODE(before.st_mode))


def _usual_mode(folder: Path) -> int:
    """Return the mode of a new file, as an empty one has it: whoever asks for the mask changes it."""
    probe = folder / _new_name()
    handle = os.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    try:
        return stat.S_IMODE(os.fstat(handle).st_mode)
    finally:
        os.close(handle)
        probe.unlink()


def _words(error: OSError) -> str:
    return (error.strerror or "the disk refuses").lower()
