"""`poll`: events out, one a line; the state in a file that moves when they are printed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from components.petshop_server import Mishap

if TYPE_CHECKING:
    from pathlib import Path

POLL = ("poll", "petChanged", "-i", "branch=17", "--state", "pets.json")


def lines(out: str) -> list[str]:
    return [f"{event['change']} {event['id']}" for event in map(json.loads, out.splitlines())]


def test_each_poll_prints_what_is_new(at_shop: Any, shop: Any) -> None:
    """The first poll begins at now, each further one goes on where the last one ended."""
    shop.book.put("p-1")
    shop.now += 60
    first = at_shop(*POLL)
    shop.book.now = shop.now = shop.now + 60
    shop.book.put("p-2")
    second, third = at_shop(*POLL), at_shop(*POLL)

    assert [one.code for one in (first, second, third)] == [0, 0, 0]
    assert [lines(one.out) for one in (first, second, third)] == [[], ["created p-2"], []]


def test_the_beginning_can_be_asked_for(at_shop: Any, shop: Any) -> None:
    """`--since` says where the first poll begins; for a program all of it is one JSON document."""
    shop.book.put("p-1")
    found = at_shop(*POLL, "--since", "from the beginning", "--json").json

    assert [event["id"] for event in found["events"]] == ["p-1"]
    assert found["more"] is False


@pytest.mark.plan("S-261")
def test_what_broke_off_is_printed_and_kept(at_shop: Any, shop: Any, folder: Path) -> None:
    """A poll whose second source fails prints the first one's events, and says why it broke off."""
    shop.book.put("p-1")
    shop.meanwhile.append(lambda: shop.mishaps.append(Mishap(status=500)))
    broken = at_shop(*POLL, "-i", "tries=0", "--since", "from the beginning")
    again = at_shop(*POLL)

    assert (broken.code, lines(broken.out)) == (1, ["created p-1"])
    assert "broke off" in broken.err
    assert (again.code, again.out) == (0, "")
    assert (folder / "pets.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", ["", "{", "{}", '"yesterday"'])
def test_a_file_that_holds_no_state_is_left_alone(at_shop: Any, folder: Path, content: str) -> None:
    """What is no state is refused, with what to do, and stays as it is."""
    (folder / "pets.json").write_text(content)
    refused = at_shop(*POLL)

    assert refused.code != 0
    assert "tart" in refused.err
    assert (folder / "pets.json").read_text() == content


def test_a_misspelt_trigger_is_said(at_shop: Any) -> None:
    """The one that may be meant is named."""
    assert "petChanged" in at_shop("poll", "petChange", "-i", "branch=17").err
