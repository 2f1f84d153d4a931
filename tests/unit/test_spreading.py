"""What `...` in a map adds to it, and what repeats and order become."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector_runtime.language.expressions.expression import EvaluationError
from connector_runtime.language.templates import spread
from unit.expression_cases import rendered


class Repeating(dict):
    """A map that remembers repeats, as a key/value list is."""

    def __init__(self, *pairs):
        super().__init__(pairs)
        self.pairs = pairs


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"...": "${ inputs.m }"}, {"a": 1, "b": 2}),
        ({"a": 0, "...": "${ inputs.m }"}, {"a": 1, "b": 2}),
        ({"...": "${ inputs.m }", "a": 0}, {"a": 0, "b": 2}),
        ({"...": ["${ inputs.m }", "${ inputs.n }"]}, {"a": 1, "b": 3}),
        ({"...": ["${ inputs.n }", "${ inputs.m }"]}, {"a": 1, "b": 2}),
        ({"...": "${ inputs.maps }"}, {"a": 1, "b": 3}),
        ({"...": [["a", 1], ["a", 2]]}, {"a": 2}),
        ({"...": "${ inputs.pairs }", "z": 1}, {"p": "2", "z": 1}),
        ({"...": ["${ inputs.m }", "${ inputs.pairs }"]}, {"a": 1, "b": 2, "p": "2"}),
        ({"...": "${ inputs.none }", "x": 1}, {"x": 1}),
        ({"...": "${ inputs.missing }"}, {}),
        ({"...": ["${ inputs.missing }", "${ inputs.none }", {}]}, {}),
        ({"...": {"q": "${ inputs.m.a }", "r": "${ inputs.missing }"}}, {"q": 1}),
        ({"x": "${ inputs.missing }", "...": "${ inputs.m }"}, {"a": 1, "b": 2}),
        ({"...": "${ inputs.m }", "a": "${ inputs.missing }"}, {"a": 1, "b": 2}),
    ],
)
def test_maps_are_spread_in_order_and_the_later_wins(node, expected):
    """Fixed keys and the user's maps follow one another as written; absent overrides nothing."""
    inputs = {"m": {"a": 1, "b": 2}, "n": {"b": 3}, "pairs": [["p", "1"], ["p", "2"]], "none": None}

    result = rendered(node, **inputs, maps=[inputs["m"], inputs["n"]])

    assert result == expected
    assert inputs["m"] == {"a": 1, "b": 2}


def test_repeats_of_one_source_survive_as_pairs():
    """A query may name a parameter twice; a later source still replaces all of them."""
    query = Repeating(("tag", "1"), ("tag", "2"), ("page", "9"))

    result = rendered({"page": "1", "...": "${ inputs.query }", "size": "5"}, query=query)

    assert result.pairs == (("page", "9"), ("tag", "1"), ("tag", "2"), ("size", "5"))
    assert result == {"page": "9", "tag": "2", "size": "5"}
    assert json.loads(json.dumps(result)) == dict(result)


def test_a_later_source_replaces_all_repeats():
    """What is fixed behind a spread cannot be doubled by the user."""
    query = Repeating(("organisation", "1"), ("organisation", "2"))

    assert rendered({"...": "${ inputs.query }", "organisation": "own"}, query=query) == {
        "organisation": "own"
    }


@pytest.mark.parametrize(
    "value", ["text", 5, True, [5], ["a", "b"], [["a"]], [["a", 1], 5], {1: 2}.items(), b"x"]
)
def test_what_is_no_map_cannot_be_spread(value):
    """A text or a list of other things is an error, never a guess."""
    with pytest.raises(EvaluationError, match=r"`\.\.\.` "):
        rendered({"...": "${ inputs.x }"}, x=value)


def test_a_map_whose_keys_are_no_texts_cannot_be_spread_among_pairs():
    """JSON, queries and headers have texts as names."""
    with pytest.raises(EvaluationError, match="texts as keys"):
        spread([{1: 2}])


def test_lists_around_maps_have_a_bound():
    """A bottomless list from a user is an error, not a crash."""
    deep: list = []
    for _ in range(5000):
        deep = [deep, 1]

    with pytest.raises(EvaluationError, match=r"`\.\.\.` "):
        rendered({"...": "${ inputs.x }"}, x=deep)


@given(st.lists(st.dictionaries(st.text(max_size=3), st.integers(), max_size=4), max_size=4))
@settings(deadline=None)
def test_spreading_is_the_same_for_every_shape_of_a_map(maps):
    """Maps, lists of pairs and maps that know their pairs merge alike."""
    expected = {key: value for member in maps for key, value in member.items()}
    pairs = [[list(pair) for pair in member.items()] for member in maps]
    repeating = [Repeating(*member.items()) for member in maps]

    for shape in (maps, pairs, repeating):
        assert rendered({"...": ["${ inputs.x }"]}, x=shape) == expected
        assert rendered({"...": "${ inputs.x }"}, x=shape) == expected
