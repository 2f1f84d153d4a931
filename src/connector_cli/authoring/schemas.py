"""The schemas of the language, for editors and other tools."""

from __future__ import annotations

import os
from pathlib import Path

import click

from connector_cli.terminal.output import put, say
from connector_runtime.checks import KINDS, language_files


@click.command()
@click.option("--write", "folder", metavar="FOLDER", help="Write them to a folder, made if it is not there.")
def schemas(*, folder: str | None) -> None:
    """List the schemas of the language, or write them where an overlay or an editor finds them."""
    files = language_files()
    if folder is None:
        put("\n".join(str(path) for path in files), as_json=False)
        say("--write FOLDER copies them; they refer to each other by name, so keep them together.")
        return
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        for path in files:
            _place(target / path.name, path.read_bytes())
    except OSError as error:
        raise click.UsageError(f"`{folder}` cannot be written: {error.strerror}.") from None
    say(f"{len(files)} schemas stand in {target}.")
    say("The first line of each YAML file names that of its kind, relative to the file itself:")
    for line in first_lines(target):
        put(line, as_json=False)


def first_lines(target: Path) -> list[str]:
    """Return, for an overlay in the present folder, the first line of its files by kind."""
    here = Path.cwd()
    lines = []
    for kind in KINDS:
        if kind.folder and not kind.is_overlaid:
            continue
        file = here / kind.folder / "NAME.yaml" if kind.folder else here / "component.yaml"
        link = Path(os.path.relpath(target.resolve() / f"{kind.name}.schema.json", file.parent)).as_posix()
        lines.append(f"{file.relative_to(here).as_posix()}: # yaml-language-server: $schema={link}")
    return lines


def _place(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    draft = path.with_name(f".{path.name}.draft")
    draft.write_bytes(content)
    draft.replace(path)
