"""Paths, queries, origins and headers are built from checked pieces; nothing leaves its base."""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector_runtime.urls import (
    Segments,
    UrlError,
    build_url,
    check_segment,
    header_pairs,
    origin,
    path_below,
    query_pairs,
    url_path,
    url_query,
)
from connector_runtime.values import ABSENT, Secret

BASE = "https://api.vendor.example/shop/v3"

CLIMBING = [
    ".",
    "..",
    " ..",
    ".. ",
    "../",
    "/..",
    "../..",
    "a/../b",
    "a/..",
    "..\\",
    "..\\windows",
    "..;",
    "..;a=b",
    ";/..",
    "%2e",
    "%2e%2e",
    "%2E%2E%2F",
    "%252e%252e",
    "%25252e%25252e",
    ".%2e",
    "..%2f",
    "..%5c",
    "..%3b",
    "\uff0e\uff0e",
    "\uff0e",
    "\u2025",
    "\u3002\u3002/..",
    "\uff0e%2e",
    "\ufe52\ufe52",
    "\u2024\u2024",
]
UNPRINTABLE = [
    "\0",
    "a\0b",
    "a\r\nb",
    "a\nb",
    "a\tb",
    "\x7f",
    "\x85",
    "a\u202eb",
    "\u200b",
    "\ufeffa",
    "\u2028",
    "\u2066x",
    "\ud800",
    "a\udfff",
    "\xa0",
    "\ue000",
]
STRANGE = [
    "//evil.example",
    "https://evil.example",
    "@evil.example",
    "a@b.c",
    "?x=1",
    "#top",
    "a/b",
    "\\\\evil",
    "a b",
    "%",
    "%zz",
    "%00",
    "%0d%0a",
    "{id}",
    "${x}",
    "<script>",
    "a&b=c",
    "a+b",
    "a,b",
    "a:b",
    "a;b",
    "...",
    "....",
    "..a",
    "a..b",
    "~",
    "-",
    "é",
    "日本語",
    "עברית",
    "😀",
    "\ufb01",
    "x" * 200,
    "1000.abc",
    "460000000026049",
]


@pytest.mark.plan("S-76")
@pytest.mark.plan("S-78")
@pytest.mark.parametrize("text", ["", *CLIMBING, *UNPRINTABLE, "x" * 201, "x" * 65_536])
def test_a_segment_that_could_climb_or_hide_is_refused(text):
    """Empty, dots in any disguise, characters nobody sees, and walls of text never become a path."""
    with pytest.raises(UrlError):
        check_segment(text)
    with pytest.raises(UrlError):
        build_url(BASE, ["things", text])


@pytest.mark.plan("S-76")
@pytest.mark.parametrize("text", STRANGE)
def test_a_strange_segment_stays_one_segment(text):
    """Whatever else is typed is one encoded piece below the base, and means the same text."""
    url = build_url(BASE, ["things", text])

    path = urlsplit(url).path
    assert url.startswith(f"{BASE}/things/")
    assert path.count("/") == 4
    assert unquote(path.rpartition("/")[2]) == text
    assert not set(path) & set("?#\\@;:&=+, <>{}")


@pytest.mark.plan("S-76")
@given(st.text(max_size=60))
@example("..\u2044..")
@example("٪2e")
def test_any_text_is_refused_or_exactly_one_segment(text):
    """No text whatsoever changes host, prefix, or the number of segments."""
    try:
        url = build_url(BASE, ["things", text, "end"])
    except UrlError:
        return

    parts = urlsplit(url)
    pieces = parts.path.split("/")
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == (
        "https",
        "api.vendor.example",
        "",
        "",
    )
    assert pieces[:4] == ["", "shop", "v3", "things"]
    assert pieces[5:] == ["end"]
    assert unquote(pieces[4]) == text


@pytest.mark.plan("S-84")
@given(
    st.lists(
        st.tuples(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8"))), max_size=5
    )
)
@example([("a", "&b=c#d+e%00"), ("a", "a"), ("", "")])
def test_query_values_arrive_intact_and_once(pairs):
    """Names and values survive as they are, repeats and order included."""
    url = build_url(BASE, ["things"], pairs)

    assert parse_qsl(urlsplit(url).query, keep_blank_values=True, separator="&") == pairs
    assert url.startswith(f"{BASE}/things")
    assert "#" not in url


def test_half_a_character_in_a_query_is_refused():
    """A lone surrogate has no encoding."""
    with pytest.raises(UrlError, match="half a character"):
        build_url(BASE, ["things"], [("a", "\ud800")])


def test_an_endless_url_is_refused():
    """A URL that no server takes is refused before it is sent."""
    with pytest.raises(UrlError, match="characters"):
        build_url(BASE, ["things"], [("a", "x" * 40_000)])


@pytest.mark.parametrize(
    "base",
    [
        "",
        "api.vendor.example",
        "//api.vendor.example",
        "ftp://api.vendor.example",
        "https://user@api.vendor.example",
        "https://api.vendor.example?x=1",
        "https://api.vendor.example/#a",
        "https://api.vendor.example/a b",
        "https://API.vendor.example",
        "https://api.vendor.example\\@evil.example",
    ],
)
def test_a_base_that_is_no_address_is_refused(base):
    """A table with a slip in it sends nothing."""
    with pytest.raises(UrlError):
        build_url(base, ["things"])


@pytest.mark.parametrize(
    ("base", "segments", "expected"),
    [
        ("https://h.example", [], "https://h.example"),
        ("https://h.example/", ["a"], "https://h.example/a"),
        ("https://h.example/v3/", ["a", "b"], "https://h.example/v3/a/b"),
        ("http://127.0.0.1:8000/v3", ["a"], "http://127.0.0.1:8000/v3/a"),
        ("http://[::1]:8000", ["a"], "http://[::1]:8000/a"),
    ],
)
def test_segments_join_their_base(base, segments, expected):
    """One slash stands between base and segments, however the base ends."""
    assert build_url(base, segments) == expected


@pytest.mark.parametrize(
    ("typed", "segments"),
    [
        ("/things/123", ("things", "123")),
        ("things/123", ("things", "123")),
        (" /things ", ("things",)),
        ("/things?x=1", ("things",)),
        ("/a%20b/c%2Fd", ("a b", "c/d")),
        ("/%E2%82%AC", ("€",)),
        ("/a:b@c", ("a:b@c",)),
        ("", ()),
        ("/", ()),
        ("?x=1", ()),
    ],
)
def test_a_typed_path_is_decoded_once(typed, segments):
    """A path is what stands before the `?`, cut at slashes, each piece decoded once."""
    found = url_path(typed)

    assert isinstance(found, Segments)
    assert tuple(found) == segments


@pytest.mark.parametrize(
    ("typed", "pairs"),
    [
        ("/things", []),
        ("/things?", []),
        ("/things?a=1&b=2", [["a", "1"], ["b", "2"]]),
        ("/things?a=1&a=2", [["a", "1"], ["a", "2"]]),
        ("/things?a", [["a", ""]]),
        ("/things?a=b=c", [["a", "b=c"]]),
        ("/things?a=x+y%2B%26", [["a", "x y+&"]]),
        ("/things?&&a=1&", [["a", "1"]]),
        ("/things?a=?/b", [["a", "?/b"]]),
    ],
)
def test_the_query_of_a_typed_path_is_read_apart(typed, pairs):
    """Names and values behind the `?` come decoded, in order, with repeats."""
    assert url_query(typed) == pairs


SCHEMES = ["http:", "https:", "HTTPS:", "ftp:", "file:", "javascript:", "data:", "ws:", "h-1.x+y:", ""]
SLASHES = ["//", "///", "\\\\", "/\\", "\\/", "////"]
HOSTS = [
    "evil.example",
    "evil.example:443",
    "user:pw@evil.example",
    "127.0.0.1",
    "[::1]",
    "2130706433",
    "%65vil.example",
    "\uff45vil.example",
    "..",
    "",
    "evil.example\\@api.vendor.example",
]
PATHS = ["", "/", "/x", "/../x"]


@pytest.mark.plan("S-77")
@pytest.mark.plan("S-79")
def test_no_form_of_an_absolute_address_passes_for_a_path():
    """Two thousand ways to write another host: none gets past the raw request's path."""
    tried = 0
    for scheme, slashes, host, path in product(SCHEMES, SLASHES, HOSTS, PATHS):
        typed = scheme + slashes + host + path
        with pytest.raises(UrlError):
            url_path(typed)
        with pytest.raises(UrlError):
            url_query(typed)
        tried += 1

    assert tried >= 835


@pytest.mark.plan("S-77")
@given(
    st.lists(
        st.sampled_from(
            [
                "/",
                "\\",
                ":",
                "@",
                "?",
                "#",
                "%",
                "2e",
                "2F",
                ".",
                "..",
                "evil.example",
                "http",
                "[::1]",
                " ",
                "\t",
                "\n",
                "a",
                "é",
                "%00",
                ";",
                "&",
            ]
        ),
        max_size=12,
    ).map("".join)
)
def test_a_typed_path_never_leaves_the_host(typed):
    """Whatever is typed is refused or stays below the base as it was meant."""
    try:
        segments, query = url_path(typed), url_query(typed)
        url = build_url(BASE, segments, [(name, value) for name, value in query])
    except UrlError:
        return

    assert url.startswith(BASE)
    parts = urlsplit(url)
    assert parts.netloc == "api.vendor.example"
    assert not {".", ".."} & {unquote(piece) for piece in parts.path.split("/")}


@pytest.mark.plan("S-79")
@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ("https://api.vendor.example/shop/v3/things/1?x=2", "/shop/v3/things/1"),
        ("//evil.example/things", "/things"),
        ("https://user:pw@evil.example:8443/things#a", "/things"),
        ("https://evil.example", "/"),
    ],
)
def test_a_pasted_address_is_refused_with_the_path_to_enter(typed, path):
    """The refusal names the path, never the host or a password in it."""
    with pytest.raises(UrlError) as refused:
        url_path(typed)

    assert refused.value.path == path
    assert path in str(refused.value.hint)
    assert "pw" not in f"{refused.value.message} {refused.value.hint}"


def test_the_path_to_enter_leaves_out_what_the_base_has():
    """Someone who pastes a whole address is told what to enter below this service's base."""
    assert path_below(BASE, "/shop/v3/things/1") == "/things/1"
    assert path_below(BASE, "/shop/v3") == "/"
    assert path_below(BASE, "/shop/v33/things") == "/shop/v33/things"
    assert path_below("https://api.vendor.example", "/things") == "/things"


@pytest.mark.parametrize(
    "typed",
    [
        "/a//b",
        "/things/",
        "//",
        "/a/../b",
        "/..",
        "/a/%2e%2e/b",
        "/a%",
        "/%zz",
        "/%ff",
        "/a#b",
        "/a\\b",
        "/a/%00",
        "/a\nb",
    ],
)
def test_a_typed_path_with_a_bad_piece_is_refused(typed):
    """An empty piece, dots, broken percent signs, fragments and control characters are pointed out."""
    with pytest.raises(UrlError):
        url_path(typed)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://www.vendor.example", "https://www.vendor.example"),
        ("https://www.vendor.example/", "https://www.vendor.example"),
        ("HTTPS://WWW.Vendor.Example/oauth/v2/auth?x=1", "https://www.vendor.example"),
        ("https://accounts.vendor.com.au", "https://accounts.vendor.com.au"),
    ],
)
def test_an_origin_is_scheme_and_host_in_lower_case(text, expected):
    """Path, query, trailing slash and capitals do not matter."""
    assert origin(text) == expected


@pytest.mark.plan("S-74")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "www.vendor.example",
        "http://www.vendor.example",
        "//www.vendor.example",
        "https:www.vendor.example",
        "https:/www.vendor.example",
        "https:///www.vendor.example",
        "https://",
        "https://www.vendor.example@evil.example",
        "https://user:pw@www.vendor.example",
        "https://www.vendor.example:443",
        "https://www.vendor.example:443@evil.example",
        "https://www.vendor.example#@evil.example",
        "https://www.vendor.example\\@evil.example",
        "https://www.vendor.example\\.evil.example",
        "https://127.0.0.1",
        "https://2130706433",
        "https://0x7f.1",
        "https://[::1]",
        "https://localhost",
        "https://www.vendor.example.",
        "https://.vendor.example",
        "https://www..vendor.example",
        "https://-www.vendor.example",
        "https://www.vendor.123",
        "https://www\u3002vendor\u3002example",
        "https://\uff57ww.vendor.example",
        "https://wwẃ.vendor.example",
        "https://www.vendor.example%2eevil.example",
        "https://www.vendor.example\n",
        " https://www.vendor.example",
        "https://www.vendor.example /x",
        "https://www.vendor.example/\r\nX: y",
        "https://" + "a" * 64 + ".example",
        "https://" + "a." * 130 + "example",
        "javascript:alert(1)",
    ],
)
def test_a_text_that_is_no_plain_origin_is_refused(text):
    """Users, ports, numbers, look-alikes and tricks with separators are no hosts."""
    with pytest.raises(UrlError):
        origin(text)


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


def test_null_in_a_header_is_refused():
    """A header has no way to say null."""
    with pytest.raises(UrlError, match="null"):
        header_pairs({"X-A": None})
