"""`poll`: events out, one a line; the state in a file that moves when they are printed."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from components.petshop_server import PETSHOP, Mishap

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


@pytest.mark.parametrize("content", ["", "{", "{}", "null", '"yesterday"', "[" * 100_000])
def test_a_file_that_holds_no_state_is_left_alone(at_shop: Any, folder: Path, content: str) -> None:
    """What is no state is refused, with what to do, and stays as it is."""
    (folder / "pets.json").write_text(content)
    refused = at_shop(*POLL)

    assert refused.code != 0
    assert "tart" in refused.err
    assert "Traceback" not in refused.err
    assert (folder / "pets.json").read_text() == content


def test_a_file_nested_too_deeply_is_said(at_shop: Any, folder: Path) -> None:
    """Also where only the request is printed."""
    (folder / "pets.json").write_text("[" * 100_000)
    refused = at_shop("request", *POLL[1:])

    assert (refused.code, "nested too deeply" in refused.err) == (2, True)


def test_a_moment_that_utc_does_not_have_is_one_that_lies_ahead(at_shop: Any) -> None:
    """It counts as now."""
    first = at_shop(*POLL, "--since", "9999-12-31T23:59:59-12:00")

    assert (first.code, first.out, first.err) == (0, "", "")


def test_a_misspelt_trigger_is_said(at_shop: Any) -> None:
    """The one that may be meant is named."""
    assert "petChanged" in at_shop("poll", "petChange", "-i", "branch=17").err


def test_a_first_poll_from_now_says_that_it_noted_where_now_is(at_shop: Any) -> None:
    """Nothing is told yet, and why not is said; of later polls, and of those for a program, nothing is."""
    first, second = at_shop(*POLL), at_shop(*POLL)
    unkept = at_shop("poll", "petChanged", "-i", "branch=17")
    read = at_shop("poll", "petChanged", "-i", "branch=17", "--json")

    assert first.err == (
        "Noted where now is: what was there before is not told. "
        "The next poll tells what has changed since.\n"
    )
    assert (first.out, second.err) == ("", "")
    assert "--state FILE" in unkept.err
    assert (read.json["events"], read.err) == ([], "")


def test_the_state_of_other_inputs_says_how_to_start_again(at_shop: Any, folder: Path) -> None:
    """The file wins over `--since`, so that a command can be repeated; what to do is to take the file away."""
    at_shop(*POLL)
    kept = (folder / "pets.json").read_text()
    others = ("poll", "petChanged", "-i", "branch=17", "-i", "departures=false", "--state", "pets.json")
    refused = [at_shop(*others), at_shop(*others, "--since", "from the beginning")]
    told = [one.err for one in refused]
    before = (folder / "pets.json").read_text()
    (folder / "pets.json").unlink()
    begun = at_shop(*others)

    assert [one.code for one in refused] == [1, 1]
    assert all("Take pets.json away, or name another file with --state, to start anew" in words for words in told)
    assert before == kept
    assert begun.code == 0


def test_where_no_poll_can_begin_is_said_with_all_three_ways(at_shop: Any) -> None:
    """A word that is no moment is named, and what would be possible, a moment among it."""
    ended = at_shop(*POLL, "--since", "yesterday")

    assert (ended.code, '"yesterday" says no moment' in ended.err) == (1, True)
    assert "`from now`, `from the beginning` or a moment such as `2026-06-01T12:00:00Z`" in ended.err


@pytest.mark.parametrize("command", ["poll", "request"])
def test_a_since_that_is_not_used_is_said(at_shop: Any, command: str) -> None:
    """Where a file says where the last poll ended, `--since` changes nothing, and that is told."""
    first = at_shop(*POLL, "--since", "from the beginning")
    second = at_shop(command, *POLL[1:], "--since", "2026-06-01T12:00:00Z")

    assert "--since is not used" not in first.err
    assert (second.code, "--since is not used: pets.json says where" in second.err) == (0, True)


def test_what_one_poll_may_not_read_is_no_reason_to_poll_again(at_shop: Any, shop: Any, folder: Path) -> None:
    """A source that is read whole and does not fit says what helps, and not that more comes by polling."""
    source = folder / "shop" / "triggers" / "petChanged.yaml"
    shutil.copytree(PETSHOP, folder / "shop")
    source.write_text(source.read_text().replace("max: { pages: 100, items: 5000 }", "max: { pages: 1, items: 5000 }"))
    shop.book.put("p-1")
    for number in range(5):
        shop.book.put(f"p-{10 + number}")
        shop.book.remove(f"p-{10 + number}")

    broken = at_shop("--component", "shop", *POLL, "--since", "from the beginning")

    assert broken.code == 1
    assert "Polling again does not help" in broken.err
    assert "There is more" not in broken.err
