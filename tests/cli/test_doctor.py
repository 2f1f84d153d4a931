"""`doctor` says in plain words what is wrong; `scopes` says what to ask for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from canaries import canary
from cli.conftest import CLIENT
from connector_runtime import Component
from connector_runtime.component.health import examine
from connector_runtime.session.session import Options
from connector_runtime.testing.cases import StillClock
from meta.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.conftest import Ended, Vendor

ALL = (
    "ZohoCRM.modules.ALL", "ZohoCRM.users.READ", "ZohoCRM.coql.READ", "ZohoSearch.securesearch.READ", "ZohoCRM.bulk.READ",
    "ZohoCRM.notifications.ALL", "ZohoBooks.fullaccess.all",
)  # fmt: skip


@pytest.fixture
def connect(zoho: Callable[..., Ended], vendor: Vendor) -> Callable[..., Any]:
    """Keep a connection as `mine`: `connect("a.scope", …, organizationId="…")`."""

    def connecting(*scopes: str, **fields: str) -> Any:
        code = vendor.sandbox.self_client_code(scopes or ALL, client_id=CLIENT)
        given = [word for key, value in fields.items() for word in ("-i", f"{key}={value}")]
        return zoho(*vendor.words("--self-client", code, "--name", "mine", *given, "--json"))

    return connecting


def number(folder: str) -> int:
    """Return how many files of a kind there are."""
    return len(list((ROOT / folder).rglob("*.yaml")))


def findings(zoho: Callable[..., Ended], *actions: str) -> dict[str, dict[str, Any]]:
    """Return what the doctor finds, by subject; the exit code must fit."""
    ended = zoho("doctor", "mine", *actions, "--json")
    found = ended.json["mine"]

    assert ended.code == (1 if any(one["state"] == "bad" for one in found) else 0)
    return {one["subject"]: one for one in found}


def test_a_healthy_connection_is_said_to_be_one(zoho: Callable[..., Ended], connect: Any) -> None:
    """Everything that was looked at is said, line by line, for people."""
    connect(organizationId="10234695")

    ended = zoho("doctor", "mine")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        "mine",
        "ok        Data center: This computer (`local`).",
        "ok        The vendor accepts the token.",
        "ok        This machine's clock agrees with the vendor's.",
        f"ok        The scopes are enough for all {number('actions')} actions and {number('triggers')} triggers.",
        "ok        Organization ID is 10234695.",
    ]


def test_without_a_name_all_are_looked_over(zoho: Callable[..., Ended], connect: Any) -> None:
    """Every connection that is kept has its paragraph."""
    connect()
    zoho("connections", "rename", "mine", "first")

    assert zoho("doctor", "--json").json.keys() == {"first"}


def test_scopes_that_are_missing_are_named(zoho: Callable[..., Ended], connect: Any) -> None:
    """For the actions in use missing scopes are wrong, and the smallest list is what to add."""
    connect("ZohoCRM.modules.contacts.READ", "ZohoCRM.users.READ")

    used = findings(zoho, "crmRunQuery", "crmCreateRecord", "-i", "recordType=Leads")["scopes"]
    every = findings(zoho)["scopes"]

    assert used["state"] == "bad"
    assert used["message"] == "Scopes are missing for crmRunQuery, crmCreateRecord."
    assert used["hint"] == (
        "Connect again with these scopes, too: ZohoCRM.coql.READ, ZohoCRM.modules.READ, ZohoCRM.modules.leads.CREATE."
    )
    assert every["state"] == "warning"


def test_scopes_that_are_enough_for_what_is_used_are_fine(zoho: Callable[..., Ended], connect: Any) -> None:
    """What other actions would need is nobody's business."""
    connect("ZohoCRM.coql.READ", "ZohoCRM.modules.READ", "ZohoCRM.users.READ")

    assert findings(zoho, "crmRunQuery", "crmGetRecords")["scopes"] == {
        "subject": "scopes", "state": "good", "message": "The scopes are enough for crmRunQuery, crmGetRecords.",
    }  # fmt: skip


def test_a_check_without_its_scope_is_no_illness(zoho: Callable[..., Ended], connect: Any) -> None:
    """A connection that may only work with Books cannot be checked by the CRM's question: that is said."""
    connect("ZohoBooks.settings.READ", organizationId="10234695")

    found = findings(zoho, "booksMarkRecordActive")

    assert found["login"]["state"] == "warning"
    assert "not for the check itself" in found["login"]["message"]
    assert found["organizationId"]["state"] == "good"


def test_an_organisation_that_is_not_chosen_is_said(zoho: Callable[..., Ended], connect: Any) -> None:
    """With several organisations none of them is meant; they are listed with their names."""
    connect()

    found = findings(zoho)["organizationId"]

    assert found["state"] == "warning"
    assert found["hint"] == "Choose one of: 10234695 (Bowman Furniture), 10234999 (Bowman Lighting)."


def test_an_organisation_of_somebody_else_is_wrong(zoho: Callable[..., Ended], connect: Any) -> None:
    """An id that the account does not have is named, with those it has."""
    connect()
    zoho("connections", "set", "mine", "organizationId=777")

    found = findings(zoho)["organizationId"]

    assert found["state"] == "bad"
    assert found["message"] == "Organization ID 777 is none of the account's."
    assert "10234695 (Bowman Furniture)" in found["hint"]


def test_organisations_that_cannot_be_read_are_a_warning(zoho: Callable[..., Ended], connect: Any) -> None:
    """Without the scope to list them nothing is claimed about the organisation."""
    connect("ZohoCRM.modules.ALL", "ZohoCRM.users.READ", organizationId="777")

    found = findings(zoho)["organizationId"]

    assert found["state"] == "warning"
    assert "cannot be checked" in found["message"]


def test_a_revoked_permission_is_said(zoho: Callable[..., Ended], connect: Any, vendor: Vendor) -> None:
    """Somebody took it back: the only cure is to connect again, and nothing else is asked of the vendor."""
    connect()
    for token in vendor.sandbox.state.ids("sandbox/refresh_tokens"):
        vendor.sandbox.tokens.revoke(token)

    found = findings(zoho)

    assert found["login"]["state"] == "bad"
    assert "does not renew the access token any more" in found["login"]["message"]
    assert "Connect to Zoho again" in found["login"]["hint"]
    assert "organizationId" not in found


def test_a_token_that_has_expired_is_renewed(
    zoho: Callable[..., Ended], connect: Any, vendor: Vendor
) -> None:
    """An expired token is no illness while it can be renewed."""
    connect()
    vendor.sandbox.tokens.expire_all()

    assert findings(zoho)["login"]["state"] == "good"


def test_too_many_tokens_are_said_with_the_time(
    zoho: Callable[..., Ended], connect: Any, vendor: Vendor
) -> None:
    """While the vendor gives out no tokens the doctor says until when."""
    connect()
    vendor.sandbox.tokens.expire_all()
    body = '{"error": "Access Denied", "status": "failure"}'
    vendor.sandbox.faults(fault="status", status=400, body=body, path="/oauth/v2/token")

    found = findings(zoho)["login"]

    assert found["state"] == "bad"
    assert "Not before 20" in found["message"]


def test_a_vendor_that_does_not_answer_is_said(
    zoho: Callable[..., Ended], connect: Any, vendor: Vendor
) -> None:
    """A network that is down is told from a connection that is wrong."""
    connect()
    vendor.sandbox.faults(fault="drop", path="*")

    assert "before the reply" in findings(zoho)["login"]["message"]


def test_a_client_of_another_region_is_said(zoho: Callable[..., Ended], connect: Any, vendor: Vendor) -> None:
    """The usual mistake: a client that this data centre does not know."""
    connect()
    vendor.sandbox.tokens.expire_all()
    vendor.sandbox.state.delete("sandbox/clients", CLIENT)

    found = findings(zoho)["login"]

    assert found["state"] == "bad"
    assert "in this region" in found["message"]


@pytest.mark.parametrize(("ahead_s", "says"), [(600, "10 minutes ahead of"), (-600, "10 minutes behind")])
def test_a_clock_that_is_wrong_is_said(vendor: Vendor, ahead_s: float, says: str) -> None:
    """The machine's clock is compared with the vendor's, because tokens are dated."""

    class Wrong:
        now = staticmethod(lambda: time.time() + ahead_s)
        monotonic = staticmethod(time.monotonic)
        sleep = staticmethod(time.sleep)

        async def asleep(self, seconds: float) -> None:
            """Nobody waits here."""

    found = examine(Component.load(ROOT).model, vendor.sandbox.connection(), options=Options(clock=Wrong()))

    clock = next(one for one in found if one.subject == "clock")
    assert clock.state == "warning"
    assert says in clock.message


@pytest.mark.plan("S-141")
def test_an_outage_is_no_reason_to_connect_again(vendor: Vendor) -> None:
    """The accounts server is down while the token has ended: that is said, and that nothing is lost."""
    connection = vendor.sandbox.connection()
    connection["token"]["expires_at"] = 1.0
    vendor.sandbox.faults(fault="status", path="/oauth/*", count=None, status=503, body={"error": "invalid_code"})

    found = examine(Component.load(ROOT).model, connection, options=Options(clock=StillClock(time.time())))

    login = next(one for one in found if one.subject == "login")
    assert "does not work at the moment" in login.message
    assert login.hint == "Try again later; the connection itself is kept."


@pytest.mark.parametrize(
    ("change", "subject", "says"),
    [
        ({"token": {}}, "token", "The connection has no token."),
        ({"fields": {"port": "x"}}, "connection", "is not a number"),
        ({"key": "gone"}, "connection", "There is no connection called `gone`."),
        ({"token": {"access_token": canary()}}, "token", "cannot be renewed"),
    ],
)
def test_what_can_be_seen_without_asking_is_said_first(
    vendor: Vendor, change: dict[str, Any], subject: str, says: str
) -> None:
    """A form that is wrong, or no token at all, is found without the vendor."""
    found = {
        one.subject: one for one in examine(Component.load(ROOT).model, {**vendor.sandbox.connection(), **change})
    }

    assert says in found[subject].message


def test_the_wrong_region_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A place that is in no table is said before a token is sent anywhere."""
    given = {
        "key": "zohoTemplatedConnection",
        "fields": {"zohoRegion": "https://accounts.zoho.eu", "clientId": "x", "clientSecret": canary()},
        "token": {"access_token": canary(), "api_domain": "https://www.zohoapis.eu.example"},
    }

    found = examine(Component.load(ROOT).model, given)

    assert [(one.subject, one.state) for one in found] == [("connection", "bad")]
    assert "it is not in the list" in found[0].message


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("crmRunQuery",), "ZohoCRM.coql.READ ZohoCRM.modules.READ"),
        (("crmGetRecord", "-i", "recordType=Contacts"), "ZohoCRM.modules.contacts.READ"),
        (("crmRunQuery", "crmGetRecord"), "ZohoCRM.coql.READ ZohoCRM.modules.READ"),
        (("booksGetRecord", "booksRemoveRecord", "-i", "recordType=items"), "ZohoBooks.settings.DELETE ZohoBooks.settings.READ"),
        (("crmUpsertRecord", "-i", "recordType=Price Books"), "ZohoCRM.modules.pricebooks.CREATE ZohoCRM.modules.pricebooks.WRITE"),
        (("crmRawRequest",), ""),
    ],
)  # fmt: skip
def test_the_smallest_list_of_scopes_is_printed(
    zoho: Callable[..., Ended], words: tuple[str, ...], wanted: str
) -> None:
    """Scopes that another one of the list contains are left out; record types narrow the list."""
    seen, read = zoho("scopes", *words), zoho("scopes", *words, "--json")

    assert (seen.code, seen.out) == (0, f"{wanted}\n")
    assert read.json == wanted.split()


def test_a_raw_request_needs_what_it_asks_for(zoho: Callable[..., Ended]) -> None:
    """Nobody knows the scopes of a request that is not written yet: that is said."""
    assert "crmRawRequest needs whatever its request needs" in zoho("scopes", "crmRawRequest").err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("scopes", "-i", "recordType=Leads"), "name them"),
        (("scopes", "crmRecordChangd"), "Did you mean crmRecordChanged?"),
        (("scopes", "crmRunQeury"), "Did you mean crmRunQuery?"),
        (("scopes", "crmGetRecord", "-i", "recordTyp=Leads"), "None of them has an input `recordTyp`"),
        (("scopes", "booksMarkRecordActive", "-i", "recordType=bills"), "none of the choices"),
        (("scopes", "crmGetRecord", "--way", "nowhere"), "There is no connection called `nowhere`"),
        (("doctor", "nobody"), "There is no connection called `nobody`"),
        (("doctor",), "No connection is kept yet"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_use_is_said(zoho: Callable[..., Ended], words: tuple[str, ...], says: str) -> None:
    """Misspelt actions, inputs and names are wrong use."""
    ended = zoho(*words, "--json")

    assert (ended.code, says in ended.error["message"]) == (2, True)


def test_what_scopes_prints_is_enough(zoho: Callable[..., Ended], connect: Any) -> None:
    """A connection made with the printed list runs the actions, and the doctor agrees."""
    wanted = zoho("scopes", "crmCreateRecord", "crmRunQuery", "-i", "recordType=Leads", "--json").json
    connect(*wanted)

    made = zoho(
        "run",
        "crmCreateRecord",
        "-i",
        "recordType=Leads",
        "-i",
        "fieldValues=Last_Name=Li",
        "--connection",
        "mine",
    )
    found = findings(zoho, "crmCreateRecord", "crmRunQuery", "-i", "recordType=Leads")

    assert made.code == 0
    assert found["scopes"]["state"] == "good"
