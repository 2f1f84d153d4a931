"""One organisation's records: ids, times, saving, and what stays unique.

A saved record is kept three times: whole, as its list row, and as a small entry of
the values lists sort and filter by. So a list page touches neither whole records
nor rows of other pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from zoho_sandbox.products.books.rules.catalogue import Module, catalogue
from zoho_sandbox.products.books.rules.derived import derive
from zoho_sandbox.products.books.rules.errors import refusal
from zoho_sandbox.products.books.rules.rows import index_entry, list_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zoho_sandbox.core.site import Site
    from zoho_sandbox.products.books.rules.customfields import Definition

Record = dict[str, Any]

# Ids are the organisation's prefix and a counter of 12 digits; the first thousands
# belong to what every organisation has from its birth: currencies, accounts, taxes.
# source: live recording, 2026-06
_FIRST_ID = 26_001
_ID_STEP = 2


@dataclass(frozen=True, slots=True)
class Actor:
    """Who writes: shown as created_by and last_modified_by."""

    id: str = ""
    name: str = ""
    email: str = ""


_NOBODY = Actor()


class Books:
    """The books of one organisation.

    Args:
        organization: Its record: ``organization_id``, ``id_prefix``, ``time_zone``,
            ``currency_code`` and the rest of what ``GET /organizations`` shows.
    """

    def __init__(self, sandbox: Site, organization: Mapping[str, Any]) -> None:
        self.sandbox = sandbox
        self.state = sandbox.state
        self.organization = organization
        self.id = str(organization["organization_id"])
        self.actor = _NOBODY

    def kind(self, name: str) -> str:
        """Return the state's name for a kind of thing of this organisation."""
        return f"books/{self.id}/{name}"

    # -- ids and times -----------------------------------------------------------

    def new_id(self) -> str:
        """Return the next id: a string of digits, larger than all before."""
        n = self.state.number(self.kind("id"), start=_FIRST_ID, step=_ID_STEP)
        return f"{self.organization['id_prefix']}{n:012d}"

    def born_id(self, n: int) -> str:
        """Return the id of what the organisation has from its birth: its account 388, its template."""
        return f"{self.organization['id_prefix']}{n:012d}"

    def now(self) -> str:
        """Return the present moment as ``2026-06-09T13:15:34-0400``, in the organisation's zone."""
        return self.moment().strftime("%Y-%m-%dT%H:%M:%S%z")

    def today(self) -> str:
        """Return today's date in the organisation's zone."""
        return self.moment().strftime("%Y-%m-%d")

    def moment(self) -> datetime:
        """Return the present moment in the organisation's zone."""
        try:
            zone = ZoneInfo(self.organization.get("time_zone") or "UTC")
        except (ZoneInfoNotFoundError, ValueError):
            return self.sandbox.clock.at(UTC)
        return self.sandbox.clock.at(zone)

    def setting(self, name: str) -> Any:
        """Return one of the ``books.`` settings."""
        return self.sandbox.settings[f"books.{name}"]

    # -- records -----------------------------------------------------------------

    def get(self, module: str, record_id: str) -> Record | None:
        """Return a record, or None."""
        return self.state.get(self.kind(module), record_id)

    def all(self, module: str) -> Iterator[Record]:
        """Yield a module's records, oldest first."""
        return self.state.scan(self.kind(module))

    def save(self, module: Module, record: Record, before: Mapping[str, Any] | None = None) -> None:
        """Keep a record with what follows from it, its row and its index entry.

        Raises:
            RefusedError: a value that must be unique belongs to another record.
        """
        record_id = str(record[module.id])
        derive(module, record, self.today())
        self._claim(module, record_id, record, before)
        kind = self.kind(module.name)
        self.state.put(kind, record_id, record)
        self.state.put(f"{kind}:rows", record_id, list_row(module, record))
        self.state.put(f"{kind}:index", record_id, index_entry(module, record))

    def remove(self, module: Module, record: Mapping[str, Any]) -> None:
        """Delete a record and everything that hangs on it."""
        record_id = str(record[module.id])
        for name in self._names(module, record):
            self.state.delete(self.kind(f"{module.name}:names"), name)
        kind = self.kind(module.name)
        for part in (kind, f"{kind}:rows", f"{kind}:index"):
            self.state.delete(part, record_id)

    # -- what stays unique ---------------------------------------------------------

    def definitions(self, module: str) -> list[Definition]:
        """Return the custom fields of a module, in their order."""
        return list(self.state.find(self.kind("custom_fields"), parent=module))

    def owner(self, module: str, field: str, value: Any) -> str | None:
        """Return the id of the record that has a unique value, or None."""
        found = self.state.get(self.kind(f"{module}:names"), _name(field, value))
        return None if found is None else str(found["id"])

    def is_shared(self, module: str, field: str, value: Any) -> bool:
        """Say whether several records have a value, from before its field became unique."""
        found = self.state.get(self.kind(f"{module}:names"), _name(field, value))
        return bool(found and found.get("is_shared"))

    def make_unique(self, module: Module, field: str) -> None:
        """Note whose values a custom field has, now that it is unique."""
        kind = self.kind(f"{module.name}:names")
        for record in self.all(module.name):
            if record.get(field) is None:
                continue
            name, record_id = _name(field, record[field]), str(record[module.id])
            taken = self.state.get(kind, name)
            if taken is None:
                self.state.put(kind, name, {"id": record_id})
            elif taken["id"] != record_id:
                self.state.put(kind, name, {**taken, "is_shared": True})

    def _claim(
        self, module: Module, record_id: str, record: Mapping[str, Any], before: Mapping[str, Any] | None
    ) -> None:
        kind = self.kind(f"{module.name}:names")
        wanted = self._names(module, record)
        had = self._names(module, before) if before else {}
        for name, problem in wanted.items():
            taken = self.state.get(kind, name)
            if taken is not None and taken["id"] != record_id:
                raise refusal(problem[0], **problem[1])
            if taken is None:
                self.state.put(kind, name, {"id": record_id})
        for name in had.keys() - wanted.keys():
            self.state.delete(kind, name)

    def _names(self, module: Module, record: Mapping[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
        """Return each unique name of a record with the refusal a clash earns."""
        names: dict[str, tuple[str, dict[str, Any]]] = {}
        for rule in module.distinct:
            value = record.get(rule["field"])
            if value and not self._may_repeat(module, rule["field"]):
                names[_name(rule["field"], value)] = ("duplicate", self._clash(rule, record))
        if record.get("custom_fields"):
            names.update(self._custom_names(module, record))
        return names

    def _custom_names(
        self, module: Module, record: Mapping[str, Any]
    ) -> dict[str, tuple[str, dict[str, Any]]]:
        unique = {one["api_name"] for one in self.definitions(module.name) if one.get("is_unique")}
        return {
            _name(entry["api_name"], entry["value"]): (
                "duplicate_custom_value",
                {"value": entry["value"], "field": entry["label"]},
            )
            for entry in record["custom_fields"]
            if entry["api_name"] in unique
        }

    def _may_repeat(self, module: Module, field: str) -> bool:
        is_item_name = module.name == "items" and field == "name"
        return is_item_name and bool(self.setting("allow_duplicate_item_names"))

    def _clash(self, rule: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
        words = {"value": record[rule["field"]], "type": record.get("contact_type", "customer")}
        code = rule["code"]
        if rule["field"] == "contact_name":
            code = self.setting("duplicate_contact_code")
        return {"value": rule["say"].format(**words), "code": code}


def _name(field: str, value: Any) -> str:
    """Return the key a unique value is kept under.

    # choice: names compare without regard to case, custom values exactly.
    """
    text = str(value).strip()
    return f"{field}={text if field.startswith('cf_') else text.casefold()}"


def module_named(name: str) -> Module:
    """Return a module of the catalogue."""
    return catalogue().modules[name]
