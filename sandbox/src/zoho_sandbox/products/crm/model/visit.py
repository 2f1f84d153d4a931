"""One authenticated CRM request with everything its handler needs at hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.documents import package_yaml
from zoho_sandbox.products.crm.model import times
from zoho_sandbox.products.crm.model.answers import (
    UNKNOWN_MODULE,
    Json,
    RefusedError,
    bad_param,
    missing_param,
    refuse,
    wrong_type,
)
from zoho_sandbox.products.crm.model.schema import PACKAGE, Module, Schema, schema_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zoho_sandbox.core.state import State
    from zoho_sandbox.core.wire import Answer, Call

MAX_ITEMS = 100
MAX_PER_PAGE = 200
MAX_FIELDS = 50
_FIRST_ID = 111111000000157039


@cache
def version_rules() -> Mapping[str, Mapping[str, Any]]:
    """Return what differs between the API versions, oldest first."""
    rules: Mapping[str, Mapping[str, Any]] = package_yaml(PACKAGE, "data", "versions.yaml")
    return rules


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to one record; ``operation`` is insert, update or delete."""

    module: Module
    operation: str
    record_id: str
    fields: tuple[str, ...] = ()


@dataclass(slots=True)
class Visit:
    """A call, the modules it may see, its version's rules, and what it changed.

    ``changes`` is for the notifications that go out after the reply. ``serve`` answers
    a call inside this one, as composite requests need it. ``history_start`` is the last
    number given to a change that timelines tell, 0 before the first.
    """

    call: Call
    schema: Schema
    rules: Mapping[str, Any]
    serve: Callable[[Call], Answer]
    changes: list[Change] = field(default_factory=list)
    history_start: int = 0
    _body: Json | None = None

    @classmethod
    def of(cls, call: Call, serve: Callable[[Call], Answer]) -> Visit:
        """Build the visit of a call.

        Raises:
            RefusedError: 404, there is no such API version.
        """
        rules = version_rules().get(call.version)
        if rules is None:
            raise unknown_url()
        return cls(call, schema_of(call.sandbox.state), rules, serve)

    @property
    def state(self) -> State:
        """The sandbox's state."""
        return self.call.sandbox.state

    @property
    def user(self) -> Json:
        """The calling user as write results print people."""
        return {"name": self.call.grant.user_name, "id": self.call.grant.user_id}

    def setting(self, name: str) -> Any:
        """Return one of the ``crm.`` settings."""
        return self.call.sandbox.settings[f"crm.{name}"]

    def now(self) -> str:
        """Return the present moment as CRM prints it."""
        return times.show(self.call.sandbox.clock.at(times.OFFSET))

    def new_id(self) -> str:
        """Return the next id; all CRM objects share one row of numbers."""
        return str(self.state.number("crm/id", start=_FIRST_ID))

    def module(self, name: str, *, path_index: int = 0) -> Module:
        """Return a module by API name.

        Raises:
            RefusedError: INVALID_MODULE, or API_NOT_SUPPORTED when the version is too old.
        """
        module = self.schema.named(name)
        if module is None:
            raise refuse("INVALID_MODULE", UNKNOWN_MODULE, {"resource_path_index": path_index})
        self.require_version(module.since)
        return module

    def has(self, since: str) -> bool:
        """Say whether the call's version is not older than another."""
        order = list(version_rules())
        return order.index(self.call.version) >= order.index(since)

    def require_version(self, since: str) -> None:
        """Refuse versions that did not have a resource yet."""
        if not self.has(since):
            supported = float(since[1:]) if "." in since else int(since[1:])
            raise refuse(
                "API_NOT_SUPPORTED",
                "this api is not supported in the given version",
                {"supported_version": supported},
            )

    def body(self) -> Json:
        """Return the JSON object of the request, whatever its content type says.

        Raises:
            RefusedError: INVALID_DATA, it is none.
        """
        if self._body is None:
            try:
                body = self.call.json()
            except ValueError:
                body = None
            if not isinstance(body, dict):
                # choice: the code for an unreadable body; the pages name none.
                raise refuse("INVALID_DATA", "body", {"expected_data_type": "jsonobject"})
            self._body = body
        return self._body

    @property
    def trigger(self) -> Any:
        """Which automations the request wants: ``"all"``, or the list it names."""
        return (self._body or {}).get("trigger", "all")

    def items(self, key: str = "data", *, limit: int = MAX_ITEMS) -> list[Any]:
        """Return the list under ``key`` of the body.

        Raises:
            RefusedError: it is missing, empty, no list, or too long.
        """
        body = self.body()
        if key not in body:
            raise refuse("MANDATORY_NOT_FOUND", "required field not found", {"api_name": key})
        items = body[key]
        if not isinstance(items, list) or not items:
            details = {"expected_data_type": "jsonarray", "api_name": key}
            raise refuse("INVALID_DATA", "invalid data", details)
        if len(items) > limit:
            raise too_many(key, limit)
        return items

    def ids(self, name: str = "ids", *, limit: int = MAX_ITEMS) -> list[str]:
        """Return the comma-separated ids of a compulsory parameter.

        Raises:
            RefusedError: it is missing, or names too many.
        """
        text = self.call.query.get(name)
        if not text:
            raise missing_param(name)
        ids = [part.strip() for part in text.split(",") if part.strip()]
        if len(ids) > limit:
            raise refuse("LIMIT_EXCEEDED", "limit exceeded", {"limit": limit, "param_name": name})
        return ids

    def number(self, name: str, default: int, *, most: int | None = None) -> int:
        """Return a whole-number parameter of at least 1.

        Raises:
            RefusedError: INVALID_DATA, it is no number or out of range.
        """
        text = self.call.query.get(name)
        if text is None or text == "":
            return default
        if not text.isascii() or not text.isdigit() or int(text) < 1:
            raise bad_param(name)
        if most is not None and int(text) > most:
            raise bad_param(name, maximum=most)
        return int(text)

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        """Return a parameter that is one of few words.

        Raises:
            RefusedError: PATTERN_NOT_MATCHED, it is another word.
        """
        value = self.call.query.get(name) or default
        if value not in allowed:
            message = "Please check whether the input values are correct"
            raise refuse("PATTERN_NOT_MATCHED", message, {"param_name": name})
        return value

    def effect(self, effect: str, kind: str, record_id: str, **more: Any) -> None:
        """Note in the ledger what this request did to one thing."""
        self.call.effects.append({"effect": effect, "kind": kind, "id": record_id, **more})


def too_many(key: str, limit: int) -> Exception:
    """Return the refusal of a list that is too long."""
    message = "count of records in your request exceeds the limit"
    return refuse("LIMIT_EXCEEDED", message, {"maximum_length": limit, "api_name": key})


def unknown_url(*headers: tuple[str, str]) -> RefusedError:
    """Return the refusal of a path that leads nowhere, here or at Zoho."""
    message = "Please check if the URL trying to access is a correct one"
    refused = refuse("INVALID_URL_PATTERN", message, status=404)
    refused.answer.headers += headers
    return refused


def as_object(item: Any, json_path: str, api_name: str = "data") -> Json:
    """Return an item of a list if it is an object.

    Raises:
        ItemRefusedError: INVALID_DATA, it is something else.
    """
    if not isinstance(item, dict):
        raise wrong_type(api_name, json_path, "jsonobject")
    return item
