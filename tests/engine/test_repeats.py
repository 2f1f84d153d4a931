"""A wait that does not fit is said, and a repeat that would add rows again is not sent."""

from __future__ import annotations

from typing import Any

import pytest

from connector_runtime.errors import ConnectorError
from engine.shop import SENT, Shop, action, model_of


@pytest.mark.plan("S-156")
@pytest.mark.parametrize("effect", ["read", "update"])
def test_a_wait_that_cannot_fit_is_said(effect: str) -> None:
    """The error names both figures, and when a repeat would make sense."""
    retry = {"retries": 3, "backoff": "constant", "delay": "400s", "on": ["server"]}
    shop = Shop(model_of(action(effect, retry=retry)), {"status": 503, "json": {}}, deadline_s=300.0)

    with pytest.raises(ConnectorError) as caught:
        shop.run()

    assert shop.sent == 1
    assert "due in 400 s" in caught.value.message
    assert "ends in 300 s" in caught.value.message
    assert caught.value.to_dict()["retryAt"] == "2025-06-15T15:13:20Z"


@pytest.mark.plan("S-153")
@pytest.mark.parametrize("effect", ["update", "upsert"])
@pytest.mark.parametrize(
    ("record", "is_new"),
    [
        ({"rows": [{"text": "new"}]}, True),
        ({"rows": [{"id": "1", "text": "old"}, {"text": "new"}]}, True),
        ({"rows": [{"id": "", "text": "new"}]}, True),
        ({"rows": [{"id": "1", "text": "old"}]}, False),
        ({"rows": []}, False),
        ({"rows": ["red", "blue"]}, False),
        ({"tags": [{"name": "calm"}]}, False),
        ({"owner": {"name": "Anna"}}, False),
    ],
    ids=[
        "a new row", "an old and a new one", "an empty id", "an old row", "no rows", "plain values",
        "a set", "a map",
    ],
)  # fmt: skip
@pytest.mark.parametrize("in_list", [False, True], ids=["one record", "many"])
def test_a_repeat_that_would_add_rows_again_is_not_sent(
    effect: str, record: dict[str, Any], is_new: bool, in_list: bool
) -> None:
    """Such a change counts as a create: after an unknown outcome it is looked at, not repeated."""
    model = model_of(
        action(
            effect,
            identity="name=${ inputs.name }",
            adds={"of": ["${ inputs.record }"], "unless": "id", "except": ["tags"]},
            inputs={**action(effect)["inputs"], "record": {"type": "any", "label": "Record"}},
            request={
                "service": "api", "method": "PUT", "path": "/orders", "query": {"n": "${ inputs.name }"},
                "body": {"json": "${ inputs.record }"},
            },
        )
    )  # fmt: skip
    shop = Shop(model, {"error": "disconnect"}, SENT)

    if is_new:
        with pytest.raises(ConnectorError) as caught:
            shop.run(record=[record] if in_list else record, retries=2)
        assert caught.value.kind == "outcome_unknown"
        assert "added again" in str(caught.value.hint)
    else:
        shop.run(record=[record] if in_list else record, retries=2)

    assert shop.sent == (1 if is_new else 2)
