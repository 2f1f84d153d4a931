"""Keys that seal what a store keeps: where they come from, and how they are changed.

Sealing is Fernet (AES-128-CBC and HMAC-SHA256) of the package `cryptography`: what was
changed by one bit is not opened. The first key seals, every key opens; so a new key is put
in front, the store is sealed anew, and the old key can go. Other processes go on meanwhile:
keys are read again from where they came as soon as they are others there.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import re
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector_runtime.base.values import Secret
from connector_runtime.errors import StoreError
from connector_runtime.language.documents.document import dump_json
from connector_runtime.stores.files import check_private, make_private, replace_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")
_EXTRA = "Install the extra `store`."
# A backend of the keyring that stores in clear, or nowhere, says so by a low priority.
_TRUSTED_PRIORITY = 1


class Keys:
    """One or more keys, the newest first.

    Args:
        keys: 32 random bytes each, in URL-safe base64.

    Raises:
        StoreError: There is none, or one is no key, or `cryptography` is not installed.
    """

    def __init__(self, keys: Iterable[Secret | str]) -> None:
        self._again: Callable[[], list[str]] | None = None
        self._file: Path | None = None
        self._seen: tuple[int, ...] | None = None
        self._use(keys)

    def _use(self, keys: Iterable[Secret | str]) -> None:
        found = [key if isinstance(key, Secret) else Secret(key) for key in keys]
        if not found:
            raise StoreError("There is no key to open the store with.")
        if not all(_KEY.fullmatch(key.reveal()) for key in found):
            raise StoreError(
                "A key of the store is not one.", hint="A key is 32 random bytes in URL-safe base64."
            )
        fernet = _fernet()
        self._cipher = fernet.MultiFernet([fernet.Fernet(key.reveal()) for key in found])
        self._broken = fernet.InvalidToken
        self._keys = found
        # They say which keys these are, and nothing of what they are.
        self.marks = [hashlib.sha256(key.reveal().encode()).hexdigest()[:16] for key in found]

    def __repr__(self) -> str:
        return f"Keys({len(self._keys)})"

    @staticmethod
    def new() -> Secret:
        """Return a fresh key."""
        return Secret(_fernet().Fernet.generate_key().decode())

    @classmethod
    def from_file(cls, path: str | Path, *, create: bool = False) -> Keys:
        """Read keys from a private file, one a line, the newest first.

        Args:
            path: The file; only its owner may read it.
            create: Make the file, with a fresh key, where there is none.
        """
        file = Path(path)
        seen = _state_of(file)
        keys = cls(_lines_of(file, create=create))
        keys._again, keys._file, keys._seen = partial(_lines_of, file, create=False), file, seen
        return keys

    @classmethod
    def from_environment(cls, name: str) -> Keys:
        """Read keys, separated by blanks, from an environment variable."""

        def given() -> list[str]:
            found = os.environ.get(name, "").split()
            if not found:
                raise StoreError(f"The environment variable {name} holds no key.")
            return found

        keys = cls(given())
        keys._again = given
        return keys

    @classmethod
    def from_keyring(cls, service: str, name: str, *, create: bool = False, backend: Any = None) -> Keys:
        """Read keys, separated by blanks, from the system's keyring.

        Args:
            service: Under which the keyring lists it.
            name: Which entry.
            create: Make the entry, with a fresh key, where there is none.
            backend: Anything with `get_password` and `set_password`; default the package
                `keyring` with the backend that it finds.

        Raises:
            StoreError: There is no keyring that protects what it keeps, or no entry.
        """
        backend = backend or _keyring()
        keys = cls(_entry_of(backend, service, name, create=create))
        keys._again = partial(_entry_of, backend, service, name, create=False)
        return keys

    def read_again(self) -> bool:
        """Take the keys that are now where these came from; returns whether they are others."""
        if self._again is None:
            return False
        seen = _state_of(self._file) if self._file is not None else None
        known = self._keys
        try:
            self._use(self._again())
        except StoreError:
            return False
        self._seen = seen
        return known != self._keys

    def seal(self, key: str, version: int, document: Mapping[str, Any]) -> bytes:
        """Return a document sealed; it opens only under its own key and version."""
        if self._file is not None and _state_of(self._file) != self._seen:
            self.read_again()
        text = dump_json({"key": key, "version": version, "document": document})
        sealed: bytes = self._cipher.encrypt(text.encode())
        return sealed

    def open(self, key: str, version: int, sealed: Any) -> Any:
        """Return what was sealed for this key and version.

        Raises:
            StoreError: It was sealed with another key, or changed, or stands in another's place.
        """
        content = self._opened(sealed)
        if content is None and self.read_again():
            content = self._opened(sealed)
        if not isinstance(content, dict) or "document" not in content:
            raise StoreError(
                f"What the store keeps of `{key}` cannot be opened: the key is another, or it was changed.",
                hint="Give the key it was sealed with; or connect again, into a new store.",
            )
        if (content.get("key"), content.get("version")) != (key, version):
            raise StoreError(f"What the store keeps of `{key}` is another's: the content was changed.")
        return content["document"]

    def _opened(self, sealed: Any) -> Any:
        try:
            return json.loads(self._cipher.decrypt(sealed))
        except (self._broken, ValueError, TypeError, RecursionError):
            return None


def add_key(path: str | Path) -> None:
    """Put a fresh key in front of the others in a key file; then seal the stores anew."""
    with _alone(Path(path)):
        found = _lines_of(Path(path), create=False)
        replace_private(Path(path), _content(Keys.new().reveal(), *found))


def drop_old_keys(path: str | Path) -> None:
    """Keep the newest key of a key file only; what is still sealed with others is lost."""
    with _alone(Path(path)):
        replace_private(Path(path), _content(_lines_of(Path(path), create=False)[0]))


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let nobody else change a key file: of two keys that are added at once none is lost."""
    try:
        fcntl = importlib.import_module("fcntl")
    except ImportError:
        yield  # this system has no such locks
        return
    folder = os.open(path.absolute().parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _state_of(path: Path) -> tuple[int, ...] | None:
    """Return what changes whenever a file is exchanged, None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _entry_of(backend: Any, service: str, name: str, *, create: bool) -> list[str]:
    try:
        found = backend.get_password(service, name)
        if found is None and create:
            fresh = Keys.new().reveal()
            backend.set_password(service, name, fresh)
            found = backend.get_password(service, name)
            if found != fresh:
                raise StoreError("The keyring does not keep what it is given.")
    except _keyring_troubles() as problem:
        raise StoreError(f"The keyring does not answer: {type(problem).__name__}.") from None
    if not found:
        raise StoreError(f"The keyring has no entry {name} of {service}.")
    keys: list[str] = found.split()
    return keys


def _content(*keys: str) -> bytes:
    return "".join(f"{key}\n" for key in keys).encode()


def _lines_of(path: Path, *, create: bool) -> list[str]:
    if create and not os.path.lexists(path):
        make_private(path, _content(Keys.new().reveal()))
    check_private(path)
    found = path.read_text("ascii", "replace").split()
    if not found:
        raise StoreError(f"The key file {path} is empty.")
    return found


def _fernet() -> Any:
    try:
        return importlib.import_module("cryptography.fernet")
    except ImportError:
        raise StoreError("Tokens cannot be kept without the package `cryptography`.", hint=_EXTRA) from None


def _keyring() -> Any:
    try:
        keyring = importlib.import_module("keyring")
    except ImportError:
        raise StoreError(
            "The package `keyring` is not installed.", hint="Install the extra `keyring`."
        ) from None
    backend = keyring.get_keyring()
    if getattr(backend, "priority", 0) < _TRUSTED_PRIORITY:
        raise StoreError(
            "This system has no keyring that protects what it keeps.", hint="Use a key file instead."
        )
    return backend


def _keyring_troubles() -> tuple[type[Exception], ...]:
    try:
        return (importlib.import_module("keyring.errors").KeyringError, OSError, RuntimeError)
    except ImportError:
        return (OSError, RuntimeError)
