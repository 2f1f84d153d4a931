"""Every published operation can be called and answers with its own status and message."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from zoho_sandbox.products.books.rules.catalogue import Module, Operation, catalogue

from .conftest import CUSTOMER, DELIVERY, INVOICE, OFFICE_ACCOUNT, ORGANIZATION, VENDOR

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from zoho_sandbox import Sandbox

PDF = {"attachment": ("a.pdf", b"%PDF-1.4", "application/pdf")}
# Answered by what else is there: their own tests show them.
ELSEWHERE = {
    "applied_add", "applied_list", "applied_remove", "credits_apply", "credit_remove", "payment_remove",
    "statement_import", "statement_delete", "timer_stop", "timer_running", "from_order", "line_delete",
    "child_get_any", "bill_pay", "organization_create", "payment_link", "documents_file",
}  # fmt: skip
JOURNAL_LINES = [
    {"account_id": "460000000000388", "debit_or_credit": "debit", "amount": 5},
    {"account_id": "460000000000409", "debit_or_credit": "credit", "amount": 5},
]
KNOWN = {
    "customer_id": CUSTOMER,
    "contact_id": CUSTOMER,
    "vendor_id": VENDOR,
    "invoice_id": INVOICE,
    "item_id": DELIVERY,
    "taxes": "460000000019001",
    "currency_id": "460000000000099",
    "amount": 5,
    "reference_invoice_id": INVOICE,
    "account_id": OFFICE_ACCOUNT,
    "paid_through_account_id": OFFICE_ACCOUNT,
}


# What a call brings along, by the name of its handler; most bring their documented body.
EXTRA = {
    "create": "record",
    "singleton_save": "record",
    "unique": "unique",
    "bulk_update": "many",
    "bulk_set": "ids",
    "bulk_delete": "ids",
    "bulk_pdf": "ids",
    "details": "ids",
    "custom_fields_set": "custom_fields",
    "attachment_get": "uploaded",
    "attachment_delete": "uploaded",
    "attachment_add": "upload",
    "attachment_preference": "preference",
    "clone": "copy",
    "child_create": "child",
    "crm_import": "crm",
}


class Caller:
    """Makes records and calls operations with what these need."""

    def __init__(self, api: httpx.Client, sandbox: Sandbox) -> None:
        self.api = api
        self.sandbox = sandbox
        self._n = count(1)

    def body(self, specs: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self.value(name, spec) for name, spec in specs.items() if spec.get("required")}

    def value(self, name: str, spec: Mapping[str, Any]) -> Any:
        if name == "project_id":
            return self.make(catalogue().modules["projects"])
        fixed = {**KNOWN, "currency_code": f"X{next(self._n)}"}
        if name in fixed:
            return fixed[name]
        if "in" in spec:
            return spec["in"][0]
        return "2026-06-09" if name.endswith("date") else self.value_of_kind(name, spec)

    def value_of_kind(self, name: str, spec: Mapping[str, Any]) -> Any:
        kind, inner = spec.get("type", "string"), spec.get("of", {})
        if kind == "array":
            return [self.body(inner)] if inner else ["x"]
        if kind == "object":
            return {one: self.value(one, about) for one, about in inner.items()}
        return {"integer": 1, "number": 1, "boolean": True}.get(kind, f"{name} {next(self._n)}")

    def record_body(self, module: Module) -> dict[str, Any]:
        body = self.body(module.fields)
        if module.name in ("journals", "recurring_journals"):
            body["line_items"] = JOURNAL_LINES
        elif module.has_totals:
            body["line_items"] = [{"item_id": DELIVERY, "quantity": 2, "rate": 10}]
        return {**body, "contact_id": CUSTOMER} if module.name == "contact_persons" else body

    def make(self, module: Module) -> str:
        """Make a record of a module; return its id."""
        if module.name in ("organizations", "crm_integration", "unpublished"):
            return ORGANIZATION
        if module.name == "registers":
            return "460000000000388"
        path = "/cm_debtor" if module.name == "custom_modules" else module.path
        reply = self.api.post(path, json=self.record_body(module))
        assert reply.status_code in (200, 201), (module.name, reply.text)
        kind = "cm_debtor" if module.name == "custom_modules" else module.name
        return self.sandbox.state.ids(f"books/{ORGANIZATION}/{kind}")[-1]

    def call(self, operation: Operation) -> httpx.Response:
        """Call an operation on a new record, with all it needs."""
        module = operation.module
        is_on_record = "{" in operation.template and operation.do not in ("free_update", "free_delete")
        record = self.make(module) if is_on_record or operation.do.startswith("bulk") else ""
        if operation.do in ("persons_of", "person_of"):
            record = CUSTOMER
        ids = [record] if is_on_record else []
        ids += self.second_id(operation, record)
        extra = self.extra(operation, record)
        return self.api.request(operation.method, self.path(operation, ids), **extra)

    def path(self, operation: Operation, ids: list[str]) -> str:
        left = iter(["cm_debtor", *ids] if operation.module.name == "custom_modules" else ids)
        parts = operation.template.split("/")
        return "/".join(next(left, "1") if part.startswith("{") else part for part in parts)

    def second_id(self, operation: Operation, record: str) -> list[str]:
        """Return the id of a child or document where the path names one."""
        owner = f"{operation.module.path}/{record}"
        if operation.do in ("child_get", "child_update", "child_delete", "child_set", "address_mark"):
            return [self.child(operation, owner, record)]
        if operation.do == "address_update":
            return [self.child(operation, owner, record, kind="addresses")]
        if operation.do in ("free_update", "free_delete"):
            create = next(
                one
                for one in catalogue().operations
                if one.do == "free_create" and one.options["kind"] == operation.options["kind"]
            )
            reply = self.api.post(create.template, json={"name": "x"})
            return [reply.json()[create.options["key"]][create.options["id"]]]
        if operation.do.startswith("document_"):
            uploads = [
                one
                for one in catalogue().operations
                if one.module == operation.module and one.do == "attachment_add"
            ]
            upload = min(uploads, key=lambda one: one.template.count("{")) if uploads else None
            address = f"{owner}/attachment" if upload else f"/invoices/{INVOICE}/attachment"
            assert self.api.post(address, files=PDF).json()["code"] == 0
            return [self.sandbox.state.ids(f"books/{ORGANIZATION}/documents")[-1]]
        if operation.do == "person_of":
            return [self.make(operation.module)]
        return []

    def child(self, operation: Operation, owner: str, record: str, *, kind: str = "") -> str:
        kind = kind or operation.options.get("kind", "addresses")
        create = next(
            one
            for one in catalogue().operations
            if one.module == operation.module and one.do == "child_create" and one.options["kind"] == kind
        )
        reply = self.api.post(self.path(create, [record]), json=self.child_body(create))
        assert reply.json()["code"] == 0, reply.text
        return self.sandbox.state.ids(f"books/{ORGANIZATION}/{operation.module.name}/{kind}", parent=record)[
            -1
        ]

    def child_body(self, operation: Operation) -> dict[str, Any]:
        body = self.body(operation.options.get("body", {}))
        return {**body, "amount": 1} if operation.options["kind"] == "refunds" else body

    def extra(self, operation: Operation, record: str) -> dict[str, Any]:
        """Return body, query and files of the call."""
        build = getattr(self, f"extra_{EXTRA.get(operation.do, 'body')}")
        found: dict[str, Any] = build(operation, record)
        return found

    def extra_body(self, operation: Operation, record: str) -> dict[str, Any]:
        specs = operation.options.get("body")
        has_body = specs and operation.method in ("POST", "PUT")
        return {"json": self.body(specs)} if has_body else {}

    def extra_record(self, operation: Operation, record: str) -> dict[str, Any]:
        return {"json": self.record_body(operation.module)}

    def extra_unique(self, operation: Operation, record: str) -> dict[str, Any]:
        path, body = operation.module.path, self.record_body(operation.module)
        names = {"X-Unique-Identifier-Key": "cf_unique_cf", "X-Unique-Identifier-Value": "u"}
        assert self.api.put(path, json=body, headers={**names, "X-Upsert": "true"}).status_code == 201
        return {"json": {}, "headers": names}

    def extra_many(self, operation: Operation, record: str) -> dict[str, Any]:
        return {"json": [{operation.module.id: record}]}

    def extra_ids(self, operation: Operation, record: str) -> dict[str, Any]:
        module = catalogue().modules[operation.options.get("module", operation.module.name)]
        return {"params": {f"{module.id}s": record or self.make(module), "organization_id": ORGANIZATION}}

    def extra_custom_fields(self, operation: Operation, record: str) -> dict[str, Any]:
        return {"json": [{"label": "Colour", "value": "red"}]}

    def extra_uploaded(self, operation: Operation, record: str) -> dict[str, Any]:
        field = operation.options["field"]
        self.api.post(f"{operation.module.path}/{record}/{field}", files={field: PDF["attachment"]})
        return {}

    def extra_upload(self, operation: Operation, record: str) -> dict[str, Any]:
        return {"files": PDF}

    def extra_preference(self, operation: Operation, record: str) -> dict[str, Any]:
        return {"params": {"can_send_in_mail": "true", "organization_id": ORGANIZATION}}

    def extra_copy(self, operation: Operation, record: str) -> dict[str, Any]:
        return {"json": {"project_name": f"Copy {next(self._n)}"}}

    def extra_child(self, operation: Operation, record: str) -> dict[str, Any]:
        return {"json": self.child_body(operation)}

    def extra_crm(self, operation: Operation, record: str) -> dict[str, Any]:
        names = {"Account_Name": "A", "Full_Name": "B", "Vendor_Name": "C", "Product_Name": "D"}
        for kind in ("Accounts", "Contacts", "Vendors", "Products"):
            self.sandbox.state.put(f"crm/{kind}", ORGANIZATION, names)
        return {}


def operations(module: str) -> list[Operation]:
    return [one for one in catalogue().operations if one.module.name == module and one.do not in ELSEWHERE]


@pytest.mark.parametrize("module", sorted(catalogue().modules))
def test_every_operation_of_a_module_answers(api, sandbox, module):
    """With the published (or recorded) status and message, never with a defect."""
    caller = Caller(api, sandbox)
    sandbox.settings["books.allow_duplicate_item_names"] = True

    wrong = []
    for operation in operations(module):
        reply = caller.call(operation)
        said = reply.json() if "json" in reply.headers["Content-Type"] else {"code": 0}
        if reply.status_code != operation.status or said["code"] != 0:
            wrong.append((operation.method, operation.template, operation.do, reply.status_code, said))

    assert wrong == []


def test_all_modules_and_operations_are_there():
    """49 modules; every published operation, those that share a path counted once."""
    found = catalogue()

    assert len(found.modules) == 50  # with the calls that nobody published
    assert len(found.operations) > 830
    assert sum(one.has_unique_value for one in found.modules.values()) == 15
    assert {one.do for one in found.operations} >= ELSEWHERE


def test_every_message_is_data():
    """The recorded messages win over the documented ones."""
    said = {f"{one.method} {one.template}": one.say for one in catalogue().operations}

    assert said["POST /estimates"] == "The quote has been created."
    assert said["POST /bills"] == "The bill has been created."
    assert said["PUT /customerpayments/{payment_id}"] == (
        "The details of the payment received from the customer have been updated"
    )
