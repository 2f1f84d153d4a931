"""The page about repeats; its tables are made from what the runtime does.

Run as a script it writes `docs/reference/retries.md`; a test compares the two.
"""

from __future__ import annotations

from pathlib import Path

from connector_runtime.base.values import Certainty
from connector_runtime.conversation.exchange import FINAL_KINDS
from connector_runtime.definition.retry import may_double, may_repeat
from connector_runtime.errors import REFUSING_KINDS, UNSURE_KINDS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "retries.md"
# How a row of the table is asked for: effect, whether every record has an identity, method.
ROWS = {
    "read": ("read", False, "GET"),
    "update, delete": ("update", False, "PUT"),
    "upsert, every record with an `identity`": ("upsert", True, "POST"),
    "upsert, a record without one": ("upsert", False, "POST"),
    "create; update or upsert that `adds` rows": ("create", False, "POST"),
    "raw, GET, HEAD or OPTIONS": ("read", False, "GET"),
    "raw, DELETE": ("raw", False, "DELETE"),
    "raw, POST, PUT, PATCH and any other": ("raw", False, "POST"),
}

_TEXT = """\
# What is sent twice, and when

Every attempt ends in exactly one certainty; only then the action's effect decides.
Of an action with several requests each is judged so for itself: [steps and chunks](steps.md).
Which keys of an action's file tell who a record is, and when they are needed: [the guide](../guides/steps.md#when-a-request-needs-identity-lookup-and-replyidentity).
Both tables are made from the code by `python tests/engine/retry_page.py`.

| certainty | comes from |
| --- | --- |
| `not_sent` | no connection, no name resolved, refused by the runtime itself |
| `rejected` | the vendor refused before doing any work: kind {refusing}, or an error rule with `refused: true` |
| `unknown` | any other 5xx or 408, kind {unsure} at any status, a redirect, a broken connection, an unreadable good reply, an interrupted call |
| `answered` | any other readable reply, yes or no |

| effect | {certainties} |
| --- | {dashes} |
{table}

- yes: if the kind is one that the action repeats, or the user asked for a retry on all errors. Kinds {final} are never repeated.
- all errors: only there, or where the action itself names the kind: the same request is refused again.
- yes, may double: at the user's word, and marked `may_double` in the attempts.
- no: never, whatever anybody wishes. The action's `lookup` is asked once; without proof the error is `outcome_unknown` and names what to look up.

How often is the user's word (Max Retry Count, 0 by default), how long apart too.

- A delete that is repeated and finds nothing is done. Its data are the vendor's words about that; of many records that of such a one is `null`.
- A look-up proves a create only with exactly one record that was made since the request was sent, by the vendor's own clock, and that agrees with the values that were sent.
- An update or upsert whose rows (of a subform) have no id yet would add them again, so it counts as a create; `adds` in the action's file says which rows.
- Constant: the same delay each time.
- Exponential: 500 ms (also where a component gives no delay), doubled each time, full jitter, 60 s at most; Retry Delay is ignored, as its help says.
- `Retry-After` is always honoured. A wait that does not fit into what is left of the call is not slept: the error names both figures and says `retry_at`.
- Whoever waits for a place or a window of the budget is served in the order of arrival; [tokens](tokens.md) says how.
- `timeout` bounds one attempt from sending to the last byte (60 s); `deadline_s` bounds the whole call (300 s; in `pages()` each page), its stores included.
- A refused token is renewed once and the request sent once more; that counts as no retry.

## Requests for a token

A token endpoint that stumbles is asked again, whatever Max Retry Count says: nothing of the action was sent yet.

| what came | what is done |
| --- | --- |
| a known word for "the permission is gone", status 2xx or 4xx | `auth_revoked`; kept for all who share the token, and asked about again once a day |
| a known word for a wrong client, secret or scope, status 2xx or 4xx | `config`; the next call asks again |
| 429, or a known word for "too many" | `auth_throttled`; with a time it is kept until then, one hour at most |
| 5xx, 408, 425, an unknown word, `null` for a word, no line | `server` or `network`; nothing is kept, the stored token stays |
| no token and no word, a token that no header can hold, 256 KiB | `contract`; nothing is kept |

- Words are those of the component's table, and of RFC 6749. With 408, 425, 429 and 5xx no word ends anything.
- Waits: 1, 2, 4 and 8 s, half of each by chance, `Retry-After` first; one request at a time.
- A renewal lasts 25 s at most, within the deadline, and so ends before its lease of 30 s; then the call ends with the failure.
- While the old token still lives, one request is made and nobody waits.
- A login is never repeated by itself: its code works once.

## When a call is stopped from outside

An interrupt (Ctrl-C), a cancelled task or a time-out of your own goes on as it is.
Where a signal handler of yours stops a call, as a job's time limit does, let it raise a class that derives from `BaseException`, as `SystemExit` does.
An `Exception` that comes from nowhere cannot be told from a fault inside the call, and ends it as one: with a `ConnectorError` that carries what is known, after a write `outcome_unknown`.
If a write was on its way, the exception carries a note, and `connector_runtime.errors.problem_of(error)` gives the `outcome_unknown` with its identity and hint; the event of the action says `outcome_unknown`, too.
Of several calls at once each task has its own: `asyncio.gather(..., return_exceptions=True)` puts other exceptions into its list, and a `TaskGroup` leaves cancelled tasks out of its group.
Keep the tasks and ask each: the first `task.result()` raises the exception that `problem_of` knows.
A listing that is interrupted keeps nothing of what it has read: read with `session.pages` where every page counts.
A listener (`on_event`) or logger that raises never changes what comes of a call: it is said once in the log and dropped.
"""


def page() -> str:
    """Return the whole page."""
    certainties = list(Certainty)
    rows = [
        f"| {label} | " + " | ".join(_cell(certainty, *row) for certainty in certainties) + " |"
        for label, row in ROWS.items()
    ]
    return _TEXT.format(
        refusing=_listed(REFUSING_KINDS),
        unsure=_listed(UNSURE_KINDS),
        final=_listed(FINAL_KINDS),
        certainties=" | ".join(f"after `{certainty.value}`" for certainty in certainties),
        dashes=" | ".join("---" for _ in certainties),
        table="\n".join(rows),
    )


def _cell(certainty: Certainty, effect: str, identified: bool, method: str) -> str:
    if not may_repeat(certainty, effect, identified=identified):
        return "no"
    if may_double(certainty, effect, method):
        return "yes, may double"
    return "all errors" if certainty is Certainty.ANSWERED else "yes"


def _listed(kinds: frozenset[str]) -> str:
    return ", ".join(f"`{kind}`" for kind in sorted(kinds))


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
