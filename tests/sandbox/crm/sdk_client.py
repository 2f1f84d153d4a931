"""A client of Zoho's own Python SDK; run by an interpreter that has it installed.

Reads ``{url, clientId, clientSecret, refreshToken, folder, modules}`` as JSON from standard input,
prints what it saw as one JSON object. Talks to the given address only.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

from zohocrmsdk.src.com.zoho.api.authenticator.oauth_token import OAuthToken
from zohocrmsdk.src.com.zoho.api.authenticator.store.file_store import FileStore
from zohocrmsdk.src.com.zoho.crm.api.attachments import (
    AttachmentsOperations,
    FileBodyWrapper,
    GetAttachmentsParam,
)
from zohocrmsdk.src.com.zoho.crm.api.coql import BodyWrapper as Query
from zohocrmsdk.src.com.zoho.crm.api.coql import CoqlOperations
from zohocrmsdk.src.com.zoho.crm.api.dc import DataCenter
from zohocrmsdk.src.com.zoho.crm.api.initializer import Initializer
from zohocrmsdk.src.com.zoho.crm.api.parameter_map import ParameterMap
from zohocrmsdk.src.com.zoho.crm.api.record import (
    BodyWrapper,
    GetRecordsParam,
    Record,
    RecordOperations,
    SearchRecordsParam,
)
from zohocrmsdk.src.com.zoho.crm.api.util import StreamWrapper

Json = dict[str, Any]
API = "zohocrmsdk.src.com.zoho.crm.api"


def initialize(asked: Json) -> None:
    """Log in with a refresh token; the SDK gets its access token and asks who it is."""
    folder = Path(asked["folder"])
    environment = DataCenter.Environment(asked["url"], f"{asked['url']}/oauth/v2/token", asked["url"])
    token = OAuthToken(
        client_id=asked["clientId"],
        client_secret=asked["clientSecret"],
        refresh_token=asked["refreshToken"],
    )
    Initializer.initialize(
        environment=environment,
        token=token,
        store=FileStore(str(folder / "tokens.csv")),
        resource_path=str(folder),
    )


def records(*rows: Json) -> Any:
    """Return the SDK's request body for records."""
    made = []
    for row in rows:
        record = Record()
        for name, value in row.items():
            record.add_key_value(name, value)
        made.append(record)
    body = BodyWrapper()
    body.set_data(made)
    return body


def shown(reply: Any) -> Json:
    """Return status and items of a write reply."""
    thing = reply.get_object()
    items = thing.get_data() if hasattr(thing, "get_data") else [thing]
    return {"status": reply.get_status_code(), "items": [item_of(item) for item in items]}


def item_of(item: Any) -> Json:
    """Return one item: code, message, action, id."""
    details = item.get_details() or {}
    return {
        "type": type(item).__name__,
        "code": item.get_code().get_value(),
        "action": item.get_action().get_value()
        if getattr(item, "get_action", None) and item.get_action()
        else None,
        "id": str(details.get("id")) if details.get("id") else None,
    }


def rows_of(reply: Any, *names: str) -> Json:
    """Return status and some fields of the rows of a read reply."""
    thing = reply.get_object()
    found = thing.get_data() if thing is not None else []
    rows = [{**{n: record.get_key_value(n) for n in names}, "id": str(record.get_id())} for record in found]
    return {"status": reply.get_status_code(), "rows": rows}


def write(seen: Json) -> None:
    """Create a record, then upsert three: an update, an insert, a refusal."""
    contacts = RecordOperations("Contacts")
    seen["create"] = shown(contacts.create_records(records({"Last_Name": "Lee", "Email": "lee@example.com"})))
    mixture = records(
        {"Last_Name": "Lee Two", "Email": "lee@example.com"},
        {"Last_Name": "New", "Email": "new@example.com"},
        {"Last_Name": "Bad", "Email": "no-address"},
    )
    seen["upsert"] = shown(contacts.upsert_records(mixture))


def read(seen: Json) -> None:
    """Get records, find nothing, query."""
    contacts = RecordOperations("Contacts")
    params = ParameterMap()
    params.add(GetRecordsParam.fields, "Last_Name,Email")
    params.add(GetRecordsParam.per_page, 2)
    seen["list"] = rows_of(contacts.get_records(params), "Last_Name")
    nothing = ParameterMap()
    nothing.add(SearchRecordsParam.email, "nobody@example.com")
    seen["nothing"] = rows_of(contacts.search_records(nothing))
    query = Query()
    query.set_select_query("select Last_Name from Contacts where Email = 'lee@example.com'")
    seen["query"] = rows_of(CoqlOperations().get_records(query), "Last_Name")


def read_every_module(seen: Json, modules: list[str]) -> None:
    """Read one whole record of each module, so that the SDK meets every type of field."""
    for module in modules:
        operations = RecordOperations(module)
        params = ParameterMap()
        params.add(GetRecordsParam.fields, "id")
        found = operations.get_records(params).get_object().get_data()
        whole = operations.get_record(found[0].get_id())
        seen["modules"][module] = type(whole.get_object()).__name__


def attach(seen: Json, folder: Path) -> None:
    """Upload, list and download an attachment."""
    contact = int(seen["create"]["items"][0]["id"])
    path = folder / "paper.txt"
    path.write_text("hello from the SDK")
    body = FileBodyWrapper()
    body.set_file(StreamWrapper(file_path=str(path)))
    operations = AttachmentsOperations()
    seen["attach"] = shown(operations.upload_attachments(contact, "Contacts", body))
    params = ParameterMap()
    params.add(GetAttachmentsParam.fields, "id,File_Name,Size")
    listed = operations.get_attachments(contact, "Contacts", params)
    seen["attachments"] = [
        [str(one.get_id()), one.get_file_name(), one.get_size()] for one in listed.get_object().get_data()
    ]
    got = operations.get_attachment(int(seen["attachments"][0][0]), contact, "Contacts")
    stream = got.get_object().get_file()
    content = b"".join(stream.get_stream())
    seen["download"] = {"name": stream.get_name(), "content": content.decode()}


def call(package: str, operations: str, given: list[Any], method: str, arguments: list[Any]) -> list[Any]:
    """Call a method of one of the SDK's operation classes; return status and kind of what it got."""
    loaded = importlib.import_module(f"{API}.{package}")
    made = getattr(loaded, operations)(*given)
    reply = getattr(made, method)(*arguments)
    return [reply.get_status_code(), type(reply.get_object()).__name__]


def read_settings(seen: Json, ids: Json) -> None:
    """Read what is set, and what is around a lead: one call of every kind."""
    lead = int(ids["lead"])
    for name, package, operations, given, method, arguments in (
        ("roles", "roles", "RolesOperations", [], "get_roles", []),
        ("role", "roles", "RolesOperations", [], "get_role", [111111000000000864]),
        ("profiles", "profiles", "ProfilesOperations", [], "get_profiles", []),
        ("profile", "profiles", "ProfilesOperations", [], "get_profile", [111111000000000497]),
        ("currencies", "currencies", "CurrenciesOperations", [], "get_currencies", []),
        ("variables", "variables", "VariablesOperations", [], "get_variables", []),
        ("groups", "variable_groups", "VariableGroupsOperations", [], "get_variable_groups", []),
        ("territories", "territories", "TerritoriesOperations", [], "get_territories", []),
        ("territory", "territories", "TerritoriesOperations", [], "get_territory", [111111000000054020]),
        ("pipelines", "pipeline", "PipelineOperations", [int(ids["layout"])], "get_pipelines", []),
        (
            "values",
            "pick_list_values",
            "PickListValuesOperations",
            [int(ids["field"]), "Leads"],
            "get_pick_list_values",
            [],
        ),
        ("contact roles", "contact_roles", "ContactRolesOperations", [], "get_roles", []),
        ("bin", "recycle_bin", "RecycleBinOperations", [], "get_recyclebin_records", []),
        ("count", "users", "UsersOperations", [], "users_count", []),
        ("timeline", "timelines", "TimelinesOperations", [], "get_timelines", ["Leads", ids["lead"]]),
        ("blueprint", "blueprint", "BlueprintOperations", [ids["lead"], "Leads"], "get_blueprint", []),
        ("photo", "record", "RecordOperations", ["Leads"], "get_photo", [lead]),
        (
            "shares",
            "share_records",
            "ShareRecordsOperations",
            [lead, "Leads"],
            "get_shared_record_details",
            [],
        ),
        (
            "mails",
            "email_related_records",
            "EmailRelatedRecordsOperations",
            [lead, "Leads", None, None],
            "get_emails_related_records",
            [],
        ),
        ("senders", "from_addresses", "FromAddressesOperations", [None], "get_from_addresses", []),
    ):
        seen["settings"][name] = call(package, operations, given, method, arguments)


def fail(seen: Json) -> None:
    """Meet documented refusals."""
    query = Query()
    query.set_select_query("select Last_Name from Contacts")
    seen["bad_query"] = shown(CoqlOperations().get_records(query))
    seen["no_fields"] = shown(RecordOperations("Contacts").get_records())


def main() -> None:
    """Run all of it and print what was seen."""
    asked = json.load(sys.stdin)
    initialize(asked)
    seen: Json = {"modules": {}, "settings": {}}
    write(seen)
    read(seen)
    read_every_module(seen, asked["modules"])
    attach(seen, Path(asked["folder"]))
    read_settings(seen, asked["ids"])
    fail(seen)
    sys.stdout.write(json.dumps(seen, default=str))


if __name__ == "__main__":
    main()
