"""Which regular expressions are accepted, and which could run too long."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector_runtime.language.expressions.patterns import MAX_TEXT_CHARACTERS, PatternError, compile_pattern

USUAL = [
    r"[A-Za-z0-9_]+",
    r"^cf_[A-Za-z0-9_]+$",
    r"\d{4}-\d{2}-\d{2}",
    r"(\d{2}:)+",
    r"-?\d+(\.\d+)?",
    r"[^@ ]+@[^@ ]+\.[^@ ]+",
    r"[a-z]+-[a-z]+-[a-z]+-[a-z]+",
    r"(red|green|blue)",
    r"(https?://)?[a-z.]+",
    r".*already exists.*",
    r"(?:ab){1,3}",
    r"[\w.-]+",
    r"\S+: \D*",
    r"([a-z]+,)*[a-z]+",
    r"",
]


@pytest.mark.parametrize("pattern", USUAL)
def test_usual_patterns_are_accepted(pattern):
    """Codes, ids, dates, addresses and words need nothing that could run away."""
    assert compile_pattern(pattern).pattern == pattern


@pytest.mark.plan("S-100")
@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+",
        r"(a*)*b",
        r"([a-zA-Z]+)*",
        r"(a|aa)+",
        r"(a|a?)+",
        r"(.*a){20}",
        r"(a?){50}a{50}",
        r"((a{1,9})+)",
        r".*.*.*=.*",
        r"\d+\d+\d+x",
        r"a*a*a*a*b",
        r"a?" * 40 + "a" * 40,
        r"\w+\d+\w+\d+",
        r"(?=a)b",
        r"(?!a)b",
        r"(?<=a)b",
        r"(a)\1",
        r"(?P<x>a)(?P=x)",
        r"(a)?(?(1)b|c)",
        r"(?i)abc",
        r"(?i:abc)",
        r"(?>a+)b",
        r"a++b",
        r"(",
        r"[",
        r"((a{999}){999}){999}",
        r"(\w+\d)*x",
        r"a{99999999999999999999}",
        r"[[a]]" + "(" * 300,
        "a" * 501,
    ],
)
def test_patterns_that_could_run_away_are_refused(pattern):
    """Nested and adjoining repeats, look-around, back references, flags and broken ones."""
    with pytest.raises(PatternError) as caught:
        compile_pattern(pattern)

    assert caught.value.message


@pytest.mark.plan("S-100")
@given(
    st.lists(
        st.sampled_from(
            ["a", "b", ".", "[ab]", "[^a]", r"\w", r"\d", "+", "*", "?", "{2,9}", "(", ")", "|", "@"]
        ),
        max_size=9,
    ).map("".join),
    st.sampled_from(["a", "b", "ab", "a1", "@"]),
)
@settings(deadline=None, max_examples=300)
def test_whatever_is_accepted_ends_on_hostile_texts(pattern, piece):
    """A long text that nearly matches is the worst case; every accepted pattern gets through it."""
    try:
        compiled = compile_pattern(pattern)
    except PatternError:
        return

    hostile = (piece * MAX_TEXT_CHARACTERS)[: MAX_TEXT_CHARACTERS - 1] + "!"

    assert (compiled.fullmatch(hostile) is None) is (re.fullmatch(pattern, hostile) is None)
