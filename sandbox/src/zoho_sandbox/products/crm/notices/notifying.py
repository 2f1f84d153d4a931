"""From what a request changed to the callbacks that tell of it.

source: https://www.zoho.com/crm/developer/docs/api/v7/notifications/overview.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoho_sandbox.products.crm.notices import watchconditions, watching
from zoho_sandbox.products.crm.notices.callbacks import Post, delivery

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from zoho_sandbox.products.crm.model.answers import Json
    from zoho_sandbox.products.crm.model.schema import Module
    from zoho_sandbox.products.crm.model.visit import Change, Visit

# Channels say "edit" and "create" where callbacks say "update" and "insert".
_EVENTS = {"insert": "create", "update": "edit", "delete": "delete"}


def notifications(visit: Visit) -> Callable[[], Awaitable[None]] | None:
    """Return what delivers the notifications of a visit, None when there are none."""
    if not visit.changes:
        return None
    posts = []
    for channel in watching.live(visit):
        for (name, operation), changes in _grouped(visit.changes).items():
            module = visit.schema.modules[name]
            told = [change for change in changes if _is_told(channel, change, module)]
            if told:
                body = _body(visit, channel, module, operation, told)
                posts.append(Post(channel["notify_url"], body, f"channel {channel['channel_id']}"))
    return delivery(visit.state, posts)


def _grouped(changes: list[Change]) -> dict[tuple[str, str], list[Change]]:
    groups: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        groups.setdefault((change.module.api_name, change.operation), []).append(change)
    return groups


def _is_told(channel: Json, change: Change, module: Module) -> bool:
    event = f"{module.api_name}.{_EVENTS[change.operation]}"
    if not {event, f"{module.api_name}.all"} & set(channel["events"]):
        return False
    conditions = channel["notification_condition"]
    # choice: a condition on fields does not silence deletions.
    return change.operation == "delete" or watchconditions.is_met(conditions, module, change.fields)


def _body(visit: Visit, channel: Json, module: Module, operation: str, changes: list[Change]) -> Json:
    wants_fields = channel["return_affected_field_values"] is True and operation == "update"
    fields = [{change.record_id: list(change.fields)} for change in changes]
    return {
        "server_time": int(visit.call.sandbox.clock.now() * 1000),
        "query_params": {},
        "module": module.api_name,
        "resource_uri": watching.resource_uri(visit, module.api_name),
        "ids": [change.record_id for change in changes],
        "affected_fields": fields if wants_fields else [],
        "operation": operation,
        "channel_id": channel["channel_id"],
        "token": channel["token"],
    }
