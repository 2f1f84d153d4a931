"""Secrets are taken out by value in every common writing, and by the name beside them."""

from __future__ import annotations

import base64
import gc
import html
import json
import re
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_runtime.base import redaction as redact
from connector_runtime.base.redaction import MASK, TEXT_CHARS, VALUE_LEVELS, Redactor
from connector_runtime.base.values import Secret

CANARY = 'k7/Kestrel+quartz =ä<&"7'


def small(encoded):
    """Return a URL-encoded text with its hexadecimal digits in small letters."""
    return re.sub(r"%..", lambda match: match[0].lower(), encoded)


def escaped(characters, style):
    """Return the canary as JSON that escapes some more characters."""
    text = json.dumps(CANARY)[1:-1]
    return re.sub(characters, lambda match: "\\u" + format(ord(match[0]), style), text)


def numbered(style):
    """Return the canary with a number of HTML in place of each sign."""
    return re.sub(r"[^A-Za-z0-9]", lambda match: "&#" + format(ord(match[0]), style) + ";", CANARY)


TWICE = quote(quote(CANARY, safe=""), safe="")
WRITINGS = {
    "as it is": CANARY,
    "URL-encoded": quote(CANARY, safe=""),
    "URL-encoded, slashes kept": quote(CANARY),
    "as a form": quote_plus(CANARY),
    "URL-encoded in small letters": small(quote(CANARY, safe="")),
    "as a form in small letters": small(quote_plus(CANARY)),
    "URL-encoded as a whole address": quote(CANARY, safe=";/?:@&=+$,#!'()*"),
    "JSON": json.dumps(CANARY)[1:-1],
    "JSON with letters": json.dumps(CANARY, ensure_ascii=False)[1:-1],
    "JSON with escaped slashes": json.dumps(CANARY)[1:-1].replace("/", "\\/"),
    "JSON for a page": escaped("[<>&]", "04x"),
    "JSON for a page in capitals": escaped("[<>&]", "04X"),
    "JSON for a page with signs": escaped("[<>&'=]", "04x"),
    "JSON for a page with more signs": escaped("[<>&'+`]", "04X"),
    "base64": base64.b64encode(CANARY.encode()).decode().rstrip("="),
    "base64 for URLs": base64.urlsafe_b64encode(CANARY.encode()).decode().rstrip("="),
    "hexadecimal": CANARY.encode().hex(),
    "an address within an address": TWICE,
    "an address within an address, small letters": small(TWICE),
    "an address within addresses": quote(TWICE, safe=""),
    "an address within one of few escapes": quote(quote(CANARY, safe="/+= "), safe=""),
    "only blanks escaped": CANARY.replace(" ", "%20"),
    "only blanks escaped, as a form": CANARY.replace(" ", "+"),
    "capitals and small letters": quote(CANARY, safe="").replace("%2F", "%2f"),
    "HTML in names": html.escape(CANARY),
    "HTML in numbers": numbered("d"),
    "HTML in padded numbers": numbered("04d"),
    "HTML in hexadecimal": numbered("x").replace("&#", "&#x"),
    "HTML within HTML": html.escape(numbered("d")),
    "HTML in an address": quote(html.escape(CANARY), safe=""),
    "JSON within JSON": json.dumps(json.dumps(CANARY)[1:-1])[1:-1],
    "JSON for a page within JSON": json.dumps(escaped("[<>&]", "04x"))[1:-1],
    "JavaScript's old escapes": re.sub(r"[^A-Za-z0-9]", lambda match: f"%u{ord(match[0]):04X}", CANARY),
    "JavaScript in bytes": re.sub(r"[^A-Za-z0-9]", lambda match: f"\\x{ord(match[0]):02x}", CANARY),
    "an address in base64": base64.b64encode(quote(CANARY, safe="").encode()).decode().rstrip("="),
}


@pytest.mark.plan("S-108")
@pytest.mark.parametrize("writing", WRITINGS)
def test_an_echoed_secret_is_found_in_every_writing(writing):
    """A reply that repeats a secret, however encoded, is shown without it; the rest stays."""
    redactor = Redactor([Secret(CANARY)])

    assert redactor.text(f"before {WRITINGS[writing]} after") == "before *** after"


@pytest.mark.plan("S-108")
@given(
    st.text("ab17+/=&%<\"'\\ -_.ä\n😀", min_size=4, max_size=12).filter(re.compile("[a-z0-9]").search),
    st.lists(
        st.sampled_from(
            [
                lambda text: quote(text, safe=""),
                quote_plus,
                lambda text: quote(text, safe="!#$%&'()*+,/:;=?@[]~"),
                html.escape,
                lambda text: json.dumps(text)[1:-1],
            ]
        ),
        max_size=3,
    ),
    st.text("ab17 %&+\\", max_size=6),
)
def test_a_secret_is_found_under_layers_of_escapes(secret, layers, around):
    """Whatever escapes a text in turn, a text in which it could be read is shown without it."""
    written = secret
    for escape in layers:
        written = escape(written)

    shown = Redactor([secret], names=()).text(f"{around} {written} {around}")

    assert shown.count(MASK) >= 1
    assert written not in shown.replace(f"{around} ", "").replace(f" {around}", "")


@pytest.mark.plan("S-108")
def test_what_only_resembles_a_secret_stays():
    """The letters of a secret beside other signs are another text."""
    text = "an-example/not+a-ticket== an%2Dexample%2Dnot an-example+not"

    assert Redactor(["an-example+not/a-ticket=="]).text(text) == text


@pytest.mark.plan("S-108")
@pytest.mark.parametrize("order", [1, -1])
def test_the_longer_secret_is_taken_first_however_it_is_escaped(order):
    """The tail of a longer secret is not left behind by a shorter one."""
    redactor = Redactor(["quartz", "quartz+crystal"][::order])

    assert redactor.text("quartz%252Bcrystal quartz") == "*** ***"


@pytest.mark.plan("S-108")
def test_a_secret_that_comes_while_writings_are_made_is_found(monkeypatch):
    """Another thread may be at it, and end later: what it made is of the older secrets only."""
    redactor, made = Redactor([Secret("older-secret")]), redact.Writings

    def overtaken(secrets):
        writings = made(secrets)
        monkeypatch.setattr(redact, "Writings", made)
        redactor.add(Secret(CANARY))
        return writings

    monkeypatch.setattr(redact, "Writings", overtaken)
    redactor.text("nothing of the kind")

    assert redactor.text(f"before {CANARY} after") == "before *** after"


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


@pytest.mark.plan("S-184")
@pytest.mark.parametrize("as_bytes", [False, True])
@pytest.mark.parametrize("writing", WRITINGS)
def test_no_half_of_a_secret_is_shown_where_a_text_is_cut(writing, as_bytes):
    """Wherever the beginning that is looked at ends within a secret, none of its first part is seen."""
    redactor = Redactor([Secret(CANARY)])
    written = WRITINGS[writing]

    for before in range(200):
        text = "." * before + written + "." * 400
        shown = redactor.text(text.encode() if as_bytes else text, 100)

        assert set(shown) <= {".", "*", "…"}


@pytest.mark.plan("S-184")
def test_a_text_that_fits_is_shown_whole():
    """Only what is cut loses its end, and says so."""
    redactor = Redactor(["quartz-crystal"])

    assert redactor.text("quartz-crystal " + "a" * 85, 100) == "*** " + "a" * 85
    assert redactor.text("a" * 100, 100) == "a" * 100
    assert redactor.text("a" * 101, 100) == "a" * 100 + "…"
    assert redactor.known("a" * 300, 200) == "a" * 200 + "…"
    assert redactor.known(None) is None


@pytest.mark.plan("S-184")
def test_a_secret_longer_than_what_is_shown_is_not_shown():
    """A private key in a text of which a line is shown leaves nothing of itself."""
    key = "k7" + "kestrel/" * 500

    shown = Redactor([key]).text(f"key {key} and more {key}", 50)

    assert shown == "key *** and more ***"


@pytest.mark.plan("S-185")
@pytest.mark.parametrize(
    "value",
    [
        "x" * 20_000_000,
        b"x" * 20_000_000,
        ["x" * 1_000] * 20_000,
        [[]] * 1_000_000,
        {str(number): number for number in range(1_000_000)},
        {"x" * 1_000_000: {"y" * 1_000_000: ["z" * 1_000_000] * 9}},
    ],
    ids=["text", "bytes", "texts", "lists", "members", "names"],
)
def test_of_a_huge_value_a_beginning_is_shown(value, score):
    """Details without end become a page, in the same shape, that says something was left out."""
    shown = Redactor(["quartz"]).value(value)

    assert type(shown) is (str if isinstance(value, bytes) else type(value))
    assert "…" in json.dumps(shown, ensure_ascii=False)
    assert len(json.dumps(shown)) < 1_000_000
    if isinstance(value, str):
        assert len(shown) <= TEXT_CHARS + 1
        score("shown_chars", TEXT_CHARS)


@pytest.mark.plan("S-185")
def test_of_a_deep_value_the_upper_levels_are_shown():
    """Two hundred levels are legal JSON, and more than a stack has room for twice."""
    value: object = "bottom"
    for _ in range(200):
        value = [{"in": value}]

    text = json.dumps(Redactor([]).value(value), ensure_ascii=False)

    assert text.count("in") == VALUE_LEVELS // 2
    assert "…" in text


@pytest.mark.plan("S-188")
def test_no_cache_of_the_process_keeps_a_secret():
    """Once a redactor is gone, nothing that lives on has its secrets in any writing."""
    secret = "k7-kestrel+pattern/7"
    redactor = Redactor([secret])
    redactor.value({"a": f"about {secret}", "token": secret})
    redactor.known_headers({"x-echo": secret})
    parts = ["kestrel", quote(secret, safe=""), base64.b64encode(secret.encode()).decode()[:12]]
    del redactor, secret
    gc.collect()

    caches = [member for name, member in vars(re).items() if "cache" in name and isinstance(member, dict)]
    kept = [repr(item) for cache in caches for item in cache.items()]
    kept += [repr(made) for made in gc.get_objects() if isinstance(made, re.Pattern)]

    assert caches
    assert not [text for text in kept for part in parts if part in text or re.escape(part) in text]


@pytest.mark.plan("S-187")
def test_headers_are_searched_for_what_is_known():
    """A token that a header repeats is taken out, however written; every other value stays as it is."""
    redactor = Redactor([CANARY])
    headers = {
        "x-echo": f"a {quote(CANARY)} b",
        "x-long": "y" * 9_000,
        "date": "Mon",
        "x-auth-token": "z" * 40,
    }

    assert redactor.known_headers(headers) == headers | {"x-echo": "a *** b"}
