"""Replies as no vendor should send them: those of the embedded tests, with one or two things wrong."""

from __future__ import annotations

import copy
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from connector_runtime.conversation.exchange import converse
from connector_runtime.errors import ConnectorError
from connector_runtime.language.documents.document import dump_json
from connector_runtime.session.pickers import Pick, offered
from connector_runtime.session.session import Options, Session
from connector_runtime.testing.cases import (
    Script,
    ScriptedSender,
    StillClock,
    cases_of,
    connection_of,
    inputs_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from connector_runtime.definition.model import Model
    from connector_runtime.testing.cases import Case

STATUSES = (
    200,
    201,
    202,
    204,
    205,
    206,
    207,
    226,
    300,
    302,
    304,
    400,
    401,
    403,
    404,
    409,
    429,
    500,
    503,
    599,
)
DEEP: Any = "end"
for _ in range(150):
    DEEP = {"a": [DEEP]}
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 10**40, 1.5, "", "0", "x", " : ", "x" * 20_000, [], {}, [None], [[]], [{}], {"": {}},
    ["success"], {"status": "error"}, [{"status": "error", "code": 7}], {"code": 57}, [0] * 500, DEEP,
)  # fmt: skip
TEXTS = ("", " ", "null", "[]", "{}", "0", '"text"', "{", '{"code": 0, "code": 57}', '{"code" : 57, "code":0}',
         "<html>", "[" * 300, "[" * 5_000 + "]" * 5_000, '{"code": NaN}', "\ufeff{}", "\x00", "1" * 5_000)  # fmt: skip
HEADERS = ({}, {"Content-Type": "text/html"}, {"Retry-After": "x"}, {"Retry-After": "9" * 400}, {"Retry-After": "-1"},
           {"Date": "never"}, {"X-Opens-In": "1e999"}, {"X-Rate-Limit-Reset": "["}, {"Content-Type": "\x80"})  # fmt: skip
FAILURES = ("connect", "timeout", "disconnect")


class Trial(NamedTuple):
    """One embedded test whose vendor answers otherwise; by pages where `streamed`.

    Attributes:
        given: The replies as they stand in the test.
    """

    case: Case
    replies: list[dict[str, Any]]
    streamed: bool
    given: list[dict[str, Any]]


def trials(model: Model, random: Random, count: int) -> Iterator[Trial]:
    """Yield so many trials, every embedded test in turn."""
    # What a trigger asks for is no action; its requests are tried where triggers are.
    cases = [
        case
        for case in cases_of(model)
        if case.definition.get("requests") != 0 and case.trigger is None and not case.is_example
    ]
    for number in range(count):
        case = cases[number % len(cases)]
        example = case.action.examples.get(case.definition.get("example", ""), {})
        given = case.definition.get("reply", example.get("reply", []))
        replies = copy.deepcopy([given] if isinstance(given, dict) else list(given)) or [{"json": {}}]
        right = copy.deepcopy(replies)
        for _ in range(random.choice((1, 1, 2))):
            random.choice(WAYS)(random, replies)
        streamed = case.action.program.unit.paging is not None and random.random() < 0.3
        yield Trial(case, replies, streamed, right)


def outcome(model: Model, trial: Trial) -> tuple[str, str]:
    """Return what came of a trial, in a word, and more about it where that should not be."""
    end = _ended(model, trial)
    # Some vendors only say that it is made: then the test's own replies hold no record either.
    if end[0] == "no id" and _ended(model, trial._replace(replies=trial.given))[0] == "no id":
        return "done", ""
    return end


def _ended(model: Model, trial: Trial) -> tuple[str, str]:
    try:
        return _judged(trial, _played(model, trial))
    except ConnectorError as problem:
        dump_json(problem.to_dict())
        chained = problem.__cause__ or problem.__context__
        return ("chained", repr(chained)) if chained else (problem.kind, str(problem))
    except Exception as foreign:  # noqa: BLE001  this is what is looked for
        return "foreign", f"{type(foreign).__name__}: {foreign}"


def _played(model: Model, trial: Trial) -> Any:
    case, script = trial.case, Script(list(trial.replies))
    inputs = inputs_of(case.action, case.definition)
    connection = connection_of(model, case.action, case.definition)
    session = Session(model, connection, Options(clock=StillClock()), sender=ScriptedSender(script))  # type: ignore[arg-type]
    if trial.streamed and case.source is None:
        call = session._call_of(case.action, inputs, stream=True)
        # A stream has no end but the vendor's, and this vendor may have none.
        return list(islice(session._driver.pages(converse(call), lambda: None), 20))
    result = session.run_action(case.action, inputs)
    return (
        result
        if case.source is None
        else offered(Pick(case.source, inputs, [], {"inputs": inputs, "tables": model.tables}), result)
    )


def _judged(trial: Trial, found: Any) -> tuple[str, str]:
    if isinstance(found, list):
        return "done", ""
    dump_json(found.to_dict() if not isinstance(found.data, bytes) else None)
    if trial.case.action.effect == "create" and found.outcome == "done" and not _record(found.data):
        return "no id", dump_json(found.data)[:200]
    return found.outcome, ""


def _record(value: Any) -> Any:
    """Return what a reply holds beside the vendor's yes: an id, or the record that was made."""
    if not isinstance(value, dict):
        return None
    said = {"ok", "code", "message", "status", "data"}
    own = [item for key, item in value.items() if key not in said and item not in (None, "", {}, [])]
    return own or [item["details"]["id"] for item in value.get("data", ())]


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Return every place in a JSON value: its list or map, and its index or key."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [(value, key) for key in keys] + [place for key in keys for place in _places(value[key])]


def _reply(random: Random, replies: list[dict[str, Any]]) -> dict[str, Any]:
    chosen = random.choice(replies)
    chosen.pop("error", None)
    return chosen


def change(random: Random, replies: list[dict[str, Any]]) -> None:
    """Put another value in one place."""
    reply = _reply(random, replies)
    places = _places(reply.get("json"))
    if places:
        owner, key = random.choice(places)
        owner[key] = copy.deepcopy(random.choice(VALUES))


def drop(random: Random, replies: list[dict[str, Any]]) -> None:
    """Leave one member or item out."""
    places = _places(_reply(random, replies).get("json"))
    if places:
        owner, key = random.choice(places)
        del owner[key]


def shape(random: Random, replies: list[dict[str, Any]]) -> None:
    """Make a list of a map, a text of a number, a map of a list."""
    places = _places(_reply(random, replies).get("json"))
    if places:
        owner, key = random.choice(places)
        value = owner[key]
        if isinstance(value, dict):
            owner[key] = list(value.values())
        elif isinstance(value, list):
            owner[key] = {str(index): item for index, item in enumerate(value)}
        else:
            owner[key] = [value] if isinstance(value, str) else str(value)


def repeat(random: Random, replies: list[dict[str, Any]]) -> None:
    """Send one list's items several times over."""
    places = [
        (owner, key)
        for owner, key in _places(_reply(random, replies).get("json"))
        if isinstance(owner[key], list)
    ]
    if places:
        owner, key = random.choice(places)
        owner[key] = owner[key] * random.choice((0, 2, 40))


def replace(random: Random, replies: list[dict[str, Any]]) -> None:
    """Send another value altogether."""
    _reply(random, replies)["json"] = copy.deepcopy(random.choice(VALUES))


def text(random: Random, replies: list[dict[str, Any]]) -> None:
    """Send what is no JSON, or JSON of another kind."""
    reply = _reply(random, replies)
    reply.pop("json", None)
    reply["text"] = random.choice(TEXTS)


def status(random: Random, replies: list[dict[str, Any]]) -> None:
    """Send another status."""
    _reply(random, replies)["status"] = random.choice(STATUSES)


def headers(random: Random, replies: list[dict[str, Any]]) -> None:
    """Send other headers, or none."""
    _reply(random, replies)["headers"] = dict(random.choice(HEADERS))


def failure(random: Random, replies: list[dict[str, Any]]) -> None:
    """Break the line, before the reply or after it."""
    at = random.randint(0, len(replies))
    replies.insert(at, {"error": random.choice(FAILURES)})


def again(random: Random, replies: list[dict[str, Any]]) -> None:
    """Send a reply once more, with something wrong in it."""
    replies.append(copy.deepcopy(random.choice(replies)))
    random.choice((change, drop, shape, status))(random, replies[-1:])


WAYS: tuple[Callable[[Random, list[dict[str, Any]]], None], ...] = (
    change, change, change, drop, drop, shape, shape, repeat, replace, text, status, headers, failure, again,
)  # fmt: skip
