"""Files on records, and records on paper."""

from __future__ import annotations

import pytest

from .conftest import INVOICE, TABLE, refused

PDF = ("offer.pdf", b"%PDF-1.4 offer", "application/pdf")


def test_an_attachment_goes_up_and_comes_down_unchanged(api):
    """Any bytes, under the name it was uploaded by."""
    content = bytes(range(256)) * 40

    reply = api.post(
        f"/invoices/{INVOICE}/attachment", files={"attachment": ("a b.png", content, "image/png")}
    )
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
    for sent in (
        {"data": {"x": "y"}},
        {"json": {}},
        {"content": b"--x", "headers": {"Content-Type": "multipart/form-data"}},
    ):
        assert refused(api.post(f"/invoices/{INVOICE}/attachment", **sent)) == (400, 4)


def test_an_expense_has_a_receipt(api):
    """Under its own address and field name; office files may be attached."""
    body = {
        "account_id": "460000000000409",
        "paid_through_account_id": "460000000000361",
        "date": "2026-06-09",
        "amount": 1,
    }
    expense = api.post("/expenses", json=body).json()["expense"]["expense_id"]

    api.post(f"/expenses/{expense}/receipt", files={"receipt": PDF})
    reply = api.post(f"/expenses/{expense}/attachment", files={"attachment": ("b.xlsx", b"x", "")})

    assert api.get(f"/expenses/{expense}").json()["expense"]["expense_receipt_name"] == "offer.pdf"
    assert [one["file_name"] for one in reply.json()["documents"]] == ["offer.pdf", "b.xlsx"]


def test_a_document_is_read_linked_and_deleted(api, invoice):
    """A document of one record can be put on another."""
    api.post(f"/invoices/{INVOICE}/attachment", files={"attachment": PDF})
    (document,) = api.get(f"/invoices/{INVOICE}").json()["invoice"]["documents"]
    document_id = document["document_id"]
    other = invoice()["invoice_id"]

    assert api.get(f"/invoices/{INVOICE}/documents/{document_id}").content == PDF[1]
    assert refused(api.get(f"/invoices/{other}/documents/{document_id}")) == (404, 1002)
    api.post(f"/invoices/{other}/documents/{document_id}")
    assert api.get(f"/invoices/{other}/documents/{document_id}").status_code == 200
    api.delete(f"/invoices/{other}/documents/{document_id}")
    assert refused(api.get(f"/documents/{document_id}")) == (404, 1002)


# -- on paper ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [
        {"params": {"accept": "pdf"}},
        {"headers": {"Accept": "application/pdf"}},
        {"params": {"print": "true"}},
    ],
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
