"""COQL: what queries find, and in which form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .asking import coql, create

if TYPE_CHECKING:
    import httpx

ZYLKER, KING = "111111000000150001", "111111000000150002"


@pytest.fixture
def leads(crm: httpx.Client) -> httpx.Client:
    """Five leads of an otherwise empty module."""
    crm.delete("/Leads", params={"ids": "111111000000150201,111111000000150202"})
    rows = [
        ("Ames", "Web", "Acme", 100, True, "2026-01-01T00:00:00Z"),
        ("Bell", "Web", "Acme", 300, False, None),
        ("Cole", "Fair", "Best", 200, False, None),
        ("Dean", "Fair", None, None, False, None),
        ("Eads", None, "Best", 200, False, None),
    ]
    for name, source, company, revenue, opt_out, _ in rows:
        create(
            crm,
            "Leads",
            {
                "Last_Name": name,
                "Lead_Source": source,
                "Company": company,
                "Annual_Revenue": revenue,
                "Email_Opt_Out": opt_out,
                "Foreign_Languages": ["Korean", "Spanish"] if name == "Ames" else None,
                "Passport_Number": "P1" if name == "Ames" else None,
            },
        )
    return crm


def names(crm: httpx.Client, where: str, after: str = "") -> str:
    """Return the initials of the leads that meet a condition."""
    rows = coql(crm, f"select Last_Name from Leads where {where} {after}")
    return "".join(row["Last_Name"][0] for row in rows)


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("id is not null", "ABCDE"),
        ("Last_Name = 'Bell'", "B"),
        ("Last_Name = 'bell'", "B"),
        ("Last_Name != 'Bell'", "ACDE"),
        ("Lead_Source != 'Web'", "CD"),
        ("Lead_Source is null", "E"),
        ("Lead_Source is not null", "ABCD"),
        ("Last_Name in ('Ames', 'Dean')", "AD"),
        ("Lead_Source not in ('Web')", "CD"),
        ("Last_Name like 'C%'", "C"),
        ("Last_Name like '%n'", "D"),
        ("Last_Name like '%e%'", "ABCDE"),
        ("Last_Name like 'Eads'", "E"),
        ("Last_Name not like '%e%'", ""),
        ("Last_Name not like '%ll%'", "ACDE"),
        ("Annual_Revenue > 100", "BCE"),
        ("Annual_Revenue >= '200'", "BCE"),
        ("Annual_Revenue < 200", "A"),
        ("Annual_Revenue <= 200.0", "ACE"),
        ("Annual_Revenue between 150 and 250", "CE"),
        ("Annual_Revenue not between 150 and 250", "AB"),
        ("Annual_Revenue in (100, 300)", "AB"),
        ("Email_Opt_Out = true", "A"),
        ("Email_Opt_Out = 'false'", "BCDE"),
        ("Foreign_Languages = 'Spanish;Korean'", "A"),
        ("Passport_Number is not null", "A"),
        ("Lead_Source = 'Web' and Company = 'Acme'", "AB"),
        ("Lead_Source = 'Web' or Company = 'Best'", "ABCE"),
        ("(Lead_Source = 'Web' or Company = 'Best') and Annual_Revenue = 200", "CE"),
        ("((Last_Name = 'Ames' or Last_Name = 'Bell') or Last_Name = 'Cole')", "ABC"),
        ("Created_Time > '2000-01-01T00:00:00+00:00'", "ABCDE"),
        ("Created_Time between 2000-01-01T00:00:00Z and 2001-01-01T00:00:00Z", ""),
        ("Owner = '111111000000044700'", "ABCDE"),
        ("Owner.id = 111111000000044700", "ABCDE"),
        ("Company in (select Company from Leads where Last_Name = 'Cole')", "CE"),
        ("Annual_Revenue = (select MAX(Annual_Revenue) from Leads where id is not null)", "B"),
    ],
)
def test_a_condition_finds_the_records_that_meet_it(leads: httpx.Client, where: str, found: str) -> None:
    """Every operator works on the types it goes with; an empty value meets only "is null"."""
    assert names(leads, where) == found


def test_keywords_are_read_in_any_case(leads: httpx.Client) -> None:
    """Line breaks and capitals do not matter."""
    rows = coql(leads, "SELECT Last_Name\nFROM Leads\nWhere Last_Name LIKE 'A%' AND Company IS NOT NULL")

    assert [row["Last_Name"] for row in rows] == ["Ames"]


@pytest.mark.parametrize(
    ("after", "found"),
    [
        ("order by Last_Name desc", "EDCBA"),
        ("order by Annual_Revenue, Last_Name desc", "DAECB"),
        ("order by Annual_Revenue desc, Last_Name asc", "BCEAD"),
        ("limit 2", "AB"),
        ("limit 2 offset 3", "DE"),
        ("limit 3, 1", "D"),
        ("offset 4", "E"),
        ("order by Last_Name desc limit 1", "E"),
    ],
)
def test_rows_are_ordered_and_cut(leads: httpx.Client, after: str, found: str) -> None:
    """By default rows come by id; empty values sort first."""
    assert names(leads, "id is not null", after) == found


def test_info_tells_the_rows_of_this_reply(leads: httpx.Client) -> None:
    """Count is what the reply holds, more_records whether there is more."""
    query = {"select_query": "select Last_Name from Leads where id is not null limit 2"}

    reply = leads.post("/coql", json=query).json()

    assert reply["info"] == {"count": 2, "more_records": True}
    assert set(reply["data"][0]) == {"Last_Name", "id"}


def test_joins_follow_lookups_two_deep(crm: httpx.Client) -> None:
    """A joined column is keyed by its path as written."""
    query = (
        "select Last_Name, Account_Name.Account_Name, Account_Name.Parent_Account.Account_Name"
        " from Contacts where Account_Name.Parent_Account.Account_Name = 'Zylker'"
    )

    (row,) = coql(crm, query)

    assert row["Account_Name.Account_Name"] == "Bowman Furniture"
    assert row["Account_Name.Parent_Account.Account_Name"] == "Zylker"


def test_columns_may_be_quoted_and_named(crm: httpx.Client) -> None:
    """An alias is the key of its column."""
    query = (
        "select 'Account_Name' AS 'Account id', 'Account_Name.Account_Name' as Name"
        " from Contacts where Last_Name = 'Burrows'"
    )

    (row,) = coql(crm, query)

    assert row["Name"] == "Bowman Furniture"
    assert row["Account id"]["id"] == "111111000000150003"


def test_a_lookup_with_many_targets_is_joined_by_arrow(crm: httpx.Client) -> None:
    """The arrow names the module; a record that points elsewhere has nothing there."""
    query = (
        "select Subject, 'What_Id->Deals.Deal_Name', What_Id->Accounts.Account_Type"
        " from Tasks where id is not null"
    )

    (row,) = coql(crm, query)

    assert row["What_Id->Deals.Deal_Name"] == "Annual License Renewal"
    assert row["What_Id->Accounts.Account_Type"] is None


@pytest.mark.parametrize(
    ("version", "keys"), [("v6", {"id"}), ("v7", {"id", "name"}), ("v8", {"id", "name"})]
)
def test_lookups_have_names_since_v7(client: Any, version: str, keys: set[str]) -> None:
    """Older versions give the id alone."""
    (row,) = coql(client(f"/crm/{version}"), "select Account_Name from Contacts where Last_Name = 'Burrows'")

    assert set(row["Account_Name"]) == keys


def test_a_view_can_be_queried(crm: httpx.Client) -> None:
    """The module's one view holds all its records."""
    (view,) = crm.get("/settings/custom_views", params={"module": "Deals"}).json()["custom_views"]

    assert len(coql(crm, f"select id from Deals#{view['id']} where id is not null")) == 1


@pytest.mark.parametrize(
    ("columns", "row"),
    [
        ("COUNT(id)", {"COUNT(id)": 5}),
        ("COUNT(Annual_Revenue)", {"COUNT(Annual_Revenue)": 4}),
        ("SUM(Annual_Revenue) as total", {"total": 800}),
        ("AVG(Annual_Revenue)", {"AVG(Annual_Revenue)": 200.0}),
        (
            "MIN(Annual_Revenue), MAX(Annual_Revenue)",
            {"MIN(Annual_Revenue)": 100, "MAX(Annual_Revenue)": 300},
        ),
    ],
)
def test_aggregates_make_one_row_without_id(leads: httpx.Client, columns: str, row: dict[str, Any]) -> None:
    """Empty values count for no aggregate."""
    assert coql(leads, f"select {columns} from Leads where id is not null") == [row]


def test_groups_make_one_row_each(leads: httpx.Client) -> None:
    """Grouped columns stand beside the aggregates; empty values form a group."""
    query = (
        "select Lead_Source, COUNT(id) as n from Leads where id is not null"
        " group by Lead_Source order by n desc, Lead_Source"
    )

    assert coql(leads, query) == [
        {"Lead_Source": "Fair", "n": 2},
        {"Lead_Source": "Web", "n": 2},
        {"Lead_Source": None, "n": 1},
    ]


def test_the_fields_of_the_columns_come_along_on_request(crm: httpx.Client) -> None:
    """include_meta adds the metadata of every selected column."""
    query = {
        "select_query": "select Last_Name from Contacts where id is not null",
        "include_meta": ["fields"],
    }

    reply = crm.post("/coql", json=query).json()

    assert reply["fields"]["Last_Name"]["length"] == 80
    assert reply["fields"]["Last_Name"]["system_mandatory"] is True


def test_older_versions_reach_less_far(client: Any) -> None:
    """v3 gives 200 rows per call; v6 reaches 10,000, v7 100,000."""
    text = "select id from Contacts where id is not null"
    asked = [
        ("v3", "limit 201", 400),
        ("v4", "limit 2000", 200),
        ("v8", "limit 2001", 400),
        ("v6", "limit 1 offset 10000", 400),
        ("v7", "limit 1 offset 10000", 204),
        ("v7", "limit 1 offset 100000", 400),
    ]

    for version, after, status in asked:
        reply = client(f"/crm/{version}").post("/coql", json={"select_query": f"{text} {after}"})
        assert reply.status_code == status, (version, after, reply.text)


def test_a_deleted_target_is_no_value(crm: httpx.Client) -> None:
    """A lookup whose target was deleted is null for queries too."""
    crm.delete(f"/Accounts/{KING}")

    rows = coql(crm, "select Account_Name from Contacts where Last_Name = 'Kingsley'")

    assert rows[0]["Account_Name"] is None
    assert coql(crm, "select id from Contacts where Account_Name is null and Last_Name = 'Kingsley'")


def written(value: str) -> str:
    """Return a text as a COQL value."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


@pytest.mark.parametrize(
    "value",
    [
        "O'Neil",
        "a' or id is not null or 'b",
        "back\\slash",
        "\\'",
        "a,b",
        "(x)",
        "%",
        "50%",
        'say "x"',
        "select",
    ],
)
def test_a_value_stays_a_value(crm: httpx.Client, value: str) -> None:
    """Quotes, backslashes and words of the language inside a value find just that value."""
    (lead,) = create(crm, "Leads", {"Last_Name": "L", "Company": value})
    create(crm, "Leads", {"Last_Name": "M", "Company": "other"})

    rows = coql(crm, f"select id from Leads where Company = {written(value)}")

    assert [row["id"] for row in rows] == [lead]


def test_a_doubled_quote_is_a_quote(crm: httpx.Client) -> None:
    """'' inside a value is taken as one quote, as in SQL."""
    (lead,) = create(crm, "Leads", {"Last_Name": "L", "Company": "O'Neil"})

    assert coql(crm, "select Company from Leads where Company = 'O''Neil'")[0]["id"] == lead


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30))
def test_any_text_is_found_by_itself(crm: httpx.Client, value: str) -> None:
    """Whatever text a field holds, a query for it finds the record."""
    (lead,) = create(crm, "Leads", {"Last_Name": "L", "Company": value})

    rows = coql(crm, f"select id from Leads where Company = {written(value)} and id = '{lead}'")

    assert [row["id"] for row in rows] == [lead]


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(
    st.lists(
        st.sampled_from(
            [
                "select",
                "Last_Name",
                "id",
                "from",
                "Leads",
                "where",
                "=",
                "!=",
                "like",
                "'a'",
                "(",
                ")",
                ",",
                ".",
                "and",
                "or",
                "not",
                "in",
                "between",
                "is",
                "null",
                "group",
                "by",
                "order",
                "limit",
                "1",
                "COUNT",
                "offset",
                "as",
                "->",
                "#",
                "!",
                "\\",
                "'",
            ]
        ),
        max_size=12,
    )
)
def test_no_text_breaks_the_reader(crm: httpx.Client, words: list[str]) -> None:
    """Any row of words is answered with rows, nothing, or a refusal; never with a defect."""
    reply = crm.post("/coql", json={"select_query": " ".join(words)})

    assert reply.status_code in (200, 204, 400), (words, reply.text)


def test_the_reach_of_queries_can_be_set(sandbox: Any, crm: httpx.Client) -> None:
    """A small reach lets a test meet the limit of OFFSET and LIMIT."""
    sandbox.settings["crm.coql_reach"] = 3
    text = "select id from Contacts where id is not null"

    near = crm.post("/coql", json={"select_query": f"{text} limit 2 offset 1"})
    far = crm.post("/coql", json={"select_query": f"{text} limit 2 offset 2"})

    assert (near.status_code, far.json()["code"]) == (200, "LIMIT_EXCEEDED")
