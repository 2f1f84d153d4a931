"""An action compiled: every expression a closure, made once, on first use.

Nothing here checks the author's work: `check` has done that, with file and line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.program.common import node, value
from connector_runtime.program.errors import ErrorRules, error_table
from connector_runtime.program.reply import compile_paging, compile_reply
from connector_runtime.program.request import compile_request, compile_retry
from connector_runtime.program.safety import compile_adding, compile_identity, compile_lookup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.program.common import Evaluate
    from connector_runtime.program.reply import PagingProgram, ReplyProgram
    from connector_runtime.program.request import RequestProgram, RetryProgram
    from connector_runtime.program.safety import Adding, IdentityProgram, Lookup


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
        request=compile_request(definition["request"], defaults.get("timeout")),
        reply=compile_reply(definition.get("reply", {}), component),
        retry=compile_retry(definition.get("retry", defaults.get("retry", {})), component),
        errors=ErrorRules(error_table(definition, defaults), component),
        paging=compile_paging(definition.get("paginate")),
        lookup=compile_lookup(lookup) if lookup else None,
        identity=compile_identity(definition.get("identity")),
        adding=compile_adding(definition.get("adds")),
        scopes=tuple(value(text, ("scopes",)) for text in definition.get("scopes", ())),
        debug=node(defaults.get("debug"), "component", ("defaults", "debug")),
    )


def _check(check: Mapping[str, Any]) -> Check:
    return Check(
        when=value(check["when"], ("checks", "when")),
        message=value(check["message"], ("checks", "message")),
        input=check.get("input"),
    )
