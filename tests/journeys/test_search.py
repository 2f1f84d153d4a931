"""Searches with values of strangers: whatever stands in a value, only the records that have it are found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from connector_runtime import Session

NAMES = (
    "Boyle",
    "Boyle (senior)",
    "Boyle) or (id:not_equal:1",
    "O'Neil, Ada",
    "back\\",
    "back\\)and(Last_Name:equals:Boyle",
    "comma, comma",
    "100% & more + plus",
)


@pytest.fixture
def leads(sandbox: Any, session: Session) -> dict[str, str]:
    """Plant one lead a name; return their ids by name."""
    for leftover in sandbox.state.ids("crm/Leads"):
        sandbox.state.delete("crm/Leads", leftover)
    records = [{"Last_Name": name, "Company": "Acme"} for name in NAMES]
    session.run("crmRawRequest", {"method": "POST", "url": "/Leads", "data": {"data": records}})
    listed = session.run("crmGetRecords", {"recordType": "Leads", "fields": ["Last_Name"]}).data["data"]
    return {record["Last_Name"]: record["id"] for record in listed}


def found(session: Session, *conditions: dict[str, Any], **more: Any) -> set[str]:
    """Return the names of the leads that a search finds."""
    inputs = {"recordType": "Leads", "fields": ["Last_Name"], "conditions": list(conditions), **more}
    return {record["Last_Name"] for record in session.run("crmSearchRecords", inputs).data["data"]}


@pytest.mark.parametrize("name", NAMES)
def test_a_value_is_found_whatever_stands_in_it(session: Session, leads: dict[str, str], name: str) -> None:
    """Brackets, commas, backslashes and words of the query are part of the value."""
    assert name in leads

    assert found(session, {"field": "Last_Name", "operator": "in", "value": [name]}) == {name}


def test_a_value_cannot_widen_the_search(session: Session, leads: dict[str, str]) -> None:
    """What would end the condition and open another one finds the one lead that is called so."""
    name = "Boyle) or (id:not_equal:1"
    assert len(leads) == len(NAMES)

    one = {"field": "Last_Name", "operator": "equals", "value": name}
    other = {"field": "Company", "operator": "equals", "value": "Acme"}

    assert found(session, one, other) == {name}


def test_several_values_and_either_condition(session: Session, leads: dict[str, str]) -> None:
    """A list of values and the choice between all and any come out as the vendor reads them."""
    assert leads
    some = {"field": "Last_Name", "operator": "in", "value": ["O'Neil, Ada", "comma, comma"]}
    last = {"field": "Last_Name", "operator": "starts_with", "value": "100%"}
    none = {"field": "Company", "operator": "equals", "value": "Nobody"}

    assert found(session, some, last, none, match="or") == {"O'Neil, Ada", "comma, comma", "100% & more + plus"}
    assert found(session, some, last, none) == set()
