"""A typed path stays below its base: whole addresses, climbing and broken pieces are refused."""

from __future__ import annotations

from itertools import product
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_runtime.base.urls import Segments, UrlError, build_url, path_below, url_path, url_query

BASE = "https://api.vendor.example/shop/v3"


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
