"""What belongs to a record: comments, persons, addresses, tasks, rates, files."""

from __future__ import annotations

import pytest

from .conftest import CUSTOMER, DELIVERY, INVOICE, TABLE, refused

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

    assert [one["description"] for one in api.get(f"/contacts/{CUSTOMER}/comments").json()["contact_comments"]] == ["Nice"]


def test_a_child_is_found_under_its_own_record_only(api, invoice):
    """Under another, or under none, it is unknown."""
    made = api.post(f"/invoices/{INVOICE}/comments", json={"description": "x"}).json()["comment"]["comment_id"]
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

    assert (entry["project_name"], entry["task_name"], entry["user_name"]) == ("Fair", "Stand", "Patricia Boyle")
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
    assert refused(api.post("/settings/modules", json={"module_name": "nothing", "plural_name": "N"})) == (400, 1001)


# -- files ------------------------------------------------------------------------------------


def test_an_attachment_goes_up_and_comes_down_unchanged(api):
    """Any bytes, under the name it was uploaded by."""
    content = bytes(range(256)) * 40

    reply = api.post(f"/invoices/{INVOICE}/attachment", files={"attachment": ("a b.png", content, "image/png")})
    back = api.get(f"/invoices/{INVOICE}/attachment")

    assert reply.json()["message"] == "Your file has been successfully attached to the invoice."
    assert back.content == content
    assert back.headers["Content-Type"] == "image/png"
    assert back.headers["Content-Disposition"] == 'attachment; filename="a b.png"'
    shown = api.get(f"/invoices/{INVOICE}").json()["invoice"]
    assert shown["attachment_name"] == "a b.png"
    (document,) = shown["documents"]
    assert api.get(f"/documents/{document['document_id']}").content == content


def test_an_attachment_is_preferred_and_deleted(api):
    """Afterwards there is none."""
    url = f"/invoices/{INVOICE}/attachment"
    api.post(url, files={"attachment": PDF}, params={"can_send_in_mail": "true"})
    assert api.get(f"/invoices/{INVOICE}").json()["invoice"]["can_send_in_mail"] is True

    api.put(url, params={"can_send_in_mail": "false"})
    assert api.get(f"/invoices/{INVOICE}").json()["invoice"]["can_send_in_mail"] is False
    assert api.delete(url).json()["message"] == "Your file is no longer attached to the invoice."
    assert refused(api.get(url)) == (404, 5)
    assert refused(api.delete(url)) == (404, 5)


@pytest.mark.parametrize("name", ["virus.exe", "sheet.xls", "noname"])
def test_a_file_of_another_type_is_refused(api, name):
    """Pictures and PDF only; expenses take office files as well."""
    files = {"attachment": (name, b"x", "application/octet-stream")}

    assert refused(api.post(f"/invoices/{INVOICE}/attachment", files=files)) == (400, 1046)


def test_a_missing_file_is_refused(api):
    """No part, no multipart at all."""
    for sent in ({"data": {"x": "y"}}, {"json": {}}, {"content": b"--x", "headers": {"Content-Type": "multipart/form-data"}}):
        assert refused(api.post(f"/invoices/{INVOICE}/attachment", **sent)) == (400, 4)


def test_an_expense_has_a_receipt(api):
    """Under its own address and field name; office files may be attached."""
    body = {"account_id": "460000000000409", "paid_through_account_id": "460000000000361", "date": "2026-06-09", "amount": 1}
    expense = api.post("/expenses", json=body).json()["expense"]["expense_id"]

    api.post(f"/expenses/{expense}/receipt", files={"receipt": PDF})
    reply = api.post(f"/expenses/{expense}/attachment", files={"attachment": ("b.xlsx", b"x", "")})

    assert api.get(f"/expenses/{expense}").json()["expense"]["expense_receipt_name"] == "offer.pdf"
    assert [one["file_name"] for one in reply.json()["documents"]] == ["offer.pdf", "b.xlsx"]


def test_a_document_is_read_linked_and_deleted(api, invoice):
    """A document of one record can be put on another."""
    api.post(f"/invoices/{INVOICE}/attachment", files={"attachment": PDF})
    (document,) = api.get(f"/invoices/{INVOICE}").json()["invoice"]["documents"]
    id = document["document_id"]
    other = invoice()["invoice_id"]

    assert api.get(f"/invoices/{INVOICE}/documents/{id}").content == PDF[1]
    assert refused(api.get(f"/invoices/{other}/documents/{id}")) == (404, 1002)
    api.post(f"/invoices/{other}/documents/{id}")
    assert api.get(f"/invoices/{other}/documents/{id}").status_code == 200
    api.delete(f"/invoices/{other}/documents/{id}")
    assert refused(api.get(f"/documents/{id}")) == (404, 1002)


# -- on paper ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [{"params": {"accept": "pdf"}}, {"headers": {"Accept": "application/pdf"}}, {"params": {"print": "true"}}],
)
def test_a_transaction_comes_as_pdf(api, asked):
    """By parameter or by Accept header, named after its number."""
    reply = api.get(f"/invoices/{INVOICE}", **asked)

    assert reply.headers["Content-Type"] == "application/pdf;charset=UTF-8"
    assert reply.headers["Content-Disposition"] == 'attachment; filename="INV-000001.pdf"'
    assert reply.content.startswith(b"%PDF-")
    assert reply.content.rstrip().endswith(b"%%EOF")
    assert b"Oak Table" in reply.content


def test_a_transaction_comes_as_html_but_usually_as_json(api):
    """An Accept header that lists JSON first, or anything, means JSON."""
    assert api.get(f"/invoices/{INVOICE}", params={"accept": "html"}).text.startswith("<html>")
    for accept in ("*/*", "application/json, application/pdf"):
        reply = api.get(f"/invoices/{INVOICE}", headers={"Accept": accept})
        assert reply.headers["Content-Type"].startswith("application/json")
    assert api.get(f"/items/{TABLE}", params={"accept": "pdf"}).json()["code"] == 0


def test_several_transactions_come_as_one_pdf(api, invoice):
    """At most 25, named by ids."""
    ids = f"{INVOICE},{invoice()['invoice_id']}"

    assert api.get("/invoices/pdf", params={"invoice_ids": ids}).content.startswith(b"%PDF-")
    assert refused(api.get("/invoices/pdf")) == (400, 2)
    assert refused(api.get("/invoices/pdf", params={"invoice_ids": ",".join(["1"] * 26)})) == (400, 2)
    assert refused(api.get("/estimates/pdf")) == (400, 2)


# -- statuses and mails -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "status", "said"),
    [
        ("status/sent", "sent", "Invoice status has been changed to Sent."),
        ("status/void", "void", "Invoice status has been changed to Void."),
        ("submit", "pending_approval", "The invoice has been submitted for approval successfully."),
        ("approve", "approved", "You have approved the invoice."),
    ],
)
def test_a_status_call_changes_the_status(api, step, status, said):
    """With the recorded or documented message; no record comes back."""
    reply = api.post(f"/invoices/{INVOICE}/{step}")

    assert reply.json() == {"code": 0, "message": said}
    assert api.get(f"/invoices/{INVOICE}").json()["invoice"]["status"] == status
    assert api.get("/invoices", params={"status": status}).json()["invoices"]


def test_a_mailed_draft_counts_as_sent(api):
    """The first mail says that it was the first."""
    body = {"to_mail_ids": ["will.smith@example.com"]}

    first, second = (api.post(f"/invoices/{INVOICE}/email", json=body).json() for _ in range(2))

    assert first == {"code": 0, "message": "Your invoice has been sent.", "is_first_email": True}
    assert second["is_first_email"] is False
    shown = api.get(f"/invoices/{INVOICE}").json()["invoice"]
    assert (shown["status"], shown["is_emailed"]) == ("sent", True)
    assert refused(api.post(f"/invoices/{INVOICE}/email", json={})) == (400, 4)


def test_many_invoices_are_marked_at_once(api, invoice):
    """By ids in the query."""
    ids = [INVOICE, invoice()["invoice_id"]]

    api.post("/invoices/status/sent", params={"invoice_ids": ",".join(ids)})

    assert {one["status"] for one in api.get("/invoices").json()["invoices"]} == {"sent"}


def test_an_order_becomes_an_invoice(api):
    """And counts as invoiced."""
    body = {"customer_id": CUSTOMER, "line_items": [{"item_id": DELIVERY, "quantity": 2}]}
    order = api.post("/salesorders", json=body).json()["salesorder"]["salesorder_id"]

    reply = api.post("/invoices/fromsalesorder", params={"salesorder_id": order})

    assert (reply.status_code, reply.json()["invoice"]["total"]) == (201, 70)
    assert api.get(f"/salesorders/{order}").json()["salesorder"]["status"] == "invoiced"
    assert refused(api.post("/invoices/fromsalesorder")) == (400, 4)


def test_a_recurring_bill_is_reached_by_both_spellings(api):
    """With and without the underscore."""
    from .conftest import VENDOR

    body = {"vendor_id": VENDOR, "recurrence_name": "Rent", "start_date": "2026-06-09"}
    rhythm = {"repeat_every": 1, "recurrence_frequency": "months", "line_items": [{"name": "Rent", "rate": 9}]}
    made = api.post("/recurringbills", json={**body, **rhythm}).json()["recurring_bill"]["recurring_bill_id"]

    assert api.get(f"/recurring_bills/{made}").json() == api.get(f"/recurringbills/{made}").json()
    api.post(f"/recurringbills/{made}/status/stop")
    assert api.get(f"/recurringbills/{made}").json()["recurring_bill"]["status"] == "stopped"
    assert api.delete(f"/recurring_bills/{made}").status_code == 200


def test_a_bank_statement_becomes_transactions(api):
    """Uncategorised until somebody says what they are."""
    account = api.post("/bankaccounts", json={"account_name": "Chase", "account_type": "bank"}).json()
    id = account["bankaccount"]["account_id"]
    lines = [{"date": "2026-06-09", "debit_or_credit": "credit", "amount": 7.5, "payee": "Bowman"}]

    reply = api.post("/bankstatements", json={"account_id": id, "transactions": lines})

    (statement,) = api.get(f"/bankaccounts/{id}/statement/lastimported").json()["statement"]
    (line,) = statement["transactions"]
    assert reply.status_code == 201
    assert (line["status"], line["amount"]) == ("uncategorized", 7.5)
    api.post(f"/banktransactions/uncategorized/{line['transaction_id']}/exclude")
    found = api.get("/banktransactions", params={"filter_by": "Status.Excluded"}).json()["banktransactions"]
    assert [one["transaction_id"] for one in found] == [line["transaction_id"]]
    api.delete(f"/bankaccounts/{id}/statement/{statement['statement_id']}")
    assert api.get("/banktransactions").json()["banktransactions"] == []
    assert "Chase" in {one["account_name"] for one in api.get("/chartofaccounts").json()["chartofaccounts"]}
