"""Records of any module: created, read, changed, deleted, and refused."""

from __future__ import annotations

import json

import pytest

from .conftest import CUSTOMER, TABLE, refused

NOWHERE = "460000000999999"


def test_a_created_record_comes_back_with_its_place(api):
    """201, the live message, and the older path in Location."""
    reply = api.post("/contacts", json={"contact_name": "Nordic Lamps"})

    made = reply.json()["contact"]
    assert reply.status_code == 201
    assert reply.json()["code"] == 0
    assert reply.json()["message"] == "The contact has been added."
    assert reply.headers["Location"] == f"/api/v3/contacts/{made['contact_id']}"
    assert made["contact_type"] == "customer"
    assert made["status"] == "active"
    assert made["payment_terms_label"] == "Due on Receipt"
    assert made["billing_address"]["address_id"].isdigit()


def test_an_account_has_its_own_place(api):
    """The chart of accounts names another path in Location."""
    reply = api.post("/chartofaccounts", json={"account_name": "Freight", "account_type": "expense"})

    account = reply.json()["chart_of_account"]["account_id"]
    assert reply.headers["Location"] == f"/api/v3/chartofaccountdetails/{account}"


def test_ids_are_strings_of_digits_that_grow(api):
    """Every id begins with the organisation's prefix."""
    ids = [api.post("/items", json={"name": n, "rate": 1}).json()["item"]["item_id"] for n in "ab"]

    assert all(one.startswith("460") and one.isdigit() and len(one) == 15 for one in ids)
    assert ids == sorted(set(ids))


def test_no_reply_holds_null(api):
    """Empty values are empty text, lists, objects, false or zero."""
    reply = api.post("/contacts", json={"contact_name": "Nulls", "notes": None})

    assert ":null" not in reply.text


def test_an_update_keeps_what_it_does_not_name(api):
    """PUT with one field changes that field only."""
    before = api.get(f"/contacts/{CUSTOMER}").json()["contact"]

    reply = api.put(f"/contacts/{CUSTOMER}", json={"notes": "Prefers oak", "billing_address": {"zip": "1"}})

    after = reply.json()["contact"]
    assert reply.json()["message"] == "Contact information has been saved."
    assert after["notes"] == "Prefers oak"
    assert after["contact_name"] == before["contact_name"]
    assert after["billing_address"] == {**before["billing_address"], "zip": "1"}
    assert api.get(f"/contacts/{CUSTOMER}").json()["contact"] == after


def test_the_body_cannot_change_a_records_id(api):
    """An id in the body is not the record's id."""
    reply = api.put(f"/items/{TABLE}", json={"item_id": NOWHERE, "tax_id": ""})

    assert reply.json()["item"]["item_id"] == TABLE
    assert refused(api.get(f"/items/{NOWHERE}")) == (404, 1002)


def test_null_and_empty_text_both_empty_a_field(api):
    """Absent leaves it, null clears it, empty text clears it."""
    api.put(f"/items/{TABLE}", json={"description": "Eight seats"})

    cleared = api.put(f"/items/{TABLE}", json={"description": None}).json()["item"]

    assert cleared["description"] == ""
    assert cleared["sku"] == "OAK-6"


def test_a_deleted_record_is_gone(api):
    """Read, changed and deleted again it is unknown."""
    item = api.post("/items", json={"name": "Stool", "rate": 9}).json()["item"]["item_id"]

    reply = api.delete(f"/items/{item}")

    assert reply.json() == {"code": 0, "message": "The item has been deleted."}
    for method in ("GET", "PUT", "DELETE"):
        assert refused(api.request(method, f"/items/{item}", json={})) == (404, 1002)


def test_a_deleted_name_is_free_again(api):
    """What was unique can be used by the next record."""
    first = api.post("/contacts", json={"contact_name": "Twice"}).json()["contact"]["contact_id"]
    api.delete(f"/contacts/{first}")

    assert api.post("/contacts", json={"contact_name": "Twice"}).status_code == 201


@pytest.mark.parametrize(("kind", "said"), [("customer", "customer"), ("vendor", "vendor")])
def test_deleting_a_contact_names_its_type(api, kind, said):
    """The live message is about a customer, not a contact."""
    body = {"contact_name": "Gone", "contact_type": kind}
    contact = api.post("/contacts", json=body).json()["contact"]["contact_id"]

    assert api.delete(f"/contacts/{contact}").json()["message"] == f"The {said} has been deleted."


def test_unknown_ids_are_refused_by_their_form(api, sandbox):
    """Digits name an unknown record; anything else is no resource at all."""
    assert api.get(f"/invoices/{NOWHERE}").json() == {"code": 1002, "message": "Invoice does not exist."}
    assert refused(api.get("/invoices/abc")) == (404, 5)

    sandbox.settings["books.not_found_code"] = 2006
    assert refused(api.get(f"/invoices/{NOWHERE}")) == (404, 2006)


def test_an_unknown_route_is_an_invalid_url(api):
    """404 code 5."""
    assert api.get("/teapots").json() == {"code": 5, "message": "Invalid URL Passed"}
    assert refused(api.get("/invoices/1/teapots")) == (404, 5)


def test_a_wrong_method_names_the_right_ones(api):
    """405 with the Allow header."""
    reply = api.patch("/contacts", json={})

    assert refused(reply) == (405, 37)
    assert reply.headers["Allow"] == "DELETE, GET, OPTIONS, POST, PUT"


def test_a_body_may_come_as_form_field(api):
    """JSONString, urlencoded or multipart, as older clients send it."""
    text = json.dumps({"name": "Bench", "rate": 10.50})
    urlencoded = api.post("/items", data={"JSONString": text})
    multipart = api.post("/items", files={"JSONString": (None, text.replace("Bench", "Chair"))})

    assert urlencoded.status_code == multipart.status_code == 201
    assert urlencoded.json()["item"]["name"] == "Bench"
    assert multipart.json()["item"]["name"] == "Chair"


def test_bare_json_is_read_under_any_content_type(api):
    """As a command-line client sends it that was told nothing else."""
    for kind in ("application/x-www-form-urlencoded", "text/plain"):
        text = f'{{"name": "Bench {len(kind)}", "rate": 1}}'
        assert api.post("/items", content=text, headers={"Content-Type": kind}).status_code == 201


def test_options_names_the_methods(api):
    """Without doing anything."""
    reply = api.options("/items")

    assert (reply.status_code, reply.headers["Allow"]) == (200, "DELETE, GET, OPTIONS, POST, PUT")
    assert api.options("/teapots").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"content": b"{", "headers": {"Content-Type": "application/json"}},
        {"content": b'{"a": NaN}', "headers": {"Content-Type": "application/json"}},
        {"data": {"name": "Bench", "rate": "10"}},
        {"data": {"JSONString": "{name: Bench}"}},
    ],
)
def test_a_body_that_is_not_json_is_refused(api, body):
    """Code 1038, also for plain form pairs."""
    reply = api.post("/items", **body)

    assert reply.json() == {"code": 1038, "message": "JSON is not well formed"}
    assert reply.status_code == 400


def test_a_list_is_no_record(api):
    """A create wants one object."""
    assert refused(api.post("/items", json=[{"name": "Bench", "rate": 1}])) == (400, 4)


def test_a_refused_call_changes_nothing(api, sandbox):
    """Nothing is kept and the ledger names no effect."""
    contacts = api.get("/contacts").text
    before = {kind: n for kind, n in sandbox.state.kinds().items() if kind.startswith("books/")}

    api.post("/invoices", json={"customer_id": CUSTOMER, "line_items": [{"item_id": NOWHERE}]})

    after = {kind: n for kind, n in sandbox.state.kinds().items() if kind.startswith("books/")}
    assert after == before
    assert api.get("/contacts").text == contacts
    assert all(entry["effects"] == [] for entry in sandbox.ledger())


def test_the_ledger_names_what_a_call_did(api, sandbox):
    """Effect, kind, id and the name a person knows the record by."""
    contact = api.post("/contacts", json={"contact_name": "Ledger Ltd"}).json()["contact"]
    api.put(f"/contacts/{contact['contact_id']}", json={"notes": "x"})
    api.delete(f"/contacts/{contact['contact_id']}")

    effects = [effect for entry in sandbox.ledger() for effect in entry["effects"]]
    assert [(one["effect"], one["key"]) for one in effects] == [
        ("create", "Ledger Ltd"),
        ("update", "Ledger Ltd"),
        ("delete", "Ledger Ltd"),
    ]
    assert {one["id"] for one in effects} == {contact["contact_id"]}


def test_numbers_are_kept_digit_by_digit(api):
    """A rate of many digits comes back as it was sent, others get their cents."""
    long = "12345678901234567.123456789"
    text = f'{{"name":"Exact","rate":{long}}}'
    exact = api.post("/items", content=text, headers={"Content-Type": "application/json"})
    padded = api.post("/items", json={"name": "Round", "rate": 5})

    assert f'"rate":{long}' in exact.text
    assert f'"rate":{long}' in api.get(f"/items/{exact.json()['item']['item_id']}").text
    assert '"rate":5.00' in padded.text


def test_times_are_in_the_organisations_zone(api, sandbox):
    """ISO 8601 with offset and without colon, the date in the same zone."""
    sandbox.clock.set(1_780_000_000)
    sandbox.clock.freeze()

    made = api.post("/contacts", json={"contact_name": "Clock"}).json()["contact"]

    assert made["created_time"] == "2026-05-28T16:26:40-0400"
    assert made["created_date"] == "28 May 2026"


def test_replies_carry_the_headers_of_the_live_server(api):
    """JSON in UTF-8, never cached, allowed methods named."""
    headers = api.get("/contacts").headers

    assert headers["Content-Type"] == "application/json;charset=UTF-8"
    assert headers["Cache-Control"].startswith("no-store")
    assert headers["Allow"] == "DELETE, GET, OPTIONS, POST, PUT"
