"""A checked query, run over the records of its module."""

from __future__ import annotations

from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

from zoho_sandbox.products.crm.coql import refusals
from zoho_sandbox.products.crm.coql.columns import FieldPath, Resolver, comparable, is_numeric
from zoho_sandbox.products.crm.coql.criteria import holds
from zoho_sandbox.products.crm.coql.narrowing import in_order, narrowed
from zoho_sandbox.products.crm.coql.syntax import Column, Path, SelectQuery, SubQuery
from zoho_sandbox.products.crm.model import store, views
from zoho_sandbox.products.crm.model.answers import Json, refuse
from zoho_sandbox.products.crm.model.presenting import Presenter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoho_sandbox.products.crm.model.schema import Module
    from zoho_sandbox.products.crm.model.visit import Visit

_MAX_COLUMNS = 50
_MAX_AGGREGATES = 5
_MAX_GROUPS = 4
_MAX_ORDERS = 10
_NUMBER_TYPES = ("integer", "bigint", "double", "currency", "percent")
_ORDERED_TYPES = (*_NUMBER_TYPES, "date", "datetime")


class Run:
    """One query with everything resolved; :meth:`rows` answers it."""

    def __init__(self, visit: Visit, query: SelectQuery) -> None:
        self.visit = visit
        self.query = query
        self.module = _module(visit, query)
        self._resolver = Resolver(visit, self.module)
        self.columns = [(column, self._selected(column)) for column in query.columns]
        self._group = [self._grouped(path) for path in query.group]
        self._order = [(self._sorted(path), down) for path, down in query.order]
        self._check_numbers()
        self._check_groups()
        limit = int(visit.rules["coql_in"])
        self._holds = holds(query.where, self._resolver, self._sub_values, limit)
        self._show = Presenter(visit)

    @property
    def is_grouped(self) -> bool:
        """Whether rows of the reply stand for many records, and so carry no id."""
        return bool(self._group) or any(column.aggregate for column, _ in self.columns)

    def rows(self) -> tuple[list[Json], bool]:
        """Return the rows of the reply, and whether there are more."""
        candidates = narrowed(self.visit.state, self.module, self.query.where)
        start, end = self.query.offset, self.query.offset + self.query.limit
        if candidates is None and not self.is_grouped:
            walked = in_order(self.visit.state, self.module, self.query.where, self._order, self._resolver)
            if walked is not None:
                met = list(islice(filter(self._holds, walked), end + 1))
                return [self._row(record) for record in met[start:end]], len(met) > end
        if candidates is None:
            candidates = store.records(self.visit.state, self.module)
        found = [record for record in candidates if self._holds(record)]
        if self.is_grouped:
            groups = self._groups(found)
            return [self._group_row(group) for group in groups[start:end]], len(groups) > end
        ordered = self._ordered(found)
        return [self._row(record) for record in ordered[start:end]], len(ordered) > end

    # -- checks ------------------------------------------------------------------

    def _selected(self, column: Column) -> FieldPath:
        route = self._resolver.route(column.path)
        if column.aggregate:
            allowed = {"SUM": _NUMBER_TYPES, "AVG": _NUMBER_TYPES}.get(column.aggregate, _ORDERED_TYPES)
            if column.aggregate != "COUNT" and route.field.type not in allowed:
                raise refusals.bad_aggregate(column.text)
        elif route.family == "none":
            raise refusals.query("unsupported column", column_name=route.text)
        return route

    def _grouped(self, path: Path) -> FieldPath:
        route = self._resolver.route(path)
        if route.family in ("none", "encrypted"):
            raise refusals.query("unsupported column", column_name=route.text)
        return route

    def _sorted(self, path: Path) -> Column | FieldPath:
        """Return what a row is sorted by: a column of the select list by alias, or a path."""
        for column in self.query.columns:
            if path.text in (column.alias, column.text if column.aggregate else None):
                return column
        return self._grouped(path)

    def _check_numbers(self) -> None:
        query = self.query
        aggregates = sum(1 for column in query.columns if column.aggregate)
        for what, count, most in (
            ("select columns", len(query.columns), _MAX_COLUMNS),
            ("aggregate functions", aggregates, _MAX_AGGREGATES),
            ("group by", len(query.group), _MAX_GROUPS),
            ("order by", len(query.order), _MAX_ORDERS),
            ("limit", query.limit, int(self.visit.rules["coql_limit"])),
            ("offset", query.offset + query.limit, self._reach()),
        ):
            if count > most:
                raise refusals.too_many(what, most)

    def _reach(self) -> int:
        return int(self.visit.setting("coql_reach") or self.visit.rules["coql_reach"])

    def _check_groups(self) -> None:
        if not self.is_grouped:
            return
        grouped = {route.text for route in self._group}
        plain = {route.text for column, route in self.columns if not column.aggregate}
        sorts = {sort.text for sort, _ in self._order if isinstance(sort, FieldPath)}
        if not (plain | sorts) <= grouped:
            raise refusals.query("Invalid query formed")

    # -- rows ----------------------------------------------------------------------

    def _row(self, record: Json) -> Json:
        row = {column.key: self._value(route, record) for column, route in self.columns}
        return row if "id" in row else {**row, "id": record["id"]}

    def _value(self, route: FieldPath, record: Json) -> Any:
        stored = self._resolver.value(route, record)
        if stored is None or not route.field.is_lookup:
            return stored
        # Only v7 and later name the target, and never that of a lookup with many modules.
        if not self.visit.rules["lookup_names"] or len(route.field.modules) > 1:
            return {"id": stored["id"]}
        shown = self._show.value(self.module, route.field, stored)
        return {"name": shown["name"], "id": shown["id"]} if shown else None

    def _ordered(self, found: list[Json]) -> list[Json]:
        found.sort(key=lambda record: int(record["id"]))
        for sort, is_descending in reversed(self._order):
            route = self._resolver.route(sort.path) if isinstance(sort, Column) else sort
            found.sort(key=lambda r, route=route: self._sort_key(route, r), reverse=is_descending)  # type: ignore[misc]
        return found

    def _sort_key(self, route: FieldPath, record: Json) -> tuple[bool, Any]:
        # choice: empty values sort before all others.
        value = comparable(route.field, self._resolver.value(route, record))
        return (value is not None, value)

    # -- groups --------------------------------------------------------------------

    def _groups(self, found: list[Json]) -> list[list[Json]]:
        if not self._group:
            return [found]
        groups: dict[tuple[Any, ...], list[Json]] = {}
        for record in found:
            key = tuple(comparable(r.field, self._resolver.value(r, record)) for r in self._group)
            groups.setdefault(key, []).append(record)
        ordered = list(groups.values())
        for sort, is_descending in reversed(self._order):
            ordered.sort(key=lambda group, s=sort: self._group_key(s, group), reverse=is_descending)  # type: ignore[misc]
        return ordered

    def _group_key(self, sort: Column | FieldPath, group: list[Json]) -> tuple[bool, Any]:
        if isinstance(sort, FieldPath):
            return self._sort_key(sort, group[0])
        route = self._resolver.route(sort.path)
        if sort.aggregate is None:
            return self._sort_key(route, group[0])
        value = self._aggregate(sort, route, group)
        return (value is not None, value)

    def _group_row(self, group: list[Json]) -> Json:
        row: Json = {}
        for column, route in self.columns:
            if column.aggregate:
                row[column.key] = self._aggregate(column, route, group)
            else:
                row[column.key] = self._value(route, group[0])
        return row

    def _aggregate(self, column: Column, route: FieldPath, group: list[Json]) -> Any:
        values = [comparable(route.field, self._resolver.value(route, r)) for r in group]
        known = [value for value in values if value is not None]
        if column.aggregate == "COUNT":
            return len(known)
        if not known:
            return None
        if column.aggregate in ("SUM", "AVG"):
            return _total(known, len(known) if column.aggregate == "AVG" else 1)
        best = min(known) if column.aggregate == "MIN" else max(known)
        if route.field.type == "bigint":
            return str(best)
        # A date and time compares without case; its T is a capital.
        return best if is_numeric(best) else best.upper()

    def _sub_values(self, sub: SubQuery) -> list[Any]:
        if len(sub.query.columns) != 1:
            raise refusals.query(
                "subquery should contains only one column",
                sub_query_sequence=sub.sequence,
                column_name=[column.text for column in sub.query.columns],
            )
        inner = Run(self.visit, sub.query)
        column, route = inner.columns[0]
        values = [row[column.key] for row in inner.rows()[0]]
        if column.aggregate is None:
            values = [comparable(route.field, value) for value in values]
        return [value for value in values if value is not None]


def _module(visit: Visit, query: SelectQuery) -> Module:
    module = visit.schema.named(query.module)
    if module is None:
        raise refuse("INVALID_MODULE", "the given module is not supported in api")
    visit.require_version(module.since)
    if query.cvid is not None and query.cvid != views.view_id(module):
        # choice: the details are published, the sentence is not.
        raise refusals.query("cvid given seems to be invalid", cvid=query.cvid)
    return module


def _total(values: Sequence[Any], divisor: int) -> Any:
    total = sum(values)
    if divisor == 1:
        return total
    return float((Decimal(total) / divisor).normalize())
