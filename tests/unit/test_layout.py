"""Long lines are wrapped; what a file says, and whatever else stands in it, stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector_runtime.language.documents.layout import MAX_LINE, LayoutError, long_lines, wrapped
from connector_runtime.language.documents.yaml_reader import read

WIDTH = 30


def data_of(text: str) -> Any:
    """Return what a file says, types and order of keys included."""
    data, _, mistakes = read(text)
    assert not mistakes, text
    return json.dumps(data)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "key: one two three four five six seven eight\n",
            "key: >-\n  one two three four five six\n  seven eight\n",
        ),
        (
            'key: "${ inputs.a }: ${ inputs.b } and more"\n',
            "key: >-\n  ${ inputs.a }: ${ inputs.b }\n  and more\n",
        ),
        (
            'key: "some words and ${ inputs.more } words"\n',
            "key: >-\n  some words and\n  ${ inputs.more } words\n",
        ),
        (
            "key: https://a.example/orders?page=1&per_page=200&sort=name\n",
            'key: "https://a.example/\\\n  orders?page=1&per_page=200&\\\n  sort=name"\n',
        ),
        (
            '- { url: "https://a.example/orders?page=${ inputs.page }&sort=name" }\n',
            '- url: "https://a.example/\\\n    orders?page=\\\n    ${ inputs.page }&\\\n    sort=name"\n',
        ),
        (
            'key: "two\\nlines of many words, one after another"\n',
            'key: "two\\nlines of many \\\n  words, one after another"\n',
        ),
        (
            "key: abcdefghijklmnopqrstuvwxyz0123456789\n",
            'key: "abcdefghijklmnopqrstuvw\\\n  xyz0123456789"\n',
        ),
        ("key: { a: 1, bcd: [x, y], efghijk: long }\n", "key:\n  a: 1\n  bcd: [x, y]\n  efghijk: long\n"),
        ("- { a: 1, bcd: [x, y], efghijk: long }\n", "- a: 1\n  bcd: [x, y]\n  efghijk: long\n"),
        (
            "key: [{ name: one, more: x }, { name: two }]\n",
            "key:\n  - { name: one, more: x }\n  - { name: two }\n",
        ),
        (
            "key: [AAAA, BBBB, CCCC, DDDD, EEEE, FFFF, GGGG]\n",
            "key:\n  [AAAA, BBBB, CCCC, DDDD,\n   EEEE, FFFF, GGGG]\n",
        ),
        (
            "# a comment that is longer than thirty\nkey: 1\n",
            "# a comment that is longer\n# than thirty\nkey: 1\n",
        ),
        ("key: short  # why it is so, in many words\n", "# why it is so, in many words\nkey: short\n"),
        (
            "key:\n  # why it is so\n  one two three four five six seven\n",
            "# why it is so\nkey: >-\n  one two three four five six\n  seven\n",
        ),
        (
            'key:  # why\n  { a: "one two three four five six" }  # how\n',
            "# why\n# how\nkey:\n  a: >-\n    one two three four five\n    six\n",
        ),
        (
            'key: { a:  # why\n  "one two three four five", c: 1 }\n',
            'key:\n  # why\n  a: "one two three four five"\n  c: 1\n',
        ),
        (
            "- key:  # why\n    # a comment that is longer than thirty\n    short\n",
            "# why\n# a comment that is longer\n# than thirty\n- key: short\n",
        ),
        (
            "key: one two three four five six seven   \nb: 1\n",
            "key: >-\n  one two three four five six\n  seven\nb: 1\n",
        ),
        (
            "key: one two three\n  four five six seven eight nine\n\n  # why\n# more\nb: 1\n",
            "key: >-\n  one two three four five six\n  seven eight nine\n\n# why\n# more\nb: 1\n",
        ),
        (
            "key: { a: 1,  # the first\n  b: 2, c: three four five six }\n",
            "key:\n  # the first\n  a: 1\n  b: 2\n  c: three four five six\n",
        ),
    ],
)
def test_what_is_too_long_is_wrapped(before: str, after: str) -> None:
    """Maps and lists get a line an entry, texts are folded, comments go above what they explain."""
    assert wrapped(before, WIDTH) == after
    assert data_of(before) == data_of(after)


@pytest.mark.parametrize(
    "text",
    [
        "key: 'short'\n\n# why\nother: { a: 1,   b: 2 }\n",
        "# yaml-language-server: $schema=../schemas/action.schema.json\nkey: 1\n",
        "key: >-  # why\n  one two three four five six seven eight\n",
        "key: |\n  one two three four five six seven eight\n",
        "key: |\n  https://a.example/without-any-blank-to-break-at\n  more\n",
        'key: "a bell \\a in many words, one after another"\n',
    ],
)
def test_all_else_stays_as_it_stands(text: str) -> None:
    """Short lines, the line that names the schema, and what cannot be wrapped are left alone."""
    assert wrapped(text, WIDTH) == text


def test_blanks_that_a_fold_would_lose_are_not_broken_at() -> None:
    """Two blanks side by side stay two blanks."""
    text = 'key: "one  two  three  four  five six seven"\n'

    assert data_of(wrapped(text, WIDTH)) == data_of(text)
    assert "five\n  six seven" in wrapped(text, WIDTH)


def test_a_file_that_cannot_be_read_is_left_alone() -> None:
    """What is no YAML is not written anew."""
    with pytest.raises(LayoutError, match="cannot be read"):
        wrapped("key: [1, 2\nother: }" + "x" * MAX_LINE)


def test_long_lines_are_told_by_number_and_length() -> None:
    """Characters are counted, not bytes."""
    assert list(long_lines("a\n" + "ä" * (MAX_LINE + 1) + "\n" + "ä" * MAX_LINE)) == [(2, MAX_LINE + 1)]


def test_a_value_that_cannot_be_written_anew_keeps_no_other_from_it() -> None:
    """A key behind a question mark has no place for its value elsewhere; the line below it is wrapped."""
    stuck = "? one two three four five six seven eight\n: value\n"

    assert wrapped(f"{stuck}b: one two three four five six seven eight\n", WIDTH) == (
        f"{stuck}b: >-\n  one two three four five six\n  seven eight\n"
    )


WORDS = st.text("ab{}[]:#,'\" -?&*!|>%@~$.0123é", max_size=60)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: (
        st.lists(inner, max_size=8) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=5)
    ),
    max_leaves=25,
)


@settings(max_examples=150)
@given(st.dictionaries(st.text("abc", min_size=1), VALUES, min_size=1, max_size=4))
def test_whatever_a_file_says_it_says_afterwards(value: dict[str, Any]) -> None:
    """Any data, written on lines of its own keys, is the same after wrapping, and wrapping twice is once."""
    text = "".join(f"{key}: {json.dumps(member)}\n" for key, member in value.items())

    made = wrapped(text, WIDTH)

    assert data_of(made) == data_of(text)
    assert wrapped(made, WIDTH) == made


COMMENTS = st.sampled_from(["", "", "  # why", "  # why, in so many words that a line is full"])
BREAKS = st.sampled_from(["", "", "\n  ", "  # why\n  ", "\n  # why, in many, many words that go on\n  "])
FLOWS = st.recursive(
    st.sampled_from(["x", '"one two three four five six"', "'# no comment, but a text'", "7", "p q r s"]),
    lambda inner: (
        st.lists(st.tuples(BREAKS, inner, BREAKS), max_size=7).map(
            lambda items: f"[{','.join(f' {a}{item}{b}' for a, item, b in items)} ]"
        )
        | st.lists(st.tuples(BREAKS, inner, BREAKS), max_size=4).map(
            lambda items: f"{{{','.join(f' {a}k{n}: {item}{b}' for n, (a, item, b) in enumerate(items))} }}"
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200)
@given(st.lists(st.tuples(COMMENTS, BREAKS, FLOWS, COMMENTS), min_size=1, max_size=4))
def test_no_word_of_a_comment_is_lost(entries: list[tuple[str, str, str, str]]) -> None:
    """Wherever a comment stands, its words are there afterwards, and the data is the same."""
    text = "".join(
        f"{above.strip()}\nb{number}: {gap}{value}{behind}\n"
        for number, (above, gap, value, behind) in enumerate(entries)
    )

    made = wrapped(text, WIDTH)

    assert data_of(made) == data_of(text)
    assert [made.count(word) for word in ("why", "many", "words")] == [
        text.count(word) for word in ("why", "many", "words")
    ]
    assert wrapped(made, WIDTH) == made
