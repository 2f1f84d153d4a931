"""The file that holds tokens: private, sealed, whole, or refused with a reason."""

from __future__ import annotations

import os
import random
import sqlite3
import stat
from typing import TYPE_CHECKING

import pytest

from canaries import shows
from connector_runtime.errors import StoreError
from connector_runtime.stores import Keys, SqliteBudget, SqliteStore
from token_files import DOCUMENT, KEY, POSIX_ONLY, fill, opened

if TYPE_CHECKING:
    from pathlib import Path


@POSIX_ONLY
@pytest.mark.plan("S-110")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_file_is_its_owners_alone_from_the_first_moment(tmp_path: Path, keys: Keys, umask: int) -> None:
    """Mode 0600, whatever mask the process has; so are its journal and the folder that was made for it."""
    before = os.umask(umask)
    try:
        fill(tmp_path / "new" / "store.sqlite", keys)
        Keys.from_file(tmp_path / "new" / "key", create=True)
        SqliteBudget(tmp_path / "new" / "budget.sqlite").close()
    finally:
        os.umask(before)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").iterdir()}
    assert modes == {"store.sqlite": 0o600, "key": 0o600, "budget.sqlite": 0o600}
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


@pytest.mark.plan("S-110")
def test_nothing_in_the_file_is_readable(place: Path) -> None:
    """Neither tokens nor the fields of a connection stand in it, in whatever encoding."""
    assert not shows(place.read_bytes())


@POSIX_ONLY
@pytest.mark.plan("S-110")
@pytest.mark.parametrize("mode", [0o604, 0o640, 0o602, 0o660, 0o644, 0o666, 0o777])
def test_a_file_that_others_may_use_is_refused(place: Path, keys: Keys, mode: int) -> None:
    """The refusal says how to put it right."""
    place.chmod(mode)

    with pytest.raises(StoreError) as caught:
        opened(place, keys)

    assert str(caught.value.hint).startswith("Run: chmod 600")


@POSIX_ONLY
@pytest.mark.plan("S-110")
@pytest.mark.parametrize("mode", [0o644, 0o660, 0o666])
def test_a_key_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    """A key that others may read protects nothing."""
    Keys.from_file(tmp_path / "key", create=True)
    (tmp_path / "key").chmod(mode)

    with pytest.raises(StoreError):
        Keys.from_file(tmp_path / "key")


@POSIX_ONLY
@pytest.mark.plan("S-110")
@pytest.mark.parametrize("kind", ["link", "dangling link", "folder", "pipe"])
def test_what_is_no_plain_file_is_refused(tmp_path: Path, place: Path, keys: Keys, kind: str) -> None:
    """Whoever can put a link there could lead the tokens elsewhere."""
    odd = tmp_path / "odd"
    if kind == "folder":
        odd.mkdir()
    elif kind == "pipe":
        os.mkfifo(odd)
    else:
        odd.symlink_to(place if kind == "link" else tmp_path / "nowhere")

    with pytest.raises(StoreError):
        opened(odd, keys)
    with pytest.raises(StoreError):
        Keys.from_file(odd, create=True)
    assert not (tmp_path / "nowhere").exists()


@POSIX_ONLY
@pytest.mark.plan("S-110")
def test_a_folder_in_which_others_may_write_is_refused(place: Path, keys: Keys) -> None:
    """They could put another file in its place."""
    place.parent.chmod(0o777)
    try:
        with pytest.raises(StoreError, match="Others may exchange files"):
            opened(place, keys)
    finally:
        place.parent.chmod(0o700)


@POSIX_ONLY
@pytest.mark.plan("S-110")
def test_a_file_of_another_user_is_refused(place: Path, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if it may be read."""
    monkeypatch.setattr(os, "geteuid", lambda: place.stat().st_uid + 1)

    with pytest.raises(StoreError, match="belongs to another user"):
        opened(place, keys)


@pytest.mark.plan("S-110")
def test_a_wrong_key_is_said_to_be_wrong(place: Path) -> None:
    """No empty message, no trace of the library, and nothing is changed."""
    before = place.read_bytes()

    with pytest.raises(StoreError) as caught:
        opened(place, Keys([Keys.new()]))

    assert "the key is another" in caught.value.message
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert place.read_bytes() == before


@pytest.mark.plan("S-110")
@pytest.mark.parametrize(
    "given", [[], [""], ["short"], ["x" * 44], ["a b"], [Keys.new().reveal() + "="], ["é" * 43 + "="]]
)
def test_a_key_that_is_none_is_refused(given: list[str]) -> None:
    """And not repeated in the message."""
    with pytest.raises(StoreError) as caught:
        Keys(given)

    assert all(key not in str(caught.value) for key in given if key)


@pytest.mark.plan("S-110")
@pytest.mark.parametrize("where", ["missing", "empty"])
def test_a_key_file_without_a_key_is_refused(tmp_path: Path, where: str) -> None:
    """Nothing is made unless it was asked for."""
    path = tmp_path / "key"
    if where == "empty":
        path.touch(0o600)

    with pytest.raises(StoreError):
        Keys.from_file(path)
    assert path.exists() == (where == "empty")


@pytest.mark.plan("S-110")
def test_every_flipped_bit_in_what_is_sealed_is_noticed(place: Path, keys: Keys) -> None:
    """Fifty bits of the sealed token, flipped one by one: each is refused."""
    luck = random.Random(110)
    for _ in range(50):
        with sqlite3.connect(place) as sql:
            ((sealed,),) = sql.execute("SELECT sealed FROM tokens WHERE key = ?", (KEY,)).fetchall()
            spoiled = bytearray(sealed)
            # The last character but the filling has bits that mean nothing.
            spoiled[luck.randrange(len(spoiled) - 3)] ^= 1 << luck.randrange(7)
            sql.execute("UPDATE tokens SET sealed = ? WHERE key = ?", (bytes(spoiled), KEY))
        sql.close()
        with pytest.raises(StoreError):
            opened(place, keys)
        with sqlite3.connect(place) as sql:
            sql.execute("UPDATE tokens SET sealed = ? WHERE key = ?", (sealed, KEY))
        sql.close()
    assert opened(place, keys)[0].document == DOCUMENT


@pytest.mark.plan("S-110")
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE tokens SET version = version + 1",
        f"UPDATE tokens SET sealed = (SELECT sealed FROM tokens WHERE key <> '{KEY}')",
        "UPDATE tokens SET sealed = (SELECT sealed FROM connections)",
        "UPDATE connections SET name = 'other'",
        "UPDATE tokens SET sealed = x''",
        "UPDATE tokens SET sealed = 'text'",
    ],
)
def test_what_was_put_in_anothers_place_is_noticed(place: Path, keys: Keys, change: str) -> None:
    """Whoever can write the file still cannot give one tenant another one's token, or an old one."""
    store = SqliteStore(place, keys)
    store.write("other/0123456789abcdef", {"token": {"access_token": "of another"}}, 0)
    store.close()
    sql = sqlite3.connect(place)
    sql.execute(change)
    sql.commit()
    sql.close()

    with pytest.raises(StoreError):
        opened(place, keys)


@pytest.mark.plan("S-110")
@pytest.mark.parametrize("spoil", ["torn", "short", "text", "other"])
def test_a_file_that_is_broken_or_something_else_is_refused(place: Path, keys: Keys, spoil: str) -> None:
    """With the file's name, and without touching it."""
    content = place.read_bytes()
    spoiled = {
        "torn": content[: len(content) // 2],
        "short": content[:50],
        "text": b"not a database at all, but long enough to be read as one" * 20,
    }
    if spoil == "other":
        place.unlink()
        sql = sqlite3.connect(place)
        sql.execute("CREATE TABLE recipes (name TEXT)")
        sql.commit()
        sql.close()
        place.chmod(0o600)
    else:
        place.write_bytes(spoiled[spoil])
    before = place.read_bytes()

    with pytest.raises(StoreError) as caught:
        opened(place, keys)

    assert place.name in caught.value.message
    assert place.read_bytes() == before


@pytest.mark.plan("S-110")
@pytest.mark.parametrize("version", [0, 2, 99])
def test_a_file_of_another_version_is_refused(place: Path, keys: Keys, version: int) -> None:
    """A newer program's file is not read with older eyes."""
    sql = sqlite3.connect(place)
    sql.execute(f"PRAGMA user_version={version}")
    sql.close()

    with pytest.raises(StoreError, match=f"of version {version}"):
        opened(place, keys)


@pytest.mark.plan("S-110")
def test_a_store_of_tokens_is_no_store_of_budgets(place: Path) -> None:
    """Two kinds of files are not taken for each other."""
    with pytest.raises(StoreError, match="something else"):
        SqliteBudget(place)
