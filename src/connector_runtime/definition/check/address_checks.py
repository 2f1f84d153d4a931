"""Addresses and headers: hosts come from rows of tables, paths from pieces, nothing from text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from connector_runtime.base.urls import UrlError, check_segment, header_pairs, origin
from connector_runtime.definition.problems.component_draft import as_list, as_map, at, request_places
from connector_runtime.language.expressions.grammar import closing_brace
from connector_runtime.language.schemas.violations import meant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connector_runtime.definition.problems.component_draft import Draft, Pointer
    from connector_runtime.language.documents.document import Document

_FROM_ROW = re.compile(r"\$\{\s*connection\.(?P<row>\w+)\.(?P<column>\w+)\s*\}(?P<rest>[\s\S]*)")
_LOOPBACK = re.compile(r"https?://(127\.0\.0\.1|\[::1\])(?=[:/]|$)")
_EXPRESSION = "\0"
# How other languages write what is filled in.
_PLACEHOLDER = re.compile(r"\{\s*(\w+)\s*\}|:([A-Za-z]\w*)")
_TOKEN_PLACES = ("authorizeUrl", "tokenUrl", "revokeUrl")


def check_addresses(draft: Draft, kind: str, document: Document) -> None:
    """Note addresses that are not from a table, and paths and headers that cannot be sent."""
    data = as_map(document.data)
    for place in request_places(data):
        _check_path(draft, document, (*place, "path"))
        _check_headers(draft, document, (*place, "headers"), reserved=True)
    if kind == "connection":
        _check_headers(draft, document, ("apply", "headers"), reserved=False)
        for pointer in _hosts(data):
            _check_origin(draft, document, pointer)
        _check_own_rows(draft, document)
        _check_scopes(draft, document)
    elif kind == "component":
        for name in as_map(data.get("services")):
            _check_origin(draft, document, ("services", name, "url"))
        _check_tables(draft, document)


def _check_path(draft: Draft, document: Document, pointer: Pointer) -> None:
    path = at(document.data, pointer)
    if not isinstance(path, str) or not path.startswith(("/", "${")):
        return
    literal, offsets = _masked(path)
    for sign, where in (("?", "`query`"), ("#", "no request at all")):
        at_sign = literal.find(sign)
        if at_sign >= 0:
            message = f"`{sign}` cannot stand in a path"
            hint = f"what follows belongs in {where}"
            draft.note(document, pointer, "R027", message, hint=hint, offset=offsets[at_sign])
            return
    start = 1 if literal.startswith("/") else 0
    for piece in literal[start:].split("/"):
        problem = _piece_problem(piece, is_last=start + len(piece) >= len(literal))
        if problem is not None:
            place = offsets[min(start, len(offsets) - 1)]
            draft.note(document, pointer, "R027", problem[0], hint=problem[1], offset=place)
        start += len(piece) + 1


def _piece_problem(piece: str, *, is_last: bool) -> tuple[str, str | None] | None:
    named = _PLACEHOLDER.fullmatch(piece)
    if named:
        return f"`{piece}` is sent as it stands here", f"write ${{ inputs.{named[1] or named[2]} }}"
    if "%" in piece:
        return "`%` is encoded once more", "write the character itself; it is encoded when it is sent"
    if _EXPRESSION in piece or (not piece and is_last):
        return None
    try:
        check_segment(piece)
    except UrlError as error:
        return error.message, None if not piece else error.hint
    return None


def _masked(text: str) -> tuple[str, list[int]]:
    """Return a text with a mark in place of each expression, and where its characters stood."""
    shown: list[str] = []
    offsets: list[int] = []
    at_char = 0
    while at_char < len(text):
        offsets.append(at_char)
        end = closing_brace(text, at_char + 2) if text.startswith("${", at_char) else None
        shown.append(text[at_char] if end is None else _EXPRESSION)
        at_char = at_char + 1 if end is None else end + 1
    return "".join(shown), offsets or [0]


def _check_headers(draft: Draft, document: Document, pointer: Pointer, *, reserved: bool) -> None:
    for name, value in as_map(at(document.data, pointer)).items():
        if name == "..." or "${" in name:
            continue
        plain = value if isinstance(value, str) and "${" not in value else "x"
        try:
            header_pairs({name: plain}, reserved=reserved)
        except UrlError as error:
            draft.note(document, (*pointer, name), "R028", error.message, hint=error.hint, key=True)


def _hosts(data: Mapping[str, Any]) -> Iterator[Pointer]:
    for index in range(len(as_list(as_map(data.get("apply")).get("hosts")))):
        yield ("apply", "hosts", index)
    for key in _TOKEN_PLACES:
        if key in as_map(data.get("oauth2")):
            yield ("oauth2", key)


def _check_origin(draft: Draft, document: Document, pointer: Pointer) -> None:
    """Demand that an address starts with a column of a chosen row and stays behind its host."""
    text = at(document.data, pointer)
    if not isinstance(text, str):
        return
    found = _FROM_ROW.fullmatch(text)
    example = "such as ${ connection.site.api }, where `site` is a row that the connection chooses"
    if found is None:
        message = "an address must start with a column of a chosen row"
        draft.note(document, pointer, "R029", message, hint=example, hides=True)
    elif not _is_chosen(draft, document, found["row"]):
        message = f"`connection.{found['row']}` is not a row that a connection chooses"
        draft.note(document, pointer, "R029", message, hint=example)
    elif found["rest"] and not found["rest"].startswith("/"):
        message = "after the host a `/` must follow"
        draft.note(document, pointer, "R029", message, offset=len(text) - len(found["rest"]))


def _is_chosen(draft: Draft, document: Document, name: str) -> bool:
    connections = draft.files["connection"].values()
    if "connection" in draft.unreadable or not connections:
        return True
    candidates = [document] if "connection" in as_map(document.data) else connections
    return any(name in as_map(as_map(candidate.data).get("choose")) for candidate in candidates)


def _check_own_rows(draft: Draft, document: Document) -> None:
    data = as_map(document.data)
    is_loopback = data.get("loopback") is True
    for name, choice in as_map(data.get("choose")).items():
        table = as_map(choice).get("from")
        if isinstance(table, str) and "component" not in draft.unreadable and draft.table(table) is None:
            draft.note(document, ("choose", name, "from"), "R007", f"there is no table `{table}`")
        elif is_loopback and table is not None:
            message = "a loopback connection cannot choose from a table of hosts"
            hint = "give it `rows` of its own"
            draft.note(document, ("choose", name, "from"), "R029", message, hint=hint, key=True)
        _check_cells(draft, document, ("choose", name, "rows"), is_loopback=is_loopback)
        _check_columns(draft, document, name, as_map(choice))


def _check_scopes(draft: Draft, document: Document) -> None:
    """Demand that the table of scopes is there."""
    place = ("oauth2", "scopes", "table")
    table = at(document.data, place)
    if isinstance(table, str) and "component" not in draft.unreadable and draft.table(table) is None:
        hint = meant(table, draft.part("tables"), "tables")
        draft.note(document, place, "R007", f"there is no table `{table}`", hint=hint)


def _check_columns(draft: Draft, document: Document, name: str, choice: Mapping[str, Any]) -> None:
    rows = {**(draft.table(choice.get("from")) or {}), **as_map(choice.get("rows"))}
    known = {"key"}.union(*(as_map(row) for row in rows.values()))
    for index, entry in enumerate(as_list(choice.get("first"))):
        for column in as_map(entry):
            if rows and column not in known:
                place = ("choose", name, "first", index, column)
                hint = f"columns: {', '.join(sorted(known))}"
                draft.note(document, place, "R008", f"no row has `{column}`", hint=hint, key=True)


def _check_tables(draft: Draft, document: Document) -> None:
    chosen = [
        as_map(choice).get("from")
        for connection in draft.files["connection"].values()
        for choice in as_map(as_map(connection.data).get("choose")).values()
    ]
    for name in as_map(as_map(document.data).get("tables")):
        if name in chosen:
            _check_cells(draft, document, ("tables", name, "rows"), is_loopback=False)


def _check_cells(draft: Draft, document: Document, pointer: Pointer, *, is_loopback: bool) -> None:
    """Demand that addresses in rows are https without a port, or this machine for a loopback."""
    for key, row in as_map(at(document.data, pointer)).items():
        for column, cell in as_map(row).items():
            if not isinstance(cell, str) or ("://" not in cell and "${" not in cell):
                continue
            place = (*pointer, key, column)
            if is_loopback:
                if not _LOOPBACK.match(cell):
                    message = "a loopback connection reaches this machine only"
                    hint = "write http://127.0.0.1:${ inputs.port }"
                    draft.note(document, place, "R029", message, hint=hint)
                continue
            try:
                origin(cell)
            except UrlError as error:
                message = f"nothing can be sent here: it is {error.message}"
                draft.note(document, place, "R029", message, hint=error.hint)
