"""Key/value lists: every shape a platform or a person sends means the same entries."""

from __future__ import annotations

import json
from contextlib import suppress
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_runtime.inputs.keyvalues import Pairs, read_pairs
from connector_runtime.inputs.refusals import Refusal

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
KEYS = TEXT.filter(str.strip)
ENTRIES = st.lists(st.tuples(KEYS, TEXT), max_size=6)


def entries(value):
    return list(read_pairs(value).pairs)


def refusal(value):
    with pytest.raises(Refusal) as caught:
        read_pairs(value)
    return caught.value


SAME = [("Last_Name", "Boyle"), ("Email", "p@example.com")]


@pytest.mark.parametrize(
    "shape",
    [
        [{"key": "Last_Name", "value": "Boyle"}, {"key": "Email", "value": "p@example.com"}],
        [["Last_Name", "Boyle"], ("Email", "p@example.com")],
        {"Last_Name": "Boyle", "Email": "p@example.com"},
        '[{"key": "Last_Name", "value": "Boyle"}, {"key": "Email", "value": "p@example.com"}]',
        '{"Last_Name": "Boyle", "Email": "p@example.com"}',
        "Last_Name: Boyle\r\nEmail:p@example.com\n",
        "Last_Name=Boyle&Email=p%40example.com",
        "&Last_Name=Boyle&&Email=p@example.com&",
        "?Last_Name=Boyle&Email=p@example.com",
        '[{key: "Last_Name", value: "Boyle"}, {key: "Email", value: "p@example.com"}]',
        "[{key: Last_Name, value: Boyle}, {key: Email, value: p@example.com},]",
        "[{'key': 'Last_Name', 'value': 'Boyle'}, {'key': 'Email', 'value': 'p@example.com'}]",
        "{Last_Name: Boyle, Email: 'p@example.com'}",
        '[{"key": "Last_Name", "value": new Buffer("Boyle")}, {key: Email, value: Buffer.from("p@example.com")}]',
    ],
)
def test_every_shape_gives_the_same_entries(shape):
    """A list of entries, a map, JSON, loose JSON, lines and a query mean the same."""
    assert entries(shape) == SAME


@pytest.mark.parametrize("nothing", [[], {}, "", " \n", "[]", "{}"])
def test_nothing_entered_gives_no_entries(nothing):
    """Empty lists and blank text are an empty list of entries."""
    assert entries(nothing) == []


def test_as_a_map_the_last_entry_of_a_name_counts():
    """Whoever wants a map gets the last value; whoever wants repeats finds them in order."""
    pairs = read_pairs("a=1&b=2&a=3")

    assert pairs == {"a": "3", "b": "2"}
    assert pairs.as_map() == {"a": "3", "b": "2"}
    assert pairs.pairs == (("a", "1"), ("b", "2"), ("a", "3"))


def test_a_map_written_as_text_keeps_its_repeats():
    """A name that stands twice in JSON text is two entries, not a mistake."""
    assert entries('{"a": "1", "a": "2"}') == [("a", "1"), ("a", "2")]


def test_values_keep_their_json_types():
    """Numbers, booleans, null, lists and maps of JSON stay what they are."""
    given = (
        '[{"key": "n", "value": 12.50}, {"key": "b", "value": false}, {"key": "o", "value": {"x": [null]}}]'
    )

    found = read_pairs(given)

    assert str(found["n"]) == "12.50"
    assert found["b"] is False
    assert found["o"] == {"x": [None]}


def test_without_quotes_only_what_json_knows_is_more_than_text():
    """In loose text 30 is a number and null is null; 007, None and yes stay text."""
    found = read_pairs("{a: 30, b: null, c: 007, d: None, e: yes, f: true, g: http://example.com/x?y=1}")

    assert found == {
        "a": 30,
        "b": None,
        "c": "007",
        "d": "None",
        "e": "yes",
        "f": True,
        "g": "http://example.com/x?y=1",
    }


def test_lines_keep_everything_behind_the_first_colon():
    """A value in a line may have colons, equals signs and ampersands."""
    assert entries("Authorization: Basic a=b&c\nTime: 10:30") == [
        ("Authorization", "Basic a=b&c"),
        ("Time", "10:30"),
    ]


def test_a_query_is_decoded_once():
    """Plus is a space and %26 an ampersand; an encoded percent sign stays one."""
    assert entries("a=x+y&b=1%262&c=%2526&d=") == [("a", "x y"), ("b", "1&2"), ("c", "%26"), ("d", "")]


def test_empty_text_null_and_a_missing_value_are_three_things():
    """Empty text and null are values; an entry with only a key, or with nothing, is left out."""
    given = [
        {"key": "emptied", "value": ""},
        {"key": "cleared", "value": None},
        {"key": "untouched"},
        {"key": "", "value": ""},
        {"key": None, "value": None},
    ]

    assert entries(given) == [("emptied", ""), ("cleared", None)]


def test_what_a_platform_adds_to_an_entry_is_no_harm():
    """Members beside key and value are ignored."""
    assert entries([{"key": "a", "value": "1", "type": "value"}]) == [("a", "1")]


def test_bytes_are_text_where_text_is_meant():
    """A form field given as bytes is its text."""
    assert entries([{"key": "Example Key", "value": b"Hello World"}]) == [("Example Key", "Hello World")]


def test_whole_numbers_are_names():
    """A map with numbers for names is a map with their digits."""
    assert entries({1: "a"}) == [("1", "a")]


@pytest.mark.parametrize(
    ("value", "message", "hint"),
    [
        ([{"key": "a", "vlaue": "1"}], "entry 1 has no `value`.", 'Write `value` instead of "vlaue".'),
        ([{"Key": "a", "value": "1"}], "entry 1 has no `key`.", 'Write `key` instead of "Key".'),
        ([{"a": "1"}], "entry 1 has no `key`.", "Write it as"),
        (["a=1"], "entry 1 is text, not a key with a value.", "Write it as"),
        (5, "a number is not a list of names and values.", "Write it as"),
        ([{"key": " ", "value": "1"}], "an entry has a value but no key.", "Enter its key"),
        ([{"key": ["a"], "value": "1"}], "a key is a list, not a text.", "Write it as"),
        ({"key": "a", "value": "1"}, "can mean one entry or two fields", "[{key: …, value: …}]"),
        ("just words", "line 1 has no colon", "Write one `Name: value` a line"),
        ("a: 1\nwords", "line 2 has no colon", "Write one `Name: value` a line"),
        ("a: 1\n: 2", "line 2 has nothing before its colon.", "Write one"),
        ("- a: 1", "line 1 starts with a dash.", "without the dash"),
        ("https://example.com/x?y=1", "is a web address", "Write one"),
        ("a=1&b", "part 2 of the text has no `=`.", "%26"),
        ("a=%FF", "part 1 of the text has a % code that is no UTF-8.", "Write one"),
        ("a=1\nb=2", "several lines", "Write one `Name: value` a line"),
        ('[{"key": "a", "value": 1} {"key": "b"}]', "line 1, column 27", "quotes around every text"),
        ('{"a": "1",\n "b": "2', "line 2, column 7: the quote that opens here", "quotes"),
        ("{a: b: c}", "a text with a colon needs quotes", "quotes"),
        ("[{key: a value: b}]", "a text with a colon needs quotes", "quotes"),
        ('{a: "\\x"}', "a backslash stands before a character that needs none", "quotes"),
        ("{a: new Buffer(b)}", "a text in quotes and a closing bracket are missing here", "quotes"),
        ("{a: {b: 1, b: 2}}", "a name stands twice in one map", "quotes"),
        ("{a:" * 60, "nested more than 50 levels deep", "quotes"),
        ([{"key": "a", "value": float("nan")}], 'the value of "a": a number in it is not finite.', "null"),
        ([{"key": "a", "value": {1, 2}}], 'the value of "a": a Python set cannot be sent', "files"),
        ([{"key": "a", "value": b"\xff"}], 'the value of "a": it is the content of a file', "files"),
        ([{"key": "a\ud800", "value": 1}], "a key holds half a character.", "Copy it again"),
        (
            [{"key": "a", "value": "\ud800"}],
            'the value of "a": a text in it holds half a character.',
            "Copy it",
        ),
    ],
)
def test_what_is_wrong_is_said_in_plain_words(value, message, hint):
    """Each refusal names the entry, the line or the column, and how to write it."""
    problem = refusal(value)

    assert message in problem.message
    assert hint in (problem.hint or "")


@pytest.mark.parametrize(
    "value",
    [
        "Authorization: Bearer 1000.aaaa\nBearer 1000.aaaa",
        '[{"key": "Authorization", "value": "Bearer 1000.aaaa" "x"}]',
        [{"key": "Authorization", "valeu": "Bearer 1000.aaaa"}],
        {"Authorization": {"1000.aaaa"}},
        "token=1000.aaaa&1000.aaaa",
    ],
)
def test_no_refusal_shows_a_value(value):
    """Headers carry secrets: a refusal names keys and places, never a value."""
    problem = refusal(value)

    assert "1000.aaaa" not in f"{problem.message} {problem.hint}"


@given(ENTRIES)
def test_entries_come_back_whole_from_every_structured_shape(wanted):
    """Whatever the texts are, lists of entries and pairs, also as JSON text, keep them and their order."""
    as_entries = [{"key": key, "value": value} for key, value in wanted]

    assert entries(as_entries) == wanted
    assert entries(json.dumps(as_entries)) == wanted
    assert entries([list(pair) for pair in wanted]) == wanted
    assert entries(read_pairs(as_entries)) == wanted


@given(st.lists(st.tuples(KEYS.filter(lambda key: ":" not in key and key.isprintable()), TEXT), min_size=1))
def test_a_query_means_what_a_browser_means_by_it(wanted):
    """What a form encodes is what is read."""
    assert entries(urlencode(wanted)) == wanted


@given(
    st.text()
    | st.recursive(
        st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_anything_is_either_read_or_refused(value):
    """No input, however odd, ends in anything but entries or a refusal."""
    with suppress(Refusal):
        found = read_pairs(value)

        assert isinstance(found, Pairs)
        assert dict(found.pairs) == found


@given(st.text(alphabet="{}[]\"':, \n\\akeyvlu=&1"))
def test_loose_text_never_breaks_the_reader(text):
    """Random brackets, quotes and commas are read or refused."""
    with suppress(Refusal):
        found = read_pairs(text)

        assert all(isinstance(key, str) for key in found)
