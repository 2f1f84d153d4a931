"""Keys that seal what a store keeps: where they come from, and how they are changed.

Sealing is Fernet (AES-128-CBC and HMAC-SHA256) of the package `cryptography`: what was
changed by one bit is not opened. The first key seals, every key opens; so a new key is put
in front, the store is sealed anew, and the old key can go.
"""

from __future__ import annotations

import importlib
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector_runtime.documents import dump_json
from connector_runtime.errors import StoreError
from connector_runtime.stores.files import check_private, make_private, replace_private
from connector_runtime.values import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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
        self._keys = [key if isinstance(key, Secret) else Secret(key) for key in keys]
        if not self._keys:
            raise StoreError("There is no key to open the store with.")
        if not all(_KEY.fullmatch(key.reveal()) for key in self._keys):
            raise StoreError(
                "A key of the store is not one.", hint="A key is 32 random bytes in URL-safe base64."
            )
        fernet = _fernet()
        self._cipher = fernet.MultiFernet([fernet.Fernet(key.reveal()) for key in self._keys])
        self._broken = fernet.InvalidToken

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
        return cls(_lines_of(Path(path), create=create))

    @classmethod
    def from_environment(cls, name: str) -> Keys:
        """Read keys, separated by blanks, from an environment variable."""
        given = os.environ.get(name, "").split()
        if not given:
            raise StoreError(f"The environment variable {name} holds no key.")
        return cls(given)

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
        try:
            found = backend.get_password(service, name)
            if found is None and create:
                fresh = cls.new().reveal()
                backend.set_password(service, name, fresh)
                found = backend.get_password(service, name)
                if found != fresh:
                    raise StoreError("The keyring does not keep what it is given.")
        except _keyring_troubles() as problem:
            raise StoreError(f"The keyring does not answer: {type(problem).__name__}.") from None
        if not found:
            raise StoreError(f"The keyring has no entry {name} of {service}.")
        return cls(found.split())

    def seal(self, key: str, version: int, document: Mapping[str, Any]) -> bytes:
        """Return a document sealed; it opens only under its own key and version."""
        text = dump_json({"key": key, "version": version, "document": document})
        sealed: bytes = self._cipher.encrypt(text.encode())
        return sealed

    def open(self, key: str, version: int, sealed: Any) -> Any:
        """Return what was sealed for this key and version.

        Raises:
            StoreError: It was sealed with another key, or changed, or stands in another's place.
        """
        try:
            content = json.loads(self._cipher.decrypt(sealed))
        except (self._broken, ValueError, TypeError, RecursionError):
            content = None
        if not isinstance(content, dict) or "document" not in content:
            raise StoreError(
                f"What the store keeps of `{key}` cannot be opened: it was sealed otherwise, or changed.",
                hint="Give the key it was sealed with; or connect again, into a new store.",
            )
        if (content.get("key"), content.get("version")) != (key, version):
            raise StoreError(f"What the store keeps of `{key}` is another's: the content was changed.")
        return content["document"]


def add_key(path: str | Path) -> None:
    """Put a fresh key in front of the others in a key file; then seal the stores anew."""
    found = _lines_of(Path(path), create=False)
    replace_private(Path(path), _content(Keys.new().reveal(), *found))


def drop_old_keys(path: str | Path) -> None:
    """Keep the newest key of a key file only; what is still sealed with others is lost."""
    replace_private(Path(path), _content(_lines_of(Path(path), create=False)[0]))


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
