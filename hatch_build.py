"""Puts the compiled component into the wheel, so that a cold worker parses no YAML."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompiledComponent(BuildHookInterface[Any]):
    """Compiles the folders of the component while a wheel is built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the compiled file; an editable install reads the sources."""
        if version == "editable":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root / "src"))
        from connector_runtime.definition.compiled import (  # noqa: PLC0415  needs the path above
            FILE,
            compile_component,
        )

        self._place = tempfile.TemporaryDirectory()
        target = Path(self._place.name) / FILE
        target.write_bytes(compile_component(root))
        build_data["force_include"][str(target)] = f"zoho_component/_component/{FILE}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Leave nothing behind."""
        if version != "editable":
            self._place.cleanup()
