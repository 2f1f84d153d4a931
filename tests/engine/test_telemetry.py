"""What a platform is told while a call goes on, and what a person reads in its log."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from connector_runtime.errors import ConnectorError
from connector_runtime.stores.budget import Budget
from engine.shop import SENT, Shop, action, model_of
from engine.test_shapes import misfits

DEBUGGED = {
    "inputs": {
        "debug": {"type": "boolean", "label": "Debug", "default": False},
        "name": {"type": "string", "label": "Name", "default": "n"},
        "retries": {"type": "integer", "label": "Retries", "default": 0},
        "exponential": {"type": "boolean", "label": "Exponential", "default": False},
        "anyError": {"type": "boolean", "label": "Any error", "default": False},
    }
}
BY_INPUT = {"debug": "${ inputs.debug }"}


def told(shop: Shop) -> list[tuple[str, str]]:
    """Return the kinds and outcomes of all events, each of which has its JSON shape."""
    assert [misfits(event.to_dict(), "event") for event in shop.events] == [[]] * len(shop.events)
    return [(event.kind, event.outcome) for event in shop.events]


def test_a_call_tells_its_start_and_its_end() -> None:
    """One start before anything is sent, one end after everything, of the same call."""
    shop = Shop(model_of(action("read")), SENT)
    shop.run()

    assert told(shop) == [("start", "started"), ("attempt", "done"), ("action", "done")]
    assert len({event.call_id for event in shop.events}) == 1


def test_a_wait_is_told_before_it_begins() -> None:
    """With its reason and its length: who watches sees why nothing happens."""
    shop = Shop(model_of(action("read")), {"status": 500}, SENT)
    shop.run(retries=1)

    assert told(shop) == [
        ("start", "started"), ("attempt", "server"), ("wait", "server"), ("attempt", "done"), ("action", "done"),
    ]  # fmt: skip
    assert shop.events[2].duration_s == pytest.approx(0.2)


def test_a_call_that_may_not_be_sent_tells_its_start_and_its_failure() -> None:
    """Every start has an end."""
    shop = Shop(model_of(action("create")), {"error": "timeout"})
    with pytest.raises(ConnectorError):
        shop.run()

    assert told(shop)[0] == ("start", "started")
    assert told(shop)[-1] == ("action", "outcome_unknown")


def test_a_wait_for_a_slot_is_told_with_its_length() -> None:
    """The second request in a minute that may have one: told once it is over, for nobody knew how long it takes."""
    services = {"api": {"url": "${ connection.site.api }/v1", "budget": {"requests": 1, "per": "60s"}}}
    shop = Shop(model_of(action("read"), services=services), SENT, SENT, budget=Budget())
    shop.run()
    shop.run()

    assert told(shop)[4] == ("wait", "budget")
    assert shop.events[4].duration_s == pytest.approx(60.0, abs=1.0)


def lines_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what an ordinary handler writes, a record each."""
    return [logging.Formatter("%(message)s").format(record) for record in caplog.records]


def debugged(caplog: pytest.LogCaptureFixture, *replies: Any, **inputs: Any) -> Shop:
    shop = Shop(model_of(action("update", **DEBUGGED), defaults=BY_INPUT), *replies)
    with caplog.at_level(logging.INFO, logger="connector_runtime"):
        shop.run(debug=True, **inputs)
    return shop


def test_a_log_is_read_with_an_ordinary_handler(caplog: pytest.LogCaptureFixture) -> None:
    """Request line, headers, status and body stand in the text itself; the secret does not."""
    debugged(caplog, SENT)

    request, attempt, reply = lines_of(caplog)
    assert request.splitlines()[0] == "order request PUT https://api.example.com/v1/orders?n=n"
    assert any(line.startswith("    X-Key: Secret(") for line in request.splitlines())
    assert attempt.startswith("order attempt number=1 why=first certainty=answered status=200")
    assert reply.splitlines()[0] == "order reply status=200"
    assert reply.splitlines()[-1] == '    {"id":"7"}'
    assert "shop-key-123456" not in caplog.text


def test_the_same_stands_in_the_record_as_data(caplog: pytest.LogCaptureFixture) -> None:
    """For handlers that write JSON."""
    shop = debugged(caplog, SENT)

    records = [record.connector for record in caplog.records]  # type: ignore[attr-defined]
    assert [one["event"] for one in records] == ["request", "attempt", "reply"]
    assert {one["call"] for one in records} == {shop.events[0].call_id}
    assert records[2]["body"] == '{"id":"7"}'


def test_a_wait_stands_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Why, and how long."""
    debugged(caplog, {"status": 500}, SENT, retries=1)

    assert "order wait seconds=0.2 reason=server" in lines_of(caplog)


@pytest.mark.plan("S-309")
def test_a_reply_cannot_write_lines_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    """A line end in what the vendor says is written out, so nothing looks like another record."""
    with pytest.raises(ConnectorError):
        debugged(
            caplog, {"status": 200, "text": "fine\norder request GET https://elsewhere.example\x1b[2J\u2028."}
        )

    (body,) = (line for line in lines_of(caplog) if line.startswith("order reply"))
    assert body.splitlines()[-1] == "    fine\\norder request GET https://elsewhere.example\\x1b[2J\\u2028."


def test_nothing_is_made_for_a_log_that_nobody_reads(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the logger off, Debug Request redacts nothing and writes nothing."""
    monkeypatch.setattr("connector_runtime.conversation.call.readable", lambda _: pytest.fail("was made"))
    shop = Shop(model_of(action("update", **DEBUGGED), defaults=BY_INPUT), SENT)
    with caplog.at_level(logging.WARNING, logger="connector_runtime"):
        shop.run(debug=True)

    assert caplog.records == []
