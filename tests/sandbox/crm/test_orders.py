"""Lists and queries walk records in an order that is kept: it must be the order of sorting them anew."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from zoho_sandbox.core.orders import Order
from zoho_sandbox.core.state import State

from .asking import coql, create, listed, ok

if TYPE_CHECKING:
    import httpx

    from zoho_sandbox import Sandbox


def test_an_order_is_kept_through_any_changes() -> None:
    """After thousands of writes, deletions and moves to another parent it is what a sort would give."""
    state, chance = State(), random.Random(5)
    kept: dict[str, tuple[str, str]] = {}
    for step in range(3000):
        record_id, parent = str(chance.randrange(300)), chance.choice(["", "converted"])
        with state.transaction():
            if chance.random() < 0.2:
                state.delete("k", record_id)
                kept.pop(record_id, None)
            else:
                value = str(chance.randrange(50))
                state.put("k", record_id, {"id": record_id, "at": value}, parent=parent)
                kept[record_id] = (value, parent)
        if step % 50 == 0:
            assert state.order("k", "at").keys == sorted((value, one) for one, (value, _) in kept.items())
            assert state.order("k", "at", parent="").keys == sorted(
                (value, one) for one, (value, whose) in kept.items() if whose == ""
            )


def test_what_was_rolled_back_is_not_in_an_order() -> None:
    """A refused request leaves the order as it was."""
    state = State()
    with state.transaction():
        state.put("k", "1", {"at": "b"})
    assert state.order("k", "at").keys == [("b", "1")]

    def refuse() -> None:
        with state.transaction():
            state.put("k", "1", {"at": "z"})
            state.put("k", "2", {"at": "a"})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        refuse()

    assert state.order("k", "at").keys == [("b", "1")]


def test_a_record_without_the_value_is_in_its_place() -> None:
    """Its key is the text of null; nothing is lost from a list."""
    order = Order("at", None, [("1", None), ("2", "A")])
    order.put("3", {}, "")

    assert [record_id for _, record_id in order.keys] == ["2", "1", "3"]


@pytest.fixture
def crowd(sandbox: Sandbox, crm: httpx.Client) -> list[dict[str, Any]]:
    """Leads of three seconds, some of one second, changed again in another order."""
    made = []
    for n in range(30):
        if n % 7 == 0:
            sandbox.clock.advance(1)
        made += create(crm, "Leads", {"Last_Name": f"Lead {n % 4}", "Company": "C"})
    for n in (3, 11, 12, 29):
        if n != 12:
            sandbox.clock.advance(1)
        ok(crm.put(f"/Leads/{made[n]}", json={"data": [{"Company": "D"}]}))
    return coql(
        crm, "select Last_Name, Created_Time, Modified_Time from Leads where Company in ('C', 'D') limit 200"
    )


CRITERIA = (
    "id is not null",
    "Last_Name = 'Lead 1'",
    "Modified_Time > '{at}'",
    "Modified_Time >= '{at}' and Last_Name != 'Lead 2'",
    "(Modified_Time > '{at}' or (Modified_Time = '{at}' and id > '{id}'))",
    "Modified_Time between '{early}' and '{at}'",
    "(id < '{id}' and Modified_Time <= '{at}')",
    "(Created_Time = '{early}' or id = '{id}')",
)
ORDERS: dict[str, Any] = {
    "": lambda row: int(row["id"]),
    "order by id desc": lambda row: -int(row["id"]),
    "order by Modified_Time asc": lambda row: (row["Modified_Time"], int(row["id"])),
    "order by Modified_Time asc, id asc": lambda row: (row["Modified_Time"], int(row["id"])),
    "order by Created_Time asc, id asc": lambda row: (row["Created_Time"], int(row["id"])),
}


@pytest.mark.parametrize("criteria", CRITERIA)
def test_a_query_is_answered_as_if_all_were_read(
    crm: httpx.Client, crowd: list[dict[str, Any]], criteria: str
) -> None:
    """Every order, in pages of seven, gives the rows that the criteria mean, none twice."""
    middle, early = crowd[len(crowd) // 2], min(row["Created_Time"] for row in crowd)
    where = criteria.format(at=middle["Modified_Time"], id=middle["id"], early=early)
    columns = "select Last_Name, Created_Time, Modified_Time from Leads"
    # Downwards with equal times upwards no order is kept for: this one reads all.
    whole = coql(crm, f"{columns} where ({where}) order by Modified_Time desc, Created_Time asc limit 200")

    for order, key in ORDERS.items():
        rows: list[dict[str, Any]] = []
        while page := coql(crm, f"{columns} where ({where}) {order} limit {len(rows)}, 7"):
            rows += page
        assert rows == sorted(whole, key=key)


def test_a_list_goes_downwards_and_upwards(crm: httpx.Client, crowd: list[dict[str, Any]]) -> None:
    """By token and by number alike; the second way is the first one turned round."""
    ids = [row["id"] for row in crowd]
    for by in ("id", "Created_Time", "Modified_Time"):
        up = listed(crm, "Leads", sort_by=by, sort_order="asc", per_page=200)
        down = listed(crm, "Leads", sort_by=by, sort_order="desc", per_page=200)
        assert up == down[::-1]
        assert set(ids) <= set(up)
        paged: list[str] = []
        for page in range(1, 6):
            paged += listed(crm, "Leads", sort_by=by, sort_order="desc", per_page=13, page=page)
        assert paged == down
