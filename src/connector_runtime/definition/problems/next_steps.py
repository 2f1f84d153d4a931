"""What the author of a file does next about a value of the wrong shape: said with what is written there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.definition.problems.component_draft import at
from connector_runtime.definition.problems.lookalikes import CURLY, what_is_wrong
from connector_runtime.language.expressions.grammar import closing_brace
from connector_runtime.language.schemas.violations import NO_EXPRESSION
from connector_runtime.language.visible_names import ALL_NAMES

if TYPE_CHECKING:
    from connector_runtime.language.documents.document import Document
    from connector_runtime.language.schemas.violations import Violation

# Longer ones are not repeated in a hint.
_SHOWN_CHARS = 80
_NUMBER = re.compile(r"[-+.\w]+")
_BARE = re.compile(r"(?:\$|not\s+)?([A-Za-z]\w*)\b")
_REQUEST = dict.fromkeys(
    ("service", "method", "path", "query", "headers", "body", "timeout"), "under `request`"
)
_REPLY = dict.fromkeys(("ok", "output", "results", "as", "error", "schema"), "under `reply`")
_PAGES = dict.fromkeys(("start", "next", "while", "items", "max", "all"), "under `paginate`")
_SOURCE = "into a source, under `poll.sources`"
_STEP = "into a step, under `steps`"
# Where keys belong that stand at the top of a file, by its kind.
_BELONGS = {
    "action": {**_PAGES, **_REPLY, **_REQUEST, "poll": _STEP, "progress": _STEP},
    "datasource": {**_PAGES, **_REPLY, **_REQUEST},
    "trigger": {
        **_REQUEST,
        **dict.fromkeys(("request", "reply", "paginate", "items", "while", "since", "memory"), _SOURCE),
        **dict.fromkeys(("identity", "made", "change", "output"), f"{_SOURCE}, or under `webhook.events`"),
        **dict.fromkeys(("overlap", "sources"), "under `poll`"),
        **dict.fromkeys(("verify", "subscribe", "renew", "events", "catchUp", "answers"), "under `webhook`"),
    },
}


class Advice(NamedTuple):
    """What is said of a violation; `code` is None where it is that of the violation."""

    message: str
    hint: str | None
    code: str | None = None


def advice_on(document: Document, kind: str, violation: Violation) -> Advice:
    """Return what to say of a violation of the language, the next step among it."""
    value = at(document.data, violation.pointer)
    if violation.keyword == "pattern" and isinstance(value, str):
        if value[:1] in CURLY and value:
            return Advice(*what_is_wrong(value[0]), code="Y020")
        if violation.message.endswith(NO_EXPRESSION):
            return _no_expression(violation, value.strip())
    elif violation.keyword == "type":
        return Advice(violation.message, _as_written(document, violation, value))
    elif violation.keyword == "additionalProperties" and len(violation.pointer) == 1:
        home = _BELONGS.get(kind, {}).get(str(violation.pointer[0]))
        if home is not None and not str(violation.hint).startswith("did you mean"):
            return Advice(violation.message, f"it belongs {home}")
    return Advice(violation.message, violation.hint)


def _no_expression(violation: Violation, text: str) -> Advice:
    name = violation.message.removesuffix(NO_EXPRESSION).strip()
    if text.startswith("${") and closing_brace(text, 2) is None:
        return Advice(f"{name} is an expression whose `}}` is missing", "write it to the end: `${ … }`")
    inner = text.removeprefix("{{").removesuffix("}}").strip()
    bare = _BARE.match(inner)
    if bare and bare[1] in ALL_NAMES and "${" not in inner and len(inner) <= _SHOWN_CHARS:
        return Advice(violation.message, f"write ${{ {inner.removeprefix('$')} }}")
    return Advice(violation.message, violation.hint)


def _as_written(document: Document, violation: Violation, value: Any) -> str | None:
    """Return the hint of a value of the wrong type; a number in quotes keeps all of its digits."""
    hint = violation.hint
    if isinstance(value, int | float) and not isinstance(value, bool) and hint and hint.startswith("put it"):
        written = _NUMBER.match(document.written_at(violation.pointer))
        return f'put it in quotes: "{written[0]}"' if written else hint
    return hint
