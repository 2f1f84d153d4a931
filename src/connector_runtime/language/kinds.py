"""The kinds of files that a component is made of: one row each."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """One kind of file.

    Attributes:
        name: The key that such a file begins with; its schema is `NAME.schema.json`.
        folder: Where such files lie in a component; empty for `component.yaml`.
        what: One such file, in messages.
        held: What a component has of them: `whole`, the component itself; `keyed`, a thing by its
            key; `shared`, inputs that others use; `facts`, which `component.yaml` may hold as well;
            `parts`, which other files take in.
        sends: Whether such a file has requests, and so examples and tests.
        is_overlaid: Whether an overlay may add and replace such files.
    """

    name: str
    folder: str
    what: str
    held: str
    sends: bool = False
    is_overlaid: bool = True


KINDS = (
    Kind("component", "", "the file of a component", "whole", is_overlaid=False),
    Kind("fragment", "fragments", "a fragment", "parts"),
    Kind("tables", "tables", "a file of tables", "facts", is_overlaid=False),
    Kind("errors", "errors", "a file of error rules", "facts", is_overlaid=False),
    Kind("connection", "connections", "the file of a connection", "keyed"),
    Kind("inputs", "inputs", "a file of shared inputs", "shared"),
    Kind("datasource", "datasources", "a data source", "keyed", sends=True),
    Kind("action", "actions", "the file of an action", "keyed", sends=True),
    Kind("trigger", "triggers", "the file of a trigger", "keyed", sends=True),
)
KIND = {kind.name: kind for kind in KINDS}
# Those whose files hold one thing by its key, which has inputs of its own.
KEYED = tuple(kind.name for kind in KINDS if kind.held == "keyed")
# Those whose files have requests, examples and tests.
SENDING = tuple(kind.name for kind in KINDS if kind.sends)
