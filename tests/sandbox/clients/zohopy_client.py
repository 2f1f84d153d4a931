"""zohopy as it is: what its own pages show, on every type of record."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from steps import INTEREST, OFFICE, SALES, TILL, Steps
from zohopy import SyncZohoClient, ZohoConfig
from zohopy.products.books import ZohoBooks

step = Steps()
fields = step.connection["fields"]
config = ZohoConfig(
    client_id=fields["clientId"],
    client_secret=fields["clientSecret"],
    refresh_token=step.connection["token"]["refresh_token"],
    organization_id=fields["organizationId"],
    data_center="us",
)
books = ZohoBooks(SyncZohoClient(config))


def made(name, resource, body, key, record_key):
    """Create, read, change and list a record; return it."""
    reply = step(f"create {name}", resource.create, body)
    record = (reply or {}).get(record_key, {})
    if record.get(key):
        step(f"read {name}", resource.get, record[key])
        step(f"list {name}", resource.list)
    return record


customer = made("contact", books.contacts, {"contact_name": "Zest Ltd"}, "contact_id", "contact")
vendor = made(
    "vendor", books.contacts, {"contact_name": "Wood Ltd", "contact_type": "vendor"}, "contact_id", "contact"
)
item = made("item", books.items, {"name": "Zest lamp", "rate": 20}, "item_id", "item")
sold = {"customer_id": customer["contact_id"], "line_items": [{"item_id": item["item_id"], "quantity": 2}]}
bought = {"vendor_id": vendor["contact_id"], "date": "2026-06-09"}
bought["line_items"] = [{"account_id": OFFICE, "name": "Paper", "rate": 5, "quantity": "3"}]
quote = made("estimate", books.estimates, sold, "estimate_id", "estimate")
step("send estimate", books.estimates.mark_sent, quote["estimate_id"])
step("accept estimate", books.estimates.mark_accepted, quote["estimate_id"])
order = made("sales order", books.sales_orders, sold, "salesorder_id", "salesorder")
step("open sales order", books.sales_orders.mark_open, order["salesorder_id"])
invoice = made("invoice", books.invoices, sold, "invoice_id", "invoice")
step("send invoice", books.invoices.mark_sent, invoice["invoice_id"])
step("comment invoice", books.invoices.add_comment, invoice["invoice_id"], {"description": "Thanks"})
step("mail of invoice", books.invoices.get_email_content, invoice["invoice_id"])
step("email invoice", books.invoices.email, invoice["invoice_id"], {"to_mail_ids": ["a@example.com"]})
step("change invoice", books.invoices.update, invoice["invoice_id"], {"notes": "Soon"})
paid = {"customer_id": customer["contact_id"], "payment_mode": "cash", "amount": 10, "date": "2026-06-09"}
paid["invoices"] = [{"invoice_id": invoice["invoice_id"], "amount_applied": 10}]
made("payment", books.customer_payments, paid, "payment_id", "payment")
step("payments of invoice", books.invoices.list_payments, invoice["invoice_id"])
credit = made("credit note", books.credit_notes, sold, "creditnote_id", "creditnote")
applied = {"invoices": [{"invoice_id": invoice["invoice_id"], "amount_applied": 5}]}
step("apply credit", books.credit_notes.apply_to_invoice, credit["creditnote_id"], applied)
purchase = made("purchase order", books.purchase_orders, bought, "purchaseorder_id", "purchaseorder")
step("open purchase order", books.purchase_orders.mark_open, purchase["purchaseorder_id"])
bill = made("bill", books.bills, {**bought, "bill_number": "B-9"}, "bill_id", "bill")
step("open bill", books.bills.mark_open, bill["bill_id"])
gone = {"vendor_id": vendor["contact_id"], "amount": 5, "paid_through_account_id": TILL, "date": "2026-06-09"}
gone["bills"] = [{"bill_id": bill["bill_id"], "amount_applied": 5}]
made("vendor payment", books.vendor_payments, gone, "payment_id", "vendorpayment")
spent = {"account_id": OFFICE, "paid_through_account_id": TILL, "amount": 7, "date": "2026-06-09"}
made("expense", books.expenses, spent, "expense_id", "expense")
lines = [{"account_id": SALES, "debit_or_credit": "debit", "amount": 3}]
lines += [{"account_id": INTEREST, "debit_or_credit": "credit", "amount": 3}]
made("journal", books.journals, {"journal_date": "2026-06-09", "line_items": lines}, "journal_id", "journal")
account = {"account_name": "Tools", "account_type": "expense"}
made("account", books.chart_of_accounts, account, "account_id", "chart_of_account")
bank = {"account_name": "Zest Bank", "account_type": "bank"}
made("bank account", books.bank_accounts, bank, "account_id", "bankaccount")
for name in ("currencies", "taxes", "users", "organizations", "projects"):
    step(f"list {name}", getattr(books, name).list)
step("idle item", books.items.mark_inactive, item["item_id"])
step("void invoice", books.invoices.void, invoice["invoice_id"])
