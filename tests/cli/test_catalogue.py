"""Commands about the component itself: list, show, check, test, serve its sandbox, the demo."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import urllib.request
from typing import TYPE_CHECKING

import pytest
import yaml

from cli.conftest import command, environment
from components.petshop_server import PETSHOP
from connector_runtime import Component
from meta.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ended


def test_actions_are_listed_for_people(zoho: Callable[..., Ended]) -> None:
    """One line an action: key, effect, label; below them the triggers; nothing but the tables."""
    ended = zoho("actions")

    lines = [line.split() for line in ended.out.splitlines()]
    assert (ended.code, ended.err, lines[0]) == (0, "", ["action", "effect", "label"])
    between = lines.index([])
    assert between == 1 + len(list((ROOT / "actions").rglob("*.yaml")))
    assert ["crmRunQuery", "read", "CRM", "-", "COQL", "Query"] in lines
    assert lines[between + 1] == ["trigger", "how", "label"]
    assert len(lines) - between - 2 == len(list((ROOT / "triggers").rglob("*.yaml")))
    assert [line[:2] for line in lines if "Notifications" in line] == [
        ["booksRecordNotifications", "webhook"], ["crmRecordNotifications", "webhook"],
    ]  # fmt: skip


def test_actions_are_listed_for_programs(zoho: Callable[..., Ended]) -> None:
    """`actions --json` has what a program needs to offer them: inputs with types, scopes, effects."""
    listed = {action["key"]: action for action in zoho("actions", "--json").json}

    query = listed["crmRunQuery"]
    assert list(query) == ["key", "label", "group", "effect", "scopes", "inputs", "kind"]
    assert query["scopes"] == ["ZohoCRM.coql.READ", "ZohoCRM.modules.READ"]
    assert query["inputs"][0] == {
        "key": "query",
        "label": "Query",
        "type": "text",
        "required": True,
        "default": None,
    }


def test_an_action_is_shown_as_its_author_sees_it(zoho: Callable[..., Ended]) -> None:
    """`show` prints YAML with shared inputs and defaults filled in; `--json` what a form needs."""
    seen, read = zoho("show", "booksMarkRecordActive"), zoho("show", "booksMarkRecordActive", "--json")

    shown = yaml.safe_load(seen.out)
    assert shown["action"] == "booksMarkRecordActive"
    assert shown["inputs"]["recordId"]["label"] == "Record ID"
    assert shown["retry"] == "byInputs"
    assert "tests" not in shown
    assert read.json["inputSchema"]["required"] == ["recordType", "recordId"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("crmGetRecrod", "crmGetRecord or crmGetRecords"),
        ("createRecord", "booksCreateRecord or crmCreateRecord"),
        ("create-record", "booksCreateRecord or crmCreateRecord"),
        ("crm_run_query", "crmRunQuery"),
        ("CRMRUNQUERY", "crmRunQuery"),
        ("query", "crmRunQuery"),
        ("coql", "crmRunQuery"),
        ("attachment", "crmAddAttachment"),
        ("booksDeleteRecord", "booksRemoveRecord"),
        ("upsert", "booksUpsertRecord or crmUpsertRecord or crmUpsertRecords"),
        ("customFields", "booksUpdateCustomFields"),
        ("Books - Create Record", "booksCreateRecord"),
        ("raw", "booksRawRequest or crmRawRequest"),
    ],
)
def test_a_misspelt_action_is_guessed(zoho: Callable[..., Ended], word: str, meant: str) -> None:
    """Capitals, signs, missing pieces, other words for the same: what was meant is named."""
    ended = zoho("show", word)

    assert ended.code == 2
    assert f"There is no action or trigger called `{word}`. Did you mean {meant}?" in ended.err


@pytest.mark.parametrize("word", ["nonsense", "x", "", "1234", "createInvoicePdfByMail" * 9, "—"])
def test_nothing_is_guessed_at_random(zoho: Callable[..., Ended], word: str) -> None:
    """A word that is like no action and no trigger gets no guess."""
    ended = zoho("show", word)

    assert ended.code == 2
    assert "Did you mean" not in ended.err


def test_every_key_is_guessed_from_a_slip(zoho: Callable[..., Ended]) -> None:
    """Two letters exchanged, one left out or one too many: the right key stands first."""
    from connector_cli.key_lookup import near_keys

    component = Component.load(ROOT)
    known = {**component.actions, **component.triggers}
    slips = {
        slip: key
        for key in known
        for at in range(1, len(key) - 1, 3)
        for slip in (
            key[:at] + key[at + 1] + key[at] + key[at + 2 :],
            key[:at] + key[at + 1 :],
            key[:at] + "z" + key[at:],
        )
        if slip not in known
    }

    wrong = [
        f"{slip}: {near_keys(slip, known)}"
        for slip, key in slips.items()
        if key not in near_keys(slip, known)
    ]

    assert len(slips) > 250
    assert wrong == []


def test_a_component_is_checked(zoho: Callable[..., Ended], folder: Path) -> None:
    """`check` prints problems on standard output, a summary beside them, and fails for errors only."""
    shutil.copytree(PETSHOP, folder / "shop")
    file = folder / "shop" / "actions" / "pets" / "getPet.yaml"
    file.write_text(file.read_text().replace("inputs.pet }", "inputs.pit }"))

    good, bad = zoho("check", str(PETSHOP)), zoho("check", "shop")
    read, noted = zoho("check", "shop", "--json"), zoho("check", "shop", "--format", "github")

    assert (good.code, good.out) == (0, "")
    assert good.err.startswith("0 errors, 0 warnings (")
    assert bad.code == 1
    assert re.search(r"actions/pets/getPet\.yaml:\d+:18: R003 no input is called `pit`", bad.out)
    assert "did you mean `pet`?" in bad.out
    assert bad.err.startswith("1 error, 0 warnings (")
    assert (read.code, read.json[0]["code"], read.err) == (1, "R003", "")
    assert re.match(r"::error file=actions/pets/getPet\.yaml,line=\d+,col=18", noted.out)


def test_embedded_tests_are_run(pets: Callable[..., Ended], folder: Path) -> None:
    """`test` runs what stands in the files; -k chooses; a failing one is named with its reason."""
    shutil.copytree(PETSHOP, folder / "shop")
    file = folder / "shop" / "actions" / "pets" / "getPet.yaml"
    file.write_text(file.read_text().replace("waits: [7.0]", "waits: [8.0]"))

    chosen, failed = pets("test", "-k", "getPet"), pets("test", "shop", "-k", "patience")
    read = pets("test", "shop", "-k", "patience", "--json")

    assert (chosen.code, chosen.out) == (0, "")
    assert " passed, 0 failed" in chosen.err
    assert failed.code == 1
    assert "FAILED getPet: the shop that asks for patience is not asked sooner" in failed.err
    assert re.search(r"^    actions/pets/getPet\.yaml:\d+$", failed.err, re.MULTILINE)
    assert (read.code, read.json["failed"], read.json["passed"]) == (1, 1, 0)
    assert read.json["tests"][0]["failures"]


@pytest.mark.parametrize(("typo", "meant"), [("getPat", "getPet"), ("zzz", None)])
def test_a_choice_of_no_test_is_wrong_use(pets: Callable[..., Ended], typo: str, meant: str | None) -> None:
    """`-k` with a typo tests nothing, so it does not end as if all were well."""
    ended, read = pets("test", "-k", typo), pets("test", "-k", typo, "--json")

    assert (ended.code, read.code, read.error["kind"]) == (2, 2, "input")
    assert f"No test has `{typo}` in its action or name." in ended.err
    assert ("Did you mean" in ended.err) is (meant is not None)
    assert (meant or "") in ended.err


def test_a_component_in_the_folder_is_pointed_at(zoho: Callable[..., Ended], folder: Path) -> None:
    """Who adds an action to a copy and runs the installed component is told which one was loaded."""
    elsewhere = [zoho("run", "crmCount"), zoho("show", "crmCount"), zoho("poll", "crmCounted")]
    shutil.copy(ROOT / "component.yaml", folder)
    here = [zoho("run", "crmCount"), zoho("show", "crmCount"), zoho("poll", "crmCounted")]

    assert not any("--component ." in ended.err for ended in elsewhere)
    assert all("`--component .` takes the one of this folder" in ended.err for ended in here)
    assert all(str(ROOT) in ended.err for ended in here)


def test_overlays_add_actions(zoho: Callable[..., Ended], folder: Path) -> None:
    """--add brings a folder of a platform's own actions, without a fork."""
    (folder / "more" / "actions").mkdir(parents=True)
    action = {
        "action": "crmWhoAmI", "label": "CRM - Who Am I", "description": "Says who is logged in.", "effect": "read",
        "request": {"service": "crm", "path": "/users", "query": {"type": "CurrentUser"}},
    }  # fmt: skip
    (folder / "more" / "actions" / "crmWhoAmI.yaml").write_text(yaml.safe_dump(action))

    ended = zoho("--add", "more", "run", "crmWhoAmI", "--json")

    assert ended.json["data"]["users"][0]["email"] == "patricia.boyle@example.com"


@pytest.mark.skipif(os.name == "nt", reason="signals are another matter there")
def test_the_sandbox_is_served_until_it_is_stopped(folder: Path) -> None:
    """`sandbox --json` prints one line with addresses and a connection, serves, and ends on Ctrl-C."""
    serving = subprocess.Popen(
        command("sandbox", "--port", "0", "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=folder, env=environment(),
    )  # fmt: skip
    assert serving.stdout is not None
    announced = json.loads(serving.stdout.readline())

    with urllib.request.urlopen(f"{announced['accountsUrl']}/oauth/serverinfo") as answer:
        known = json.load(answer)
    serving.send_signal(signal.SIGINT)
    out, err = serving.communicate(timeout=30)

    assert list(announced) == ["url", "accountsUrl", "connection"]
    assert announced["connection"]["key"] == "sandbox"
    assert known["result"] == "success"
    assert (serving.returncode, out, err) == (0, "", "")


def test_the_demo_does_the_main_job(zoho: Callable[..., Ended]) -> None:
    """Every step shows its action file, its request and its outcome; all end as promised."""
    ended = zoho("demo")

    assert ended.code == 0
    assert ended.out.count("action file") == ended.out.count("request ") == 11
    assert "did not end as" not in ended.out


def test_a_component_without_a_demo_or_a_sandbox_says_so(pets: Callable[..., Ended]) -> None:
    """What a component does not bring is wrong use, not a traceback."""
    for word in ("demo", "sandbox"):
        ended = pets(word)

        assert (ended.code, ended.out) == (2, "")
        assert "petshop" in ended.err
