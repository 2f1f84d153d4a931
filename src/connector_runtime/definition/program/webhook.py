"""What a pushed trigger is made of: the proof, the answers, the events."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.base.values import ABSENT
from connector_runtime.language.durations import seconds_of
from connector_runtime.language.expressions.expression import EvaluationError
from connector_runtime.language.lets import Lets
from connector_runtime.language.templates import compile_node
from connector_runtime.language.visible_names import names_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector_runtime.definition.model import Action
    from connector_runtime.definition.program.common import Evaluate

# What the service is told where nothing else is said.
USUAL_STATUS, REFUSED_STATUS = 200, 401
_WRITTEN = re.compile(r"(.*?)(hex|base64)", re.DOTALL)


class Proof(NamedTuple):
    """How a push is proven.

    Attributes:
        equals: What came with the push: one text, or several of which one must fit.
        hmac: The algorithm, or None where the secret itself must come.
        of: The texts that are signed, one after the other.
        ways: How the digest may be written: what stands before it, and `hex` or `base64`.
        status: What whoever has no proof is told.
    """

    equals: Evaluate
    hmac: str | None
    of: tuple[Evaluate, ...]
    ways: tuple[tuple[str, str], ...]
    status: int


class PushAnswer(NamedTuple):
    """What the service is told; one with `when` answers a challenge, before anything is proven."""

    when: Evaluate | None
    status: int
    headers: Evaluate
    json: Evaluate | None
    text: Evaluate | None


class EventsProgram(NamedTuple):
    """How a push becomes events; `action` and `inputs` say how the record of one is fetched."""

    items: Evaluate
    identity: Evaluate
    made: Evaluate | None
    change: Evaluate
    output: Evaluate | None
    action: str | None
    inputs: Evaluate | None


class WebhookProgram(NamedTuple):
    """A pushed trigger: who is asked for pushes, how they are proven and read.

    Attributes:
        subscribe, renew, unsubscribe: Actions; None where a person does it, or nobody.
        catch_up: Key of the poll trigger that fills gaps, or None.
        lasts_s: How long is asked for, in seconds, or None where it does not end.
        before_s: How long before its end it is to be renewed, in seconds.
    """

    proof: Proof
    answers: tuple[PushAnswer, ...]
    events: EventsProgram
    lasts_s: float | None
    before_s: float
    subscribe: Action | None = None
    renew: Action | None = None
    unsubscribe: Action | None = None
    catch_up: str | None = None
    lets: Lets = Lets()

    @property
    def actions(self) -> tuple[Action, ...]:
        """Return what sends the requests that there are."""
        return tuple(filter(None, (self.subscribe, self.renew, self.unsubscribe)))


# What each request does unless it says otherwise.
_EFFECTS = {"subscribe": "create", "renew": "update", "unsubscribe": "delete"}


def compile_webhook(
    webhook: Mapping[str, Any], action_for: Callable[[Mapping[str, Any]], Action], lets: Lets
) -> WebhookProgram:
    """Compile the `webhook` of a checked trigger.

    Args:
        webhook: As it stands in the file.
        action_for: Gives the action that sends one of the trigger's requests.
        lets: The named values that its expressions can read.
    """

    def action(name: str) -> Action | None:
        if name not in webhook:
            return None
        parts = {key: part for key, part in webhook[name].items() if key != "before"}
        return action_for({"effect": _EFFECTS[name], **parts})

    replies = webhook.get("reply", ())
    events = webhook["events"]
    return WebhookProgram(
        proof=_proof(webhook["verify"]),
        answers=tuple(_answer(entry) for entry in ([replies] if isinstance(replies, dict) else replies)),
        events=EventsProgram(
            items=_items(events.get("items", ["${ body.json }"])),
            identity=_value(events["identity"], "events", "identity"),
            made=_maybe(events, "made", "events", "made"),
            change=_value(events["change"], "events", "change"),
            output=_maybe(events, "output", "events", "output"),
            action=events.get("action"),
            inputs=_maybe(events, "inputs", "events", "inputs"),
        ),
        lasts_s=seconds_of(webhook.get("upTo")),
        before_s=seconds_of(webhook.get("renew", {}).get("before")) or 0.0,
        subscribe=action("subscribe"),
        renew=action("renew"),
        unsubscribe=action("unsubscribe"),
        catch_up=webhook.get("catchUp"),
        lets=lets,
    )


def _items(given: Any) -> Evaluate:
    """Return the closure of the changes; one that is written out and not there is a breach of contract."""
    if not isinstance(given, list):
        return _value(given, "events", "items")
    parts = [_value(part, "events", "items") for part in given]

    def items(scope: Mapping[str, Any]) -> list[Any]:
        found = [part(scope) for part in parts]
        if ABSENT in found:
            raise EvaluationError("the push has nothing where its change should be")
        return found

    return items


def _proof(verify: Mapping[str, Any]) -> Proof:
    of, ways = verify.get("of", "${ body.text }"), verify.get("as", "hex")
    written = [_WRITTEN.fullmatch(way) for way in ([ways] if isinstance(ways, str) else ways)]
    return Proof(
        equals=_value(verify["equals"], "verify", "equals"),
        hmac=verify.get("hmac"),
        of=tuple(_value(part, "verify", "of") for part in ([of] if isinstance(of, str) else of)),
        ways=tuple((found[1], found[2]) for found in written if found),
        status=verify.get("status", REFUSED_STATUS),
    )


def _answer(entry: Mapping[str, Any]) -> PushAnswer:
    return PushAnswer(
        when=_maybe(entry, "when", "reply", "when"),
        status=entry.get("status", USUAL_STATUS),
        headers=_value(entry.get("headers", {}), "reply", "headers"),
        json=_maybe(entry, "json", "reply", "json"),
        text=_maybe(entry, "text", "reply", "text"),
    )


def _value(given: Any, *pointer: str) -> Evaluate:
    return compile_node(given, names_for("trigger", ("webhook", *pointer))).render


def _maybe(owner: Mapping[str, Any], key: str, *pointer: str) -> Evaluate | None:
    return _value(owner[key], *pointer) if key in owner else None
