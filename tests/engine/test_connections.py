"""A connection is taken as platforms hand it over, whatever they take for a name."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from connector_runtime.access.connections import Connection
from connector_runtime.errors import ConnectorError


def deep() -> list[Any]:
    """Return a list that no recursion reaches the end of."""
    nested: list[Any] = []
    for _ in range(5_000):
        nested = [nested]
    return nested


class Wordless:
    """What has no text."""

    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.plan("S-226")
@pytest.mark.parametrize("name", ["a tenant", 42, UUID(int=7), Decimal("1.50")])
def test_a_connection_may_be_named_by_what_has_a_text(name: Any) -> None:
    """Platforms number their tenants; the text of the number is the name."""
    assert Connection.from_dict({"key": "k", "name": name}).name == str(name)


@pytest.mark.plan("S-226")
@pytest.mark.parametrize("member", ["name", "configVarKey"])
@pytest.mark.parametrize("name", [10**5_000, deep(), Wordless()], ids=["many digits", "deep", "wordless"])
def test_a_connection_without_a_name_that_can_be_written(name: Any, member: str) -> None:
    """It is refused in our words, and the caller can handle it as every other refusal."""
    with pytest.raises(ConnectorError) as caught:
        Connection.from_dict({"key": "k", member: name})

    assert (caught.value.kind, caught.value.hint) == ("config", "Give a short name.")
    assert caught.value.__context__ is None
