"""What vendors and strangers write into records never steers the terminal of whoever looks at them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from components.petshop_server import Mishap

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.conftest import Ended
    from components.petshop_server import PetShop

HOSTILE = [
    "\x1b[2J", "\x1b[31mred", "\x1b]0;title\x07", "\x1b]8;;https://evil.example\x1b\\x", "\x1b[6n", "\x1b[1;1H", "\x1bc",
    "\x1b[?1049h", "\x1b]52;c;ZXZpbA==\x07", "\x1b(0", "\x1bP1$r\x1b\\", "\x1b[8m", "\x1b[20A", "\x1b#8", "\x1b[5i",
    "\x9b31m", "\x9d0;title\x9c", "\x90x\x9c", "\x84", "\x85", "\x8d", "\x9e", "\x07", "\x08\x08\x08", "\x7f", "\x00",
    "\r", "a\rb", "\x0b", "\x0c", "\x0e", "\x0f", "\x18", "\x1a", "\u202e", "\u202d", "\u202a", "\u202c", "\u2066", "\u2067",
    "\u2069", "\u200e", "\u200f", "\u061c", "\u2028", "\u2029", "\u200b", "\ufeff", "\u2060", "\U000e0041", "\ud7ff\u009b", "\ufff9",
]  # fmt: skip


def is_harmless(text: str) -> bool:
    """Return whether a terminal shows every character as a character."""
    return all(char.isprintable() or char in "\n\t" for char in text)


ALL = " and ".join(HOSTILE)


@pytest.mark.plan("S-119")
@pytest.mark.parametrize("words", [(), ("--json",)], ids=["for people", "for programs"])
def test_a_record_does_not_steer_the_terminal(
    at_shop: Callable[..., Ended], shop: PetShop, score: Callable[[str, int], None], words: tuple[str, ...]
) -> None:
    """It is shown as what it is, and read back as what it was."""
    shop.pets["p-1002"]["name"] = ALL

    ended = at_shop("run", "getPet", "-i", "pet=p-1002", *words)

    assert ended.code == 0
    assert is_harmless(ended.out + ended.err)
    assert (ended.json.get("data") or ended.json)["name"] == ALL
    score("hostile", len(HOSTILE))


@pytest.mark.plan("S-119")
@pytest.mark.parametrize("words", [(), ("--json",)], ids=["for people", "for programs"])
@pytest.mark.parametrize("status", [400, 500])
def test_a_message_does_not_steer_the_terminal(
    at_shop: Callable[..., Ended], shop: PetShop, status: int, words: tuple[str, ...]
) -> None:
    """What a server says in an error or on a page is only words."""
    said = (
        json.dumps({"fault": {"code": f"x{ALL}", "message": ALL}}) if status == 400 else f"<html>{ALL}</html>"
    )
    shop.mishaps += [Mishap(status=status, text=said)]

    ended = at_shop("run", "getPet", "-i", "pet=p-1002", *words)

    assert ended.code == 1
    assert is_harmless(ended.out + ended.err)


@pytest.mark.plan("S-119")
@pytest.mark.parametrize("words", [("run", f"get{ALL}Pet"), ("show", ALL), ("request", "getPet", "-i", f"pet={ALL}"), ("run", "--x" + ALL)])  # fmt: skip
def test_what_was_entered_does_not_steer_the_terminal(
    pets: Callable[..., Ended], words: tuple[str, ...]
) -> None:
    """A refusal that repeats what was typed or pasted, and a request that is only shown, are words, too."""
    ended = pets(*words)

    assert ended.code > 0
    assert is_harmless(ended.out + ended.err)
    assert "Traceback" not in ended.err
