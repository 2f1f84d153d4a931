"""`subscribe`, `renew`, `unsubscribe`: what was agreed in a file, its secret sealed and never printed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from components.petshop_hooks import Hooks, pushed
from components.petshop_server import PETSHOP, Mishap
from connector_cli.connections.kept import keys_of
from connector_runtime import Component, Subscription

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ended
    from components.petshop_server import PetShop

URL = "http://127.0.0.1:9/told/an-example-not-a-token"
SUBSCRIBE = ("subscribe", "petTold", "-i", "branch=17", "--url", URL, "--state", "told.json")


def kept(folder: Path, name: str = "told.json") -> dict[str, Any]:
    """Return what is kept of a subscription."""
    found: dict[str, Any] = json.loads((folder / name).read_text())
    return found


def test_a_subscription_is_made_kept_and_ended(
    at_shop: Callable[..., Ended], shop: PetShop, folder: Path
) -> None:
    """The file is private, is renewed in place, and goes with the subscription."""
    made = at_shop(*SUBSCRIBE)
    mode, first = (folder / "told.json").stat().st_mode, kept(folder)
    shop.now += 3600
    renewed = at_shop("renew", "--state", "told.json")
    ended = at_shop("unsubscribe", "--state", "told.json")

    assert [one.code for one in (made, renewed, ended)] == [0, 0, 0]
    assert made.out.startswith("petTold: the subscription h-1 is kept, and good until ")
    assert f"renew it from {first['renewAt']} on" in made.out
    assert mode & 0o077 == 0
    assert shop.hooks.effects == ["hook h-1", "keep h-1", "unhook h-1"]
    assert ended.out == "petTold: the subscription h-1 is ended.\n"
    assert not (folder / "told.json").exists()


def test_what_pushes_have_missed_is_told_once(
    at_shop: Callable[..., Ended], shop: PetShop, folder: Path
) -> None:
    """`catch-up` goes on where it ended the last time, and the file still has the secret sealed."""
    at_shop(*SUBSCRIBE)
    shop.book.now = shop.now = shop.now + 60
    shop.book.put("p-1")
    first, second = at_shop("catch-up", "--state", "told.json"), at_shop("catch-up", "--state", "told.json")
    as_json = at_shop("catch-up", "--state", "told.json", "--json")

    assert [one.code for one in (first, second, as_json)] == [0, 0, 0]
    assert [json.loads(line)["id"] for line in first.out.splitlines()] == ["p-1"]
    assert (second.out, as_json.json["events"]) == ("", [])
    assert list(kept(folder)["secret"]) == ["sealed"]
    assert at_shop("renew", "--state", "told.json").code == 0


def test_a_catch_up_that_fails_tells_the_same_the_next_time(
    at_shop: Callable[..., Ended], shop: PetShop, folder: Path
) -> None:
    """Nothing is kept of what was not told."""
    at_shop(*SUBSCRIBE, "-i", "tries=0")
    shop.book.now = shop.now = shop.now + 60
    shop.book.put("p-1")
    before = kept(folder)
    shop.mishaps.append(Mishap(status=500))
    failed, again = at_shop("catch-up", "--state", "told.json"), at_shop("catch-up", "--state", "told.json")

    assert (failed.code, failed.out) == (1, "")
    assert before["state"] != kept(folder)["state"]
    assert [json.loads(line)["id"] for line in again.out.splitlines()] == ["p-1"]


def test_programs_read_what_was_agreed(at_shop: Callable[..., Ended]) -> None:
    """`--json` prints trigger, id and instants; neither the address nor the secret."""
    made, renewed = at_shop(*SUBSCRIBE, "--json"), at_shop("renew", "--state", "told.json", "--json")
    ended = at_shop("unsubscribe", "--state", "told.json", "--json")

    assert list(made.json) == list(renewed.json) == ["trigger", "id", "expires", "renewAt", "warnings"]
    assert ended.json == {"trigger": "petTold", "id": "h-1", "warnings": []}


def test_nothing_prints_the_secret(at_shop: Callable[..., Ended], shop: PetShop, folder: Path) -> None:
    """It is sealed in the file, with the keys of the kept connections; the address is not printed either."""
    said = [at_shop(*SUBSCRIBE), at_shop("renew", "--state", "told.json")]
    text = (folder / "told.json").read_text()
    (hook,) = shop.hooks.hooks.values()
    said.append(at_shop("unsubscribe", "--state", "told.json", "--json"))

    assert list(json.loads(text)["secret"]) == ["sealed"]
    assert hook["secret"] not in text + "".join(one.out + one.err for one in said)
    assert not any(URL in one.out + one.err for one in said)


def test_a_server_proves_pushes_with_what_is_kept(
    at_shop: Callable[..., Ended], shop: PetShop, folder: Path
) -> None:
    """The file, opened with the same keys, is the subscription that `receive` takes."""
    at_shop(*SUBSCRIBE)
    subscription = Subscription.from_dict(kept(folder), keys_of("petshop"))
    (hook,) = shop.hooks.hooks.values()
    _, headers, body = pushed(hook, "added", {"id": "p-7", "name": "Ada"}, shop.now)
    received = Component.load(PETSHOP).receive("petTold", subscription, headers=headers, body=body)

    assert [event["id"] for event in received.events] == ["p-7"]


def test_what_a_program_keeps_in_clear_stays_readable_for_it(
    at_shop: Callable[..., Ended], shop: PetShop, folder: Path
) -> None:
    """A file with the secret in clear is renewed as it is: its program has no keys."""
    with Component.load(PETSHOP).session(shop.by_key()) as session:
        subscription = session.subscribe("petTold", {"branch": "17"}, URL)
    (folder / "told.json").write_text(json.dumps(subscription.to_dict()))
    renewed = at_shop("renew", "--state", "told.json")

    assert renewed.code == 0
    assert kept(folder)["secret"] == subscription.secret.reveal()
    assert subscription.secret.reveal() not in renewed.out + renewed.err


def test_a_file_that_is_there_is_not_written_over(
    at_shop: Callable[..., Ended], shop: PetShop, folder: Path
) -> None:
    """Its subscription would be lost and go on pushing: nothing is sent."""
    at_shop(*SUBSCRIBE)
    before, asked = (folder / "told.json").read_text(), len(shop.asked)
    again = at_shop(*SUBSCRIBE)

    assert (again.code, "`unsubscribe`" in again.err) == (2, True)
    assert ((folder / "told.json").read_text(), len(shop.asked)) == (before, asked)


def test_a_file_that_cannot_be_made_is_said_before_anything_is_agreed(
    at_shop: Callable[..., Ended], shop: PetShop, folder: Path
) -> None:
    """What cannot be kept is not asked for."""
    (folder / "taken").write_text("")
    ended = at_shop(*SUBSCRIBE[:-1], "taken/told.json")

    assert (ended.code, shop.asked) == (2, [])
    assert "cannot be made" in ended.err


def test_a_refused_subscription_leaves_no_file(
    at_shop: Callable[..., Ended], shop: PetShop, folder: Path
) -> None:
    """So that the same command can be given again."""
    shop.mishaps.append(Mishap(status=403))
    refused = at_shop(*SUBSCRIBE, "-i", "tries=0")
    left = (folder / "told.json").exists()

    assert (refused.code, left) == (1, False)
    assert at_shop(*SUBSCRIBE).code == 0


def test_what_cannot_be_kept_after_all_says_what_pushes(
    at_shop: Callable[..., Ended], shop: PetShop, folder: Path
) -> None:
    """Where the file was taken away meanwhile, the error names the subscription that is to be ended."""
    state = folder / "told.json"

    class Meddling(Hooks):
        def asked(self, *request: Any) -> Any:
            state.unlink()
            state.mkdir()
            return super().asked(*request)

    shop.hooks = Meddling()
    ended = at_shop(*SUBSCRIBE)

    assert (ended.code, shop.hooks.effects) == (1, ["hook h-1"])
    assert "It pushes: end h-1 at the service" in ended.err


def test_a_lost_answer_says_what_to_look_for(
    at_shop: Callable[..., Ended], shop: PetShop, folder: Path
) -> None:
    """With a secret of one's own the next try proves the pushes of both."""
    shop.mishaps += [Mishap(work=True), Mishap(status=500)]
    lost = at_shop(*SUBSCRIBE, "-i", "tries=0", "--proof", "secret.txt", "--json")
    again = at_shop(*SUBSCRIBE, "--proof", "secret.txt")
    secrets = {hook["secret"] for hook in shop.hooks.hooks.values()}

    assert (lost.code, lost.error["kind"], lost.error["identity"]) == (1, "outcome_unknown", URL)
    assert again.code == 0
    assert secrets == {(folder / "secret.txt").read_text()}


def test_what_a_person_enters_is_put_into_a_file(
    at_shop: Callable[..., Ended], shop: PetShop, folder: Path
) -> None:
    """Where nobody can be asked, the secret comes from a file, or goes into a private one; it is not printed."""
    told = ("subscribe", "visitTold", "--url", URL, "--state", "visits.json")
    refused = at_shop(*told)
    made = at_shop(*told, "--proof", "secret.txt")
    secret = (folder / "secret.txt").read_text()
    opened = Subscription.from_dict(kept(folder, "visits.json"), keys_of("petshop"))
    ended = at_shop("unsubscribe", "--state", "visits.json")

    assert (refused.code, "--proof FILE" in refused.err) == (2, True)
    assert "enter the address at the service, and the secret from secret.txt" in made.err
    assert opened.secret.reveal() == secret
    assert len(secret) == 40
    assert (folder / "secret.txt").stat().st_mode & 0o077 == 0
    assert secret not in made.out + made.err
    assert "a person has to end" in ended.err
    assert shop.asked == []


def test_a_secret_that_others_can_read_is_refused(
    at_shop: Callable[..., Ended], shop: PetShop, folder: Path
) -> None:
    """Who can read it can forge pushes."""
    (folder / "secret.txt").write_text("an-example-not-a-secret")
    (folder / "secret.txt").chmod(0o644)
    ended = at_shop(*SUBSCRIBE, "--proof", "secret.txt")

    assert (ended.code, "chmod 600" in ended.err, shop.asked) == (1, True, [])


@pytest.mark.parametrize("command", ["renew", "catch-up", "unsubscribe"])
@pytest.mark.parametrize("content", [None, "", "{", "null", "{}", '{"version": 1}', "[" * 100_000])
def test_a_file_that_holds_no_subscription_is_left_alone(
    at_shop: Callable[..., Ended], shop: PetShop, folder: Path, command: str, content: str | None
) -> None:
    """It is refused, with what to do, and stays as it is; nothing is sent."""
    if content is not None:
        (folder / "told.json").write_text(content)
    ended = at_shop(command, "--state", "told.json")

    assert ended.code != 0
    assert "subscribe" in ended.err
    assert "Traceback" not in ended.err
    assert (folder / "told.json").exists() is (content is not None)
    assert shop.asked == []


def test_a_subscription_that_has_ended_says_how_to_go_on(
    at_shop: Callable[..., Ended], shop: PetShop, folder: Path
) -> None:
    """It cannot be renewed; ending it is no error, and makes room for the next one."""
    at_shop(*SUBSCRIBE)
    shop.hooks.hooks.clear()
    renewed, ended, again = (
        at_shop("renew", "--state", "told.json"), at_shop("unsubscribe", "--state", "told.json"), at_shop(*SUBSCRIBE),
    )  # fmt: skip

    assert (renewed.code, "Subscribe again" in renewed.err) == (1, True)
    assert (ended.code, "gone already" in ended.err) == (0, True)
    assert again.code == 0
