"""Roles, profiles, territories, currencies, variables, contact roles: lists that are written alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoho_sandbox.core.wire import Answer
from zoho_sandbox.products.crm.model import people, shelves
from zoho_sandbox.products.crm.model.answers import (
    INVALID_DATA,
    REQUIRED_FIELD,
    UNKNOWN_ID,
    ItemRefusedError,
    Json,
    RefusedError,
    error,
    missing_param,
    no_content,
    refuse,
    refuse_item,
    results,
    success,
)
from zoho_sandbox.products.crm.model.visit import MAX_ITEMS, MAX_PER_PAGE, Visit, as_object
from zoho_sandbox.products.crm.settings import permissions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "jsonobject": (dict,),
    "jsonarray": (list,),
    "any": (object,),
}


@dataclass(frozen=True, slots=True)
class KeyedList:
    """One of the lists of ``keyed_lists.yaml`` during one request."""

    visit: Visit
    name: str

    @property
    def spec(self) -> Mapping[str, Any]:
        """How the list is asked for and what its rows hold."""
        return shelves.lists()[self.name]

    def check(self, *, writes: bool = False) -> None:
        """Refuse a feature that is off, and a caller who may not write.

        Raises:
            RefusedError: 403.
        """
        feature = self.spec.get("feature")
        if feature and not self.visit.setting(feature[0]):
            raise refuse(feature[1], feature[2], status=403)
        permission = self.spec.get("permission")
        caller = people.find(self.visit.state, self.visit.call.grant.user_id)
        if writes and permission and not people.is_admin(caller):
            raise refuse("NO_PERMISSION", "permission denied", {"permissions": [permission]}, status=403)

    def shown(self, row: Json, *, alone: bool = False) -> Json:
        """Return a row as replies show it: with names beside ids."""
        if self.name == "profiles":
            row = permissions.laid_out(self.visit, row) if alone else permissions.without(row)
        included = self.spec.get("included", ())
        wanted = alone or bool(self.visit.call.query.get("include"))
        made = {key: value for key, value in row.items() if key not in included or wanted}
        made |= {key: row.get(key) for key in included if wanted}
        for key, rule in self.spec["fields"].items():
            if rule.get("of") and isinstance(row.get(key), dict):
                made[key] = self._pointed_at(rule["of"], row[key]["id"])
        for key in self.spec.get("people", ()):
            if isinstance(row.get(key), dict):
                made[key] = self._pointed_at("users", row[key]["id"])
        return made

    def create(self, n: int, item: Json) -> Json:
        """Add one row; return its success object.

        Raises:
            ItemRefusedError: a value stands against it, or the list is full.
        """
        fields = self.spec["fields"]
        for key, rule in fields.items():
            if rule.get("mandatory") and item.get(key) in (None, ""):
                raise refuse_item("MANDATORY_NOT_FOUND", REQUIRED_FIELD, self._place(n, key))
        there = shelves.rows(self.visit.state, self.name)
        most = self.spec.get("most")
        if most and len(there) >= most:
            raise refuse_item("LIMIT_EXCEEDED", "limit exceeded", {"limit": most})
        sent = self._checked(n, item, None)
        if numbered := self.spec.get("numbered"):
            sent.setdefault(numbered, len(there) + 1)
        row = shelves.whole(self.name, {**sent, "id": self.visit.new_id()})
        self._sign(row, is_new=True)
        shelves.keep(self.visit.state, self.name, row)
        self.visit.effect("create", self.name, row["id"])
        return success(self.spec["said"]["POST"], {"id": row["id"]})

    def update(self, n: int, item: Json, row: Json) -> Json:
        """Change one row; return its success object.

        Raises:
            ItemRefusedError: a value stands against it.
        """
        changed = {**row, **self._checked(n, item, row)}
        if "name" in item and "display_label" in row:
            changed["display_label"] = changed["name"]
        self._sign(changed, is_new=False)
        shelves.keep(self.visit.state, self.name, changed)
        people.rename(self.visit.state, self.name, row.get("name"), changed.get("name"))
        self.visit.effect("update", self.name, row["id"])
        return success(self.spec["said"]["PUT"], {"id": row["id"]})

    def existing(self, n: int, item: Json) -> Json:
        """Return the row that an item names by id.

        Raises:
            ItemRefusedError: it names none, or one that is not there.
        """
        if item.get("id") is None:
            raise refuse_item("MANDATORY_NOT_FOUND", REQUIRED_FIELD, self._place(n, "id"))
        row = shelves.find(self.visit.state, self.name, str(item["id"]))
        if row is None:
            raise refuse_item("INVALID_DATA", UNKNOWN_ID, self._place(n, "id"))
        return row

    def delete(self, row_id: str) -> Json:
        """Remove one row; return its success object.

        Raises:
            ItemRefusedError: there is no such row, or it is the last that must stay.
        """
        row = shelves.find(self.visit.state, self.name, row_id)
        if row is None:
            message = self.spec.get("undeleted", UNKNOWN_ID)
            raise refuse_item("INVALID_DATA", message, {"id": row_id})
        least = self.spec.get("least", 0)
        if len(shelves.rows(self.visit.state, self.name)) <= least:
            raise refuse_item("LOWER_LIMIT_REACHED", "Lower limit reached", {"limit": least, "id": row_id})
        shelves.drop(self.visit.state, self.name, row["id"])
        self.visit.effect("delete", self.name, row["id"])
        return success(self.spec["said"]["DELETE"], {"id": row["id"]})

    def path_row(self) -> Json:
        """Return the row that the last segment of the path names.

        Raises:
            RefusedError: INVALID_DATA, there is none.
        """
        index = len(self.spec["address"].split("/"))
        row = shelves.find(self.visit.state, self.name, self.visit.call.segments[index])
        if row is None:
            message = self.spec.get("unknown", UNKNOWN_ID)
            raise refuse("INVALID_DATA", message, {"resource_path_index": index})
        return row

    def _checked(self, n: int, item: Json, row: Json | None) -> Json:
        sent: Json = {}
        for key, rule in self.spec["fields"].items():
            if key not in item or (row is not None and rule.get("fixed")):
                continue
            self._check(n, key, rule, item[key])
            if rule.get("unique"):
                self._check_unique(n, key, item[key], row)
            if key == "permissions_details":
                sent[key] = permissions.merged(self.visit, n, row, item[key])
                continue
            sent[key] = {"id": str(item[key]["id"])} if rule.get("of") and item[key] else item[key]
        return sent

    def _check(self, n: int, key: str, rule: Mapping[str, Any], value: Any) -> None:
        place = self._place(n, key)
        if value is None and not rule.get("mandatory"):
            return
        if not _is_of(rule["type"], value):
            raise refuse_item("INVALID_DATA", INVALID_DATA, {"expected_data_type": rule["type"], **place})
        if "length" in rule and len(value) > rule["length"]:
            raise refuse_item("INVALID_DATA", INVALID_DATA, {"maximum_length": rule["length"], **place})
        if "values" in rule and value not in rule["values"]:
            raise refuse_item("INVALID_DATA", INVALID_DATA, {"supported_values": rule["values"], **place})
        if rule.get("of") and self._pointed_at(rule["of"], str(value.get("id"))) is None:
            place = {"api_name": "id", "json_path": f"{place['json_path']}.id"}
            raise refuse_item("INVALID_DATA", UNKNOWN_ID, place)

    def _check_unique(self, n: int, key: str, value: Any, row: Json | None) -> None:
        for other in shelves.rows(self.visit.state, self.name):
            is_itself = row is not None and other["id"] == row["id"]
            if not is_itself and str(other.get(key)).lower() == str(value).lower():
                raise refuse_item("DUPLICATE_DATA", "duplicate data", self._place(n, key))

    def _pointed_at(self, name: str, row_id: str) -> Json | None:
        if name == "users":
            user = people.find(self.visit.state, row_id)
            return None if user is None else {"name": people.full_name(user), "id": user["id"]}
        row = shelves.find(self.visit.state, name, row_id)
        keys = shelves.lists()[name].get("shown_as", ("name", "id"))
        return None if row is None else {key: row[key] for key in keys}

    def _sign(self, row: Json, *, is_new: bool) -> None:
        for keys, value in (("people", {"id": self.visit.call.grant.user_id}), ("times", self.visit.now())):
            names = self.spec.get(keys, ())
            row.update(dict.fromkeys(names if is_new else names[1:], value))

    def _place(self, n: int, key: str) -> Json:
        return {"api_name": key, "json_path": f"$.{self.name}[{n}].{key}"}


def _is_of(wanted: str, value: Any) -> bool:
    return isinstance(value, _TYPES[wanted]) and not (wanted == "integer" and isinstance(value, bool))


def handlers(name: str) -> Mapping[str, Callable[[Visit], Answer]]:
    """Return what answers for one list: ``many GET``, ``one PUT`` and so on."""

    def asking(work: Callable[[KeyedList], Answer], *, writes: bool) -> Callable[[Visit], Answer]:
        def answer(visit: Visit) -> Answer:
            one = KeyedList(visit, name)
            one.check(writes=writes)
            return work(one)

        return answer

    works = {
        "many GET": get_many,
        "many POST": create_many,
        "many PUT": update_many,
        "many DELETE": delete_many,
        "one GET": get_one,
        "one PUT": update_one,
        "one DELETE": delete_one,
    }
    return {key: asking(work, writes="GET" not in key) for key, work in works.items()}


def get_many(one: KeyedList) -> Answer:
    """List the rows."""
    visit, query = one.visit, one.visit.call.query
    found = shelves.rows(visit.state, one.name)
    if ids := query.get("ids"):
        found = [row for row in found if row["id"] in ids.split(",")]
    if group := query.get("group"):
        found = [row for row in found if _is_in(one, row, group)]
    if one.spec.get("info") is None:
        shown = [one.shown(row) for row in found]
        return Answer(200, {one.name: shown}) if shown else no_content()
    page = visit.number("page", 1)
    per_page = visit.number("per_page", MAX_PER_PAGE, most=MAX_PER_PAGE)
    chosen = found[(page - 1) * per_page : page * per_page]
    info = {
        "per_page": per_page,
        "count": len(chosen),
        "page": page,
        "more_records": page * per_page < len(found),
        **one.spec["info"],
    }
    shown = [one.shown(row) for row in chosen]
    return Answer(200, {one.name: shown, "info": info}) if shown else no_content()


def get_one(one: KeyedList) -> Answer:
    """Return the row of the path."""
    row = one.path_row()
    if one.name == "variables" and not one.visit.call.query.get("group"):
        raise missing_param("group")
    return Answer(200, {one.name: [one.shown(row, alone=True)]})


def create_many(one: KeyedList) -> Answer:
    """Add rows."""
    items = one.visit.items(one.name, limit=one.spec.get("at_once", MAX_ITEMS))
    return _each(one, items, one.create, good=one.spec.get("created", 201))


def update_many(one: KeyedList) -> Answer:
    """Change the rows that the items name by id."""
    items = one.visit.items(one.name, limit=one.spec.get("at_once", MAX_ITEMS))
    return _each(one, items, lambda n, item: one.update(n, item, one.existing(n, item)))


def update_one(one: KeyedList) -> Answer:
    """Change the row of the path."""
    row = one.path_row()
    return _each(one, one.visit.items(one.name, limit=1), lambda n, item: one.update(n, item, row))


def delete_many(one: KeyedList) -> Answer:
    """Remove the rows named by ``ids``."""
    return _each(one, [{"id": row_id} for row_id in one.visit.ids()], lambda _n, item: one.delete(item["id"]))


def delete_one(one: KeyedList) -> Answer:
    """Remove the row of the path; its users go over to another one."""
    row = one.path_row()
    if transfer := one.spec.get("transfer"):
        _hand_over(one, row, transfer)
    if not one.spec.get("flat_delete"):
        return _each(one, [row], lambda _n, item: one.delete(item["id"]))
    if not row["custom"]:
        raise refuse("CANNOT_DELETE", "Profile cannot be deleted")
    return Answer(200, one.delete(row["id"]))


def get_child_territories(visit: Visit) -> Answer:
    """List the territories that report to the one of the path."""
    one = KeyedList(visit, "territories")
    one.check()
    parent = one.path_row()
    found = [
        row for row in shelves.rows(visit.state, one.name) if row["reporting_to"] == {"id": parent["id"]}
    ]
    shown = [one.shown(row) for row in found]
    info = {"per_page": MAX_PER_PAGE, "count": len(shown), "page": 1, "more_records": False}
    return Answer(200, {one.name: shown, "info": info}) if shown else no_content()


def enable_currencies(visit: Visit) -> Answer:
    """Switch several currencies on, with the base currency of the body."""
    one = KeyedList(visit, "currencies")
    if visit.setting("multi_currency"):
        refused = error("ALREADY_ENABLED", "The base currency is already added")
        return Answer(400, {"base_currency": refused})
    item = visit.body().get("base_currency")
    visit.call.sandbox.settings["crm.multi_currency"] = True
    for row in shelves.rows(visit.state, one.name):
        shelves.drop(visit.state, one.name, row["id"])
    try:
        done = one.create(0, as_object(item, "$.base_currency", "base_currency"))
    except ItemRefusedError as refused:
        raise RefusedError(Answer(400, {"base_currency": refused.item})) from refused
    base = shelves.find(visit.state, one.name, done["details"]["id"]) or {}
    shelves.keep(visit.state, one.name, {**base, "is_base": True})
    message = "The multi-currency feature is enabled and given currency is created as the base currency."
    return Answer(200, {"base_currency": success(message, done["details"])})


def clone_profile(visit: Visit) -> Answer:
    """Add a profile with the permissions of the one in the path."""
    one = KeyedList(visit, "profiles")
    one.check(writes=True)
    source = one.path_row()

    def copy(n: int, item: Json) -> Json:
        kept = {key: source[key] for key in ("permissions_details",) if key in source}
        return one.create(n, {**kept, **item})

    return _each(one, visit.items("profiles", limit=1), copy, good=201)


def _hand_over(one: KeyedList, row: Json, param: str) -> None:
    state, query = one.visit.state, one.visit.call.query
    target_id = query.get(param) or query.get("transfer_to_id")
    if target_id is None:
        if one.name == "profiles" and not people.holders(state, one.name, row["name"]):
            return
        raise missing_param(param)
    target = shelves.find(state, one.name, target_id)
    if target is None or target["id"] == row["id"]:
        raise refuse("INVALID_DATA", one.spec["unknown_transfer"], {"id": target_id})
    people.rename(state, one.name, row["name"], target["name"])


def _is_in(one: KeyedList, row: Json, group: str) -> bool:
    found = shelves.find(one.visit.state, "variable_groups", group)
    return found is not None and row.get("variable_group", {}).get("id") == found["id"]


def _each(
    one: KeyedList, items: Sequence[Any], work: Callable[[int, Json], Json], *, good: int = 200
) -> Answer:
    """Run one write per item; a refused one gives its error object and stops nobody else."""
    done = []
    for n, item in enumerate(items):
        try:
            done.append(work(n, as_object(item, f"$.{one.name}[{n}]", one.name)))
        except ItemRefusedError as refused:
            done.append(refused.item)
    return results(done, key=one.name, good=good, mixed=int(one.visit.setting("mixed_status")))
