"""One file."""

from __future__ import annotations

from typing import Any

from connector_runtime.inputs.filevalues import MEDIA_TYPE, read_file
from connector_runtime.inputs.types.input_type import InputType

_BASE64 = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
FILE: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "title": "Text of the file"},
        {
            "type": "object",
            "title": "File",
            "properties": {
                "data": {"type": "string", "title": "Text of the file"},
                "base64": {"type": "string", "title": "Content as base64", "pattern": _BASE64},
                "contentType": {
                    "type": "string",
                    "title": "Media type",
                    "pattern": f"^(?:{MEDIA_TYPE})$",
                    "examples": ["application/pdf"],
                },
                "name": {"type": "string", "title": "File name", "examples": ["report.pdf"]},
            },
            "oneOf": [{"required": ["data"]}, {"required": ["base64"]}],
            "additionalProperties": False,
        },
    ]
}

TYPE = InputType(
    "file",
    read_file,
    FILE,
    widget="file",
    keys=frozenset({"accepts"}),
    may_be_null=False,
    reads_paths=True,
)
