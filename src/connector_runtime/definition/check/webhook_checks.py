"""What a schema cannot see of a pushed trigger: the triggers and actions it names, the parts of a push."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector_runtime.definition.problems.component_draft import as_map
from connector_runtime.language.schemas.violations import meant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from connector_runtime.definition.check.reference_checks import Site
    from connector_runtime.definition.problems.component_draft import Draft, Pointer
    from connector_runtime.language.documents.document import Document
    from connector_runtime.language.expressions.references import Reference

AGREEMENTS = ("subscribe", "renew", "unsubscribe")
_SUBSCRIPTION = ("id", "url", "expires", "secret")
_BODY = ("json", "form", "text")


def check_webhook(draft: Draft, document: Document) -> None:
    """Note what a trigger names that there is not, or that does not fit."""
    webhook = as_map(as_map(document.data).get("webhook"))
    if "catchUp" in webhook:
        _check_catch_up(draft, document, webhook["catchUp"])
    events = as_map(webhook.get("events"))
    if "action" in events:
        check_reading(draft, document, ("webhook", "events"), events, "what is fetched must be harmless")
    lookup = as_map(as_map(webhook.get("subscribe")).get("lookup"))
    if "action" in lookup:
        check_reading(draft, document, ("webhook", "subscribe", "lookup"), lookup)


def check_reading(
    draft: Draft,
    document: Document,
    pointer: Pointer,
    part: Mapping[str, Any],
    why: str = "a look-up must be harmless",
) -> None:
    """Note that the action that a part names does not only read, or has other inputs."""
    from connector_runtime.definition.check.checker import (  # noqa: PLC0415  they ask this module
        expect,
        expect_inputs,
    )

    actions = draft.files["action"]
    name, place = part["action"], (*pointer, "action")
    target = actions.get(name) if isinstance(name, str) else None
    if not expect(draft, document, place, name, "R021", known=actions) or target is None:
        return
    effect = as_map(target.data).get("effect")
    if effect != "read":
        message = f"`{name}` does not only read: its effect is `{effect}`"
        draft.note(document, place, "R021", message, hint=why)
    elif "steps" in as_map(target.data):
        draft.note(document, place, "R021", f"`{name}` has several requests", hint="one is asked for here")
    known = draft.inputs_of("action", target)
    expect_inputs(draft, document, (*pointer, "inputs"), part.get("inputs"), known)


def check_subscription(site: Site, reference: Reference, is_guarded: bool) -> None:
    """Note a member that no subscription has, and its secret where it could come to light."""
    del is_guarded
    member = _member(reference)
    if member is None:
        return
    if member not in _SUBSCRIPTION:
        hint = meant(member, _SUBSCRIPTION, "members of a subscription")
        site.note(reference, "R051", f"a subscription has no `{member}`", hint)
    elif member == "secret" and not (len(site.pointer) > 2 and site.pointer[2] == "request"):
        hint = "pushes are proven by `verify`, which knows it"
        site.note(reference, "R006", "the secret of a subscription stands in its requests only", hint)


def check_body(site: Site, reference: Reference, is_guarded: bool) -> None:
    """Note a part that the body of a push does not have."""
    del is_guarded
    part = _member(reference)
    if part is not None and part not in _BODY:
        near = str(meant(part, _BODY, "parts of a body"))
        hint = near if near.startswith("did") else f"write `body.json.{part}`; {near}"
        site.note(reference, "R051", f"the body of a push has no part `{part}`", hint)


def check_header(site: Site, reference: Reference, is_guarded: bool) -> None:
    """Note a header that is asked for in capitals: names come in small letters."""
    del is_guarded
    name = _member(reference)
    if name is not None and name != name.lower():
        site.note(reference, "R051", f"no header is called `{name}`", f"write `headers['{name.lower()}']`")


def _check_catch_up(draft: Draft, document: Document, name: object) -> None:
    place = ("webhook", "catchUp")
    triggers = draft.files["trigger"]
    polled = [key for key, other in triggers.items() if "poll" in as_map(other.data)]
    if not isinstance(name, str) or "trigger" in draft.unreadable:
        return
    if name not in polled:
        hint = meant(name, polled, "polled triggers") or "no trigger has `poll`"
        what = f"`{name}` is not polled" if name in triggers else f"no trigger is called `{name}`"
        draft.note(document, place, "R050", what, hint=hint)
        return
    known = draft.inputs_of("trigger", document)
    for key, definition in draft.inputs_of("trigger", triggers[name]).items():
        if definition.get("required") is True and "default" not in definition and key not in known:
            message = f"`{name}` needs the input `{key}`, which this trigger does not have"
            draft.note(document, place, "R050", message, hint="add the input here")


def _member(reference: Reference) -> str | None:
    step = reference.path[1] if len(reference.path) > 1 else None
    return None if step is None else str(step)
