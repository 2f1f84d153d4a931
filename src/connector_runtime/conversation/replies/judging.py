"""A reply read and judged: what it says, and what that means for the call."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.base.json_text import shown
from connector_runtime.base.messages import Failure
from connector_runtime.base.values import ABSENT, Certainty
from connector_runtime.definition.error_names import SENTENCES, classify
from connector_runtime.definition.evaluation import TELLER, safely
from connector_runtime.errors import REFUSING_KINDS, UNSURE_KINDS
from connector_runtime.language.documents.document import JsonError, parse_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector_runtime.base.messages import Reply
    from connector_runtime.base.numbers import Numbers
    from connector_runtime.base.redaction import Redactor
    from connector_runtime.definition.program.common import Evaluate
    from connector_runtime.definition.program.errors import ErrorRule
    from connector_runtime.definition.program.reply import ReplyProgram

SNIPPET_CHARS = 200
NAMELESS = "The service says yes and does not name the record."
# A reply's session with a browser; nothing of ours reads it, and whoever has it may use it.
# Where an address may be repeated: links to next pages, `Location`, words about a mistake.
_ECHOING = ("headers", "json", "text")
_COOKIES = ("set-cookie", "set-cookie2")
# Of another form than JSON, a reply that says it is JSON is read as such up to this size: it may be an error.
_ASIDE_MAX_BYTES = 1024 * 1024
_JSON_TYPE = re.compile(r"(?i)[ \t]*(?:application|text)/(?:[^;]*\+)?json[ \t]*(?:;|\Z)")
_PAGE_TYPE = re.compile(r"(?i)[ \t]*(?:text/html|application/xhtml\+xml)[ \t]*(?:;|\Z)")
_PAGE_SUFFIXES = (".htm", ".html", ".xhtml")
_BY_STATUS = {
    400: "validation",
    401: "auth_expired",
    403: "permission",
    404: "not_found",
    408: "timeout",
    409: "conflict",
    412: "conflict",
    422: "validation",
    429: "rate_limited",
}


class Verdict(NamedTuple):
    """What one attempt came to.

    `kind` is None when the vendor said yes. `facts` are attributes for the
    error: `status code hint details existing_id`; `retry_after` is the vendor's
    wish as it came. `values` is the reply as expressions see it.
    """

    certainty: Certainty
    kind: str | None
    message: str
    values: Mapping[str, Any]
    facts: Mapping[str, Any]
    retry_after: Any = None


def read(reply: Reply, form: str, *, wants_text: bool, numbers: Numbers = "float") -> dict[str, Any]:
    """Return a reply as expressions see it: `status headers json text body`.

    Cookies are left out; `json` is absent where the body is none; a refusal is read as JSON whatever
    form was asked for, because that is how vendors explain themselves. So is what calls itself
    JSON and is no download: it may say no with a good status.
    """
    headers: dict[str, str] = {}
    for name, value in reply.headers:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    for name in _COOKIES:
        headers.pop(name, None)
    values: dict[str, Any] = {"status": reply.status, "headers": headers, "body": reply.body}
    if reply.early is not None:
        return {**values, **reply.early}
    if reply.body and is_json(reply, form):
        try:
            values["json"] = parse_json(reply.body, numbers=numbers)
        except JsonError as problem:
            values["unreadable"] = str(problem)
    if wants_text:
        values["text"] = reply.body.decode("utf-8", "replace")
    return values


def is_json(reply: Reply, form: str) -> bool:
    """Return whether a reply is read as JSON."""
    return form == "json" or reply.status >= 300 or _is_json_aside(reply)


def _is_json_aside(reply: Reply) -> bool:
    """Return whether a reply is JSON that the service says, not a file that it hands out."""
    is_short = reply.size_bytes <= _ASIDE_MAX_BYTES and not _is_attachment(reply)
    return is_short and _JSON_TYPE.match(_type_of(reply)) is not None


def _is_page_instead(reply: Reply) -> bool:
    """Return whether a page for people came where a file was to be saved: a login's, or a proxy's."""
    if reply.saved_to is None or reply.saved_to.suffix.lower() in _PAGE_SUFFIXES:
        return False
    return _PAGE_TYPE.match(_type_of(reply)) is not None and not _is_attachment(reply)


def _is_attachment(reply: Reply) -> bool:
    """Return whether a reply says that it is a file to be kept; a name alone does not say so."""
    kind = (reply.header("content-disposition") or "").partition(";")[0]
    return kind.strip().lower() == "attachment"


def _type_of(reply: Reply) -> str:
    return reply.header("content-type") or ""


def judge(  # noqa: PLR0913  how a reply is read, and by what it is judged
    got: Reply | Failure,
    program: ReplyProgram,
    rules: Iterable[ErrorRule],
    scope: dict[str, Any],
    *,
    form: str,
    wants_text: bool,
    redactor: Redactor,
    numbers: Numbers = "float",
) -> Verdict:
    """Say what an attempt came to; `scope` gains `reply` and `fault`."""
    if isinstance(got, Failure):
        return verdict_of(got)
    values = read(got, form, wants_text=wants_text, numbers=numbers)
    if redactor.hides_echoes:
        values |= {part: redactor.everywhere(values[part]) for part in _ECHOING if part in values}
    scope["reply"] = values
    error = _error_inside(program, scope, got.status)
    scope["fault"] = values.get("json", ABSENT) if error is None else error
    is_page = "json" not in values and _is_page_instead(got)
    if is_page:
        values["unreadable"] = "it is a page for people, not the file that was to be saved"
    unreadable = is_page or (got.status < 300 and "unreadable" in values and form == "json")
    if error is None and not unreadable and _is_ok(program, scope, got.status):
        facts = {"status": got.status}
        if is_nameless(program.identity, scope):
            return Verdict(Certainty.UNKNOWN, "contract", NAMELESS, values, facts)
        return Verdict(Certainty.ANSWERED, None, "", values, facts)
    named = classify(rules, scope, redactor)
    facts = {"status": got.status, **named.facts}
    kind, message, refused = named.kind, named.message, named.refused
    if kind is None:
        kind = "contract" if unreadable else kind_of_status(got.status)
    message = message or _generic(kind, got, values, redactor, getattr(scope.get(TELLER), "step", None))
    certainty = _certainty(kind, got.status, refused=refused)
    asked = named.retry_after if named.retry_after is not None else got.header("retry-after")
    return Verdict(certainty, kind, message, values, facts, asked)


def verdict_of(failure: Failure) -> Verdict:
    """Return what an attempt without a reply came to."""
    return Verdict(failure.certainty, failure.kind, failure.message, {}, {})


def kind_of_status(status: int) -> str:
    """Return the kind of a refusal that no rule names."""
    if status >= 500:
        return "server"
    return _BY_STATUS.get(status, "contract")


def _is_ok(program: ReplyProgram, scope: Mapping[str, Any], status: int) -> bool:
    """Return whether the vendor said yes; `ok` only narrows what the status says.

    A refusal that answers for each record that was sent is judged record by record instead; a
    redirect, a time-out or an error of the vendor's own is never an answer, whatever is in it.
    """
    if not 200 <= status < 300:
        is_answer = 400 <= status < 500 and status != 408
        results = program.results
        has_records = program.ok is not None and results is not None and results.of is not None
        if not (is_answer and has_records):
            return False
    return program.ok is None or bool(safely(program.ok, scope, "reply", "ok"))


def _error_inside(program: ReplyProgram, scope: Mapping[str, Any], status: int) -> Any:
    """Return the error that a reply holds somewhere inside, or None; records may say their own."""
    if program.error is None or (program.results is not None and status < 300):
        return None
    return safely(program.error, scope, "reply", "error")


def is_nameless(identity: Evaluate | None, scope: Mapping[str, Any]) -> bool:
    """Return whether a written record's name is expected and is not there."""
    return identity is not None and safely(identity, scope, "identity") in (None, "", [], {})


def _certainty(kind: str, status: int, *, refused: bool) -> Certainty:
    if refused or kind in REFUSING_KINDS:
        return Certainty.REJECTED
    if status >= 500 or status == 408 or kind in UNSURE_KINDS:
        return Certainty.UNKNOWN
    if kind == "contract" and status < 400:
        # A redirect may be what a finished write answers with.
        return Certainty.UNKNOWN
    return Certainty.ANSWERED


def _generic(kind: str, got: Reply, values: Mapping[str, Any], redactor: Redactor, step: Any) -> str:
    text = redactor.text(shown(got.body), SNIPPET_CHARS * 8)
    snippet = " ".join(text.split())[:SNIPPET_CHARS]
    if kind == "contract":
        if got.status == 304:
            return "The service says that nothing has changed (HTTP 304), and was not asked whether."
        if 300 <= got.status < 400:
            return f"The service answered with a redirect (HTTP {got.status}), which is never followed."
        owner = "the action" if step is None else f"the step `{step}`"
        judged = f" (by `reply` of {owner}; no error rule names it)" if got.status < 300 else ""
        why = redactor.text(values.get("unreadable", f"it is not what the service promises{judged}"))
        return f"The reply (HTTP {got.status}) cannot be used: {why}. It begins: {snippet!r}"
    sentence = SENTENCES.get(kind, "The service refused the request.")
    return f"{sentence} It answered HTTP {got.status}" + (f": {snippet!r}" if snippet else ".")
