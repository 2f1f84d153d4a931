"""The repository holds nothing of anybody's: no token that looks real, no address of a person, no key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from meta.repository import files, place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Characters that repeat are made up; so is what an example says it is.
PATTERNS = {
    "a token": re.compile(r"\b1000\.(?!([0-9a-fx])\1{31})[0-9a-f]{32}\.[0-9a-f]{32}\b"),
    "a client id": re.compile(r"\b1000\.(?!ABCDEFG)[A-Z0-9]{30}\b"),
    "a key of a cloud": re.compile(
        r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[\w-]{35}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b"
    ),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a web token": re.compile(r"\beyJ[\w-]{20,}\.eyJ[\w-]{20,}\.[\w-]{20,}"),
}
EMAIL = re.compile(r"\b[\w.+-]+@(?!pytest\.)([\w-]+(?:\.[\w-]+)*\.[a-z]{2,})\b", re.IGNORECASE)
# Reserved for examples (RFC 2606), never delivered, or the vendor's own.
MADE_UP = re.compile(
    r"(?:^|\.)(?:example|invalid|test|localhost|local)$|(?:^|\.)example\.(?:com|org|net)$", re.IGNORECASE
)
NOBODYS = frozenset({"zylker.com", "abc.com", "zoho.com"})  # of the examples that the vendor publishes
# Certificates of tests are signed by keys of their own, made for loopback only.
OWN_KEYS = "tests/faults/certificates/"


def texts() -> Iterator[tuple[Path, str]]:
    """Yield every text file of the project."""
    for path in files():
        try:
            yield path, path.read_text("utf-8")
        except UnicodeDecodeError:
            continue


@pytest.mark.plan("S-113")
@pytest.mark.parametrize("what", PATTERNS)
def test_no_file_holds_a_secret_that_looks_real(what: str) -> None:
    """Whoever copies from an account by mistake is stopped here."""
    found = [
        f"{place(path)}: {match[0][:12]}…"
        for path, text in texts()
        if not place(path).startswith(OWN_KEYS) and path.name != "test_repository.py"
        for match in PATTERNS[what].finditer(text)
    ]

    assert found == []


@pytest.mark.plan("S-113")
def test_no_file_holds_the_address_of_a_person() -> None:
    """Mail addresses belong to domains that nobody has."""
    found = {
        f"{place(path)}: …@{match[1]}"
        for path, text in texts()
        for match in EMAIL.finditer(text)
        if not MADE_UP.search(match[1]) and match[1].lower() not in NOBODYS
    }

    assert sorted(found) == []


@pytest.mark.plan("S-113")
def test_the_patterns_find_what_they_are_for() -> None:
    """Made here, so that it stands nowhere."""
    import hashlib

    digits = hashlib.sha256(b"made up").hexdigest()
    real = {
        "a token": f"1000.{digits[:32]}.{digits[32:]}",
        "a client id": "1000." + "Q7" * 15,
        "a key of a cloud": "AKIA" + "Q7" * 8,
        "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
        "a web token": "eyJ" + "a" * 20 + ".eyJ" + "b" * 20 + "." + "c" * 20,
    }

    assert [what for what, text in real.items() if not PATTERNS[what].search(text)] == []
    assert EMAIL.search("jane@" + "gmail.com")
    assert not MADE_UP.search("gmail.com")
