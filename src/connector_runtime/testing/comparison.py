"""What an embedded test wants against what has happened."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from connector_runtime.base.bodies import FormBody, MultipartBody, opened
from connector_runtime.base.values import Secret
from connector_runtime.definition.written_tests import SAME
from connector_runtime.errors import ConnectorError
from connector_runtime.language.documents.document import dump_json
from connector_runtime.language.expressions.operators import equal
from connector_runtime.language.templates import SPREAD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from connector_runtime.base.messages import Outgoing
    from connector_runtime.conversation.replies.results import Result
    from connector_runtime.testing.cases import Script, StillClock

# Of a value that differs, in a line of the report.
_SHOWN_CHARS = 300
_COMPARED = {"json", "form", "multipart", "text"}
_SHOWN_BYTES = 300


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
        if not equal(plain(outcome.data), output):
            yield f"output{apart(plain(outcome.data), output)}"
    elif "output" in wanted and "error" in wanted:
        yield "there is no `output` where there is an `error`"
    if "requests" in wanted and len(script.sent) != wanted["requests"]:
        yield f"{len(script.sent)} requests were sent, not {wanted['requests']}"
    if "waits" in wanted and clock.waits != wanted["waits"]:
        yield f"waits were {clock.waits}, not {wanted['waits']}"
    sends = wanted.get("sends", [])
    sends = [sends] if isinstance(sends, dict) else sends
    if isinstance(wanted.get("sends"), list) and len(sends) != len(script.sent):
        yield f"{len(script.sent)} requests were sent, and `sends` has {len(sends)}"
    for number, (expected, outgoing) in enumerate(zip(sends, script.sent, strict=False), 1):
        yield from (f"request {number}: {text}" for text in _compare_request(expected, outgoing))


def apart(found: Any, wanted: Any, path: str = "") -> str:
    """Return where two values differ first, and what stands there in each: short enough for a line."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        for key in [*wanted, *(key for key in found if key not in wanted)]:
            if key not in found:
                return f"{path}.{key} is missing, not {_short(wanted[key])}"
            if key not in wanted:
                return f"{path}.{key} is {_short(found[key])}, and should not be there"
            if not equal(found[key], wanted[key]):
                return apart(found[key], wanted[key], f"{path}.{key}")
    if isinstance(found, list) and isinstance(wanted, list):
        for index, (one, other) in enumerate(zip(found, wanted, strict=False)):
            if not equal(one, other):
                return apart(one, other, f"{path}[{index}]")
        return f"{path} has {len(found)} items, not {len(wanted)}"
    meant = " (only as the whole `output` is it the reply)" if wanted == SAME else ""
    return f"{path} is {_short(found)}, not {_short(wanted)}{meant}"


def _short(value: Any) -> str:
    text = dump_json(value)
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"


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
        # Of a message a part is enough; that it has the number 1 in it is said as a text.
        is_part = key in ("message", "hint") and isinstance(value, str) and isinstance(found, str)
        if not (value in found if is_part else equal(found, value)):
            yield f"error.{key} is {_short(found)}, not {_short(value)} ({outcome})"


def _compare_request(wanted: Mapping[str, Any], outgoing: Outgoing) -> Iterator[str]:
    for key, found in (("method", outgoing.method), ("url", outgoing.url)):
        if key in wanted and wanted[key] != found:
            yield f"{key} is {found}, not {wanted[key]}"
    if "status" in wanted:
        yield "a request has no `status`: only the answer to a push has one"
    headers = _by_name(
        (name.lower(), value.reveal() if isinstance(value, Secret) else value)
        for name, value in outgoing.headers
    )
    for name, value in wanted.get("headers", {}).items():
        if not equal(headers.get(name.lower()), _as_sent(value)):
            yield f"header {name} is {_short(headers.get(name.lower()))}, not {_short(value)}"
    for form in sorted(_COMPARED & wanted.keys()):
        try:
            found = _body(outgoing, form)
        except ValueError:
            shown = outgoing.body.preview(_SHOWN_BYTES) if outgoing.body is not None else None
            yield f"the body is none of {form}: {shown}"
            continue
        if not (_parts_fit if form == "multipart" else equal)(wanted[form], found):
            # Of files only the members that a test names are compared.
            how = f" is {_short(found)}, not {_short(wanted[form])}"
            yield f"{form} body{how if form == 'multipart' else apart(found, wanted[form])}"


def _as_sent(value: Any) -> Any:
    """Return the text of a header, or the texts where it goes out several times."""
    if isinstance(value, list):
        return [str(one) for one in value]
    return None if value is None else str(value)


def _body(outgoing: Outgoing, form: str) -> Any:
    """Return a body as a test has it; raises `ValueError` where its form is another."""
    body = outgoing.body
    if body is None:
        return None
    if form == "multipart" and isinstance(body, MultipartBody):
        return _by_name((part["name"], _part(part)) for part in body.fields())
    if form == "form" and isinstance(body, FormBody):
        return _by_name(body.fields())
    if form in ("multipart", "form"):
        raise ValueError(form)
    text = b"".join(map(opened, body.chunks())).decode()
    return json.loads(text) if form == "json" else text


def _by_name(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return values by name; a name that is sent several times has a list of them."""
    found: dict[str, list[Any]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _parts_fit(wanted: Any, found: Any) -> bool:
    """Compare parts: texts whole, of files the members that the test names."""
    if not isinstance(wanted, dict) or not isinstance(found, dict):
        return equal(found, wanted)
    return wanted.keys() == found.keys() and all(_part_fits(wanted[name], found[name]) for name in wanted)


def _part_fits(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(map(_part_fits, wanted, found))
    if isinstance(wanted, dict) and isinstance(found, dict):
        return all(key in found and equal(found[key], value) for key, value in wanted.items())
    return equal(found, wanted)


def _part(part: Mapping[str, Any]) -> Any:
    if "value" in part:
        return part["value"]
    return {key: value for key, value in part.items() if key != "name"}


def plain(value: Any) -> Any:
    """Return a value as JSON holds it; a text of bytes stays as it is."""
    return json.loads(dump_json(value)) if value is not None and not isinstance(value, bytes) else value
