"""The shapes of CRM replies: flat refusals, item results, lists with their status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.wire import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Json = dict[str, Any]

# Messages that several operations share. source: crm v8 reference, "Common Errors".
INVALID_DATA = "invalid data"
REQUIRED_FIELD = "required field not found"
UNKNOWN_ID = "the id given seems to be invalid"
UNKNOWN_RELATED_ID = "the related id given seems to be invalid"
UNKNOWN_MODULE = "the module name given seems to be invalid"
UNSUPPORTED_MODULE = "the given module is not supported in api"
MISSING_PARAM = "One of the expected parameter is missing"


class RefusedError(Exception):
    """The request as a whole is refused; carries the reply."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body)
        self.answer = answer


class ItemRefusedError(Exception):
    """One record of a request is refused; carries its place in the result list."""

    def __init__(self, item: Json) -> None:
        super().__init__(item)
        self.item = item


def error(code: str, message: str, details: Mapping[str, Any] | None = None) -> Json:
    """Return Zoho's error object, used flat and inside result lists alike."""
    return {"code": code, "details": dict(details or {}), "message": message, "status": "error"}


def success(message: str, details: Mapping[str, Any]) -> Json:
    """Return the success object of a result list."""
    return {"code": "SUCCESS", "details": dict(details), "message": message, "status": "success"}


def refusal(
    code: str, message: str, details: Mapping[str, Any] | None = None, *, status: int = 400
) -> Answer:
    """Return a request-level error: a flat object, never wrapped in a list.

    source: https://www.zoho.com/crm/developer/docs/api/v7/get-records.html
    """
    return Answer(status, error(code, message, details))


def refuse(
    code: str, message: str, details: Mapping[str, Any] | None = None, *, status: int = 400
) -> RefusedError:
    """Return the exception that ends the request with :func:`refusal`."""
    return RefusedError(refusal(code, message, details, status=status))


def refuse_item(code: str, message: str, details: Mapping[str, Any] | None = None) -> ItemRefusedError:
    """Return the exception that ends one item with an error object."""
    return ItemRefusedError(error(code, message, details))


def missing_param(name: str, message: str = MISSING_PARAM) -> RefusedError:
    """Return the refusal of a request without a compulsory parameter."""
    return refuse("REQUIRED_PARAM_MISSING", message, {"param_name": name})


def bad_param(name: str, message: str = INVALID_DATA, **details: Any) -> RefusedError:
    """Return the refusal of a parameter whose value makes no sense."""
    return refuse("INVALID_DATA", message, {"param_name": name, **details})


def wrong_type(api_name: str, json_path: str, expected: str) -> ItemRefusedError:
    """Return the refusal of a value of the wrong JSON type."""
    details = {"expected_data_type": expected, "api_name": api_name, "json_path": json_path}
    return refuse_item("INVALID_DATA", INVALID_DATA, details)


def results(items: Sequence[Json], *, key: str = "data", good: int = 200, mixed: int = 207) -> Answer:
    """Return a result list with the status its items earn.

    All good gives ``good``, a mixture 207, all refused 400, or 412 when every item was
    refused because somebody changed the record first.
    """
    refused = [item for item in items if item.get("status") != "success"]
    if not refused:
        status = good
    elif len(refused) < len(items):
        status = mixed
    elif all(item["code"] == "ALREADY_MODIFIED" for item in refused):
        status = 412
    else:
        status = 400
    return Answer(status, {key: list(items)})


def no_content() -> Answer:
    """Return 204, Zoho's answer when nothing matches: no body, no content type."""
    return Answer(204)
