"""The text of a reply is there wherever an expression reads it, and is decoded nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from connector_runtime.definition.program.texts import reads_text
from connector_runtime.errors import ConnectorError
from engine.shop import COMPONENT, SENT, Shop, action, model_of

BUSY = "Busy until noon."
REPLY = {"reply": {}}


def run(*replies: dict[str, Any], component: Any = None, kind: str = "read", **parts: Any) -> Any:
    """Return what an action gives for these replies, or the error that it ends with."""
    model = model_of(action(kind, errors=[], **parts), **(component or {}))
    try:
        return Shop(model, *replies).run().data
    except ConnectorError as problem:
        return problem


def test_ok_and_output_read_it() -> None:
    """Beside the JSON of the same reply."""
    reply = {"ok": "${ reply.text is matching('.*7.*') }", "output": {"said": "${ reply.text }"}}

    assert run(SENT, reply=reply) == {"said": '{"id":"7"}'}


def test_it_may_be_asked_for_in_brackets() -> None:
    """How a name is written decides nothing."""
    assert run(SENT, reply={"output": "${ reply['text'] }"}) == '{"id":"7"}'


def test_the_whole_reply_has_it() -> None:
    """Whoever hands on all parts hands on this one."""
    assert run(SENT, reply={"output": "${ (reply | keys) }"}) == ["status", "headers", "body", "json", "text"]


@pytest.mark.parametrize("where", ["own", "shared", "shared by a shared one", "default"])
def test_rules_about_failures_read_it(where: str) -> None:
    """In the action's own table, and in those that it uses, however far away."""
    rules = [{"when": f"${{ reply.text == '{BUSY}' }}", "kind": "rate_limited", "message": "${ reply.text }"}]
    tables = {"far": rules, "near": [{"use": "far"}], "api": COMPONENT["errors"]["api"]}  # type: ignore[index]
    component = {"errors": tables, "defaults": {"errors": "near"} if where == "default" else {}}
    errors = {"own": rules, "shared": "far", "shared by a shared one": [{"use": "near"}], "default": None}
    parts = action("read", reply=REPLY["reply"])
    own = {"errors": errors[where]} if errors[where] is not None else {}
    model = model_of({**{key: parts[key] for key in parts if key != "errors"}, **own}, **component)

    with pytest.raises(ConnectorError, match=BUSY) as caught:
        Shop(model, {"status": 503, "text": BUSY}).run()

    assert caught.value.kind == "rate_limited"


def test_the_components_place_of_codes_reads_it() -> None:
    """A rule without a code of its own has that of the defaults."""
    component = {
        "errors": {"near": [{"when": True, "kind": "conflict"}]},
        "defaults": {"code": "${ reply.text }"},
    }
    model = model_of(action("read", errors="near"), **component)

    with pytest.raises(ConnectorError) as caught:
        Shop(model, {"status": 409, "text": BUSY}).run()

    assert caught.value.code == BUSY


def test_rules_about_records_read_it() -> None:
    """Each record is judged with the reply that it stands in."""
    results = {
        "items": "${ reply.json.all }",
        "ok": "${ item.ok }",
        "errors": [{"when": "${ reply.text is matching('.*full.*') }", "kind": "quota_exhausted"}],
    }
    all_of_them = {"json": {"all": [{"ok": False, "why": "full"}]}}

    assert run(all_of_them, reply={"results": results}).kind == "quota_exhausted"


def test_a_listing_reads_it() -> None:
    """Where the next page lies may stand in a text."""
    paginate = {
        "start": {},
        "next": {"more": "${ reply.text is matching('.*more.*') }"},
        "all": True,
        "while": "${ reply.text is matching('.*more.*') }",
        "items": "${ reply.json.all }",
        "max": {"pages": 3, "items": 10},
    }
    pages = [{"json": {"all": [1], "then": "more"}}, {"json": {"all": [2]}}]

    query = {"n": "${ inputs.name }", "again": "${ page.more }"}
    request = {**action("read")["request"], "query": query}

    assert run(*pages, paginate=paginate, reply={"output": "${ items }"}, request=request) == [1, 2]


@pytest.mark.parametrize("is_shared", [False, True])
def test_a_named_value_reads_it(is_shared: bool) -> None:
    """Whether it stands in the file or in the component."""
    let = {"said": "${ reply.text }"}
    component = {"let": let} if is_shared else {}
    own = {} if is_shared else {"let": let}

    assert run(SENT, component=component, reply={"output": "${ let.said }"}, **own) == '{"id":"7"}'


def test_a_look_up_reads_the_text_of_the_other_reply() -> None:
    """The action that looks does not read it itself."""
    lookup = {
        "action": "find",
        "inputs": {},
        "made": "${ 4102444800 if reply.text is matching('.*made.*') }",
        "sent": {"id": "7"},
        "found": "${ item }",
    }
    find = action(
        "read",
        action="find",
        paginate={
            "start": {},
            "next": {},
            "while": "${ false }",
            "items": "${ reply.json.all }",
            "max": {"pages": 1, "items": 10},
        },
    )
    shop = Shop(
        model_of(action("create", lookup=lookup), find),
        {"error": "timeout"},
        {
            "headers": {"Date": "Sun, 15 Jun 2025 15:06:40 GMT"},
            "json": {"all": [{"id": "7"}], "word": "made"},
        },
    )

    assert shop.run().data == {"id": "7"}


@pytest.mark.parametrize(
    ("expression", "is_read"),
    [
        ("${ reply.text }", True),
        ("${ reply[inputs.part] }", True),
        ("${ [reply] | first }", True),
        ("${ steps.one.text | default('') }", True),
        ("${ reply.json.text }", False),
        ("${ inputs.text ~ reply.status }", False),
        ("${ steps.one.json.text }", False),
        ("the reply.text itself", False),
    ],
)
def test_only_what_reads_it_decodes_it(expression: str, is_read: bool) -> None:
    """A word in a text, and a member of the same name elsewhere, read nothing."""
    assert reads_text({"output": [expression]}) is is_read
