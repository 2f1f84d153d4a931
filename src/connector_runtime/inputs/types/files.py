"""Several files, each under a key."""

from __future__ import annotations

from typing import Any

from connector_runtime.inputs.filevalues import FILE_MEMBERS, read_files
from connector_runtime.inputs.types.file import FILE
from connector_runtime.inputs.types.input_type import BOUNDED, ITEMS, MEMBERS, InputType
from connector_runtime.inputs.types.keyvalue import ENTRIES, ENTRY, LINES, MAP, ONE_ENTRY

# A file without a key, where several files are asked for.
_ONE_FILE: dict[str, Any] = {
    "propertyNames": {"enum": list(FILE_MEMBERS)},
    "anyOf": [{"required": ["base64"]}, {"required": ["path"]}, {"required": ["data", "contentType"]}],
}
_BY_KEY = {**MAP, "additionalProperties": FILE, "not": {"anyOf": [ONE_ENTRY, _ONE_FILE]}}
_IN_ORDER = {**ENTRIES, "items": {**ENTRY, "properties": {**ENTRY["properties"], "value": FILE}}}

TYPE = InputType(
    "files",
    read_files,
    {"anyOf": [_BY_KEY, _IN_ORDER, LINES]},
    widget="files",
    keys=BOUNDED | {"accepts"},
    bounds=ITEMS + MEMBERS,
    may_be_null=False,
    reads_paths=True,
)
