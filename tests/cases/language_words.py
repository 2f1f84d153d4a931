"""What no schema says for the page about the language: kinds of files, names, examples of filters."""

from __future__ import annotations

from typing import Any

# By schema: where such files lie, and what they hold.
FILES = {
    "action.schema.json": (
        "actions/**/KEY.yaml",
        "one action: inputs, request, what its replies mean, examples, tests",
    ),
    "trigger.schema.json": ("triggers/**/KEY.yaml", "what happens at the vendor, by asking or by being told"),
    "connection.schema.json": ("connections/KEY.yaml", "one way to connect: inputs, login, headers, hosts"),
    "datasource.schema.json": ("datasources/KEY.yaml", "a picker, filled by a read request"),
    "inputs.schema.json": ("inputs/TOPIC.yaml", "inputs that several files share by `use`"),
    "fragment.schema.json": ("fragments/KEY.yaml", "parts that several files share by `use`"),
    "component.schema.json": (
        "component.yaml",
        "what the component is: services, tables, defaults, policies, errors",
    ),
    "tables.schema.json": ("tables/NAME.yaml", "tables of vendor facts"),
    "errors.schema.json": ("errors/NAME.yaml", "tables of errors"),
    "parts.schema.json": ("parts that files share", "requests, bodies, replies, rules, inputs, tests"),
}

NAMES = {
    "inputs": "what was filled in, defaults included, by key",
    "connection": "the connection's inputs without secrets, and the rows that it has chosen",
    "tables": "tables, as `tables.name[key].column`; a key without a row gives nothing",
    "let": "named values of the file or of the component",
    "page": "what `paginate` gives this page",
    "reply": "`status headers json text body unreadable` of the reply",
    "items": "the records of the reply, or of all pages",
    "fault": "the failed item, else the JSON of the reply",
    "item": "one record of a list, where each is looked at",
    "row": "one row of a table or list, where each is looked at",
    "since": "where a source of changes goes on from",
    "headers": "headers of a push, by lower-case name",
    "query": "query of a push",
    "body": "body of a push, as `json`, as a `form`, and as its own `text`",
    "subscription": "what the push belongs to",
    "secrets": "secret inputs of a connection: in its `apply` and `oauth2` only",
    "token": "the token of a connection: in its `apply` and `oauth2` only",
    "context": "what a login's callback has brought: in a connection only",
    "steps": "replies and outputs of earlier steps, by name",
    "chunk": "the part of a list that this request sends",
}

# By filter: an expression that is right, and what `inputs.x` is in it (None where it reads none).
EXAMPLES_OF_FILTERS: dict[str, tuple[str, Any]] = {
    "default": ("inputs.nothing | default('none')", None),
    "optional": ("inputs.nothing | optional", None),
    "segments": ("inputs.x | segments", "bank/rules"),
    "urlPath": ("inputs.x | urlPath", "/pets/1?full=true"),
    "urlQuery": ("inputs.x | urlQuery", "/pets?page=2"),
    "origin": ("inputs.x | origin", "https://API.example.com/v1"),
    "join": ("inputs.x | join(',')", ["a", "b"]),
    "split": ("inputs.x | split(',')", "a, b"),
    "lower": ("inputs.x | lower", "Dog"),
    "escaped": ("inputs.x | escaped('(),')", "a,b"),
    "quoted": ("inputs.x | quoted('\"')", 'say "hi"'),
    "length": ("inputs.x | length", ["a", "b"]),
    "ms": ("inputs.x | ms", 1500),
    "base64": ("inputs.x | base64", "rex:bone"),
    "instant": ("inputs.x | instant", "2026-01-01T00:00:00+01:00"),
    "fromJson": ("inputs.x | fromJson", '{"a": 1}'),
    "named": ("inputs.x | named(inputs.nothing)", {"a": "b"}),
    "merged": ("inputs.x | merged(inputs.x, 'id')", [{"id": 1, "name": "b"}]),
    "put": ("inputs.x | put('b', 2)", {"a": 1}),
    "first": ("inputs.x | first", ["a", "b"]),
    "find": ("inputs.x | find('id', 2)", [{"id": 1}, {"id": 2}]),
    "maps": ("inputs.x | maps", [{"id": 1}, "b"]),
    "having": ("inputs.x | having('id')", [{"id": 1}, {"name": "b"}]),
    "lacking": ("inputs.x | lacking('id')", [{"id": 1}, {"name": "b"}]),
    "keys": ("inputs.x | keys", {"a": 1, "b": 2}),
    "sortedPairs": ("inputs.x | sortedPairs", {"b": 2, "a": 1}),
}

EXAMPLES_OF_TESTS: dict[str, tuple[str, Any]] = {
    "defined": ("inputs.x is defined", "a"),
    "string": ("inputs.x is string", "a"),
    "number": ("inputs.x is number", 1),
    "list": ("inputs.x is list", ["a"]),
    "map": ("inputs.x is map", {"a": 1}),
    "records": ("inputs.x is records", [{"a": 1}]),
    "matching": ("inputs.x is matching('[0-9]+')", "42"),
}
