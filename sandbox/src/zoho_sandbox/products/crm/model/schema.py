"""Modules and fields: the standard ones from data files, the added ones from the state."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from zoho_sandbox.core.documents import package_yaml
from zoho_sandbox.core.jsontext import parse_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zoho_sandbox.core.state import State

PACKAGE = "zoho_sandbox.products.crm"
_KIND, _ID = "crm/schema", "added"
_FIELD_ID_START = 111111000000200000
_FIELD_IDS_PER_MODULE = 1000
_ADDED_FIELDS_START = 500


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a module.

    ``unique`` is None, "insensitive" or "sensitive"; ``external`` None, "org" or "user".
    ``modules`` are the targets of a lookup, ``columns`` the fields of a subform's rows.
    """

    api_name: str
    type: str
    id: str
    label: str
    length: int | None = None
    mandatory: bool = False
    read_only: bool = False
    custom: bool = False
    shared: bool = False
    unique: str | None = None
    external: str | None = None
    modules: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    columns: tuple[Field, ...] = ()

    @property
    def traits(self) -> Mapping[str, Any]:
        """The data type's row in ``types.yaml``."""
        row: Mapping[str, Any] = types()[self.type]
        return row

    @property
    def is_lookup(self) -> bool:
        """Whether the value points at another record or a user."""
        return self.type in ("lookup", "ownerlookup", "userlookup")

    def column(self, name: str) -> Field | None:
        """Return a subform column by name."""
        return next((column for column in self.columns if column.api_name == name), None)


@dataclass(frozen=True, slots=True)
class Module:
    """One module with its fields in the order of its layout."""

    api_name: str
    singular: str
    plural: str
    id: str
    sequence: int
    scope: str
    name_field: str
    fields: Mapping[str, Field]
    duplicate_check: str | None = None
    layout_required: tuple[str, ...] = ()
    line_items: str | None = None
    since: str = "v2"
    generated_type: str = "default"
    module_name: str = ""
    convertible: bool = False
    status: str = "visible"

    @property
    def kind(self) -> str:
        """The state's kind of this module's records."""
        return f"crm/{self.api_name}"

    @property
    def layout_id(self) -> str:
        """The id of the one layout, "Standard"."""
        return str(int(self.id) + 90000)

    @property
    def unique_fields(self) -> list[Field]:
        """Fields that may not hold the same value twice, external ids among them."""
        return [field for field in self.fields.values() if field.unique or field.external]

    @property
    def keyed_fields(self) -> list[Field]:
        """Fields by whose value a record is looked up: the system one and the unique ones."""
        system = [self.fields[self.duplicate_check]] if self.duplicate_check else []
        return system + [field for field in self.unique_fields if field not in system]


@dataclass(frozen=True, slots=True)
class Schema:
    """All modules by API name."""

    modules: Mapping[str, Module]
    _by_name: Mapping[str, Module] = dataclass_field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_name = {name.lower(): module for name, module in self.modules.items()}
        object.__setattr__(self, "_by_name", by_name)

    def named(self, name: str) -> Module | None:
        """Return a module by API name in any case, as clients write it: ``leads``.

        source: paths of public clients that run against production
        """
        return self._by_name.get(name.lower())

    def find(self, name: str) -> Module | None:
        """Return a module by API name or id."""
        return self.named(name) or next((m for m in self.modules.values() if m.id == name), None)


@cache
def types() -> Mapping[str, Mapping[str, Any]]:
    """Return the data types with their traits."""
    table: Mapping[str, Mapping[str, Any]] = package_yaml(PACKAGE, "data", "types.yaml")
    return table


@cache
def shared() -> Mapping[str, Any]:
    """Return the field groups that modules share."""
    groups: Mapping[str, Any] = package_yaml(PACKAGE, "data", "shared_fields.yaml")
    return groups


_schemas: WeakKeyDictionary[State, tuple[str | None, Schema]] = WeakKeyDictionary()


def schema_of(state: State) -> Schema:
    """Return the modules as this state has them; rebuilt only when a seed added some."""
    text = state.text(_KIND, _ID)
    known = _schemas.get(state)
    if known is None or known[0] != text:
        known = text, _with_added(parse_json(text) if text else {})
        _schemas[state] = known
    return known[1]


def add(state: State, modules: Mapping[str, Any], fields: Mapping[str, Any]) -> None:
    """Add custom modules and fields; a field of the same name is replaced.

    Raises:
        ValueError: an unknown module, or a field whose description makes no sense.
    """
    added = state.get(_KIND, _ID) or {"modules": {}, "fields": {}}
    added["modules"].update(modules)
    for name, specs in fields.items():
        added["fields"].setdefault(name, {}).update(specs)
    _with_added(added)
    state.put(_KIND, _ID, added)


@cache
def _standard_specs() -> dict[str, Mapping[str, Any]]:
    folder = files(PACKAGE).joinpath("data", "modules")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    specs = [package_yaml(PACKAGE, "data", "modules", name) for name in names]
    return {spec["api_name"]: spec for spec in sorted(specs, key=lambda spec: spec["sequence"])}


@cache
def _standard_schema() -> Schema:
    return Schema({name: _module(spec, {}) for name, spec in _standard_specs().items()})


def _with_added(added: Mapping[str, Any]) -> Schema:
    if not added:
        return _standard_schema()
    modules = dict(_standard_schema().modules)
    for name, spec in added["modules"].items():
        modules[name] = _module(_custom_module(name, spec, len(modules) + 1), {})
    specs = {**_standard_specs(), **added["modules"]}
    for name, fields in added["fields"].items():
        if name not in specs:
            raise ValueError(f"no module {name!r} to add fields to")
        spec = specs[name] if name in _standard_specs() else None
        base = spec or _custom_module(name, added["modules"][name], modules[name].sequence)
        modules[name] = _module(base, fields)
    return Schema(modules)


def targets(schema: Schema, field: Field) -> list[Module]:
    """Return the modules a lookup may point at; ``Parent_Id`` at every custom one too."""
    found = [schema.modules[name] for name in field.modules if name in schema.modules]
    if field.api_name == "Parent_Id":
        found += [m for m in schema.modules.values() if m.generated_type == "custom"]
    return found


def _custom_module(name: str, spec: Mapping[str, Any], sequence: int) -> Mapping[str, Any]:
    plain = {
        "api_name": name,
        "singular": name,
        "plural": name,
        "id": str(111111000000250000 + sequence),
        "sequence": sequence,
        "scope": "custom",
        "generated_type": "custom",
        "module_name": f"CustomModule{sequence}",
        "name_field": "Name",
        "duplicate_check": "Name",
    }
    fields = {"Name": {"type": "text", "length": 120, "mandatory": True}, **spec.get("fields", {})}
    return {**plain, **spec, "fields": fields}


def _module(spec: Mapping[str, Any], added: Mapping[str, Any]) -> Module:
    first_id = _FIELD_ID_START + spec["sequence"] * _FIELD_IDS_PER_MODULE
    own = list(_fields(spec["fields"], first_id, custom=spec.get("generated_type") == "custom"))
    line_items = spec.get("line_items")
    if line_items:
        columns = shared()["line_item_columns"]
        own.append(field(line_items, {"type": "subform", "columns": columns}, first_id + 300))
        own += _fields(shared()["line_items"], first_id + 301)
    own += _fields(shared()["every_module"], first_id + 400, shared=True)
    own += _fields(added, first_id + _ADDED_FIELDS_START, custom=True)
    named = {f.api_name: f for f in own}
    return Module(
        api_name=spec["api_name"],
        singular=spec["singular"],
        plural=spec["plural"],
        id=str(spec["id"]),
        sequence=spec["sequence"],
        scope=spec.get("scope", spec["api_name"].lower()),
        name_field=spec["name_field"],
        fields=named,
        duplicate_check=spec.get("duplicate_check"),
        layout_required=tuple(spec.get("layout_required", ())),
        line_items=line_items,
        since=spec.get("since", "v2"),
        generated_type=spec.get("generated_type", "default"),
        module_name=spec.get("module_name", spec["api_name"]),
        convertible=spec.get("convertible", False),
        status=spec.get("status", "visible"),
    )


def _fields(
    specs: Mapping[str, Any], first_id: int, *, custom: bool = False, shared: bool = False
) -> Iterable[Field]:
    for n, (name, spec) in enumerate(specs.items()):
        yield field(name, spec, first_id + n, custom=custom, shared=shared)


def field(
    name: str, spec: Mapping[str, Any], number: int, *, custom: bool = False, shared: bool = False
) -> Field:
    """Build one field from its description in a data file or a seed.

    Raises:
        ValueError: an unknown type, or an unknown kind of external id.
    """
    traits = types().get(spec.get("type", "text"))
    if traits is None:
        raise ValueError(f"field {name!r} has the unknown type {spec['type']!r}")
    if spec.get("external") not in (None, "org", "user"):
        raise ValueError(f"field {name!r}: external is org or user, not {spec['external']!r}")
    columns = spec.get("columns", {})
    unique = spec.get("unique") or None
    return Field(
        api_name=name,
        type=spec.get("type", "text"),
        id=str(number),
        label=spec.get("label", name.removesuffix("__s").replace("_", " ")),
        length=spec.get("length", traits.get("length")),
        mandatory=spec.get("mandatory", False),
        read_only=spec.get("read_only", False),
        custom=custom,
        shared=shared,
        unique="insensitive" if unique is True else unique,
        external=spec.get("external"),
        modules=tuple(spec.get("modules", [spec["module"]] if "module" in spec else [])),
        values=tuple(spec.get("values", ())),
        columns=tuple(field(c, s, number * 100 + n) for n, (c, s) in enumerate(columns.items())),
    )
