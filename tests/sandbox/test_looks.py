"""Kinds that are read as a whole again and again: kept in memory, never out of date."""

from __future__ import annotations

import pytest

from zoho_sandbox.core.state import State


@pytest.fixture
def state():
    """A state in memory with two records of one kind, looked at once."""
    made = State()
    made.put("k", "1", {"name": "a"})
    made.put("k", "2", {"name": "b"})
    made.look("k")
    yield made
    made.close()


def names(state):
    """Return the names of the records, as they are looked at."""
    return [record["name"] for record in state.look("k")]


def test_a_look_sees_every_change(state):
    """A changed record keeps its place, a new one comes last, a deleted one is gone."""
    state.put("k", "3", {"name": "c"})
    state.put("k", "1", {"name": "A"})
    state.delete("k", "2")
    state.put("k", "2", {"name": "again"})

    assert names(state) == ["A", "c", "again"] == [record["name"] for record in state.find("k")]
    state.delete_all("k")
    assert names(state) == []


def test_a_look_keeps_nothing_that_was_undone(state):
    """What a failed transaction or step wrote, wiped or deleted is not seen afterwards."""

    def change():
        state.put("k", "1", {"name": "never"})
        state.delete("k", "2")
        state.put("new", "1", {"name": "never"})
        assert names(state) == ["never"]
        assert len(state.look("new")) == 1
        raise LookupError

    for undoing in (state.transaction, state.savepoint):
        with pytest.raises(LookupError), undoing():
            change()
        assert names(state) == ["a", "b"]
        assert state.look("new") == []

    def wipe():
        state.wipe()
        assert names(state) == []
        raise LookupError

    with pytest.raises(LookupError), state.savepoint():
        wipe()
    assert names(state) == ["a", "b"]


def test_a_look_sees_what_another_process_wrote(tmp_path):
    """Two states on one file, as two processes have them."""
    ours, theirs = State(tmp_path / "file"), State(tmp_path / "file")
    ours.put("k", "1", {"name": "a"})
    assert names(ours) == names(theirs) == ["a"]
    assert theirs.conclude("k", "size", lambda: len(theirs.look("k"))) == 1

    ours.put("k", "2", {"name": "b"})

    assert names(theirs) == ["a", "b"]
    assert theirs.conclude("k", "size", lambda: len(theirs.look("k"))) == 2
    ours.close()
    theirs.close()


def test_a_conclusion_is_drawn_once_until_the_kind_changes(state):
    """Changes of other kinds do not matter, and names tell conclusions apart."""
    drawn = []

    def size():
        drawn.append("size")
        return len(state.look("k"))

    assert [state.conclude("k", "size", size) for _ in range(3)] == [2, 2, 2]
    state.put("other", "1", {})
    assert state.conclude("k", "size", size) == 2
    assert state.conclude("k", "first", lambda: names(state)[0]) == "a"
    assert drawn == ["size"]

    state.put("k", "3", {"name": "c"})

    assert state.conclude("k", "size", size) == 3


def test_values_and_texts_are_read_without_parsing_records(state):
    """Values come in insertion order, one tuple a record; texts in the order asked for."""
    state.put("k", "3", {"in": {"id": "9"}, "n": 1}, parent="p")

    assert state.values("k", "name", "in.id") == [("a", None), ("b", None), (None, "9")]
    assert state.values("k", "n", parent="p") == [(1,)]
    assert state.texts("k", ["2", "none", "1"]) == ['{"name":"b"}', '{"name":"a"}']
