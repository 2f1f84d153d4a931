"""pyzohoapi as it is: objects that are looked up, changed, made and deleted."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from pyzohoapi import ZohoBooks
from steps import Steps

step = Steps()
fields = step.connection["fields"]
api = ZohoBooks(
    fields["organizationId"],
    "us",
    client_id=fields["clientId"],
    client_secret=fields["clientSecret"],
    refresh_token=step.connection["token"]["refresh_token"],
)


def create(kind, **values):
    """Make an object of a kind."""
    thing = kind()
    for name, value in values.items():
        setattr(thing, name, value)
    return thing.Create()


def change(thing, **values):
    """Change an object and write it back."""
    for name, value in values.items():
        setattr(thing, name, value)
    thing.Update()
    assert all(getattr(thing, name) == value for name, value in values.items())


found = step("find contact", lambda: api.Contact(contact_name="Bowman and Co").First())
step("contact is loaded", lambda: [found.IsLoaded or 1 / 0, found.contact_name])
contact = step("create contact", create, api.Contact, contact_name="Zest Ltd")
step("change contact", change, contact, company_name="Zest")
step("idle contact", contact.Deactivate)
step("wake contact", contact.Activate)
step("billing address", change, contact, notes="n")
item = step("create item", create, api.Item, name="Zest lamp", rate=20)
lines = [{"item_id": item.ID, "quantity": 2}]
for name in ("Invoice", "SalesOrder"):
    kind = getattr(api, name)
    thing = step(f"create {name}", create, kind, customer_id=contact.ID, line_items=lines)
    step(f"change {name}", change, thing, notes="Soon")
    step(f"read {name}", lambda kind=kind, thing=thing: kind(thing.ID).Number or 1 / 0)
    step(f"list {name}", lambda kind=kind: [len(list(kind().Iter())) or 1 / 0])
vendor = step("create vendor", create, api.Contact, contact_name="Wood Ltd", contact_type="vendor")
bought = [{"item_id": item.ID, "rate": 5, "quantity": 2}]
step("create order", create, api.PurchaseOrder, vendor_id=vendor.ID, date="2026-06-09", line_items=bought)
for name in ("Contact", "Item", "PurchaseOrder", "CustomerPayment", "User"):
    step(f"walk {name}", lambda name=name: list(getattr(api, name)().Iter()))
lamp = step("create second item", create, api.Item, name="Zest shade", rate=5)
step("picture of an item", lamp.AddImage, "lamp.png", b"\x89PNG", "image/png")
step("delete item", lamp.Delete)
step("nothing is found", lambda: api.Contact("460000000999999").IsLoaded and 1 / 0)
