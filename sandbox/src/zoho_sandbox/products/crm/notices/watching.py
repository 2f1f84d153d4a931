"""Notification channels: enable, list, replace, update, disable.

source: https://www.zoho.com/crm/developer/docs/api/v7/notifications/enable.html
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.model import times
from zoho_sandbox.products.crm.model.answers import (
    INVALID_DATA,
    REQUIRED_FIELD,
    Json,
    no_content,
    refuse_item,
    results,
    success,
)
from zoho_sandbox.products.crm.model.visit import MAX_PER_PAGE, Visit
from zoho_sandbox.products.crm.notices import watchconditions
from zoho_sandbox.products.crm.notices.callbacks import is_url
from zoho_sandbox.products.crm.records import records

if TYPE_CHECKING:
    from collections.abc import Callable

KIND = "crm/watch"
OPERATIONS = ("create", "edit", "delete", "all")
_MAX_CHANNELS = 50
_MAX_TOKEN = 50
_LONGEST, _DEFAULT = timedelta(weeks=1), timedelta(hours=1)
# choice: the second and third sentence, after the published first one.
_SUBSCRIBED = "Successfully subscribed for actions-watch of the given module"
_UPDATED = "Successfully updated the actions-watch of the given module"
_ENDED = "Successfully un-subscribed from actions-watch of the given module"
_SIMPLE = ("token", "return_affected_field_values", "notify_on_related_action")


def enable(visit: Visit) -> Answer:
    """Open channels, or open them anew."""

    def open_channel(n: int, item: Json) -> Json:
        plain: Json = {"return_affected_field_values": False, "notify_on_related_action": True}
        channel = {**plain, "token": None, "notification_condition": []}
        return _kept(visit, _changed(visit, n, item, channel, whole=True), _SUBSCRIBED)

    return _answer(visit, open_channel, good=201)


def replace(visit: Visit) -> Answer:
    """Replace all details of channels."""

    def replaced(n: int, item: Json) -> Json:
        channel = _channel(visit, n, item)
        return _kept(visit, _changed(visit, n, item, channel, whole=True), _UPDATED)

    return _answer(visit, replaced)


def update(visit: Visit) -> Answer:
    """Change some details of channels, or with ``_delete_events`` drop some events."""

    def updated(n: int, item: Json) -> Json:
        channel = _channel(visit, n, item)
        if item.get("_delete_events") is True:
            return _without_events(visit, n, item, channel)
        return _kept(visit, _changed(visit, n, item, channel, whole=False), _UPDATED)

    return _answer(visit, updated)


def disable(visit: Visit) -> Answer:
    """Close the channels named by ``channel_ids``."""

    def close(_n: int, channel_id: str) -> Json:
        channel = visit.state.get(KIND, channel_id)
        if channel is None:
            raise _not_subscribed(channel_id)
        visit.state.delete(KIND, channel_id)
        visit.effect("delete", "Channels", channel_id)
        shown = _event(visit, channel, channel["events"][0])
        kept = ("resource_uri", "resource_id", "channel_id")
        return success(_ENDED, {key: shown[key] for key in kept})

    items = records.each_id(visit.ids("channel_ids", limit=_MAX_CHANNELS), close)
    return results(items, key="watch", mixed=records.mixed(visit))


def get_many(visit: Visit) -> Answer:
    """List the live channels, one row for each module they watch."""
    wanted, module = visit.call.query.get("channel_id"), visit.call.query.get("module")
    rows = [
        _row(visit, channel, name)
        for channel in live(visit)
        for name in dict.fromkeys(event.partition(".")[0] for event in channel["events"])
        if wanted in (None, channel["channel_id"]) and module in (None, name)
    ]
    page = visit.number("page", 1)
    per_page = visit.number("per_page", MAX_PER_PAGE, most=MAX_PER_PAGE)
    chosen = rows[(page - 1) * per_page : page * per_page]
    if not chosen:
        return no_content()
    info: Json = {"per_page": per_page, "count": len(chosen), "page": page}
    info["more_records"] = page * per_page < len(rows)
    return Answer(200, {"watch": chosen, "info": info})


def live(visit: Visit) -> list[Json]:
    """Return the channels that have not expired."""
    now = visit.now()
    return [channel for channel in visit.state.scan(KIND) if channel["channel_expiry"] > now]


def resource_uri(visit: Visit, module: str) -> str:
    """Return the address of a module as channels show it: v2, whatever the version."""
    return f"{visit.call.sandbox.base_url}/crm/v2/{module}"


def _answer(visit: Visit, work: Callable[[int, Json], Json], *, good: int = 200) -> Answer:
    bare = "watch" not in visit.body() and visit.call.method == "PATCH"
    items = [visit.body()] if bare else visit.items("watch", limit=_MAX_CHANNELS)
    done = records.each(items, work)
    # choice: one channel alone is refused flat, as the pages print it; several in a list.
    if len(done) == 1 and done[0]["status"] == "error":
        return Answer(400, done[0])
    return results(done, key="watch", good=good, mixed=records.mixed(visit))


def _changed(visit: Visit, n: int, item: Json, channel: Json, *, whole: bool) -> Json:
    """Return a channel with the details of an item.

    Raises:
        ItemRefusedError: one is missing or makes no sense.
    """
    path = f"$.watch[{n}]"
    if whole:
        for name in ("channel_id", "notify_url", "events"):
            if item.get(name) in (None, "", []):
                details = {"api_name": name, "json_path": f"{path}.{name}"}
                raise refuse_item("MANDATORY_NOT_FOUND", REQUIRED_FIELD, details)
    channel = {**channel, "channel_id": str(item.get("channel_id", channel.get("channel_id")))}
    if "notify_url" in item:
        _expect(is_url(item["notify_url"]), "notify_url", path)
        channel["notify_url"] = item["notify_url"]
    if "events" in item:
        channel["events"] = _events(visit, item["events"], path)
    if whole or "channel_expiry" in item:
        channel["channel_expiry"] = _expiry(visit, item.get("channel_expiry"), path)
    if visit.rules["notification_condition"] and "notification_condition" in item:
        conditions = item["notification_condition"] or []
        watchconditions.check(visit, conditions, f"{path}.notification_condition")
        channel["notification_condition"] = conditions
    token = item.get("token")
    _expect(token is None or len(str(token)) <= _MAX_TOKEN, "token", path)
    return channel | {name: item[name] for name in _SIMPLE if name in item}


def _events(visit: Visit, events: object, path: str) -> list[str]:
    named = events if isinstance(events, list) else []
    _expect(bool(named), "events", path)
    for event in named:
        module, _, operation = str(event).partition(".")
        is_known = module == "users" or visit.schema.named(module) is not None
        _expect(is_known and operation in OPERATIONS, "events", path)
    return [_spelt(visit, str(event)) for event in named]


def _spelt(visit: Visit, event: str) -> str:
    """Return an event with its module as the API names it."""
    name, dot, operation = event.partition(".")
    module = visit.schema.named(name)
    return f"{module.api_name if module else name}{dot}{operation}"


def _expiry(visit: Visit, text: object, path: str) -> str:
    """Return when a channel ends: as asked, but an hour if nothing or too much was asked."""
    now = visit.call.sandbox.clock.at(times.OFFSET)
    if text is None:
        return times.show(now + _DEFAULT)
    asked = times.read(str(text)) or now
    _expect(asked > now, "channel_expiry", path)
    return times.show(asked if asked - now <= _LONGEST else now + _DEFAULT)


def _expect(is_good: bool, name: str, path: str) -> None:
    if not is_good:
        details = {"api_name": name, "json_path": f"{path}.{name}"}
        raise refuse_item("INVALID_DATA", INVALID_DATA, details)


def _kept(visit: Visit, channel: Json, message: str) -> Json:
    visit.state.put(KIND, channel["channel_id"], channel)
    visit.effect("watch", "Channels", channel["channel_id"])
    events = [_event(visit, channel, event) for event in channel["events"]]
    return success(message, {"events": events})


def _without_events(visit: Visit, n: int, item: Json, channel: Json) -> Json:
    gone = _events(visit, item.get("events") or [], f"$.watch[{n}]")
    left = [event for event in channel["events"] if event not in gone]
    shown = [_event(visit, channel, event) for event in gone]
    if left:
        visit.state.put(KIND, channel["channel_id"], {**channel, "events": left})
    else:
        visit.state.delete(KIND, channel["channel_id"])
    visit.effect("unwatch", "Channels", channel["channel_id"])
    return success(_ENDED, {"events": shown})


def _channel(visit: Visit, n: int, item: Json) -> Json:
    channel_id = item.get("channel_id") or visit.call.query.get("channel_id")
    if channel_id is None:
        details = {"api_name": "channel_id", "json_path": f"$.watch[{n}].channel_id"}
        raise refuse_item("MANDATORY_NOT_FOUND", REQUIRED_FIELD, details)
    channel = visit.state.get(KIND, str(channel_id))
    if channel is None or channel["channel_expiry"] <= visit.now():
        raise _not_subscribed(str(channel_id))
    return channel


def _not_subscribed(channel_id: str) -> Exception:
    message = "Not subscribed for actions-watch of the given module"
    return refuse_item("NOT_SUBSCRIBED", message, {"channel_id": channel_id})


def _event(visit: Visit, channel: Json, event: str) -> Json:
    name = event.partition(".")[0]
    module = visit.schema.named(name)
    return {
        "channel_expiry": channel["channel_expiry"],
        "resource_uri": resource_uri(visit, name),
        "resource_id": module.id if module else None,
        "resource_name": name,
        "channel_id": channel["channel_id"],
    }


def _row(visit: Visit, channel: Json, module: str) -> Json:
    events = [event for event in channel["events"] if event.partition(".")[0] == module]
    plain = {key: channel[key] for key in ("notify_url", "notification_condition", *_SIMPLE)}
    shown = {**_event(visit, channel, module), **plain, "fields": None, "events": events}
    if not visit.rules["notification_condition"]:
        del shown["notification_condition"]
    return shown
