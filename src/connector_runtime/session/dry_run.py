"""The exact dry run: the request an action would send, and how to send it by hand."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector_runtime.base.bodies import FileBody, MultipartBody
from connector_runtime.conversation.blame import blamed
from connector_runtime.conversation.request import build
from connector_runtime.definition.evaluation import check_rules, placed
from connector_runtime.definition.problems.fault_places import place_of
from connector_runtime.errors import ConnectorError, DefinitionError, Fault
from connector_runtime.errors.json_shapes import json_ready

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.access.connections import Channel
    from connector_runtime.base.messages import Outgoing
    from connector_runtime.definition.model import Action, Model
    from connector_runtime.definition.program.sequence import ActionStep
    from connector_runtime.definition.program.unit import Unit

SHOWN_BODY_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Plan:
    """A request that was not sent; nothing in it is secret.

    Attributes:
        method, url: As they would be sent.
        headers: By name; the value that says who calls is masked.
        body: The body's JSON, its parts (files without content), its text, or None.
        effect: What the action does to the vendor's data.
        then: What would follow where the action has several requests, a sentence each.
        warnings: What deserves a second look before sending.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: Any
    effect: str
    warnings: tuple[str, ...]
    outgoing: Outgoing
    then: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.method} {self.url}", *(f"{name}: {value}" for name, value in self.headers.items())]
        text = self.outgoing.body.preview(SHOWN_BODY_BYTES) if self.outgoing.body else ""
        lines += ["", text] if text else []
        return "\n".join([*lines, "", *self.then] if self.then else lines)

    def curl(self) -> str:
        """Return a command for a POSIX shell; put the token where the mask is.

        Files are read from the current folder by the names they are sent with.
        """
        words = ["curl", "--request", self.method, "--url", self.url]
        body = self.outgoing.body
        multipart = isinstance(body, MultipartBody)
        for name, value in self.headers.items():
            if not (multipart and name.lower() == "content-type"):
                words += ["--header", f"{name}: {value}"]
        if multipart:
            for part in body.fields():  # type: ignore[union-attr]
                words += ["--form-string" if "value" in part else "--form", _form(part)]
        elif isinstance(body, FileBody):
            words += ["--data-binary", f"@{body.fields()['fileName']}"]
        elif body is not None:
            # Not `--data-binary`, which reads a file where a text begins with `@`.
            words += ["--data-raw", body.preview(SHOWN_BODY_BYTES)]
        return " ".join(shlex.quote(word) for word in words)

    def to_dict(self, *, exact: bool = False) -> dict[str, Any]:
        """Return the one JSON shape of a request; `json.dumps` takes it.

        Args:
            exact: Leave decimals as they are, for a writer that knows them.
        """
        shape = {
            "method": self.method,
            "url": self.url,
            "headers": dict(self.headers),
            "body": self.body,
            "effect": self.effect,
            "warnings": list(self.warnings),
            "then": list(self.then),
        }
        filled = {key: value for key, value in shape.items() if value not in (None, [])}
        found: dict[str, Any] = json_ready(filled, exact=exact)
        return found


def make_plan(
    model: Model,
    action: Action,
    inputs: Mapping[str, Any],
    channel: Channel,
    names: Mapping[str, Any] | None = None,
) -> Plan:
    """Build an action's first request without sending it.

    Args:
        model, action, inputs, channel: What would be done, and with what.
        names: What its expressions see beside: a poll's `since` and `page`.

    Raises:
        ConnectorError: As the action itself would, before sending.
    """
    scope = action.scope(inputs=inputs, connection=channel.connection, steps={}, **(names or {}))
    try:
        unit, then = _first(action, scope)
        if unit.paging is not None:
            start = placed(unit.paging.start, scope, "paginate", "start")
            scope["page"] = start if isinstance(start, dict) else {}
        check_rules(action, scope)
        built = build(
            unit.request,
            scope,
            channel,
            model,
            action=action.key,
            effect=unit.effect,
            form=str(unit.reply.form(scope)),
            masked=True,
        )
    except ConnectorError as problem:
        problem.action = action.key
        raise
    except Fault as fault:
        at = place_of(model, action.key, fault)
        message = f"The action `{action.key}` cannot be worked out: {fault.message}"
        message += f" ({at})." if at else "."
        wrong = DefinitionError(message, hint=fault.hint, action=action.key, at=at)
        raise blamed(wrong, fault, scope) from None
    outgoing = built.outgoing
    return Plan(
        method=outgoing.method,
        url=outgoing.url,
        headers=channel.redactor.known_headers({name: str(value) for name, value in outgoing.headers}),
        body=outgoing.body.fields() if outgoing.body else None,
        effect=action.effect,
        warnings=(*built.warnings, *_cautions(action, outgoing.method)),
        outgoing=outgoing,
        then=then,
    )


def _first(action: Action, scope: dict[str, Any]) -> tuple[Unit, tuple[str, ...]]:
    """Return the first request of an action, and what would follow it."""
    program = action.program
    if program.chunks is not None:
        records, most = placed(program.chunks.of, scope, "chunks", "of"), program.chunks.max
        scope["chunk"] = records[:most] if isinstance(records, list) else records
        more = len(records) - most if isinstance(records, list) else 0
        then = f"Then {-(-more // most)} more like it, until all {len(records):,} records are sent."
        return program.unit, (then,) if more > 0 else ()
    waiting = list(program.steps)
    while waiting and waiting[0].when is not None and not waiting[0].when(scope):
        del waiting[0]
    following = tuple(map(_sentence, waiting[1:]))
    return (waiting[0].unit if waiting else program.unit), following


def _sentence(step: ActionStep) -> str:
    often = ", again and again until it is done" if step.poll else ""
    needed = ", where it is needed" if step.when else ""
    return f"Then the step `{step.key}` ({step.unit.effect}){often}{needed}."


def _cautions(action: Action, method: str) -> list[str]:
    if "delete" in action.effects or method == "DELETE":
        return ["This removes data."]
    return []


def _form(part: Mapping[str, Any]) -> str:
    if "value" in part:
        return f"{part['name']}={part['value']}"
    # Within double quotes curl takes `;` and `,` as they are.
    name = part["fileName"].replace("\\", "\\\\").replace('"', '\\"')
    return f'{part["name"]}=@"{name}";type={part["contentType"]}'
