"""An action compiled: every expression a closure, made once, on first use.

Nothing here checks the author's work: `check` has done that, with file and line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.paths import compile_path, inputs_in
from connector_runtime.places import names_for
from connector_runtime.sent_records import key_and_value
from connector_runtime.templates import compile_expression_text, compile_node

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from connector_runtime.paths import PathProgram

    Evaluate = Callable[[Mapping[str, Any]], Any]

BODY_FORMS = ("json", "form", "multipart", "text", "bytes")
# Kept small on purpose: who needs more reads `pages()`, which has no end but the vendor's.
MAX_PAGES, MAX_ITEMS = 500, 100_000


class ErrorRule(NamedTuple):
    """One entry of an error table; the first whose `when` holds names the failure.

    Without a `kind` the HTTP status decides it.
    """

    when: Evaluate | None
    kind: str | None
    texts: Mapping[str, Evaluate]
    refused: bool


class ErrorRules:
    """An error table, compiled when a call first fails: most never do, and tables are long."""

    __slots__ = ("_component", "_rules", "_table")

    def __init__(self, table: Sequence[Mapping[str, Any]], component: Mapping[str, Any]) -> None:
        self._table = table
        self._component = component
        self._rules: tuple[ErrorRule, ...] | None = None

    def __iter__(self) -> Iterator[ErrorRule]:
        if self._rules is None:
            self._rules = tuple(_compile_errors(self._table, self._component))
        return iter(self._rules)


class BodyChoice(NamedTuple):
    """One way to fill the body; the first whose `when` holds is taken."""

    when: Evaluate | None
    form: str
    value: Evaluate
    content_type: Evaluate | None
    schema: Evaluate | None
    inputs: tuple[str, ...]


class RequestProgram(NamedTuple):
    """How to make one request from a scope."""

    service: str
    method: Evaluate
    path: PathProgram
    query: Evaluate | None
    headers: Evaluate | None
    bodies: tuple[BodyChoice, ...]
    timeout: Evaluate | None


class RetryProgram(NamedTuple):
    """How often and when to repeat; evaluated when an attempt has failed."""

    retries: Evaluate
    backoff: Evaluate
    delay: Evaluate
    cap: Evaluate
    kinds: frozenset[str]
    on_any: Evaluate


class PagingProgram(NamedTuple):
    """A fold over pages: where to start, when to go on, where to go.

    `inputs` gives the action's inputs that go on from a page, where it has some.
    """

    start: Evaluate
    next: Evaluate
    more: Evaluate
    all: Evaluate | None
    items: Evaluate
    max_pages: int
    max_items: int
    inputs: Evaluate | None


class ResultsProgram(NamedTuple):
    """How to judge the records of a many-record reply one by one."""

    items: Evaluate
    of: Evaluate | None
    ok: Evaluate
    errors: ErrorRules
    output: Evaluate | None
    identity: Evaluate | None


class ReplyProgram(NamedTuple):
    """How to read a reply.

    `error` finds the vendor's error where that does not stand at the top, `identity` what
    a written record is known by.
    """

    form: Evaluate
    ok: Evaluate | None
    error: Evaluate | None
    identity: Evaluate | None
    output: Evaluate | None
    results: ResultsProgram | None
    wants_text: bool


class Reading(NamedTuple):
    """A read action, and where in its reply a record is; for a look-up's whole record."""

    action: str
    inputs: Evaluate
    item: Evaluate


class Lookup(NamedTuple):
    """A read action that finds out whether a write has happened.

    `made` is the instant at which an item was made, `sent` what it must agree with, `record` how
    the whole of it is read where a list shows only a part, `found` what the call then gives back.
    """

    action: str
    inputs: Evaluate
    made: Evaluate
    sent: Evaluate
    record: Reading | None
    found: Evaluate


class IdentityProgram(NamedTuple):
    """What a record can be found by; `is_of_item` where each record of a call has its own."""

    text: Evaluate
    is_of_item: bool


class Adding(NamedTuple):
    """Which rows of the records in a request are added anew by every repeat; see `sent_records`."""

    of: Evaluate
    key: str
    kept: frozenset[str]


class Check(NamedTuple):
    """A rule across inputs: where `when` holds, the call is refused."""

    when: Evaluate
    message: Evaluate
    input: str | None


class Program(NamedTuple):
    """Everything the conversation of one action needs."""

    checks: tuple[Check, ...]
    request: RequestProgram
    reply: ReplyProgram
    retry: RetryProgram
    errors: ErrorRules
    paging: PagingProgram | None
    lookup: Lookup | None
    identity: IdentityProgram | None
    adding: Adding | None
    scopes: tuple[Evaluate, ...]
    debug: Evaluate | None


def compile_program(definition: Mapping[str, Any], component: Mapping[str, Any]) -> Program:
    """Compile one action of a checked component.

    Args:
        definition: The action file's content.
        component: The content of `component.yaml`, for defaults, policies and error tables.
    """
    defaults = component.get("defaults", {})
    lookup = definition.get("lookup")
    return Program(
        checks=tuple(_check(item) for item in definition.get("checks", ())),
        request=_request(definition["request"], defaults.get("timeout")),
        reply=_reply(definition.get("reply", {}), component),
        retry=_retry(definition.get("retry", defaults.get("retry", {})), component),
        errors=ErrorRules(_error_table(definition, defaults), component),
        paging=_paging(definition.get("paginate")),
        lookup=_lookup(lookup) if lookup else None,
        identity=_identity(definition.get("identity")),
        adding=_adding(definition.get("adds")),
        scopes=tuple(_value(text, ("scopes",)) for text in definition.get("scopes", ())),
        debug=_node(defaults.get("debug"), "component", ("defaults", "debug")),
    )


def _request(request: Mapping[str, Any], timeout: Any) -> RequestProgram:
    def part(key: str, default: Any = None) -> Evaluate | None:
        return _node(request.get(key, default), "action", ("request", key))

    body = request.get("body", [])
    return RequestProgram(
        service=request["service"],
        method=_always(part("method", "GET")),
        path=compile_path(request["path"], names_for("action", ("request", "path"))),
        query=part("query"),
        headers=part("headers"),
        bodies=tuple(_body(entry) for entry in ([body] if isinstance(body, dict) else body)),
        timeout=part("timeout", timeout),
    )


def _compile_errors(table: Sequence[Mapping[str, Any]], component: Mapping[str, Any]) -> list[ErrorRule]:
    rules: list[ErrorRule] = []
    names = names_for("action", ("errors",))
    for entry in table:
        if "use" in entry:
            rules += _compile_errors(component["errors"][entry["use"]], component)
            continue
        texts = {
            key: compile_node(entry[key], names).render
            for key in ("code", "message", "hint", "details", "existingId", "retryAfter")
            if key in entry
        }
        when = compile_expression_text(entry["when"], names).render if "when" in entry else None
        rules.append(ErrorRule(when, entry.get("kind"), texts, bool(entry.get("refused", False))))
    return rules


def _error_table(definition: Mapping[str, Any], defaults: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    own = definition.get("errors")
    if own is None:
        own = defaults.get("errors", [])
    return [{"use": own}] if isinstance(own, str) else own


def _body(entry: Mapping[str, Any]) -> BodyChoice:
    def part(key: str) -> Evaluate | None:
        return _node(entry.get(key), "action", ("request", "body", key))

    form = next(form for form in BODY_FORMS if form in entry)
    filling = compile_node(entry[form], names_for("action", ("request", "body", form)))
    return BodyChoice(
        when=part("when"),
        form=form,
        value=filling.render,
        content_type=part("contentType"),
        schema=part("schema"),
        inputs=inputs_in(filling.references),
    )


def _reply(reply: Mapping[str, Any], component: Mapping[str, Any]) -> ReplyProgram:
    results = reply.get("results")
    text = str(reply)
    return ReplyProgram(
        form=_value(reply.get("as", "json"), ("reply", "as")),
        ok=_maybe(reply, "ok", ("reply", "ok")),
        error=_maybe(reply, "error", ("reply", "error")),
        identity=_maybe(reply, "identity", ("reply", "identity")),
        output=_maybe(reply, "output", ("reply", "output")),
        results=_results(results, component) if results else None,
        wants_text="reply.text" in text or "reply.text" in str(component.get("errors")),
    )


def _results(results: Mapping[str, Any], component: Mapping[str, Any]) -> ResultsProgram:
    at = ("reply", "results")
    errors = results.get("errors", component.get("defaults", {}).get("errors", []))
    table = [{"use": errors}] if isinstance(errors, str) else errors
    return ResultsProgram(
        items=_value(results["items"], (*at, "items")),
        of=_maybe(results, "of", (*at, "of")),
        ok=_value(results["ok"], (*at, "ok")),
        errors=ErrorRules(table, component),
        output=_maybe(results, "output", (*at, "output")),
        identity=_maybe(results, "identity", (*at, "identity")),
    )


def _retry(retry: Any, component: Mapping[str, Any]) -> RetryProgram:
    policies = component.get("retry", {})
    own = {"use": retry} if isinstance(retry, str) else dict(retry)
    policy = {**policies.get(own.pop("use", ""), {}), **own}

    def part(key: str, default: Any) -> Evaluate:
        return _always(_node(policy.get(key, default), "component", ("retry", "policy", key)))

    return RetryProgram(
        retries=part("retries", 0),
        backoff=part("backoff", "exponential"),
        delay=part("delay", "500ms"),
        cap=part("cap", "60s"),
        kinds=frozenset(policy.get("on", ())),
        on_any=part("onAny", default=False),
    )


def _paging(paginate: Mapping[str, Any] | None) -> PagingProgram | None:
    if paginate is None:
        return None

    def part(key: str) -> Evaluate:
        return _value(paginate[key], ("paginate", key))

    return PagingProgram(
        start=part("start"),
        next=part("next"),
        more=part("while"),
        all=_maybe(paginate, "all", ("paginate", "all")),
        items=part("items"),
        max_pages=paginate["max"].get("pages", MAX_PAGES),
        max_items=paginate["max"].get("items", MAX_ITEMS),
        inputs=_maybe(paginate, "inputs", ("paginate", "inputs")),
    )


def _lookup(lookup: Mapping[str, Any]) -> Lookup:
    return Lookup(
        action=lookup["action"],
        inputs=_value(lookup["inputs"], ("lookup", "inputs")),
        made=_value(lookup["made"], ("lookup", "made")),
        sent=_value(lookup["sent"], ("lookup", "sent")),
        record=_reading(lookup.get("record")),
        found=_value(lookup["found"], ("lookup", "found")),
    )


def _reading(record: Mapping[str, Any] | None) -> Reading | None:
    if record is None:
        return None
    at = ("lookup", "record")
    return Reading(
        action=record["action"],
        inputs=_value(record["inputs"], (*at, "inputs")),
        item=_value(record["item"], (*at, "item")),
    )


def _identity(identity: Any) -> IdentityProgram | None:
    if identity is None:
        return None
    filling = compile_node(identity, names_for("action", ("identity",)))
    is_of_item = any(reference.path[0] == "item" for reference in filling.references)
    if not isinstance(identity, dict):
        return IdentityProgram(filling.render, is_of_item)
    of, keys = (_value(identity[name], ("identity", name)) for name in ("of", "keys"))
    return IdentityProgram(lambda scope: key_and_value(of(scope), keys(scope)), is_of_item)


def _adding(adds: Mapping[str, Any] | None) -> Adding | None:
    if adds is None:
        return None
    of = _value(adds["of"], ("adds", "of"))
    return Adding(of, adds["unless"], frozenset(adds.get("except", ())))


def _check(check: Mapping[str, Any]) -> Check:
    return Check(
        when=_value(check["when"], ("checks", "when")),
        message=_value(check["message"], ("checks", "message")),
        input=check.get("input"),
    )


def _value(node: Any, pointer: Sequence[str]) -> Evaluate:
    return compile_node(node, names_for("action", pointer)).render


def _maybe(owner: Mapping[str, Any], key: str, pointer: Sequence[str]) -> Evaluate | None:
    return _value(owner[key], pointer) if key in owner else None


def _node(node: Any, kind: str, pointer: Sequence[str]) -> Evaluate | None:
    return None if node is None else compile_node(node, names_for(kind, pointer)).render


def _always(evaluate: Evaluate | None) -> Evaluate:
    return evaluate or (lambda _scope: None)
