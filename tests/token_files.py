"""A token file to look after, and what the tests of it share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from canaries import canary
from connector_runtime.stores import Keys, SqliteStore

if TYPE_CHECKING:
    from pathlib import Path

KEY = "tenant/0123456789abcdef"
DOCUMENT = {"token": {"access_token": canary("access token"), "refresh_token": canary("refresh token")}}
POSIX_ONLY = pytest.mark.skipif(os.name == "nt", reason="modes and owners of files are POSIX's")


@pytest.fixture
def keys() -> Keys:
    """A key of the test's own."""
    return Keys([Keys.new()])


@pytest.fixture
def place(tmp_path: Path, keys: Keys) -> Path:
    """A store with a token and a connection in it."""
    path = tmp_path / "store.sqlite"
    fill(path, keys)
    return path


def fill(path: Path, keys: Keys) -> None:
    store = SqliteStore(path, keys)
    assert store.write(KEY, DOCUMENT, 0)
    store.save("shop", {"key": "sandbox", "fields": {"clientSecret": canary("client secret")}})
    store.close()


def opened(path: Path, keys: Keys) -> Any:
    """Open a store, read everything, close it."""
    store = SqliteStore(path, keys)
    try:
        return store.read(KEY), [store.connection(name) for name in store.names()]
    finally:
        store.close()
