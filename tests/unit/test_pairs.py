"""Query parameters and headers are pairs of texts; none of them adds a line or replaces the engine's."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector_runtime import Component, InputError
from connector_runtime.base.messages import Outgoing
from connector_runtime.base.urls import UrlError, header_pairs, query_pairs
from connector_runtime.base.values import ABSENT, Secret
from connector_runtime.transport.host_check import read_address
from connector_runtime.transport.intake import ReplyError
from connector_runtime.transport.wire_headers import wire_headers
from meta.repository import ROOT


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


OTHERS = [
    *("X-Security-Override", "X-Override", "Overrides", "Access-Control-Request-Method", "X-Request-Path-Id"),
    *("X-Url", "Http-Referer", "Upgrade-Insecure-Requests", "X-Requested-With", "X-Request-Ghost"),
]
STEERING = [
    *("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Method", "X_HTTP_Method_Override"),
    *("X-Original-URL", "X-Original-Method", "X-Rewrite-URL", "X_Rewrite_Url", "X-Forwarded-Path"),
    *("X-Forwarded-Host", "X-Host", "X-HTTP-Host-Override", "Forwarded", "X-Forwarded-Server"),
    *("X-Override-URL", "X-Override-Method", "Method-Override", "Http-Method-Override", "X_Method_Override_"),
    *("X-Request-Method", "X-Request-URI", "Request-URI", "X-HTTP-MethodOverride", "XHttpMethodOverride"),
    *(
        "X-URL-Override",
        "Override_Path",
        "X-Verb-Override",
        "Original-URL",
        "Http-Url",
        "X-Http-Path-Override",
    ),
]


@pytest.mark.plan("S-206")
@pytest.mark.parametrize("name", STEERING)
def test_no_header_says_another_method_or_address(name):
    """Neither a user's map nor any other maker of requests gets one through; a list of pairs is no way around."""
    for spelling in (name, name.lower(), name.upper()):
        for given_headers in ({spelling: "DELETE"}, [["Accept", "a"], [spelling, "DELETE"]]):
            with pytest.raises(UrlError, match="another method or address"):
                header_pairs(given_headers)
        outgoing = Outgoing("GET", "https://api.example.com/a", ((spelling, "DELETE"),), None)
        address = read_address(outgoing.url, {"https://api.example.com"}, loopback=False)
        with pytest.raises(ReplyError):
            wire_headers(outgoing, address)


@pytest.mark.plan("S-206")
@pytest.mark.parametrize("action", ["crmRawRequest", "booksRawRequest"])
@pytest.mark.parametrize("shape", [dict, list, str])
def test_a_raw_read_cannot_become_a_deletion(action, shape):
    """Before anything is sent, the error names the input and what the header would do."""
    zoho = Component.load(ROOT)
    connection = next(iter(zoho.connections["zohoTemplatedConnection"].definition["examples"].values()))
    headers = {
        dict: {"X-HTTP-Method-Override": "DELETE"},
        list: [{"key": "X-HTTP-Method-Override", "value": "DELETE"}],
        str: "X-HTTP-Method-Override: DELETE",
    }[shape]

    with pytest.raises(InputError, match="X-HTTP-Method-Override") as caught:
        zoho.request(
            action,
            {"url": "/Leads/1", "method": "GET", "headers": headers},
            {**connection, "key": "zohoTemplatedConnection", "token": {"access_token": "an-example"}},
        )

    assert (caught.value.kind, caught.value.input, caught.value.action) == ("input", "headers", action)


@pytest.mark.plan("S-206")
@pytest.mark.parametrize("name", ["Proxy_Authorization", "Transfer_Encoding", "content_length", "Keep_Alive"])
def test_a_reserved_name_has_no_second_spelling(name):
    """Many servers read `_` and `-` in a header's name as the same."""
    with pytest.raises(UrlError, match="set by the connection"):
        header_pairs({name: "x"})


@pytest.mark.plan("S-206")
@pytest.mark.parametrize(
    "name", ["X-Methods", "X-Hostname", "X-Request-Id", "If-Match", "X_Original", *OTHERS]
)
def test_other_headers_are_the_users(name):
    """What only resembles such a header is sent."""
    assert header_pairs({name: "x"}) == [(name, "x")]


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


def test_null_in_a_header_is_left_out():
    """A header has no way to say null; the name is still one that may be sent."""
    assert header_pairs({"X-A": None, "X-B": [None, "1"]}) == [("X-B", "1")]
    with pytest.raises(UrlError, match="set by the connection"):
        header_pairs({"Cookie": None})
