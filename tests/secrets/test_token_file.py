"""The file that holds tokens: private, sealed, whole, or refused with a reason."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sqlite3
import stat
import time
from typing import TYPE_CHECKING, Any

import pytest

from canaries import canary, shows
from connector_runtime.errors import StoreError
from connector_runtime.stores import Keys, SqliteBudget, SqliteStore
from connector_runtime.stores.files import replace_private
from connector_runtime.stores.keys import add_key, drop_old_keys

if TYPE_CHECKING:
    from collections.abc import Callable
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


def test_keys_are_changed_without_losing_a_token(tmp_path: Path) -> None:
    """A new key in front, everything sealed anew, the old key gone: the content is there, for the new key only."""
    key_file, path = tmp_path / "key", tmp_path / "store.sqlite"
    old = Keys.from_file(key_file, create=True)
    fill(path, old)

    add_key(key_file)
    store = SqliteStore(path, Keys.from_file(key_file))
    assert store.read(KEY) is not None
    assert store.seal_anew() == 2
    store.close()
    drop_old_keys(key_file)

    assert len(key_file.read_text().split()) == 1
    assert opened(path, Keys.from_file(key_file))[0].document == DOCUMENT
    with pytest.raises(StoreError):
        opened(path, old)


def test_a_store_can_move_to_keys_from_elsewhere(place: Path, keys: Keys) -> None:
    """The new keys must open what is there, so they begin with the new one and end with the old one."""
    fresh = Keys.new()
    store = SqliteStore(place, keys)

    with pytest.raises(StoreError):
        store.seal_anew(Keys([fresh]))
    assert store.seal_anew(Keys([fresh, *keys._keys])) == 2
    store.close()

    assert opened(place, Keys([fresh]))[0].document == DOCUMENT


def test_keys_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, place: Path, keys: Keys) -> None:
    """Separated by blanks, the newest first; without the variable the error names it."""
    monkeypatch.setenv("STORE_KEYS", f"{Keys.new().reveal()} {keys._keys[0].reveal()}\n")
    assert opened(place, Keys.from_environment("STORE_KEYS"))[0].document == DOCUMENT

    monkeypatch.setenv("STORE_KEYS", " ")
    with pytest.raises(StoreError, match="STORE_KEYS"):
        Keys.from_environment("STORE_KEYS")


class Ring:
    """A keyring in memory; `keeps` says whether it does what it promises."""

    def __init__(self, *, keeps: bool = True) -> None:
        self.entries: dict[tuple[str, str], str] = {}
        self.keeps = keeps

    def get_password(self, service: str, name: str) -> str | None:
        return self.entries.get((service, name))

    def set_password(self, service: str, name: str, text: str) -> None:
        if self.keeps:
            self.entries[service, name] = text


def test_keys_come_from_the_systems_keyring(tmp_path: Path) -> None:
    """The first use makes the entry, the next one finds it."""
    ring = Ring()
    fill(tmp_path / "store.sqlite", Keys.from_keyring("connector", "zoho", create=True, backend=ring))

    again = Keys.from_keyring("connector", "zoho", backend=ring)

    assert opened(tmp_path / "store.sqlite", again)[0].document == DOCUMENT
    with pytest.raises(StoreError, match="no entry other"):
        Keys.from_keyring("connector", "other", backend=ring)


def test_a_keyring_that_keeps_nothing_is_refused() -> None:
    """What silently forgets would lose every token at the next start."""
    with pytest.raises(StoreError, match="does not keep"):
        Keys.from_keyring("connector", "zoho", create=True, backend=Ring(keeps=False))


def test_a_keyring_that_is_locked_is_refused() -> None:
    """Its own words may say too much; the kind of the error is enough."""

    class Locked(Ring):
        def get_password(self, service: str, name: str) -> str | None:
            raise RuntimeError(canary("keyring"))

    with pytest.raises(StoreError, match="does not answer: RuntimeError"):
        Keys.from_keyring("connector", "zoho", backend=Locked())


@pytest.mark.parametrize(("priority", "is_taken"), [(5, True), (0.5, False), (0, False)])
def test_only_a_keyring_that_protects_is_taken(
    monkeypatch: pytest.MonkeyPatch, priority: float, is_taken: bool
) -> None:
    """The package's backend that stores plain text, and the one that stores nothing, are refused."""
    import sys
    from types import SimpleNamespace

    ring: Any = Ring()
    ring.priority = priority
    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_keyring=lambda: ring))

    if is_taken:
        assert Keys.from_keyring("connector", "zoho", create=True)._keys
    else:
        with pytest.raises(StoreError, match="no keyring that protects"):
            Keys.from_keyring("connector", "zoho", create=True)


def test_without_the_libraries_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has not installed `cryptography` or `keyring` is told what to install."""
    import sys

    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(StoreError) as caught:
        Keys.from_keyring("connector", "zoho")
    assert caught.value.hint == "Install the extra `keyring`."

    monkeypatch.setitem(sys.modules, "cryptography.fernet", None)
    with pytest.raises(StoreError) as caught:
        Keys([Keys.new()])
    assert caught.value.hint == "Install the extra `store`."


def test_a_key_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    """Processes that start together agree on one key."""
    path = tmp_path / "key"
    context = multiprocessing.get_context("fork")
    with context.Pool(4) as pool:
        found = pool.starmap(_key_of, [(path,)] * 16)

    assert len(set(found)) == 1
    assert sorted(one.name for one in tmp_path.iterdir()) == ["key"]


def _key_of(path: Path) -> str:
    return Keys.from_file(path, create=True)._keys[0].reveal()


@POSIX_ONLY
@pytest.mark.plan("S-110")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("what", ["store", "key file"])
@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.long)])
def test_a_killed_writer_leaves_a_whole_file(tmp_path: Path, keys: Keys, what: str, kills: int) -> None:
    """SIGKILL at any moment of writing: afterwards the last or the next content is there, never half of one."""
    luck, path = random.Random(kills), tmp_path / "file"
    write: Callable[[Path, Keys], None] = _write_store if what == "store" else _write_keys
    if what == "key file":
        Keys.from_file(path, create=True)
    for _ in range(kills):
        child = multiprocessing.get_context("fork").Process(target=write, args=(path, keys))
        child.start()
        time.sleep(luck.uniform(0.005, 0.04))
        os.kill(int(child.pid or 0), signal.SIGKILL)
        child.join()
        if what == "store":
            store = SqliteStore(path, keys)
            entry = store.read(KEY)
            assert entry is None or entry.document == {"number": entry.version, "filling": "x" * 5000}
            store.close()
        else:
            Keys.from_file(path)


def _write_store(path: Path, keys: Keys) -> None:
    store = SqliteStore(path, keys)
    while True:
        entry = store.read(KEY)
        version = entry.version if entry else 0
        store.write(KEY, {"number": version + 1, "filling": "x" * 5000}, version)


def _write_keys(path: Path, _: Keys) -> None:
    while True:
        replace_private(path, f"{Keys.new().reveal()}\n{Keys.new().reveal()}\n".encode())
