"""A file that is spoiled, full, locked, somebody else's or cannot be written is named, with what to do."""

from __future__ import annotations

import multiprocessing
import os
import random
import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime.errors import StoreError
from connector_runtime.stores import Keys, SqliteBudget, SqliteStore
from connector_runtime.stores.budget import Pause, Rule
from token_files import DOCUMENT, KEY, POSIX_ONLY, fill, keys, opened, place

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["keys", "place"]
ORG = ("tenant", "api", "0", None)
RULE = Rule(requests=3, concurrency=2)
DAY = Rule(requests=3, per_s=86_400.0)


def use_budget(path: Path, _: Keys) -> None:
    """Do everything that is done with a budget."""
    with closing(SqliteBudget(path)) as budget:
        for rule, holder in ((RULE, "h"), (RULE, "i"), (DAY, "d")):
            budget.take(ORG, rule, now=1e9, wake=print, holder=holder, hold_s=60.0)
        budget.give_back(ORG, "h", now=1e9)
        budget.pause(ORG, Pause(1.0), now=1e9)
        budget.paused(ORG, now=1e9)


def use_store(path: Path, keys: Keys) -> None:
    """Do everything that is done with a store of tokens."""
    with closing(SqliteStore(path, keys)) as store:
        entry = store.read(KEY)
        store.write(KEY, DOCUMENT, entry.version if entry else 0)
        for name in store.names():
            store.connection(name)
        store.save("another", {"key": "sandbox"})
        store.seal_anew()
        store.remove("another")


USES = {"store": use_store, "budget": use_budget}


def _filled(path: Path, keys: Keys, what: str) -> bytes:
    fill(path, keys) if what == "store" else use_budget(path, keys)
    return path.read_bytes()


def _spoiled(content: bytes, luck: random.Random) -> bytes:
    broken = bytearray(content)
    for _ in range(luck.choice((1, 5, 200))):
        broken[luck.randrange(len(broken))] = luck.randrange(256)
    return bytes(broken[: luck.randrange(len(broken))]) if luck.random() < 0.2 else bytes(broken)


@pytest.mark.plan("S-177")
@pytest.mark.parametrize("what", USES)
@pytest.mark.parametrize("number", [40, pytest.param(3000, marks=pytest.mark.long)])
def test_a_spoiled_file_ends_in_an_error_of_ours(
    tmp_path: Path, keys: Keys, what: str, number: int, score: Callable[[str, int], None]
) -> None:
    """Whichever bytes were changed or are missing, the file is used or named, and what to do is said."""
    path, luck = tmp_path / "file", random.Random(number)
    content = _filled(path, keys, what)

    for _ in range(number):
        path.write_bytes(_spoiled(content, luck))
        with suppress(StoreError):
            USES[what](path, keys)
        for rest in tmp_path.glob("file-*"):
            rest.unlink()

    score("spoiled_files", number)
    score("spoiled_foreign", 0)


@pytest.mark.plan("S-177")
@pytest.mark.parametrize("what", USES)
@pytest.mark.parametrize(
    ("statement", "is_refused"),
    [
        ("UPDATE {table} SET {column} = 'x'", True),
        ("UPDATE {table} SET {column} = NULL", False),
        ("UPDATE {table} SET {column} = 9223372036854775807", False),
        ("DROP TABLE {table}", False),  # it is made anew, empty
    ],
)
def test_a_sound_file_with_senseless_content_is_named(
    tmp_path: Path, keys: Keys, what: str, statement: str, is_refused: bool
) -> None:
    """Text where a number belongs, or no table at all: the error says which file, and how to go on."""
    path = tmp_path / "file"
    _filled(path, keys, what)
    table, column = ("tokens", "version") if what == "store" else ("pauses", "until")
    with closing(sqlite3.connect(path)) as sql:
        try:
            sql.execute(statement.format(table=table, column=column))
            sql.commit()
        except sqlite3.IntegrityError:
            return

    problem: StoreError | None = None
    try:
        USES[what](path, keys)
    except StoreError as caught:
        problem = caught

    if is_refused:
        assert problem is not None
    if problem is not None:
        assert (problem.kind, str(path) in problem.message, bool(problem.hint)) == ("config", True, True)


@pytest.mark.plan("S-177")
@pytest.mark.parametrize("what", USES)
def test_what_is_no_database_of_ours_is_named(tmp_path: Path, keys: Keys, what: str) -> None:
    """A folder, a text, another program's database: each error has the path and the way on."""
    folder, text, other = tmp_path / "folder", tmp_path / "text", tmp_path / "other"
    folder.mkdir()
    text.write_text("This is no database. " * 100)
    with closing(sqlite3.connect(other)) as sql:
        sql.execute("CREATE TABLE a (b)")
    for path in (text, other):
        path.chmod(0o600)

    for path in (folder, text, other):
        with pytest.raises(StoreError) as caught:
            USES[what](path, keys)
        assert str(path) in caught.value.message
        assert caught.value.hint or path is folder


@pytest.mark.plan("S-177")
@pytest.mark.parametrize("what", USES)
def test_a_file_without_room_is_named(tmp_path: Path, keys: Keys, what: str) -> None:
    """A full disk is said to be one, and what was there is there afterwards."""
    path = tmp_path / "file"
    _filled(path, keys, what)
    full: Any = SqliteStore(path, keys) if what == "store" else SqliteBudget(path)
    with full._file.reading() as sql:
        pages = sql.execute("PRAGMA page_count").fetchone()[0]
        sql.execute(f"PRAGMA max_page_count={pages}")

    def fill_up() -> None:
        for number in range(2000):
            if what == "store":
                full.save(f"connection {number}", {"key": "sandbox", "fields": {"a": "x" * 3000}})
            else:
                full.pause(("tenant" * 50, str(number)), Pause(60.0), now=1e9)

    with closing(full), pytest.raises(StoreError) as caught:
        fill_up()

    assert "no room" in caught.value.message
    assert str(path) in caught.value.message
    USES[what](path, keys)


# -- where nothing can be written --------------------------------------------------------


def _as_nobody(path: Path, secret: str, said: Any) -> None:
    os.setgid(65534)
    os.setuid(65534)
    try:
        _entry, connections = opened(path, Keys([secret]))
        with closing(SqliteStore(path, Keys([secret]))) as store:
            try:
                store.save("new", {"key": "sandbox"})
            except StoreError as problem:
                said.put(([one["name"] for one in connections], problem.message))
    except BaseException as error:  # noqa: BLE001  the test is to show it
        said.put((type(error).__name__, str(error)))


@POSIX_ONLY
@pytest.mark.plan("S-179")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_kept_connections_are_read_where_nothing_can_be_written(keys: Keys) -> None:
    """On a file system that is read only what is kept can be used; only a change is refused, and says why."""
    if os.geteuid() != 0:
        pytest.skip("only the superuser can try it as somebody else")
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "kept" / "store.sqlite"
        fill(path, keys)
        Path(name).chmod(0o755)
        for one, mode in ((path, 0o400), (path.parent, 0o500)):
            os.chown(one, 65534, 65534)
            one.chmod(mode)
        context = multiprocessing.get_context("fork")
        said = context.Queue()
        child = context.Process(target=_as_nobody, args=(path, keys._keys[0].reveal(), said))
        child.start()
        names, message = said.get(timeout=30)
        child.join()

    assert names == ["shop"]
    assert "cannot be written" in message
    assert str(path) in message
