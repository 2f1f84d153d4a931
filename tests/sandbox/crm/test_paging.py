"""Lists: which fields, which order, which page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .asking import create, listed, ok
from .conftest import DANIEL

if TYPE_CHECKING:
    import httpx


@pytest.fixture
def ids(crm: httpx.Client) -> list[str]:
    """Seven records of the custom module, oldest first."""
    return create(crm, "CM1", *({"Name": str(n)} for n in range(7)))


def page(crm: httpx.Client, **params: Any) -> httpx.Response:
    """Ask for a page of two records."""
    return crm.get("/CM1", params={"fields": "Name", "per_page": 2, **params})


def test_a_list_is_newest_first_and_tells_its_page(crm: httpx.Client, ids: list[str]) -> None:
    """Rows carry the asked fields and the id; info tells count, order and what follows."""
    reply = page(crm)

    assert reply.json()["data"] == [{"Name": "6", "id": ids[6]}, {"Name": "5", "id": ids[5]}]
    info = reply.json()["info"]
    assert (info["count"], info["page"], info["per_page"], info["more_records"]) == (2, 1, 2, True)
    assert (info["sort_by"], info["sort_order"]) == ("id", "desc")
    assert info["previous_page_token"] is None
    assert info["next_page_token"]


def test_pages_by_number_reach_every_record_once(crm: httpx.Client, ids: list[str]) -> None:
    """The pages together are the list; beyond the last one there is no content."""
    seen = [record for n in range(1, 5) for record in listed(crm, "CM1", per_page=2, page=n)]

    assert seen == ids[::-1]
    assert page(crm, page=5).status_code == 204


def test_a_chain_of_tokens_reaches_every_record_once(crm: httpx.Client, ids: list[str]) -> None:
    """Records made during the walk neither repeat nor hide others."""
    seen, token = [], None
    while True:
        reply = page(crm, **({"page_token": token} if token else {})).json()
        seen += [row["id"] for row in reply["data"]]
        create(crm, "CM1", {"Name": "late"})
        token = reply["info"]["next_page_token"]
        if token is None:
            break

    assert seen == ids[::-1]
    assert reply["info"]["more_records"] is False


def test_a_token_leads_back_too(crm: httpx.Client, ids: list[str]) -> None:
    """previous_page_token of the second page gives the first one."""
    first = page(crm).json()
    second = page(crm, page_token=first["info"]["next_page_token"]).json()

    back = page(crm, page_token=second["info"]["previous_page_token"]).json()

    assert back["data"] == first["data"]
    assert back["info"]["page"] == 1


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("by", ["id", "Created_Time", "Modified_Time"])
def test_lists_are_sorted_by_three_fields(sandbox: Any, crm: httpx.Client, by: str, order: str) -> None:
    """Each order is that of the field, both ways."""
    made = []
    for n in range(3):
        sandbox.clock.advance(10)
        made += create(crm, "CM1", {"Name": str(n)})
    sandbox.clock.advance(10)
    crm.put(f"/CM1/{made[0]}", json={"data": [{"Name": "x"}]})

    expected = [made[1], made[2], made[0]] if by == "Modified_Time" else made

    assert listed(crm, "CM1", sort_by=by, sort_order=order) == (
        expected if order == "asc" else expected[::-1]
    )


def test_named_records_can_be_listed(crm: httpx.Client, ids: list[str]) -> None:
    """The parameter ids narrows a list down."""
    assert listed(crm, "CM1", ids=f"{ids[0]},{ids[3]}") == [ids[3], ids[0]]


def test_numbers_reach_two_thousand_rows(sandbox: Any, crm: httpx.Client, ids: list[str]) -> None:
    """Beyond the limit only a token leads on."""
    sandbox.settings["crm.page_limit"] = 4
    reply = page(crm, page=3)

    follow = page(crm, page=2).json()["info"]["next_page_token"]

    assert reply.json() == {
        "code": "DISCRETE_PAGINATION_LIMIT_EXCEEDED",
        "details": {"limit": 4},
        "message": "You can only get the first 4 records without using page_token param",
        "status": "error",
    }
    assert [row["Name"] for row in ok(page(crm, page_token=follow))] == ["2", "1"]


def test_the_real_limit_is_two_thousand(crm: httpx.Client) -> None:
    """Page 11 of 200 is refused, page 10 only empty."""
    assert crm.get("/CM1", params={"fields": "Name", "page": 10}).status_code == 204
    create(crm, "CM1", {"Name": "1"})
    assert crm.get("/CM1", params={"fields": "Name", "page": 11}).json()["details"] == {"limit": 2000}


def test_tokens_end_at_their_own_limit(sandbox: Any, crm: httpx.Client, ids: list[str]) -> None:
    """A chain of tokens reaches only so many rows."""
    sandbox.settings["crm.token_limit"] = 3
    token = page(crm).json()["info"]["next_page_token"]

    assert page(crm, page_token=token).json()["code"] == "PAGINATION_LIMIT_EXCEEDED"


def test_a_token_is_good_for_a_day(later: Any, crm: httpx.Client, ids: list[str]) -> None:
    """After 24 hours the token has expired, and the reply says when it does."""
    info = page(crm).json()["info"]
    later(23 * 3600)
    fresh = page(crm, page_token=info["next_page_token"])
    later(3601)

    assert fresh.status_code == 200
    assert page(crm, page_token=info["next_page_token"]).json()["code"] == "EXPIRED_VALUE"
    assert info["page_token_expiry"].endswith("+05:30")


@pytest.mark.parametrize("changed", [{"fields": "Email"}, {"per_page": 3}, {"sort_order": "asc"}])
def test_a_token_is_bound_to_its_parameters(
    crm: httpx.Client, ids: list[str], changed: dict[str, Any]
) -> None:
    """Any other parameter than before is refused."""
    token = page(crm).json()["info"]["next_page_token"]

    assert page(crm, page_token=token, **changed).json()["code"] == "TOKEN_BOUND_DATA_MISMATCH"


def test_a_token_is_bound_to_its_user(crm: httpx.Client, client: Any, ids: list[str]) -> None:
    """Another user cannot go on from it."""
    token = page(crm).json()["info"]["next_page_token"]

    reply = page(client("/crm/v8", user_id=DANIEL), page_token=token)

    assert reply.json()["code"] == "TOKEN_BOUND_DATA_MISMATCH"


def test_token_and_page_exclude_each_other(crm: httpx.Client, ids: list[str]) -> None:
    """Both together are ambiguous."""
    token = page(crm).json()["info"]["next_page_token"]

    reply = page(crm, page_token=token, page=2)

    assert reply.json()["details"] == {
        "ambiguity_due_to": [{"param_name": "page"}, {"param_name": "page_token"}]
    }


@pytest.mark.parametrize(
    ("params", "code", "name"),
    [
        ({"page_token": "nonsense"}, "INVALID_DATA", "page_token"),
        ({"page": "0"}, "INVALID_DATA", "page"),
        ({"per_page": "201"}, "INVALID_DATA", "per_page"),
        ({"sort_by": "Name"}, "INVALID_DATA", "sort_by"),
        ({"cvid": "1"}, "INVALID_DATA", "cvid"),
        ({"converted": "maybe"}, "INVALID_DATA", "converted"),
        ({"fields": ",".join(f"f{n}" for n in range(51))}, "LIMIT_EXCEEDED", "fields"),
        ({"filters": "{}"}, "NOT_SUPPORTED", "filters"),
    ],
)
def test_parameters_without_sense_are_refused(
    crm: httpx.Client, params: dict[str, str], code: str, name: str
) -> None:
    """The refusal names the parameter."""
    reply = crm.get("/CM1", params={"fields": "Name", **params})

    assert (reply.status_code, reply.json()["code"]) == (400, code)
    assert reply.json()["details"]["param_name"] == name


def test_a_view_and_an_order_exclude_each_other(crm: httpx.Client, ids: list[str]) -> None:
    """Cvid of the module's view lists all; together with sort_by it is ambiguous."""
    (view,) = crm.get("/settings/custom_views", params={"module": "CM1"}).json()["custom_views"]

    assert listed(crm, "CM1", cvid=view["id"]) == ids[::-1]
    assert page(crm, cvid=view["id"], sort_by="id").json()["code"] == "AMBIGUITY_DURING_PROCESSING"


def test_converted_leads_are_listed_on_request_only(crm: httpx.Client) -> None:
    """Converted is false by default; true and both show the others."""
    (lead,) = create(crm, "Leads", {"Last_Name": "L"})
    open_ones = listed(crm, "Leads")
    ok(crm.post(f"/Leads/{lead}/actions/convert", json={"data": [{}]}))

    assert lead not in listed(crm, "Leads")
    assert listed(crm, "Leads", converted="true") == [lead]
    assert listed(crm, "Leads", converted="both") == open_ones
