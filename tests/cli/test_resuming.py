"""A run that broke off between its requests is taken up with what its error says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from components.petshop_server import Mishap

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ended
    from components.petshop_server import PetShop


@pytest.mark.parametrize("kept", ["error", "resume", "file"])
def test_a_run_goes_on_from_its_error(
    at_shop: Callable[..., Ended], shop: PetShop, folder: Path, kept: str
) -> None:
    """The whole error will do, or its `resume`, as JSON or in a file; the vendor begins no second job."""
    shop.mishaps = [None, Mishap()]  # type: ignore[list-item]
    broken = at_shop("run", "countStock", "--json")
    (folder / "error.json").write_text(broken.out)
    given = {"error": broken.out, "resume": json.dumps(broken.error["resume"]), "file": "error.json"}

    ended = at_shop("run", "countStock", "--json", "--resume", given[kept])

    assert (broken.code, broken.error["done"]) == (1, ["start"])
    assert ended.json["data"]["counted"] == 5
    assert len(shop.counting.counts) == 1


def test_a_resume_of_another_run_is_refused(at_shop: Callable[..., Ended], shop: PetShop) -> None:
    """With other inputs it says so, and sends nothing."""
    shop.mishaps = [None, Mishap()]  # type: ignore[list-item]
    broken = at_shop("run", "countStock", "--json")
    asked = len(shop.asked)

    ended = at_shop("run", "countStock", "-i", "species=dog", "--json", "--resume", broken.out)

    assert (ended.error["kind"], ended.error["input"], len(shop.asked)) == ("input", "resume", asked)
    assert at_shop("run", "countStock", "--resume", "{").code == 2


@pytest.mark.parametrize("given", ['{"kind": "timeout", "resume": null}', '{"error": {"kind": "input"}}', "{}"])
def test_an_error_without_resume_begins_nothing_anew(
    at_shop: Callable[..., Ended], shop: PetShop, given: str
) -> None:
    """What was written once would be written again, so it is refused with a word."""
    ended = at_shop("run", "countStock", "--resume", given)

    assert (ended.code, shop.asked) == (2, [])
    assert "no `resume`" in ended.err
