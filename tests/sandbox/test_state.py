"""The state: records, order, filters, counters, and no update lost."""

from __future__ import annotations

import subprocess
import sys
import threading
from decimal import Decimal

import pytest

from zoho_sandbox.core.state import State


@pytest.fixture
def state():
    """A state in memory."""
    made = State()
    yield made
    made.close()


def test_a_record_comes_back_as_it_was_put(state):
    """Types are kept, decimals digit by digit."""
    state.put("k", "1", {"rate": Decimal("1.10"), "n": 1, "ok": True, "none": None})

    assert state.get("k", "1") == {"rate": Decimal("1.10"), "n": 1, "ok": True, "none": None}
    assert str(state.get("k", "1")["rate"]) == "1.10"
    assert state.get("k", "2") is None


def test_kinds_are_separate(state):
    """Two tenants may use one id."""
    state.put("books/1/items", "1", {"name": "a"})
    state.put("books/2/items", "1", {"name": "b"})

    assert state.delete("books/1/items", "1")
    assert not state.delete("books/1/items", "1")
    assert state.find("books/2/items") == [{"name": "b"}]
    assert state.kinds() == {"books/2/items": 1}


def test_find_compares_values_of_every_type(state):
    """Text, numbers, booleans, absence, and one level down."""
    state.put("k", "1", {"a": "x", "n": Decimal("1.50"), "ok": True, "in": {"id": "9"}})
    state.put("k", "2", {"a": "X", "n": 2, "ok": False})

    assert state.count("k", equals={"a": "x"}) == 1
    assert state.count("k", equals={"n": Decimal("1.5")}) == 1
    assert state.count("k", equals={"ok": True}) == 1
    assert state.count("k", equals={"in.id": "9"}) == 1
    assert state.count("k", equals={"in": None}) == 1
    assert state.count("k", equals={"a": "x", "ok": False}) == 0


def test_find_orders_and_cuts(state):
    """Text sorts without regard to case; ties keep insertion order."""
    for number, name in enumerate(["b", "A", "C", "a"]):
        state.put("k", str(number), {"name": name, "n": number})

    names = [record["name"] for record in state.find("k", order=[("name", False)])]
    assert names == ["A", "a", "b", "C"]
    ordered = state.find("k", order=[("name", True), ("n", True)], limit=2, offset=1)
    assert [record["n"] for record in ordered] == [0, 3]


def test_a_replaced_record_keeps_its_place(state):
    """Insertion order is the order of first insertion."""
    for number in "123":
        state.put("k", number, {"n": number})
    state.put("k", "1", {"n": "1b"})

    assert [record["n"] for record in state.scan("k")] == ["1b", "2", "3"]
    assert state.ids("k") == ["1", "2", "3"]


def test_parents_narrow_every_question(state):
    """Children are found by their parent."""
    state.put("k", "1", {}, parent="p")
    state.put("k", "2", {}, parent="q")

    assert state.ids("k", parent="p") == ["1"]
    assert state.count("k", parent="q") == 1
    assert state.delete_all("k", parent="p") == 1
    assert state.ids("k") == ["2"]


def test_scan_survives_changes_on_the_way(state):
    """More records than one batch, each deleted as it is seen."""
    for number in range(1200):
        state.put("k", str(number), {"n": number})

    seen = []
    for record in state.scan("k"):
        seen.append(record["n"])
        state.delete("k", str(record["n"]))

    assert seen == list(range(1200))
    assert state.count("k") == 0


def test_a_key_cannot_leave_its_quotes(state):
    """A field name from a request is never taken as SQL."""
    state.put("k", "1", {"a": 1})

    assert state.find("k", equals={"a\"') OR 1=1 --": 1}) == []
    assert state.find("k", order=[("x') ; DROP TABLE records --", False)]) == [{"a": 1}]


def test_an_exception_undoes_the_transaction(state):
    """All or nothing, counters included."""

    def fail() -> None:
        with state.transaction():
            state.put("k", "1", {})
            state.number("n")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert state.get("k", "1") is None
    assert state.number("n") == 1


def test_a_savepoint_undoes_only_its_own_part(state):
    """The rest of the request stands."""

    def fail() -> None:
        with state.savepoint():
            state.put("k", "2", {})
            raise RuntimeError

    with state.transaction():
        state.put("k", "1", {})
        with pytest.raises(RuntimeError):
            fail()

    assert state.ids("k") == ["1"]


def test_counters_start_and_step(state):
    """Ids grow in the steps their owner wants."""
    assert [state.number("a", start=100, step=10) for _ in range(3)] == [100, 110, 120]
    assert state.number("b") == 1


def test_blobs_hold_bytes(state):
    """File contents are kept apart from records."""
    state.put_blob("f", b"\x00\xff")

    assert state.blob("f") == b"\x00\xff"
    assert state.delete_blob("f")
    assert state.blob("f") is None


def test_wipe_starts_again(state):
    """After a wipe nothing tells that there was something."""
    state.put("k", "1", {})
    state.number("n")
    state.append_entry({"a": 1})

    state.wipe()

    assert state.kinds() == {}
    assert state.number("n") == 1
    assert state.append_entry({"a": 1}) == 1


def test_threads_lose_no_update(state):
    """Read, add one, write: 4 threads, 100 times each, one state."""
    state.put("k", "sum", {"n": 0})

    def add():
        for _ in range(100):
            with state.transaction():
                record = state.get("k", "sum")
                state.put("k", "sum", {"n": record["n"] + 1})

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert state.get("k", "sum") == {"n": 400}


_STARTER = """
import sys
from zoho_sandbox.core.state import State
sys.stdin.readline()
State(sys.argv[1]).close()
"""


def test_processes_may_start_on_a_new_file_together(tmp_path):
    """Six at the same moment, and none finds it locked."""
    for attempt in range(5):
        path = str(tmp_path / f"state{attempt}.sqlite")
        command = [sys.executable, "-c", _STARTER, path]
        waiting = [subprocess.Popen(command, stdin=subprocess.PIPE) for _ in range(6)]
        for process in waiting:
            process.stdin.close()

        assert [process.wait() for process in waiting] == [0] * 6


def test_a_file_of_another_kind_is_refused_in_words(tmp_path):
    """And is left as it was."""
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to be looked at" * 50)
    before = path.read_bytes()

    with pytest.raises(ValueError, match=r"notes\.txt cannot keep"):
        State(path)

    assert path.read_bytes() == before


_ADDER = """
import sys
from zoho_sandbox.core.state import State
state = State(sys.argv[1])
for _ in range(100):
    with state.transaction():
        record = state.get("k", "sum") or {"n": 0}
        state.put("k", "sum", {"n": record["n"] + 1})
"""


def test_processes_on_one_file_lose_no_update(tmp_path):
    """Three processes, 100 additions each, one file."""
    path = str(tmp_path / "state.sqlite")
    State(path).close()

    working = [subprocess.Popen([sys.executable, "-c", _ADDER, path]) for _ in range(3)]
    assert [process.wait() for process in working] == [0, 0, 0]

    state = State(path)
    assert state.get("k", "sum") == {"n": 300}
    state.close()
