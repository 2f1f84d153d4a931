"""Stored records as replies show them: names beside ids, nulls for what is empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.crm.model import people, store, system_keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from zoho_sandbox.products.crm.model.answers import Json
    from zoho_sandbox.products.crm.model.schema import Field, Module
    from zoho_sandbox.products.crm.model.visit import Visit

_AUDIT = ("Modified_Time", "Modified_By", "Created_Time", "id", "Created_By")


def audit(visit: Visit, record: Json) -> Json:
    """Return the details that a write result shows of a record."""
    shown = Presenter(visit)
    details: Json = {}
    for name in _AUDIT:
        value = record[name]
        details[name] = shown.person(value["id"], email=False) if isinstance(value, dict) else value
    return details


class Presenter:
    """Shows records of one reply; remembers the names it has looked up."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._people: dict[tuple[str, bool], Json | None] = {}
        self._names: dict[tuple[str, str], tuple[str | None] | None] = {}
        self._tags: dict[tuple[str, str], Json | None] = {}

    def row(self, module: Module, record: Json, names: Sequence[str] | None) -> Json:
        """Return a record as a list shows it: the named fields, or all, and its id."""
        wanted = module.fields.values() if names is None else _named(module, names)
        plain = [field for field in wanted if field.type != "subform"]
        shown = {**self.fields(module, record, plain), "id": record["id"]}
        return self._with_keys(module, record, shown, names)

    def whole(self, module: Module, record: Json, names: Sequence[str] | None) -> Json:
        """Return a record as the one-record call shows it: subforms and system keys too."""
        wanted = module.fields.values() if names is None else _named(module, names)
        shown = {**self.fields(module, record, wanted), "id": record["id"]}
        shown = self._with_keys(module, record, shown, names)
        if names is None and self._visit.rules["rows"] != "v2":
            shown["$has_more"] = {f.api_name: False for f in module.fields.values() if f.columns}
        return shown

    def fields(self, module: Module, record: Json, wanted: Iterable[Field]) -> Json:
        """Return the wanted fields of a record."""
        return {f.api_name: self.value(module, f, record.get(f.api_name)) for f in wanted}

    def value(self, module: Module, field: Field, value: Any) -> Any:
        """Return one stored value as replies show it."""
        if value is None:
            return [] if field.type == "tags" else None
        if field.type in ("ownerlookup", "userlookup"):
            return self.person(value["id"])
        if field.type == "lookup":
            return self.lookup(field, value)
        if field.type == "tags":
            tags = (self._tag(module, tag_id) for tag_id in value)
            return [tag for tag in tags if tag is not None]
        if field.type == "subform":
            return [self._subform_row(module, field, row) for row in value]
        return value

    def person(self, user_id: str, *, email: bool = True) -> Json | None:
        """Return a user with name and id, and the address where replies show it."""
        key = (user_id, email)
        if key not in self._people:
            user = people.find(self._visit.state, user_id)
            self._people[key] = None if user is None else _person(user, email=email)
        return self._people[key]

    def lookup(self, field: Field, value: Json) -> Json | None:
        """Return a lookup with the present name of its target, None if that is gone."""
        name = self.name(value.get("module") or field.modules[0], value["id"])
        return None if name is None else {"name": name[0], "id": value["id"]}

    def name(self, module_name: str, record_id: str) -> tuple[str | None] | None:
        """Return a record's display name in a tuple, None when there is no such record."""
        key = (module_name, record_id)
        if key not in self._names:
            module = self._visit.schema.modules.get(module_name)
            found = store.find(self._visit.state, module, record_id) if module else None
            self._names[key] = (store.display_name(module, found),) if module and found else None
        return self._names[key]

    def _subform_row(self, module: Module, field: Field, row: Json) -> Json:
        shown = {c.api_name: self.value(module, c, row.get(c.api_name)) for c in field.columns}
        return {**shown, "id": row["id"]}

    def _tag(self, module: Module, tag_id: str) -> Json | None:
        key = (module.api_name, tag_id)
        if key not in self._tags:
            tag = self._visit.state.get(f"crm/tags/{module.api_name}", tag_id)
            self._tags[key] = (
                {"name": tag["name"], "id": tag_id, "color_code": tag["color_code"]} if tag else None
            )
        return self._tags[key]

    def _with_keys(self, module: Module, record: Json, shown: Json, names: Sequence[str] | None) -> Json:
        """Add the keys with `$`: all of them, or those that were asked for by name."""
        rows = self._visit.rules["rows"]
        if names is None and rows == "v2":
            shown = system_keys.as_v2(module, shown)
        asked = system_keys.names_of(module.api_name, rows) if names is None else names
        asked = [one for one in asked if one[:1] == "$"]
        if names is None and module.convertible and not self._visit.rules["converted_field"]:
            asked.append("$converted")
        return shown | system_keys.values_of(self._visit, module, record, asked)


def _person(user: Json, *, email: bool) -> Json:
    shown: Json = {"name": people.full_name(user), "id": user["id"]}
    return {**shown, "email": user.get("email")} if email else shown


def _named(module: Module, names: Sequence[str]) -> list[Field]:
    # choice: a name that is no field of the module is left out of the reply.
    return [module.fields[name] for name in names if name in module.fields]
