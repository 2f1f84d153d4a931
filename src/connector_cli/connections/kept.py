"""Connections kept by name on this machine, sealed.

They lie in one file a component, in the folder that the system has for settings or in
`CONNECTOR_HOME`. What opens it is the first of these: the environment variable
`CONNECTOR_KEY`, the file that `CONNECTOR_KEY_FILE` names, the system's keyring where
`CONNECTOR_KEYRING` is set, a key file beside it.
"""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector_runtime.component import did_you_mean
from connector_runtime.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector_runtime.stores import Keys, SqliteStore

HOME, KEY, KEY_FILE, KEYRING = "CONNECTOR_HOME", "CONNECTOR_KEY", "CONNECTOR_KEY_FILE", "CONNECTOR_KEYRING"
_APP = "connector-runtime"
_FILE_SUFFIXES = (".yaml", ".yml", ".json")


def home() -> Path:
    """Return the folder of what is kept."""
    return Path(os.environ.get(HOME) or click.get_app_dir(_APP))


@contextmanager
def kept(component: str, *, to_change: bool = False) -> Iterator[SqliteStore]:
    """Open the connections of a component; the file is made when it is not there.

    Args:
        component: Its key.
        to_change: Whether something will be written: then that is proved first, for a login or
            a token given back cannot be undone.

    Raises:
        StoreError: It cannot be opened, or not be written where that is wanted.
    """
    from connector_runtime.stores import SqliteStore  # noqa: PLC0415  it needs an extra

    place = home() / f"{component}.sqlite"
    with closing(SqliteStore(place, keys_of(component))) as store:
        if to_change and not all(os.access(one, os.W_OK) for one in (place, place.parent)):
            raise StoreError(
                f"The file {place} cannot be written.",
                hint=f"Let {HOME} name a folder that can be written, or make this one so.",
            )
        yield store


def names_kept(component: str) -> list[str]:
    """Return the names of the kept connections; nothing is made for that."""
    if not (home() / f"{component}.sqlite").exists():
        return []
    with kept(component) as store:
        return store.names()


def is_file(word: str) -> bool:
    """Return whether a word after `--connection` means a file by its looks."""
    return word == "-" or word.endswith(_FILE_SUFFIXES) or "/" in word or os.sep in word


def checked_name(_context: click.Context, _parameter: click.Parameter, name: str | None) -> str | None:
    """Return a new name for a connection; one that `--connection` would take for a file is refused."""
    if name is not None and is_file(name):
        raise click.UsageError(f"`{name}` looks like a file; choose a name without path and ending.")
    return name


def find(store: SqliteStore, name: str) -> dict[str, Any]:
    """Return a kept connection.

    Raises:
        click.UsageError: There is none of this name.
    """
    names = store.names()
    if name not in names:
        raise unknown(name, names)
    return store.connection(name)


def unknown(name: str, names: list[str]) -> click.UsageError:
    """Return the refusal of a name that nothing is kept under."""
    listed = f"Kept are: {', '.join(names)}." if names else "None is kept yet; `connect` makes one."
    return click.UsageError(f"There is no connection called `{name}`. {did_you_mean(name, names)}{listed}")


def keys_of(component: str) -> Keys:
    """Return what opens and seals whatever is kept of a component; a key is made where there is none."""
    from connector_runtime.stores import Keys  # noqa: PLC0415  it needs an extra

    if os.environ.get(KEY):
        return Keys.from_environment(KEY)
    if os.environ.get(KEY_FILE):
        return Keys.from_file(os.environ[KEY_FILE])
    if os.environ.get(KEYRING):
        return Keys.from_keyring(_APP, component, create=True)
    return Keys.from_file(home() / f"{component}.key", create=True)
