"""What each filter and test makes of values, and which it refuses."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector_runtime.base.urls import Segments, UrlError
from connector_runtime.base.values import ABSENT, File, Secret
from connector_runtime.language.expressions.expression import EvaluationError, compile_expression
from connector_runtime.language.expressions.filters import FILTERS, SEARCHED_MAX, TEST_NAMES

NAMES = ("value", "other")
MORE = "base64 escaped quoted named merged put first sortedPairs"
# Filters that take no value as they stand: they need values in brackets, or say what stands for nothing.
ASKING = "default optional join find having lacking escaped quoted named merged put sortedPairs"


def filtered(value, filters, other=ABSENT):
    return compile_expression(f"value | {filters}", NAMES).evaluate({"value": value, "other": other})


def holds(value, test):
    return compile_expression(f"value is {test}", NAMES).evaluate({"value": value})


def test_the_lists_of_filters_and_tests_are_those_of_the_language():
    """These filters and seven tests, and no others."""
    names = "default optional segments urlPath urlQuery origin join split lower length ms instant fromJson"

    assert set(FILTERS) == {*names.split(), *MORE.split(), "find", "keys", "maps", "having", "lacking"}
    assert set(TEST_NAMES) == {"defined", "string", "number", "list", "map", "records", "matching"}


@pytest.mark.parametrize(
    ("value", "filters", "expected"),
    [
        ("x", "default('d')", "x"),
        ("", "default('d')", ""),
        ("x", "optional", "x"),
        (ABSENT, "optional", Segments()),
        ("a/b", "segments", Segments(("a", "b"))),
        ("ab", "segments", Segments(("ab",))),
        (460000000026049, "segments", Segments(("460000000026049",))),
        ("/a%20b/c?x=1", "urlPath", Segments(("a b", "c"))),
        ("/a?x=1&x=2&y=a+b", "urlQuery", [["x", "1"], ["x", "2"], ["y", "a b"]]),
        ("HTTPS://Example.com/path?x", "origin", "https://example.com"),
        (None, "origin", ABSENT),
        (["a", "b"], "join(',')", "a,b"),
        ([1, True, 1.5, Decimal("0.10")], "join(' ')", "1 true 1.5 0.10"),
        (["a", "b"], "join('')", "ab"),
        ("a(b),c", "escaped('(),')", "a\\(b\\)\\,c"),
        ("ends with \\", "escaped('()')", "ends with \\\\"),
        (1.5, "escaped('.')", "1\\.5"),
        (["a(", 1], "escaped('(') | join(',')", "a\\(,1"),
        (["a", "b|"], "quoted('|') | join(', ')", "|a|, |b|||"),
        (True, "escaped('t')", "\\true"),
        ("O'Neil", 'quoted("\'")', "'O''Neil'"),
        ("", 'quoted("\'")', "''"),
        (Decimal("0.10"), "quoted('|')", "|0.10|"),
        (None, "escaped('x')", None),
        (None, "quoted('x')", None),
        ([""], "join(',')", ""),
        ([], "join(',')", ABSENT),
        (None, "join(',')", ABSENT),
        (" a  b\tc\n", "split", ["a", "b", "c"]),
        ("a, b,,c ,", "split(',')", ["a", "b", "c"]),
        ("", "split", []),
        (None, "split", None),
        ("a b", "split | join(',')", "a,b"),
        ("ABC", "lower", "abc"),
        ("1970-01-02T00:00:00+01:00", "instant", 82_800),
        ("1970-01-01T00:00:00.250Z", "instant", Decimal("0.250")),
        (None, "instant", None),
        (None, "lower", None),
        ("abc", "length", 3),
        ([1, 2], "length", 2),
        ({"a": 1}, "length", 1),
        (1500, "ms", 1.5),
        (Decimal(250), "ms", 0.25),
        (None, "ms", None),
        ('{"a": [1, null]}', "fromJson", {"a": [1, None]}),
        ("12345678901234567890.10", "fromJson", Decimal("12345678901234567890.10")),
        ("null", "fromJson", None),
        ("{not json", "fromJson", ABSENT),
        ("NaN", "fromJson", ABSENT),
        ("", "fromJson", ABSENT),
        ({"a": 1}, "fromJson", ABSENT),
        (["x", "y"], "first", "x"),
        ([], "first", ABSENT),
        (None, "first", ABSENT),
        ({"b": 1, "a": 2}, "keys", ["b", "a"]),
        ([{"k": "a", "v": 1}, {"k": "b", "v": 2}, {"k": "b", "v": 3}], "find('k', 'b')", {"k": "b", "v": 2}),
        ([{"k": "a"}, "b", None], "find('k', 'b')", ABSENT),
        ("no list", "find('k', 'b')", ABSENT),
        ({"a": {"k": 1}, "b": [{"k": 2}, "c", [{"k": 3}]], "d": 1}, "maps", [{"k": 1}, {"k": 2}]),
        ([{"k": 1}, [{"k": 2}], None], "maps", [{"k": 1}, {"k": 2}]),
        ("no list", "maps", []),
        ([{"a": None}, {"b": 1}, "a"], "having('a')", [{"a": None}]),
        ([{"a": None}, {"b": 1}, "b"], "lacking('a')", [{"b": 1}]),
        ({"a": 1}, "having('a')", []),
        ("no list", "lacking('a')", []),
        ({"a": 1}, "put('b', 'x')", {"a": 1, "b": "x"}),
        ({"a": 1}, "put('a', none)", {"a": None}),
        ({"a": 1}, "put('b', other)", {"a": 1}),
    ],
)
def test_a_filter_gives_what_the_language_says(value, filters, expected):
    """One row for each promise, null and empty values included."""
    result = filtered(value, filters)

    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.plan("S-225")
def test_find_looks_at_as_many_items_as_a_list_of_records_has():
    """What stands among them is found; of a longer list nobody can say that it is not there."""
    wanted = {"k": "b"}

    assert filtered([{}] * (SEARCHED_MAX - 1) + [wanted], "find('k', 'b')") is wanted
    assert filtered([wanted] + [{}] * SEARCHED_MAX, "find('k', 'b')") is wanted
    assert filtered([{}] * SEARCHED_MAX, "find('k', 'b')") is ABSENT
    with pytest.raises(EvaluationError) as caught:
        filtered([{}] * SEARCHED_MAX + [wanted], "find('k', 'b')")
    assert f"the first {SEARCHED_MAX:,} items" in caught.value.message


@pytest.mark.parametrize("name", sorted(set(FILTERS) - set(ASKING.split())))
def test_absent_passes_by(name):
    """A filter without a value has no result, rather than an error."""
    assert filtered(ABSENT, name) is ABSENT


@pytest.mark.parametrize(
    ("value", "filters", "words"),
    [
        ([1], "lower", "`lower` needs a text and was given a list"),
        (True, "segments", "`segments` needs a text and was given true or false"),
        (None, "segments", "`segments` needs a text and was given null"),
        (Secret("hush"), "lower", "`lower` needs a text and was given a secret"),
        (Secret("hush"), "segments", "`segments` needs a text and was given a secret"),
        ({}, "split", "`split` needs a text and was given a map"),
        ({"a": 1}, "escaped('(')", "`escaped` needs a text or a number and was given a map"),
        (Secret("s"), "quoted('|')", "`quoted` needs a text or a number and was given a secret"),
        ("abc", "join(',')", "`join` needs a list and was given a text"),
        ([None], "join(',')", "null cannot be part of a text"),
        ([["a"]], "join(',')", "a list cannot be part of a text"),
        ([Secret("hush")], "join(',')", "a secret cannot be part of a list"),
        (5, "length", "`length` needs a text, a list or a map"),
        ("5", "ms", "`ms` needs a number and was given a text"),
        (True, "ms", "`ms` needs a number"),
        (10**400, "ms", "out of range"),
        ("abc", "first", "`first` needs a list and was given a text"),
        ([], "keys", "`keys` needs a map and was given a list"),
        ([], "put('a', 1)", "`put` needs a map and a text"),
        ({}, "put(other, 1)", "`put` needs a map and a text"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_without_showing_it(value, filters, words):
    """The error names the filter and the kind of value, nothing else."""
    with pytest.raises(EvaluationError) as caught:
        filtered(value, filters)

    assert words in caught.value.message
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "name"),
    [("https://elsewhere.example/x", "urlPath"), ("//host/x", "urlQuery"), ("http://example.com", "origin")],
)
def test_what_an_address_filter_refuses_is_said_in_its_own_words(value, name):
    """Refusals of paths and hosts arrive as they are, with their hint."""
    with pytest.raises(UrlError) as caught:
        filtered(value, name)

    assert caught.value.hint


def test_put_leaves_the_map_it_was_given_alone():
    """The user's own map is copied, never changed."""
    given = {"a": 1}

    filtered(given, "put('b', 2)")

    assert given == {"a": 1}


def test_a_default_is_only_evaluated_where_it_is_needed():
    """A default that could not be put together does no harm while a value is there."""
    assert filtered("x", "default('a' ~ other)") == "x"


# named ------------------------------------------------------------------------------------------


def test_a_text_names_one_file():
    """One file takes the text as its name, and keeps content and type."""
    file = File(b"x", "text/plain", "old.txt")

    assert filtered(file, "named(other)", "new.txt") == File(b"x", "text/plain", "new.txt")
    assert file.name == "old.txt"


def test_a_map_names_several_files_by_key_and_leaves_the_rest():
    """Files whose key is not among the names, and values that are no files, stay as they are."""
    files = {"a": File(b"1"), "b": File(b"2"), "c": "text"}

    named = filtered(files, "named(other)", {"a": "first.txt"})

    assert named == [["a", File(b"1", name="first.txt")], ["b", File(b"2")], ["c", "text"]]


def test_files_under_one_key_all_take_its_name():
    """A list of pairs keeps its repeats."""
    files = [["a", File(b"1")], ["a", File(b"2")]]

    named = filtered(files, "named(other)", {"a": "n"})

    assert named == [["a", File(b"1", name="n")], ["a", File(b"2", name="n")]]


@pytest.mark.parametrize("names", [ABSENT, None, {}])
def test_without_names_files_stay_as_they_are(names):
    """Absent, null and empty names change nothing."""
    files = {"a": File(b"1")}

    assert filtered(files, "named(other)", names) is files


@pytest.mark.parametrize("files", [{"a": File(b"1")}, {}, ABSENT, None])
def test_a_name_for_a_file_that_is_not_there_is_the_users_mistake(files):
    """The error names the key and is of kind `input`, even when there are no files at all."""
    with pytest.raises(EvaluationError, match="file name for `picture`, but no file") as caught:
        filtered(files, "named(other)", {"picture": "p.png"})

    assert caught.value.kind == "input"


@pytest.mark.parametrize(
    ("files", "names"),
    [(File(b"1"), {"a": "n"}), (File(b"1"), ""), ({"a": File(b"1")}, {"a": 5})],
)
def test_a_file_name_that_is_no_text_is_the_users_mistake(files, names):
    """Maps, numbers and empty texts are no file names."""
    with pytest.raises(EvaluationError, match="a file name is a text") as caught:
        filtered(files, "named(other)", names)

    assert caught.value.kind == "input"


# Tests ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("", "string"),
        (0, "number"),
        (0.5, "number"),
        (Decimal(1), "number"),
        ([], "list"),
        ({}, "map"),
        (None, None),
        (True, None),
        (Secret("x"), None),
        (File(b""), None),
    ],
)
def test_every_value_is_of_at_most_one_kind(value, kind):
    """The four tests of kind exclude each other; null, booleans, secrets and files are none."""
    kinds = {test for test in ("string", "number", "list", "map") if holds(value, test)}

    assert kinds == ({kind} if kind else set())
    assert holds(value, "defined")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("EXT-1", True),
        ("EXT-1\n", False),
        (" EXT-1", False),
        ("ext-1", False),
        ("", False),
        (1, False),
        (None, False),
    ],
)
def test_matching_looks_at_the_whole_text_and_at_texts_only(value, expected):
    """No anchors are needed, and a line break at the end is no match."""
    assert holds(value, r"matching('[A-Z]+-\d+')") is expected


def test_matching_refuses_texts_that_could_take_forever():
    """Beyond a thousand characters nothing is tried."""
    with pytest.raises(EvaluationError, match="at most 1,000 characters"):
        holds("x" * 1001, "matching('x+')")


@given(st.text(), st.lists(st.text(alphabet="abc;", min_size=1), min_size=1))
@settings(deadline=None)
def test_texts_pass_filters_unchanged_where_nothing_is_to_change(text, words):
    """Joining gives the items, in order, and a single segment is the text itself."""
    assert filtered(words, "join('|')") == "|".join(words)
    assert filtered([text], "join(',')") == text
    assert "/".join(filtered(text, "segments")) == text
    assert filtered(text, "default('d')") == text


@given(st.text())
@settings(deadline=None)
def test_any_text_is_json_or_absent(text):
    """A text that is not JSON is no error, it only has no value."""
    value = filtered(text, "fromJson")

    assert value is ABSENT or filtered(f"[{text}]", "fromJson") == [value]
