"""Records, upsert and paging against a plain dictionary."""

from __future__ import annotations

from typing import Any

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from zoho_sandbox import Sandbox

from .conftest import DANIEL, PATRICIA

FIELDS = ("Last_Name", "Email", "External_Contact_ID", "External_Campaign_ID")
LAST_NAMES = st.sampled_from(["Ames", "Bell", "O'Neil", "Ünal"])
EMAILS = st.sampled_from([None, "a@example.com", "B@example.com", "c@example.com"])
VALUES = st.sampled_from([None, "x", "Y", "z"])
USERS = st.sampled_from([PATRICIA, DANIEL])
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "Last_Name": LAST_NAMES,
        "Email": EMAILS,
        "External_Contact_ID": VALUES,
        "External_Campaign_ID": VALUES,
    },
)
NEW = st.builds(lambda name, change: {**change, "Last_Name": name}, LAST_NAMES, CHANGES)

Record = dict[str, Any]


def same(one: str | None, other: str | None) -> bool:
    """Say whether two values are the same but for case, and not empty."""
    return one is not None and other is not None and one.lower() == other.lower()


class Contacts(RuleBasedStateMachine):
    """Two users write contacts; a dictionary says what must come out."""

    ids = Bundle("ids")
    sandbox: Sandbox

    @initialize()
    def start(self) -> None:
        """Begin with no contact at all."""
        self.sandbox = Sandbox(seed="empty", settings={"crm.multiple_errors": "first"})
        external = {"type": "text", "length": 100}
        fields = {
            "External_Contact_ID": {**external, "external": "user"},
            "External_Campaign_ID": {**external, "external": "org"},
        }
        self.sandbox.plant({"crm": {"fields": {"Contacts": fields}}})
        self.running = self.sandbox.running()
        self.http = httpx.Client(base_url=f"{self.running.__enter__()}/crm/v8", trust_env=False)
        self.tokens = {
            user: self.sandbox.connection(user_id=user)["token"]["access_token"]
            for user in (PATRICIA, DANIEL)
        }
        self.model: dict[str, Record] = {}

    def teardown(self) -> None:
        """Stop the server."""
        if hasattr(self, "http"):
            self.http.close()
            self.running.__exit__(None, None, None)
            self.sandbox.close()

    def ask(self, user: str, method: str, path: str, **more: Any) -> httpx.Response:
        """Send a request as one of the users."""
        headers = {"Authorization": f"Zoho-oauthtoken {self.tokens[user]}"}
        return self.http.request(method, path, headers=headers, **more)

    # -- what the dictionary expects ---------------------------------------------

    def holders(self, field: str, value: str | None, user: str) -> list[str]:
        """Return the ids that hold a value, as far as the user can mean them."""
        return [
            record_id
            for record_id, record in sorted(self.model.items())
            if same(record.get(field), value) and (field != "External_Contact_ID" or record["maker"] == user)
        ]

    def collides(self, item: Record, user: str, own: str | None = None) -> bool:
        """Say whether an item holds a unique value of another record."""
        before = self.model.get(own or "", {})
        return any(
            item.get(field) is not None
            and item[field] != before.get(field)
            and [other for other in self.holders(field, item[field], user) if other != own]
            for field in ("External_Contact_ID", "External_Campaign_ID")
        )

    # -- rules ---------------------------------------------------------------------

    @rule(target=ids, item=NEW, user=USERS)
    def create(self, item: Record, user: str) -> str:
        """A record is created unless a unique value is taken."""
        refused = self.collides(item, user)

        reply = self.ask(user, "POST", "/Contacts", json={"data": [item]})

        (done,) = reply.json()["data"]
        assert reply.status_code == (400 if refused else 201), reply.text
        if refused:
            assert done["code"] == "DUPLICATE_DATA"
            return "1"
        record_id = str(done["details"]["id"])
        self.model[record_id] = {**item, "maker": user}
        return record_id

    @rule(record_id=ids, item=CHANGES, user=USERS)
    def update(self, record_id: str, item: Record, user: str) -> None:
        """Absent fields stay, null clears, an unknown id is refused."""
        reply = self.ask(user, "PUT", f"/Contacts/{record_id}", json={"data": [item]})

        refused = record_id not in self.model or self.collides(item, user, record_id)
        assert reply.status_code == (400 if refused else 200), reply.text
        if not refused:
            self.model[record_id] |= item

    @rule(record_id=consumes(ids), user=USERS)
    def delete(self, record_id: str, user: str) -> None:
        """A record is deleted once."""
        reply = self.ask(user, "DELETE", "/Contacts", params={"ids": record_id})

        assert reply.status_code == (200 if record_id in self.model else 400)
        self.model.pop(record_id, None)

    @rule(target=ids, item=NEW, user=USERS, named=st.sampled_from([None, ["Email"], []]))
    def upsert(self, item: Record, user: str, named: list[str] | None) -> str:
        """The first field in the published order that matches decides."""
        order = ["External_Contact_ID", "External_Campaign_ID"]
        order = order if named == [] else ["Email", *order]
        found = [
            (field, self.holders(field, item.get(field), user)[0])
            for field in order
            if self.holders(field, item.get(field), user)
        ]
        field, meant = found[0] if found else (None, None)
        is_foreign = field == "External_Campaign_ID" and self.model[str(meant)]["maker"] != user
        refused = is_foreign or self.collides(item, user, meant)

        beside = {} if named is None else {"duplicate_check_fields": named}
        reply = self.ask(user, "POST", "/Contacts/upsert", json={"data": [item], **beside})

        (done,) = reply.json()["data"]
        assert reply.status_code == (400 if refused else 200), reply.text
        if refused:
            assert done["code"] == "DUPLICATE_DATA"
            return "1"
        assert (done["action"], done["duplicate_field"]) == ("update" if meant else "insert", field)
        record_id = str(done["details"]["id"])
        assert meant in (None, record_id)
        self.model[record_id] = self.model.get(record_id, {"maker": user}) | item
        return record_id

    @rule(per_page=st.integers(1, 4), by_token=st.booleans(), order=st.sampled_from(["asc", "desc"]))
    def walk(self, per_page: int, by_token: bool, order: str) -> None:
        """All pages together are all records, in order, each once."""
        params = {"fields": ",".join(FIELDS), "per_page": per_page, "sort_order": order}
        rows, page, step = [], 1, {}
        while True:
            reply = self.ask(PATRICIA, "GET", "/Contacts", params={**params, **step})
            if reply.status_code == 204:
                break
            body = reply.json()
            rows += body["data"]
            page += 1
            step = {"page_token": body["info"]["next_page_token"]} if by_token else {"page": page}
            if not body["info"]["more_records"]:
                break

        expected = [
            {**{field: record.get(field) for field in FIELDS}, "id": record_id}
            for record_id, record in sorted(self.model.items(), reverse=order == "desc")
        ]
        assert rows == expected

    @rule(value=st.sampled_from(["x", "Y", "z"]))
    def query(self, value: str) -> None:
        """COQL finds what the dictionary holds."""
        text = f"select id from Contacts where External_Campaign_ID = '{value}'"
        reply = self.ask(PATRICIA, "POST", "/coql", json={"select_query": text})

        found = [row["id"] for row in reply.json()["data"]] if reply.content else []
        holders = [i for i, r in sorted(self.model.items()) if same(r.get("External_Campaign_ID"), value)]
        assert found == holders

    @invariant()
    def the_count_is_right(self) -> None:
        """The number of records is that of the dictionary."""
        if hasattr(self, "model"):
            reply = self.ask(PATRICIA, "GET", "/Contacts/actions/count")
            assert reply.json() == {"count": len(self.model)}


TestContacts = Contacts.TestCase
TestContacts.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
