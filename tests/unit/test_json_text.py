"""JSON read strictly and written exactly."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connector_runtime.base import json_text
from connector_runtime.base.json_text import JsonError, parse_json
from connector_runtime.base.numbers import READINGS
from connector_runtime.errors.json_writing import dump_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector_runtime.base.numbers import Numbers

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=20,
)


@pytest.mark.plan("S-33")
@pytest.mark.parametrize(
    ("text", "words", "line", "column"),
    [
        ("", "the text is empty", 1, 1),
        ("[NaN]", "NaN is not a JSON value", 1, 2),
        ('["NaN", -Infinity]', "-Infinity is not a JSON value", 1, 9),
        ('{"a": 1, "a": 2}', 'the name "a" stands twice in one object', 1, 10),
        ('{"a": {"b": 1},\n "c": {"b": 1, "b": 2}}', 'the name "b" stands twice in one object', 2, 16),
        ("[1e999]", "a number is too large", 1, 2),
        ("1" * 5000, "a number has more than 4300 digits", 1, 1),
        ("[" * 100_000, "the value is nested more than 200 levels deep", 1, 1),
        ("[" * 250 + "]" * 250, "the value is nested more than 200 levels deep", 1, 1),
        ('{"a": ' * 250 + "1" + "}" * 250, "the value is nested more than 200 levels deep", 1, 1),
        ("[1] [2]", "there is more text after the end of the JSON value", 1, 5),
        ('{"a" 1}', "a colon is missing here", 1, 6),
        ("[1 2]", "a comma or the closing bracket is missing here", 1, 4),
        ('{"a":\n}', "a value is missing here", 2, 1),
        ("{a: 1}", "a name in double quotes is missing here", 1, 2),
        ('["a', "the quote that opens here is never closed", 1, 2),
        ('["a\nb"]', "a line break or control character stands inside quotes", 1, 4),
        ("nul", "a value is missing here", 1, 1),
    ],
)
@pytest.mark.parametrize("numbers", READINGS)
def test_what_is_not_json_is_refused_where_it_stands(
    text: str, words: str, line: int, column: int, numbers: Numbers
) -> None:
    """A text that is not JSON, or dangerous JSON, is one kind of error with a place."""
    with pytest.raises(JsonError) as caught:
        parse_json(text, numbers=numbers)

    assert (caught.value.message, caught.value.line, caught.value.column) == (words, line, column)


@pytest.mark.plan("S-33")
def test_bytes_are_in_one_of_unicodes_encodings_with_or_without_a_mark() -> None:
    """Which one is plain from the first bytes; anything else is refused, never guessed."""
    assert parse_json(b'\xef\xbb\xbf{"a": "\xc3\xa9"}') == {"a": "é"}
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"):
        assert parse_json('{"a": "é"}'.encode(encoding)) == {"a": "é"}
    for text, name in ((b'{"a": "\xe9"}', "UTF-8"), (b"\xff\xfe{", "UTF-16")):
        with pytest.raises(JsonError, match=f"not {name}"):
            parse_json(text)


HONEST = b'{"code": 0, "id": 460000000026049, "rate": 1.10, "when": null, "tags": ["a", "\\u00e9", "\\"x\\""], "in": {"up": true, "at": -2.5e-3}}'
SPOILING = [b"", b"\0", b"\xff", b"\xef\xbb\xbf", b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"'", b"/", b"NaN", b"-", b"+", b"0", b"9" * 400,
            b"e", b"1e999", b".", b"true", b"null", b" ", b"\n", b"\\ud800", b'"code":1,', b'"in"', b"{}", b"//x", b"\xe9"]  # fmt: skip


def read_by_another(raw: bytes) -> Any:
    """Return what Python's own reader makes of a text, as far as it can be told to be strict."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise ValueError
        return dict(pairs)

    def finite(text: str) -> float:
        if float(text) in (float("inf"), float("-inf")):
            raise ValueError
        return float(text)

    def no_constant(_: str) -> None:
        raise ValueError

    return json.loads(
        raw.decode("utf-8-sig"), object_pairs_hook=unique, parse_float=finite, parse_constant=no_constant
    )


@pytest.mark.plan("S-33")
@pytest.mark.parametrize("count", [400, pytest.param(4_000, marks=pytest.mark.long)])
def test_a_spoiled_text_is_refused_or_read_as_others_read_it(
    score: Callable[[str, int], None], count: int
) -> None:
    """A few bytes dropped or put in anywhere: one kind of error, or exactly the value that stands there."""
    chance, read = random.Random(33), 0
    for _ in range(count):
        raw = HONEST
        for _ in range(chance.randrange(1, 4)):
            at = chance.randrange(len(raw) + 1)
            raw = raw[:at] + chance.choice(SPOILING) + raw[at + chance.choice([0, 1, 1, 9]) :]
        try:
            expected = read_by_another(raw)
        except ValueError:
            with pytest.raises(JsonError):
                parse_json(raw)
            continue
        assert parse_json(raw) == expected, raw
        read += 1

    assert count / 50 < read < count / 2
    score("hostile", count - 1)


@pytest.mark.parametrize("depth", [199, 200])
def test_deep_but_sane_values_are_read(depth: int) -> None:
    """Two hundred levels are allowed."""
    assert parse_json("[" * depth + "]" * depth) is not None


@pytest.mark.plan("S-118")
@pytest.mark.parametrize(
    "digits",
    ["1.10", "0.1", "12345678901234567890.123", "100.00", "1e5", "1E-7", "0.30000000000000004", "-0.0"],
)
def test_numbers_keep_their_digits(digits: str) -> None:
    """A number that a float would not write the same way stays a decimal, and goes out as it came in."""
    value = parse_json(f'{{"a": {digits}}}', numbers="written")

    assert Decimal(dump_json(value)[5:-1]) == Decimal(digits)
    assert str(value["a"]).upper().replace("E+", "E") == digits.upper()


@pytest.mark.plan("S-118")
def test_long_whole_numbers_keep_their_digits() -> None:
    """Ids above 2 to the 53rd are exact."""
    assert dump_json(parse_json("[460000000026049123456789]")) == "[460000000026049123456789]"


def test_a_text_cannot_pass_for_a_number() -> None:
    """Writing decimals does not touch texts that look like anything."""
    value = {"a": Decimal("1.10"), "b": '"1.10"', "c": ["0:0", "x:0"], "d": Decimal("2.50")}

    assert dump_json(value) == '{"a":1.10,"b":"\\"1.10\\"","c":["0:0","x:0"],"d":2.50}'


@given(VALUES)
def test_what_is_written_is_read_back(value: Any) -> None:
    """Writing and reading are each other's inverse."""
    assert parse_json(dump_json(value)) == value
    assert json.loads(dump_json(value, indent=2)) == value


def test_half_a_character_is_written_as_an_escape() -> None:
    """A text that cannot be UTF-8 still makes JSON that can."""
    assert dump_json({"a": "é\ud800"}).encode("ascii") == b'{"a":"\\u00e9\\ud800"}'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), {1, 2}, object(), b"x"])
def test_what_json_has_no_word_for_is_refused(value: Any) -> None:
    """Nothing is written that nobody could read."""
    with pytest.raises(ValueError, match="JSON"):
        dump_json({"a": value})


BLANKS = st.text(" \t\n\r", max_size=2)
NAMES = st.sampled_from(['"a"', '"b"', '"\\u0061"', '"a :"', '"\\":"', '":"', '""', '"\\\\"'])
LEAVES = st.sampled_from(
    ["0", "null", '"a"', '" :"', '"\\":"', '":"', '"\\t:"', '"x : y"', '"\\":\\":"', "1.5"]
)


@st.composite
def spaced(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    """Return a list or an object whose names may be the same, with white space wherever JSON takes it."""
    inside = draw(st.lists(values, max_size=3))
    if draw(st.booleans()):
        inside = [draw(BLANKS) + draw(NAMES) + draw(BLANKS) + ":" + draw(BLANKS) + one for one in inside]
        return "{" + ",".join(one + draw(BLANKS) for one in inside) + "}"
    return "[" + ",".join(draw(BLANKS) + one + draw(BLANKS) for one in inside) + "]"


TEXTS = st.recursive(LEAVES, spaced, max_leaves=8)


@pytest.mark.plan("S-160")
@settings(max_examples=400)
@given(TEXTS, st.sampled_from([*READINGS]))
@example('{"code" : 57, "message": "no", "code":0}', "float")
@example('{"a"\t:1,"a":"\\":"}', "written")
@example('{"a"\n:1,"a"\r:2}', "binary")
def test_a_name_that_stands_twice_is_found_however_it_is_spaced(text: str, numbers: Numbers) -> None:
    """The quick reader and the strict one agree: the same value, or the same refusal."""
    strict = json_text.STRICT[numbers].decode

    try:
        expected = strict(text)
    except ValueError:
        with pytest.raises(JsonError, match="stands twice"):
            parse_json(text, numbers=numbers)
    else:
        assert parse_json(text, numbers=numbers) == expected


@given(st.text(max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Any text is a value or a JsonError with a place inside the text."""
    error = refusal_of(text)

    assert error is None or (1 <= error.line <= text.count("\n") + 1 and error.column >= 1)


def refusal_of(text: str) -> JsonError | None:
    """Return why a text is no JSON, or None."""
    try:
        parse_json(text, numbers="written")
    except JsonError as error:
        return error
    return None
