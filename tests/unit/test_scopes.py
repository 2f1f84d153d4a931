"""Permissions that contain others, as a table says it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_runtime.definition.scopes import Coverage, split_scopes

ROWS = {
    "{family}.ALL": {"covers": ["{family}.*"]},
    "shop.pets.{verb}": {"covers": ["shop.pets.*.{verb}"]},
    "shop.everything": {"covers": ["shop.*", "till.READ"]},
    "pair.{one}.{one}": {"covers": ["single.{one}"]},
    "nothing": {},
}


@pytest.mark.parametrize(
    ("granted", "needed", "is_covered"),
    [
        ("shop.pets.READ", "shop.pets.READ", True),
        ("SHOP.pets.read", "shop.PETS.READ", True),
        ("shop.pets.ALL", "shop.pets.dogs.READ", True),
        ("shop.pets.ALL", "shop.petsX.READ", False),
        ("shop.pets.READ", "shop.pets.dogs.READ", True),
        ("shop.pets.READ", "shop.pets.dogs.WRITE", False),
        ("shop.everything", "shop.pets.dogs.WRITE", True),
        ("shop.everything", "till.READ", True),
        ("shop.everything", "till.WRITE", False),
        ("shop.pets.dogs.READ", "shop.pets.READ", False),
        ("pair.a.a", "single.a", True),
        ("pair.a.b", "single.a", False),
        ("nothing", "shop.pets.READ", False),
        ("a+b.ALL", "a+b.READ", True),
        ("a.b", "aXb", False),
        ("", "shop.pets.READ", False),
    ],
)
def test_a_permission_covers_what_the_table_says(granted: str, needed: str, is_covered: bool) -> None:
    """Names stand for the same text on both sides, stars for any; signs mean themselves, capitals nothing."""
    assert Coverage(ROWS).covers(granted, needed) is is_covered


def test_without_a_table_a_permission_covers_itself() -> None:
    """A vendor that says nothing about its permissions is not second-guessed."""
    coverage = Coverage({})

    assert coverage.covers("a.ALL", "a.ALL")
    assert not coverage.covers("a.ALL", "a.READ")


def test_the_smallest_list_leaves_out_what_comes_with_others() -> None:
    """Doubled and contained permissions are dropped, and the rest is sorted."""
    needed = ["shop.pets.dogs.READ", "till.READ", "shop.pets.READ", "shop.pets.READ"]

    assert Coverage(ROWS).smallest(needed) == ["shop.pets.READ", "till.READ"]


def test_two_that_contain_each_other_are_not_both_dropped() -> None:
    """Of two permissions that mean the same, one stays."""
    rows = {"a": {"covers": ["b"]}, "b": {"covers": ["a"]}}

    assert len(Coverage(rows).smallest(["a", "b"])) == 1


def test_coverage_need_not_be_passed_on() -> None:
    """What contains a part of another one's part need not contain that part."""
    rows = {"c": {"covers": ["b"]}, "b": {"covers": ["a"]}}

    assert Coverage(rows).smallest(["a", "b", "c"]) == ["a", "c"]


def test_what_is_missing_keeps_its_order() -> None:
    """The first thing that is missed is named first."""
    assert Coverage(ROWS).missing(["till.READ"], ["z", "till.READ", "a"]) == ["z", "a"]


@given(st.lists(st.text(alphabet="abAL.*{}x", max_size=12), max_size=6))
def test_the_smallest_list_is_always_enough(needed: list[str]) -> None:
    """Whatever is left out is covered by what is left, for any texts at all."""
    coverage = Coverage(ROWS)

    smallest = coverage.smallest(needed)

    assert set(smallest) <= set(needed)
    assert coverage.missing(smallest, needed) == []


@pytest.mark.parametrize(
    ("text", "parts"),
    [("a b", ("a", "b")), ("a,b", ("a", "b")), (" a, b\n", ("a", "b")), ("", ()), (None, ()), (7, ())],
)
def test_permissions_are_separated_in_any_way(text: object, parts: tuple[str, ...]) -> None:
    """Vendors write lists with blanks or commas; anything but a text is no list."""
    assert split_scopes(text) == parts
