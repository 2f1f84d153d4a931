"""Null has one rule: JSON says it, a path refuses it, and query, headers and forms leave it out."""

from __future__ import annotations

from typing import Any

import pytest

from connector_runtime.errors import ConnectorError
from engine.shop import INPUTS, SENT, Shop, action, model_of

ROWS = {"rows": {"type": "keyvalue", "label": "Rows"}, "value": {"type": "any", "label": "Value"}}
NULLS = [{"key": "a", "value": None}, {"key": "b", "value": "1"}]
BODIES = ("json", "form", "multipart", "text", "bytes")


def shop(**request: Any) -> Shop:
    """Return a shop whose raw action sends what a test is about, given the input `rows` or `value`."""
    wanted = {"service": "api", "method": "POST", "path": "/orders", **request}
    return Shop(model_of(action("raw", inputs=INPUTS | ROWS, request=wanted)), SENT, SENT)


def form_of(done: Shop) -> str:
    """Return the body that went out."""
    return done.script.sent[0].body.preview(1000)


@pytest.mark.parametrize("given", [NULLS, {"a": None, "b": "1"}, [{"key": "b", "value": "1"}]])
def test_a_null_among_a_users_rows_is_left_out_of_query_headers_and_forms(given):
    """A row with null counts as a row that is not there, in all of them alike."""
    for place, request in {
        "query": {"query": {"...": "${ inputs.rows }"}},
        "headers": {"headers": {"...": "${ inputs.rows }"}},
        "form": {"body": {"form": {"...": "${ inputs.rows }"}}},
        "whole form": {"body": {"form": "${ inputs.rows }"}},
        "multipart": {"body": {"multipart": {"...": "${ inputs.rows }"}}},
    }.items():
        done = shop(**request)

        done.run(rows=given)

        (outgoing,) = done.script.sent
        said = {
            "query": outgoing.url.partition("?")[2] == "b=1",
            "headers": {name for name, _ in outgoing.headers} & {"a", "b"} == {"b"},
            "form": outgoing.body is not None and form_of(done) == "b=1",
            "multipart": outgoing.body is not None and form_of(done) == "b: 1",
        }
        assert said[place.split()[-1]], place


def test_null_takes_a_fixed_name_away_in_query_and_headers():
    """What comes later wins, null too: then the name is left out, however its header is spelled."""
    done = shop(query={"b": "0", "...": "${ inputs.rows }"}, headers={"X-A": "0", "...": "${ inputs.rows }"})

    done.run(rows={"x-a": None, "b": None})

    (outgoing,) = done.script.sent
    assert outgoing.url.endswith("/orders")
    assert "x-a" not in {name.lower() for name, _ in outgoing.headers}


def test_null_inside_a_list_is_left_out():
    """A list repeats its name for each value that there is."""
    done = shop(query={"a": "${ inputs.value }"}, headers={"X-A": "${ inputs.value }"})

    done.run(value=[None, "1", None, "2"])

    (outgoing,) = done.script.sent
    assert outgoing.url.endswith("?a=1&a=2")
    assert [value for name, value in outgoing.headers if name == "X-A"] == ["1", "2"]


def test_json_says_null():
    """A null in JSON is sent: it clears a field."""
    done = shop(body={"json": {"...": "${ inputs.rows }", "c": "${ none }"}})

    result = done.run(rows=NULLS)

    assert form_of(done).replace(" ", "") == '{"a":null,"b":"1","c":null}'
    assert not result.warnings


@pytest.mark.parametrize("place", ["form", "multipart"])
def test_a_null_in_a_form_is_told_of(place):
    """Whoever meant to clear a field learns that a form cannot say so, and what can be sent."""
    result = shop(body={place: {"...": "${ inputs.rows }"}}).run(rows=NULLS)

    (warning,) = result.warnings
    assert warning.startswith("`a` is null, which a form cannot say")
    assert "empty text" in warning


@pytest.mark.parametrize("form", BODIES)
def test_a_body_that_is_null_as_a_whole_is_none(form):
    """Only JSON sends it; elsewhere there is no body, and no text `None`."""
    done = shop(body={form: "${ none }"})

    done.run()

    assert done.script.sent[0].body is None or (form == "json" and form_of(done) == "null")


def test_a_query_and_headers_that_are_null_as_a_whole_are_empty():
    """A spread of null spreads nothing."""
    done = shop(query={"...": "${ none }", "b": "1"}, headers={"...": "${ none }"})

    done.run()

    assert done.urls == ["https://api.example.com/v1/orders?b=1"]


def test_null_in_a_path_is_refused():
    """A path without one of its pieces would lead elsewhere, so nothing is sent."""
    done = shop(path="/orders/${ inputs.rows.a if inputs.rows else 'none' }")

    with pytest.raises(ConnectorError, match="no value"):
        done.run(rows=NULLS)

    assert done.sent == 0
