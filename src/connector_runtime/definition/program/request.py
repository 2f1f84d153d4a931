"""The request of an action, and how often it is repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.definition.program.common import always, names_at, node
from connector_runtime.inputs.records import compile_schema_from
from connector_runtime.language.paths import compile_path, inputs_in
from connector_runtime.language.templates import compile_node

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.definition.program.common import Evaluate
    from connector_runtime.inputs.records import SchemaFrom
    from connector_runtime.language.lets import Lets
    from connector_runtime.language.paths import PathProgram

BODY_FORMS = ("json", "form", "multipart", "text", "bytes")


class BodyChoice(NamedTuple):
    """One way to fill the body; the first whose `when` holds is taken. `node` is how the file has it."""

    when: Evaluate | None
    form: str
    value: Evaluate
    content_type: Evaluate | None
    schema: Evaluate | None
    schema_from: SchemaFrom | None
    inputs: tuple[str, ...]
    node: Any


class RequestProgram(NamedTuple):
    """How to make one request from a scope; `definition` is how the file has it."""

    service: str
    method: Evaluate
    path: PathProgram
    query: Evaluate | None
    headers: Evaluate | None
    bodies: tuple[BodyChoice, ...]
    timeout: Evaluate | None
    definition: Mapping[str, Any]


class RetryProgram(NamedTuple):
    """How often and when to repeat; evaluated when an attempt has failed."""

    retries: Evaluate
    backoff: Evaluate
    delay: Evaluate
    cap: Evaluate
    kinds: frozenset[str]
    on_any: Evaluate


def compile_request(request: Mapping[str, Any], timeout: Any, lets: Lets) -> RequestProgram:
    def part(key: str, default: Any = None) -> Evaluate | None:
        return node(request.get(key, default), "action", ("request", key))

    body = request.get("body", [])
    return RequestProgram(
        service=request["service"],
        method=always(part("method", "GET")),
        path=compile_path(request["path"], names_at(("request", "path"))),
        query=part("query"),
        headers=part("headers"),
        bodies=tuple(_body(entry, lets) for entry in ([body] if isinstance(body, dict) else body)),
        timeout=part("timeout", timeout),
        definition=request,
    )


def _body(entry: Mapping[str, Any], lets: Lets) -> BodyChoice:
    def part(key: str) -> Evaluate | None:
        return node(entry.get(key), "action", ("request", "body", key))

    form = next(form for form in BODY_FORMS if form in entry)
    filling = compile_node(entry[form], names_at(("request", "body", form)))
    return BodyChoice(
        when=part("when"),
        form=form,
        value=filling.render,
        content_type=part("contentType"),
        schema=part("schema"),
        schema_from=compile_schema_from(entry.get("schemaFrom"), names_at(("request", "body", "schemaFrom"))),
        inputs=inputs_in(lets.expanded(filling.references)),
        node=entry[form],
    )


def compile_retry(retry: Any, component: Mapping[str, Any]) -> RetryProgram:
    policies = component.get("retry", {})
    # A copy: `use` is taken out below, and the file's content belongs to the model.
    own = {"use": retry} if isinstance(retry, str) else dict(retry)
    # What stands beside `use` wins: a policy by name is a beginning, not a law.
    policy = {**policies.get(own.pop("use", ""), {}), **own}

    def part(key: str, default: Any) -> Evaluate:
        return always(node(policy.get(key, default), "component", ("retry", "policy", key)))

    return RetryProgram(
        retries=part("retries", 0),
        backoff=part("backoff", "exponential"),
        delay=part("delay", "500ms"),
        cap=part("cap", "60s"),
        kinds=frozenset(policy.get("on", ())),
        on_any=part("onAny", default=False),
    )
