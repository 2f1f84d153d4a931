"""arcade-zoho-books-api as it is: its tools with a context of ours, under a Bearer token."""

import asyncio
import inspect
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from arcade_zoho_books_api import tools
from steps import OFFICE, Steps

step = Steps()
ORGANIZATION = step.connection["fields"]["organizationId"]
# Addresses no page of Zoho's has, and tools that cannot do without ids they call optional.
ELSEWHERE = {"list_customer_debit_notes", "export_print_sales_orders", "export_sales_orders_pdf"}
ELSEWHERE |= {"get_current_running_timer"}


class Context:
    """What the tools ask of the platform that runs them."""

    def get_secret(self, name):
        """Return where Zoho is."""
        return "https://www.zohoapis.com"

    def get_auth_token_or_empty(self):
        """Return the token."""
        return step.connection["token"]["access_token"]


def organization_of(tool):
    """Return the tool's arguments for the organisation, under the name it has there."""
    names = inspect.signature(tool).parameters
    return {name: ORGANIZATION for name in names if "organization" in name}


def is_plain_list(name, tool):
    """Say whether a tool reads and needs nothing but an organisation."""
    if name in ELSEWHERE or not inspect.iscoroutinefunction(tool) or name.startswith("make_"):
        return False
    needed = inspect.signature(tool).parameters.values()
    left = [one.name for one in needed if one.default is one.empty and one.name != "context"]
    reads = 'method="GET"' in inspect.getsource(tool)
    return reads and all("organization" in one for one in left)


def run(name, tool, **values):
    """Run a tool and return the reply's record."""
    reply = step(name, lambda: loop.run_until_complete(tool(Context(), **organization_of(tool), **values)))
    body = (reply or {}).get("response_json") or {}
    return next((one for one in body.values() if isinstance(one, dict)), {})


def make(name, body):
    """Run a tool that creates."""
    tool = getattr(tools, name)
    return run(name, tool, mode=tools.ToolMode.EXECUTE, request_body=json.dumps(body))


loop = asyncio.new_event_loop()
for name, tool in sorted(vars(tools).items()):
    if is_plain_list(name, tool):
        run(name, tool)
customer = make("create_business_contact", {"contact_name": "Zest Ltd"})
vendor = make("create_business_contact", {"contact_name": "Wood Ltd", "contact_type": "vendor"})
item = make("create_new_zoho_item", {"name": "Zest lamp", "rate": 20})
sold = {"customer_id": customer["contact_id"], "line_items": [{"item_id": item["item_id"], "quantity": 2}]}
for name in ("create_customer_invoice", "create_sales_order", "create_customer_estimate"):
    make(name, sold)
bought = [{"account_id": OFFICE, "rate": 5, "quantity": "3"}]
make(
    "create_vendor_purchase_order",
    {"vendor_id": vendor["contact_id"], "date": "2026-06-09", "line_items": bought},
)
