"""Hooks of the pet shop over loopback: asked for, renewed, ended, and every way it signs a push."""

from __future__ import annotations

import traceback
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from canaries import canary
from components.petshop_hooks import LONGEST_S
from components.petshop_server import Mishap
from connector_runtime import (
    CallFailed,
    ConnectionProblem,
    ConnectorError,
    InputError,
    OutcomeUnknown,
    Subscription,
)
from webhooks.receiver import receiving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from components.conftest import Till
    from components.petshop_server import PetShop
    from connector_runtime import Component
    from connector_runtime.testing.cases import StillClock
    from webhooks.receiver import Receiver

SECRET = "a-secret-of-ones-own"


@pytest.fixture
def receiver(component: Component) -> Iterator[Receiver]:
    """Somebody's server."""
    with receiving(component, "petTold") as receiver:
        yield receiver


def subscribed(till: Till, receiver: Receiver, trigger: str = "petTold", **how: Any) -> Subscription:
    """Subscribe a receiver to a trigger."""
    receiver.trigger = trigger
    receiver.subscription = till.call("subscribe", trigger, {"branch": "17"}, receiver.url, **how)
    return receiver.subscription


@pytest.mark.plan("S-277")
def test_a_change_is_told_at_once(till: Till, shop: PetShop, receiver: Receiver) -> None:
    """What happens in the shop arrives as an event, proven and in the words of the poll."""
    subscription = subscribed(till, receiver)
    till.run("changePet", {"pet": "p-1001", "changes": {"weight": 11}})
    received = receiver.next()

    assert subscription.id == "h-1"
    assert [(event["id"], event["change"]) for event in received.events] == [("p-1001", "updated")]
    assert shop.hooks.settle() == [202]


@pytest.mark.plan("S-277")
def test_a_hook_with_a_token_says_what_to_fetch(till: Till, shop: PetShop, receiver: Receiver) -> None:
    """The push has only ids; the event holds what `run` takes."""
    subscription = subscribed(till, receiver, "chipRead")
    till.run("changePet", {"pet": "p-1001", "changes": {"weight": 11}})
    (event,) = receiver.next().events
    fetch = event["fetch"]

    assert len(subscription.id) == 15
    assert till.run(fetch["action"], fetch["inputs"]).data["weight"] == "11"
    assert shop.hooks.settle() == [200]


@pytest.mark.plan("S-268")
def test_what_a_person_set_up_is_proven_by_sorted_pairs(till: Till, shop: PetShop, receiver: Receiver) -> None:
    """Nobody is asked; the secret is entered at the vendor's by hand, and signs query and body."""
    receiver.trigger = "visitTold"
    asked = len(shop.asked)
    made = receiver.subscription = till.call("subscribe", "visitTold", {}, receiver.url.partition("?")[0])
    hook = {"url": made.url, "secret": made.secret.reveal(), "until": shop.now + 9, "sign": "pairs", "id": "x"}
    shop.hooks.push(hook, "kept", {"id": "p-1001"}, shop.now)

    assert len(shop.asked) == asked
    assert [(event["id"], event["change"]) for event in receiver.next().events] == [("p-1001", "kept")]
    assert shop.hooks.settle() == [200]


@pytest.mark.plan("S-265")
def test_a_push_that_somebody_else_makes_is_refused(till: Till, shop: PetShop, receiver: Receiver) -> None:
    """Whoever knows the address, and not the secret, tells nothing."""
    made = subscribed(till, receiver)
    forged = {"url": made.url, "secret": "guessed", "until": shop.now + 9, "sign": "body", "id": "x"}
    shop.hooks.push(forged, "gone", {"id": "p-1001", "name": "Rex"}, shop.now)

    assert receiver.next().events == []
    assert shop.hooks.settle() == [401]


@pytest.mark.plan("S-277")
def test_it_says_when_it_ends_and_when_to_renew(till: Till, receiver: Receiver, clock: StillClock) -> None:
    """As long as the vendor allows, and a day before."""
    subscription = subscribed(till, receiver)

    assert subscription.expires == datetime.fromtimestamp(clock.now() + LONGEST_S, UTC)
    assert subscription.renew_at == datetime.fromtimestamp(clock.now() + LONGEST_S - 86_400, UTC)
    assert subscription.warnings == ()


@pytest.mark.plan("S-277")
def test_renewing_twice_does_no_harm(till: Till, shop: PetShop, receiver: Receiver, clock: StillClock) -> None:
    """It lasts longer, under its id and with its secret."""
    first = subscribed(till, receiver)
    clock.sleep(48 * 3600)
    shop.now += 48 * 3600
    again = till.call("renew", till.call("renew", first.to_dict()))

    assert (again.id, again.secret) == (first.id, first.secret)
    assert (again.expires - first.expires).total_seconds() == 48 * 3600
    assert list(shop.hooks.hooks) == ["h-1"]


@pytest.mark.plan("S-277")
@pytest.mark.parametrize("given_s", [3600.0, -60.0])
def test_an_end_that_was_not_asked_for_is_noticed(
    till: Till, shop: PetShop, receiver: Receiver, clock: StillClock, given_s: float
) -> None:
    """Sooner: a warning, and it is renewed in time. In the past: an error, not a subscription that is dead."""
    shop.hooks.given_s = given_s
    if given_s < 0:
        with pytest.raises(ConnectorError, match="ended 60 s before") as caught:
            subscribed(till, receiver)
        assert caught.value.kind == "contract"
        return

    subscription = subscribed(till, receiver)

    assert "sooner than was asked for" in subscription.warnings[0]
    assert subscription.renew_at == datetime.fromtimestamp(clock.now() + 1800, UTC)


@pytest.mark.plan("S-277")
def test_a_clock_that_is_wrong_renews_in_time(till: Till, shop: PetShop, receiver: Receiver, clock: StillClock) -> None:
    """When it ends is counted by the vendor's clock, and written down by ours."""
    shop.now += 7200
    subscription = subscribed(till, receiver)

    assert (subscription.expires.timestamp() - clock.now()) == pytest.approx(LONGEST_S - 7200, abs=1)


@pytest.mark.plan("S-277")
def test_a_hook_that_has_ended_is_subscribed_anew(till: Till, shop: PetShop, receiver: Receiver) -> None:
    """Renewing it says so."""
    first = subscribed(till, receiver)
    shop.now += LONGEST_S + 1

    with pytest.raises(CallFailed) as caught:
        till.call("renew", first)

    assert caught.value.kind == "not_found"
    assert "Subscribe again" in caught.value.hint


@pytest.mark.plan("S-277")
def test_ending_what_is_gone_is_done(till: Till, shop: PetShop, receiver: Receiver) -> None:
    """The first ends it, the second has nothing to do and says so."""
    first = subscribed(till, receiver)

    assert till.call("unsubscribe", first).warnings == ()
    assert shop.hooks.hooks == {}
    assert till.call("unsubscribe", first.to_dict()).warnings == ("It was gone already.",)


@pytest.mark.plan("S-277")
def test_what_was_never_known_is_not_taken_for_gone(till: Till, shop: PetShop, receiver: Receiver) -> None:
    """Where the shop never said the id, it does not know the one that is asked for, and pushes still."""
    first = replace(subscribed(till, receiver), id="h-0", is_id_known=False)

    with pytest.raises(CallFailed) as caught:
        till.call("unsubscribe", first.to_dict())

    assert "may push still" in caught.value.hint
    assert list(shop.hooks.hooks) == ["h-1"]


@pytest.mark.plan("S-278")
def test_a_hook_whose_answer_was_lost_is_found_and_not_made_twice(till: Till, shop: PetShop, receiver: Receiver) -> None:
    """The shop made it and hung up: the list tells."""
    shop.mishaps.append(Mishap(work=True))
    subscription = subscribed(till, receiver)
    till.run("changePet", {"pet": "p-1001", "changes": {"weight": 11}})

    assert (subscription.id, list(shop.hooks.hooks)) == ("h-1", ["h-1"])
    assert [event["id"] for event in receiver.next().events] == ["p-1001"]


@pytest.mark.plan("S-278")
def test_an_older_hook_to_the_same_address_is_not_taken_for_it(till: Till, shop: PetShop, receiver: Receiver) -> None:
    """It has another secret: nobody could prove what it pushes."""
    subscribed(till, receiver)
    shop.now += 60
    shop.mishaps.append(Mishap(work=False))

    with pytest.raises(OutcomeUnknown) as caught:
        subscribed(till, receiver)

    assert caught.value.identity == receiver.url
    assert list(shop.hooks.hooks) == ["h-1"]


@pytest.mark.plan("S-278")
def test_a_hook_with_a_number_of_ours_may_be_asked_for_again(till: Till, shop: PetShop, receiver: Receiver) -> None:
    """An upsert by an identity is repeated like any other."""
    shop.mishaps.append(Mishap(work=True))
    receiver.trigger = "chipRead"
    made = till.call("subscribe", "chipRead", {"branch": "17", "tries": 1}, receiver.url, secret=SECRET)

    assert list(shop.hooks.hooks) == [made.id]
    assert shop.hooks.hooks[made.id]["secret"] == SECRET


@pytest.mark.plan("S-274")
def test_a_refusal_that_repeats_the_secret_does_not_show_it(till: Till, shop: PetShop, receiver: Receiver) -> None:
    """Not in words, not in details, not in what was tried."""
    text = f'{{"ok": false, "error": {{"code": "bad", "text": "what is {SECRET}?"}}}}'
    shop.mishaps.append(Mishap(status=400, text=text))

    with pytest.raises(ConnectorError) as caught:
        subscribed(till, receiver, secret=SECRET)

    assert "what is ***?" in str(caught.value)
    assert SECRET not in str(caught.value.to_dict())


@pytest.mark.plan("S-274")
@pytest.mark.parametrize("mishap", [Mishap(status=400, text="no"), Mishap(status=500), Mishap()])
def test_no_frame_of_an_error_holds_the_secret(
    till: Till, shop: PetShop, receiver: Receiver, mishap: Mishap
) -> None:
    """Tools that record errors show the values of each frame."""
    secret = canary("hook secret")
    shop.mishaps += [mishap] * 2

    with pytest.raises(ConnectorError) as caught:
        till.call("subscribe", "petTold", {"branch": "17"}, receiver.url, secret=secret)

    # The frames of the test itself, and of the till, were given it.
    frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
    ours = [frame for frame in frames if "connector_runtime" in frame.f_code.co_filename]
    assert ours
    assert [frame.f_code.co_name for frame in ours if secret in repr(frame.f_locals)] == []


@pytest.mark.plan("S-276")
@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example.com/x",
        "http://hooks.example.com/x",
        "http://127.0.0.1.example.com/x",
        "ftp://127.0.0.1/x",
        "https://user:password@hooks.example.com/x",
        "https://hooks.example.com/x#y",
        "https://hooks.example.com/\nx",
        "https://hooks.example.com/ x",
        "https://hooks.exämple.com/x",
        "https://hooks.example.com:99999/x",
        "https:///x",
        "https://hooks.example.com/" + "x" * 2000,
        None,
        7,
    ],
)
def test_an_address_that_cannot_be_is_refused_before_anybody_is_asked(till: Till, shop: PetShop, url: Any) -> None:
    """Without TLS only on this machine; and the address, which may hold a token, is not repeated."""
    with pytest.raises(InputError) as caught:
        till.call("subscribe", "petTold", {"branch": "17"}, url)

    assert caught.value.input == "url"
    assert "password" not in str(caught.value)
    assert shop.asked == []


@pytest.mark.plan("S-276")
@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("subscribe", ("petTol", {}, "https://hooks.example.com/x")),
        ("subscribe", ("petChanged", {}, "https://hooks.example.com/x")),
        ("subscribe", ("petTold", {"brnch": "17"}, "https://hooks.example.com/x")),
        ("subscribe", ("petTold", {"branch": "a"}, "https://hooks.example.com/x")),
        ("renew", ({"version": 1},)),
        ("catch_up", ("h-1",)),
    ],
)
def test_what_makes_no_sense_is_refused_before_anybody_is_asked(
    till: Till, shop: PetShop, call: str, words: tuple[Any, ...]
) -> None:
    """An unknown trigger, one that is polled, inputs that are none, what is no subscription."""
    with pytest.raises((InputError, ConnectionProblem)) as caught:
        till.call(call, *words)

    assert caught.value.hint
    assert shop.asked == []


@pytest.mark.plan("S-276")
@pytest.mark.parametrize("secret", ["short", "", 123456789012])
def test_a_secret_that_could_be_guessed_is_refused(till: Till, secret: Any) -> None:
    """Leave it out, and a good one is made."""
    with pytest.raises(InputError) as caught:
        till.call("subscribe", "petTold", {"branch": "17"}, "https://hooks.example.com/x", secret=secret)

    assert caught.value.input == "secret"
    assert "short" not in str(caught.value)


@pytest.mark.plan("S-276")
def test_a_subscription_is_for_its_own_trigger(component: Component, till: Till, receiver: Receiver) -> None:
    """Another trigger would prove and read the push in another way."""
    made = subscribed(till, receiver)

    for trigger, kind in (("chipRead", "config"), ("petChanged", "input"), ("petTol", "input")):
        with pytest.raises(ConnectorError) as caught:
            component.receive(trigger, made, headers={}, body=b"")
        assert caught.value.kind == kind


@pytest.mark.plan("S-276")
def test_a_policy_that_allows_reading_only_allows_no_subscription(
    open_till: Callable[..., Till], shop: PetShop, receiver: Receiver
) -> None:
    """To subscribe is to create something at the vendor's."""
    till = open_till(shop.by_key(), allow={"effects": ["read"]})

    with pytest.raises(ConnectionProblem) as caught:
        subscribed(till, receiver)

    assert caught.value.kind == "permission"
    assert shop.asked == []
