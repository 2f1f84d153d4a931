"""COQL: every published refusal, word by word.

source: https://www.zoho.com/crm/developer/docs/api/v7/Get-Records-through-COQL-Query.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx

ALL = "from Leads where id is not null"
ONE_TOO_MANY_COLUMNS = ", ".join(f"Last_Name as a{n}" for n in range(51))


def refusal(code: str, message: str, **details: Any) -> dict[str, Any]:
    """Return an error body."""
    return {"code": code, "details": details, "message": message, "status": "error"}


def syntax(message: str, **details: Any) -> dict[str, Any]:
    """Return the body of a SYNTAX_ERROR."""
    return refusal("SYNTAX_ERROR", message, **details)


def invalid(message: str, **details: Any) -> dict[str, Any]:
    """Return the body of an INVALID_QUERY."""
    return refusal("INVALID_QUERY", message, **details)


UNSUPPORTED = syntax("given coql query not supported")
CASES: list[tuple[str, dict[str, Any]]] = [
    # clauses and tokens
    ("select Last_Name from Leads", syntax("missing clause", clause="where")),
    ("select Last_Name where id is null", syntax("missing clause", clause="from")),
    ("from Leads where id is null", syntax("missing clause", clause="select")),
    ("select id from FROM", syntax("unexpected token", line=1, column=15, near="FROM")),
    ("select * from Leads where id is null", syntax("unexpected token", line=1, column=7, near="*")),
    (f"select id {ALL} now", syntax("unexpected token", line=1, column=42, near="now")),
    ("select id from Leads\nwhere id = = 'x'", syntax("unexpected token", line=2, column=11, near="=")),
    ("select id from Leads where", syntax("error occured while parsing the query", near="where")),
    ("select id from Leads where id = 'x", syntax("error occured while parsing the query", near="'x")),
    (
        "select id from Leads where City = 'a' and City = 'b' and City = 'c'",
        syntax("error occured while parsing the query", near="and"),
    ),
    ("select id from Leads where not City = 'a'", syntax("operator not supported", operator="not")),
    ("select id from Leads where City not = 'a'", syntax("operator not supported", operator="not")),
    ("select id from Leads where City <> 'a'", syntax("operator not supported", operator="<>")),
    ("select id from Leads where City contains 'a'", syntax("operator not supported", operator="contains")),
    # not covered
    ("select a.b.c.d from Leads where id is null", UNSUPPORTED),
    ("select !Leads.City from Leads where id is null", UNSUPPORTED),
    # columns
    (f"select Nothing {ALL}", invalid("column given seems to be invalid", column_name="Nothing")),
    (
        f"select Converted_Account.Nothing {ALL}",
        invalid("column given seems to be invalid", column_name="Converted_Account.Nothing"),
    ),
    (f"select City.Name {ALL}", invalid("unsupported column", column_name="City.Name")),
    (f"select Tag {ALL}", invalid("unsupported column", column_name="Tag")),
    (
        "select id from Leads where Tag != 'x'",
        invalid(
            "unsupported column in criteria", cv_criteria=False, column_name="Tag", value="x", operator="!="
        ),
    ),
    (
        "select id from Events where Participants is null",
        invalid(
            "unsupported column in criteria",
            cv_criteria=False,
            column_name="Participants",
            value="${EMPTY}",
            operator="is null",
        ),
    ),
    (f"select City, City {ALL}", refusal("DUPLICATE_DATA", "duplicate select column", column_name="City")),
    (
        f"select MAX(Annual_Revenue), MAX(Annual_Revenue) {ALL}",
        refusal(
            "DUPLICATE_DATA", "duplicate aggregate function", column_name="Annual_Revenue", aggregate="MAX"
        ),
    ),
    (
        f"select First_Name as Name, Last_Name as Name {ALL}",
        refusal(
            "DUPLICATE_ALIAS",
            "same alias cannot refer more than one column",
            referred_columns=["First_Name", "Last_Name"],
            alias="Name",
        ),
    ),
    (
        f"select First_Name as '' {ALL}",
        refusal("INVALID_ALIAS", "alias name cannot be an empty string", column_name="First_Name", alias=""),
    ),
    (
        f"select First_Name as Last_Name, Last_Name {ALL}",
        invalid(
            "column name or property name given in select columns without alias name cannot be an "
            "alias name for other select columns",
            column_name="First_Name",
            alias="Last_Name",
        ),
    ),
    # operators and values
    (
        "select id from Leads where First_Name > 'a'",
        invalid(
            "Invalid query formed", reason="invalid operator found", column_name="First_Name", operator=">"
        ),
    ),
    (
        "select id from Leads where Passport_Number = 'a'",
        invalid(
            "Invalid query formed",
            reason="invalid operator found",
            column_name="Passport_Number",
            operator="=",
        ),
    ),
    (
        "select id from Leads where Annual_Revenue = 'a'",
        invalid("value given seems to be invalid for the column", column_name="Annual_Revenue"),
    ),
    (
        "select id from Leads where City = 5",
        invalid("value given seems to be invalid for the column", column_name="City"),
    ),
    (
        "select id from Leads where Created_Time > '2026-01-01'",
        invalid("value given seems to be invalid for the column", column_name="Created_Time"),
    ),
    (
        "select id from Leads where City not like 'a%'",
        invalid("value given seems to be invalid for the column", column_name="City"),
    ),
    (
        "select id from Leads where Owner = 'Patricia'",
        invalid("value given seems to be invalid for the column", column_name="Owner"),
    ),
    # aggregates
    (
        f"select TestFunction(Last_Name) {ALL}",
        refusal(
            "INVALID_DATA",
            "invalid data",
            reason="unsupported aggregate function",
            column="TestFunction(Last_Name)",
        ),
    ),
    (
        f"select count(id) {ALL}",
        refusal("INVALID_DATA", "invalid data", reason="unsupported aggregate function", column="count(id)"),
    ),
    (
        f"select SUM(Last_Name) {ALL}",
        refusal(
            "INVALID_DATA", "invalid data", reason="unsupported aggregate function", column="SUM(Last_Name)"
        ),
    ),
    (f"select COUNT(id), City {ALL}", invalid("Invalid query formed")),
    # limits
    (f"select id {ALL} limit s", invalid("limit given seems to be invalid", limit="s")),
    (f"select id {ALL} limit -1", invalid("limit given seems to be invalid", limit="-1")),
    (f"select id {ALL} offset s", invalid("offset given seems to be invalid", offset="s")),
    (f"select id {ALL} limit 0", refusal("INVALID_DATA", "limit should be greater than 0")),
    (f"select id {ALL} limit 2001", refusal("LIMIT_EXCEEDED", "limit exceeded", limit=2000, clause="limit")),
    (
        f"select {ONE_TOO_MANY_COLUMNS} {ALL}",
        refusal("LIMIT_EXCEEDED", "limit exceeded", limit=50, clause="select columns"),
    ),
    (
        f"select id from Leads where id in ({', '.join(['1'] * 101)})",
        refusal("LIMIT_EXCEEDED", "limit exceeded", limit=100, clause="in"),
    ),
    # modules, views, sub-queries
    (
        "select id from Nothing where id is null",
        refusal("INVALID_MODULE", "the given module is not supported in api"),
    ),
    ("select id from Leads#12 where id is null", invalid("cvid given seems to be invalid", cvid="12")),
    (
        "select id from Leads where City = (select Last_Name from Contacts where id is not null)",
        invalid(
            "subquery return more than one values which is incompatible for the operator",
            sub_query_sequence=0,
            operator="=",
        ),
    ),
    (
        "select id from Leads where City in (select Last_Name, First_Name from Contacts where id is null)",
        invalid(
            "subquery should contains only one column",
            sub_query_sequence=0,
            column_name=["Last_Name", "First_Name"],
        ),
    ),
]


@pytest.mark.parametrize(("query", "body"), CASES, ids=[str(n) for n in range(len(CASES))])
def test_a_wrong_query_is_refused_in_published_words(
    crm: httpx.Client, query: str, body: dict[str, Any]
) -> None:
    """The refusal is flat, HTTP 400, and names what is wrong."""
    reply = crm.post("/coql", json={"select_query": query})

    assert (reply.status_code, reply.json()) == (400, body)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, refusal("MANDATORY_NOT_FOUND", "mandatory key not found", api_name="select_query")),
        (
            {"select_query": "select id from Leads where id is null", "include_meta": "fields"},
            refusal(
                "INVALID_DATA",
                "invalid data",
                expected_data_type="jsonarray",
                api_name="include_meta",
                json_path="$.include_meta",
            ),
        ),
        (
            {"select_query": "select id from Leads where id is null", "include_meta": ["layouts"]},
            refusal(
                "INVALID_DATA",
                "invalid data",
                api_name="include_meta",
                json_path="$.include_meta",
                supported_values=["fields"],
            ),
        ),
    ],
)
def test_a_wrong_body_is_refused_before_the_query_is_read(
    crm: httpx.Client, body: dict[str, Any], expected: dict[str, Any]
) -> None:
    """The key select_query is compulsory; include_meta is a list with one possible word."""
    reply = crm.post("/coql", json=body)

    assert (reply.status_code, reply.json()) == (400, expected)
