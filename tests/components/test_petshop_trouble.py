"""The second component when things go wrong: what is repeated, what is said, what is never shown.

Waits cost no time: the clock only moves when somebody waits.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from components.petshop_server import CLIENT, KEY, REFRESH_TOKEN, Mishap, open_shop, refusal
from connector_runtime import CallFailed, ConnectorError, DeadlineExceeded, OutcomeUnknown, ReplyTooLarge
from connector_runtime.base.values import SystemClock
from connector_runtime.testing.cases import StillClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from components.conftest import Till
    from components.petshop_server import PetShop
    from connector_runtime import Event

DROP = Mishap()
WORK_THEN_DROP = Mishap(work=True)
BROKEN = Mishap(status=500, text="something broke")
CLOSED = Mishap(status=503, text="closed for stocktaking", headers=(("X-Opens-In", "4"),))
NEW_DOG = {"name": "Zoe", "species": "dog", "chip": "982000999999999"}


CALLS: dict[str, dict[str, Any]] = {
    "listPets": {"everything": True},
    "listVisits": {"pet": "p-1001", "everything": True},
    "getPet": {"pet": "p-1001"},
    "upsertPet": {"chip": "982000123456781", "details": {"colour": "red"}},
    "addPet": NEW_DOG,
    "addPhoto": {"pet": "p-1001", "photo": {"base64": "AAEC"}},
    "recordVaccinations": {
        "records": [{"chip": "982000123456780", "vaccine": "a"}, {"chip": "9", "vaccine": "a"}]
    },
    "getPaper": {"pet": "p-1001", "form": "picture"},
}


def slow_down(wait_s: float) -> Mishap:
    """Return the shop's way to ask for patience."""
    return Mishap(status=200, text=json.dumps(refusal("slow_down", wait=wait_s)))


def test_a_read_is_repeated_after_a_broken_line(till: Till, shop: PetShop, clock: StillClock) -> None:
    """Reading again does no harm, so it is done as often as the user allows."""
    shop.mishaps += [DROP, BROKEN]

    result = till.run("getPet", {"pet": "p-1001", "tries": 2, "pause": 300})

    assert result.data["name"] == "Ada"
    assert [(attempt.kind, attempt.why) for attempt in result.attempts] == [
        ("network", "first"), ("server", "retry"), (None, "retry"),
    ]  # fmt: skip
    assert clock.waits == [0.3, 0.3]


def test_nothing_is_repeated_unless_asked_for(till: Till, shop: PetShop) -> None:
    """With the inputs as they are nothing is tried twice."""
    shop.mishaps += [BROKEN]

    with pytest.raises(CallFailed) as caught:
        till.run("getPet", {"pet": "p-1001"})

    assert (caught.value.kind, caught.value.status, len(shop.asked)) == ("server", 500, 1)


def test_pauses_double_up_to_their_cap(till: Till, shop: PetShop, clock: StillClock) -> None:
    """Exponential pauses start at the policy's delay, double, and stop growing at its cap."""
    shop.mishaps += [BROKEN] * 5

    till.run("getPet", {"pet": "p-1001", "tries": 5, "doubling": True})

    assert clock.waits == [0.25, 0.5, 1.0, 2.0, 2.0]


def test_a_create_that_was_done_is_found_not_done_again(till: Till, shop: PetShop) -> None:
    """A line that breaks after the commit leads to a look-up, and the record is there once."""
    shop.mishaps += [WORK_THEN_DROP]

    result = till.run("addPet", {**NEW_DOG, "tries": 3})

    assert (result.outcome, result.data["name"]) == ("found", "Zoe")
    assert [attempt.why for attempt in result.attempts] == ["first", "lookup", "lookup"]
    assert shop.effects == ["add p-1006"]


def test_a_create_that_is_not_found_stays_unknown(till: Till, shop: PetShop) -> None:
    """A look-up that finds nothing proves nothing: the call says so and names what to look for."""
    shop.mishaps += [DROP]

    with pytest.raises(OutcomeUnknown) as caught:
        till.run("addPet", {**NEW_DOG, "tries": 3})

    assert caught.value.identity == NEW_DOG["chip"]
    assert [asked.method for asked in shop.asked] == ["POST", "GET"]


def test_a_create_without_look_up_is_sent_once(till: Till, shop: PetShop) -> None:
    """However stubborn the user: what may have happened is not done again."""
    shop.mishaps += [WORK_THEN_DROP]

    with pytest.raises(OutcomeUnknown):
        till.run("addPhoto", {"pet": "p-1001", "photo": "x", "tries": 5, "stubborn": True})

    assert shop.effects == ["photo of p-1001"]


def test_a_refusal_before_any_work_is_repeated_even_for_a_create(
    till: Till, shop: PetShop, clock: StillClock
) -> None:
    """A shop that closes its door has done nothing; its own wait counts."""
    shop.mishaps += [CLOSED]

    till.run("addPet", {**NEW_DOG, "tries": 1, "pause": 100})

    assert clock.waits == [4.0]
    assert shop.effects == ["add p-1006"]


def test_a_repeat_by_hand_learns_which_record_is_there(till: Till, shop: PetShop) -> None:
    """Whoever repeats an unknown create meets the record that the first try made, by its id."""
    shop.mishaps += [WORK_THEN_DROP, Mishap(status=200, text='{"ok": true, "pets": []}')]

    with pytest.raises(OutcomeUnknown):
        till.run("addPet", NEW_DOG)
    with pytest.raises(CallFailed) as caught:
        till.run("addPet", NEW_DOG)

    assert (caught.value.kind, caught.value.existing_id) == ("duplicate", "p-1006")


def test_an_upsert_with_an_identity_is_repeated(till: Till, shop: PetShop) -> None:
    """Doing an upsert again meets the same record: it ends with one."""
    shop.mishaps += [WORK_THEN_DROP, WORK_THEN_DROP]

    result = till.run("upsertPet", {"chip": NEW_DOG["chip"], "details": {"name": "Zoe"}, "tries": 2})

    assert result.data == {"id": "p-1006", "outcome": "updated"}
    assert shop.effects == ["add p-1006", "change p-1006", "change p-1006"]


def test_a_batch_is_repeated_when_every_record_can_be_told_apart(till: Till, shop: PetShop) -> None:
    """Records with identities are recorded once each, however often the batch is sent."""
    shop.mishaps += [WORK_THEN_DROP]
    records = [
        {"chip": "982000123456780", "vaccine": "rabies"},
        {"chip": "982000123456781", "vaccine": "rabies"},
    ]

    result = till.run("recordVaccinations", {"records": records, "tries": 1})

    assert result.outcome == "done"
    assert shop.effects == ["vaccinate 982000123456780", "vaccinate 982000123456781"]


def test_a_repeated_removal_that_finds_nothing_has_worked(till: Till, shop: PetShop) -> None:
    """The second try of a removal meets an empty place because the first one worked."""
    shop.mishaps += [WORK_THEN_DROP]

    result = till.run("removePet", {"pet": "p-1001", "tries": 1})

    assert result.outcome == "done"
    assert shop.effects == ["remove p-1001"]


def test_a_raw_repeat_is_marked(till: Till, shop: PetShop) -> None:
    """A raw POST is repeated at the user's word, and the attempt says that it may double."""
    shop.mishaps += [BROKEN]

    result = till.run("callWhisker", {"verb": "POST", "path": "/echo", "content": "a", "tries": 1})

    assert [attempt.may_double for attempt in result.attempts] == [False, True]


def test_a_wait_that_outlives_the_deadline_is_given_back(
    till: Till, shop: PetShop, clock: StillClock
) -> None:
    """A wait the vendor asks for is not cut short: the caller learns from when on a repeat makes sense."""
    shop.mishaps += [slow_down(1000)]

    with pytest.raises(CallFailed) as caught:
        till.run("getPet", {"pet": "p-1001", "tries": 3}, deadline_s=60)

    assert caught.value.kind == "rate_limited"
    assert caught.value.retry_at is not None
    assert caught.value.retry_at.timestamp() == clock.now() + 1000
    assert clock.waits == []


def test_a_deadline_ends_a_call_that_hangs(open_till: Callable[..., Till], shop: PetShop) -> None:
    """A vendor that never answers costs no more than the caller's deadline."""
    shop.gate.clear()

    with pytest.raises(DeadlineExceeded) as caught:
        open_till(shop.by_key(), clock=SystemClock()).run("getPet", {"pet": "p-1001"}, deadline_s=0.2)

    assert caught.value.kind == "timeout"


def test_the_attempt_has_its_own_bound(till: Till, shop: PetShop) -> None:
    """Patience bounds one try in milliseconds, and a try that took too long is repeated."""
    shop.gate.clear()

    with pytest.raises(ConnectorError) as caught:
        till.run("getPet", {"pet": "p-1001", "patience": 50, "tries": 1, "pause": 0})

    assert [attempt.kind for attempt in caught.value.attempts] == ["timeout", "timeout"]


def test_the_budget_is_kept(till: Till, shop: PetShop, clock: StillClock) -> None:
    """No ten seconds see more than fifty requests to one branch; another branch has its own fifty."""
    for _ in range(50):
        till.run("getPet", {"pet": "p-1001"})
    till.run("getPet", {"pet": "p-1001", "branch": "18"})
    assert clock.waits == []
    till.run("getPet", {"pet": "p-1001"})

    assert len(shop.asked) == 52
    assert clock.waits == [10.0]


def test_a_listing_never_stops_silently(till: Till, shop: PetShop) -> None:
    """At the action's cap the call is refused and says where to go on; a stream has no such cap."""
    shop.visits["p-1001"] = [{"day": number} for number in range(9)]
    inputs = {"pet": "p-1001", "everything": True, "size": 2}

    with pytest.raises(ReplyTooLarge) as caught:
        till.run("listVisits", inputs)

    assert caught.value.cursor == {"link": "/v2/pets/p-1001/visits?offset=6&limit=2"}
    assert [page.number for page in till.pages("listVisits", inputs)] == [1, 2, 3, 4, 5]


def test_a_page_in_the_middle_is_repeated(till: Till, shop: PetShop) -> None:
    """A stream survives a broken line between two pages without losing or doubling records."""
    inputs = {"size": 2, "tries": 1, "pause": 0}
    shop.mishaps += [Mishap(work=True, status=500)]

    pages = till.pages("listPets", inputs)

    assert [pet["name"] for page in pages for pet in page] == ["Ada", "Rex", "Tom", "Ivy", "Max"]
    assert len(shop.asked) == 4


def test_every_attempt_and_every_call_is_told(open_till: Callable[..., Till], shop: PetShop) -> None:
    """The telemetry hook hears start, attempts, wait and end of the call, under one id."""
    events: list[Event] = []
    shop.mishaps += [BROKEN]

    open_till(shop.by_key(), on_event=events.append).run("getPet", {"pet": "p-1001", "tries": 1})

    assert [(event.kind, event.outcome) for event in events] == [
        ("start", "started"), ("attempt", "server"), ("wait", "server"), ("attempt", "done"), ("action", "done"),
    ]  # fmt: skip
    assert len({event.call_id for event in events}) == 1
    assert (events[-1].tenant, events[-1].action, events[-1].retries) == ("localKey", "getPet", 1)
    assert events[-1].received_bytes > 0


def test_the_debug_log_tells_all_but_secrets(
    open_till: Callable[..., Till], shop: PetShop, caplog: pytest.LogCaptureFixture
) -> None:
    """Talkative calls log request, attempts, replies and waits, bodies included; secrets are masked."""
    caplog.set_level(logging.INFO, logger="connector_runtime")
    shop.mishaps += [Mishap(status=500, text="something broke over an-old-token")]

    open_till(shop.by_login("an-old-token")).run("getPet", {"pet": "p-1001", "tries": 1, "talkative": True})

    records = [record.connector for record in caplog.records if hasattr(record, "connector")]
    text = json.dumps(records, default=str)
    assert [record["event"] for record in records] == [
        "request", "attempt", "reply", "wait", "request", "attempt", "reply", "renewal", "request", "attempt", "reply",
    ]  # fmt: skip
    text += caplog.text
    assert "something broke" in text
    assert "Ada" in text
    assert not {secret for secret in ("an-old-token", "token-1", REFRESH_TOKEN, CLIENT[1]) if secret in text}


def test_without_the_wish_nothing_is_logged(
    till: Till, shop: PetShop, caplog: pytest.LogCaptureFixture
) -> None:
    """A call that was not asked to be talkative leaves no record of what it sent."""
    caplog.set_level(logging.DEBUG)

    till.run("getPet", {"pet": "p-1001"})

    assert not [record for record in caplog.records if "p-1001" in record.getMessage()]


def test_errors_show_no_secret(open_till: Callable[..., Till], shop: PetShop) -> None:
    """A vendor that repeats the key in its refusal does not get it into an error."""
    shop.mishaps += [Mishap(status=500, text=f"cannot work with {KEY}")]

    with pytest.raises(CallFailed) as caught:
        open_till(shop.by_key()).run("getPet", {"pet": "p-1001"})

    problem = caught.value
    assert "cannot work with" in str(problem)
    assert KEY not in f"{problem!r}{problem}{json.dumps(problem.to_dict(), default=str)}"


TROUBLES: dict[str, list[Mishap]] = {
    "none": [],
    "drop": [DROP, DROP],
    "work then drop": [WORK_THEN_DROP],
    "broken": [BROKEN, BROKEN],
    "closed": [CLOSED],
    "patience": [slow_down(3)],
    "html": [Mishap(status=200, text="<html>Hello</html>")],
}


@pytest.mark.parametrize("action", CALLS)
@pytest.mark.parametrize("trouble", TROUBLES)
def test_blocking_and_awaiting_tell_the_same_story(
    any_till: Callable[..., Till], action: str, trouble: str
) -> None:
    """Both kinds of session send, wait, repeat and end alike, whatever goes wrong."""
    stories = {kind: story(any_till, kind, action, trouble) for kind in ("sync", "async")}

    assert stories["sync"] == stories["async"]
    assert stories["sync"]["asked"]


def story(any_till: Callable[..., Till], kind: str, action: str, trouble: str) -> dict[str, Any]:
    """Return everything that a call did and came to, without what differs from run to run."""
    with open_shop() as shop:
        shop.stock()
        shop.visits["p-1001"] = [{"day": number} for number in range(5)]
        shop.mishaps += TROUBLES[trouble]
        clock = StillClock()
        till = any_till(kind, shop.by_key(), clock=clock)
        try:
            end = till.run(action, {**CALLS[action], "tries": 2, "pause": 200}).to_dict()
        except ConnectorError as problem:
            end = problem.to_dict()
        for attempt in end["attempts"]:
            del attempt["durationS"]
        end.get("headers", {}).pop("date", None)
        asked = [(one.method, one.path, one.query, one.body) for one in shop.asked]
        return {"end": end, "waits": clock.waits, "asked": asked, "effects": shop.effects}
