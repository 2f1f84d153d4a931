"""Building and taking inputs in one line, for tests."""

from __future__ import annotations

import pytest

from connector_runtime.base.values import ABSENT
from connector_runtime.errors import InputError
from connector_runtime.inputs.inputs import build_inputs, take

TABLES = {
    "kinds": {
        "cats": {"label": "Cats", "small": True, "aliases": ["Kitties"]},
        "dogs": {"label": "Dogs", "small": True},
        "horses": {"label": "Horses"},
    }
}


def taken(definitions, given=None, *, connection=None, schemas=None, trust_paths=False, **more):
    return take(
        build_inputs(definitions, TABLES),
        {**(given or {}), **more},
        connection=connection or {},
        tables=TABLES,
        schemas=schemas,
        trust_paths=trust_paths,
    )


def one(definition, *value, **facts):
    """Return what one input makes of a value; without a value it is absent."""
    given = {"it": value[0]} if value else {}
    return taken({"it": {"label": "The Input", **definition}}, given, **facts).get("it", ABSENT)


def refusal(definition, value):
    with pytest.raises(InputError) as caught:
        one(definition, value)
    assert caught.value.input == "it"
    return str(caught.value)
