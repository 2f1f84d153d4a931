"""The vendor's own examples, replayed: same request, same reply."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import ORGANIZATION

EXAMPLES = yaml.safe_load(Path(__file__).with_name("examples.yaml").read_text("utf-8"))


def assert_within(expected: Any, actual: Any, where: str = "reply") -> None:
    """Every printed key and value is in the reply; lists agree entry by entry."""
    if isinstance(expected, dict):
        for name, value in expected.items():
            assert name in actual, f"{where} has no {name}"
            assert_within(value, actual[name], f"{where}.{name}")
    elif isinstance(expected, list) and expected:
        for order, value in enumerate(expected):
            assert_within(value, actual[order], f"{where}[{order}]")
    else:
        assert actual == expected, where


@pytest.mark.parametrize("example", EXAMPLES, ids=[one["name"] for one in EXAMPLES])
def test_an_example_is_answered_as_printed(client, sandbox, example):
    """Status, message, and every key that the page shows."""
    if "given" in example:
        sandbox.plant({"books": {ORGANIZATION: {"records": example["given"]}}})
    call, books = example["call"], client("/books/v3")
    query = {"organization_id": ORGANIZATION, **call.get("query", {})}
    if call["path"] == "/organizations":
        query = {}

    reply = books.request(
        call["method"],
        call["path"],
        params={name: value for name, value in query.items() if value},
        headers=call.get("headers", {}),
        json=example.get("body"),
    )

    assert reply.status_code == example["status"], reply.text
    for name, value in example.get("headers", {}).items():
        assert reply.headers[name] == value
    if "reply" in example:
        assert_within(example["reply"], reply.json())
