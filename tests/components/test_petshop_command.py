"""The command line with the second component: it knows no vendor either."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from components.petshop_server import KEY, PETSHOP, Mishap

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from components.petshop_server import PetShop


@pytest.fixture
def command(tmp_path: Path, shop: PetShop) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `python -m connector_runtime --component petshop …`, `@` standing for the connection's file."""
    file = tmp_path / "connection.json"
    file.write_text(json.dumps(shop.by_key()))

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        chosen = [str(file) if word == "@" else word for word in words]
        whole = [sys.executable, "-m", "connector_runtime", "--component", str(PETSHOP), *chosen]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        return subprocess.run(whole, check=False, capture_output=True, text=True, cwd=tmp_path, env=env)

    return run


def test_the_files_are_right(command: Any) -> None:
    """`check` finds neither an error nor a warning, and `test` passes."""
    checked, tested = command("check"), command("test")

    assert (checked.returncode, checked.stdout) == (0, "")
    assert "0 errors, 0 warnings" in checked.stderr
    assert (tested.returncode, ", 0 failed" in tested.stderr) == (0, True)


def test_an_action_is_run_for_a_program(command: Any) -> None:
    """`run --json` prints the result's one shape, and nothing else on standard output."""
    done = command("run", "getPet", "-i", "pet=p-1002", "--connection", "@", "--json")

    told = json.loads(done.stdout)
    assert (done.returncode, told["outcome"], told["data"]["name"]) == (0, "done", "Rex")
    assert [attempt["why"] for attempt in told["attempts"]] == ["first"]


def test_an_error_has_one_shape(command: Any) -> None:
    """`run --json` prints an error as `{error: {kind, message, …}}` and exits with 1."""
    done = command("run", "getPet", "-i", "pet=p-9", "--connection", "@", "--json")

    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["kind"], error["action"]) == (1, "not_found", "getPet")


def test_a_partial_result_exits_with_one(command: Any) -> None:
    """Records that failed are data on standard output and a failure to the shell."""
    records = [{"chip": "982000123456780", "vaccine": "a"}, {"chip": "9", "vaccine": "a"}]

    done = command(
        "run", "recordVaccinations", "-i", f"records={json.dumps(records)}", "--connection", "@", "--json"
    )

    told = json.loads(done.stdout)
    assert (done.returncode, told["outcome"], len(told["failed"])) == (1, "partial", 1)


@pytest.mark.plan("S-162")
def test_a_listing_that_breaks_off_says_how_to_go_on(command: Any, shop: PetShop) -> None:
    """A program gets the records that were read and the cursor; a person is told how many, and what to enter."""
    words = ("run", "listPets", "-i", "everything=true", "-i", "size=2", "--connection", "@")
    broken: list[Any] = [None, Mishap(status=500, text="something broke")]

    shop.mishaps = list(broken)
    told = command(*words, "--json")
    shop.mishaps = list(broken)
    said = command(*words)

    error = json.loads(told.stdout)["error"]
    assert (told.returncode, error["kind"], len(error["items"])) == (1, "server", 2)
    assert error["cursor"] == {"cursor": error["items"][-1]["id"]}
    assert f"run the action again with cursor={error['cursor']['cursor']}" in said.stderr
    assert "2 records were read" in said.stderr
    assert (said.returncode, said.stdout) == (1, "")


def test_a_request_is_shown_without_its_secret(command: Any, shop: PetShop) -> None:
    """`request` prints what would be sent, masked, and sends nothing."""
    done = command("request", "removePet", "-i", "pet=p-1001", "--connection", "@")

    assert done.stdout.startswith(f"DELETE http://127.0.0.1:{shop.port}/v2/pets/p-1001?branch=17\n")
    assert "This removes data." in done.stderr
    assert KEY not in done.stdout + done.stderr
    assert shop.asked == []


def test_a_misspelt_action_is_guessed(command: Any) -> None:
    """Wrong use exits with 2 and says what was probably meant."""
    done = command("show", "getPat")

    assert done.returncode == 2
    assert "getPet" in done.stderr
