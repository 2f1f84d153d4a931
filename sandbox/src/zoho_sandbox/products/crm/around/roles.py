"""The contacts of a deal and the roles they play in it.

source: https://www.zoho.com/crm/developer/docs/api/v7/get-contact-roles-deal.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.model import paging, shelves, store
from zoho_sandbox.products.crm.model.answers import (
    INVALID_DATA,
    REQUIRED_FIELD,
    UNKNOWN_ID,
    UNKNOWN_RELATED_ID,
    Json,
    no_content,
    refuse,
    refuse_item,
    results,
    success,
)
from zoho_sandbox.products.crm.model.presenting import Presenter
from zoho_sandbox.products.crm.records import reading, records, related

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoho_sandbox.products.crm.model.visit import Visit


def get_many(visit: Visit) -> Answer:
    """List the contacts of a deal, each with its role."""
    deal = _deal(visit)
    names = reading.field_names(visit)
    roles = related.roles(visit.state, deal["id"])
    contacts = visit.module("Contacts")
    found = [one for one in (store.find(visit.state, contacts, contact) for contact in roles) if one]
    if ids := visit.call.query.get("ids"):
        found = [one for one in found if one["id"] in ids.split(",")]
    sort = paging.sort_of(visit)
    chosen, info = paging.cut(visit, reading.keys_of(found, sort), sort)
    by_id = {one["id"]: one for one in found}
    rows = [_shown(visit, by_id[contact], names, roles[contact]) for contact in chosen]
    return Answer(200, {"data": rows, "info": info}) if rows else no_content()


def get_one(visit: Visit) -> Answer:
    """Return one contact of a deal with its role."""
    deal, contact_id = _deal(visit), visit.call.segments[3]
    roles = related.roles(visit.state, deal["id"])
    contact = store.find(visit.state, visit.module("Contacts"), contact_id)
    if contact is None or contact_id not in roles:
        return no_content()
    names = reading.field_names(visit)
    return Answer(200, {"data": [_shown(visit, contact, names, roles[contact_id])]})


def put_many(visit: Visit) -> Answer:
    """Give up to 100 contacts a role in the deal."""
    deal = _deal(visit)
    done = records.each(visit.items(), lambda n, item: _play(visit, deal, n, item, str(item.get("id"))))
    return results(done, mixed=records.mixed(visit))


def put_one(visit: Visit) -> Answer:
    """Give the contact of the path a role in the deal."""
    deal, contact_id = _deal(visit), visit.call.segments[3]
    return results(
        records.each(visit.items(limit=1), lambda n, item: _play(visit, deal, n, item, contact_id))
    )


def delete_many(visit: Visit) -> Answer:
    """Take the contacts named by ``ids`` out of the deal."""
    return _part(visit, visit.ids())


def delete_one(visit: Visit) -> Answer:
    """Take the contact of the path out of the deal."""
    return _part(visit, [visit.call.segments[3]])


def _deal(visit: Visit) -> Json:
    return related.owner(visit)[1]


def _play(visit: Visit, deal: Json, n: int, item: Json, contact_id: str) -> Json:
    role = item.get("Contact_Role")
    place = {"api_name": "Contact_Role", "json_path": f"$.data[{n}].Contact_Role"}
    if not role:
        raise refuse_item("MANDATORY_NOT_FOUND", REQUIRED_FIELD, place)
    known = _role(visit, role)
    if known is None:
        raise refuse_item("INVALID_DATA", INVALID_DATA, place)
    if store.find(visit.state, visit.module("Contacts"), contact_id) is None:
        raise refuse_item("INVALID_DATA", UNKNOWN_ID, {"api_name": "id", "json_path": f"$.data[{n}].id"})
    is_new = contact_id not in related.roles(visit.state, deal["id"])
    related.join_role(visit, deal["id"], contact_id, known["id"])
    visit.effect("link", "Contact_Roles", contact_id, key=deal["id"])
    return success("relation added" if is_new else "relation updated", {"id": contact_id})


def _role(visit: Visit, role: object) -> Json | None:
    if not isinstance(role, dict):
        return shelves.find(visit.state, "contact_roles", str(role))
    if role.get("id") is not None:
        return shelves.find(visit.state, "contact_roles", str(role["id"]))
    return shelves.named(visit.state, "contact_roles", str(role.get("name")))


def _part(visit: Visit, ids: Sequence[str]) -> Answer:
    deal = _deal(visit)

    def part(_n: int, contact_id: str) -> Json:
        if contact_id not in related.roles(visit.state, deal["id"]):
            if store.find(visit.state, visit.module("Contacts"), contact_id) is None:
                raise refuse("INVALID_DATA", UNKNOWN_RELATED_ID, {"resource_path_index": 3})
            raise refuse_item("INVALID_DATA", "contact role not deleted", {"id": contact_id})
        related.join_role(visit, deal["id"], contact_id, None)
        visit.effect("unlink", "Contact_Roles", contact_id, key=deal["id"])
        return success("relation removed", {"id": contact_id})

    return results(records.each_id(ids, part), mixed=records.mixed(visit))


def _shown(visit: Visit, contact: Json, names: Sequence[str] | None, role_id: str | None) -> Json:
    role = shelves.find(visit.state, "contact_roles", role_id) if role_id else None
    shown = Presenter(visit).row(visit.module("Contacts"), contact, names)
    return {**shown, "Contact_Role": {"name": role["name"], "id": role["id"]} if role else None}
