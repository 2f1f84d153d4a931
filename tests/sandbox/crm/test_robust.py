"""Whatever is sent, the sandbox answers with a reply of Zoho's, never with a defect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zoho_sandbox.products.crm.routes import ROUTES

if TYPE_CHECKING:
    import httpx

ID = "111111000000150101"
KEYS = st.sampled_from(
    [
        "data",
        "id",
        "ids",
        "tags",
        "name",
        "watch",
        "channel_id",
        "events",
        "notify_url",
        "notification_condition",
        "type",
        "module",
        "api_name",
        "query",
        "fields",
        "criteria",
        "group",
        "group_operator",
        "field",
        "comparator",
        "value",
        "resource",
        "file_id",
        "operation",
        "callback",
        "url",
        "method",
        "uri",
        "body",
        "params",
        "sub_request_id",
        "Last_Name",
        "Account_Name",
        "Tag",
        "Email",
        "Quoted_Items",
        "Subform_External",
        "Parent_Id",
        "Note_Title",
        "Layout",
        "$append_values",
        "trigger",
        "Owner",
        "What_Id",
        "duplicate_check_fields",
        "apply_feature_execution",
        "select_query",
        "include_meta",
        "Deals",
        "Contacts",
        "Accounts",
        "carry_over_tags",
        "move_attachments_to",
        "assign_to",
        "get_related_records_count",
        "related_list",
        "mass_delete",
        "__composite_requests",
        "field_selection",
        "channel_expiry",
        "field_mappings",
        "conflict_id",
        "over_write",
    ]
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        ["", "x", ID, "Contacts", "Contacts.all", "2026-01-01", "a,b", "http://127.0.0.1:1/", "@{1:$.a}"]
    ),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)
BODIES = st.dictionaries(KEYS, VALUES, max_size=4)
LISTS = (
    "data",
    "tags",
    "watch",
    "mass_delete",
    "get_related_records_count",
    "__composite_requests",
    "resource",
)
PARAMS = st.dictionaries(
    st.sampled_from(
        [
            "fields",
            "page",
            "per_page",
            "page_token",
            "sort_by",
            "ids",
            "type",
            "module",
            "criteria",
            "word",
            "cvid",
            "id",
            "converted",
        ]
    ),
    st.sampled_from(["", "x", "1", "-1", ID, "Contacts", "id,Last_Name", "(Last_Name:equals:x)", "((", "é"]),
    max_size=4,
)


def paths() -> list[tuple[str, str]]:
    """Return every verb with a path of every route."""
    fill = {0: "Contacts", 1: ID, 2: "Deals", 3: ID}
    found = []
    for route in ROUTES:
        parts = [fill.get(n, ID) if part == "*" else part for n, part in enumerate(route.pattern)]
        found += [(verb, "/" + "/".join(parts)) for verb in route.verbs]
    return found


@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(body=BODIES, items=st.lists(VALUES, max_size=3), params=PARAMS)
@pytest.mark.parametrize(("verb", "path"), paths())
def test_no_input_is_a_defect(
    crm: httpx.Client, verb: str, path: str, body: dict[str, Any], items: list[Any], params: dict[str, str]
) -> None:
    """Any JSON, with any parameters, is answered below 500."""
    for sent in (body, *({key: items} for key in LISTS if verb in ("POST", "PUT", "PATCH"))):
        reply = crm.request(verb, path, params=params, json=sent)
        assert reply.status_code < 500, (sent, reply.text)
