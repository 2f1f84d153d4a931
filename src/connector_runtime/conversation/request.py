"""A request made from a scope: address, headers, body, and what was noticed."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, overload
from urllib.parse import quote

from connector_runtime.base.bodies import BodyError, BytesBody, FileBody, FormBody, JsonBody, MultipartBody
from connector_runtime.base.messages import Outgoing
from connector_runtime.base.urls import (
    Segments,
    UrlError,
    build_url,
    check_segment,
    header_pairs,
    path_below,
    query_pairs,
)
from connector_runtime.base.values import ABSENT, File, Secret
from connector_runtime.conversation.blame import REFUSALS, blame, giver_of, inputs_at_fault, inputs_behind
from connector_runtime.definition.account_schemas import fallback_of, warnings_of
from connector_runtime.definition.evaluation import TELLER
from connector_runtime.definition.problems.fault_places import place_of
from connector_runtime.errors import ConnectorError, InputError, error_of
from connector_runtime.inputs.inputs import typed_fields
from connector_runtime.language.expressions.expression import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from connector_runtime.access.connections import Channel
    from connector_runtime.base.bodies import Body
    from connector_runtime.definition.model import Model
    from connector_runtime.definition.program.request import BodyChoice, RequestProgram
    from connector_runtime.language.schemas.validator import Validator
    from connector_runtime.language.schemas.violations import Violation

USER_AGENT = "connector-runtime"
_ACCEPT = {"json": "application/json", "text": "text/*, */*", "binary": "*/*"}
METHODS = frozenset(["DELETE", "GET", "HEAD", "LINK", "OPTIONS", "PATCH", "POST", "PURGE", "PUT", "UNLINK"])


class Built(NamedTuple):
    """A request ready to go out, and what the caller should know before it does."""

    outgoing: Outgoing
    warnings: tuple[str, ...] = ()


def build(
    program: RequestProgram,
    scope: Mapping[str, Any],
    channel: Channel,
    model: Model,
    *,
    action: str = "",
    **how: Any,
) -> Built:
    """Make one request.

    Args:
        program: The compiled request.
        scope: What its expressions may see.
        channel: Whose request it is.
        model: The component, for services and record schemas.
        action: Key of the action, to say where an expression stands that fails.
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
        problem = error_of("input", _sentence(refusal.message), hint=_sentence(hint))
        inputs, used = _culprits(program, scope, refusal), inputs_at_fault(refusal, scope, exact=False)
    except BodyError as refusal:
        problem = error_of("input", _sentence(str(refusal)), hint=_sentence(refusal.hint))
        inputs, used = _culprits(program, scope, refusal), ()
    except EvaluationError as refusal:
        at = place_of(model, action, refusal)
        place = f" ({at})" if at and refusal.kind != "input" else ""
        message = f"The request cannot be made: {refusal}{place}"
        problem = error_of(refusal.kind, message, hint=refusal.hint, at=at)
        inputs, used = _culprits(program, scope, refusal), inputs_at_fault(refusal, scope, exact=False)
    raise blame(problem, inputs, used)


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
    _check_method(method)
    query = query_pairs(program.query(scope)) if program.query else []
    signed = channel.query(masked=masked) if channel.definition.query else []
    if signed:
        # A link to the next page may repeat them.
        names = {name for name, _ in signed}
        query = [pair for pair in query if pair[0] not in names]
    url = build_url(_base(program.service, scope, channel, model), program.path.segments(scope), query)
    body, warnings = _body(program.bodies, scope, model, effect)
    headers: dict[str, tuple[str, str | Secret]] = {
        "accept": ("Accept", _ACCEPT.get(form, "*/*")),
        "user-agent": ("User-Agent", USER_AGENT),
    }
    if body is not None and body.content_type:
        headers["content-type"] = ("Content-Type", body.content_type)
    extra = header_pairs(program.headers(scope)) if program.headers else []
    given: set[str] = set()
    for name, value in extra:
        lower = name.lower()
        if lower != "content-type" or not isinstance(body, MultipartBody):
            # A list repeats its header; no name has a blank, so the repeat replaces nothing.
            headers[f"{lower} {len(headers)}" if lower in given else lower] = (name, value)
            given.add(lower)
    for name, secret in channel.headers(masked=masked):
        headers[name.lower()] = (name, secret)
    pairs = "&".join(f"{quote(name, '')}={_encoded(value)}" for name, value in signed)
    key = Secret(pairs) if pairs and not masked else None
    if pairs and masked:
        url = f"{url}{'&' if '?' in url else '?'}{pairs}"
    return Built(Outgoing(method, url, tuple(headers.values()), body, form, key), warnings)


def _encoded(value: Secret | str) -> str:
    """Return a parameter's value as it goes out; of a masked one the mask."""
    return quote(value.reveal(), "") if isinstance(value, Secret) else quote(value, "*")


@overload
def _sentence(text: str) -> str: ...
@overload
def _sentence(text: None) -> None: ...
def _sentence(text: str | None) -> str | None:
    """Return words as a sentence: a capital and a full stop."""
    if not text:
        return text
    return text[0].upper() + text[1:] + ("" if text.endswith((".", "!", "?", ")")) else ".")


def _culprits(
    program: RequestProgram, scope: Mapping[str, Any], refusal: UrlError | BodyError | EvaluationError
) -> tuple[str, ...]:
    """Return the inputs that a refusal is about: those of the first part of the request that fails."""
    # Where even choosing the body fails, only the expression itself tells what it has read.
    with suppress(*REFUSALS):
        for node, attempt in _attempts(program, scope):
            found = inputs_behind(node, scope, refusal, attempt)
            if found:
                return found
    return inputs_at_fault(refusal, scope)


def _attempts(
    program: RequestProgram, scope: Mapping[str, Any]
) -> Iterator[tuple[Any, Callable[[Any], Any]]]:
    """Yield the parts of a request, as the file has them, and what tells whether a value can stand there."""
    definition = program.definition
    yield definition.get("method", "GET"), _check_method
    yield definition.get("query", {}), _check_query
    piece = program.path.culprit(scope)
    if piece is not None:
        yield piece, _check_piece
    body = definition.get("body", [])
    entries = body if isinstance(body, list) else [body]
    for choice, entry in zip(program.bodies, entries, strict=True):
        if choice.when is None or choice.when(scope):
            yield entry[choice.form], partial(_filled, choice.form, content_type=None)
            yield entry.get("contentType", ""), lambda value: FileBody(File(b"", content_type=value))
            break
    yield definition.get("headers", {}), lambda value: header_pairs(_members(value))


def _members(value: Any) -> Any:
    return value if hasattr(value, "items") else {"x": value}


def _check_method(value: Any) -> None:
    method = str(value).upper()
    if method not in METHODS:
        message = f"`{method[:20]}` is not a method of HTTP that can be used here."
        raise UrlError(message, "Choose one from the list.")


def _check_query(value: Any) -> None:
    build_url("https://host", (), query_pairs(_members(value)))


def _check_piece(value: Any) -> None:
    for text in value if isinstance(value, Segments) else [str(value)]:
        check_segment(text)


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
        if choice.schema_from is not None and isinstance(value, dict):
            value, warnings = _compared(choice, value, scope, model, effect)
        elif choice.schema is not None and isinstance(value, dict):
            value, warnings = _judged(choice, value, scope, model, effect)
        if value is None and choice.form != "json":
            return None, warnings  # only JSON can say null
        if choice.form in {"form", "multipart"}:
            warnings += tuple(_left_out(value))
        content_type = choice.content_type(scope) if choice.content_type else None
        return _filled(choice.form, value, content_type or None), warnings
    return None, ()


def _left_out(fields: Any) -> Iterator[str]:
    """Yield a warning for each null among the fields of a form: somebody may have meant to clear a field."""
    pairs = getattr(fields, "pairs", None) or (fields.items() if isinstance(fields, Mapping) else ())
    for name, value in pairs:
        if value is None or (isinstance(value, list | tuple) and None in value):
            yield f"`{name}` is null, which a form cannot say: it was left out. An empty text can be sent."


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


def _compared(
    choice: BodyChoice, value: dict[str, Any], scope: Mapping[str, Any], model: Model, effect: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Type a record by the account's own fields and say what is odd; without them the fall-back judges."""
    origin, fields = choice.schema_from, getattr(scope.get(TELLER), "fields", None)
    live = fields.live(origin, scope) if fields is not None else None
    if live is None:
        record, warnings = _judged(choice, value, scope, model, effect)
        return record, (*warnings, *(fields.notes(origin, value, scope) if fields is not None else ()))
    with suppress(ConnectorError):
        value = typed_fields(value, live)
    return value, tuple(warnings_of(value, live))


def _judged(
    choice: BodyChoice, value: dict[str, Any], scope: Mapping[str, Any], model: Model, effect: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Give a record's texts their fields' types, and judge it by its schema.

    A record that is created is judged by the schema's `create` part; one that is
    upserted only warned by it, because it may be there already.
    """
    if choice.schema_from is not None:
        reference = fallback_of(choice.schema_from, scope) or ABSENT
    else:
        reference = choice.schema(scope) if choice.schema else ABSENT
    base = model.schemas.find(str(reference)) if reference is not ABSENT else None
    if base is None:
        return value, ()
    record = _typed(choice, value, base, scope)
    full = model.schemas.find(f"{reference}#create") if effect in ("create", "upsert") else None
    violations = (full if full and effect == "create" else base).violations(record)
    if violations:
        raise _refusal(choice, violations, scope)
    if full is None or effect == "create":
        return record, ()
    return record, tuple(violation.message for violation in full.violations(record))


def _typed(
    choice: BodyChoice, value: dict[str, Any], base: Validator, scope: Mapping[str, Any]
) -> dict[str, Any]:
    try:
        return typed_fields(value, base)
    except ConnectorError as refusal:
        problem = refusal
    odd = next((name for name in value if not _is_typed({name: value[name]}, base)), None)
    source = giver_of(odd, choice.node, scope) or next(reversed(choice.inputs), None)
    raise InputError(problem.message, kind="validation", hint=problem.hint, input=source)


def _is_typed(value: dict[str, Any], base: Validator) -> bool:
    try:
        typed_fields(value, base)
    except ConnectorError:
        return False
    return True


def _refusal(choice: BodyChoice, violations: Sequence[Violation], scope: Mapping[str, Any]) -> ConnectorError:
    """Return the error for a record that breaks its schema, naming the input that has the field."""
    messages = [violation.message for violation in violations]
    field = violations[0].pointer[0] if violations[0].pointer else None
    return InputError(
        " ".join(_sentence(message) for message in messages[:5]),
        kind="validation",
        hint=_sentence(violations[0].hint),
        input=giver_of(field, choice.node, scope) or next(reversed(choice.inputs), None),
    )
