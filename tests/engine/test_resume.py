"""What an ended call is taken up with: what is kept of its steps, and whom and what it is bound to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime.errors import ConnectorError
from engine.shop import CONNECTION, SENT, Shop, action, model_of
from engine.test_steps import ENDS, World, failing, steps_of
from engine.test_tokens import OAUTH

if TYPE_CHECKING:
    from pathlib import Path

ORDERED = steps_of("create", "update")
FIELDS = {"clientId": "c", "clientSecret": "client-secret-1"}
LONG = "x" * 40_000


def account(refresh: str, **more: Any) -> dict[str, Any]:
    """Return an account that logged in to the shop's app."""
    token = {"access_token": f"token-{refresh}-123", "refresh_token": refresh, **more.pop("token", {})}
    return {"key": "oauth", "fields": FIELDS, "token": token, **more}


def ended(model: Any, given: Any, **inputs: Any) -> Any:
    """Return what an order's call is taken up with that ended before it was paid."""
    shop = Shop(model, SENT, {"error": "connect"}, given=given)
    with pytest.raises(ConnectorError) as caught:
        shop.session.run("order", inputs)
    return caught.value.resume


def taken_up(model: Any, given: Any, resume: Any, **inputs: Any) -> ConnectorError | None:
    """Return why a call cannot be taken up, or None where it was."""
    shop = Shop(model, SENT, given=given)
    try:
        shop.session.run("order", inputs, resume=resume)
    except ConnectorError as problem:
        assert shop.sent == 0
        return problem
    return None


# -- whom it belongs to ------------------------------------------------------------------------------


@pytest.mark.plan("S-232")
def test_accounts_of_one_app_are_told_apart_without_names() -> None:
    """The same app, the same inputs, another person's permission: another connection."""
    model = model_of(ORDERED, connection=OAUTH)
    kept = ended(model, account("grant-1"))

    problem = taken_up(model, account("grant-2"), kept)

    assert problem is not None
    assert (problem.kind, problem.input) == ("input", "resume")
    assert "name the connection" in str(problem.hint)
    assert taken_up(model, account("grant-1"), kept) is None


@pytest.mark.plan("S-232")
@pytest.mark.parametrize("how", ["name", "mark"])
def test_an_exchanged_refresh_token_does_not_matter_to_whoever_is_known_otherwise(how: str) -> None:
    """A name outlives it, and so does what `session.token` keeps of the first one."""
    model = model_of(ORDERED, connection=OAUTH)
    named = {"name": "tenant-1"} if how == "name" else {}
    first = account("grant-1", **named)
    session = Shop(model, given=first).session
    mark = session._channel.token.grant if how == "mark" else None
    later = account("grant-2", **named, token={"connector_grant": mark} if mark else {})

    assert taken_up(model, later, ended(model, first)) is None


@pytest.mark.plan("S-232")
def test_an_account_in_another_data_centre_is_another_connection() -> None:
    """Where a call goes is chosen by what the platform knows beside the inputs."""
    rows = {"main": {"api": "https://api.example.com"}, "north": {"api": "https://north.example.com"}}
    chosen = {**CONNECTION, "choose": {"site": {"from": "sites", "first": [{"key": "${ context.site }"}]}}}
    chosen["examples"] = {"one": {"fields": {"key": "shop-key-123456"}, "context": {"site": "main"}}}
    model = model_of(ORDERED, connection=chosen, tables={"sites": {"rows": rows}})
    main, north = (
        {"key": "key", "fields": {"key": "shop-key-123456"}, "context": {"site": site}} for site in rows
    )

    assert taken_up(model, north, ended(model, main)) is not None
    assert taken_up(model, main, ended(model, main)) is None


@pytest.mark.plan("S-232")
def test_a_permission_is_part_of_what_proves_an_unnamed_connection() -> None:
    """An app without a secret of its own is no reason that anybody can make a `resume`."""
    plain: dict[str, Any] = {**OAUTH, "inputs": {"clientId": {"type": "string", "label": "Client ID"}}}
    plain["oauth2"] = {key: value for key, value in OAUTH["oauth2"].items() if key != "clientSecret"}  # type: ignore[attr-defined]
    plain["examples"] = {"one": {"fields": {"clientId": "c"}, "token": {"access_token": "t"}}}
    model = model_of(ORDERED, connection=plain)
    mine = account("grant-1") | {"fields": {"clientId": "c"}}
    forger = {**mine, "token": {"access_token": "token-9-123"}}

    assert taken_up(model, mine, ended(model, forger)) is not None


@pytest.mark.plan("S-232")
@pytest.mark.parametrize("state", ["[]", "7", "{}", '{"form":1}', '{"form":1,"at":"pay","done":7}', "\udfff",
                                   '{"form":1,"at":[],"done":[],"again":[],"seen":{},"open":0,"sentAt":null}',
                                   '{"form":1,"at":"pay","done":[],"again":[],"seen":{},"open":1,"sentAt":"nan"}'])  # fmt: skip
def test_a_resume_that_proves_itself_and_holds_nonsense_is_refused(state: str) -> None:
    """A connection without secrets cannot keep anybody from making one: still there is no fault of Python's."""
    open_to_all = {**CONNECTION, "inputs": {}, "apply": {"hosts": CONNECTION["apply"]["hosts"]}}
    open_to_all["examples"] = {"one": {"fields": {}}}
    model = model_of(ORDERED, connection=open_to_all)
    given = {"key": "key", "fields": {}}
    session = Shop(model, given=given).session
    inputs = json.dumps(session._call("order", {}).inputs, sort_keys=True)
    made = {
        "action": "order",
        "state": state,
        "proof": session._channel.proof(f"order\0{inputs}\0{state}"),
    }

    for one in (made, {**made, "proof": "\u00fc" * 64}):
        problem = taken_up(model, given, one)
        assert problem is not None
        assert (problem.kind, problem.input) == ("input", "resume")


@pytest.mark.plan("S-232")
@pytest.mark.parametrize("is_same", [True, False])
def test_a_file_given_by_its_path_is_bound_by_what_it_holds(tmp_path: Path, is_same: bool) -> None:
    """Another content of the same name and size is another input; the same one elsewhere in time is not."""
    whole = steps_of("create", "update")
    whole["inputs"] = whole["inputs"] | {"photo": {"type": "file", "label": "Photo"}}
    whole["steps"]["order"]["request"] |= {"body": {"bytes": "${ inputs.photo }"}}
    model = model_of(whole)
    path = tmp_path / "rex.png"
    path.write_bytes(b"rex in the garden")
    inputs = {"photo": {"path": str(path)}}
    with pytest.raises(ConnectorError) as caught:
        Shop(model, SENT, {"error": "connect"}, trust_paths=True).run(**inputs)
    path.write_bytes(b"rex in the garden" if is_same else b"cat in the garden")

    again = Shop(model, SENT, trust_paths=True)
    if is_same:
        again.session.run("order", inputs, resume=caught.value.resume)
    else:
        with pytest.raises(ConnectorError, match="belongs to other inputs"):
            again.session.run("order", inputs, resume=caught.value.resume)
    assert again.sent == is_same


# -- what is kept ------------------------------------------------------------------------------------


@pytest.mark.plan("S-233")
@pytest.mark.parametrize("output", [None, {"all": "${ steps.order.json }"}])
def test_a_long_answer_that_is_only_the_result_is_left_out_and_never_the_resume(output: Any) -> None:
    """A done write can always be gone on from; what its answer was is said to be missing."""
    whole = steps_of("create", "update")
    whole["reply"] = {"output": output} if output else {}
    whole["steps"]["pay"]["when"] = "${ inputs.name != 'free' }"
    world, model = World(), model_of(whole)
    world.ends = {"order": (True, {"json": {"id": "o-1", "more": LONG}}), "pay": ENDS["not_sent"]}

    problem = failing(world.shop(model))

    assert problem.resume is not None
    assert len(problem.resume["state"]) < 500
    assert "`order` answered is too long to be kept" in str(problem.hint)
    result = world.shop(model).session.run("order", {}, resume=problem.resume)
    assert world.done == ["order", "pay"]
    assert any("the result misses it" in warning for warning in result.warnings) is (output is not None)


@pytest.mark.plan("S-233")
def test_what_was_left_out_is_still_said_when_a_call_is_taken_up_twice() -> None:
    """The second `resume` is made of the first, which had no answer to measure any more."""
    whole = steps_of("create", "update")
    whole["reply"] = {"output": {"all": "${ steps.order.json }"}}
    world, model = World(), model_of(whole)
    world.ends = {"order": (True, {"json": {"id": "o-1", "more": LONG}}), "pay": ENDS["not_sent"]}
    first = failing(world.shop(model))
    world.ends = {"pay": ENDS["not_sent"]}

    second = failing(world.shop(model), resume=first.resume)

    assert "`order` answered is too long to be kept" in str(second.hint)
    assert world.shop(model).session.run("order", {}, resume=second.resume).warnings


@pytest.mark.plan("S-233")
def test_what_a_later_step_reads_of_a_write_is_kept_however_long() -> None:
    """It cannot be read again; half a million characters are the most."""
    whole = steps_of("create", "update", "update")
    for key in ("pay", "ship"):
        whole["steps"][key]["request"] |= {"query": {}, "body": {"json": {"of": "${ steps.order.json.id }"}}}
    world, model = World(), model_of(whole)
    world.ends = {"order": (True, {"json": {"id": LONG}}), "pay": ENDS["not_sent"]}
    kept = failing(world.shop(model))
    world.ends = {"order": (True, {"json": {"id": 20 * LONG}}), "pay": ENDS["not_sent"]}
    lost = failing(world.shop(model))

    assert kept.resume is not None
    assert world.shop(model).session.run("order", {}, resume=kept.resume).data == {"last": "ship-1"}
    assert (lost.done, lost.resume) == (("order",), None)
    assert "`order` was done before. It cannot be taken up: what the step `order` answered" in str(lost.hint)


@pytest.mark.plan("S-233")
def test_a_secret_at_the_end_of_a_long_answer_is_seen() -> None:
    """However far behind it stands, such an answer is not kept."""
    world, model = World(), model_of(steps_of("create", "update"))
    world.ends = {"order": (True, {"json": {"id": f"{LONG} shop-key-123456"}}), "pay": ENDS["not_sent"]}

    assert failing(world.shop(model)).resume is None


@pytest.mark.plan("S-233")
def test_what_only_steps_that_are_done_have_read_is_not_kept() -> None:
    """A named value that nobody reads any more is not, either."""
    whole = steps_of("create", "update", "update")
    whole["let"] = {"long": "${ steps.order.json.more }"}
    whole["steps"]["pay"]["request"]["query"]["more"] = "${ let.long }"
    world, model = World(), model_of(whole)
    world.ends = {"order": (True, {"json": {"id": "o-1", "more": "kept no more"}}), "ship": ENDS["not_sent"]}
    problem = failing(world.shop(model))

    assert problem.resume is not None
    assert "o-1" in problem.resume["state"]
    assert "kept no more" not in problem.resume["state"]


# -- when it was sent --------------------------------------------------------------------------------


LOOKED_UP = steps_of("create", "update")
LOOKED_UP["steps"]["order"] |= {
    "reply": {"output": {"id": "${ reply.json.id }"}},
    "lookup": {
        "action": "orders", "inputs": {}, "made": "${ item.made }", "sent": {"name": "${ inputs.name }"},
        "found": "${ item }",
    },
}  # fmt: skip
LOOKED_UP["steps"]["pay"]["request"]["query"]["of"] = "${ steps.order.output.id }"
READING = action("read", reply={"output": "${ reply.json }"}) | {"action": "orders"}
# By the vendor's clock, at which the create is sent: half a minute before ours.
SENT_AT = 1_749_999_970
DATE = {"Date": "Sun, 15 Jun 2025 15:06:10 GMT"}


@pytest.mark.plan("S-231")
@pytest.mark.parametrize("ours_s", [-3_600.0, 0.0, 3_600.0])
@pytest.mark.parametrize("made_s", [-1, 0, 5])
def test_a_look_up_of_a_call_that_is_taken_up_goes_by_the_vendors_clock(made_s: int, ours_s: float) -> None:
    """A machine whose clock is an hour off finds the same record, and no older one that looks alike."""
    model = model_of(LOOKED_UP, READING)
    problem = failing(Shop(model, {"error": "timeout"}, {"headers": DATE, "json": {}}))
    found = {"id": "o-7", "name": "n", "made": SENT_AT + made_s}
    later = {"Date": "Sun, 15 Jun 2025 18:00:00 GMT"}
    shop = Shop(model, {"headers": later, "json": found}, {"json": {"id": "p-1"}})
    shop.clock.sleep(7_200.0 + ours_s)

    if made_s >= 0:
        assert shop.session.run("order", {}, resume=problem.resume).data == {"last": "p-1"}
    else:
        again = failing(shop, resume=problem.resume)
        assert again.kind == "outcome_unknown"
        assert json.loads(again.resume["state"])["sentDate"] == SENT_AT


@pytest.mark.plan("S-231")
@pytest.mark.parametrize("asleep_s", [0.0, 600.0])
def test_the_time_is_known_from_any_earlier_reply_of_the_session(asleep_s: float) -> None:
    """A call that is stopped in its first request has none of its own; a machine that slept guesses too late."""
    model = model_of(LOOKED_UP, READING)
    first = Shop(model, {"headers": DATE, "json": {}}, {"error": "timeout"}, {"error": "connect"})
    first.run("orders")
    plain = first.clock.now
    first.clock.now = lambda: plain() + asleep_s  # type: ignore[method-assign]
    first.clock.sleep(30.0)
    problem = failing(first)

    assert problem.resume is not None
    assert json.loads(problem.resume["state"])["sentDate"] == SENT_AT + 30.0 + asleep_s


@pytest.mark.plan("S-231")
def test_a_look_up_proves_nothing_where_the_vendor_has_told_no_time() -> None:
    """What was noted by our clock alone may be wrong by hours: an older record could be taken for ours."""
    model = model_of(LOOKED_UP, READING)
    problem = failing(Shop(model, {"error": "timeout"}, {"error": "connect"}))
    found = {"id": "o-7", "name": "n", "made": SENT_AT + 60}
    shop = Shop(model, {"headers": {"Date": "Sun, 15 Jun 2025 18:00:00 GMT"}, "json": found})

    assert failing(shop, resume=problem.resume).kind == "outcome_unknown"


@pytest.mark.parametrize("action", ["\udfff", "\ud800" * 200])
def test_what_somebody_gave_can_be_printed(action: str) -> None:
    """Half a character stands escaped in the error, which any stream and any log then takes."""
    model = model_of(steps_of("create", "update"))
    problem = taken_up(model, {}, {"action": action, "state": "{}", "proof": ""})

    assert problem is not None
    assert b"belongs to the action `\\ud" in str(problem).encode()
    assert problem.message.encode()
