"""One reading of YAML: what `check` takes a word for, an editor takes it for as well, or quotes are asked for."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from connector_runtime.language.documents.yaml_reader import read
from node.tools import run_node

# What the reader of yaml-language-server makes of each word; `test_the_readings_are_those_of_editors` proves it.
READINGS = Path(__file__).resolve().parents[1] / "cases" / "readings.json"
KNOWN = json.loads(READINGS.read_text("utf-8"))
WRITTEN = """
    017 1. +12 0o14 1_000 .5 0x1F 1e3 yes no on off y n Yes NO ON Off true True TRUE tRUE false null Null NULL nULL ~
    2026-01-01 2026-01-01T00:00:00Z -0 +0 -017 00 0 -1 1.5 +1.5 1.50 -.5 1.e3 1e+3 1E3 +1e3 0O14 0o8 0XFF 0xG 0b101
    .inf .Inf .INF -.inf +.inf .nan .NaN .NAN inf nan Infinity NaN 1:30 1:30:00 190:20:30 1,000 1e .e3 ... 1.2.3 00.5
    12345678901234567890 9007199254740993 1e400 1234567890123456789.5 0x1FFFFFFFFFFFFFFFFF 1__0 _1 1_ = 0.1e1 007 012
"""
WORDS = WRITTEN.split()
EVERYDAY = "yes no on off y n 2026-01-01 1:30 1,000 1.2.3 = 1e3 -1 1.5 1.50 true null ~"


def words():
    """Return the words: those that people write, and all short ones of what numbers are made of."""
    short = [letters for count in (1, 2, 3) for letters in itertools.product("07+-.e_xo", repeat=count)]
    return [*WORDS, *("".join(letters) for letters in short)]


def reading(value):
    """Return what a value is, in the words of the other reader."""
    if value is None or isinstance(value, str):
        return "null" if value is None else f"text {value}"
    return "boolean" if isinstance(value, bool) else "number"


@pytest.mark.parametrize("word", dict.fromkeys(words()))
def test_a_word_is_read_alike_or_needs_quotes(word):
    """As a value and as a key, a word is what an editor takes it for, or is refused."""
    as_value, as_key = KNOWN[word]

    data, _, mistakes = read(f"k: {word}\n")
    keyed, _, key_mistakes = read(f"{word}: v\n")

    assert mistakes or reading(data["k"]) == as_value
    assert key_mistakes or list(keyed) == [as_key]


def test_few_words_need_quotes():
    """What is written every day is read as it stands: only what reads in two ways is refused."""
    plain = [word for word in WORDS if not read(f"k: {word}\n")[2]]

    assert {*EVERYDAY.split()} <= {*plain}
    assert not {"017", "+12", "1.", ".5", "0x1F", "0o14", ".inf", "1_000"} & {*plain}


@pytest.mark.parametrize(("key", "is_plain"), [("200", True), ("1.5", True), ("true", True), ("True", False), ("1e3", False)])
def test_a_number_as_a_key_keeps_its_text(key, is_plain):
    """A key such as 200 is the same text to every reader; one that would change needs quotes."""
    data, _, mistakes = read(f"{key}: v\n")

    assert list(data) == [key]
    assert [mistake.code for mistake in mistakes] == ([] if is_plain else ["Y013"])


def test_the_readings_are_those_of_editors():
    """The list of readings is what the YAML reader of yaml-language-server says today."""
    found = run_node("read_yaml.mjs", json.dumps(list(dict.fromkeys(words()))))

    assert json.loads(found) == KNOWN
