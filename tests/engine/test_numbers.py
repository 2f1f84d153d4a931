"""Fractions that a service sends compute and lose nothing; with `exact` they keep every digit."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from connector_runtime.errors import ConnectionProblem, ConnectorError
from engine.shop import SENT, Shop, action, model_of
from engine.test_paging import listing
from engine.test_steps import steps_of

LONG = "0.1000000000000000055"
PRICES = f'{{"id": "7", "net": 35.00, "tax": 8.25, "rate": {LONG}, "tenth": 0.10, "count": 3}}'


def prices(*more: str, output: Any = None, numbers: str | None = None, **parts: Any) -> Shop:
    """Return a shop whose reply has prices of several kinds."""
    reply = {"output": output} if output is not None else {}
    replies = [{"status": 200, "text": text} for text in (PRICES, *more)]
    options = {"numbers": numbers} if numbers else {}
    return Shop(model_of(action("read", reply=reply, **parts)), *replies, **options)


def test_a_fraction_is_a_float_where_one_has_its_value() -> None:
    """What computes is a float, what no float holds keeps its digits, and whole numbers are whole."""
    data = prices().run().data

    assert {key: type(data[key]).__name__ for key in ("net", "tax", "rate", "count")} == {
        "net": "float", "tax": "float", "rate": "Decimal", "count": "int",
    }  # fmt: skip
    assert data["net"] + data["tax"] == 43.25
    assert data["rate"] == Decimal(LONG)


def test_exact_numbers_are_decimals_always() -> None:
    """A caller who adds up money asks for decimals, and zeros behind the point stay."""
    result = prices(numbers="exact").run()

    assert [repr(result.data[key]) for key in ("net", "tax")] == ["Decimal('35.00')", "Decimal('8.25')"]
    assert result.data["count"] == 3
    assert '"net":35.00,"tax":8.25' in result.to_json()


def test_what_an_expression_works_out_is_exact_too() -> None:
    """With `exact` no float comes out of an `output`."""
    output = {"sum": "${ reply.json.net + 0.5 }", "half": "${ 0.5 }", "all": ["${ reply.json.tax }"]}

    data = prices(output=output, numbers="exact").run().data

    assert data == {"sum": Decimal("35.50"), "half": Decimal("0.5"), "all": [Decimal("8.25")]}
    assert {type(one) for one in (data["sum"], data["half"], *data["all"])} == {Decimal}


def test_floats_and_decimals_are_added_and_compared_as_they_are_written() -> None:
    """Whatever holds a number, expressions take it for what stands in the reply."""
    output = {
        "sum": "${ reply.json.net + reply.json.rate }",
        "tenths": "${ 0.1 + 0.2 }",
        "less": "${ reply.json.rate > 0.1 and not reply.json.rate < 0.1 }",
        "same": "${ reply.json.tenth == inputs.tenth and 35.00 == reply.json.net and 35 in [reply.json.net] }",
    }

    inputs = {"tenth": {"type": "any", "label": "Tenth"}}

    data = prices(output=output, inputs=action("read")["inputs"] | inputs).run(tenth=Decimal("0.100")).data

    assert data == {"sum": Decimal("35.1000000000000000055"), "tenths": 0.3, "less": True, "same": True}


def test_the_json_shape_of_a_result_is_taken_by_any_writer() -> None:
    """`to_dict` has no decimals, and the one that no float holds is the text of its digits."""
    for numbers in ("float", "exact"):
        shape = json.loads(json.dumps(prices(numbers=numbers).run().to_dict()))

        assert shape["data"] == {"id": "7", "net": 35.0, "tax": 8.25, "rate": LONG, "tenth": 0.1, "count": 3}


def test_the_json_text_of_a_result_keeps_every_digit() -> None:
    """`to_json` writes a number as a number, however long."""
    assert f'"rate":{LONG}' in prices().run().to_json()
    assert f'\n    "rate": {LONG}' in prices().run().to_json(indent=2)


def test_bytes_in_a_result_are_base64_in_json() -> None:
    """A reply that is no text is written as inputs for files take it."""
    shop = Shop(model_of(action("read", reply={"as": "binary"})), {"status": 200, "text": "a\u00e9"})

    result = shop.run()

    assert result.to_dict()["data"] == {"base64": "YcOp"}
    assert json.loads(result.to_json())["data"] == {"base64": "YcOp"}


def test_a_page_has_a_json_shape() -> None:
    """Number, records, reply and where the next page is."""
    text = '{"orders": [{"net": 35.00}], "more": false}'
    shop = Shop(listing(), {"status": 200, "text": text}, numbers="exact")

    page = next(iter(shop.session.pages("order")))

    assert page.items == [{"net": Decimal("35.00")}]
    data = {"orders": [{"net": 35.0}], "more": False}
    assert page.to_dict() == {"number": 1, "items": data["orders"], "data": data, "next": None}
    assert '"items":[{"net":35.00}]' in page.to_json()


def test_an_error_has_a_json_shape_without_decimals() -> None:
    """The details of a refusal are numbers that any writer takes."""
    rules = [
        {
            "when": "${ fault.code == 'limit' }",
            "kind": "validation",
            "message": "Too much.",
            "details": "${ fault }",
        }
    ]
    model = model_of(action("read", errors=rules))
    shop = Shop(
        model, {"status": 400, "text": f'{{"code": "limit", "most": 35.00, "rate": {LONG}}}'}, numbers="exact"
    )

    with pytest.raises(ConnectorError) as caught:
        shop.run()

    assert caught.value.details == {"code": "limit", "most": Decimal("35.00"), "rate": Decimal(LONG)}
    details = json.loads(json.dumps(caught.value.to_dict()))["details"]
    assert details == {"code": "limit", "most": 35.0, "rate": LONG}
    assert str(caught.value.to_dict(exact=True)["details"]["most"]) == "35.00"


def test_an_event_of_telemetry_has_a_json_shape() -> None:
    """What a hook is told can be written down as it is."""
    shop = prices()
    shop.run()

    shapes = [json.loads(json.dumps(event.to_dict())) for event in shop.events]

    assert [shape["kind"] for shape in shapes] == ["start", "attempt", "action"]
    assert {
        "tenant",
        "action",
        "callId",
        "durationS",
        "outcome",
        "sentBytes",
        "receivedBytes",
        "retries",
    } <= set(shapes[0])


@pytest.mark.parametrize("given", ["decimal", None, True, []])
def test_a_wrong_word_for_numbers_is_refused_when_the_session_is_opened(given: Any) -> None:
    """Nobody computes with other numbers than were asked for."""
    with pytest.raises(ConnectionProblem, match="neither `float` nor `exact`"):
        Shop(model_of(action("read")), numbers=given)


@pytest.mark.parametrize("numbers", ["float", "exact"])
def test_a_call_is_taken_up_with_the_same_number_however_it_is_held(numbers: str) -> None:
    """Inputs are bound by their values: 35.00 as a text, a decimal and a float are one."""
    inputs = {"net": {"type": "number", "label": "Net"}, "more": {"type": "object", "label": "More"}}
    order = steps_of("create", "update")
    model = model_of({**order, "inputs": order["inputs"] | inputs})
    shop = Shop(model, SENT, {"error": "connect"}, numbers=numbers)
    with pytest.raises(ConnectorError) as caught:
        shop.run(net="35.00", more='{"rate": 0.50}')

    for net, more in (
        ("35.0", {"rate": 0.5}),
        (35.0, {"rate": Decimal("0.500")}),
        (Decimal(35), '{"rate": 0.5}'),
    ):
        again = Shop(model, SENT, numbers=numbers)
        resumed = again.session.run("order", {"net": net, "more": more}, resume=caught.value.resume)
        assert (resumed.outcome, again.sent) == ("done", 1)


def test_what_a_step_has_answered_keeps_its_digits_until_the_call_is_taken_up() -> None:
    """A later step, in another process, computes with the number that came."""
    order = steps_of("create", "update")
    first, second = order["steps"]
    order["steps"][second]["request"]["query"] = {"net": f"${{ steps.{first}.json.net }}"}
    model = model_of(order)
    for numbers, sent in (("float", "35.0"), ("exact", "35.00")):
        shop = Shop(
            model, {"status": 200, "text": '{"id": "7", "net": 35.00}'}, {"error": "connect"}, numbers=numbers
        )
        with pytest.raises(ConnectorError) as caught:
            shop.run()

        again = Shop(model, SENT, numbers=numbers)
        again.session.run("order", {}, resume=caught.value.resume)

        assert again.urls[0].endswith(f"?net={sent}")
