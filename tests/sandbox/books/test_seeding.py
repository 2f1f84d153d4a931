"""The Books part of a seed document."""

from __future__ import annotations

import pytest

from zoho_sandbox import Sandbox

from .conftest import ORGANIZATION, books_seed, refused


def plant(sandbox, **part):
    """Plant a part for the default organisation."""
    sandbox.plant({"books": {ORGANIZATION: part}})


def test_a_planted_field_can_be_used_at_once(api, sandbox):
    """Also as unique identifier; several modules may be named together."""
    plant(sandbox, custom_fields={"tasks vendor_credits": [{"api_name": "cf_origin"}]})

    task = api.post("/tasks", json={"title": "Saw", "custom_fields": [{"label": "Origin", "value": "x"}]})

    assert task.json()["task"]["cf_origin"] == "x"


def test_a_field_planted_again_is_replaced(api, sandbox):
    """It keeps its id and index."""
    before = api.get("/settings/fields", params={"entity": "item"}).json()["fields"]
    plant(sandbox, custom_fields={"items": [{"api_name": "cf_colour", "label": "Shade", "is_unique": True}]})

    after = api.get("/settings/fields", params={"entity": "item"}).json()["fields"]

    assert len(after) == len(before)
    (shade,) = [one for one in after if one["label"] == "Shade"]
    (colour,) = [one for one in before if one["label"] == "Colour"]
    assert (shade["customfield_id"], shade["index"]) == (colour["customfield_id"], colour["index"])
    assert shade["is_unique"] is True


def test_a_planted_record_keeps_its_id_status_and_times(api, sandbox):
    """What no request could set."""
    seeded = {"estimate_id": "77", "status": "accepted", "created_time": "2026-01-01T00:00:00-0500"}
    lines = {"customer_id": "460000000020001", "line_items": [{"name": "x", "rate": 1}]}

    plant(sandbox, records={"estimates": [{**seeded, **lines}]})

    shown = api.get("/estimates/77").json()["estimate"]
    assert {name: shown[name] for name in seeded} == seeded
    assert shown["total"] == 1


def test_an_organisation_can_be_described(api, sandbox):
    """What GET /organizations shows."""
    plant(sandbox, organization={"plan_name": "Elite", "country_code": "IN"})

    shown = api.get(f"/organizations/{ORGANIZATION}").json()["organization"]
    assert (shown["plan_name"], shown["country_code"]) == ("Elite", "IN")


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"recods": {}}, "recods"),
        ({"records": {"teapots": [{}]}}, "teapots"),
        ({"custom_fields": {"teapots": [{"api_name": "cf_x"}]}}, "teapots"),
        ({"custom_fields": {"items": [{"label": "X"}]}}, "starts with cf_"),
        ({"records": {"items": [{"name": "x"}]}}, "items: Invalid value passed for Rate"),
        ({"records": {"contacts": [{"contact_name": "Bowman and Co"}]}}, "already exists"),
    ],
)
def test_a_wrong_seed_is_refused_whole(sandbox, part, said):
    """With the reason, and nothing of it is kept."""
    before = sandbox.state.kinds()

    with pytest.raises(ValueError, match=said):
        plant(sandbox, **{"custom_fields": {"tasks": [{"api_name": "cf_a"}]}, **part})

    assert sandbox.state.kinds() == before


def test_an_unknown_organisation_is_refused(sandbox):
    """It has to be among the sandbox's organisations."""
    with pytest.raises(ValueError, match="no organisation '1'"):
        sandbox.plant({"books": {"1": {}}})


def test_a_unique_field_exists_on_all_fifteen_modules(api):
    """In the default seed, with one more that is not unique."""
    for entity in (
        "contact", "item", "estimate", "salesorder", "invoice", "recurring_invoice", "creditnote", "payment",
        "expense", "recurring_expense", "purchaseorder", "bill", "recurring_bill", "vendorpayment", "project",
    ):  # fmt: skip
        fields = api.get("/settings/fields", params={"entity": entity}).json()["fields"]
        unique = {one["api_name"]: one["is_unique"] for one in fields}
        assert unique["cf_external_id"], entity
        assert unique["cf_unique_cf"], entity
        assert not unique["cf_colour"], entity


def test_two_sandboxes_of_one_seed_are_alike():
    """The same ids in the same order."""
    first, second = (Sandbox(seed=books_seed()) for _ in range(2))

    kind = f"books/{ORGANIZATION}/invoices"
    assert first.state.get(kind, "460000000020201").keys() == second.state.get(kind, "460000000020201").keys()
    assert [first.state.ids(one) for one in first.state.kinds()] == [
        second.state.ids(one) for one in second.state.kinds()
    ]
    first.close()
    second.close()


def test_an_empty_sandbox_still_has_books(client, sandbox):
    """Accounts and currencies, but no records."""
    sandbox.reset("empty")
    books = client("/books/v3")
    books.params = {"organization_id": ORGANIZATION}

    assert books.get("/contacts").json()["contacts"] == []
    assert len(books.get("/settings/currencies").json()["currencies"]) == 10
    made = books.post("/contacts", json={"contact_name": "First"}).json()["contact"]
    headers = {"X-Unique-Identifier-Key": "cf_external_id", "X-Unique-Identifier-Value": "1"}
    assert made["contact_id"].startswith("460")
    assert refused(books.put("/contacts", json={}, headers=headers)) == (400, 6024)


def test_a_field_made_unique_late_finds_what_is_there(api, sandbox):
    """One owner is found; a value of several records is refused."""
    for name, colour in (("A", "red"), ("B", "blue"), ("C", "blue")):
        entry = [{"label": "Colour", "value": colour}]
        api.post("/items", json={"name": name, "rate": 1, "custom_fields": entry})
    plant(sandbox, custom_fields={"items": [{"api_name": "cf_colour", "is_unique": True}]})

    def put(colour):
        headers = {"X-Unique-Identifier-Key": "cf_colour", "X-Unique-Identifier-Value": colour}
        return api.put("/items", json={"rate": 2}, headers=headers)

    assert put("red").json()["item"]["name"] == "A"
    assert refused(put("blue")) == (400, 1001)


def test_custom_modules_are_planted_like_others(api, sandbox):
    """Their fields and their records, by API name."""
    fields = {"cm_debtor": [{"api_name": "cf_limit", "data_type": "number"}]}
    rows = [{"record_name": "D-1", "custom_fields": [{"api_name": "cf_limit", "value": 5}]}]

    plant(sandbox, custom_fields=fields, records={"cm_debtor": rows})

    (row,) = api.get("/cm_debtor").json()["module_record"]
    assert (row["record_name"], row["cf_limit_unformatted"]) == ("D-1", 5)
