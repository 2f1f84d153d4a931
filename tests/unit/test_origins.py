"""An origin is a plain https host, and nothing that only looks like one."""

from __future__ import annotations

import pytest

from connector_runtime.base.urls import UrlError, origin


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
