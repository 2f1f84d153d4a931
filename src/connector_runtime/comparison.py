"""What an embedded test wants against what has happened."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from connector_runtime.bodies import opened
from connector_runtime.documents import dump_json
from connector_runtime.errors import ConnectorError
from connector_runtime.templates import SPREAD
from connector_runtime.values import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connector_runtime.cases import Script, StillClock
    from connector_runtime.messages import Outgoing
    from connector_runtime.results import Result

# As an output: what the reply holds.
SAME = "same"
_COMPARED = {"json", "form", "multipart", "text"}


def differences(
    wanted: Mapping[str, Any], script: Script, clock: StillClock, outcome: Result | ConnectorError
) -> Iterator[str]:
    """Yield what was not as a test wants it: outcome, requests, waits."""
    if isinstance(outcome, ConnectorError) and "error" not in wanted:
        yield f"was refused: {outcome.kind}: {outcome}"
    elif "error" in wanted:
        yield from _compare_error(wanted["error"], outcome)
    if "output" in wanted and not isinstance(outcome, ConnectorError):
        output = _wanted_output(wanted["output"], script.last)
        if plain(outcome.data) != output:
            yield f"output is {dump_json(outcome.data)}, not {dump_json(output)}"
    if "requests" in wanted and len(script.sent) != wanted["requests"]:
        yield f"{len(script.sent)} requests were sent, not {wanted['requests']}"
    if "waits" in wanted and clock.waits != wanted["waits"]:
        yield f"waits were {clock.waits}, not {wanted['waits']}"
    sends = wanted.get("sends", [])
    sends = [sends] if isinstance(sends, dict) else sends
    if len(sends) > len(script.sent):
        yield f"{len(script.sent)} requests were sent, not {len(sends)}"
    for number, (expected, outgoing) in enumerate(zip(sends, script.sent, strict=False), 1):
        yield from (f"request {number}: {text}" for text in _compare_request(expected, outgoing))


def _wanted_output(wanted: Any, reply: Mapping[str, Any]) -> Any:
    """Return what must come back: the word `same` stands for what the last reply holds."""
    content = reply.get("json", reply.get("text"))
    if wanted == SAME:
        return content
    if not isinstance(wanted, dict) or SPREAD not in wanted:
        return wanted
    spread = wanted[SPREAD] if isinstance(wanted[SPREAD], list) else [wanted[SPREAD]]
    found: dict[str, Any] = {}
    for source in [*spread, {key: value for key, value in wanted.items() if key != SPREAD}]:
        part = content if source == SAME else source
        found |= part if isinstance(part, dict) else {SPREAD: part}
    return found


def _compare_error(wanted: Mapping[str, Any], outcome: Result | ConnectorError) -> Iterator[str]:
    if not isinstance(outcome, ConnectorError):
        yield f"should have been refused, but gave {dump_json(outcome.data)[:300]}"
        return
    shape = outcome.to_dict()
    for key, value in wanted.items():
        found = plain(shape.get(key))
        fits = value in str(found or "") if key in ("message", "hint") else found == value
        if not fits:
            yield f"error.{key} is {found!r}, not {value!r} ({outcome})"


def _compare_request(wanted: Mapping[str, Any], outgoing: Outgoing) -> Iterator[str]:
    for key, found in (("method", outgoing.method), ("url", outgoing.url)):
        if key in wanted and wanted[key] != found:
            yield f"{key} is {found}, not {wanted[key]}"
    headers = {
        name.lower(): value.reveal() if isinstance(value, Secret) else value
        for name, value in outgoing.headers
    }
    for name, value in wanted.get("headers", {}).items():
        if headers.get(name.lower()) != (None if value is None else str(value)):
            yield f"header {name} is {headers.get(name.lower())!r}, not {value!r}"
    for form in _COMPARED & wanted.keys():
        found = _body(outgoing, form)
        if not (_parts_fit(wanted[form], found) if form == "multipart" else found == wanted[form]):
            yield f"{form} body is {found!r}, not {wanted[form]!r}"


def _body(outgoing: Outgoing, form: str) -> Any:
    body = outgoing.body
    if body is None:
        return None
    if form == "multipart":
        return {part["name"]: _part(part) for part in body.fields()}
    text = b"".join(map(opened, body.chunks())).decode()
    if form == "json":
        return json.loads(text)
    if form == "form":
        return {name: value for name, value in body.fields()}  # noqa: C416  pairs, not a map
    return text


def _parts_fit(wanted: Mapping[str, Any], found: Any) -> bool:
    """Compare parts: texts whole, of files the members that the test names."""
    if not isinstance(found, dict) or wanted.keys() != found.keys():
        return False
    return all(
        value.items() <= found[name].items() if isinstance(value, dict) else found[name] == value
        for name, value in wanted.items()
    )


def _part(part: Mapping[str, Any]) -> Any:
    if "value" in part:
        return part["value"]
    return {key: value for key, value in part.items() if key != "name"}


def plain(value: Any) -> Any:
    """Return a value as JSON holds it; a text of bytes stays as it is."""
    return json.loads(dump_json(value)) if value is not None and not isinstance(value, bytes) else value
