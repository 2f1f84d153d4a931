"""Texts that somebody enters to reach another place than the one that was meant."""

from __future__ import annotations

from itertools import product

DOTS = [
    ".",
    "..",
    "%2e",
    "%2e%2e",
    "%2E%2E",
    ".%2e",
    "%252e%252e",
    "%25252e",
    "\u2024\u2024",
    "\uff0e\uff0e",
    "\u2025",
    "\ufe52\ufe52",
]
ENDS = [
    "",
    "/",
    "\\",
    ";",
    ";a=b",
    "%2f",
    "%5c",
    "%3b",
    " ",
    "%20",
    "\t",
    "/..",
    "/../..",
    "?x=1",
    "#x",
    "%00",
]
HIDDEN = [
    "\0",
    "\r\n",
    "\n",
    "\t",
    "\x7f",
    "\x85",
    "\u202e",
    "\u200b",
    "\ufeff",
    "\u2028",
    "\ud800",
    "\udfff",
    "\xa0",
    "\ue000",
]
FOREIGN = [
    "https://evil.example/x",
    "HTTPS://evil.example/x",
    "//evil.example/x",
    "///evil.example/x",
    "\\\\evil.example\\x",
    "/\\evil.example",
    "@evil.example/x",
    ":443@evil.example/x",
    ".evil.example/x",
    "http:evil.example",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "evil.example#@",
    "?@evil.example",
]
PLAIN = [
    "a b",
    "a&b=c",
    "a+b",
    "a,b;c",
    "{id}",
    "${ 1 }",
    "<x>",
    "'",
    '"',
    "`",
    "|",
    "^",
    "~",
    "%",
    "%zz",
    "é",
    "日本語",
    "😀",
    "x" * 200,
]


def path_texts() -> list[str]:
    """Return more than three hundred texts for a place in a path."""
    dots = [dot + end for dot, end in product(DOTS, ENDS)]
    hidden = [template.format(one) for one, template in product(HIDDEN, ["{}", "a{}b", "..{}", "{}.."])]
    foreign = [before + one for before, one in product(["", "a/"], FOREIGN)]
    return [
        *dots,
        *hidden,
        *foreign,
        *PLAIN,
        "",
        " ",
        "x" * 201,
        "x" * 65_536,
        "/",
        "a//b",
        "/a",
        "a/",
    ]


def addresses() -> list[str]:
    """Return a hundred and more ways to write another host where a path is asked for."""
    schemes = ["https:", "HTTP:", "ftp:", "ws:", ""]
    slashes = ["//", "///", "\\\\", "/\\"]
    hosts = [
        "evil.example",
        "user:pw@evil.example",
        "evil.example:8443",
        "127.0.0.1:1",
        "[::1]",
        "2130706433",
        "www.zohoapis.com@evil.example",
    ]
    return [
        scheme + slash + host + "/crm/v8/Leads" for scheme, slash, host in product(schemes, slashes, hosts)
    ]
