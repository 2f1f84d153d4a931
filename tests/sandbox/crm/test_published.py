"""The replies that Zoho publishes, replayed against the sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from .asking import Json, fits

if TYPE_CHECKING:
    import httpx

FOLDER = Path(__file__).parent / "published"
CASES = [
    case for file in sorted(FOLDER.glob("[ar]*.yaml")) for case in yaml.safe_load(file.read_text("utf-8"))
]
META_KEYS = [
    "webhook",
    "operation_type",
    "colour_code_enabled_by_system",
    "field_label",
    "tooltip",
    "display_format_properties",
    "type",
    "field_read_only",
    "required",
    "customizable_properties",
    "display_label",
    "read_only",
    "association_details",
    "multi_module_lookup",
    "id",
    "created_time",
    "filterable",
    "visible",
    "refer_from_field",
    "view_type",
    "separator",
    "searchable",
    "history_tracking_enabled",
    "external",
    "api_name",
    "parent_field",
    "unique",
    "enable_colour_code",
    "child_fields",
    "pick_list_values",
    "system_mandatory",
    "virtual_field",
    "json_type",
    "crypt",
    "range",
    "created_source",
    "display_type",
    "ui_type",
    "modified_time",
    "public",
    "email_parser",
    "currency",
    "custom_field",
    "lookup",
    "convert_mapping",
    "address",
    "rollup_summary",
    "length",
    "column_name",
    "display_field",
    "pick_list_values_sorted_lexically",
    "default_value",
    "sortable",
    "layout_associations",
    "global_picklist",
    "display_format",
    "history_tracking",
    "data_type",
    "formula",
    "decimal_place",
    "multiselectlookup",
    "auto_number",
    "table_name",
    "generated_type",
    "additional_column",
    "quick_sequence_number",
]
ORG_KEYS = [
    "country",
    "photo_id",
    "city",
    "description",
    "type",
    "created_time",
    "mc_status",
    "gapps_enabled",
    "translation_enabled",
    "street",
    "domain_name",
    "alias",
    "currency",
    "id",
    "employee_count",
    "state",
    "fax",
    "zip",
    "website",
    "currency_symbol",
    "mobile",
    "currency_locale",
    "primary_zuid",
    "zia_portal_id",
    "time_zone",
    "zgid",
    "country_code",
    "deletable_org_account",
    "license_details",
    "hierarchy_preferences",
    "phone",
    "company_name",
    "privacy_settings",
    "primary_email",
    "iso_code",
    "hipaa_compliance_enabled",
    "lite_users_enabled",
    "max_per_page",
    "ezgid",
    "call_icon",
    "oauth_presence",
    "zia_zgid",
    "checkin_preferences",
]
USER_KEYS = [
    "role",
    "microsoft",
    "locale",
    "Modified_By",
    "$shift_effective_from",
    "$current_shift",
    "alias",
    "id",
    "sandboxDeveloper",
    "first_name",
    "email",
    "Reporting_To",
    "status_reason__s",
    "decimal_separator",
    "created_time",
    "Modified_Time",
    "image_link",
    "$next_shift",
    "profile",
    "last_name",
    "created_by",
    "zuid",
    "confirm",
    "full_name",
    "phone",
    "date_format",
    "status",
    "type__s",
]
MODULE_KEYS = [
    "has_more_profiles",
    "access_type",
    "private_profile",
    "global_search_supported",
    "deletable",
    "description",
    "creatable",
    "recycle_bin_on_delete",
    "modified_time",
    "plural_label",
    "presence_sub_menu",
    "actual_plural_label",
    "lookupable",
    "id",
    "isBlueprintSupported",
    "visibility",
    "convertable",
    "sub_menu_available",
    "editable",
    "actual_singular_label",
    "profiles",
    "show_as_tab",
    "web_link",
    "sequence_number",
    "singular_label",
    "viewable",
    "api_supported",
    "api_name",
    "quick_create",
    "modified_by",
    "generated_type",
    "feeds_required",
    "public_fields_configured",
    "arguments",
    "module_name",
    "profile_count",
    "business_card_field_limit",
    "parent_module",
    "status",
]


def send(clients: dict[bool, httpx.Client], request: Json) -> httpx.Response:
    """Send a request as a case describes it."""
    body = request.get("json")
    if body == {"data": "101 records"}:
        body = {"data": [{"id": "1"}] * 101}
    crm = clients[request.get("bulk", False)]
    return crm.request(request["method"], request["path"], params=request.get("params"), json=body)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_published_reply_is_given(sandbox: Any, client: Any, case: Json) -> None:
    """Status and body are the published ones, apart from ids and times."""
    clients = {False: client("/crm/v8"), True: client("/crm/bulk/v8")}
    sandbox.plant({"crm": {"fields": case.get("fields", {})}})
    for request in case.get("before", []):
        assert send(clients, request).is_success

    reply = send(clients, case["request"])

    assert reply.status_code == case["status"], reply.text
    if "body" in case:
        assert fits(case["body"], reply.json()), reply.text


@pytest.mark.parametrize(
    ("path", "params", "key", "keys"),
    [
        ("/settings/fields", {"module": "Leads"}, "fields", META_KEYS),
        ("/org", {}, "org", ORG_KEYS),
        ("/users", {}, "users", USER_KEYS),
        ("/settings/modules", {}, "modules", MODULE_KEYS),
    ],
)
def test_what_the_api_tells_has_the_published_keys(
    crm: httpx.Client, path: str, params: dict[str, str], key: str, keys: list[str]
) -> None:
    """Every published key is there, in every entry."""
    for entry in crm.get(path, params=params).json()[key]:
        missing = set(keys) - set(entry) - {"lucene_colname"}
        assert not missing
