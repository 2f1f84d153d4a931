"""Rows that are merged into a list by their key."""

from __future__ import annotations

from typing import Any

import pytest

from connector_runtime.language.expressions.expression import EvaluationError, compile_expression

OLD = [{"id": "1", "n": 1, "x": "kept"}, {"id": "2", "n": 2}, {"n": 3}]


def merged(old: Any, rows: Any) -> Any:
    return compile_expression("old | merged(rows, 'id')", {"old", "rows"}).evaluate(
        {"old": old, "rows": rows}
    )


def test_a_row_that_is_there_changes_and_keeps_its_place() -> None:
    """What the row leaves out stays; the list that came is not touched."""
    assert merged(OLD, [{"id": "1", "n": 7}]) == [{"id": "1", "n": 7, "x": "kept"}, *OLD[1:]]
    assert OLD[0]["n"] == 1


@pytest.mark.parametrize("new", [{"n": 9}, {"id": "9", "n": 9}, {"id": None, "n": 9}, {"id": "", "n": 9}])
def test_any_other_row_is_new_and_comes_last(new: dict[str, Any]) -> None:
    """Without a key, or with one that no entry has, nothing is changed by it."""
    assert merged(OLD, [new]) == [*OLD, new]


def test_of_two_entries_with_one_key_the_first_is_changed() -> None:
    """A vendor's list that repeats itself is left as it is."""
    assert merged([{"id": 1, "n": 1}, {"id": 1, "n": 2}], [{"id": 1, "n": 3}]) == [
        {"id": 1, "n": 3},
        {"id": 1, "n": 2},
    ]


@pytest.mark.parametrize(
    ("old", "rows"), [("x", []), ([1], []), ([], {"id": 1}), ([], [1]), ([{}] * 10_001, [])]
)
def test_what_is_no_list_of_maps_is_refused(old: Any, rows: Any) -> None:
    """Neither side may be anything else, nor longer than any record's rows."""
    with pytest.raises(EvaluationError, match="merged"):
        merged(old, rows)


def test_an_id_is_the_same_as_text_and_as_number() -> None:
    """People enter ids as numbers, and vendors give them as texts: the row is changed, not added."""
    assert merged([{"id": "7", "n": 1}], [{"id": 7, "n": 2}]) == [{"id": "7", "n": 2}]


def test_two_rows_with_one_new_id_are_one_entry() -> None:
    """The second changes what the first has added."""
    assert merged([], [{"id": "7", "n": 1}, {"id": "7", "m": 2}]) == [{"id": "7", "n": 1, "m": 2}]
