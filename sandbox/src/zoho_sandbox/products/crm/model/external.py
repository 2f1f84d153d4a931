"""The header X-EXTERNAL: external ids in place of Zoho's ids.

``Contacts.External_Contact_ID`` names the record of the path;
``Contacts.Account_Name.External_Account_ID`` a lookup in the body;
``Events.What_Id->Accounts.External_Account_ID`` a lookup with several targets;
``Quotes.Product_Details.Product_Name.External_Product_ID`` a lookup in a row.

source: https://www.zoho.com/crm/developer/docs/api/v7/insert-records-ext.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.crm.model import store
from zoho_sandbox.products.crm.model.answers import Json, refuse, refuse_item

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zoho_sandbox.products.crm.model.schema import Field, Module
    from zoho_sandbox.products.crm.model.visit import Visit

# choice: the code is published, the sentence is not.
_UNKNOWN = "the external id given seems to be invalid"


@dataclass(frozen=True, slots=True)
class External:
    """What the header says about one module.

    ``own`` is the external field that names records of the module; ``lookups`` maps a
    lookup's API name to the external field of its target (None: any target module).
    """

    visit: Visit
    own: Field | None
    lookups: Mapping[str, tuple[str | None, str]]

    def lookup(self, api_name: str, value: Any, targets: Sequence[Module], json_path: str) -> str | None:
        """Return the id of the record a lookup's external value names, None without one.

        The external value wins over an id given beside it.

        Raises:
            ItemRefusedError: no record has that external value.
        """
        named = self.lookups.get(api_name)
        if named is None or not isinstance(value, dict) or value.get(named[1]) is None:
            return None
        module_name, field_name = named
        for module in targets:
            field = module.fields.get(field_name)
            if field is None or not field.external or module_name not in (None, module.api_name):
                continue
            found = holders(self.visit, module, field, value[field_name])
            if found:
                return str(found[0]["id"])
        details = {"api_name": field_name, "json_path": f"{json_path}.{field_name}"}
        raise refuse_item("INVALID_DATA", _UNKNOWN, details)


def external_of(visit: Visit, module: Module) -> External:
    """Read the header for a module; entries about other modules are left aside.

    Raises:
        RefusedError: an entry names a field that is no external field.
    """
    own: Field | None = None
    lookups: dict[str, tuple[str | None, str]] = {}
    header = visit.call.headers.get("x-external", "")
    for entry in filter(None, (part.strip() for part in header.split(","))):
        parts = entry.split(".")
        if parts[0] != module.api_name or len(parts) < 2:
            continue
        if len(parts) == 2:
            own = _external_field(module, parts[1])
        else:
            lookup, _, target = parts[-2].partition("->")
            lookups[lookup] = (target or None, parts[-1])
    return External(visit, own, _with_aliases(lookups))


def record_id(visit: Visit, module: Module, text: str) -> str:
    """Return the id a path segment means: itself, or that of an external value.

    Raises:
        RefusedError: INVALID_DATA, the header is there and no record has the value.
    """
    own = external_of(visit, module).own
    if own is None:
        return text
    found = holders(visit, module, own, text)
    if not found:
        raise refuse("INVALID_DATA", _UNKNOWN, {"api_name": own.api_name, "resource_path_index": 1})
    return str(found[0]["id"])


def item_id(external: External, module: Module, item: Json) -> str | None:
    """Return the id an item's external value stands for, None when the header is absent."""
    own = external.own
    if own is None or item.get(own.api_name) is None:
        return None
    found = holders(external.visit, module, own, item[own.api_name])
    if not found:
        raise refuse_item("INVALID_DATA", _UNKNOWN, {"api_name": own.api_name})
    return str(found[0]["id"])


def holders(visit: Visit, module: Module, field: Field, value: Any) -> list[Json]:
    """Return the records with a value in a keyed field that this user can mean.

    A user-based external value belongs to the user who made the record.
    """
    found = store.matches(visit.state, module, field, value)
    if field.external == "user":
        caller = visit.call.grant.user_id
        return [record for record in found if record["Created_By"]["id"] == caller]
    return found


def _external_field(module: Module, name: str) -> Field:
    field = module.fields.get(name)
    if field is None or not field.external:
        raise refuse("INVALID_DATA", _UNKNOWN, {"header_name": "X-EXTERNAL", "api_name": name})
    return field


def _with_aliases(
    lookups: Mapping[str, tuple[str | None, str]],
) -> dict[str, tuple[str | None, str]]:
    # The page's own example says "book" where the field is called Price_Book_Name.
    aliases = {"book": "Price_Book_Name", "product": "Product_Name"}
    return {**lookups, **{aliases[k]: v for k, v in lookups.items() if k in aliases}}
