"""Secrets are taken out by value in every common writing, and by the name beside them."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_runtime.redact import Redactor
from connector_runtime.values import Secret

CANARY = 'k7/kestrel+quartz =ä"7'
WRITINGS = {
    "as it is": CANARY,
    "URL-encoded": quote(CANARY, safe=""),
    "URL-encoded, slashes kept": quote(CANARY),
    "as a form": quote_plus(CANARY),
    "URL-encoded in small letters": quote(CANARY, safe="").lower().replace("k7%2fkestrel", "k7%2fkestrel"),
    "JSON": json.dumps(CANARY)[1:-1],
    "JSON with letters": json.dumps(CANARY, ensure_ascii=False)[1:-1],
    "JSON with escaped slashes": json.dumps(CANARY)[1:-1].replace("/", "\\/"),
    "base64": base64.b64encode(CANARY.encode()).decode().rstrip("="),
    "base64 for URLs": base64.urlsafe_b64encode(CANARY.encode()).decode().rstrip("="),
    "hexadecimal": CANARY.encode().hex(),
}


@pytest.mark.plan("S-108")
@pytest.mark.parametrize("writing", WRITINGS)
def test_an_echoed_secret_is_found_in_every_writing(writing):
    """A reply that repeats a secret, however encoded, is shown without it; the rest stays."""
    redactor = Redactor([Secret(CANARY)])

    assert redactor.text(f"before {WRITINGS[writing]} after") == "before *** after"


@pytest.mark.plan("S-108")
@pytest.mark.parametrize("lead", ["", "a", "ab", "user:"])
@pytest.mark.parametrize("tail", ["", ":x", "xyz"])
def test_a_secret_inside_base64_is_found(lead, tail):
    """Basic authentication and the like hide a secret among other text: its middle is still found."""
    encoded = base64.b64encode(f"{lead}{CANARY}{tail}".encode()).decode()

    shown = Redactor([CANARY]).text(f"<{encoded}>")

    assert "***" in shown
    kept = shown.replace("***", "")
    assert len(kept) <= len(encoded) - len(base64.b64encode(CANARY.encode())) + 8


@pytest.mark.plan("S-109")
def test_the_longest_secret_is_taken_first():
    """A secret that begins another leaves no tail of it."""
    for order in (["quartz", "quartz-crystal"], ["quartz-crystal", "quartz"]):
        assert Redactor(order).text("quartz-crystal quartz") == "*** ***"


@pytest.mark.plan("S-109")
@given(
    st.lists(st.text("abc-", min_size=4, max_size=8), min_size=1, max_size=5), st.text("abc- ", max_size=40)
)
def test_no_secret_survives_in_any_text(secrets, text):
    """Whatever secrets overlap in whatever text, none can be read afterwards."""
    shown = Redactor(secrets, names=()).text(f"{text}{secrets[0]}{text}")

    assert not any(secret in shown for secret in secrets)


@pytest.mark.plan("S-109")
@pytest.mark.parametrize("short", ["", "a", "no", "key"])
def test_a_secret_of_three_characters_is_left(short):
    """What is that short would black out ordinary words; the limit is documented."""
    assert Redactor([short]).text("no keys at all, monkey") == "no keys at all, monkey"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"access_token":"1000.a.b","expires_in":3600}', '{"access_token":"***","expires_in":3600}'),
        ('{"access_token": "1000.a', '{"access_token": "***'),
        ('{\\"refresh_token\\":\\"1000.a\\"}', '{\\"refresh_token\\":\\"***\\"}'),
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("authorization=Vendor-oauthtoken 1000.abc", "authorization=***"),
        ("client_id=1&client_secret=abc&scope=x", "client_id=1&client_secret=***&scope=x"),
        ("password='a b'", "password='***'"),
        ("Set-Cookie: a=b; Path=/", "Set-Cookie: ***; Path=/"),
        ("next_page_token=abc&page_token=def", "next_page_token=abc&page_token=def"),
        ("the token is gone", "the token is gone"),
        ("", ""),
    ],
)
def test_a_value_beside_a_telling_name_is_hidden(text, shown):
    """A token that nobody knows yet is recognised by its name; marks of pages are none."""
    assert Redactor([]).text(text) == shown


def test_structures_keep_their_shape():
    """Maps, lists, numbers and null stay; only what is secret changes."""
    redactor = Redactor([Secret("quartz")])
    value = {
        "name": "about quartz",
        "Access_Token": "new",
        "list": ["quartz", {"password": "x", "page_token": "p"}],
        "secret": Secret("whatever"),
        "client_secret": {"nested": 1},
        "api_key": None,
        "token": "",
        "bytes": b"quartz \xff",
        "number": 7,
        "quartz": True,
    }

    assert redactor.value(value) == {
        "name": "about ***",
        "Access_Token": "***",
        "list": ["***", {"password": "***", "page_token": "p"}],
        "secret": "***",
        "client_secret": "***",
        "api_key": None,
        "token": "",
        "bytes": "*** \ufffd",
        "number": 7,
        "***": True,
    }


def test_headers_keep_their_order():
    """Headers that say who calls are hidden by name, others are searched."""
    redactor = Redactor(["quartz"])
    headers = [
        ("Accept", "a"),
        ("Authorization", Secret("b")),
        ("Proxy-Authorization", "c"),
        ("Cookie", "d=e"),
        ("X-Echo", "quartz"),
    ]

    assert redactor.headers(headers) == [
        ("Accept", "a"),
        ("Authorization", "***"),
        ("Proxy-Authorization", "***"),
        ("Cookie", "***"),
        ("X-Echo", "***"),
    ]


def test_the_names_can_be_chosen():
    """A component may know other names; without regard to case."""
    redactor = Redactor([], names=("*pin", "x-key"))

    assert redactor.value({"Card_PIN": "1", "X-Key": "2", "password": "3"}) == {
        "Card_PIN": "***",
        "X-Key": "***",
        "password": "3",
    }
