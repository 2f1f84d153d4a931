"""What interpreting an action costs without a call: inputs, request, judging, mapping."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import httpx
from kit.measure import Row, amount, cpu_us, show
from kit.sides import CREATED, component, connection

from connector_runtime.base.messages import Reply
from connector_runtime.conversation.exchange import converse
from connector_runtime.conversation.io_steps import Send

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS, CALLS = 15, 500
# Ten fields, each with a type in the record's schema.
TEN = {
    "name": "Hard Drive",
    "rate": 120,
    "description": "500 GB",
    "sku": "s12345",
    "product_type": "goods",
    "is_taxable": True,
    "unit": "pcs",
    "purchase_rate": 90,
    "purchase_account_id": "460000000034003",
    "item_type": "sales_and_purchases",
}
INPUTS = {"organizationId": "10234695", "recordType": "items", "fieldValues": TEN}


def rows() -> Iterator[Row]:
    """Hold the conversation of a create, its one reply given at once."""
    session = component().session(connection(1), transport=httpx.MockTransport(lambda _: httpx.Response(500)))
    reply = Reply(201, (("content-type", "application/json"),), CREATED, None, len(CREATED), 0.0)

    def interpret() -> None:
        conversation = converse(session._call("booksCreateRecord", INPUTS))
        step = next(conversation)
        assert isinstance(step, Send)
        try:
            conversation.send(reply)
        except StopIteration as end:
            if end.value.data["code"] != 0:
                raise RuntimeError from None

    cpu_us(interpret, CALLS)
    found = [cpu_us(interpret, CALLS) for _ in range(ROUNDS)]
    yield amount("interpretation alone, 10 fields", ("<=", 10), found, "µs CPU")


if __name__ == "__main__":
    sys.exit(show(rows()))
