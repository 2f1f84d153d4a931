"""URLs are built from checked pieces; nothing leaves its base."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector_runtime.base.urls import UrlError, build_url, check_segment, header_pairs, query_pairs

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


@pytest.mark.parametrize("pairs", [query_pairs, header_pairs])
def test_a_number_that_has_lost_digits_is_not_sent(pairs):
    """A long id that came as a number with a point is another one by now; whole numbers keep all digits."""
    assert pairs({"id": 12345678901234567890123}) == [("id", "12345678901234567890123")]
    with pytest.raises(UrlError, match="`id` is a number that has lost digits") as caught:
        pairs({"id": 1.2345678901234568e22})
    assert "in quotes" in caught.value.hint
