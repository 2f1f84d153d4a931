"""Convert a lead into a contact, an account and perhaps a deal.

source: https://www.zoho.com/crm/developer/docs/api/v8/convert-lead.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zoho_sandbox.core.documents import package_yaml
from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.model import people, shelves, store
from zoho_sandbox.products.crm.model.answers import (
    INVALID_DATA,
    UNKNOWN_ID,
    ItemRefusedError,
    Json,
    RefusedError,
    refuse,
    refuse_item,
    success,
)
from zoho_sandbox.products.crm.model.schema import PACKAGE, Module
from zoho_sandbox.products.crm.model.values import Place, stored
from zoho_sandbox.products.crm.model.visit import Change, Visit, as_object
from zoho_sandbox.products.crm.records import attachments, notes, records, related
from zoho_sandbox.products.crm.records.drafting import Writer

_COST = 5


@dataclass(slots=True)
class _Conversion:
    """One conversion on its way: the lead, the request's item, the records so far."""

    visit: Visit
    lead: Json
    item: Json
    made: dict[str, Json]


def convert(visit: Visit) -> Answer:
    """Convert the lead of the path; all of it or nothing."""
    leads = visit.module("Leads")
    lead = store.find(visit.state, leads, visit.call.segments[1])
    if lead is None:
        raise refuse("INVALID_DATA", UNKNOWN_ID, {"resource_path_index": 1})
    if lead.get("Converted__s"):
        details = {"resource_path_index": 1}
        raise refuse("ID_ALREADY_CONVERTED", "id already converted", details)
    try:
        item = as_object(visit.items(limit=1)[0], "$.data[0]")
        done = _Conversion(visit, lead, item, {})
        _convert(done)
    except ItemRefusedError as refused:
        # Raised on, so that what was already made is undone.
        raise RefusedError(Answer(400, {"data": [refused.item]})) from refused
    _close(done, leads)
    message = "The record has been converted successfully"
    shown = {name: _shown(visit, name, done.made.get(name)) for name in ("Contacts", "Deals", "Accounts")}
    # choice: only v2 was recorded so; nobody dates the change to a result with code and message.
    said = success(message, shown) if visit.rules["converted_objects"] else shown
    return Answer(200, {"data": [said]}, cost=_COST)


def _convert(conversion: _Conversion) -> None:
    """Make or choose account, contact and deal, in this order.

    Raises:
        ItemRefusedError: one of them may not be made.
    """
    asked, lead = conversion.item, conversion.lead
    if asked.get("Accounts") or lead.get("Company"):
        conversion.made["Accounts"] = _record(conversion, "Accounts", {})
    account = conversion.made.get("Accounts")
    links: Json = {"Account_Name": {"id": account["id"]}} if account else {}
    conversion.made["Contacts"] = _record(conversion, "Contacts", links)
    if asked.get("Deals"):
        _check_stage(conversion)
        links = {**links, "Contact_Name": {"id": conversion.made["Contacts"]["id"]}}
        conversion.made["Deals"] = _record(conversion, "Deals", links)
        _give_role(conversion)


def _record(conversion: _Conversion, name: str, links: Json) -> Json:
    visit = conversion.visit
    module = visit.module(name)
    sent = conversion.item.get(name) or {}
    if not isinstance(sent, dict):
        sent = {"id": str(sent)}
    mapping = package_yaml(PACKAGE, "data", "conversion.yaml")[name]
    mapped = {to: conversion.lead.get(field) for field, to in mapping.items()}
    taken = {key: value for key, value in mapped.items() if value is not None}
    writer = Writer.of(visit, module)
    if sent.get("id"):
        return _existing(conversion, writer, str(sent["id"]), taken)
    owner = conversion.item.get("assign_to") or conversion.lead["Owner"]
    if people.find(visit.state, str(owner.get("id")) if isinstance(owner, dict) else "") is None:
        details = {"api_name": "Owner", "json_path": "$.data[0].Owner"}
        raise refuse_item("INVALID_DATA", "Non Subordinate User Found", details)
    tags = _tags(conversion, name)
    item = {**taken, **links, "Owner": owner, **tags, **sent}
    done = records.create(writer, 0, item)
    return store.find(visit.state, module, done["details"]["id"]) or {}


def _existing(conversion: _Conversion, writer: Writer, record_id: str, taken: Json) -> Json:
    visit, module = writer.visit, writer.module
    record = store.find(visit.state, module, record_id)
    if record is None:
        details = {"api_name": "id", "json_path": f"$.data[0].{module.api_name}.id"}
        raise refuse_item("INVALID_DATA", INVALID_DATA, details)
    if conversion.item.get("overwrite") is True:
        records.update(writer, 0, taken, record)
    return store.find(visit.state, module, record_id) or record


def _give_role(conversion: _Conversion) -> None:
    """Let the contact play the role in the deal that ``Contact_Role`` names by id."""
    asked = conversion.item["Deals"]
    role = asked.get("Contact_Role") if isinstance(asked, dict) else None
    if not role:
        return
    role_id = str(role.get("id")) if isinstance(role, dict) else str(role)
    if shelves.find(conversion.visit.state, "contact_roles", role_id) is None:
        details = {"api_name": "Contact_Role", "json_path": "$.data[0].Deals.Contact_Role"}
        raise refuse_item("INVALID_DATA", INVALID_DATA, details)
    made = conversion.made
    related.join_role(conversion.visit, made["Deals"]["id"], made["Contacts"]["id"], role_id)


def _check_stage(conversion: _Conversion) -> None:
    deal = conversion.item["Deals"]
    stages = conversion.visit.module("Deals").fields["Stage"].values
    has_pipeline = isinstance(deal, dict) and deal.get("Pipeline")
    if has_pipeline and deal.get("Stage") and deal["Stage"] not in stages:
        details = {
            "mapped_field": "Pipeline",
            "api_name": "Stage",
            "json_path": "$.data[0].Stage",
        }
        raise refuse_item("MAPPING_MISMATCH", "Pipeline doesn't contain the Stage", details)


def _tags(conversion: _Conversion, name: str) -> Json:
    asked = conversion.item.get("carry_over_tags")
    carried = asked.get(name) if isinstance(asked, dict) else None
    if not carried:
        return {}
    tags: list[Any] = carried if isinstance(carried, list) else [carried]
    return {"Tag": [{"name": tag} if isinstance(tag, str) else tag for tag in tags]}


def _close(conversion: _Conversion, leads: Module) -> None:
    """Mark the lead as converted and hand its notes and attachments over."""
    visit, lead, made = conversion.visit, conversion.lead, conversion.made
    changed = {**lead, "Converted__s": True, "Converted_Date_Time": visit.now()}
    for field, name in (
        ("Converted_Contact", "Contacts"),
        ("Converted_Account", "Accounts"),
        ("Converted_Deal", "Deals"),
    ):
        if name in made:
            place = Place(visit, leads, {}, f"$.{field}", Writer.of(visit, leads).external)
            changed[field] = stored(place, leads.fields[field], {"id": made[name]["id"]})
    changed |= {"Modified_Time": visit.now(), "Modified_By": {"id": visit.call.grant.user_id}}
    store.keep(visit.state, leads, changed, old=lead)
    visit.effect("convert", "Leads", lead["id"])
    visit.changes.append(Change(leads, "update", changed["id"], ("Converted__s",)))
    # choice: without move_attachments_to they go to the contact, as notes always do.
    wanted = conversion.item.get("move_attachments_to") or {}
    target = wanted.get("api_name", "Contacts") if isinstance(wanted, dict) else "Contacts"
    target = target if target in made else "Contacts"
    attachments.move(visit, leads, lead["id"], visit.module(target), made[target]["id"])
    contact = (visit.module("Contacts"), made["Contacts"]["id"])
    notes.move(visit, (leads, lead["id"]), contact)


def _shown(visit: Visit, name: str, record: Json | None) -> Json | str | None:
    if record is None:
        return None
    if not visit.rules["converted_objects"]:
        return str(record["id"])
    return {"name": store.display_name(visit.module(name), record), "id": record["id"]}
