"""A fault of an expression at run time says where that stands: file, line and column."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from connector_runtime.definition.compiled import FILE, compile_component, read_compiled
from connector_runtime.definition.model import Model
from connector_runtime.definition.problems.fault_places import place_of
from connector_runtime.errors import ConnectorError
from connector_runtime.language.expressions.expression import EvaluationError
from engine.shop import SENT, Shop, action, model_of

KENNEL = Path(__file__).resolve().parents[1] / "cases" / "kennel"

ODD = "${ reply.json.id - 1 }"
BY_ITEMS = {"items": "${ reply.json.data }", "ok": "${ item.ok }"}
MANY: dict[str, Any] = {"status": 200, "json": {"data": [{"ok": True, "id": "7"}, {"ok": False, "id": "8"}]}}
PAGED = {
    "start": {"page": 1}, "next": {"page": 2}, "while": False, "items": "${ reply.json.data }", "max": {"pages": 2, "items": 9},
}  # fmt: skip
ASKED = {"service": "api", "path": "/orders", "query": {"page": "${ page.page }"}}

# What the action has that is odd, the key before the odd expression, and what the vendor answers.
CASES: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "ok": ({"reply": {"ok": ODD}}, "ok", SENT),
    "error": ({"reply": {"error": ODD}}, "error", {"status": 400, "json": {"id": "7"}}),
    "identity of the reply": ({"reply": {"identity": ODD}}, "identity", SENT),
    "output": ({"effect": "read", "reply": {"output": {"number": ODD}}}, "number", SENT),
    "output, where ok has the same": ({"effect": "read", "reply": {"ok": "${ true or reply.json.id - 1 }",
                                       "output": {"number": ODD}}}, "number", SENT),
    "rule": ({"errors": [{"when": ODD, "kind": "conflict"}]}, "when", {"status": 400, "json": {"id": "7"}}),
    "words of a rule": ({"errors": [{"kind": "conflict", "message": ODD}]}, "message", {"status": 400, "json": {"id": "7"}}),
    "records": ({"reply": {"results": BY_ITEMS | {"ok": "${ item.id > 1 }"}}}, "ok", MANY),
    "pages": ({"effect": "read", "request": ASKED, "paginate": PAGED | {"while": "${ reply.json.data > 1 }"}}, "while", MANY),
    "records of a page": ({"effect": "read", "request": ASKED, "paginate": PAGED | {"items": ODD}}, "items", SENT),
    "request": ({"effect": "read", "request": {"service": "api", "path": "/orders",
                 "query": {"n": "${ inputs.name - 1 }"}}}, "n", SENT),
    "check": ({"effect": "read", "checks": [{"when": "${ inputs.name - 1 }", "message": "No."}]}, "when", SENT),
    "named value": ({"effect": "read", "let": {"less": "${ inputs.name - 1 }"}, "request": {"service": "api",
                     "path": "/orders", "query": {"x": "${ let.less }"}}}, "less", SENT),
}  # fmt: skip


def place_in(model: Model, key: str) -> str:
    """Return where the expression stands that comes last behind a key in the action's file."""
    document = model.source.files["action"]["order"]
    lines = [
        (number, line) for number, line in enumerate(document.text.splitlines(), 1) if f"{key}: " in line
    ]
    number, line = next((n, text) for n, text in lines if " - 1" in text or " > 1" in text)
    return f"actions/order.yaml:{number}:{line.index('${') + 3}"


@pytest.mark.parametrize("case", CASES)
def test_a_fault_says_where_its_expression_stands(case: str) -> None:
    """Whatever judges or gives back an answer, or makes a request, an error leads to the file's line and column."""
    parts, key, reply = CASES[case]
    model = model_of(action("create") | parts)
    shop = Shop(model, reply)

    with pytest.raises(ConnectorError) as caught:
        shop.run()

    where = place_in(model, key)
    assert caught.value.at == where, caught.value
    assert where in str(caught.value)
    assert caught.value.to_dict()["at"] == where


def test_what_was_compiled_leads_to_the_sources(tmp_path: Path) -> None:
    """A component that came compiled reads the file beside it once something has failed, and nothing before."""
    folder = Path(shutil.copytree(KENNEL, tmp_path / "kennel"))
    (folder / FILE).write_bytes(compile_component(folder))
    source = read_compiled(folder)
    assert source is not None
    fault = EvaluationError("no").within(" reply.json.dog is defined ")

    assert place_of(Model(source), "getDog", fault) == "actions/dogs/getDog.yaml:21:9"


def test_a_file_that_is_gone_has_no_place(tmp_path: Path) -> None:
    """Where a place cannot be looked up any more, the error stays the error."""
    folder = Path(shutil.copytree(KENNEL, tmp_path / "kennel"))
    (folder / FILE).write_bytes(compile_component(folder))
    source = read_compiled(folder)
    assert source is not None
    model = Model(source)
    assert model.actions["getDog"].key == "getDog"
    (folder / "actions" / "dogs" / "getDog.yaml").unlink()

    assert place_of(model, "getDog", EvaluationError("no").within(" reply.json.dog is defined ")) is None


def test_a_write_that_went_well_warns_with_the_place() -> None:
    """An output that cannot be worked out does not hide the write, and says where it stands."""
    model = model_of(action("create", reply={"output": {"number": ODD}}))

    result = Shop(model, SENT).run()

    assert place_in(model, "number") in result.warnings[0]


def test_of_many_records_the_fault_is_told_once() -> None:
    """A record that cannot be judged leads to the place of its rule, with a warning where others went well."""
    results = BY_ITEMS | {"errors": [{"when": "${ fault.id > 1 }", "kind": "conflict"}]}
    model = model_of(action("create", reply={"results": results}))

    result = Shop(model, MANY).run()

    assert result.outcome == "partial"
    assert [place_in(model, "when") in warning for warning in result.warnings] == [True]
