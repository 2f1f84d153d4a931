"""Search and count: criteria, email, phone, word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .asking import Json, create, ok

if TYPE_CHECKING:
    import httpx


@pytest.fixture
def people(crm: httpx.Client) -> httpx.Client:
    """Four records of the custom module and a few contacts."""
    create(
        crm,
        "CM1",
        {"Name": "Alpha One", "Quantity": 1, "Email": "alpha@example.com", "Approved_On": "2026-01-01"},
        {"Name": "Beta (Two)", "Quantity": 2, "Approved_On": "2026-02-01"},
        {"Name": "Gamma, Three", "Quantity": 3},
        {"Name": "Back\\slash", "Quantity": None},
    )
    return crm


def found(crm: httpx.Client, module: str = "CM1", **params: Any) -> str:
    """Return the initials of the names that a search finds, in alphabetical order."""
    reply = crm.get(f"/{module}/search", params=params)
    if reply.status_code == 204:
        return ""
    return "".join(sorted(row["Name"][0] for row in ok(reply)))


@pytest.mark.parametrize(
    ("criteria", "names"),
    [
        ("(Name:equals:Alpha One)", "A"),
        ("(Name:equals:alpha)", "A"),
        ("((Name:starts_with:Ga))", "G"),
        ("(Name:not_equal:a)", ""),
        (r"(Name:equals:Beta \(Two\))", "B"),
        (r"(Name:in:Gamma\, Three,Alpha One)", "AG"),
        (r"(Name:equals:Back\\slash)", "B"),
        ("(Quantity:equals:2)", "B"),
        ("(Quantity:not_equal:2)", "ABG"),
        ("(Quantity:greater_equal:2)", "BG"),
        ("(Quantity:less_than:2)", "A"),
        ("(Quantity:between:2,3)", "BG"),
        ("(Quantity:in:1,3)", "AG"),
        ("(Approved_On:greater_than:2026-01-15)", "B"),
        ("((Quantity:equals:1)or(Quantity:equals:3))", "AG"),
        ("((Quantity:greater_than:1) and (Name:starts_with:B))", "B"),
        ("(((Quantity:equals:1)or(Quantity:equals:2))and(Name:starts_with:A))", "A"),
        ("(Quantity:equals:1)or(Quantity:equals:3)", "AG"),
        ("(Owner:equals:111111000000044700)", "ABBG"),
        ("(Quantity:equals:${EMPTY})", "B"),
    ],
)
def test_criteria_find_by_field_operator_and_value(people: httpx.Client, criteria: str, names: str) -> None:
    """On text "equals" means "contains"; marks inside a value are escaped."""
    assert found(people, criteria=criteria) == names


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"email": "ALPHA@example.com"}, "A"),
        ({"email": "nobody@example.com"}, ""),
        ({"word": "two"}, "B"),
        ({"word": "alpha one"}, "A"),
        ({"word": "alp*"}, "A"),
    ],
)
def test_email_and_word_look_in_all_their_fields(
    people: httpx.Client, params: dict[str, str], names: str
) -> None:
    """An address must be equal, words need only occur."""
    assert found(people, **params) == names


def test_a_phone_number_is_found_whatever_its_marks(crm: httpx.Client) -> None:
    """Only the digits count."""
    (contact,) = create(crm, "Contacts", {"Last_Name": "L", "Mobile": "+1 (555) 010-99"})

    (row,) = ok(crm.get("/Contacts/search", params={"phone": "555 01099"}))

    assert row["id"] == contact


def test_the_first_of_several_parameters_decides(people: httpx.Client) -> None:
    """Criteria goes before email, email before phone and word."""
    assert found(people, word="gamma", criteria="(Quantity:equals:1)") == "A"


def test_info_has_the_order_for_criteria_only(people: httpx.Client) -> None:
    """Searches by word tell no order."""
    by_criteria = people.get("/CM1/search", params={"criteria": "(Quantity:equals:1)"}).json()["info"]
    by_word = people.get("/CM1/search", params={"word": "alpha"}).json()["info"]

    assert by_criteria == {
        "per_page": 200,
        "count": 1,
        "page": 1,
        "more_records": False,
        "sort_by": "id",
        "sort_order": "desc",
    }
    assert "sort_by" not in by_word


def test_search_pages(people: httpx.Client) -> None:
    """Pages are cut as in lists; more_records tells of further ones."""
    params = {"criteria": "(Name:not_equal:zzz)", "per_page": 3, "fields": "Name"}

    first = people.get("/CM1/search", params=params).json()
    second = people.get("/CM1/search", params={**params, "page": 2}).json()

    assert (first["info"]["more_records"], second["info"]["more_records"]) == (True, False)
    assert len(first["data"]) + len(second["data"]) == 4
    assert set(first["data"][0]) == {"Name", "id"}


def test_a_fresh_record_may_stay_unknown_for_a_while(sandbox: Any, later: Any, people: httpx.Client) -> None:
    """With a delay set, search misses what COQL already finds."""
    sandbox.settings["crm.search_delay_s"] = 30
    early = found(people, word="alpha")
    later(31)

    assert (early, found(people, word="alpha")) == ("", "A")


def errors(**details: Any) -> Json:
    """Return the details of an error."""
    return details


@pytest.mark.parametrize(
    ("params", "code", "details"),
    [
        ({}, "EXPECTED_PARAM_MISSING", errors(param_names=["criteria", "email", "phone", "word"])),
        ({"word": "a"}, "INVALID_DATA", errors(param_name="word")),
        ({"word": "a;b"}, "INVALID_DATA", errors(param_name="word")),
        ({"email": "x"}, "INVALID_DATA", errors(param_name="email")),
        ({"phone": "x"}, "INVALID_DATA", errors(param_name="phone")),
        ({"word": "ab", "page": 11}, "LIMIT_REACHED", errors(limit=2000)),
        ({"criteria": "Name:equals:x"}, "INVALID_QUERY", {}),
        ({"criteria": "(Name:equals:x"}, "INVALID_QUERY", {}),
        ({"criteria": "(Name:equals:(x))"}, "INVALID_QUERY", {}),
        ({"criteria": "(Name:equals:x)(Name:equals:y)"}, "INVALID_QUERY", {}),
        (
            {"criteria": "(Nothing:equals:x)"},
            "INVALID_QUERY",
            errors(api_name="Nothing", reason="the field is not available for search"),
        ),
        (
            {"criteria": "(Name:between:a,b)"},
            "INVALID_QUERY",
            errors(api_name="Name", reason="invalid operator found", operator="between"),
        ),
        (
            {"criteria": "(Quantity:equals:many)"},
            "INVALID_QUERY",
            errors(
                api_name="Quantity",
                reason="invalid value for search",
                value="many",
                expected_data_type="integer",
            ),
        ),
        ({"criteria": "or".join(["(Quantity:equals:1)"] * 16)}, "CRITERIA_LIMIT_EXCEEDED", {}),
        ({"criteria": f"(Quantity:in:{','.join('1' * 101)})"}, "INVALID_QUERY", {}),
    ],
)
def test_a_search_without_sense_is_refused(
    crm: httpx.Client, params: dict[str, Any], code: str, details: Json
) -> None:
    """The refusal is flat and says why."""
    reply = crm.get("/CM1/search", params=params)

    assert (reply.status_code, reply.json()["code"], reply.json()["details"]) == (400, code, details)


def test_records_are_counted(people: httpx.Client) -> None:
    """All of them, or those that a search finds."""
    assert people.get("/CM1/actions/count").json() == {"count": 4}
    counted = people.get("/CM1/actions/count", params={"criteria": "(Quantity:greater_than:1)"})
    assert counted.json() == {"count": 2}
