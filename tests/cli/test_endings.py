"""How runs end: exit codes, one shape for programs, words for people."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from cli.conftest import Ended, command, environment
from components.petshop_server import Mishap
from meta.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from components.petshop_server import PetShop

QUERY = "query=select Last_Name from Contacts where id is not null"


def test_done_is_zero(at_shop: Callable[..., Ended]) -> None:
    """A result goes to standard output for people as readable JSON, without a word around it."""
    ended = at_shop("run", "getPet", "-i", "pet=p-1002")

    assert (ended.code, ended.err) == (0, "")
    assert ended.json["name"] == "Rex"
    assert ended.out.startswith('{\n  "id"')


def test_a_result_has_one_shape(at_shop: Callable[..., Ended]) -> None:
    """For a program a result is one line of JSON with outcome, data, status, headers, attempts, failed."""
    ended = at_shop("run", "getPet", "-i", "pet=p-1002", "--json")

    assert list(ended.json) == ["outcome", "data", "status", "headers", "attempts", "failed"]
    assert (ended.json["outcome"], ended.json["status"], ended.json["failed"]) == ("done", 200, [])
    assert ended.out.count("\n") == 1


def test_a_refusal_is_one(at_shop: Callable[..., Ended]) -> None:
    """An error's words go to standard error, with what to do next, and data stays empty."""
    ended = at_shop("run", "getPet", "-i", "pet=p-9")

    assert (ended.code, ended.out) == (1, "")
    assert "getPet: Whisker says: no such pet." in ended.err
    assert "→ Choose the pet from the list." in ended.err
    assert "kind not_found, status 200, code no_such_pet" in ended.err


def test_an_error_has_one_shape(at_shop: Callable[..., Ended]) -> None:
    """For a program an error is `{error: {kind, message, hint, action, …}}` on standard output."""
    ended = at_shop("run", "getPet", "-i", "pet=p-9", "--json")

    error = ended.error
    assert (ended.code, ended.err) == (1, "")
    assert (error["kind"], error["action"], error["status"], error["code"]) == (
        "not_found", "getPet", 200, "no_such_pet",
    )  # fmt: skip
    assert [attempt["certainty"] for attempt in error["attempts"]] == ["answered"]


def test_a_partial_result_is_data_and_a_failure(at_shop: Callable[..., Ended]) -> None:
    """Some records failed: the result is printed, the failed ones named, and the code is 1."""
    records = '[{"chip": "982000123456780", "vaccine": "a"}, {"chip": "9", "vaccine": "a"}]'

    read = at_shop("run", "recordVaccinations", "-i", f"records={records}", "--json")
    seen = at_shop("run", "recordVaccinations", "-i", f"records={records}")

    assert (read.code, read.json["outcome"], read.json["failed"][0]["index"]) == (1, "partial", 1)
    assert seen.code == 1
    assert "outcome: partial" in seen.err
    assert '"no_such_pet"' in seen.err
    assert seen.json == read.json["data"]


def test_a_missing_input_is_a_refusal_of_the_action(at_shop: Callable[..., Ended], shop: PetShop) -> None:
    """Inputs that the action refuses are named, and nothing is sent."""
    ended = at_shop("run", "getPet", "--json")

    assert (ended.code, ended.error["kind"], ended.error["input"]) == (1, "input", "pet")
    assert shop.asked == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("run",), "Missing argument 'ACTION'"),
        (("run", "getPet", "--nonsense"), "No such option"),
        (("run", "getPet", "-i", "pet"), "write -i key=value"),
        (("run", "getPet", "-i", "=1"), "write -i key=value"),
        (("run", "getPet", "--deadline", "0"), "--deadline"),
        (("run", "getPet", "--deadline", "soon"), "--deadline"),
        (("nonsense",), "No such command"),
        (("run", "getPet", "--connection", "nowhere"), "no connection called `nowhere`"),
        (("run", "getPet", "--connection", "nowhere.yaml"), "nowhere.yaml"),
        (("run", "getPet"), "No sandbox is installed for `petshop`"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_use_is_two(pets: Callable[..., Ended], words: tuple[str, ...], says: str) -> None:
    """Wrong use is told from failure, in words and in the shape that programs read."""
    seen, read = pets(*words), pets(*words, "--json")

    assert (seen.code, seen.out) == (2, "")
    assert says in seen.err
    assert (read.code, read.err) == (2, "")
    assert read.error["kind"] == "input"
    assert says in read.error["message"]


def test_fresh_has_no_meaning_for_an_account(at_shop: Callable[..., Ended]) -> None:
    """Emptying the sandbox while an account is used is refused, in case the wrong one was meant."""
    ended = at_shop("run", "getPet", "-i", "pet=p-1001", "--fresh")

    assert ended.code == 2
    assert "--fresh" in ended.err


def test_mistakes_of_a_component_have_their_place(pets: Callable[..., Ended], folder: Path) -> None:
    """A broken component is a failure of the files: each mistake with file, line and column."""
    broken = folder / "broken"
    broken.mkdir()
    (broken / "component.yaml").write_text("component: x\nlabel: [\n")

    seen = pets("--component", "broken", "actions")
    read = pets("--component", "broken", "actions", "--json")

    assert (seen.code, seen.out) == (1, "")
    assert "component.yaml:2:" in seen.err
    assert (read.code, read.error["kind"]) == (1, "definition")
    assert read.error["problems"][0]["file"] == "component.yaml"


def test_a_component_must_be_named(folder: Path) -> None:
    """Without a component, and none in the folder, the command says how to name one."""
    from cli.conftest import run_here

    ended = run_here("python -m connector_runtime", None, ("actions",), "")  # type: ignore[arg-type]

    assert (ended.code, "--component FOLDER" in ended.err) == (2, True)


def test_a_reader_that_has_seen_enough_is_no_error(shell: Callable[..., Ended], folder: Path) -> None:
    """`actions | head` ends without a traceback."""
    running = subprocess.Popen(
        command("actions"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=environment(),
    )
    assert running.stdout is not None
    running.stdout.close()
    said = running.communicate()[1]

    assert "Traceback" not in said
    assert running.returncode == 1


def interrupted(folder: Path, shop: PetShop, action: str, *inputs: str) -> tuple[int, str, str]:
    """Press Ctrl-C while an action is on the wire; return exit code, data and words."""
    shop.gate.clear()
    (folder / "shop.json").write_text(json.dumps(shop.by_key()))
    words = ("--component", str(shop_folder()), "run", action, *inputs, "--connection", "shop.json")
    running = subprocess.Popen(
        command(*words),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=environment(),
    )
    while not shop.asked:
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    return running.returncode, out, err


NEW_PET = ("-i", "name=Rex", "-i", "species=dog", "-i", "chip=982000123456789")


@pytest.mark.skipif(os.name == "nt", reason="signals are another matter there")
def test_interrupted_is_130(folder: Path, shop: PetShop) -> None:
    """Ctrl-C while an action reads ends it at once, without a traceback."""
    assert interrupted(folder, shop, "getPet", "-i", "pet=p-1001") == (130, "", "\nInterrupted.\n")


@pytest.mark.plan("S-155")
@pytest.mark.skipif(os.name == "nt", reason="signals are another matter there")
def test_an_interrupted_create_says_in_words_what_to_look_up(folder: Path, shop: PetShop) -> None:
    """The pet may be there: whoever pressed Ctrl-C is told so, and by what to find it."""
    code, out, err = interrupted(folder, shop, "addPet", *NEW_PET)

    assert (code, out) == (130, "")
    assert "It is not known whether the record was written" in err
    assert "Look for 982000123456789, made at about" in err
    assert "Traceback" not in err


@pytest.mark.plan("S-155")
@pytest.mark.skipif(os.name == "nt", reason="signals are another matter there")
def test_an_interrupted_create_is_an_error_for_programs(folder: Path, shop: PetShop) -> None:
    """With `--json` it has the one shape of an error, and what was tried."""
    code, out, _ = interrupted(folder, shop, "addPet", *NEW_PET, "--json")

    error = json.loads(out)["error"]
    assert (code, error["kind"], error["identity"]) == (130, "outcome_unknown", "982000123456789")
    assert error["attempts"][0]["certainty"] == "unknown"


def shop_folder() -> Path:
    """Return where the second component lies."""
    from components.petshop_server import PETSHOP

    return PETSHOP


def test_a_process_ends_as_the_function_does(shell: Callable[..., Ended]) -> None:
    """What is tested in one process holds for the installed command."""
    done, failed, wrong = (
        shell("actions", "--json"),
        shell("run", "crmGetRecord", "-i", "recordType=Contacts", "-i", "recordId=1", "--json"),
        shell("run", "--json"),
    )

    assert (done.code, failed.code, wrong.code) == (0, 1, 2)
    listed = [one for one in done.json if one["kind"] == "action"]
    assert len(listed) == len(list((ROOT / "actions").rglob("*.yaml")))
    assert failed.error["kind"] == "not_found"
    assert wrong.error["kind"] == "input"


def test_debugging_goes_beside_the_data(at_shop: Callable[..., Ended], shop: PetShop) -> None:
    """Records of Debug Request are JSON lines on standard error; data stays what it was."""
    import json

    ended = at_shop("run", "getPet", "-i", "pet=p-1002", "-i", "talkative=true", "--json")

    records = [json.loads(line) for line in ended.err.splitlines()]
    assert [record["event"] for record in records] == ["request", "attempt", "reply"]
    assert ended.json["data"]["name"] == "Rex"


def test_nothing_printed_can_steer_a_terminal(at_shop: Callable[..., Ended], shop: PetShop) -> None:
    """Control characters of a vendor's reply are shown, not obeyed."""
    shop.mishaps.append(Mishap(status=400, text="\x1b]0;owned\x07 no"))

    ended = at_shop("run", "getPet", "-i", "pet=p-1002")

    assert ended.code == 1
    assert "\x1b" not in ended.err + ended.out


def test_help_says_how(zoho: Callable[..., Ended]) -> None:
    """Every command explains itself, and names every option in a sentence."""
    from connector_cli.commands import program

    def commands(group: Any, path: tuple[str, ...]) -> Any:
        for name, found in group.commands.items():
            yield (*path, name), found
            if hasattr(found, "commands"):
                yield from commands(found, (*path, name))

    for path, found in commands(program, ()):
        ended = zoho(*path, "--help")
        silent = [one.name for one in found.params if one.opts[0].startswith("-") and not one.help]

        assert (ended.code, ended.err) == (0, "")
        assert found.help, path
        assert ended.out.startswith("Usage: zoho-component " + " ".join(path))
        assert silent == [], path
