"""The package as it is installed: the wheel unpacked beside links to what it needs, nothing else."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from connector_runtime.definition.compiled import FILE, compile_component
from kit.many import ROOT, many_actions

DISTRIBUTION = "zoho-component"


def install(folder: Path) -> Path:
    """Build the wheel and unpack it in a new folder, which is what `PYTHONPATH` names."""
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder / "dist", ROOT]
    subprocess.run(command, check=True, capture_output=True)
    site = folder / "site"
    zipfile.ZipFile(next((folder / "dist").glob("*.whl"))).extractall(site)
    needed = next(site.glob("*.dist-info/METADATA")).read_text("utf-8")
    wanted = re.findall(r"^Requires-Dist: (.*)$", needed.partition("\n\n")[0], re.MULTILINE)
    # Both wires: the parser of the fast one is only loaded where it is wanted.
    for name in _closure([Requirement(line) for line in [*wanted, "httptools"]]):
        _link(metadata.distribution(name), site)
    subprocess.run([sys.executable, "-m", "compileall", "-q", site], check=False, capture_output=True)
    return site


def ship(site: Path, actions: int) -> None:
    """Put a component of so many actions in the place of the installed one."""
    place = site / "zoho_component" / "_component"
    shutil.rmtree(place)
    many_actions(place, actions)
    (place / FILE).write_bytes(compile_component(place))


def _closure(wanted: list[Requirement]) -> set[str]:
    found: set[str] = set()
    while wanted:
        one = wanted.pop()
        if one.name.lower() in found or (one.marker and not one.marker.evaluate({"extra": ""})):
            continue
        found.add(one.name.lower())
        wanted += [Requirement(line) for line in metadata.requires(one.name) or ()]
    return found


def _link(distribution: metadata.Distribution, site: Path) -> None:
    for name in {file.parts[0] for file in distribution.files or () if ".." not in file.parts}:
        target = site / name
        if not target.exists() and not name.startswith("__"):
            target.symlink_to(Path(str(distribution.locate_file(name))))
