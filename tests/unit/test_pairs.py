"""Query parameters and headers are pairs of texts; none of them adds a line or replaces the engine's."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector_runtime.urls import UrlError, header_pairs, query_pairs
from connector_runtime.values import ABSENT, Secret


def test_query_values_are_written_as_json_writes_them():
    """Lists repeat, booleans are words, digits are kept, null and absent are left out."""
    value = {
        "page": 2,
        "all": True,
        "no": False,
        "ids": ["1", 2],
        "amount": Decimal("0.10"),
        "rate": 1.5,
        "gone": ABSENT,
        "null": None,
        "mixed": [None, "x"],
        "empty": "",
    }

    assert query_pairs(value) == [
        ("page", "2"),
        ("all", "true"),
        ("no", "false"),
        ("ids", "1"),
        ("ids", "2"),
        ("amount", "0.10"),
        ("rate", "1.5"),
        ("mixed", "x"),
        ("empty", ""),
    ]


def test_pairs_keep_order_and_repeats():
    """A list of pairs is taken as it is."""
    assert query_pairs([["a", "1"], ["b", "2"], ["a", "3"]]) == [("a", "1"), ("b", "2"), ("a", "3")]
    assert query_pairs(ABSENT) == []


@pytest.mark.parametrize(
    "value",
    [
        {"a": {}},
        {"a": [[]]},
        {"a": Secret("x")},
        {"a": float("nan")},
        {"a": float("inf")},
        {"a": Decimal("NaN")},
        {"a": Decimal("sNaN")},
        {1: "x"},
    ],
)
def test_what_has_no_place_in_a_query_is_refused(value):
    """Maps, secrets and numbers that are none are not sent as text."""
    with pytest.raises(UrlError):
        query_pairs(value)


def test_of_two_equal_headers_the_later_wins():
    """Names are compared without regard to case, a list repeats its header."""
    value = [["Accept", "a"], ["X-Many", ["1", 2]], ["accept", "b"], ["X-On", True], ["X-Gone", ABSENT]]

    assert header_pairs(value) == [("X-Many", "1"), ("X-Many", "2"), ("accept", "b"), ("X-On", "true")]


def test_a_secret_header_stays_a_secret():
    """A secret is checked but not turned into text."""
    secret = Secret("Bearer abc")

    assert header_pairs({"Authorization": secret}, reserved=False) == [("Authorization", secret)]
    with pytest.raises(UrlError):
        header_pairs({"Authorization": Secret("a\r\nb")}, reserved=False)


@pytest.mark.plan("S-83")
@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "HOST",
        "cookie",
        "Cookie2",
        "Content-Length",
        "Transfer-Encoding",
        "connection",
        "Proxy-Authorization",
        "proxy-connection",
        "TE",
        "Upgrade",
        "Accept-Encoding",
        "Expect",
        "Keep-Alive",
        "Trailer",
    ],
)
def test_a_reserved_header_is_refused_in_any_case(name):
    """Users cannot replace what the connection or the engine sets."""
    for spelling in (name, name.lower(), name.upper()):
        with pytest.raises(UrlError, match="set by the connection"):
            header_pairs({spelling: "x"})


@pytest.mark.plan("S-83")
@given(name=st.text(max_size=20), value=st.text(max_size=40))
@example(name="X-A", value="a\r\nX-B: c")
@example(name="X-A\r\nX-B", value="c")
def test_no_header_ever_adds_a_line(name, value):
    """What is accepted is a token and printable ASCII, so a head has exactly the lines it should."""
    try:
        pairs = header_pairs({name: value})
    except UrlError:
        return

    text = "".join(f"{key}: {item}\r\n" for key, item in pairs)
    assert text.count("\n") == len(pairs) == 1
    assert text.isascii()
    assert text.strip("\r\n").isprintable()


DANGEROUS = [
    "\r\n",
    "\r",
    "\n",
    "\0",
    "\t",
    " ",
    ":",
    "\u2028",
    "\x85",
    "\u010a",
    "é",
    "x",
    "X-A",
    "a",
    "1",
    "\x7f",
    ";",
    ",",
    '"',
    "host",
    "Cookie",
]


@pytest.mark.plan("S-83")
@pytest.mark.parametrize("count", [2_000, pytest.param(20_000, marks=pytest.mark.long)])
def test_dangerous_pieces_never_make_a_second_header(score, count):
    """Line breaks in any disguise, colons and reserved names: one header of those characters, or none."""
    chance, taken = random.Random(83), 0
    for _ in range(count):
        name, value = ("".join(chance.choices(DANGEROUS, k=chance.randrange(1, 4))) for _ in range(2))
        try:
            [(sent_name, sent_value)] = header_pairs({name: value})
        except UrlError:
            continue
        taken += 1
        assert (sent_name, sent_value) == (name, value)
        assert name.lower() not in ("host", "cookie")
        assert not set(name + value) & set("\r\n\0\x85\u2028\u010a")
        assert ":" not in name

    assert taken > count / 100
    score("hostile", count - 1)


def test_null_in_a_header_is_refused():
    """A header has no way to say null."""
    with pytest.raises(UrlError, match="null"):
        header_pairs({"X-A": None})
