"""A request made from a scope: address, headers, body, and what was noticed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from connector_runtime.bodies import BodyError, BytesBody, FileBody, FormBody, JsonBody, MultipartBody
from connector_runtime.errors import ConnectorError, InputError, error_of
from connector_runtime.expressions import EvaluationError
from connector_runtime.inputs import typed_fields
from connector_runtime.messages import Outgoing
from connector_runtime.urls import UrlError, build_url, header_pairs, path_below, query_pairs, short_query
from connector_runtime.values import ABSENT, File, Secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector_runtime.bodies import Body
    from connector_runtime.connections import Channel
    from connector_runtime.model import Model
    from connector_runtime.program.request import BodyChoice, RequestProgram
    from connector_runtime.schemas import Validator
    from connector_runtime.schemas.violations import Violation

USER_AGENT = "connector-runtime"
_ACCEPT = {"json": "application/json", "text": "text/*, */*", "binary": "*/*"}
METHODS = frozenset(["DELETE", "GET", "HEAD", "LINK", "OPTIONS", "PATCH", "POST", "PURGE", "PUT", "UNLINK"])


class Built(NamedTuple):
    """A request ready to go out, and what the caller should know before it does."""

    outgoing: Outgoing
    warnings: tuple[str, ...] = ()


def build(
    program: RequestProgram, scope: Mapping[str, Any], channel: Channel, model: Model, **how: Any
) -> Built:
    """Make one request.

    Args:
        program: The compiled request.
        scope: What its expressions may see.
        channel: Whose request it is.
        model: The component, for services and record schemas.
        how: `effect` of the action; `form` of the reply; `masked` for a request
            that is only shown, without secrets.

    Raises:
        InputError: An input cannot be sent as it is.
        ConnectionProblem: The address is not one of the connection's hosts.
    """
    try:
        return _build(program, scope, channel, model, **how)
    except UrlError as refusal:
        hint = refusal.hint
        if refusal.path is not None:
            base = _base(program.service, scope, channel, model)
            hint = f"Enter the path only: `{path_below(base, refusal.path)}`"
        problem = error_of(
            "input",
            _sentence(refusal.message),
            hint=_sentence(hint),
            input=_culprit(program, scope, refusal.message),
        )
    except BodyError as refusal:
        problem = error_of("input", _sentence(str(refusal)), hint=_sentence(refusal.hint))
    except EvaluationError as refusal:
        problem = error_of(refusal.kind, f"The request cannot be made: {refusal}", hint=refusal.hint)
        if refusal.kind == "input":
            fed = [key for choice in program.bodies for key in choice.inputs]
            problem.input = next((key for key in fed if f"inputs.{key}" in str(refusal)), None)
    raise problem


def _build(  # noqa: PLR0913  the same words as `build`
    program: RequestProgram,
    scope: Mapping[str, Any],
    channel: Channel,
    model: Model,
    *,
    effect: str = "read",
    form: str = "json",
    masked: bool = False,
) -> Built:
    method = str(program.method(scope)).upper()
    if method not in METHODS:
        raise UrlError(
            f"`{method[:20]}` is not a method of HTTP that can be used here.", "Choose one from the list."
        )
    query = query_pairs(program.query(scope)) if program.query else []
    url = build_url(_base(program.service, scope, channel, model), program.path.segments(scope), query)
    body, warnings = _body(program.bodies, scope, model, effect)
    headers: dict[str, tuple[str, str | Secret]] = {
        "accept": ("Accept", _ACCEPT.get(form, "*/*")),
        "user-agent": ("User-Agent", USER_AGENT),
    }
    if body is not None and body.content_type:
        headers["content-type"] = ("Content-Type", body.content_type)
    extra = header_pairs(program.headers(scope)) if program.headers else []
    for name, value in extra:
        if name.lower() != "content-type" or not isinstance(body, MultipartBody):
            headers[name.lower()] = (name, value)
    for name, secret in channel.headers(masked=masked):
        headers[name.lower()] = (name, secret)
    return Built(Outgoing(method, url, tuple(headers.values()), body, form), warnings)


@overload
def _sentence(text: str) -> str: ...
@overload
def _sentence(text: None) -> None: ...
def _sentence(text: str | None) -> str | None:
    """Return words as a sentence: a capital and a full stop."""
    if not text:
        return text
    return text[0].upper() + text[1:] + ("" if text.endswith((".", "!", "?", ")")) else ".")


def _culprit(program: RequestProgram, scope: Mapping[str, Any], message: str) -> str | None:
    """Return the input that a refusal is about, as far as it can be told."""
    found = program.path.culprit(scope)
    inputs: Mapping[str, Any] = scope.get("inputs", {})
    if found is None and "header" in message:
        for key, value in inputs.items():
            try:
                header_pairs(value if hasattr(value, "items") else {"x-value": value})
            except UrlError as refusal:
                if refusal.message == message or isinstance(value, str):
                    return str(key)
    if found is None and "query" in message:
        in_body = {key for choice in program.bodies for key in choice.inputs}
        for key in inputs.keys() - in_body:
            try:
                short_query(query_pairs(inputs[key] if hasattr(inputs[key], "items") else {"x": inputs[key]}))
            except UrlError:
                return str(key)
    return found


def _base(service: str, scope: Mapping[str, Any], channel: Channel, model: Model) -> str:
    base = channel.bases.get(service)
    if base is None:
        base = str(model.services[service].url({**scope, "connection": channel.connection}))
        if not any(base == host or base.startswith(f"{host}/") for host in channel.hosts):
            raise error_of("config", f"The address of `{service}` is none of the connection's hosts.")
        channel.bases[service] = base
    return base


def _body(
    choices: Sequence[BodyChoice], scope: Mapping[str, Any], model: Model, effect: str
) -> tuple[Body | None, tuple[str, ...]]:
    for choice in choices:
        if choice.when is not None and not choice.when(scope):
            continue
        value = choice.value(scope)
        if value is ABSENT:
            return None, ()
        warnings: tuple[str, ...] = ()
        if choice.schema is not None and isinstance(value, dict):
            value, warnings = _judged(choice, value, scope, model, effect)
        content_type = choice.content_type(scope) if choice.content_type else None
        return _filled(choice.form, value, content_type or None), warnings
    return None, ()


def _filled(form: str, value: Any, content_type: str | None) -> Body:
    if form == "json":
        return JsonBody(value)
    if form == "form":
        return FormBody(query_pairs(value))
    if form == "multipart":
        return MultipartBody(_parts(value))
    if isinstance(value, File):
        return FileBody(replace(value, content_type=content_type) if content_type else value)
    data = value if isinstance(value, bytes) else str(value).encode()
    return BytesBody(data, content_type or ("text/plain; charset=utf-8" if form == "text" else None))


def _parts(value: Any) -> list[tuple[str, str | File]]:
    parts: list[tuple[str, str | File]] = []
    pairs = getattr(value, "pairs", None)
    for name, part in value.items() if pairs is None else pairs:
        for one in part if isinstance(part, list | tuple) else [part]:
            if isinstance(one, File):
                # A file without a name goes by its field's, as forms do.
                parts.append((str(name), one if one.name else replace(one, name=str(name))))
            else:
                parts += query_pairs({str(name): one})
    return parts


def _judged(
    choice: BodyChoice, value: dict[str, Any], scope: Mapping[str, Any], model: Model, effect: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Give a record's texts their fields' types, and judge it by its schema.

    A record that is created is judged by the schema's `create` part; one that is
    upserted only warned by it, because it may be there already.
    """
    reference = choice.schema(scope) if choice.schema else ABSENT
    base = model.schemas.find(str(reference)) if reference is not ABSENT else None
    if base is None:
        return value, ()
    record = _typed(choice, value, base)
    full = model.schemas.find(f"{reference}#create") if effect in ("create", "upsert") else None
    violations = (full if full and effect == "create" else base).violations(record)
    if violations:
        raise _refusal(choice, violations, scope)
    if full is None or effect == "create":
        return record, ()
    return record, tuple(violation.message for violation in full.violations(record))


def _typed(choice: BodyChoice, value: dict[str, Any], base: Validator) -> dict[str, Any]:
    try:
        return typed_fields(value, base)
    except ConnectorError as refusal:
        problem = refusal
    source = next(reversed(choice.inputs), None)
    raise InputError(problem.message, kind="validation", hint=problem.hint, input=source)


def _refusal(choice: BodyChoice, violations: Sequence[Violation], scope: Mapping[str, Any]) -> ConnectorError:
    """Return the error for a record that breaks its schema, naming the input that has the field."""
    messages = [violation.message for violation in violations]
    field = violations[0].pointer[0] if violations[0].pointer else None
    given = {key: scope["inputs"].get(key) for key in choice.inputs}
    holders = [key for key, value in given.items() if hasattr(value, "items") and field in value]
    return InputError(
        " ".join(_sentence(message) for message in messages[:5]),
        kind="validation",
        hint=_sentence(violations[0].hint),
        input=next(reversed(holders or choice.inputs), None),
    )
