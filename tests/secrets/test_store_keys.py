"""The keys that seal a token file: where they come from, and how they are changed."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from canaries import canary
from connector_runtime.errors import StoreError
from connector_runtime.stores import Keys, SqliteStore
from connector_runtime.stores.files import replace_private
from connector_runtime.stores.keys import add_key, drop_old_keys
from token_files import DOCUMENT, KEY, POSIX_ONLY, fill, opened

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_keys_are_changed_without_losing_a_token(tmp_path: Path) -> None:
    """A new key in front, everything sealed anew, the old key gone: the content is there, for the new key only."""
    key_file, path = tmp_path / "key", tmp_path / "store.sqlite"
    old = Keys(Keys.from_file(key_file, create=True)._keys)
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


@POSIX_ONLY
@pytest.mark.plan("S-176")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_key_is_changed_while_another_process_writes(tmp_path: Path) -> None:
    """A process that has had the old key all along goes on reading and writing; everything opens with the new key alone."""
    key_file, path = tmp_path / "key", tmp_path / "store.sqlite"
    fill(path, Keys.from_file(key_file, create=True))
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=_go_on_writing, args=(path, key_file, theirs))
    child.start()
    steps: list[Callable[[], object]] = [
        lambda: None,
        lambda: add_key(key_file),
        lambda: opened(path, Keys.from_file(key_file)),
        lambda: _seal_anew(path, key_file),
        lambda: drop_old_keys(key_file),
    ]
    said = []
    for number, step in enumerate(steps):
        step()
        ours.send(number)
        said.append(ours.recv() if ours.poll(60) else "nothing")
    ours.send(None)
    child.join()

    assert said == ["written"] * len(steps)
    store = SqliteStore(path, Keys(key_file.read_text().split()))
    found = [store.read(f"tenant/{number:016x}") for number in range(len(steps))]
    assert [entry and entry.document for entry in found] == [{"number": n} for n in range(len(steps))]
    assert [store.connection(name)["key"] for name in store.names()] == ["sandbox"] * (len(steps) + 1)
    store.close()


def _seal_anew(path: Path, key_file: Path) -> None:
    with closing(SqliteStore(path, Keys.from_file(key_file))) as store:
        store.seal_anew()


def _go_on_writing(path: Path, key_file: Path, told: Any) -> None:
    with closing(SqliteStore(path, Keys.from_file(key_file))) as store:
        while (number := told.recv()) is not None:
            try:
                store.save(f"account {number}", {"key": "sandbox"})
                store.write(f"tenant/{number:016x}", {"number": number}, 0)
                store.read(KEY)
            except StoreError as problem:
                told.send(problem.message)
            else:
                told.send("written")


@pytest.mark.plan("S-176")
def test_a_process_that_cannot_get_the_new_key_writes_nothing(place: Path, keys: Keys) -> None:
    """What it would write nobody could open once the old key is gone; it is told to start again."""
    fresh = Keys.new()
    behind, store = SqliteStore(place, keys), SqliteStore(place, keys)
    store.seal_anew(Keys([fresh, *keys._keys]))

    for write in (lambda: behind.save("new", {"key": "sandbox"}), lambda: behind.write("b/0", DOCUMENT, 0)):
        with pytest.raises(StoreError, match="sealed anew"):
            write()

    assert opened(place, Keys([fresh]))[0].document == DOCUMENT
    behind.close()
    store.close()


@POSIX_ONLY
@pytest.mark.plan("S-176")
def test_keys_that_are_added_at_once_are_all_kept(tmp_path: Path) -> None:
    """Two who change a key file at the same moment do not lose each other's key."""
    path = tmp_path / "key"
    Keys.from_file(path, create=True)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add_key, [path] * 24))

    assert len(path.read_text().split()) == 25
