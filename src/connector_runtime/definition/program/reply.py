"""What is read from a reply: its meaning, its pages, its records one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.definition.program.common import maybe, value
from connector_runtime.definition.program.errors import ErrorRules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.definition.program.common import Evaluate

# Kept small on purpose: who needs more reads `pages()`, which has no end but the vendor's.
MAX_PAGES, MAX_ITEMS = 500, 100_000


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


def compile_reply(reply: Mapping[str, Any], component: Mapping[str, Any]) -> ReplyProgram:
    results = reply.get("results")
    return ReplyProgram(
        form=value(reply.get("as", "json"), ("reply", "as")),
        ok=maybe(reply, "ok", ("reply", "ok")),
        error=maybe(reply, "error", ("reply", "error")),
        identity=maybe(reply, "identity", ("reply", "identity")),
        output=maybe(reply, "output", ("reply", "output")),
        results=_results(results, component) if results else None,
    )


def _results(results: Mapping[str, Any], component: Mapping[str, Any]) -> ResultsProgram:
    at = ("reply", "results")
    errors = results.get("errors", component.get("defaults", {}).get("errors", []))
    table = [{"use": errors}] if isinstance(errors, str) else errors
    return ResultsProgram(
        items=value(results["items"], (*at, "items")),
        of=maybe(results, "of", (*at, "of")),
        ok=value(results["ok"], (*at, "ok")),
        errors=ErrorRules(table, component),
        output=maybe(results, "output", (*at, "output")),
        identity=maybe(results, "identity", (*at, "identity")),
    )


def compile_paging(paginate: Mapping[str, Any] | None) -> PagingProgram | None:
    if paginate is None:
        return None

    def part(key: str) -> Evaluate:
        return value(paginate[key], ("paginate", key))

    return PagingProgram(
        start=part("start"),
        next=part("next"),
        more=part("while"),
        all=maybe(paginate, "all", ("paginate", "all")),
        items=part("items"),
        max_pages=paginate["max"].get("pages", MAX_PAGES),
        max_items=paginate["max"].get("items", MAX_ITEMS),
        inputs=maybe(paginate, "inputs", ("paginate", "inputs")),
    )
