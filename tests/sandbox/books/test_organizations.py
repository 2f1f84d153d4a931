"""Which organisation a call is about."""

from __future__ import annotations

import pytest

from .conftest import ORGANIZATION, OTHER_ORGANIZATION, refused

SINGLE = "111111000000044800"


def test_the_list_needs_no_organisation_and_has_no_page_context(client):
    """Both organisations of the user, one of them the default."""
    body = client("/books/v3").get("/organizations").json()

    assert set(body) == {"code", "message", "organizations"}
    shown = [(one["organization_id"], one["is_default_org"]) for one in body["organizations"]]
    assert shown == [(ORGANIZATION, True), (OTHER_ORGANIZATION, False)]
    assert body["organizations"][0]["currency_id"] == "460000000000097"
    assert "id_prefix" not in body["organizations"][0]


def test_a_user_with_several_must_name_one(client):
    """400, in the vendor's words."""
    reply = client("/books/v3").get("/contacts")

    assert reply.status_code == 400
    assert "belongs to multiple organizations" in reply.json()["message"]


def test_a_user_with_one_need_not_name_it(client):
    """The only organisation is meant."""
    reply = client("/books/v3", user_id=SINGLE).get("/contacts")

    assert reply.status_code == 200
    assert [one["contact_name"] for one in reply.json()["contacts"]][:1] == ["Bowman and Co"]


@pytest.mark.parametrize("path", ["/contacts", "/organizations"])
def test_a_foreign_organisation_is_refused(client, path):
    """400 code 6041 with the id in the text, before anything else is looked at."""
    reply = client("/books/v3").get(path, params={"organization_id": "999"})

    assert refused(reply) == (400, 6041)
    assert reply.json()["message"].endswith("CompanyID/CompanyName:999.")


def test_another_users_organisation_is_foreign(client):
    """Membership decides, not existence."""
    reply = client("/books/v3", user_id=SINGLE).get(
        "/contacts", params={"organization_id": OTHER_ORGANIZATION}
    )

    assert refused(reply) == (400, 6041)


def test_organisations_share_nothing(api_for):
    """A record, a name and an id of one are unknown to the other."""
    here, there = api_for(), api_for(OTHER_ORGANIZATION)
    made = here.post("/contacts", json={"contact_name": "Here Only"}).json()["contact"]

    assert there.get(f"/contacts/{made['contact_id']}").status_code == 404
    twin = there.post("/contacts", json={"contact_name": "Here Only"}).json()["contact"]
    assert twin["contact_id"].startswith("461")
    assert twin["currency_code"] == "EUR"


def test_a_header_may_name_the_organisation(client):
    """Some clients send it so."""
    headers = {"X-com-zoho-books-organizationid": OTHER_ORGANIZATION}

    contacts = client("/books/v3").get("/contacts", headers=headers).json()["contacts"]

    assert [one["contact_name"] for one in contacts] == ["Lumen Studio"]


def test_an_organisation_is_opened_with_its_books(client):
    """Its creator belongs to it; accounts and currencies are there from birth."""
    body = {"name": "New Co", "currency_code": "GBP", "time_zone": "Europe/London", "portal_name": "newco"}
    books = client("/books/v3")

    reply = books.post("/organizations", json=body)

    made = reply.json()["organization"]
    where = {"organization_id": made["organization_id"]}
    assert reply.status_code == 201
    assert made["currency_symbol"] == "£"
    accounts = books.get("/chartofaccounts", params=where).json()["chartofaccounts"]
    assert "Accounts Receivable" in {one["account_name"] for one in accounts}
    assert len(books.get("/organizations").json()["organizations"]) == 3


def test_an_organisation_is_changed(api):
    """What the body does not name stays."""
    reply = api.put(f"/organizations/{ORGANIZATION}", json={"name": "Bowman Oak"})

    assert reply.json()["organization"]["name"] == "Bowman Oak"
    assert api.get(f"/organizations/{ORGANIZATION}").json()["organization"]["time_zone"] == "America/New_York"


def test_users_of_an_organisation_are_those_of_the_sandbox(api):
    """And one of them is the caller."""
    users = api.get("/users").json()["users"]

    assert {one["email"] for one in users} == {"patricia.boyle@example.com", "daniel.okafor@example.com"}
    assert api.get("/users/me").json()["user"]["email"] == "patricia.boyle@example.com"


def test_an_invited_user_comes_back_without_a_record(api):
    """The reply says that the invitation was sent, no more."""
    reply = api.post("/users", json={"name": "Ada", "email": "ada@example.com"})

    assert reply.json() == {"code": 0, "message": "Your invitation has been sent."}
    invited = [one for one in api.get("/users").json()["users"] if one["email"] == "ada@example.com"]
    assert [one["status"] for one in invited] == ["invited"]
