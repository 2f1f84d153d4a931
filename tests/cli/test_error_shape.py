"""However a command goes wrong, a program reads one shape."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from components.petshop_server import Mishap
from connector_runtime.errors import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ended
    from components.petshop_server import PetShop

LEADING = ["kind", "message", "hint", "action"]
FURTHER = {"input", "status", "code", "retryAt", "existingId", "identity", "cursor", "details", "attempts", "failed", "problems"}  # fmt: skip
WRONG: dict[str, tuple[str, ...]] = {
    "no such command": ("fly", "--json"),
    "no such option": ("actions", "--nothing", "--json"),
    "no such action": ("run", "getPets", "--json"),
    "no such action to show": ("show", "getPets", "--json"),
    "no such action to ask for": ("request", "getPets", "--json"),
    "a missing input": ("run", "getPet", "--json"),
    "an unknown input": ("run", "getPet", "-i", "pat=p-1", "--json"),
    "an input without a value": ("run", "getPet", "-i", "pet", "--json"),
    "a value that is none": ("run", "getPet", "-i", "pet=p-1", "-i", "tries=many", "--json"),
    "inputs that are not there": ("run", "getPet", "--inputs", "nowhere.yaml", "--json"),
    "inputs that are no map": ("run", "getPet", "--inputs", "list.yaml", "--json"),
    "inputs that cannot be read": ("run", "getPet", "--inputs", "broken.yaml", "--json"),
    "inputs that are no JSON": ("run", "getPet", "--inputs", "broken.json", "--json"),
    "a connection that is not there": (
        "run",
        "getPet",
        "-i",
        "pet=p-1",
        "--connection",
        "nowhere.json",
        "--json",
    ),
    "a connection that is none": ("run", "getPet", "-i", "pet=p-1", "--connection", "list.yaml", "--json"),
    "a connection of another kind": (
        "run",
        "getPet",
        "-i",
        "pet=p-1",
        "--connection",
        "other.json",
        "--json",
    ),
    "a component that is not there": ("--component", "nowhere", "actions", "--json"),
    "a component with mistakes": ("--component", "mistaken", "actions", "--json"),
    "a deadline that is none": ("run", "getPet", "-i", "pet=p-1", "--deadline", "soon", "--json"),
}


def must_be_the_one_shape(ended: Ended) -> None:
    """Assert exit code, one document on standard output, and its members."""
    assert ended.code in (1, 2)
    assert list(ended.json) == ["error"]
    error = ended.error
    assert list(error)[:4] == LEADING
    assert set(error) - set(LEADING) <= FURTHER
    assert error["kind"] in KINDS
    assert error["message"]
    assert "Traceback" not in ended.out + ended.err


@pytest.fixture
def files(folder: Path) -> Path:
    """Files that are not what they should be."""
    (folder / "list.yaml").write_text("- 1\n")
    (folder / "broken.yaml").write_text("a: [1\n")
    (folder / "broken.json").write_text('{"a": 1')
    (folder / "other.json").write_text(json.dumps({"key": "somebodyElses", "fields": {}}))
    (folder / "mistaken").mkdir()
    (folder / "mistaken" / "component.yaml").write_text("component: mistaken\nlabel: [x]\n")
    return folder


@pytest.mark.plan("S-124")
@pytest.mark.parametrize("way", WRONG)
def test_wrong_use_has_the_one_shape(pets: Callable[..., Ended], files: Path, way: str) -> None:
    """Mistakes in what was typed, in files and in connections."""
    must_be_the_one_shape(pets(*WRONG[way]))


@pytest.mark.plan("S-124")
@pytest.mark.parametrize(
    "status", [302, 400, 401, 403, 404, 405, 408, 409, 412, 413, 422, 429, 500, 502, 503, 504]
)
def test_a_vendors_no_has_the_one_shape(at_shop: Callable[..., Ended], shop: PetShop, status: int) -> None:
    """Every status, with and without words of the vendor's."""
    for text in ("", "<html>no</html>", json.dumps({"fault": {"code": "x", "message": "no"}}), "[1"):
        shop.mishaps += [Mishap(status=status, text=text)] * 3
        must_be_the_one_shape(at_shop("run", "getPet", "-i", "pet=p-1002", "--json"))
        shop.mishaps.clear()


@pytest.mark.plan("S-124")
def test_a_broken_line_has_the_one_shape(at_shop: Callable[..., Ended], shop: PetShop) -> None:
    """No reply at all, for a read and for a write."""
    new = ("-i", "name=Zoe", "-i", "species=dog", "-i", "chip=982000999999999")
    for words in (("run", "getPet", "-i", "pet=p-1002"), ("run", "addPet", *new)):
        shop.mishaps += [Mishap()] * 3
        must_be_the_one_shape(at_shop(*words, "--json"))
        shop.mishaps.clear()
