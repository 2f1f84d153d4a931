"""A day of the calendar."""

from __future__ import annotations

from connector_runtime.inputs.times import read_date
from connector_runtime.inputs.types.input_type import CHOSEN, InputType

TYPE = InputType(
    "date",
    read_date,
    {"type": "string", "format": "date"},
    widget="date",
    keys=CHOSEN,
    default=(str,),
    flat="a text",
    is_chosen=True,
)
