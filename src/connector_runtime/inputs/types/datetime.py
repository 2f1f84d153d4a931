"""A point in time."""

from __future__ import annotations

from connector_runtime.inputs.times import read_moment
from connector_runtime.inputs.types.input_type import CHOSEN, InputType

TYPE = InputType(
    "datetime",
    read_moment,
    {"type": "string", "format": "date-time"},
    widget="datetime",
    keys=CHOSEN,
    default=(str,),
    flat="a text",
    is_chosen=True,
)
