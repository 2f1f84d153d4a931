"""Commands about actions know triggers, too: they show them, or say what does what was wanted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml
from jsonschema import Draft202012Validator

from connector_runtime import Component
from meta.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ended
    from components.petshop_server import PetShop

BEGINNING = ("--since", "from the beginning")


def test_triggers_are_listed_for_programs(zoho: Callable[..., Ended]) -> None:
    """Each says that it is a trigger and how it hears of changes; all that actions say it says, too."""
    listed = {one["key"]: one for one in zoho("actions", "--json").json}
    polled, pushed = listed["crmRecordChanged"], listed["crmRecordNotifications"]

    assert listed["crmRunQuery"]["kind"] == "action"
    assert (polled["kind"], polled["how"], polled["effect"]) == ("trigger", "poll", "read")
    assert (pushed["kind"], pushed["how"], pushed["effect"]) == ("trigger", "webhook", "upsert")
    assert listed["crmRunQuery"].keys() <= polled.keys()
    assert all(type(entry["required"]) is bool for entry in polled["inputs"])


def test_a_trigger_is_shown_as_its_author_sees_it(pets: Callable[..., Ended]) -> None:
    """`show` prints its file with shared inputs filled in, and what events and state look like."""
    shown = yaml.safe_load(pets("show", "petChanged").out)

    assert list(shown["poll"]["sources"]) == ["changed", "gone"]
    assert shown["inputs"]["branch"]["label"] == "Branch"
    assert list(shown["examples"]) == ["a day in the shop"]
    assert shown["eventSchema"]["properties"]["change"]["enum"] == ["created", "updated", "deleted"]
    assert "from the beginning" in shown["stateSchema"]["anyOf"][0]["enum"]
    assert "tests" not in shown


def test_what_a_poll_gives_is_what_was_shown(at_shop: Callable[..., Ended], pets: Callable[..., Ended],
                                             shop: PetShop) -> None:  # fmt: skip
    """Events and state fit the schemas that `show --json` prints."""
    shop.book.put("p-1")
    shop.book.put("p-2")
    shop.book.remove("p-2")
    shown = pets("show", "petChanged", "--json").json
    polled = at_shop("poll", "petChanged", "-i", "branch=17", *BEGINNING, "--json").json

    assert {event["change"] for event in polled["events"]} == {"created", "deleted"}
    for event in polled["events"]:
        Draft202012Validator(shown["eventSchema"]).validate(event)
    for state in (polled["state"], "from now", "2026-06-01T12:00:00Z"):
        Draft202012Validator(shown["stateSchema"]).validate(state)
    assert not Draft202012Validator(shown["stateSchema"]).is_valid({})


@pytest.mark.parametrize(
    "component", [ROOT, ROOT / "tests" / "components" / "petshop"], ids=["zoho", "petshop"]
)
def test_the_events_of_every_trigger_have_the_shape_that_is_shown(component: Path) -> None:
    """What the embedded tests expect of polls and pushes fits each trigger's schema."""
    model = Component.load(component).model
    told = 0
    for one in Component.load(component).describe()["triggers"]:
        schema = Draft202012Validator(one["eventSchema"])
        for test in model.written_tests(model.triggers[one["key"]].definition).tests():
            output = test.definition.get("output") or []
            for event in output.get("events", []) if isinstance(output, dict) else output:
                schema.validate(event)
                told += 1

    assert told > 10


def test_the_first_request_of_a_poll_is_printed(at_shop: Callable[..., Ended], shop: PetShop) -> None:
    """It is the one that the poll then sends; nothing is sent for it."""
    poll = ("petChanged", "-i", "branch=17", "--since", "2026-06-01T12:00:00Z")
    seen, read = at_shop("request", *poll), at_shop("request", *poll, "--json").json
    before = len(shop.asked)
    at_shop("poll", *poll)

    assert before == 0
    assert seen.out.splitlines()[0] == f"GET {read['url']}"
    assert read["url"].endswith(
        f"{shop.asked[0].path}?branch=17&from=2026-06-01T11%3A55%3A00%2B00%3A00&size=2"
    )
    assert read["effect"] == "read"
    assert "from" in shop.asked[0].query


def test_the_request_of_the_next_poll_goes_on_from_the_state(
    at_shop: Callable[..., Ended], shop: PetShop
) -> None:
    """With the file of the state it is what the next poll would ask; the file stays as it is."""
    shop.book.put("p-1")
    at_shop("poll", "petChanged", "-i", "branch=17", "--state", "pets.json", *BEGINNING)
    fresh = at_shop("request", "petChanged", "-i", "branch=17", *BEGINNING, "--json").json["url"]
    onward = at_shop("request", "petChanged", "-i", "branch=17", "--state", "pets.json", "--json").json["url"]

    assert "from=" not in fresh
    assert "from=" in onward


def test_a_state_of_an_action_is_wrong_use(at_shop: Callable[..., Ended]) -> None:
    """`--since` of an action would be passed over in silence."""
    ended = at_shop("request", "getPet", "-i", "pet=p-1", *BEGINNING)

    assert (ended.code, "`getPet` is an action" in ended.err) == (2, True)


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("run petChanged -i branch=17", "poll petChanged -i branch=17 --state petChanged.json"),
        ("run petTold", "subscribe petTold --url https://hooks.example.com/petTold --state petTold.json"),
        ("poll petTold", "subscribe petTold --url https://hooks.example.com/petTold --state petTold.json"),
        ("request petTold", "subscribe petTold --url https://hooks.example.com/petTold --state petTold.json"),
        ("poll getPet -i pet=p-1", "run getPet -i pet=p-1"),
        ("subscribe petChanged --url x --state y", "poll petChanged --state petChanged.json"),
    ],
)
def test_the_command_that_was_meant_is_said(pets: Callable[..., Ended], words: str, command: str) -> None:
    """A trigger is polled or subscribed to, an action is run: the exact command is named."""
    ended = pets(*words.split())

    assert ended.code == 2
    assert f"as in `python -m connector_runtime {command}`." in ended.err


def test_the_command_that_is_said_works(at_shop: Callable[..., Ended], pets: Callable[..., Ended]) -> None:
    """What was given already is in it: the connection, and a value with a blank."""
    refused = at_shop("run", "petChanged", "-i", "branch=17", "-i", "departures= false")
    said = refused.err.partition("connector_runtime ")[2].partition("`.")[0]

    assert said.endswith("--connection shop.json")
    assert "-i 'departures= false'" in said


@pytest.mark.parametrize("command", ["show", "run", "poll", "request", "scopes"])
def test_a_misspelt_key_is_guessed_among_both(pets: Callable[..., Ended], command: str) -> None:
    """An action's key or a trigger's: the likely one is named, and it is wrong use."""
    found = {word: pets(command, word) for word in ("petChangd", "getPett")}

    assert [ended.code for ended in found.values()] == [2, 2]
    assert (
        "There is no action or trigger called `petChangd`. Did you mean petChanged" in found["petChangd"].err
    )
    assert "Did you mean getPet?" in found["getPett"].err


def test_a_choice_of_no_test_names_triggers_too(pets: Callable[..., Ended]) -> None:
    """`test -k` runs a trigger's tests, and guesses its key."""
    assert " 0 failed" in pets("test", "-k", "petChanged").err
    assert "Did you mean petChanged" in pets("test", "-k", "petChangd").err


def test_scopes_of_triggers_are_printed(zoho: Callable[..., Ended]) -> None:
    """They are narrowed by inputs as those of actions are; what completes a push is named."""
    polled = zoho("scopes", "crmRecordChanged", "-i", "recordType=Leads")
    pushed = zoho("scopes", "crmRecordNotifications", "-i", "recordType=Leads")
    whole = zoho(
        "scopes", "crmRecordNotifications", "crmRecordChanged", "crmGetRecord", "-i", "recordType=Leads"
    )

    assert polled.out.split() == ["ZohoCRM.coql.READ", "ZohoCRM.modules.leads.READ"]
    assert pushed.out.split() == ["ZohoCRM.modules.leads.READ", "ZohoCRM.notifications.ALL"]
    assert "crmGetRecord and crmRecordChanged: name them, too" in pushed.err
    assert (whole.out.split(), whole.err) == (
        ["ZohoCRM.coql.READ", "ZohoCRM.modules.leads.READ", "ZohoCRM.notifications.ALL"], "",
    )  # fmt: skip


def test_scopes_of_a_push_that_a_person_sets_up_are_known(zoho: Callable[..., Ended]) -> None:
    """Its file says what is needed to read what it tells, though it sends no request itself."""
    given = ("-i", "recordType=invoices")

    assert zoho("scopes", "booksRecordNotifications", *given).out.split() == ["ZohoBooks.invoices.READ"]


def test_without_keys_the_scopes_of_everything_are_printed(zoho: Callable[..., Ended]) -> None:
    """The list is enough for each action and each trigger."""
    every = zoho("scopes", "--json").json
    keys = [one["key"] for one in zoho("actions", "--json").json]

    assert every == zoho("scopes", *keys, "--json").json
    assert {"ZohoCRM.notifications.ALL", "ZohoCRM.coql.READ"} <= set(every)


def test_the_sample_state_is_json(pets: Callable[..., Ended]) -> None:
    """`show --json` of a pushed trigger tells of the secret that it is sealed, and shows none."""
    shown = pets("show", "petTold", "--json").json

    assert shown["webhook"] == {
        "subscribe": True,
        "renew": True,
        "unsubscribe": True,
        "catchUp": "petChanged",
    }
    assert "sealed" in json.dumps(shown["stateSchema"])
