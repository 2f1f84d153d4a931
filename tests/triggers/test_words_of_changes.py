"""What has happened to a record is a word, or the poll says that it does not know."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from components.petshop_server import PETSHOP
from connector_runtime import Component, ConnectorError
from connector_runtime.base.instants import instant_text
from triggers.odd_rows import BY_NUMBER, FRAME, NOON, PAGES, Rows, ids

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    """A vendor whose rows say themselves what has happened to them."""
    place = tmp_path / "petshop"
    shutil.copytree(PETSHOP, place)
    text = FRAME.format(key="kinds", query=BY_NUMBER, how=PAGES).replace("change: updated", "change: ${ item.kind }")
    (place / "triggers" / "kinds.yaml").write_text(text, encoding="utf-8")
    return Rows(Component.load(place))


@pytest.mark.parametrize("kind", [{}, {"kind": None}, {"kind": ""}, {"kind": 7}, {"kind": {"is": "new"}}])
def test_a_change_without_a_word_is_refused(rows: Rows, kind: dict[str, Any]) -> None:
    """An event says what has happened, or the poll says of which source and record it does not know."""
    state = rows.poll("kinds", "from the beginning").state
    rows.rows = [{"id": "r1", "at": instant_text(NOON), **kind}]

    for _ in range(2):  # it does not count as told
        with pytest.raises(ConnectorError, match="`rows` cannot be read: `change` of the record r1") as caught:
            rows.poll("kinds", state)

    assert (caught.value.kind, "default('updated')" in str(caught.value.hint)) == ("contract", True)
    rows.rows[0]["kind"] = "created"
    assert ids(rows.poll("kinds", state)) == ["r1"]
