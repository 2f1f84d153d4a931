"""One request of an action with all that is judged by it: its reply, its repeats, what it may double."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.definition.program.errors import ErrorRules, error_table
from connector_runtime.definition.program.reply import compile_paging, compile_reply
from connector_runtime.definition.program.request import compile_request, compile_retry
from connector_runtime.definition.program.safety import compile_adding, compile_identity, compile_lookup
from connector_runtime.definition.program.texts import wants_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.definition.program.reply import PagingProgram, ReplyProgram
    from connector_runtime.definition.program.request import RequestProgram, RetryProgram
    from connector_runtime.definition.program.safety import Adding, IdentityProgram, Lookup
    from connector_runtime.language.lets import Lets


class Unit(NamedTuple):
    """What certainty and repetition are judged by: one request, and what it does to the vendor's data.

    `wants_text` says whether any expression that sees the reply reads its text.
    """

    effect: str
    request: RequestProgram
    reply: ReplyProgram
    wants_text: bool
    retry: RetryProgram
    errors: ErrorRules
    paging: PagingProgram | None
    lookup: Lookup | None
    identity: IdentityProgram | None
    adding: Adding | None


def compile_unit(definition: Mapping[str, Any], component: Mapping[str, Any], lets: Lets) -> Unit:
    """Compile what of an action, or of another owner of a request, belongs to the request."""
    defaults = component.get("defaults", {})
    lookup = definition.get("lookup")
    return Unit(
        effect=definition["effect"],
        request=compile_request(definition["request"], defaults.get("timeout"), lets),
        reply=compile_reply(definition.get("reply", {}), component),
        wants_text=wants_text(definition, component),
        # Without a word about repeats nothing is repeated: the policy of nobody has no retries.
        retry=compile_retry(definition.get("retry", defaults.get("retry", {})), component),
        errors=ErrorRules(error_table(definition, defaults), component),
        paging=compile_paging(definition.get("paginate")),
        lookup=compile_lookup(lookup, [definition.get("let"), component.get("let")]) if lookup else None,
        identity=compile_identity(definition.get("identity"), lets),
        adding=compile_adding(definition.get("adds")),
    )
