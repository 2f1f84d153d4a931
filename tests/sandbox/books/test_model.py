"""Records, upserts and pages against a model that is nothing but dictionaries."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from zoho_sandbox import Sandbox
from zoho_sandbox.core.wire import Answer, Call, Grant, Query
from zoho_sandbox.products.books import handle

from .conftest import ORGANIZATION, books_seed

NAMES = st.sampled_from(["Ash", "ash", "Beech", "Cedar", "Fir", "Oak", "Pine", "Yew é", "桐"])
VALUES = st.sampled_from(["E-1", "E-2", "e-1", "E 3", "Ü"])
RATES = st.decimals(min_value=0, max_value=999, places=2).map(str)
GRANT = Grant(
    "1", "Ann", "ann@example.com", frozenset({"ZohoBooks.fullaccess.all"}), "c", (ORGANIZATION,), "t"
)


class ItemMachine(RuleBasedStateMachine):
    """Items by id, each ``{"name", "rate", "external"}``; names and externals are unique."""

    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.sandbox = Sandbox(seed=books_seed())
        self.model: dict[str, dict[str, Any]] = {}
        self.is_empty_yet = False

    def teardown(self) -> None:
        self.sandbox.close()

    @initialize()
    def empty(self) -> None:
        """Start without any item."""
        for item_id in self.sandbox.state.ids(f"books/{ORGANIZATION}/invoices"):
            assert self.call("DELETE", f"/invoices/{item_id}").status == 200
        for item_id in self.sandbox.state.ids(f"books/{ORGANIZATION}/items"):
            assert self.call("DELETE", f"/items/{item_id}").status == 200
        self.is_empty_yet = True

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        headers = {"content-type": "application/json", **more.get("headers", {})}
        text = json.dumps(body, ensure_ascii=False).encode() if body is not None else b""
        segments = tuple(part for part in path.split("/") if part)
        query = Query(urlencode(more.get("query", {})))
        call = Call(method, path, segments, query, headers, text, "v3", GRANT, self.sandbox)
        with self.sandbox.state.transaction():
            return handle(call)

    def shown(self, answer: Answer) -> dict[str, Any]:
        body = json.loads(answer.payload())["item"]
        return {"name": body["name"], "rate": body["rate"], "external": body.get("cf_external_id")}

    def clash(self, item_id: str | None, name: str, external: str | None) -> bool:
        others = [one for key, one in self.model.items() if key != item_id]
        is_name_taken = any(one["name"].casefold() == name.casefold() for one in others)
        return is_name_taken or any(external and one["external"] == external for one in others)

    @rule(target=ids, name=NAMES, rate=RATES, external=st.none() | VALUES)
    def create(self, name: str, rate: str, external: str | None) -> Any:
        entries = [{"api_name": "cf_external_id", "value": external}] if external else []

        answer = self.call("POST", "/items", {"name": name, "rate": rate, "custom_fields": entries})

        return self.made(answer, name, rate, external)

    def made(self, answer: Answer, name: str, rate: str, external: str | None) -> Any:
        if self.clash(None, name, external):
            assert answer.status == 400
            return "nothing"
        assert answer.status == 201
        item_id = json.loads(answer.payload())["item"]["item_id"]
        self.model[item_id] = {"name": name, "rate": float(rate), "external": external}
        assert self.shown(answer) == self.model[item_id]
        return item_id

    @rule(target=ids, name=NAMES, rate=RATES, value=VALUES, upsert=st.booleans())
    def put_by_value(self, name: str, rate: str, value: str, upsert: bool) -> Any:
        names = {"x-unique-identifier-key": "cf_external_id", "x-unique-identifier-value": value}
        headers = {**names, "x-upsert": "true"} if upsert else names
        found = [key for key, one in self.model.items() if one["external"] == value]

        answer = self.call("PUT", "/items", {"name": name, "rate": rate}, headers=headers)

        if found:
            self.changed(answer, found[0], {"name": name, "rate": float(rate)})
            return found[0]
        if not upsert:
            assert answer.status == 404
            return "nothing"
        return self.made(answer, name, rate, value)

    def changed(self, answer: Answer, item_id: str, changes: dict[str, Any]) -> None:
        after = {**self.model[item_id], **changes}
        if self.clash(item_id, after["name"], after["external"]):
            assert answer.status == 400
            return
        assert answer.status == 200
        self.model[item_id] = after
        assert self.shown(answer) == after

    @rule(
        item_id=ids,
        changes=st.fixed_dictionaries({}, optional={"name": NAMES, "rate": RATES, "external": VALUES}),
    )
    def update(self, item_id: str, changes: dict[str, Any]) -> None:
        body = {name: value for name, value in changes.items() if name != "external"}
        if "external" in changes:
            body["custom_fields"] = [{"label": "External ID", "value": changes["external"]}]

        answer = self.call("PUT", f"/items/{item_id}", body)

        if item_id not in self.model:
            assert answer.status == 404
            return
        wanted = {**changes, **({"rate": float(changes["rate"])} if "rate" in changes else {})}
        self.changed(answer, item_id, wanted)

    @rule(item_id=consumes(ids))
    def delete(self, item_id: str) -> None:
        answer = self.call("DELETE", f"/items/{item_id}")

        assert answer.status == (200 if item_id in self.model else 404)
        self.model.pop(item_id, None)

    @rule(item_id=ids)
    def read(self, item_id: str) -> None:
        answer = self.call("GET", f"/items/{item_id}")

        if item_id in self.model:
            assert self.shown(answer) == self.model[item_id]
        else:
            assert answer.status == 404

    @rule(
        size=st.integers(1, 4),
        order=st.sampled_from("AD"),
        column=st.sampled_from(["name", "rate", "created_time"]),
    )
    def read_all_pages(self, size: int, order: str, column: str) -> None:
        seen, page, more = [], 1, True
        while more:
            query = {"page": page, "per_page": size, "sort_column": column, "sort_order": order}
            body = json.loads(self.call("GET", "/items", query=query).payload())
            assert len(body["items"]) <= size
            seen += body["items"]
            more, page = body["page_context"]["has_more_page"], page + 1
        assert {row["item_id"]: row["name"] for row in seen} == {
            key: one["name"] for key, one in self.model.items()
        }
        assert len(seen) == len(self.model)
        if column == "rate":
            rates = [row["rate"] for row in seen]
            assert rates == sorted(rates, reverse=order == "D")

    @rule(text=NAMES, most=RATES)
    def read_filtered(self, text: str, most: str) -> None:
        query = {"name_contains": text, "rate_less_equals": most}

        body = json.loads(self.call("GET", "/items", query=query).payload())

        expected = {
            key
            for key, one in self.model.items()
            if text.casefold() in one["name"].casefold() and one["rate"] <= float(most)
        }
        assert {row["item_id"] for row in body["items"]} == expected

    @invariant()
    def nothing_is_left_behind(self) -> None:
        """Rows, index and unique names exist for living records only."""
        if not self.is_empty_yet:
            return
        state, kind = self.sandbox.state, f"books/{ORGANIZATION}/items"
        assert set(state.ids(kind)) == set(state.ids(f"{kind}:rows")) == set(self.model)
        assert set(state.ids(f"{kind}:index")) == set(self.model)
        externals = sum(one["external"] is not None for one in self.model.values())
        assert state.count(f"{kind}:names") == len(self.model) + externals


def test_items_behave_like_a_dictionary():
    """Whatever is created, upserted, changed, deleted, listed, in whatever order."""
    run_state_machine_as_test(
        ItemMachine, settings=settings(max_examples=40, stateful_step_count=30, deadline=None)
    )
