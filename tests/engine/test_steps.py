"""Actions of several requests: each step is judged alone, and what was done is never done again.

Interruptions are generated: at each step, of each certainty, for each effect; a resumed call always
ends where an undisturbed one does.
"""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from connector_runtime.errors import ConnectorError, problem_of
from engine.shop import Shop, action, model_of

KEYS = ("order", "pay", "ship")
METHODS = {"read": "GET", "update": "PUT", "upsert": "POST", "create": "POST", "delete": "DELETE"}
# What an interruption leaves: whether the shop did it, what it answers, what is known then.
ENDS = {
    "not_sent": (False, {"error": "connect"}),
    "refused": (False, {"status": 503, "json": {"code": "full"}}),
    "answered": (False, {"status": 422, "json": {"code": "odd"}}),
    "unknown, undone": (False, {"error": "timeout"}),
    "unknown, done": (True, {"error": "disconnect"}),
}


def step(effect: str, key: str, **more: Any) -> dict[str, Any]:
    """Return a step of an order."""
    query = {"n": "${ inputs.name }"}
    if key != "order":
        query["of"] = "${ steps.order.json.id }"
    request = {"service": "api", "method": METHODS[effect], "path": f"/{key}", "query": query}
    named = {"identity": "${ inputs.name }"} if effect in ("create", "upsert") else {}
    return {"effect": effect, "request": request, **named, **more}


def steps_of(*effects: str, **more: Any) -> dict[str, Any]:
    """Return an action whose steps have these effects, the strongest as its own."""
    ranks = {"read": 0, "update": 1, "delete": 1, "upsert": 2, "create": 3}
    whole = action(max(effects, key=ranks.__getitem__), **more)
    for key in ("request", "reply"):
        whole.pop(key)
    whole["steps"] = {key: step(effect, key) for key, effect in zip(KEYS, effects, strict=False)}
    whole["reply"] = {"output": {"last": f"${{ steps.{KEYS[len(effects) - 1]}.json.id }}"}}
    return whole


class World:
    """A shop with a memory: what it was asked to do is done once more each time it is asked."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.ends: dict[str, tuple[bool, Any]] = {}

    def __bool__(self) -> bool:
        return True

    def __len__(self) -> int:
        return 2

    def pop(self, _at: int) -> Any:
        outgoing = self.script.sent[-1]
        key = outgoing.url.split("/v1/")[1].partition("?")[0]
        works, answer = self.ends.pop(key, (True, {"json": {"id": f"{key}-1"}}))
        if works:
            self.done.append(key)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def shop(self, model: Any) -> Shop:
        shop = Shop(model)
        shop.script.replies = self  # type: ignore[assignment]
        self.script = shop.script
        return shop


def failing(shop: Shop, **how: Any) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        shop.session.run("order", {}, **how)
    return caught.value


def test_steps_are_done_in_order_and_see_those_before() -> None:
    """Each step is one request; later ones read what came, and the attempts name their step."""
    world = World()
    shop = world.shop(model_of(steps_of("create", "read", "update")))

    result = shop.run()

    assert result.data == {"last": "ship-1"}
    assert shop.urls[1:] == [f"https://api.example.com/v1/{key}?n=n&of=order-1" for key in ("pay", "ship")]
    assert [attempt.step for attempt in result.attempts] == ["order", "pay", "ship"]


@pytest.mark.plan("S-230")
@pytest.mark.parametrize(
    ("effects", "at", "end"),
    [
        (effects, at, end)
        for effects in itertools.product(("read", "update", "upsert", "create"), repeat=2)
        for at in range(2)
        for end in ENDS
    ],
)
def test_an_interruption_at_any_step_is_taken_up(effects: tuple[str, ...], at: int, end: str) -> None:
    """Whatever ended a call at whatever step: nothing is done twice that must not be, nothing is lost."""
    world = World()
    shop = world.shop(model_of(steps_of(*effects)))
    world.ends = {KEYS[at]: ENDS[end]}

    problem = failing(shop)

    is_open = effects[at] == "create" and end.startswith("unknown")
    assert problem.done == KEYS[:at]
    assert (problem.kind == "outcome_unknown") is is_open
    if problem.resume is None:
        assert at == 0
        assert not end.startswith("unknown")
        return
    kept = json.loads(json.dumps(problem.to_dict()["resume"]))
    other = world.shop(model_of(steps_of(*effects)))
    if is_open:
        again = failing(other, resume=kept)
        assert (again.kind, other.sent) == ("outcome_unknown", 0)
        assert again.resume is not None
    else:
        assert other.session.run("order", {}, resume=kept).data == {"last": "pay-1"}
        assert other.sent == 2 - at
    for key, effect in zip(KEYS, effects, strict=False):
        assert effect != "create" or world.done.count(key) <= 1


@pytest.mark.plan("S-231")
@pytest.mark.parametrize("found", [True, False])
def test_an_unknown_create_is_looked_up_and_never_resent(found: bool) -> None:
    """A resumed call whose step may have happened looks for it; without proof it stays unknown."""
    whole = steps_of("create", "update")
    whole["steps"]["order"]["reply"] = {"output": {"id": "${ reply.json.id }"}}
    whole["steps"]["pay"]["request"]["query"]["of"] = "${ steps.order.output.id }"
    whole["steps"]["order"]["lookup"] = {
        "action": "orders", "inputs": {}, "made": "${ item.made }", "sent": {"name": "${ inputs.name }"},
        "found": "${ item }",
    }  # fmt: skip
    reading = action("read", reply={"output": "${ reply.json }"}) | {"action": "orders"}
    empty = {"headers": {"Date": "Sun, 15 Jun 2025 15:06:40 GMT"}, "json": {}}
    seen = {**empty, "json": {"id": "o-7", "name": "n", "made": 1_750_000_000}}
    model = model_of(whole, reading)
    problem = failing(Shop(model, {"error": "timeout"}, empty))
    shop = Shop(model, seen if found else empty, {"json": {"id": "p-1"}})

    if found:
        assert shop.session.run("order", {}, resume=problem.resume).data == {"last": "p-1"}
    else:
        assert failing(shop, resume=problem.resume).kind == "outcome_unknown"

    assert [outgoing.method for outgoing in shop.script.sent] == (["GET", "PUT"] if found else ["GET"])


@pytest.mark.plan("S-232")
@pytest.mark.parametrize("part", ["action", "state", "proof"])
def test_a_resume_that_was_changed_is_refused(part: str) -> None:
    """What was tampered with is not taken up; nothing is sent."""
    world = World()
    model = model_of(steps_of("create", "update"))
    world.ends = {"pay": ENDS["not_sent"]}
    kept = dict(failing(world.shop(model)).resume or {})
    kept[part] = kept[part].replace("o", "0", 1) if part != "proof" else "0" * 64
    shop = world.shop(model)

    problem = failing(shop, resume=kept)

    assert (problem.kind, problem.input, shop.sent) == ("input", "resume", 0)


@pytest.mark.plan("S-232")
def test_a_resume_belongs_to_its_inputs_and_its_connection() -> None:
    """Other inputs, another connection and another action refuse it before anything is sent."""
    world = World()
    model = model_of(steps_of("create", "update"), action("read") | {"action": "orders"})
    world.ends = {"pay": ENDS["not_sent"]}
    kept = failing(world.shop(model)).resume
    other = Shop(model, given={"key": "key", "fields": {"key": "another-key-123"}})

    for shop, key, inputs in (
        (world.shop(model), "order", {"name": "m"}),
        (other, "order", {}),
        (other, "orders", {}),
    ):
        with pytest.raises(ConnectorError) as caught:
            shop.session.run(key, inputs, resume=kept)
        assert (caught.value.kind, caught.value.input, shop.sent) == ("input", "resume", 0)


@pytest.mark.plan("S-232")
@pytest.mark.parametrize(
    "odd", ["x", 7, {}, {"action": "order"}, {"action": "order", "state": 1, "proof": None}]
)
def test_what_is_no_resume_is_refused(odd: Any) -> None:
    """Anything else in its place is a clear error."""
    shop = World().shop(model_of(steps_of("create", "update")))

    assert failing(shop, resume=odd).input == "resume"


@pytest.mark.plan("S-233")
def test_a_resume_holds_no_secret_no_input_and_little_else() -> None:
    """Only what later steps read is kept; a reply with a known secret is not."""
    world = World()
    whole = steps_of("read", "update")
    model = model_of(whole)
    shop = world.shop(model)
    world.ends = {"order": (True, {"json": {"id": "o-1", "long": "x" * 100_000}}), "pay": ENDS["not_sent"]}
    kept = failing(shop).resume
    world.ends = {"order": (True, {"json": {"id": "shop-key-123456"}}), "pay": ENDS["not_sent"]}
    leaking = failing(world.shop(model)).resume

    assert kept is not None
    assert leaking is not None
    assert '"o-1"' in kept["state"]
    assert len(json.dumps(kept)) < 600
    assert "shop-key" not in json.dumps(leaking)
    again = world.shop(model)
    assert again.session.run("order", {}, resume=leaking).data == {"last": "pay-1"}
    assert again.sent == 2


def test_a_step_whose_condition_does_not_hold_is_left_out() -> None:
    """It is not sent, and is absent for those behind it."""
    whole = steps_of("read", "update")
    whole["steps"]["order"]["when"] = "${ inputs.name == 'other' }"
    whole["steps"]["pay"]["request"]["query"] = {"of": "${ steps.order.json.id }"}
    shop = World().shop(model_of(whole))

    assert shop.run().data == {"last": "pay-1"}
    assert shop.urls == ["https://api.example.com/v1/pay"]


def polling(**more: Any) -> dict[str, Any]:
    """Return an action that starts a job and asks for it every two seconds."""
    whole = steps_of("read", "read")
    poll = {"while": "${ reply.json.id != 'done' }", "delay": "2s", "upTo": "10m"}
    whole["steps"]["pay"] |= {"poll": poll, "progress": "${ reply.json.id }", **more}
    return whole


@pytest.mark.plan("S-234")
def test_a_job_is_asked_for_until_it_is_done() -> None:
    """The pauses are as long as the step says, progress is told, and attempts do not pile up."""
    shop = Shop(
        model_of(polling()),
        {"json": {"id": "j"}},
        *[{"json": {"id": "busy"}}] * 200,
        {"json": {"id": "done"}},
    )

    result = shop.run()

    assert result.data == {"last": "done"}
    assert shop.clock.waits == [2.0] * 200
    assert len(result.attempts) <= 3
    told = [event.progress for event in shop.events if event.kind == "progress" and event.step == "pay"]
    assert told == ["busy"] * 200 + ["done"]


@pytest.mark.plan("S-234")
def test_attempts_that_had_to_be_repeated_do_not_pile_up_either() -> None:
    """What is kept are the attempts of the first and of the last time, whatever each was made for."""
    busy = [{"status": 503, "json": {"code": "full"}}, {"json": {"id": "busy"}}]
    last = [{"status": 503, "json": {"code": "full"}}, {"json": {"id": "done"}}]
    shop = Shop(model_of(polling()), {"json": {"id": "j"}}, *busy * 100, *last)

    result = shop.run(retries=1)

    whys = [attempt.why for attempt in result.attempts]
    assert whys == ["first", "first", "retry", "poll", "retry"]


@pytest.mark.plan("S-234")
@pytest.mark.parametrize("delay", ["1ms", "0.05"])
def test_a_service_is_never_asked_without_a_pause(delay: str) -> None:
    """A tenth of a second is the least, whatever the step says."""
    whole = polling()
    whole["steps"]["pay"]["poll"]["delay"] = f"${{ '{delay}' }}"
    shop = Shop(model_of(whole), {"json": {"id": "j"}}, {"json": {"id": "busy"}}, {"json": {"id": "done"}})

    shop.run()

    assert shop.clock.waits == [0.1]


@pytest.mark.plan("S-234")
@pytest.mark.parametrize("is_in_catalogue", [True, False])
def test_a_platforms_own_deadline_is_never_lengthened(is_in_catalogue: bool) -> None:
    """Not even where it is as long as the usual one."""
    model = model_of(polling())
    shop = Shop(model, {"json": {"id": "j"}}, {"json": {"id": "busy"}}, deadline_s=300.0)

    found, session = model.actions["order"], shop.session
    with pytest.raises(ConnectorError, match="was not done in time"):
        _ = session.run("order", {}) if is_in_catalogue else session.run_action(found, {})

    assert sum(shop.clock.waits) <= 300.0


@pytest.mark.plan("S-234")
@pytest.mark.parametrize(("deadline_s", "waited_s"), [(None, 600.0), (30.0, 30.0), (300.0, 300.0)])
def test_a_job_lengthens_the_usual_deadline_and_never_the_callers(
    deadline_s: float | None, waited_s: float
) -> None:
    """Without a deadline of his own a caller waits as long as the step says; else until his ends."""
    model = model_of(polling())
    shop = Shop(model, {"json": {"id": "j"}}, {"json": {"id": "busy"}})

    problem = failing(shop, deadline_s=deadline_s)

    assert (problem.kind, problem.done) == ("timeout", ("order",))
    assert waited_s - 4 < sum(shop.clock.waits) <= waited_s
    again = Shop(model, {"json": {"id": "done"}})
    assert again.session.run("order", {}, resume=problem.resume).data == {"last": "done"}
    assert again.sent == 1


@pytest.mark.plan("S-230")
@pytest.mark.parametrize("effect", ["read", "update", "create"])
@pytest.mark.parametrize("works", [True, False])
def test_a_stopped_call_says_how_to_go_on(effect: str, works: bool) -> None:
    """An interrupt carries what is done and what may be: it is taken up as any other end is."""
    world = World()
    model = model_of(steps_of("create", effect))
    world.ends = {"pay": (works, KeyboardInterrupt())}
    with pytest.raises(KeyboardInterrupt) as caught:
        world.shop(model).run()

    problem = problem_of(caught.value)
    assert problem is not None
    assert problem.done == ("order",)
    other = world.shop(model)
    if effect == "create":
        assert failing(other, resume=problem.resume).kind == "outcome_unknown"
    else:
        assert other.session.run("order", {}, resume=problem.resume).data == {"last": "pay-1"}
    assert world.done.count("order") == 1
    assert effect != "create" or world.done.count("pay") <= 1


def test_another_session_takes_it_up() -> None:
    """What binds a resume outlives the session and the model."""
    world = World()
    world.ends = {"pay": ENDS["not_sent"]}
    kept = failing(world.shop(model_of(steps_of("create", "update")))).resume
    shop = world.shop(model_of(steps_of("create", "update"), version="9.9.9"))

    assert shop.session.run("order", {}, resume=kept).data == {"last": "pay-1"}


@pytest.mark.plan("S-230")
def test_a_condition_that_cannot_be_worked_out_leaves_the_step_before_it_done() -> None:
    """The create was answered: nobody has to look for it."""
    whole = steps_of("create", "read", "update")
    whole["steps"]["pay"]["when"] = "${ steps.order.json.id > 5 }"
    world = World()

    problem = failing(world.shop(model_of(whole)))

    assert (problem.kind, problem.done, world.done) == ("contract", ("order",), ["order"])


def test_the_result_of_a_resumed_call_is_that_of_the_last_step() -> None:
    """A read that is repeated for the sake of a condition stands where it stood."""
    whole = steps_of("read", "create", "update")
    whole["reply"] = {}
    whole["steps"]["ship"]["when"] = "${ steps.order.json.state != 'shipped' }"
    world, model = World(), model_of(whole)
    big = {"id": "o", "state": "open", "more": "x" * 40_000}
    whole["steps"]["ship"]["request"]["query"] = {"n": "${ steps.order.json.more }"}
    model = model_of(whole)
    world.ends = {"order": (True, {"json": big}), "ship": (False, {"error": "connect"})}
    problem = failing(world.shop(model))
    world.ends = {"order": (True, {"json": big | {"state": "shipped"}})}

    result = world.shop(model).session.run("order", {}, resume=problem.resume)

    assert result.data == {"id": "pay-1"}
    assert world.done.count("pay") == 1
