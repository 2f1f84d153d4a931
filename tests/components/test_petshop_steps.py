"""Several requests in one action, at the pet shop: jobs, uploads in two, merged lists, chunks, a race.

Over loopback, blocking and awaiting; what breaks off is taken up by another session.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from components.petshop_server import PICTURE, Mishap
from connector_runtime import Component, ConnectionProblem, OutcomeUnknown
from connector_runtime.errors import ConnectorError

if TYPE_CHECKING:
    from collections.abc import Callable

    from components.conftest import Till
    from components.petshop_server import PetShop

CHIP = "982000123456781"


def test_a_count_is_asked_for_waited_for_and_read(till: Till) -> None:
    """A job of the vendor's is one call: asked for, looked at until it is done, and read to its end."""
    result = till.run("countStock")

    assert result.data == {"counted": 5, "pets": [{"id": f"p-100{number}"} for number in range(1, 6)]}
    assert [attempt.step for attempt in result.attempts] == ["start", *["state"] * 2, *["list"] * 3]


@pytest.mark.parametrize("at", range(6))
def test_a_count_that_breaks_off_is_taken_up(open_till: Callable[..., Till], shop: PetShop, at: int) -> None:
    """Whichever of the requests is lost: another session goes on, and no second count is begun for it."""
    shop.mishaps = [*_well(at), Mishap()]
    with pytest.raises(ConnectorError) as caught:
        open_till(shop.by_key()).run("countStock")
    resume = json.loads(json.dumps(caught.value.to_dict().get("resume")))

    again = open_till(shop.by_key())
    result = again.run("countStock", resume=resume) if resume else again.run("countStock")

    assert result.data["counted"] == 5
    assert len(result.data["pets"]) == 5
    assert len(shop.counting.counts) == 1


def _well(count: int) -> list[Any]:
    """Return as many requests that go well: none of them is a mishap."""
    return [None] * count


def test_a_photo_is_not_sent_again_when_only_its_name_was_lost(
    open_till: Callable[..., Till], shop: PetShop
) -> None:
    """The second half of an upload is taken up; the first, which is there, is not repeated."""
    photo = {"data": PICTURE.hex(), "contentType": "image/png"}
    inputs = {"pet": "p-1001", "photo": photo, "fileName": "ada.png"}
    shop.mishaps = [*_well(1), Mishap()]
    with pytest.raises(ConnectorError) as caught:
        open_till(shop.by_key()).run("setPortrait", inputs)

    assert caught.value.done == ("upload",)
    result = open_till(shop.by_key()).run("setPortrait", inputs, resume=caught.value.resume)

    assert result.data["portrait"] == "ada.png"
    assert len(shop.photos) == 1


def test_an_upload_that_may_have_arrived_is_never_sent_twice(
    open_till: Callable[..., Till], shop: PetShop
) -> None:
    """Resumed as often as you like, it stays unknown until somebody has looked."""
    inputs = {"pet": "p-1001", "photo": {"data": "x", "contentType": "image/png"}}
    shop.mishaps = [Mishap(work=True)]
    with pytest.raises(OutcomeUnknown) as caught:
        open_till(shop.by_key()).run("setPortrait", inputs)

    for _ in range(2):
        with pytest.raises(OutcomeUnknown) as again:
            open_till(shop.by_key()).run("setPortrait", inputs, resume=caught.value.resume)
        assert again.value.identity == "photo=portrait.png"
    assert len(shop.photos) == 1


def test_toys_are_changed_one_by_one(till: Till, shop: PetShop) -> None:
    """What a vendor takes only as a whole list is read, merged and written back."""
    pet = next(pet for pet in shop.pets.values() if pet["chip"] == CHIP)
    pet["toys"] = [{"tag": "t-1", "kind": "bone"}, {"tag": "t-2", "kind": "rope"}]

    result = till.run("addToys", {"chip": CHIP, "toys": [{"tag": "t-2", "colour": "red"}, {"kind": "ball"}]})

    wanted = [
        {"tag": "t-1", "kind": "bone"},
        {"tag": "t-2", "kind": "rope", "colour": "red"},
        {"kind": "ball"},
    ]
    assert result.data == pet["toys"] == wanted


def test_a_pet_that_somebody_else_adds_meanwhile_is_found(till: Till, shop: PetShop) -> None:
    """Looked for, not there; added, already there; looked for again, and found: one pet, no error."""
    gone = json.dumps({"ok": False, "error": {"code": "no_such_pet"}})
    shop.mishaps = [Mishap(status=200, text=gone, headers=(("Content-Type", "application/json"),))]

    result = till.run("findOrAddPet", {"chip": CHIP, "name": "Rex"})

    assert result.data == {"outcome": "found", "pet": shop.pets["p-1002"]}
    assert [attempt.step for attempt in result.attempts] == ["find", "add", "again"]
    assert shop.effects == []


def doses(count: int) -> list[dict[str, str]]:
    """Return vaccinations of the same pet against many things."""
    return [{"chip": CHIP, "vaccine": f"v-{number}"} for number in range(count)]


def test_any_number_of_vaccinations_goes_out_in_chunks(till: Till, shop: PetShop) -> None:
    """Each of 95 has its result, in order, though the shop takes twenty at once."""
    records = doses(95)
    records[41]["chip"] = "982000999999999"

    result = till.run("recordVaccinations", {"records": records})

    assert [len(asked.json()["vaccinations"]) for asked in shop.asked] == [20, 20, 20, 20, 15]
    assert (result.outcome, [entry["index"] for entry in result.failed]) == ("partial", [41])
    assert len(result.data) == 95
    assert len(shop.vaccinations) == 94


@pytest.mark.parametrize("works", [True, False])
def test_vaccinations_that_break_off_are_taken_up(
    open_till: Callable[..., Till], shop: PetShop, works: bool
) -> None:
    """What was sent and what was not is named; each vaccination is given once in the end."""
    shop.mishaps = [*_well(2), Mishap(work=works)]
    with pytest.raises(ConnectorError) as caught:
        open_till(shop.by_key()).run("recordVaccinations", {"records": doses(95)})
    problem = caught.value

    assert len(problem.items) == 40
    assert [entry["index"] for entry in problem.failed] == list(range(40, 95))
    assert {entry["kind"] for entry in problem.failed[20:]} == {"not_sent"}
    rest = open_till(shop.by_key()).run("recordVaccinations", {"records": doses(95)}, resume=problem.resume)

    assert len(problem.items) + len(rest.data) == 95
    assert len(shop.effects) == len(shop.vaccinations) == 95


def test_a_tenant_that_may_only_read_starts_no_step(any_till: Callable[..., Till], shop: PetShop) -> None:
    """Every step's effect must be allowed, not only the strongest one."""
    inputs = {"pet": "p-1001", "photo": {"data": "x", "contentType": "image/png"}}
    for allowed in (["read", "update"], ["create"]):
        with pytest.raises(ConnectionProblem) as caught:
            any_till("sync", shop.by_key(), allow={"effects": allowed}).run("setPortrait", inputs)
        assert caught.value.kind == "permission"
    assert shop.asked == []


def test_a_dry_run_shows_the_first_request_and_says_what_follows(component: Component, shop: PetShop) -> None:
    """Nothing is sent; later steps and chunks are told in words."""
    steps = component.request("countStock", {}, shop.by_key())
    chunks = component.request("recordVaccinations", {"records": doses(41)}, shop.by_key())

    assert (steps.method, steps.effect) == ("POST", "read")
    assert steps.then == (
        "Then the step `state` (read), again and again until it is done.",
        "Then the step `list` (read), where it is needed.",
    )
    assert chunks.to_dict()["then"] == ["Then 2 more like it, until all 41 records are sent."]
    assert len(chunks.to_dict()["body"]["vaccinations"]) == 20
    assert shop.asked == []


def test_the_catalogue_tells_of_steps(component: Component) -> None:
    """Whoever shows an action knows what it does to the vendor's data, one request after the other."""
    found = {action["key"]: action.get("steps") for action in component.describe()["actions"]}

    assert found["getPet"] is None
    assert found["findOrAddPet"] == [
        {"key": "find", "effect": "read"}, {"key": "add", "effect": "create"}, {"key": "again", "effect": "read"},
    ]  # fmt: skip
