"""Scopes: one family per module, one verb per method."""

from __future__ import annotations

import httpx
import pytest

from .conftest import CUSTOMER, TABLE, refused


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("ZohoBooks.settings.CREATE", "POST", "/items"),
        ("ZohoBooks.settings.UPDATE", "PUT", "/items"),
        ("ZohoBooks.settings.READ", "GET", "/items"),
        ("ZohoBooks.settings.UPDATE", "PUT", f"/items/{TABLE}"),
        ("ZohoBooks.settings.READ", "GET", f"/items/{TABLE}"),
        ("ZohoBooks.settings.DELETE", "DELETE", f"/items/{TABLE}"),
        ("ZohoBooks.settings.UPDATE", "PUT", f"/item/{TABLE}/customfields"),
        ("ZohoBooks.settings.CREATE", "POST", f"/items/{TABLE}/active"),
        ("ZohoBooks.settings.CREATE", "POST", f"/items/{TABLE}/inactive"),
        ("ZohoBooks.contacts.READ", "GET", "/contacts"),
        ("ZohoBooks.contacts.CREATE", "POST", f"/contacts/{CUSTOMER}/active"),
        ("ZohoBooks.debitnotes.READ", "GET", "/vendorcredits"),
        ("ZohoBooks.accountants.READ", "GET", "/journals"),
        ("ZohoBooks.banking.READ", "GET", "/bankaccounts"),
        ("ZohoBooks.projects.READ", "GET", "/projects"),
        ("ZohoBooks.custommodules.ALL", "GET", "/cm_debtor"),
        ("ZohoBooks.custommodules.ALL", "POST", "/cm_debtor"),
    ],
)
def test_a_call_needs_exactly_its_scope(api_for, scope, method, path):
    """With the scope it is not refused as 57; with every other verb of all families it is."""
    family = scope.split(".")[1]
    others = [
        f"ZohoBooks.{name}.{verb}"
        for name in ("settings", "contacts", "debitnotes", "accountants", "banking", "projects", "invoices")
        for verb in ("CREATE", "READ", "UPDATE", "DELETE")
        if f"ZohoBooks.{name}.{verb}" != scope
    ]

    assert api_for(scopes=(scope,)).request(method, path, json={}).status_code != 401
    assert api_for(scopes=(f"ZohoBooks.{family}.ALL",)).request(method, path, json={}).status_code != 401
    reply = api_for(scopes=tuple(others)).request(method, path, json={})
    assert refused(reply) == (401, 57)
    assert reply.json()["message"] == "You are not authorized to perform this operation"


def test_full_access_covers_everything(api_for):
    """ZohoBooks.fullaccess.all, in any spelling of case."""
    assert api_for(scopes=("zohobooks.FULLACCESS.ALL",)).get("/journals").status_code == 200


def test_crm_scopes_are_worth_nothing_here(api_for):
    """The product is part of the scope."""
    assert refused(api_for(scopes=("ZohoCRM.modules.ALL",)).get("/contacts")) == (401, 57)


def test_a_missing_or_wrong_token_is_code_14(url):
    """One text for every reason."""
    for headers in ({}, {"Authorization": "Zoho-oauthtoken nonsense"}):
        reply = httpx.get(f"{url}/books/v3/contacts", headers=headers)
        assert refused(reply) == (401, 14)
