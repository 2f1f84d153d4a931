"""A long JSON text is read in slices, to the very value that reading it at once gives."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector_runtime.base import long_json
from connector_runtime.base.json_text import JsonError, parse_json
from connector_runtime.base.long_json import parse_in_slices

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=6) | st.dictionaries(st.text(), children, max_size=6),
    max_leaves=40,
)
INDENTS = st.sampled_from([None, 0, 1, "\t"])
SLICES = st.integers(2, 60)


def read(text: str, slice_chars: int) -> Any:
    """Return the value of a text in slices of a given length, or what is wrong with it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_json, "SLICE_CHARS", slice_chars)
        patch.setattr(long_json, "VAIN_TRIES_MORE", 10_000)
        slices = parse_in_slices(text.encode(), "written")
        while True:
            try:
                next(slices)
            except StopIteration as end:
                return end.value
            except JsonError as problem:
                return problem.message, problem.line, problem.column


def read_at_once(text: str) -> Any:
    """Return the same from a text that is read at once."""
    try:
        return parse_json(text, numbers="written")
    except JsonError as problem:
        return problem.message, problem.line, problem.column


@pytest.mark.plan("S-181")
@given(VALUES, INDENTS, SLICES)
def test_wherever_the_slices_end_the_value_is_the_same(value, indent, slice_chars):
    """Texts, numbers, names and brackets may be cut anywhere."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)

    assert read(text, slice_chars) == read_at_once(text)


@pytest.mark.plan("S-181")
@settings(max_examples=150)
@given(VALUES, st.integers(0, 10_000), st.sampled_from([*'[]{},:"1e.- \n\\x', "", "NaN", '"a":1,']), SLICES)
def test_a_spoiled_text_is_refused_wherever_the_slices_end(value, at, spoil, slice_chars):
    """What is refused when it is read at once is refused in slices, and the other way round."""
    text = json.dumps(value)
    at %= len(text)
    text = text[:at] + spoil + text[at + 1 :]

    found, wanted = read(text, slice_chars), read_at_once(text)

    assert isinstance(found, tuple) is isinstance(wanted, tuple)
    assert isinstance(found, tuple) or found == wanted


@pytest.mark.plan("S-181")
@pytest.mark.parametrize("slice_chars", [2, 5, 16, 1000])
@pytest.mark.parametrize(
    "text",
    [
        "[NaN]",
        '{"a": 1, "a": 2}',
        '{"a": [1,2,3,4,5,6,7], "b": "long enough for more than a slice", "a": 2}',
        '{"a": {"b": 1},\n "c": {"b": 1, "b": 2}}',
        "[1e999]",
        "[1, 2, " + "1" * 5000 + "]",
        "[1] [2]",
        '{"a" 1}',
        "[1,\n 2 3]",
        '{"a":\n}',
        "{a: 1}",
        '["a',
        '["a\nb"]',
        "[1, 2, nul]",
        "[1, 2,",
        "[1, 2",
    ],
)
def test_what_is_wrong_is_told_where_it_stands(text, slice_chars):
    """Slices change neither the words nor line and column."""
    assert read(text, slice_chars) == read_at_once(text)


@pytest.mark.plan("S-181")
@pytest.mark.parametrize("around", [1, 150, 199])
def test_two_hundred_levels_are_the_most_in_slices_too(around):
    """Lists around a long value count like those inside it."""
    inner = "[" * (200 - around) + "]" * (200 - around)
    long = '"' + "x" * 100 + '"'

    kept = read("[" * around + f"{long},{inner}" + "]" * around, 50)
    refused = read("[" * around + f"{long},[{inner}]" + "]" * around, 50)

    assert isinstance(kept, list)
    assert isinstance(refused, tuple)
    assert "200 levels" in refused[0]


@pytest.mark.plan("S-183")
def test_long_lists_around_long_lists_are_not_tried_for_ever(monkeypatch, score):
    """A text whose every bracket opens more than a slice is refused after a bounded number of tries."""
    tries = 0
    within = long_json._Walk._within_slice

    def counted(walk, at):
        nonlocal tries
        tries += 1
        return within(walk, at)

    monkeypatch.setattr(long_json._Walk, "_within_slice", counted)
    tower = b"[" * 190 + b'"' + b"x" * (long_json.SLICE_CHARS + 10) + b'",1' + b"]" * 190
    text = b"[" + b",".join([tower] * 20) + b"]"

    with pytest.raises(JsonError, match="nested too deeply"):
        list(parse_in_slices(text, "float"))

    assert tries < 1_000
    score("vain_tries", 1_000)
