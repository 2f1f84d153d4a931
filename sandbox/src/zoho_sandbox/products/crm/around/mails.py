"""Mail to a record: sent, kept, listed; nothing leaves the sandbox.

source: https://www.zoho.com/crm/developer/docs/api/v7/send-mail.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.bulk import filing
from zoho_sandbox.products.crm.model import people, store, times
from zoho_sandbox.products.crm.model.answers import (
    INVALID_DATA,
    REQUIRED_FIELD,
    Json,
    no_content,
    refuse_item,
    results,
    success,
)
from zoho_sandbox.products.crm.records import related
from zoho_sandbox.products.crm.records.records import each

if TYPE_CHECKING:
    from zoho_sandbox.products.crm.model.schema import Module
    from zoho_sandbox.products.crm.model.visit import Visit

_KIND = "crm/mails"
_COST = 20
_MOST_ADDRESSES, _MAX_SUBJECT, _PER_PAGE = 50, 1000, 10
_TYPES = (
    "sent_from_crm",
    "scheduled_in_crm",
    "drafts",
    "user_emails",
    "all_contacts_sent_crm_emails",
    "all_contacts_scheduled_crm_emails",
    "all_contacts_draft_crm_emails",
)


def get_from_addresses(visit: Visit) -> Answer:
    """List the addresses that mail may be sent from: those of the users."""
    caller = visit.call.grant.user_id
    users = sorted(visit.state.scan(people.KIND), key=lambda user: str(user["id"] != caller))
    found = [
        {
            "email": user.get("email"),
            "user_name": people.full_name(user),
            "type": "primary" if user["id"] == caller else "shared",
            "id": user["id"],
            "default": user["id"] == caller,
        }
        for user in users
    ]
    return Answer(200, {"from_addresses": found})


def send(visit: Visit) -> Answer:
    """Keep a mail to the record as sent, or as scheduled."""
    module, record = related.owner(visit)
    answer = results(each(visit.items(limit=1), lambda n, item: _sent(visit, (module, record), n, item)))
    answer.cost = _COST
    return answer


def get_many(visit: Visit) -> Answer:
    """List the mails of a record, ten a page, the latest first."""
    module, record = related.owner(visit)
    kind = visit.choice("type", _TYPES, "sent_from_crm")
    wants_scheduled = "scheduled" in kind
    found = [mail for mail in _mails(visit, module, record) if mail["scheduled"] == wants_scheduled]
    found = [] if "draft" in kind else found
    start = visit.number("index", 1) - 1
    chosen = found[start : start + _PER_PAGE]
    if not chosen:
        return no_content()
    has_more = start + _PER_PAGE < len(found)
    info = {
        "per_page": _PER_PAGE,
        "count": len(chosen),
        "next_index": str(start + _PER_PAGE + 1) if has_more else None,
        "prev_index": str(max(1, start - _PER_PAGE + 1)) if start else None,
        "more_records": has_more,
    }
    return Answer(200, {"Emails": [mail["row"] for mail in chosen], "info": info})


def get_one(visit: Visit) -> Answer:
    """Return one mail with its content."""
    module, record = related.owner(visit)
    wanted = visit.call.segments[3]
    found = [mail for mail in _mails(visit, module, record) if mail["row"]["message_id"] == wanted]
    rows = [{**mail["row"], "content": mail["content"]} for mail in found]
    return Answer(200, {"Emails": rows}) if rows else no_content()


def _sent(visit: Visit, place: tuple[Module, Json], n: int, item: Json) -> Json:
    module, record = place
    for key in ("from", "to"):
        if not item.get(key):
            raise refuse_item("MANDATORY_NOT_FOUND", REQUIRED_FIELD, _at(n, key))
    users = {user.get("email"): user for user in visit.state.scan(people.KIND)}
    sender = item["from"].get("email") if isinstance(item["from"], dict) else None
    if sender not in users:
        raise refuse_item("INVALID_DATA", INVALID_DATA, _at(n, "from"))
    to, cc = _addresses(n, item, "to"), _addresses(n, item, "cc")
    _addresses(n, item, "bcc")
    subject = item.get("subject")
    if subject is not None and (not isinstance(subject, str) or len(subject) > _MAX_SUBJECT):
        raise refuse_item("INVALID_DATA", INVALID_DATA, {"maximum_length": _MAX_SUBJECT, **_at(n, "subject")})
    later = item.get("scheduled_time")
    if later is not None and times.read(str(later)) is None:
        raise refuse_item("INVALID_DATA", INVALID_DATA, _at(n, "scheduled_time"))
    message_id = visit.call.sandbox.secret_text("mail")
    sender_user = users[sender]
    row = {
        "message_id": message_id,
        "subject": subject,
        "from": {"user_name": people.full_name(sender_user), "email": sender},
        "to": to,
        "cc": cc or None,
        "time": str(later) if later else visit.now(),
        "sent_time": str(later) if later else visit.now(),
        "sent": True,
        "read": True,
        "source": "crm",
        "owner": {"name": people.full_name(sender_user), "id": sender_user["id"]},
        "status": [{"type": "sent"}],
        "has_attachment": bool(item.get("attachments")),
        "has_thread_attachment": False,
        "thread_id": message_id,
        "summary": None,
        "intent": None,
        "emotion": None,
        "sentiment_info": None,
        "linked_record": {
            "module": {"api_name": module.api_name, "id": module.id},
            "name": store.display_name(module, record),
            "id": record["id"],
        },
        "editable": False,
        "mail_format": item.get("mail_format") or "html",
        "reply_to": item.get("reply_to"),
        "attachments": _attachments(visit, n, item),
    }
    kept = {"id": message_id, "scheduled": later is not None, "row": row, "content": item.get("content")}
    number = visit.new_id()
    visit.state.put(_KIND, number, {**kept, "number": number}, parent=f"{module.api_name}/{record['id']}")
    visit.effect("send_mail", module.api_name, record["id"], key=message_id)
    done = "scheduled" if later else "sent"
    return success(f"Your mail has been {done} successfully.", {"message_id": message_id})


def _addresses(n: int, item: Json, key: str) -> list[Json]:
    """Return the addresses under a key.

    Raises:
        ItemRefusedError: they are none, or too many.
    """
    sent: Any = item.get(key) or []
    good = isinstance(sent, list) and all(isinstance(one, dict) and one.get("email") for one in sent)
    if not good:
        raise refuse_item("INVALID_DATA", INVALID_DATA, _at(n, key))
    if len(sent) > _MOST_ADDRESSES:
        raise refuse_item("LIMIT_EXCEEDED", "limit exceeded", {"limit": _MOST_ADDRESSES, **_at(n, key)})
    return [{"user_name": one.get("user_name"), "email": one["email"]} for one in sent]


def _attachments(visit: Visit, n: int, item: Json) -> list[Json] | None:
    found = []
    for one in item.get("attachments") or []:
        kept = visit.state.get(filing.KIND, str(one.get("id"))) if isinstance(one, dict) else None
        if kept is None:
            raise refuse_item("INVALID_DATA", INVALID_DATA, _at(n, "attachments"))
        found.append({"id": kept["id"], "name": kept["name"], "size": str(kept["size"])})
    return found or None


def _mails(visit: Visit, module: Module, record: Json) -> list[Json]:
    found = visit.state.find(_KIND, parent=f"{module.api_name}/{record['id']}")
    return sorted(found, key=lambda mail: int(mail["number"]), reverse=True)


def _at(n: int, key: str) -> Json:
    return {"api_name": key, "json_path": f"$.data[{n}].{key}"}
