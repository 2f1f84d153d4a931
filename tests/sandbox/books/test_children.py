"""What belongs to a record: comments, persons, addresses, tasks, rates."""

from __future__ import annotations

import pytest

from .conftest import CUSTOMER, INVOICE, refused

PDF = ("offer.pdf", b"%PDF-1.4 offer", "application/pdf")


@pytest.fixture
def project(api):
    """A project of the customer."""
    body = {"project_name": "Fair", "customer_id": CUSTOMER, "billing_type": "based_on_task_hours"}
    return api.post("/projects", json=body).json()["project"]["project_id"]


def test_comments_are_added_changed_and_deleted(api):
    """Each knows who wrote it and when."""
    url = f"/invoices/{INVOICE}/comments"

    made = api.post(url, json={"description": "Called"}).json()["comment"]
    api.put(f"{url}/{made['comment_id']}", json={"description": "Called twice"})

    (listed,) = api.get(url).json()["comments"]
    assert listed == {**made, "description": "Called twice"}
    assert listed["commented_by"] == "Patricia Boyle"
    assert api.delete(f"{url}/{made['comment_id']}").json()["message"] == "The comment has been deleted."
    assert api.get(url).json()["comments"] == []


def test_comments_of_contacts_have_their_own_key(api):
    """As documented."""
    api.post(f"/contacts/{CUSTOMER}/comments", json={"description": "Nice"})

    assert [
        one["description"] for one in api.get(f"/contacts/{CUSTOMER}/comments").json()["contact_comments"]
    ] == ["Nice"]


def test_a_child_is_found_under_its_own_record_only(api, invoice):
    """Under another, or under none, it is unknown."""
    made = api.post(f"/invoices/{INVOICE}/comments", json={"description": "x"}).json()["comment"][
        "comment_id"
    ]
    other = invoice()["invoice_id"]

    assert refused(api.delete(f"/invoices/{other}/comments/{made}")) == (404, 1002)
    assert refused(api.get("/invoices/460000000999999/comments")) == (404, 1002)


def test_children_go_with_their_record(api, invoice):
    """Nothing is left in the state."""
    made = invoice()["invoice_id"]
    api.post(f"/invoices/{made}/comments", json={"description": "x"})
    api.post(f"/invoices/{made}/attachment", files={"attachment": PDF})

    api.delete(f"/invoices/{made}")

    assert api.get("/documents").json()["documents"] == []


# -- persons and addresses ---------------------------------------------------------------


def test_a_contacts_persons_come_with_it(api):
    """The first is the primary one and lends the contact its name and mail."""
    persons = [{"first_name": "Ann", "email": "ann@example.com"}, {"first_name": "Bob"}]

    made = api.post("/contacts", json={"contact_name": "Duo", "contact_persons": persons}).json()["contact"]

    assert [one["is_primary_contact"] for one in made["contact_persons"]] == [True, False]
    assert (made["first_name"], made["email"]) == ("Ann", "ann@example.com")
    assert made["primary_contact_id"] == made["contact_persons"][0]["contact_person_id"]


def test_persons_are_records_of_their_own(api):
    """Created, made primary, changed and deleted by their own calls; the contact follows."""
    body = {"contact_id": CUSTOMER, "first_name": "Zoe", "email": "zoe@example.com"}
    made = api.post("/contacts/contactpersons", json=body)
    person = made.json()["contact_person"]["contact_person_id"]

    assert made.status_code == 201
    api.post(f"/contacts/contactpersons/{person}/primary")
    assert api.get(f"/contacts/{CUSTOMER}").json()["contact"]["email"] == "zoe@example.com"
    api.put(f"/contacts/contactpersons/{person}", json={"email": "z@example.com"})
    assert api.get(f"/contacts/{CUSTOMER}").json()["contact"]["email"] == "z@example.com"
    listed = api.get(f"/contacts/{CUSTOMER}/contactpersons").json()["contact_persons"]
    assert {one["first_name"] for one in listed} == {"Will", "Zoe"}
    one = api.get(f"/contacts/{CUSTOMER}/contactpersons/{person}").json()["contact_person"]
    assert one["first_name"] == "Zoe"
    api.delete(f"/contacts/contactpersons/{person}")
    assert len(api.get(f"/contacts/{CUSTOMER}").json()["contact"]["contact_persons"]) == 1


def test_a_list_of_persons_replaces_the_old_one(api):
    """Known ones change, new ones join, absent ones go."""
    (will,) = api.get(f"/contacts/{CUSTOMER}").json()["contact"]["contact_persons"]
    kept = {"contact_person_id": will["contact_person_id"], "last_name": "Smythe"}

    both = api.put(f"/contacts/{CUSTOMER}", json={"contact_persons": [kept, {"first_name": "Eve"}]})
    names = [(one["first_name"], one["last_name"]) for one in both.json()["contact"]["contact_persons"]]
    assert names == [("Will", "Smythe"), ("Eve", "")]

    one = api.put(f"/contacts/{CUSTOMER}", json={"contact_persons": [{"first_name": "Eve"}]})
    assert [row["first_name"] for row in one.json()["contact"]["contact_persons"]] == ["Eve"]


def test_a_person_needs_a_contact(api):
    """One that exists."""
    assert refused(api.post("/contacts/contactpersons", json={"first_name": "Zoe"})) == (400, 4)
    lost = {"first_name": "Zoe", "contact_id": "460000000999999"}
    assert refused(api.post("/contacts/contactpersons", json=lost)) == (400, 1002)


def test_addresses_are_two_of_the_contact_and_any_more(api):
    """All can be changed by id; an additional one can become the billing address."""
    url = f"/contacts/{CUSTOMER}/address"
    made = api.post(url, json={"address": "Dock 4", "city": "Oakland"}).json()["address_info"]
    billing = api.get(url).json()["addresses"][0]

    assert len(api.get(url).json()["addresses"]) == 3
    api.put(f"{url}/{billing['address_id']}", json={"city": "Dublin"})
    assert api.get(f"/contacts/{CUSTOMER}").json()["contact"]["billing_address"]["city"] == "Dublin"
    api.post(f"{url}/{made['address_id']}/markasbilling")
    assert api.get(f"/contacts/{CUSTOMER}").json()["contact"]["billing_address"]["address"] == "Dock 4"
    api.delete(f"{url}/{made['address_id']}")
    assert len(api.get(url).json()["addresses"]) == 2


def test_a_renamed_contact_is_renamed_everywhere(api):
    """On its transactions and in their lists."""
    api.put(f"/contacts/{CUSTOMER}", json={"contact_name": "Bowman Inc"})

    assert api.get(f"/invoices/{INVOICE}").json()["invoice"]["customer_name"] == "Bowman Inc"
    assert [one["customer_name"] for one in api.get("/invoices").json()["invoices"]] == ["Bowman Inc"]


# -- projects ------------------------------------------------------------------------------


def test_project_tasks_have_a_singular_list_key(api, project):
    """And page_context; users come without it."""
    task = api.post(f"/projects/{project}/tasks", json={"task_name": "Stand"}).json()["task"]
    api.post(f"/projects/{project}/users/invite", json={"user_name": "Ada", "email": "a@example.com"})

    tasks, users = api.get(f"/projects/{project}/tasks").json(), api.get(f"/projects/{project}/users").json()

    assert [one["task_id"] for one in tasks["task"]] == [task["task_id"]]
    assert tasks["page_context"]["page"] == 1
    assert [one["user_name"] for one in users["users"]] == ["Ada"]
    assert "page_context" not in users


def test_time_is_entered_and_a_timer_runs(api, project):
    """One timer at a time can be read and stopped."""
    task = api.post(f"/projects/{project}/tasks", json={"task_name": "Stand"}).json()["task"]["task_id"]
    user = api.get("/users/me").json()["user"]["user_id"]
    body = {"project_id": project, "task_id": task, "user_id": user, "log_date": "2026-06-09"}
    entry = api.post("/projects/timeentries", json=body).json()["time_entry"]

    assert (entry["project_name"], entry["task_name"], entry["user_name"]) == (
        "Fair",
        "Stand",
        "Patricia Boyle",
    )
    assert refused(api.get("/projects/timeentries/runningtimer/me")) == (404, 5)
    api.post(f"/projects/timeentries/{entry['time_entry_id']}/timer/start")
    running = api.get("/projects/timeentries/runningtimer/me").json()["time_entry"]
    assert running["time_entry_id"] == entry["time_entry_id"]
    assert api.post("/projects/timeentries/timer/stop").json()["time_entry"]["is_timer_running"] is False


def test_a_project_is_cloned(api, project):
    """Under the new name."""
    copy = api.post(f"/projects/{project}/clone", json={"project_name": "Fair 2"}).json()["project"]

    assert copy["project_id"] != project
    assert (copy["project_name"], copy["customer_name"]) == ("Fair 2", "Bowman and Co")


def test_exchange_rates_belong_to_a_currency(api):
    """Made, read, changed, deleted."""
    url = "/settings/currencies/460000000000099/exchangerates"
    made = api.post(url, json={"rate": 1.1, "effective_date": "2026-06-09"})
    rate = made.json()["exchange_rate"]["exchange_rate_id"]

    assert made.status_code == 201
    assert api.get(f"{url}/{rate}").json()["exchange_rate"]["currency_code"] == "EUR"
    api.put(f"{url}/{rate}", json={"rate": 1.2})
    assert [one["rate"] for one in api.get(url).json()["exchange_rates"]] == [1.2]
    api.delete(f"{url}/{rate}")
    assert api.get(url).json()["exchange_rates"] == []


def test_custom_modules_have_records_of_their_own(api):
    """Under their API name; messages name the module; an unknown module is no route."""
    made = api.post("/cm_debtor", json={"record_name": "D-1"})
    record = made.json()["module_record"]["module_record_id"]

    assert made.json()["message"] == "debtor is created successfully"
    assert [one["record_name"] for one in api.get("/cm_debtor").json()["module_record"]] == ["D-1"]
    changed = api.put(f"/cm_debtor/{record}", json={"record_name": "D-2"})
    assert changed.json()["message"] == "debtor is updated successfully."
    assert api.delete(f"/cm_debtor/{record}").json()["code"] == 0
    assert refused(api.get("/cm_nothing")) == (404, 5)
    api.post("/settings/modules", json={"module_name": "Nothing", "plural_name": "Nothings"})
    assert api.get("/cm_nothing").status_code == 200
    assert refused(api.post("/settings/modules", json={"module_name": "nothing", "plural_name": "N"})) == (
        400,
        1001,
    )
