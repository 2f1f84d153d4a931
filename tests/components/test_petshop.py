"""The second component on its vendor's server: every action does what its file says.

The same runtime, not a line of it written for this vendor; every test runs over the
blocking and over the awaiting driver.
"""

from __future__ import annotations

import base64
import json
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from components.petshop_server import KEY, PETSHOP, PICTURE
from connector_runtime import CallFailed, Component, ConnectionProblem, DefinitionError, InputError
from connector_runtime.testing.cases import cases_of, run_case

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from components.conftest import Till
    from components.petshop_server import PetShop


def test_its_own_tests_pass(component: Component) -> None:
    """Every test embedded in the component's files passes, blocking and awaiting."""
    failures = {
        f"{case.action}: {case.name}": problems
        for case in cases_of(component.model)
        if (problems := run_case(component.model, case))
    }

    assert failures == {}


def test_one_page_of_a_listing_is_one_request(till: Till, shop: PetShop) -> None:
    """Without Everything a listing is one page, as the vendor sent it."""
    result = till.run("listPets", {"species": "dog"})

    assert [pet["name"] for pet in result.data["pets"]] == ["Ada", "Rex"]
    assert result.data["next"] == "p-1002"
    assert len(shop.asked) == 1


def test_everything_is_read_to_the_end(till: Till, shop: PetShop) -> None:
    """Everything follows the vendor's cursor and returns all records in one list."""
    result = till.run("listPets", {"everything": True})

    assert [pet["name"] for pet in result.data] == ["Ada", "Rex", "Tom", "Ivy", "Max"]
    assert [attempt.why for attempt in result.attempts] == ["first", "page", "page"]


def test_everything_starts_where_the_user_says(till: Till) -> None:
    """A cursor of an earlier listing is where reading begins."""
    result = till.run("listPets", {"everything": True, "cursor": "p-1003"})

    assert [pet["name"] for pet in result.data] == ["Ivy", "Max"]


def test_pages_come_one_by_one(till: Till) -> None:
    """A stream hands out pages with their records, their number and where to go on."""
    pages = till.pages("listPets", {"size": 2})

    assert [[pet["name"] for pet in page] for page in pages] == [["Ada", "Rex"], ["Tom", "Ivy"], ["Max"]]
    assert [page.number for page in pages] == [1, 2, 3]
    assert [page.next for page in pages] == [{"cursor": "p-1002"}, {"cursor": "p-1004"}, None]


def test_a_stream_that_is_left_asks_no_further(till: Till, shop: PetShop) -> None:
    """Whoever stops reading after a page has caused one request."""
    page = till.first_page("listPets", {"size": 2})

    assert len(page) == 2
    assert len(shop.asked) == 1


def test_links_are_followed_to_the_end(till: Till, shop: PetShop) -> None:
    """A vendor that answers with the address of the next page is followed, offset by offset."""
    shop.visits["p-1001"] = [{"day": f"2024-0{month}-01"} for month in range(1, 6)]

    result = till.run("listVisits", {"pet": "p-1001", "everything": True, "size": 2})

    assert [visit["day"][5:7] for visit in result.data] == ["01", "02", "03", "04", "05"]
    assert [asked.query["offset"] for asked in shop.asked] == [["0"], ["2"], ["4"]]


def test_a_record_is_read(till: Till, shop: PetShop) -> None:
    """Reading gives the record itself, without the vendor's wrapping."""
    result = till.run("getPet", {"pet": "p-1002"})

    assert (result.data["name"], result.status, result.outcome) == ("Rex", 200, "done")
    assert result.attempts[0].request_id == result.headers["x-request-id"] == "r-1"


def test_a_search_whose_filter_stands_in_the_body_reads(till: Till, shop: PetShop) -> None:
    """A POST that only reads gives what it finds and changes nothing."""
    result = till.run("searchPets", {"values": {"species": "cat", "name": "Tom"}})

    assert [pet["name"] for pet in result.data] == ["Tom"]
    assert shop.effects == []


def test_a_deprecated_action_still_works(till: Till, component: Component) -> None:
    """What is deprecated says so and goes on working."""
    result = till.run("getPetByChip", {"chip": "982000123456782"})

    assert result.data["name"] == "Tom"
    assert component.actions["getPetByChip"].deprecated is not None


def test_a_record_is_added(till: Till, shop: PetShop) -> None:
    """A new record arrives with its fields in their types."""
    inputs = {
        "name": "Zoe",
        "species": "Cats",
        "chip": "982000999999999",
        "moreDetails": "weight: 3.5\ncolour: red",
    }

    result = till.run("addPet", inputs)

    pet = shop.pets[result.data["id"]]
    assert (pet["species"], pet["weight"], pet["colour"], pet["branch"]) == ("cat", 3.5, "red", "17")
    assert result.status == 201


def test_an_upsert_creates_and_then_updates(till: Till, shop: PetShop) -> None:
    """The first upsert of a key creates the record, the second changes the same one."""
    first = till.run("upsertPet", {"chip": "982000777777777", "species": "dog", "details": {"name": "Sam"}})
    second = till.run("upsertPet", {"chip": "982000777777777", "details": {"weight": 7}})

    assert (first.data["outcome"], second.data["outcome"]) == ("created", "updated")
    assert first.data["id"] == second.data["id"]
    assert shop.pets[first.data["id"]]["weight"] == 7


def test_a_record_is_changed(till: Till, shop: PetShop) -> None:
    """A change travels as a form and touches what was given only."""
    till.run("changePet", {"pet": "p-1001", "neutered": "on", "changes": {"colour": "grey & white"}})

    assert shop.pets["p-1001"] | {"neutered": "true", "colour": "grey & white"} == shop.pets["p-1001"]
    assert shop.asked[0].headers["content-type"] == "application/x-www-form-urlencoded"
    assert shop.pets["p-1001"]["weight"] == 10


def test_a_change_of_an_old_version_is_a_conflict(till: Till) -> None:
    """The vendor's word for somebody else was faster is the kind conflict."""
    till.run("changePet", {"pet": "p-1001", "weight": 11, "version": 1})

    with pytest.raises(CallFailed) as caught:
        till.run("changePet", {"pet": "p-1001", "weight": 12, "version": 1})

    assert (caught.value.kind, caught.value.details) == ("conflict", 2)


def test_a_record_is_removed(till: Till, shop: PetShop) -> None:
    """What was removed is not found any more."""
    till.run("removePet", {"pet": "p-1001"})

    with pytest.raises(CallFailed) as caught:
        till.run("getPet", {"pet": "p-1001"})

    assert (caught.value.kind, caught.value.status) == ("not_found", 200)
    assert "p-1001" not in shop.pets


@pytest.mark.parametrize(
    "photo",
    [{"base64": "iVBORw0KGgo="}, b"\x89PNG\r\n\x1a\n", {"data": b"\x89PNG\r\n\x1a\n"}],
    ids=["base64", "bytes", "map"],
)
def test_a_file_arrives_as_it_is(till: Till, shop: PetShop, photo: Any) -> None:
    """A file arrives byte by byte, with its name and its media type."""
    till.run("addPhoto", {"pet": "p-1001", "photo": photo, "fileName": "rex.png"})

    assert shop.photos == [
        {"name": "rex.png", "type": "image/png", "of": "p-1001", "content": b"\x89PNG\r\n\x1a\n"}
    ]


def test_a_file_of_this_machine_needs_trust(
    open_till: Callable[..., Till], shop: PetShop, tmp_path: Path
) -> None:
    """A path names a file only where the caller vouches for whoever filled in the form."""
    path = tmp_path / "rex.png"
    path.write_bytes(PICTURE)
    inputs = {"pet": "p-1001", "photo": {"path": str(path)}}

    with pytest.raises(InputError):
        open_till(shop.by_key()).run("addPhoto", inputs)
    open_till(shop.by_key(), trust_paths=True).run("addPhoto", inputs)

    assert [photo["content"] for photo in shop.photos] == [PICTURE]


def test_many_records_have_one_result_each(till: Till, shop: PetShop) -> None:
    """A call with many records that all went well is done."""
    records = [{"chip": f"98200012345678{index}", "vaccine": "rabies"} for index in range(3)]

    result = till.run("recordVaccinations", {"records": records})

    assert (result.outcome, result.data) == ("done", [{"number": 51}, {"number": 52}, {"number": 53}])
    assert len(shop.vaccinations) == 3


def test_a_partial_result_is_given_back_with_its_failures(till: Till) -> None:
    """Records that were refused are named, and the others' results are there."""
    records = [{"chip": "982000123456780", "vaccine": "rabies"}, {"chip": "0", "vaccine": "rabies"}]

    result = till.run("recordVaccinations", {"records": records})

    assert result.outcome == "partial"
    assert result.data[0] == {"number": 51}
    assert [(failure["index"], failure["kind"], failure["code"]) for failure in result.failed] == [
        (1, "not_found", "no_such_pet")
    ]


def test_when_every_record_is_refused_the_call_is(till: Till) -> None:
    """A call of which nothing went well is raised, with the list of failures."""
    with pytest.raises(CallFailed) as caught:
        till.run(
            "recordVaccinations", {"records": [{"chip": "0", "vaccine": "a"}, {"chip": "1", "vaccine": "a"}]}
        )

    assert caught.value.kind == "not_found"
    assert [failure["index"] for failure in caught.value.failed] == [0, 1]


def test_text_and_bytes_come_back_as_such(till: Till) -> None:
    """A text reply is a text, a picture is bytes, unchanged."""
    assert till.run("getPaper", {"pet": "p-1003"}).data == "Tom, a cat"
    assert till.run("getPaper", {"pet": "p-1003", "form": "picture"}).data == PICTURE


def test_a_reply_is_saved_whole(till: Till, tmp_path: Path) -> None:
    """A saved reply is a file with the content and nothing beside it."""
    target = tmp_path / "page.png"

    result = till.run("getPaper", {"pet": "p-1003", "form": "picture"}, save_to=target)

    assert target.read_bytes() == PICTURE
    assert result.data == {"path": str(target), "contentType": "image/png"}
    assert list(tmp_path.iterdir()) == [target]


def test_a_refusal_is_not_saved(till: Till, tmp_path: Path) -> None:
    """A reply that says no is told, not written into the file."""
    with pytest.raises(CallFailed) as caught:
        till.run("getPaper", {"pet": "p-9"}, save_to=tmp_path / "page.txt")

    assert caught.value.code == "no_such_paper"
    assert list(tmp_path.iterdir()) == []


def test_a_request_of_ones_own_making_goes_out_as_typed(till: Till, shop: PetShop) -> None:
    """A raw request sends path, query and content letter by letter."""
    inputs = {"verb": "POST", "path": "/echo?a=1&b=x%20y", "more": {"b": "z"}, "content": '{"n": 1.10}'}

    result = till.run("callWhisker", inputs)

    assert result.data == {"ok": True, "echo": '{"n": 1.10}', "type": "application/json"}
    assert shop.asked[0].path == "/v2/echo"
    assert shop.asked[0].query == {"a": ["1"], "b": ["z"]}


def test_a_picker_asks_the_vendor(till: Till, shop: PetShop) -> None:
    """An input's choices come from a read request, narrowed by what the person typed."""
    everybody = till.choices("getPet", "pet")
    found = till.choices("getPet", "pet", {"branch": "17"}, search="Tom")

    assert len(everybody) == 5
    assert found == [{"value": "p-1003", "label": "Tom (cat)"}]
    assert shop.asked[-1].query["name"] == ["Tom"]


def test_a_picker_with_a_table_asks_nobody(till: Till, shop: PetShop) -> None:
    """Choices that stand in a table cost no request; the rows that do not fit are left out."""
    assert [choice["value"] for choice in till.choices("listPets", "species")] == ["dog", "cat", "fish"]
    assert till.choices("upsertPet", "species") == [
        {"value": "dog", "label": "Dog"},
        {"value": "cat", "label": "Cat"},
    ]
    assert shop.asked == []


def test_a_key_travels_in_its_own_header(till: Till, shop: PetShop) -> None:
    """The connection with a key proves itself by the vendor's header and by no other."""
    till.check()

    assert shop.asked[0].headers["x-pet-key"] == KEY
    assert "authorization" not in shop.asked[0].headers


def test_a_token_travels_as_a_bearer(open_till: Callable[..., Till], shop: PetShop) -> None:
    """The connection with a token proves itself by that, and no key goes out."""
    open_till(shop.by_login()).check()

    assert shop.asked[0].headers["authorization"] == "Bearer token-1"
    assert "x-pet-key" not in shop.asked[0].headers


def test_an_action_works_with_its_connections_only(open_till: Callable[..., Till], shop: PetShop) -> None:
    """An action that needs a key says so before anything is sent."""
    with pytest.raises(ConnectionProblem) as caught:
        open_till(shop.by_login()).run("getPetByChip", {"chip": "982000123456782"})

    assert (caught.value.kind, shop.asked) == ("config", [])


def test_a_wrong_input_is_named_and_nothing_is_sent(till: Till, shop: PetShop) -> None:
    """What cannot be meant is refused with the input's key and a next step."""
    with pytest.raises(InputError) as caught:
        till.run("listPets", {"spezies": "dog"})

    assert caught.value.hint is not None
    assert "species" in caught.value.hint
    assert shop.asked == []


def test_the_dry_run_is_what_goes_out(component: Component, till: Till, shop: PetShop) -> None:
    """A planned request equals the one that is sent, and shows no secret."""
    inputs = {"name": "Zoe", "species": "cat", "chip": "982000999999999"}

    plan = component.request("addPet", inputs, shop.by_key())
    till.run("addPet", inputs)

    sent = shop.asked[0]
    assert (plan.method, plan.url.partition("?")[0]) == (
        sent.method,
        f"http://127.0.0.1:{shop.port}{sent.path}",
    )
    assert plan.body == sent.json()
    assert {name.lower() for name in plan.headers} <= set(sent.headers)
    assert KEY not in str(plan) + plan.curl() + repr(plan) + json.dumps(plan.to_dict())
    assert shlex.split(plan.curl())[:3] == ["curl", "--request", "POST"]


def test_a_dry_run_can_be_pasted(component: Component, shop: PetShop, tmp_path: Path) -> None:
    """The command for a shell sends what the action sends: files, forms, and texts that begin with @."""
    (tmp_path / 'rex;"1".png').write_bytes(PICTURE)
    photo = {"base64": base64.b64encode(PICTURE).decode(), "contentType": "image/png"}
    planned = [
        ("addPhoto", {"pet": "p-1001", "photo": photo, "fileName": 'rex;"1".png'}),
        ("changePet", {"pet": "p-1001", "changes": {"colour": "a b&c"}}),
        ("callWhisker", {"verb": "POST", "path": "/echo", "content": "@home"}),
    ]

    for action, inputs in planned:
        command = component.request(action, inputs, shop.by_key()).curl().replace("***", KEY)
        subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True, capture_output=True)

    assert shop.photos[0]["content"] == PICTURE
    assert shop.pets["p-1001"]["colour"] == "a b&c"
    assert shop.asked[2].body == b"@home"


def test_the_catalogue_is_plain_json(component: Component) -> None:
    """All a platform needs to draw its forms is one JSON document."""
    shape = json.loads(json.dumps(component.describe()))

    actions = {action["key"]: action for action in shape["actions"]}
    assert shape["component"]["key"] == "petshop"
    assert {key for key, action in actions.items() if action["effect"] == "read"} >= {"listPets", "getPet"}
    assert actions["listPets"]["scopes"] == ["pets.read", "shelf.canine", "shelf.feline", "shelf.pond"]
    assert [source["key"] for source in shape["dataSources"]] == ["petFields", "pickBranch", "pickPet"]
    assert actions["addPet"]["inputSchema"]["required"] == ["name", "species"]


def test_a_former_key_of_an_action_still_works(till: Till) -> None:
    """Integrations that were saved under an action's earlier key go on working."""
    assert till.run("showPet", {"pet": "p-1002"}).data["name"] == "Rex"


def test_a_platform_adds_actions_without_a_fork(shop: PetShop, tmp_path: Path) -> None:
    """A second folder adds an action to a component that is used as it is."""
    folder = tmp_path / "more" / "actions"
    folder.mkdir(parents=True)
    (folder / "greet.yaml").write_text(
        "action: greet\nlabel: Greet\ndescription: Greets.\neffect: read\n"
        "request: { service: shop, path: /me }\nreply: { output: 'Hello ${ reply.json.you }' }\n"
    )

    both = Component.load(PETSHOP, folder.parent)

    with both.session(shop.by_key()) as session:
        assert session.run("greet").data == "Hello me"
        assert session.run("getPet", {"pet": "p-1001"}).data["name"] == "Ada"
    with pytest.raises(DefinitionError):
        Component.load(folder.parent)
