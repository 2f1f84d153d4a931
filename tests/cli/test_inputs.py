"""What goes in and where it goes: words, files, standard input, saved replies, kept state."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from components.petshop_server import PICTURE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ended
    from components.petshop_server import PetShop

ALL_CONTACTS = "query=select Last_Name from Contacts where id is not null"


def test_inputs_are_words(at_shop: Callable[..., Ended]) -> None:
    """`-i key=value` is one input; the value may hold an equals sign."""
    ended = at_shop("request", "addPet", "-i", "name=A=B", "-i", "species=fish", "--json")

    assert (ended.code, ended.json["body"]) == (0, {"name": "A=B", "species": "fish"})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pet.yaml", "name: Ada\nspecies: fish\n"),
        ("pet.yml", "{ name: Ada, species: fish }"),
        ("pet.json", '{"name": "Ada", "species": "fish"}'),
        ("-", "name: Ada\nspecies: fish\n"),
        ("-", '{"name": "Ada", "species": "fish"}'),
    ],
)
def test_inputs_are_a_file(at_shop: Callable[..., Ended], folder: Path, name: str, content: str) -> None:
    """`--inputs` takes YAML and JSON, from a file or from standard input."""
    if name != "-":
        (folder / name).write_text(content)

    ended = at_shop("request", "addPet", "--inputs", name, "--json", stdin=content)

    assert (ended.code, ended.json["body"]) == (0, {"name": "Ada", "species": "fish"})


def test_words_win_over_the_file(at_shop: Callable[..., Ended]) -> None:
    """A word replaces the same input of the file, and only that."""
    ended = at_shop(
        "request", "addPet", "--inputs", "-", "-i", "name=Ivy", "--json", stdin="name: Ada\nspecies: fish"
    )

    assert ended.json["body"] == {"name": "Ivy", "species": "fish"}


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("gone.yaml", None, "No such file"),
        ("gone.json", None, "No such file"),
        ("bad.yaml", "name: a: b", "bad.yaml:1:8: Y007"),
        ("bad.json", '{"name": }', "line 1, column 10"),
        ("list.json", "[1]", "a map of keys and values"),
        ("text.yaml", "hello", "a map of keys and values"),
        ("latin.json", b'{"name": "\xe4"}', "UTF-8"),
        ("-", "name: [", "Standard input, line 1"),
        ("-", '{"name": 1, "name": 2}', "column 13"),
        ("-", "", "Standard input"),
    ],
)
def test_a_file_that_cannot_be_used_is_wrong_use(
    at_shop: Callable[..., Ended], folder: Path, name: str, content: str | bytes | None, says: str
) -> None:
    """A file that is not there or is no map is refused with its place, without a traceback."""
    if name != "-" and content is not None:
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    ended = at_shop(
        "run", "addPet", "--inputs", name, "--json", stdin=content if isinstance(content, str) else ""
    )

    assert (ended.code, ended.error["kind"]) == (2, "input")
    assert says in ended.error["message"]


def test_an_input_of_several_values_is_given_several_times(at_shop: Callable[..., Ended]) -> None:
    """Of a list, and of names and values, every word counts."""
    listed = at_shop("request", "listPets", "-i", "tags=calm", "-i", "tags=house trained", "--json")
    named = at_shop(
        "request",
        "changePet",
        "-i",
        "pet=p-1001",
        "-i",
        "changes=colour=black",
        "-i",
        "changes=note=a=b",
        "--json",
    )

    assert "tags=calm%7Chouse%20trained" in listed.json["url"]
    assert named.json["body"] == [["colour", "black"], ["note", "a=b"]]


def test_an_input_of_one_value_is_given_once(at_shop: Callable[..., Ended], shop: PetShop) -> None:
    """A second value is refused rather than one of the two dropped."""
    ended = at_shop("run", "getPet", "-i", "pet=p-1001", "-i", "pet=p-1002", "--json")

    assert (ended.code, "2 times" in ended.error["message"]) == (2, True)
    assert shop.asked == []


def test_a_file_is_given_by_its_path(at_shop: Callable[..., Ended], shop: PetShop, folder: Path) -> None:
    """`key=@path` sends the file's content under its name."""
    (folder / "rex.png").write_bytes(PICTURE)

    ended = at_shop("run", "addPhoto", "-i", "pet=p-1001", "-i", "photo=@rex.png", "--json")

    assert (ended.code, shop.photos[0]["name"], shop.photos[0]["content"] == PICTURE) == (0, "rex.png", True)


def test_a_file_that_is_not_there_is_named(at_shop: Callable[..., Ended], shop: PetShop) -> None:
    """A path that leads nowhere is a refusal of the input, before anything is sent."""
    ended = at_shop("run", "addPhoto", "-i", "pet=p-1001", "-i", "photo=@gone.png", "--json")

    assert (ended.code, ended.error["input"]) == (1, "photo")
    assert '"gone.png" does not exist' in ended.error["message"]
    assert shop.asked == []


@pytest.mark.parametrize("value", ['{"path": "rex.png"}', ' {"name": "rex.png", "path": "rex.png"}'])
def test_a_file_is_given_as_the_map_of_the_guide(
    at_shop: Callable[..., Ended], shop: PetShop, folder: Path, value: str
) -> None:
    """The map names the file that is sent, rather than being its content."""
    (folder / "rex.png").write_bytes(PICTURE)

    ended = at_shop("run", "addPhoto", "-i", "pet=p-1001", "-i", f"photo={value}", "--json")

    assert (ended.code, shop.photos[0]["name"], shop.photos[0]["content"] == PICTURE) == (0, "rex.png", True)


@pytest.mark.parametrize("value", ['{"path": "gone.png"}', "{path: gone.png}", '{"path": "gone.png", "nme": ""}'])
def test_a_map_that_leads_to_no_file_is_never_the_content(
    at_shop: Callable[..., Ended], shop: PetShop, value: str
) -> None:
    """No such file, quotes that a shell has eaten, a misspelt member: refused before anything is sent."""
    ended = at_shop("run", "addPhoto", "-i", "pet=p-1001", "-i", f"photo={value}", "--json")

    assert (ended.code != 0, shop.asked) == (True, [])
    assert "gone.png" in ended.error["message"] or "photo" in ended.error["message"].casefold()


def test_other_json_is_the_text_of_a_file(zoho: Callable[..., Ended]) -> None:
    """Only a map that says where content comes from is one: any other is sent as it stands."""
    for text in ('{"name": "Rex"}', '{"rows": [{"path": "/a"}]}', '{"data": [1], "id": 7}', "{{ mustache }}"):
        given = ("-i", "url=/Leads", "-i", "method=POST", "-i", f"fileData=a.json={text}")
        ended = zoho("request", "crmRawRequest", *given, "--json")

        assert ended.json["body"][0]["sizeBytes"] == len(text), text


def test_files_are_given_as_json(zoho: Callable[..., Ended], folder: Path) -> None:
    """The whole list of names and files may stand in one word, as the guide has it."""
    (folder / "a.csv").write_text("a,b\n")
    given = 'fileData=[{"key": "list", "value": {"path": "a.csv"}}]'

    ended = zoho("request", "crmRawRequest", "-i", "url=/Leads", "-i", "method=POST", "-i", given, "--json")

    assert (ended.json["body"][0]["name"], ended.json["body"][0]["sizeBytes"]) == ("list", 4)


def test_an_at_sign_is_only_a_path_for_files(at_shop: Callable[..., Ended]) -> None:
    """In other inputs a text may begin with it."""
    ended = at_shop("request", "addPet", "-i", "name=@Ada", "-i", "species=fish", "--json")

    assert ended.json["body"]["name"] == "@Ada"


def test_files_of_a_raw_request_have_names(zoho: Callable[..., Ended], folder: Path) -> None:
    """Where several files may go, each word is a name and a path."""
    (folder / "a.csv").write_text("a,b\n")
    words = (
        "-i",
        "url=/Leads",
        "-i",
        "method=POST",
        "-i",
        "fileData=file=@a.csv",
        "-i",
        "fileData=note=hello",
    )

    ended = zoho("request", "crmRawRequest", *words, "--json")

    parts = {part["name"]: part for part in ended.json["body"]}
    assert parts["file"]["fileName"] == "a.csv"
    assert parts["file"]["sizeBytes"] == 4
    assert parts["note"]["sizeBytes"] == 5


def test_a_reply_is_saved(at_shop: Callable[..., Ended], folder: Path) -> None:
    """`--save-to` writes the content to a file; what is printed says where it lies."""
    ended = at_shop(
        "run", "getPaper", "-i", "pet=p-1003", "-i", "form=picture", "--save-to", "tom.png", "--json"
    )

    assert (ended.code, ended.json["data"]["path"]) == (0, "tom.png")
    assert (folder / "tom.png").read_bytes() == PICTURE


def test_a_reply_that_is_judged_is_saved_too(at_shop: Callable[..., Ended], folder: Path) -> None:
    """Whether the vendor said yes is read from the file that was just written."""
    good = at_shop("run", "getPet", "-i", "pet=p-1002", "--save-to", "rex.json", "--json")
    bad = at_shop("run", "getPet", "-i", "pet=p-9", "--save-to", "none.json", "--json")

    assert (good.code, good.json["data"]["path"]) == (0, "rex.json")
    assert json.loads((folder / "rex.json").read_text())["pet"]["name"] == "Rex"
    assert (bad.code, bad.error["kind"]) == (1, "not_found")


def test_a_whole_listing_is_not_saved_page_over_page(
    at_shop: Callable[..., Ended], shop: PetShop, folder: Path
) -> None:
    """All pages in one file would leave only the last one: that is refused before anything is sent."""
    ended = at_shop("run", "listPets", "-i", "everything=true", "--save-to", "pets.json", "--json")

    assert (ended.code, ended.error["kind"]) == (1, "input")
    assert (shop.asked, list(folder.glob("pets*"))) == ([], [])


def test_a_place_that_cannot_be_written_is_refused(at_shop: Callable[..., Ended]) -> None:
    """A folder that is not there is an error of the input, in plain words."""
    ended = at_shop("run", "getPaper", "-i", "pet=p-1003", "--save-to", "gone/x.txt", "--json")

    assert (ended.code, ended.error["kind"]) == (1, "input")
    assert "cannot be saved" in ended.error["message"]


def test_a_deadline_bounds_the_call(at_shop: Callable[..., Ended], shop: PetShop) -> None:
    """A vendor that does not answer is left when the time is over."""
    shop.gate.clear()

    ended = at_shop("run", "getPet", "-i", "pet=p-1001", "--deadline", "0.3", "--json")
    shop.gate.set()

    assert (ended.code, ended.error["kind"]) == (1, "timeout")


def test_the_sandbox_keeps_what_was_done(zoho: Callable[..., Ended], folder: Path) -> None:
    """What one run creates the next one finds, in this folder; --fresh empties it."""
    made = zoho(
        "run", "crmCreateRecord", "-i", "recordType=Contacts", "-i", "fieldValues=Last_Name=Zelig", "--json"
    )
    number = made.json["data"]["data"][0]["details"]["id"]
    words = ("run", "crmGetRecord", "-i", "recordType=Contacts", "-i", f"recordId={number}", "--json")

    found, gone = zoho(*words), zoho(*words, "--fresh")

    assert found.json["data"]["data"][0]["Last_Name"] == "Zelig"
    assert (gone.code, gone.error["kind"]) == (1, "not_found")
    assert sorted(path.name for path in folder.iterdir()) == [".zoho-sandbox.sqlite"]


def test_the_sandbox_is_announced_to_people(zoho: Callable[..., Ended]) -> None:
    """Nobody takes the sandbox for an account: the words say so, programs are spared."""
    seen, read = (
        zoho("run", "crmRunQuery", "-i", ALL_CONTACTS),
        zoho("run", "crmRunQuery", "-i", ALL_CONTACTS, "--json"),
    )

    assert "Using the embedded sandbox, kept in .zoho-sandbox.sqlite" in seen.err
    assert read.err == ""


def test_a_request_is_only_shown(at_shop: Callable[..., Ended], shop: PetShop) -> None:
    """`request` prints exactly what would go out, as text, as JSON, as a command for a shell."""
    words = ("request", "removePet", "-i", "pet=p-1001")

    seen, read, typed = at_shop(*words), at_shop(*words, "--json"), at_shop(*words, "--curl")

    assert seen.out.startswith(f"DELETE http://127.0.0.1:{shop.port}/v2/pets/p-1001?branch=17\n")
    assert seen.err == "warning: This removes data.\n"
    assert (read.json["method"], read.json["effect"], read.err) == (
        "DELETE",
        "delete",
        "warning: This removes data.\n",
    )
    assert read.json["curl"] == typed.out.strip()
    assert typed.out.startswith("curl --request DELETE --url ")
    assert shop.asked == []
