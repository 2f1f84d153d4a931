"""What nobody has foreseen comes out as an error of ours, with what is known of the request."""

from __future__ import annotations

import asyncio
import traceback
from typing import Any

import pytest

from connector_runtime.access.connections import Connection
from connector_runtime.errors import ConnectorError, DefinitionError, OutcomeUnknown
from connector_runtime.session.async_session import AsyncSession
from connector_runtime.session.drivers import Raised
from connector_runtime.session.session import Options
from engine.shop import Shop, action, model_of

GIVEN = {"key": "key", "fields": {"key": "shop-key-123456"}}
FAULTS = (
    KeyError("shop-key-123456"),
    AssertionError(),
    RecursionError(),
    MemoryError(),
    TypeError("x"),
    OSError(5, "x"),
)
NAMED = {"identity": "name=${ inputs.name }"}


def raised(shop: Shop) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        shop.run()
    return caught.value


class Breaking:
    """A wire that raises what no wire should, after the request has gone."""

    def __init__(self, fault: Exception) -> None:
        self.fault = fault

    def send(self, *_: Any, **__: Any) -> Any:
        raise self.fault

    def close(self) -> None:
        """Nothing is open."""


class AsyncBreaking(Breaking):
    """The same for an event loop."""

    async def send(self, *_: Any, **__: Any) -> Any:
        raise self.fault


def broken(effect: str, fault: Exception, driver: str, **parts: Any) -> ConnectorError:
    """Return what a call ends with whose wire raises."""
    model = model_of(action(effect, **parts))
    connection = Connection.from_dict(GIVEN)
    sender: Any = Breaking(fault) if driver == "blocking" else AsyncBreaking(fault)
    if driver == "blocking":
        shop = Shop(model)
        shop.session._sender = sender
        return raised(shop)
    with pytest.raises(ConnectorError) as caught:
        asyncio.run(AsyncSession(model, connection, Options(), sender=sender).run("order", {}))
    return caught.value


@pytest.mark.plan("S-166")
@pytest.mark.parametrize("driver", ["blocking", "awaiting"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
@pytest.mark.parametrize("effect", ["read", "create", "update", "delete"])
def test_a_fault_after_the_request_is_told_by_what_may_have_happened(
    effect: str, fault: Exception, driver: str
) -> None:
    """A write may have been made and says what to look up; a read says where it went wrong; no fault shows a value."""
    problem = broken(effect, fault, driver, **(NAMED if effect != "read" else {}))

    assert problem.kind == ("contract" if effect == "read" else "outcome_unknown")
    assert problem.identity == (None if effect == "read" else "name=n")
    assert type(fault).__name__ in problem.message
    assert "shop-key" not in str(problem.to_dict())


@pytest.mark.plan("S-166")
@pytest.mark.parametrize("driver", ["blocking", "awaiting"])
def test_nothing_of_the_fault_is_kept(driver: str) -> None:
    """No exception stands behind the error, and of its frames none but the caller's and the driver's."""
    problem = broken("create", KeyError("shop-key-123456"), driver)

    assert (problem.__cause__, problem.__context__) == (None, None)
    frames = [frame for frame, _ in traceback.walk_tb(problem.__traceback__)]
    assert not {"send", "attempt_once", "perform", "_do"} & {frame.f_code.co_name for frame in frames}
    inside = [
        value
        for frame in frames
        if "drivers" in frame.f_code.co_filename
        for value in frame.f_locals.values()
    ]
    assert not any(isinstance(value, Raised) for value in inside)


@pytest.mark.plan("S-166")
def test_a_mistake_in_the_files_that_shows_late_is_the_authors() -> None:
    """What cannot be worked out before anything is sent is no failure of the vendor's."""
    paging = {"start": {"number": "${ inputs.name | first }"}, "next": {}, "while": "${ false }",
              "items": "${ reply.json.orders }", "max": {"pages": 1, "items": 1}}  # fmt: skip
    request = {"service": "api", "path": "/orders", "query": {"page": "${ page.number }"}}
    shop = Shop(model_of(action("read", paginate=paging, request=request)))

    problem = raised(shop)

    assert isinstance(problem, DefinitionError)
    assert "`first` needs a list" in problem.message
    assert shop.sent == 0


@pytest.mark.plan("S-166")
@pytest.mark.parametrize("looked_up", [*({"orders": odd, "made": 1_750_000_000} for odd in (7, "x")), [], None])
def test_a_look_up_that_cannot_be_read_leaves_the_outcome_unknown(looked_up: Any) -> None:
    """The look-up is not the call: whatever it brings, the create may have happened."""
    reading = action("read") | {"action": "orders", "reply": {}}
    lookup = {
        "action": "orders", "inputs": {}, "made": "${ item.made }", "sent": {},
        "found": "${ reply.json.orders | first }",
    }  # fmt: skip
    answer = {"headers": {"Date": "Sun, 15 Jun 2025 15:06:40 GMT"}, "json": looked_up}
    shop = Shop(model_of(action("create", lookup=lookup, **NAMED), reading), {"error": "timeout"}, answer)

    problem = raised(shop)

    assert isinstance(problem, OutcomeUnknown)
    assert problem.identity == "name=n"


@pytest.mark.plan("S-167")
@pytest.mark.parametrize("effect", ["create", "update", "upsert", "delete"])
def test_a_write_that_is_done_stays_done_whatever_its_reply_looks_like(effect: str) -> None:
    """An output that cannot be made of the reply costs the output: what came is given, with a warning."""
    reply = {"ok": "${ reply.json.id is defined }", "output": {"said": "${ reply.json.message | lower }"}}
    shop = Shop(
        model_of(action(effect, reply=reply, examples=_example())), {"json": {"id": "7", "message": [1]}}
    )

    result = shop.run()

    assert (result.outcome, result.data) == ("done", {"id": "7", "message": [1]})
    assert "`lower` needs a text and was given a list" in result.warnings[0]


@pytest.mark.plan("S-167")
def test_records_that_were_written_stay_written_whatever_is_said_of_them() -> None:
    """The same for each record of many; what is no answer at all leaves its record unknown."""
    results = {"items": "${ reply.json.data }", "of": "${ [1, 2, 3] }", "ok": "${ item.ok }",
               "output": {"said": "${ item.message | lower }"}}  # fmt: skip
    reply = {"ok": "${ reply.json.data is list }", "results": results}
    model = model_of(action("upsert", reply=reply, examples=_example()))
    answers = [{"ok": True, "message": "A"}, {"ok": True, "message": 7.5}, "yes"]

    result = Shop(model, {"json": {"data": answers}}).run()

    assert result.data[:2] == [{"said": "a"}, answers[1]]
    assert [(entry["index"], entry["kind"]) for entry in result.failed] == [(2, "outcome_unknown")]
    assert "a text" in result.failed[0]["message"]
    assert len(result.warnings) == 1


@pytest.mark.plan("S-167")
@pytest.mark.parametrize("named", [None, "", [], {}, "absent"])
def test_a_yes_that_does_not_name_the_record_is_no_success(named: Any) -> None:
    """A create is done where its reply names what was made; otherwise it may be, and is looked up or asked for."""
    reply = {"ok": "${ reply.json.ok }", "identity": "${ reply.json.id }"}
    body = {"ok": True} | ({} if named == "absent" else {"id": named})
    shop = Shop(model_of(action("create", reply=reply, **NAMED)), {"status": 201, "json": body})

    problem = raised(shop)

    assert (problem.kind, problem.identity, shop.sent) == ("outcome_unknown", "name=n", 1)


@pytest.mark.plan("S-166")
def test_a_refused_delete_is_not_taken_for_done() -> None:
    """A server that breaks down with the words of a missing record has not said that it is gone."""
    errors = [{"when": "${ fault.code == 'gone' }", "kind": "not_found", "message": "Gone."}]
    shop = Shop(model_of(action("delete", errors=errors)), {"status": 503, "json": {"code": "gone"}})

    assert raised(shop).kind == "not_found"


def _example() -> dict[str, Any]:
    return {"one": {"label": "One", "inputs": {}, "reply": {"json": {"id": "7", "data": []}}}}


@pytest.mark.parametrize("given", [[1], "text", 5, {1}])
def test_inputs_that_are_no_map_are_said_to_be_none(given: Any) -> None:
    """They may come from a program that has read the wrong part of its JSON."""
    shop = Shop(model_of(action("read")))

    with pytest.raises(ConnectorError, match="needed as a map") as caught:
        shop.session.run("order", given)

    assert (caught.value.kind, shop.sent) == ("input", 0)


@pytest.mark.parametrize("key", [None, 5, [], {}, b"order"])
def test_an_action_that_is_named_by_no_text_is_not_found(key: Any) -> None:
    """And a trigger likewise."""
    shop = Shop(model_of(action("read")))

    with pytest.raises(ConnectorError, match="There is no action called"):
        shop.session.run(key, {})
    with pytest.raises(ConnectorError, match="There is no trigger called"):
        shop.session.poll(key, {})


def test_a_deadline_may_have_any_number_of_digits() -> None:
    """It bounds nothing then."""
    shop = Shop(model_of(action("read")), {"status": 200, "json": {}})

    assert shop.session.run("order", {"name": "Rex"}, deadline_s=10**400).outcome == "done"
