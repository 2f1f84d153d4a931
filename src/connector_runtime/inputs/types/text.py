"""Text of several lines."""

from __future__ import annotations

from connector_runtime.inputs.types.string import TYPE as STRING

TYPE = STRING._replace(name="text", widget="area")
